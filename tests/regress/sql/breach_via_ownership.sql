-- Handing over objects, privileges and defaults. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: what one may pass on is passed on
reset session authorization;
alter table breach.twin disable row level security;
revoke all on breach.twin from mandant_user;
grant select on breach.twin to breach_us with grant option;
set local session authorization breach_us;
grant select on breach.twin to breach_de;
set local session authorization breach_de;
select note from breach.twin order by note;
-- ours: a privilege is not a row
reset session authorization;
grant select, update, delete on breach.secret to breach_us with grant option;
set local session authorization breach_us;
grant select, update, delete on breach.secret to public;
set local session authorization breach_de;
select note from breach.secret;
delete from breach.secret where tenant_id = :us returning note;
-- ownership is neither given nor taken
alter table breach.secret owner to breach_de;
\echo :SQLSTATE
\set VERBOSITY sqlstate
reassign owned by breach_us to breach_de;
\echo :SQLSTATE
reassign owned by mandant_owner to breach_de;
\echo :SQLSTATE
drop owned by breach_us;
\echo :SQLSTATE
drop owned by crm_owner cascade;
\echo :SQLSTATE
\set VERBOSITY default
alter schema mandant owner to breach_de;
\echo :SQLSTATE
alter extension pg_mandant add function breach.f();
\echo :SQLSTATE
drop extension pg_mandant cascade;
\echo :SQLSTATE
\set VERBOSITY sqlstate
alter default privileges for role crm_owner grant all on tables to breach_de;
\echo :SQLSTATE
\set VERBOSITY default
alter default privileges in schema crm grant all on tables to breach_us;
\set VERBOSITY sqlstate
alter default privileges for role breach_us grant all on tables to breach_de;
\echo :SQLSTATE
\set VERBOSITY default
grant select on mandant_internal.principal to breach_de;
\echo :SQLSTATE
grant set on parameter mandant.token to breach_de;
\echo :SQLSTATE
create table breach.given as select note from breach.secret;
\set VERBOSITY sqlstate
alter table breach.given owner to breach_us;
\echo :SQLSTATE
\set VERBOSITY default
select note from breach.secret;
-- legitimate use
set local session authorization breach_us;
select note from breach.secret;
rollback;
