-- A relay’s transaction in which enter is taken back, called twice, or called where it is not its first act. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

rollback;
\connect - mandant_service
select * from mandant.sign_in('sales@de.example', 'demo') \gset de_
select * from mandant.sign_in('sales@us.example', 'demo') \gset us_
-- usual: a set of the variable that is taken back leaves the one before, of whoever it was
begin;
set local breach.tenant = 'us';
savepoint a;
set local breach.tenant = 'de';
rollback to a;
select current_setting('breach.tenant');
commit;
-- ours: taken back, it leaves nobody
begin;
savepoint a;
select mandant.enter(:'de_token');
select principal from mandant.whoami();
rollback to a;
select principal from mandant.whoami();
\echo :SQLSTATE
select count(*) from crm.customer;
\echo :SQLSTATE
select mandant.sign_out();
select mandant.enter(:'de_token');
select principal from mandant.whoami();
commit;
-- in a block that fails, in a function that sets the variable for itself, in the middle of a statement
begin;
do $$
begin
  perform mandant.enter('guessed');
exception when others then raise notice '%', sqlstate;
end
$$;
select count(*) from crm.customer;
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'de_token');
do $$
begin
  perform mandant.enter('guessed');
exception when others then raise notice '% %', sqlstate, (select principal from mandant.whoami());
end
$$;
select mandant.enter(null);
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'de_token');
select mandant.enter(:'de_token', 'us');
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'de_token', 'de');
savepoint a;
set local mandant.tenant = 'us';
select count(*) from crm.customer;
\echo :SQLSTATE
rollback to a;
reset mandant.token;
select count(*) from crm.customer;
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'de_token');
reset all;
select count(*) from crm.customer;
\echo :SQLSTATE
rollback;
-- one after the other in one transaction: the second is the second, whatever was read before
begin;
select mandant.enter(:'us_token');
select count(*) > 0 as some from crm.customer;
declare customer cursor for select tenant_id = mandant.current_tenant() as its_own from crm.customer;
select mandant.enter(:'de_token');
select principal, tenants, (select count(distinct tenant_id) from crm.customer) as companies from mandant.whoami();
fetch 1 from customer;
commit and chain;
select count(*) from crm.customer;
\echo :SQLSTATE
rollback;
begin isolation level repeatable read;
select mandant.enter(:'us_token');
rollback and chain;
select count(*) from crm.customer;
\echo :SQLSTATE
select mandant.enter(:'de_token');
select principal from mandant.whoami();
rollback;
-- legitimate use
begin;
select mandant.enter(:'de_token');
select principal, tenants from mandant.whoami();
select mandant.sign_out();
commit;
begin;
select mandant.enter(:'us_token');
select mandant.sign_out();
commit;
