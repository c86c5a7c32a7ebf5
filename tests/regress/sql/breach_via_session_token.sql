-- A token that a session has from the moment it connects, as mandant psql gives it: shown, set, replaced, kept, or used where
-- it does not count. AC-10
\set SHOW_CONTEXT never
\getenv given PGOPTIONS
\set plainly 'user=postgres options=''' :given ''''
\connect - mandant_psql
select token as de_token, encode(sha256(convert_to(token, 'UTF8')), 'hex') as de_hash from mandant.sign_in('sales@de.example', 'demo') \gset
select token as us_token, encode(sha256(convert_to(token, 'UTF8')), 'hex') as us_hash from mandant.sign_in('sales@us.example', 'demo') \gset
\set as_de 'user=mandant_psql options=''' :given ' -c mandant.token=' :de_token ''''
\set as_us_hash 'user=mandant_psql options=''' :given ' -c mandant.token=' :us_hash ''''
\set to_report_us 'user=report_us options=''' :given ' -c mandant.token=' :us_token ''''
\connect - postgres
create schema breach_session;
grant usage on schema breach_session to mandant_user;
create table breach_session.twin as select id as tenant_id, code as note from mandant.tenant where code in ('de', 'us');
alter table breach_session.twin enable row level security;
create policy twin on breach_session.twin using (note = current_setting('breach.token'));
grant select on breach_session.twin to mandant_user;
-- usual: what came with the connection is an ordinary variable: shown, and set to another's
\connect -reuse-previous=on 'user=mandant_psql options=''-c breach.token=de'''
select note, current_setting('breach.token') as shown from breach_session.twin;
set breach.token = 'us';
select note from breach_session.twin;
-- ours: one is somebody from the first statement on
\connect -reuse-previous=on :as_de
select principal, tenants, login from mandant.whoami();
select array_agg(distinct tenant_id) = array[(select id from mandant.tenant)] as own from crm.customer;
-- it cannot be read, neither the token nor what stands for it
show mandant.token;
select current_setting('mandant.token') = '' as empty;
select count(*) from pg_show_all_settings() s where s::text ~ :'de_token' or s::text ~ :'de_hash' or s.name = 'mandant.token';
select count(*) from pg_stat_activity a where a.pid <> pg_backend_pid() and (a::text ~ :'de_token' or a::text ~ :'de_hash');
select count(*) from pg_db_role_setting s where s::text ~ 'token';
select mandant_internal.token_of_transaction();
\echo :SQLSTATE
-- and not be changed for another: not by setting it, not by entering, not by signing in
set mandant.token = :'us_token';
\echo :SQLSTATE
set mandant.token = :'us_hash';
\echo :SQLSTATE
select set_config('mandant.token', :'us_token', false);
\echo :SQLSTATE
do $$ begin execute format('set local mandant.token = %L', repeat('a', 64)); end $$;
\echo :SQLSTATE
select mandant.enter(:'us_token');
\echo :SQLSTATE
select mandant.sign_in('sales@us.example', 'demo');
\echo :SQLSTATE
alter role mandant_psql set mandant.token = :'us_token';
\echo :SQLSTATE
-- put off, one is nobody until it is put back, and may not enter as somebody else meanwhile
set mandant.token = '';
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'us_token');
\echo :SQLSTATE
reset mandant.token;
select principal from mandant.whoami();
begin;
set local mandant.token = '';
commit;
select principal from mandant.whoami();
discard all;
reset all;
set session authorization default;
select principal from mandant.whoami();
set session authorization mandant_service;
\echo :SQLSTATE
set role mandant_user;
select principal from mandant.whoami();
\echo :SQLSTATE
reset role;
-- a selection narrows
set mandant.tenant = 'us';
select count(*) from crm.customer;
\echo :SQLSTATE
reset mandant.tenant;
select count(*) > 0 as some, count(distinct tenant_id) from crm.customer;
-- what a relay may not do
listen mandant;
\echo :SQLSTATE
create temporary table t ();
\echo :SQLSTATE
select pg_terminate_backend(pg_backend_pid());
\echo :SQLSTATE
-- a login that is no relay takes none
\connect -reuse-previous=on :to_report_us
select count(*) from crm.customer;
\echo :SQLSTATE
-- what the database keeps of a token is none
\connect -reuse-previous=on :as_us_hash
select principal from mandant.whoami();
\echo :SQLSTATE
-- what cannot be one ends the connection, and is not repeated
\! PGOPTIONS='-c mandant.token=secret' psql -XAtU mandant_psql -d mandant -c 'select 1' 2>&1 | sed 's/.*FATAL/FATAL/'
\! PGOPTIONS='-c mandant.token=secret.secret.secret' psql -XAtU mandant_psql -d mandant -c 'select 1' 2>&1 | sed 's/.*FATAL/FATAL/'
-- kept with a role or database it does not count, however it came there
\connect -reuse-previous=on :plainly
alter role mandant_psql set mandant.token = :'us_token';
\echo :SQLSTATE
alter database mandant set mandant.token = :'us_token';
\echo :SQLSTATE
alter system set mandant.token = :'us_token';
\echo :SQLSTATE
update pg_db_role_setting set setconfig = setconfig || ('mandant.token=' || :'us_token') where setrole = 'mandant_psql'::regrole;
select rule, level, object, reason from mandant.lint() where rule = 'kept_token';
\connect - mandant_psql
select principal from mandant.whoami();
\echo :SQLSTATE
\connect - postgres
alter role mandant_psql reset mandant.token;
-- the end of a token reaches a session that runs
\connect -reuse-previous=on :as_de
select principal from mandant.whoami();
\! psql -XqU postgres -d mandant -c "update mandant_internal.token t set issued_at = now() - interval '2 days', expires_at = now() - interval '1 day' from mandant_internal.principal p where p.id = t.principal_id and p.name = 'sales@de.example'" 2>&1
select principal from mandant.whoami();
\echo :SQLSTATE
select count(*) from crm.customer;
\echo :SQLSTATE
-- legitimate use: to sign out
\connect -reuse-previous=on :plainly
\connect - mandant_psql
select token from mandant.sign_in('sales@de.example', 'demo') \gset
\set as_de 'user=mandant_psql options=''' :given ' -c mandant.token=' :token ''''
\connect -reuse-previous=on :as_de
select principal from mandant.whoami();
select mandant.sign_out();
select principal from mandant.whoami();
\echo :SQLSTATE
\connect -reuse-previous=on :plainly
set client_min_messages = warning;
drop schema breach_session cascade;
delete from mandant_internal.token t using mandant_internal.principal p where p.id = t.principal_id and p.name in ('sales@de.example', 'sales@us.example');
