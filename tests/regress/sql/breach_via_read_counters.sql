-- Counters of what was read: an index that finds a row of others counts it before the filter. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a role that may look at statistics compares before and after
reset session authorization;
create role breach_monitor login in role pg_read_all_stats;
grant usage on schema breach to breach_monitor;
set local session authorization breach_monitor;
select pg_stat_get_xact_tuples_fetched('breach.twin'::regclass) is not null as told;
-- ours
set local session authorization breach_de;
\set VERBOSITY terse
select count(*) from breach.secret where email = 'a@us.example';
select pg_stat_get_xact_tuples_fetched('breach.secret'::regclass);
\echo :SQLSTATE
select seq_tup_read, idx_tup_fetch from pg_stat_xact_all_tables where relname = 'secret';
\echo :SQLSTATE
select idx_tup_fetch from pg_stat_user_tables where relname = 'secret';
\echo :SQLSTATE
select heap_blks_read from pg_statio_user_tables where relname = 'secret';
\echo :SQLSTATE
select tup_fetched from pg_stat_database where datname = current_database();
\echo :SQLSTATE
do $$ begin perform pg_stat_get_xact_tuples_returned('breach.secret'::regclass); end $$;
\echo :SQLSTATE
set role mandant_user;
select pg_stat_get_xact_blocks_fetched('breach.secret'::regclass);
\echo :SQLSTATE
reset role;
-- legitimate use
select note from breach.secret;
rollback;
