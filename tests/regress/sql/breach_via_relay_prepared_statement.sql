-- What one request leaves in a pooled connection for the next employee. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

rollback;
\connect - mandant_service
select * from mandant.sign_in('sales@de.example', 'demo') \gset de_
select * from mandant.sign_in('sales@us.example', 'demo') \gset us_
-- usual: a set of the variable, and off one goes. An injected statement waits under the name that the driver uses
set breach.tenant = 'de';
prepare s0 as select 'as planted, for whoever comes: ' || current_setting('breach.tenant');
set breach.tenant = 'us';
execute s0;
-- ours: who enters does so first, and not here
begin;
select mandant.enter(:'us_token');
\echo :SQLSTATE
execute s0;
select principal from mandant.whoami();
\echo :SQLSTATE
rollback;
deallocate all;
-- also when the trace was wiped
select mandant.enter(:'us_token');
\echo :SQLSTATE
discard all;
-- injected into a request of de: everything that would wait for us
begin;
select mandant.enter(:'de_token');
do $$ begin execute 'prepare s0 as select 1'; end $$;
commit;
begin;
select mandant.enter(:'us_token');
\echo :SQLSTATE
rollback;
discard all;
begin;
select mandant.enter(:'de_token');
set session search_path = crm;
commit;
begin;
select mandant.enter(:'us_token');
\echo :SQLSTATE
rollback;
discard all;
-- a variable that stays in the session narrows nobody and widens nobody
begin;
select mandant.enter(:'de_token');
set session mandant.tenant = 'de';
commit;
begin;
select mandant.enter(:'us_token');
select principal, tenants from mandant.whoami();
commit;
-- a lone commit: nobody from there on, and whoever was before is not there again
begin;
select mandant.enter(:'us_token');
commit;
select count(*) from crm.customer;
\echo :SQLSTATE
begin;
select count(*) from crm.customer;
\echo :SQLSTATE
rollback;
-- legitimate use: one after the other on one connection
begin;
select mandant.enter(:'de_token');
select principal, tenants, (select count(distinct tenant_id) from crm.customer) from mandant.whoami();
commit;
begin;
select mandant.enter(:'us_token');
select principal, tenants, (select count(distinct tenant_id) from crm.customer) from mandant.whoami();
select mandant.sign_out();
commit;
-- a relay makes nothing temporary: it would be found before the tables that statements name
begin;
select mandant.enter(:'de_token');
create temp table customer (name text);
\echo :SQLSTATE
select mandant.sign_out();
commit;
