-- SQL in one employee's request that reaches the sessions of others, or stays for them. AC-07
\set SHOW_CONTEXT never
begin;
create role breach_plain login;
set local session authorization breach_plain;
\o /dev/null
savepoint usual;
-- usual: whatever the login may
drop owned by current_user;
\echo :SQLSTATE
rollback to usual;
\o
rollback;
-- ours
\connect - mandant_service
select token from mandant.sign_in('sales@de.example', 'demo') \gset
begin;
select mandant.enter(:'token');
savepoint attack;
drop owned by current_user;
\echo :SQLSTATE
rollback to attack;
do $$ begin execute 'drop owned by current_user'; end $$;
\echo :SQLSTATE
rollback to attack;
-- legitimate use
select principal from mandant.whoami();
select mandant.sign_out();
commit;
