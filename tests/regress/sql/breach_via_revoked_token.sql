-- A token that was ended: in the same transaction, in another session, with its employee. AC-10 AC-17
\set VERBOSITY terse
\pset null (null)
begin;
-- usual: looked at once, when one enters
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.session (token text, tenant text);
insert into usual.session values ('t', 'us');
create function usual.enter(token text) returns text language sql security definer as $$ select set_config('breach.tenant', s.tenant, true) from usual.session s where s.token = $1 $$;
select usual.enter('t');
delete from usual.session;
select current_setting('breach.tenant') as still;
rollback;
\connect - mandant_service
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
select token from mandant.sign_in('sales@us.example', 'demo') \gset us_
select token from mandant.sign_in('sales@us.example', 'demo') \gset second_
select token from mandant.sign_in('sales@de.example', 'demo') \gset de_
begin;
select mandant.enter(:'us_token');
select count(distinct tenant_id) from crm.customer;
-- one's own
select mandant.revoke_tokens('sales@us.example') >= 2 as ended;
select count(*) from crm.customer;
\echo :SQLSTATE
select mandant.enter(:'second_token');
\echo :SQLSTATE
rollback;
-- from elsewhere, while the transaction is open
begin;
select mandant.enter(:'us_token');
select count(distinct tenant_id) from crm.customer;
\! psql -XAtqU mandant_admin -d mandant -c "select mandant.revoke_tokens('sales@us.example') >= 2"
select count(*) from crm.customer;
\echo :SQLSTATE
rollback;
-- those of others: as if there were none
begin;
select mandant.enter(:'de_token');
select mandant.revoke_tokens('sales@us.example');
\echo :SQLSTATE
select mandant.revoke_tokens('nobody@us.example');
\echo :SQLSTATE
select mandant.revoke_tokens('controller@group.example');
\echo :SQLSTATE
commit;
-- with the employee: neither while deactivated, nor again when reactivated
\! psql -XAtqU mandant_admin -d mandant -c "select (mandant.deactivate_employee('sales@de.example', 'left')).state"
begin;
select mandant.enter(:'de_token');
\echo :SQLSTATE
select expires_at from mandant.sign_in('sales@de.example', 'demo');
\echo :SQLSTATE
rollback;
\! psql -XAtqU mandant_admin -d mandant -c "select (mandant.reactivate_employee('sales@de.example')).state"
begin;
select mandant.enter(:'de_token');
\echo :SQLSTATE
rollback;
-- legitimate use
select token from mandant.sign_in('sales@de.example', 'demo') \gset de_
begin;
select mandant.enter(:'de_token');
select principal from mandant.whoami();
select mandant.sign_out();
commit;
