-- Giving rows away, or taking them, by changing whom they belong to. AC-01 AC-02 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_rep login;
create role breach_mate login;
select from mandant.define_role('breach_rep', 'own notes, not to be given away') a, mandant.define_role('breach_giver', 'gives to the team') b;
alter event trigger mandant_keep_protected enable;
create table breach.job (tenant_id int not null, id int, owner_id uuid, team_id uuid, note text, primary key (tenant_id, id));
create table breach.twin_job (like breach.job);
select mandant.protect('breach.job', owner => 'owner_id', team => 'team_id');
select mandant.unprotect('breach.twin_job');
grant select, insert, update, delete on breach.job, breach.twin_job to mandant_user;
select mandant.allow('breach_rep', 'job', array['read', 'create', 'update', 'delete'], 'own'), mandant.allow('breach_giver', 'job', array['assign'], 'team');
select from mandant.bind_login('breach_rep', 'de', 'breach_rep');
select from mandant.bind_login('breach_mate', 'de', 'breach_rep');
select id as mate from mandant.principal where name = 'breach_mate' \gset
select id as rep from mandant.principal where name = 'breach_rep' \gset
select id as other_team from mandant.create_team('Others', 'de') \gset
select id as own_team from mandant.create_team('Own', 'de') \gset
select mandant.join_team('breach_rep', 'Own');
insert into breach.job values (:de, 1, :'rep', null, 'mine'), (:de, 2, :'mate', null, 'secret of a mate'), (:us, 3, null, null, 'secret of us');
insert into breach.twin_job table breach.job;
-- usual: a filter on the owner for what is read, and whatever is written
alter table breach.twin_job enable row level security;
create policy own on breach.twin_job for update using (owner_id = mandant_internal.me()) with check (true);
create policy everybody on breach.twin_job for select using (true);
set local session authorization breach_rep;
update breach.twin_job set owner_id = :'mate' where note = 'mine' returning note;
-- ours: given away by no statement without the right to assign
update breach.job set owner_id = :'mate' where id = 1;
\echo :SQLSTATE
update breach.job set owner_id = null where id = 1;
\echo :SQLSTATE
update breach.job set team_id = :'other_team' where id = 1;
\echo :SQLSTATE
update breach.job set team_id = :'own_team' where id = 1;
\echo :SQLSTATE
insert into breach.job values (:de, 1, :'rep', null, 'mine') on conflict (tenant_id, id) do update set owner_id = :'mate';
\echo :SQLSTATE
merge into breach.job j using (values (1)) as s (id) on j.id = s.id when matched then update set owner_id = :'mate';
\echo :SQLSTATE
with taken as (update breach.job set owner_id = :'mate' returning id) select * from taken;
\echo :SQLSTATE
insert into breach.job values (:de, 4, :'mate', null, 'planted');
\echo :SQLSTATE
select mandant.assign('breach.job', '1', 'breach_mate');
\echo :SQLSTATE
-- nor taken: of a mate, of another company
update breach.job set owner_id = :'rep' where id = 2;
update breach.job set owner_id = :'rep' where id = 3;
select mandant.assign('breach.job', '2', 'breach_rep');
\echo :SQLSTATE
select mandant.assign('breach.job', '3', 'breach_rep');
\echo :SQLSTATE
select mandant_internal.hand_over(:'mate', :'rep', :de);
\echo :SQLSTATE
select mandant_internal.move_principal('breach_mate', 'us', 'end', 'mine', null);
\echo :SQLSTATE
-- the right to assign within the team reaches as far as the team
reset session authorization;
select from mandant.grant_role('breach_rep', 'breach_giver');
select mandant.join_team('breach_mate', 'Own');
set local session authorization breach_rep;
select mandant_internal.give_row('breach.job', '1', true, :'mate', false, null);
\echo :SQLSTATE
select mandant_internal.give_row('breach.job', '2', true, :'rep', false, null);
select mandant_internal.give_row('breach.job', '1'' or true --', true, :'mate', false, null);
\echo :SQLSTATE
select mandant_internal.give_row('breach.job', '1', true, null, true, null);
\echo :SQLSTATE
select mandant_internal.give_row('breach.job', '1', false, null, false, null);
\echo :SQLSTATE
select mandant_internal.give_row('mandant_internal.token', '1', true, :'mate', false, null);
set mandant.assigning = 'job';
\echo :SQLSTATE
select set_config('mandant.assigning', 'job', true);
\echo :SQLSTATE
update breach.job set tenant_id = :us, team_id = :'own_team' where id = 1;
\echo :SQLSTATE
-- legitimate use: to the team, and then, as it is the team's, to a mate; from then on it is out of sight
update breach.job set team_id = :'own_team' where id = 1 returning note;
select mandant_internal.give_row('breach.job', '1', true, :'mate', false, null);
select note from breach.job;
select mandant_internal.give_row('breach.job', '1', true, :'rep', false, null);
set local session authorization breach_mate;
select note from breach.job order by id;
reset session authorization;
select id, tenant_id = :us as of_us, note from breach.job order by id;
rollback;
