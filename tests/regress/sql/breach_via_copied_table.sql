-- A copy of the rows as a new table. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
-- usual
create table plain.copy as select note from breach.secret;
grant select on plain.copy to mandant_user;
set local session authorization breach_de;
select note from plain.copy order by 1;
reset session authorization;
-- ours: with the column it is under the rule, with its rows
create table breach.copy as select tenant_id, note from breach.secret;
grant select on breach.copy to mandant_user;
prepare everything as select tenant_id, email from breach.secret;
create table breach.executed as execute everything;
grant select on breach.executed to mandant_user;
-- without: nobody's
create table breach.notes as select note from breach.secret;
grant select on breach.notes to mandant_user;
\echo :SQLSTATE
create table if not exists breach.notes as select note from breach.secret;
grant select (note) on breach.notes to mandant_user;
\echo :SQLSTATE
-- a column that is null in some row is no tenant
create table breach.nulls as select nullif(tenant_id, :us) as tenant_id, note from breach.secret;
grant select on breach.nulls to mandant_user;
\echo :SQLSTATE
set local session authorization breach_de;
select * from breach.notes;
\echo :SQLSTATE
select * from breach.nulls;
\echo :SQLSTATE
-- legitimate use
select note from breach.copy;
select email from breach.executed;
create table breach.mine as select note from breach.secret;
select note from breach.mine;
drop table breach.mine;
rollback;
