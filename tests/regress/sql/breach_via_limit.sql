-- How long a statement runs and how often somebody asks is limited by the database: no setting of the session, no value of
-- one's own and no rollback gets around it.
\pset format unaligned
\pset footer off
\pset tuples_only on
\set VERBOSITY terse
\connect - mandant_admin
-- nothing is limited yet, so whoever says so runs for as long as they like
select mandant.set_setting('statement_seconds', '1', 'employee', employee => 'report_us');
\connect - report_hk
set statement_timeout = 0;
select 'ran' from (select pg_sleep(1.2)) s;
-- of whom it is limited, not: whatever they set
\connect - report_us
set statement_timeout = 0;
select 'ran' from (select pg_sleep(4)) s;
\echo :SQLSTATE
begin;
set local statement_timeout = '1h';
do $$ begin perform pg_sleep(0.1) from crm.customer limit 1; perform pg_sleep(4); end $$;
\echo :SQLSTATE
rollback;
select count(*) > 0 from crm.customer where pg_sleep(4) is null;
\echo :SQLSTATE
begin;
declare slow cursor for select pg_sleep(4) from crm.customer;
fetch slow;
\echo :SQLSTATE
rollback;
-- nor by a selection that is refused, before or within it; by what reads nothing; by what is kept; by catching the end
set mandant.tenant = 'nowhere';
select 'ran' from (select pg_sleep(4)) s;
\echo :SQLSTATE
reset mandant.tenant;
select 'ran' from (select set_config('mandant.tenant', 'nowhere', false), pg_sleep(4)) s;
\echo :SQLSTATE
reset mandant.tenant;
-- (what would end it otherwise is far away)
set statement_timeout = '20s';
select clock_timestamp() as began \gset
do $$ begin loop end loop; end $$;
\echo :SQLSTATE
select clock_timestamp() - :'began' < interval '15 s' as in_time;
set statement_timeout = 0;
do $$ begin perform set_config('mandant.tenant', 'nowhere', true); perform pg_sleep(4); end $$;
\echo :SQLSTATE
do $$ begin perform pg_sleep(4); exception when query_canceled then perform pg_sleep(4); end $$;
\echo :SQLSTATE
-- nor by a value of their own, as the lowest counts
\connect - mandant_admin
select mandant.unset_setting('statement_seconds', 'employee', employee => 'report_us');
select mandant.set_setting('statement_seconds', '3', tenant => 'us');
\connect - report_us
set default_transaction_read_only = off;
select mandant.set_setting('statement_seconds', '86400', 'employee');
select 'ran' from (select pg_sleep(8)) s;
\echo :SQLSTATE
select mandant.unset_setting('statement_seconds', 'employee');
select mandant.unset_setting('statement_seconds');
\echo :SQLSTATE
-- a relay's statements are its employee's
\connect - mandant_service
select token as us from mandant.sign_in('sales@us.example', 'demo') \gset
select token as hk from mandant.sign_in('sales@hk.example', 'demo') \gset
begin;
select mandant.enter(:'us');
select 'ran' from (select pg_sleep(8)) s;
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'hk');
select 'ran' from (select pg_sleep(1.2)) s;
commit;
\connect - mandant_admin
select mandant.unset_setting('statement_seconds', tenant => 'us');
-- requests: what is rolled back was one, too; others of the tenant go on
\connect - mandant_service
begin; select mandant.enter(:'us'); rollback;
begin; select mandant.enter(:'us'); rollback;
\connect - mandant_admin
select mandant.set_setting('employee_requests_per_minute', '1', 'employee', employee => 'sales@us.example');
\connect - mandant_service
begin; select 'entered' from mandant.enter(:'us'); rollback;
\set VERBOSITY default
begin; select 'entered' from mandant.enter(:'us');
\echo :SQLSTATE
rollback;
\set VERBOSITY terse
-- another token is the same person's
select token as us from mandant.sign_in('sales@us.example', 'demo') \gset
begin; select 'entered' from mandant.enter(:'us');
\echo :SQLSTATE
rollback;
begin; select 'entered' from mandant.enter(:'hk'); rollback;
begin; select 'entered' from mandant.enter(:'hk'); rollback;
\connect - mandant_admin
select mandant.unset_setting('employee_requests_per_minute', 'employee', employee => 'sales@us.example');
-- who is refused for their own limit takes nothing from colleagues; theirs together is limited as well
select mandant.set_setting('employee_requests_per_minute', '1', 'employee', employee => 'sales@de.example');
select mandant.set_setting('tenant_requests_per_minute', '2', tenant => 'de');
\connect - mandant_service
select token as sales from mandant.sign_in('sales@de.example', 'demo') \gset
select token as rep from mandant.sign_in('rep@de.example', 'demo') \gset
begin; select 'entered' from mandant.enter(:'sales'); commit;
begin; select 'entered' from mandant.enter(:'sales'); commit;
begin; select 'entered' from mandant.enter(:'sales'); commit;
begin; select 'entered' from mandant.enter(:'rep'); commit;
begin; select 'entered' from mandant.enter(:'rep');
\echo :SQLSTATE
commit;
\connect - mandant_admin
select mandant.unset_setting('employee_requests_per_minute', 'employee', employee => 'sales@de.example');
select mandant.unset_setting('tenant_requests_per_minute', tenant => 'de');
\connect - mandant_service
begin; select 'entered' from mandant.enter(:'rep'); commit;
