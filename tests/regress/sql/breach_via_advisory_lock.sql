-- Advisory locks are one space for all: whoever knows the key makes others wait. NR-08 AC-07
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
begin;
create schema breach_lock;
grant usage on schema breach_lock to mandant_user;
create function breach_lock.next_number(series int) returns text language sql as $$ select pg_advisory_xact_lock(series); select 'RE-00001' $$;
commit;
select s.id as series from mandant_internal.series s join mandant_internal.tenant t on t.id = s.tenant_id where t.code = 'us' and s.kind = 'invoice' \gset
select oid as database from pg_database where datname = current_database() \gset
\setenv SERIES :series
\connect - report_de
begin;
-- usual: us waits as long as de likes
select pg_advisory_xact_lock(:series);
\! psql -XAtqU report_us -d mandant -c "set lock_timeout = '50ms'" -c "select breach_lock.next_number($SERIES)" 2>&1 | grep -v CONTEXT
-- ours: a lock that no function of SQL takes; every advisory lock that could be meant is held
select count(pg_advisory_xact_lock(:series, n)) from generate_series(2090, 2100) n;
select count(pg_advisory_xact_lock((:series::bigint << 32) + n)) from generate_series(2090, 2100) n;
select count(pg_advisory_lock(n, :series)) from generate_series(2090, 2100) n;
select pg_advisory_xact_lock(:database, :series), pg_advisory_xact_lock(:series, 0), pg_advisory_xact_lock(2099);
\! psql -XAtqU mandant_admin -d mandant -c "set lock_timeout = '2s'" -c "begin" -c "select mandant.next_number('invoice', '2099-01-01', tenant => 'us')" -c "rollback" 2>&1
-- nor does one's own number, held, make another company wait
rollback;
\connect - mandant_admin
begin;
select mandant.next_number('invoice', '2099-01-01', tenant => 'de');
\! psql -XAtqU mandant_admin -d mandant -c "set lock_timeout = '2s'" -c "begin" -c "select mandant.next_number('invoice', '2099-01-01', tenant => 'us')" -c "rollback" 2>&1
-- the one who draws of the same series waits: legitimate use
\! psql -XAtqU mandant_admin -d mandant -c "set lock_timeout = '50ms'" -c "begin" -c "select mandant.next_number('invoice', '2099-01-01', tenant => 'de')" -c "rollback" 2>&1 | grep -v CONTEXT
rollback;
\connect - report_de
select pg_advisory_unlock_all();
\connect - postgres
set client_min_messages = warning;
drop schema breach_lock cascade;
