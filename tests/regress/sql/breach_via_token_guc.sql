-- Reading the token of a session, or putting another in its place. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

rollback;
\connect - mandant_service
select * from mandant.sign_in('sales@de.example', 'demo') \gset de_
select * from mandant.sign_in('sales@us.example', 'demo') \gset us_
select encode(sha256(:'us_token'), 'hex') as us_hash \gset
-- usual: it stands in a variable
begin;
set local breach.token = 'of us, secret';
select current_setting('breach.token');
commit;
-- ours cannot be read, neither by name nor by listing
begin;
select mandant.enter(:'de_token');
select current_setting('mandant.token') = '' as empty;
select coalesce(string_agg(name, ', '), 'none') as telling from pg_show_all_settings()
where setting in (:'de_token', encode(sha256(:'de_token'), 'hex'));
select count(*) from mandant_internal.token;
\echo :SQLSTATE
savepoint a;
select mandant_internal.token_of_transaction();
\echo :SQLSTATE
-- and not be set: not by hash, not by anything that sets
set local mandant.token = :'us_hash';
\echo :SQLSTATE
select set_config('mandant.token', :'us_hash', true);
\echo :SQLSTATE
do $$ begin execute format('set local mandant.token = %L', repeat('a', 64)); end $$;
\echo :SQLSTATE
select mandant.enter(:'us_hash');
\echo :SQLSTATE
select principal from mandant.whoami();
commit;
alter role mandant_service set mandant.token = 'aaaa';
\echo :SQLSTATE
-- legitimate use
begin;
select mandant.enter(:'us_token');
select principal from mandant.whoami();
select mandant.sign_out();
commit;
begin;
select mandant.enter(:'de_token');
select mandant.sign_out();
commit;
