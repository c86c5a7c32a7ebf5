-- Where a transaction ends, the token ends: commit, rollback, chained ones, procedures and blocks that commit by themselves.
-- The selection of a session stays, in every isolation level, until it is reset.
-- AC-10
\set SHOW_CONTEXT never
\pset null (null)
create schema state;
grant usage on schema state to mandant_user;
create function state.who() returns text language sql stable
  return (select format('%s sees %s', w.principal, w.tenants) from mandant.whoami() w);
create procedure state.commits() language plpgsql as $$
begin
  raise notice 'before: %', state.who();
  commit;
  raise notice 'after: %', state.who();
end
$$;
create procedure state.rolls_back() language plpgsql as $$
begin
  rollback;
  raise notice 'after: %, rows: %', state.who(), (select count(*) > 0 from crm.customer);
end
$$;
-- not a token, not even one that is entered again, outlives a commit of its own
create procedure state.enters(token text) language plpgsql as $$
begin
  perform mandant.enter(token);
  raise notice 'entered: %', state.who();
  commit and chain;
  raise notice 'still: %', state.who();
end
$$;
create procedure state.selects() language plpgsql as $$
begin
  perform set_config('mandant.tenant', 'us', true);
  raise notice 'local: %', state.who();
  commit;
  raise notice 'after: %', state.who();
  perform set_config('mandant.tenant', 'hk', false);
  rollback;
  raise notice 'rolled back: %', state.who();
  perform set_config('mandant.tenant', 'hk', false);
  commit;
  raise notice 'committed: %', state.who();
end
$$;

\connect - mandant_service
select token as de from mandant.sign_in('sales@de.example', 'demo') \gset
begin;
select mandant.enter(:'de');
select state.who();
commit and chain;
select state.who();
\echo :SQLSTATE
rollback;
begin isolation level serializable;
select mandant.enter(:'de');
rollback and chain;
select count(*) from crm.customer;
\echo :SQLSTATE
rollback and chain;
show transaction_isolation;
select mandant.enter(:'de', 'de');
select state.who();
commit;
select state.who();
\echo :SQLSTATE
show mandant.tenant;
-- procedures and blocks cannot commit inside the service's transaction, and have nobody's rights outside
begin;
select mandant.enter(:'de');
call state.commits();
\echo :SQLSTATE
rollback;
call state.commits();
\echo :SQLSTATE
call state.rolls_back();
\echo :SQLSTATE
call state.enters(:'de');
\echo :SQLSTATE
-- several statements in one message are one transaction, of which the token is
select mandant.enter(:'de') \; select state.who();
select state.who();
\echo :SQLSTATE
select mandant.enter(:'de') \; commit \; select state.who();
\echo :SQLSTATE
-- a transaction that failed has nobody
begin;
select mandant.enter(:'de');
select 1 / 0;
select state.who();
\echo :SQLSTATE
commit;
select state.who();
\echo :SQLSTATE
begin;
select mandant.enter(:'de');
select mandant.sign_out();
commit;

-- a bound login: the selection is the session's, `local` the transaction's
\connect - report_group
set mandant.tenant = 'de';
call state.selects();
select state.who();
set mandant.tenant = 'de';
begin;
set local mandant.tenant = 'us';
commit and chain;
select state.who();
set mandant.tenant = 'hk';
rollback and chain;
select state.who();
commit;
-- every isolation level, changed in the middle: the snapshot stays, the selection does not
begin isolation level read uncommitted;
select state.who();
set local mandant.tenant = 'us';
select state.who(), count(distinct tenant_id) from crm.customer;
commit;
begin isolation level repeatable read;
select state.who(), count(distinct tenant_id) from crm.customer;
set local mandant.tenant = 'us,hk';
select state.who(), count(distinct tenant_id) from crm.customer;
commit;
begin isolation level serializable;
select state.who(), count(distinct tenant_id) from crm.customer;
set local mandant.tenant = '*';
select count(distinct tenant_id) > 2 as of_all from crm.customer;
commit;
begin isolation level serializable, read only, deferrable;
set local mandant.tenant = 'us';
select state.who(), count(distinct tenant_id) from crm.customer;
commit;
select state.who();
-- reset all, discard all: the default selection
reset all;
select tenants @> array['de', 'hk', 'us'] as default_of_the_group from mandant.whoami();
set mandant.tenant = 'de';
discard plans;
discard sequences;
select state.who();
discard all;
select tenants @> array['de', 'hk', 'us'] as default_of_the_group from mandant.whoami();
-- in the middle of a statement: what the policy looked at first holds until the statement ends
set mandant.tenant = 'de';
select count(distinct tenant_id) as of_one, max(set_config('mandant.tenant', 'us', false)) from crm.customer;
select state.who();
\connect - postgres
set client_min_messages = warning;
drop schema state cascade;
