-- The older way to write create table as. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
select note into plain.copy from breach.secret;
grant select on plain.copy to mandant_user;
select tenant_id, note into breach.copy from breach.secret;
select note into breach.notes from breach.secret;
grant select on breach.copy to mandant_user;
grant select on breach.notes to mandant_user;
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.copy order by 1;
-- ours
select note from breach.copy;
select note from breach.notes;
\echo :SQLSTATE
rollback;
