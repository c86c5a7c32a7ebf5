-- A table that moves to where protected ones are, or protected ones that move. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

grant select on plain.secret to mandant_user;
create table plain.rates (code text);
grant select on plain.rates to mandant_user;
set local session authorization breach_de;
select note from plain.secret order by 1;
reset session authorization;
set local role breach_owner;
-- with tenant_id it comes under the rule, granted or not; there is a table of that name
alter table plain.secret rename to moved;
alter table plain.moved set schema breach;
-- without: not as long as others may read it
alter table plain.rates set schema breach;
\echo :SQLSTATE
revoke select on plain.rates from mandant_user;
alter table plain.rates set schema breach;
grant select on breach.rates to mandant_user;
\echo :SQLSTATE
create materialized view plain.view as select 1 as n;
grant select on plain.view to mandant_user;
alter materialized view plain.view set schema breach;
\echo :SQLSTATE
set local session authorization breach_de;
select note from breach.moved;
reset session authorization;
-- a protected table stays so wherever it goes, and its neighbours there must have been decided on
create schema other authorization breach_owner;
set local role breach_owner;
create table other.rates (code text);
grant select on other.rates to mandant_user;
alter table breach.moved set schema other;
\echo :SQLSTATE
select mandant.unprotect('other.rates');
alter table breach.moved set schema other;
alter table other.moved disable row level security;
\echo :SQLSTATE
-- the schema itself
reset role;
alter schema other rename to another;
set local role breach_owner;
alter table another.moved disable row level security;
\echo :SQLSTATE
create table another.notes as select 'x' as note;
grant select on another.notes to mandant_user;
\echo :SQLSTATE
rollback;
