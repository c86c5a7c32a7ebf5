-- What a session prepared, opened or listens to, and transactions that wait for a second phase. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a statement kept in the session tells its text to whoever has the session next
prepare kept as select 'of us, secret';
select statement from pg_prepared_statements where name = 'kept';
\! psql -XAtU report_de -d mandant -c "select count(*) from pg_prepared_statements where name = 'kept'" 2>&1
deallocate kept;
declare kept cursor for select 'of us, secret';
\! psql -XAtU report_de -d mandant -c "select count(*) from pg_cursors where name = 'kept'" 2>&1
rollback;
-- ours: no transaction outlives its session, with token and selection in it
\connect - mandant_service
select token from mandant.sign_in('sales@us.example', 'demo') \gset
begin;
select mandant.enter(:'token');
prepare transaction 'of us';
\echo :SQLSTATE
rollback;
select count(*) from pg_prepared_xacts;
commit prepared 'of us';
\echo :SQLSTATE
show max_prepared_transactions;
-- and the relay's session is found as it is left
begin;
select mandant.enter(:'token');
prepare kept as select 'of us, secret';
commit;
begin;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;
deallocate all;
begin;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;
discard all;
-- legitimate use
begin;
select mandant.enter(:'token');
select count(*) from pg_prepared_statements;
select count(*) from pg_cursors where is_holdable;
select mandant.sign_out();
commit;
