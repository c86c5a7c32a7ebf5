-- A tenant who becomes a member of the role that owns the tables. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
create role plain_owner;
alter table plain.secret owner to plain_owner;
grant plain_owner to breach_de;
\set VERBOSITY sqlstate
grant breach_owner to breach_de;
\echo :SQLSTATE
create role breach_between;
grant breach_owner to breach_between;
\echo :SQLSTATE
grant breach_between to breach_de;
\echo :SQLSTATE
alter group breach_owner add user breach_de;
\echo :SQLSTATE
create role breach_new role breach_de in role breach_owner;
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.secret order by 1;
-- ours
select mandant.unprotect('breach.secret');
\echo :SQLSTATE
set role breach_owner;
\echo :SQLSTATE
select note from breach.secret;
rollback;
