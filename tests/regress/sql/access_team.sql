-- Depth team: one's own rows and those of one's teams, inside a tenant and across; and the plan that one would have written.
-- AC-01 AC-05 AC-16
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
create role team_anna login;
create role team_bert login;
create role team_carl login;
select name from unnest(array['team_anna', 'team_bert']) l, mandant.bind_login(l::regrole, 'de', role => null);
select name from mandant.bind_login('team_carl', 'us', role => null);
select (mandant.define_role('team_worker', 'What the team has')).name;
create schema team;
grant usage on schema team to mandant_user;
create table team.job (
  tenant_id int not null default mandant.current_tenant(),
  id int not null,
  owner_id uuid default mandant_internal.me(),
  team_id uuid default mandant_internal.my_team(),
  note text not null,
  primary key (tenant_id, id)
);
create index job_owner on team.job (tenant_id, owner_id);
create index job_team on team.job (tenant_id, team_id);
select mandant.protect('team.job', owner => 'owner_id', team => 'team_id');
grant select, insert, update, delete on team.job to mandant_user;
select mandant.allow('team_worker', 'job', array['read', 'create', 'update', 'delete'], 'team');
select (mandant.grant_role(l, 'team_worker')).role from unnest(array['team_anna', 'team_bert', 'team_carl']) l;

-- teams: of a tenant, and across; a name may stand once in each
select name, tenant_id is null as across from mandant.create_team('South', 'de');
select name, tenant_id is null as across from mandant.create_team('South', 'us');
select name, tenant_id is null as across from mandant.create_team('Key accounts');
select mandant.create_team('South', 'de');
\echo :SQLSTATE
select mandant.create_team('a/b', 'de');
\echo :SQLSTATE
select mandant.create_team(' ', 'de');
\echo :SQLSTATE
select mandant.create_team('Moon', 'xx');
\echo :SQLSTATE
select mandant.join_team('team_anna', 'South');
\echo :SQLSTATE
select mandant.join_team('team_anna', 'de/South');
select mandant.join_team('team_bert', 'de/South');
select mandant.join_team('team_anna', 'de/South');
\echo :SQLSTATE
select mandant.join_team('nobody', 'de/South');
\echo :SQLSTATE
select mandant.join_team('team_anna', 'North');
\echo :SQLSTATE

-- what one makes belongs to the own team, whose others see it; rows without team are their owner's
set role team_anna;
insert into team.job (id, note) values (1, 'of anna and the south');
insert into team.job (id, note, team_id) values (2, 'of anna alone', null);
set role team_bert;
insert into team.job (id, note) values (3, 'of bert and the south');
insert into team.job (id, note, team_id) values (4, 'of bert alone', null);
insert into team.job (id, note, owner_id) select 5, 'of anna, by bert, for the south', id from mandant.principal where name = 'team_anna';
\echo :SQLSTATE
select note from team.job order by id;
with changed as (update team.job set note = note || '!' returning id) select array_agg(id order by id) from changed;
-- neither without team nor for another team
insert into team.job (id, note, owner_id, team_id) values (6, 'of nobody', null, null);
\echo :SQLSTATE
insert into team.job (id, note, owner_id, team_id) select 6, 'of another team', null, id from mandant_internal.team where name = 'Key accounts';
\echo :SQLSTATE
set role team_anna;
select note from team.job order by id;

-- across tenants: rows of each tenant, for whoever has a right there
reset role;
select mandant.join_team('team_anna', 'Key accounts'), mandant.join_team('team_carl', 'Key accounts');
insert into team.job (tenant_id, id, owner_id, team_id, note)
  select t.id, 7, null, k.id, 'key account of ' || t.code from mandant.tenant t, mandant.team k where t.code in ('de', 'us') and k.name = 'Key accounts';
set role team_anna;
select note from team.job order by id, note;
set role team_carl;
select note from team.job order by id;
reset role;
select (mandant.grant_role('team_carl', 'team_worker', 'de')).role;
set role team_carl;
set mandant.tenant = '*';
select note from team.job order by note;
reset mandant.tenant;
-- a plan that was kept serves another team, and a team that one leaves is left at the next statement
set plan_cache_mode = force_generic_plan;
set role team_bert;
prepare jobs as select note from team.job order by id, note;
execute jobs;
set role team_anna;
execute jobs;
reset role;
select mandant.leave_team('team_anna', 'de/South', 'other work');
set role team_anna;
execute jobs;
select team, principal from mandant.team_member order by 1, 2;
select name from mandant.team order by 1;
reset role;
select mandant.leave_team('team_anna', 'de/South');
\echo :SQLSTATE
-- who is in no team sees the own rows; who sees all, all
select mandant.leave_team('team_anna', 'Key accounts');
set role team_anna;
execute jobs;
set role mandant_admin;
set mandant.tenant = 'de';
select count(*) from team.job;
reset mandant.tenant;
reset role;
reset plan_cache_mode;
-- one depth in one tenant, another in the other
select mandant.allow('team_worker', 'job', array['read'], 'own'), (mandant.define_role('team_reader', 'all')).name;
select mandant.allow('team_reader', 'job', array['read']);
select (mandant.grant_role('team_bert', 'team_reader', 'us')).role;
insert into team.job (tenant_id, id, owner_id, team_id, note) select id, 8, null, null, 'of nobody in us' from mandant.tenant where code = 'us';
set role team_bert;
set mandant.tenant = '*';
select note from team.job order by note;
reset role;
reset mandant.tenant;
select mandant.allow('team_worker', 'job', array['read'], 'team');
set role team_bert;
set mandant.tenant = '*';
select note from team.job order by note;
reset role;
reset mandant.tenant;

-- the plan: an index on owner, one on team
insert into team.job (tenant_id, id, owner_id, team_id, note)
  select t.id, n, mandant.new_id(), mandant.new_id(), 'x' from mandant.tenant t, generate_series(100, 4000) n where t.code in ('de', 'us');
analyze team.job;
create function public.plan_of(query text) returns setof text language plpgsql as $$
declare
  line text;
begin
  for line in execute 'explain (costs off) ' || query loop
    return next regexp_replace(line, '''-?\d+''', '''shape''', 'g');
  end loop;
end
$$;
set role team_bert;
set enable_seqscan = off;
select public.plan_of('select note from team.job');
reset role;
select mandant.allow('team_worker', 'job', array['read'], 'own');
set role team_bert;
select public.plan_of('select note from team.job');
reset enable_seqscan;
reset role;

-- a team with rows stays; one without goes, with its members
select mandant.drop_team('us/South', 'never used');
select mandant.drop_team('us/South');
\echo :SQLSTATE
alter table team.job add foreign key (team_id) references mandant_internal.team (id) on delete restrict not valid;
select mandant.drop_team('de/South');
\echo :SQLSTATE
select event, principal, tenant, subject, reason from mandant.access_history where event ~ 'team' order by at;
rollback;
