-- A table that is given to somebody in a tenant, or to all of them. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
alter table plain.secret owner to breach_de;
alter table breach.secret owner to breach_de;
\echo :SQLSTATE
alter table breach.secret owner to mandant_user;
\echo :SQLSTATE
alter table breach.secret owner to mandant_service;
\echo :SQLSTATE
create role breach_team;
grant breach_team to breach_de;
alter table breach.secret owner to breach_team;
\echo :SQLSTATE
\set VERBOSITY sqlstate
reassign owned by breach_owner to breach_team;
\echo :SQLSTATE
reassign owned by breach_owner to mandant_user;
\echo :SQLSTATE
-- one that nobody decided on: everybody is a member of its owner
create table breach.notes as select note from breach.secret;
alter table breach.notes owner to mandant_user;
\echo :SQLSTATE
alter table breach.notes owner to breach_owner;
reassign owned by breach_owner to mandant_user;
\echo :SQLSTATE
set local role mandant_user;
create table breach.by_all as select 1 as n;
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.secret order by 1;
-- ours
select note from breach.secret;
select note from breach.notes;
\echo :SQLSTATE
-- legitimate use
reset session authorization;
create role breach_second_owner;
alter table breach.secret owner to breach_second_owner;
alter table breach.secret owner to breach_owner;
rollback;
