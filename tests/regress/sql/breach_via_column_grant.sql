-- A grant on a column. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

create table plain.notes as select note from plain.secret;
create table breach.notes as select note from plain.secret;
grant select (note) on plain.notes to mandant_user;
grant select (note) on breach.notes to mandant_user;
\echo :SQLSTATE
grant insert (note), update (note) on breach.notes to mandant_user;
\echo :SQLSTATE
grant references (note) on breach.notes to public;
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.notes order by 1;
select note from breach.notes;
\echo :SQLSTATE
rollback;
