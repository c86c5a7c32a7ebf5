-- Statistics made, gathered or narrated on demand. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the tables belong to the role that all users have
reset session authorization;
alter table breach.twin owner to mandant_user;
set local session authorization breach_de;
create statistics breach.twin_pairs (mcv) on email, note from breach.twin;
analyze breach.twin;
select cardinality(most_common_vals) > 0 as told from pg_stats_ext where statistics_name = 'twin_pairs';
-- ours belong to nobody who logs in
create statistics breach.secret_pairs (mcv) on email, note from breach.secret;
\echo :SQLSTATE
create statistics breach.customer_names on upper(name) from crm.customer;
\echo :SQLSTATE
alter table breach.secret alter note set statistics 10000;
\echo :SQLSTATE
\set VERBOSITY sqlstate
analyze (verbose) breach.secret;
analyze (verbose) crm.customer;
\set VERBOSITY default
set local vacuum_cost_delay = 0;
select pg_stat_reset();
\echo :SQLSTATE
select pg_stat_reset_single_table_counters('crm.customer'::regclass);
\echo :SQLSTATE
rollback;
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c 'vacuum (verbose) crm.customer' 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c 'vacuum (full, verbose) crm.customer' 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c 'reindex (verbose) table crm.customer' 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c 'cluster verbose crm.customer using customer_pkey' 2>&1
-- legitimate use
\! psql -XAtU report_de -d mandant -c 'select count(distinct tenant_id) from crm.customer' 2>&1
