-- SQL in one employee's request that reaches the sessions of others, or stays for them. AC-07
\set SHOW_CONTEXT never
begin;
create role breach_plain login;
set local session authorization breach_plain;
-- usual: whoever shares the login may end the session
select has_function_privilege('pg_terminate_backend(int, bigint)', 'execute');
rollback;
-- ours
\connect - mandant_service
select token from mandant.sign_in('sales@de.example', 'demo') \gset
begin;
select mandant.enter(:'token');
savepoint attack;
select pg_terminate_backend(pg_backend_pid());
\echo :SQLSTATE
rollback to attack;
do $$ begin execute 'select pg_terminate_backend(pg_backend_pid())'; end $$;
\echo :SQLSTATE
rollback to attack;
-- legitimate use
select principal from mandant.whoami();
select mandant.sign_out();
commit;
