-- Two tokens in one transaction: the second counts, and the first is not there again. AC-10
\set VERBOSITY terse
\connect - mandant_service
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
select token from mandant.sign_in('sales@us.example', 'demo') \gset us_
select token from mandant.sign_in('sales@de.example', 'demo') \gset de_
-- usual: each sign-in adds a company to the list
begin;
set local breach.tenants = '';
do $$ begin perform set_config('breach.tenants', current_setting('breach.tenants') || code || ',', true) from unnest(array['us', 'de']) code; end $$;
select current_setting('breach.tenants') as both;
rollback;
-- ours
begin;
select mandant.enter(:'us_token');
select principal, tenants, (select count(distinct tenant_id) from crm.customer) from mandant.whoami();
declare of_us cursor for select distinct country from crm.customer order by 1;
select mandant.enter(:'de_token');
select principal, tenants, available, (select count(distinct tenant_id) from crm.customer) from mandant.whoami();
fetch all from of_us;
select mandant.enter(:'de_token', 'us');
\echo :SQLSTATE
select mandant.enter(:'de_token', 'de,us');
\echo :SQLSTATE
select mandant.enter(:'us_token', '*');
select principal, tenants, available from mandant.whoami();
-- a selection of the first does not stay for the second
select mandant.enter(:'us_token', 'us');
select mandant.enter(:'de_token');
select principal, tenants, current_setting('mandant.tenant') = '' as unset from mandant.whoami();
-- ending the one ends that one
select mandant.sign_out();
select count(*) from crm.customer;
\echo :SQLSTATE
select mandant.enter(:'de_token');
\echo :SQLSTATE
select mandant.enter(:'us_token');
select principal from mandant.whoami();
commit;
-- legitimate use
begin;
select mandant.enter(:'us_token', 'us');
select principal, tenants from mandant.whoami();
select mandant.sign_out();
commit;
