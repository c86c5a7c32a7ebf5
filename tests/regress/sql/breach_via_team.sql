-- Getting into a team, or seeing who is in it. AC-05 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_lead login;
select from mandant.define_role('breach_lead', 'rows of teams');
create table breach.job (tenant_id int not null, id int, owner_id uuid, team_id uuid, note text, primary key (tenant_id, id));
select mandant.protect('breach.job', owner => 'owner_id', team => 'team_id');
grant select, insert, update, delete on breach.job to mandant_user;
select mandant.allow('breach_lead', 'job', array['read', 'create', 'update', 'delete', 'assign'], 'team'), mandant.allow('breach_lead', 'team', array['read', 'create', 'update']);
select mandant.allow('breach_lead', object, array['read']) from unnest(array['principal', 'tenant']) object;
select from mandant.bind_login('breach_lead', 'de', 'breach_lead');
select id as secret_team from mandant.create_team('Secret', 'de') \gset
select id as us_team from mandant.create_team('Secret of us', 'us') \gset
select id as group_team from mandant.create_team('Board') \gset
select mandant.join_team('breach_us', 'us/Secret of us');
insert into breach.job values (:de, 1, null, :'secret_team', 'secret of de'), (:us, 2, null, :'us_team', 'secret of us'), (:de, 3, null, :'group_team', 'secret of the board');
-- usual: who is in which team is a table that its people write
create table breach.twin_member (team_id uuid, login name);
create policy team on breach.twin using (exists (select from breach.twin_member m where m.login = session_user));
grant select, insert on breach.twin_member to mandant_user;
set local session authorization breach_lead;
set local breach.tenant = -1;
insert into breach.twin_member values (:'secret_team', session_user);
select note from breach.twin order by note;
-- ours
select note from breach.job;
insert into mandant_internal.team_member values (:'secret_team', mandant_internal.me());
\echo :SQLSTATE
insert into mandant.team_member (team, principal) values ('Secret', 'breach_lead');
\echo :SQLSTATE
select mandant.join_team('breach_lead', 'Secret');
\echo :SQLSTATE
select mandant.join_team('breach_lead', 'us/Secret of us');
\echo :SQLSTATE
select mandant.join_team('breach_lead', 'Board');
\echo :SQLSTATE
-- a mate, who would see more than oneself; a team of one's own with the id, or the name, of another
select mandant.join_team('breach_de', 'Secret');
select from mandant.create_team('Board', 'de');
select mandant.join_team('breach_lead', 'de/Board');
\echo :SQLSTATE
insert into mandant_internal.team (id, name) values (:'secret_team', 'x');
\echo :SQLSTATE
-- a row of one's own given to a team one is not in, or taken from there
insert into breach.job values (:de, 4, mandant_internal.me(), :'secret_team', 'mine, for them');
update breach.job set team_id = null where id = 1;
update breach.job set owner_id = mandant_internal.me() where team_id = :'secret_team' and id <> 4;
update breach.job set owner_id = null where id = 4;
\echo :SQLSTATE
select id, note from breach.job;
-- of teams of others one learns nothing, nor whether they are there
select name from mandant.team order by name;
select team, principal from mandant.team_member order by 1, 2;
select mandant.leave_team('breach_us', 'us/Secret of us');
\echo :SQLSTATE
select mandant.leave_team('breach_us', 'us/No such team');
\echo :SQLSTATE
select mandant.drop_team('Secret of us');
\echo :SQLSTATE
select mandant_internal.sees_team(:us, :'us_team') as sees;
-- a plan, and an array, of other teams
select mandant_internal.my_teams(0);
\echo :SQLSTATE
-- legitimate use: whoever holds more puts somebody in
reset session authorization;
select mandant.join_team('breach_lead', 'Secret');
set local session authorization breach_lead;
select note from breach.job order by id;
rollback;
