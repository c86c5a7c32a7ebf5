-- Functions, operators, types and tables planted where others look for names: public, a schema of their name, pg_catalog. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a schema in everybody’s path in which everybody may create (public, before PostgreSQL 15)
reset session authorization;
grant usage, create on schema breach to public;
set local session authorization breach_de;
create table breach.loot (note text);
create function breach.lower(varchar) returns text language plpgsql security definer as $$ begin insert into breach.loot values ($1); return pg_catalog.lower($1); end $$;
set local session authorization breach_us;
set local search_path = breach, public;
set local breach.tenant = :us;
select lower(note::varchar) from breach.twin;
set local session authorization breach_de;
table breach.loot;
-- ours: no schema that is in somebody’s path is open
create function public.lower(varchar) returns text language sql as 'select $1';
\echo :SQLSTATE
create table public.customer (name text);
\echo :SQLSTATE
create schema breach_us;
\echo :SQLSTATE
create schema "$user";
\echo :SQLSTATE
create schema authorization breach_us;
\echo :SQLSTATE
create function pg_catalog.lower(varchar) returns text language sql as 'select $1';
\echo :SQLSTATE
create function mandant.whoami(int) returns int language sql as 'select 1';
\echo :SQLSTATE
create function mandant_internal.has_right(text, text, bigint) returns boolean language sql as 'select true';
\echo :SQLSTATE
create view crm.customers as select 1;
\echo :SQLSTATE
alter function breach.lower(varchar) set schema pg_catalog;
\echo :SQLSTATE
alter function breach.lower(varchar) set schema mandant_internal;
\echo :SQLSTATE
create temp table customer (name text);
\echo :SQLSTATE
create function pg_temp.lower(varchar) returns text language sql as 'select $1';
\echo :SQLSTATE
reset session authorization;
select nspname from pg_namespace n, (values ('breach_us'), ('report_us'), ('mandant_service'), ('public')) as r (name)
where nspname not in ('breach', 'information_schema') and has_schema_privilege(r.name, n.oid, 'create');
-- what the views and functions of others name, they found when they were made
set local session authorization breach_us;
select count(*) > 0 as customers from crm.customer;
select count(*) > 0 as revenue from report.revenue_by_month;
set local session authorization breach_de;
select note from breach.loot where note ~ 'customer';
-- legitimate use: what one makes in one’s own place
select breach.lower('X');
rollback;
