-- The token read by way of what stores or shows the current value of a setting. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

rollback;
\connect - mandant_service
select * from mandant.sign_in('sales@de.example', 'demo') \gset
select encode(sha256(:'token'), 'hex') as hash \gset
\connect - postgres
begin;
create schema breach;
grant usage, create on schema breach to mandant_service; -- nobody has that; it makes the attack stronger
grant set on parameter breach.token to mandant_service;
set local session authorization mandant_service;
select mandant.enter(:'token');
set local breach.token = :'hash';
-- usual: whatever keeps the current value keeps the variable, too
create function breach.twin() returns text language sql as 'select 1::text';
alter function breach.twin() set breach.token from current;
select (proconfig::text ~ :'hash') as kept from pg_proc where oid = 'breach.twin()'::regprocedure;
-- ours shows nothing, by whatever name it is asked
create function breach.keep() returns text language sql set mandant.token from current as $$ select current_setting('mandant.token') $$;
select proconfig from pg_proc where oid = 'breach.keep()'::regprocedure;
select breach.keep() = '' as empty;
alter role current_user set mandant.token from current;
\echo :SQLSTATE
show mandant.token;
show "MANDANT.TOKEN";
select current_setting('mandant.token', true) = '' as empty;
select count(*) from pg_settings where name ~ 'token' or setting ~ :'hash' or reset_val ~ :'hash';
select count(*) from pg_show_all_settings() s where s::text ~ :'hash' or s::text ~ :'token';
create function breach.explained() returns boolean language plpgsql as $$
declare
  line text;
  found boolean := false;
begin
  for line in explain (settings, verbose, format json) select 1 loop
    found := found or line ~ 'token';
  end loop;
  return found;
end
$$;
select breach.explained();
select count(*) from pg_prepared_statements where statement ~ :'token';
select count(*) from pg_cursors where statement ~ :'token';
-- what a function or a block sets in its place ends there, and is nobody
create function breach.none() returns bigint language sql set mandant.token = '' as 'select count(*) from crm.customer';
select breach.none();
\echo :SQLSTATE
-- legitimate use
select principal from mandant.whoami();
rollback;
