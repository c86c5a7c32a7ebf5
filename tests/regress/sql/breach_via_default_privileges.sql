-- Privileges that every new table gets. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter default privileges in schema plain grant select on tables to mandant_user;
alter default privileges in schema breach grant select on tables to mandant_user;
create table plain.notes as select note from plain.secret;
-- ours: what cannot be protected is not made with a grant
create table breach.notes as select note from plain.secret;
\echo :SQLSTATE
create table breach.rates (code text);
\echo :SQLSTATE
create materialized view breach.kept as select note from plain.secret;
\echo :SQLSTATE
alter table plain.notes set schema breach;
\echo :SQLSTATE
create table breach.copy as select tenant_id, note from plain.secret;
set local session authorization breach_de;
select * from plain.notes order by 1;
select note from breach.copy;
select * from breach.notes;
\echo :SQLSTATE
reset session authorization;
-- for everybody, everywhere
alter default privileges for role breach_owner grant select on tables to public;
set local role breach_owner;
create table breach.rates (code text);
\echo :SQLSTATE
rollback;
