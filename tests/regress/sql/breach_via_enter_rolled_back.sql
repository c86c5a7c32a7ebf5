-- What an identity leaves when the part of the transaction that it began in is rolled back. AC-10 AC-17
\connect - mandant_service
\set VERBOSITY terse
select token from mandant.sign_in('sales@us.example', 'demo') \gset us_
select token from mandant.sign_in('sales@de.example', 'demo') \gset de_
-- usual: a variable falls back to what the session had before
set breach.tenant = 'us, of the request before';
begin;
savepoint a;
set local breach.tenant = 'de';
rollback to a;
show breach.tenant;
rollback;
discard all;
-- ours: to nobody, whatever somebody else left to select
set mandant.tenant = 'us';
begin;
savepoint a;
select mandant.enter(:'de_token');
select principal, tenants from mandant.whoami();
rollback to a;
select principal from mandant.whoami();
\echo :SQLSTATE
rollback;
begin;
savepoint a;
select mandant.enter(:'de_token');
release a;
savepoint b;
select mandant.enter(:'us_token');
select principal from mandant.whoami();
rollback to b;
select principal, tenants, (select count(distinct tenant_id) from crm.customer) from mandant.whoami();
rollback;
-- caught in a block
begin;
do $$ begin perform mandant.enter('x'); exception when others then raise notice '%', sqlstate; end $$;
select principal from mandant.whoami();
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'de_token');
do $$ begin perform mandant.enter('x', 'us'); exception when others then raise notice '%', sqlstate; end $$;
select principal, tenants from mandant.whoami();
commit and chain;
select principal from mandant.whoami();
\echo :SQLSTATE
rollback;
-- outside of a transaction it holds for its statement
select mandant.enter(:'de_token');
select principal from mandant.whoami();
\echo :SQLSTATE
-- several statements sent at once are one transaction, and what is behind a commit is another
select mandant.enter(:'de_token') \; select principal from mandant.whoami() \; commit \; select principal from mandant.whoami();
\echo :SQLSTATE
-- a sign-out that is rolled back did not happen, one that is committed did, for every savepoint
begin;
select mandant.enter(:'de_token');
savepoint a;
select mandant.sign_out();
rollback to a;
select principal from mandant.whoami();
select mandant.sign_out();
savepoint b;
select principal from mandant.whoami();
\echo :SQLSTATE
rollback to b;
commit;
begin;
select mandant.enter(:'de_token');
\echo :SQLSTATE
rollback;
-- legitimate use
begin;
select mandant.enter(:'us_token');
select principal from mandant.whoami();
select mandant.sign_out();
commit;
