-- One grant for all tables of a schema takes those along that nobody decided on. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

create table plain.notes as select note from plain.secret;
create table breach.notes as select note from plain.secret;
reset role;
grant select on all tables in schema plain to mandant_user;
grant select on all tables in schema breach to mandant_user;
\echo :SQLSTATE
-- as an element of a new schema
create schema breach_new grant select on breach.notes to mandant_user;
\echo :SQLSTATE
create schema breach_new create table t (n int) create view v as select n from t grant select on breach.notes to mandant_user;
\echo :SQLSTATE
-- by a role that has it with grant option
grant select on breach.notes to breach_us with grant option;
\echo :SQLSTATE
set local session authorization breach_de;
select * from plain.notes order by 1;
select * from breach.notes;
\echo :SQLSTATE
reset session authorization;
-- legitimate use
select mandant.unprotect('breach.notes');
grant select on all tables in schema breach to mandant_user;
\echo :SQLSTATE
rollback;
