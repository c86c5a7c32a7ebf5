-- What other sessions are doing. AC-07 AC-10
select setting as bindir from pg_config where name = 'BINDIR' \gset
\setenv BINDIR :bindir
-- usual: one login for all, so everybody reads everybody's statements
\connect - report_us
select pg_backend_pid() as victim \gset
\setenv VICTIM :victim
select 'of us, secret' as note;
\! psql -XAtU report_us -d mandant -c "select query from pg_stat_activity where pid = $VICTIM" 2>&1
-- ours: a login of one's own. Of the others: that they are there, not what they ask
\! psql -XAtU report_de -d mandant -c "select usename, query, state, client_addr, backend_start is null, query_start is null from pg_stat_activity where pid = $VICTIM" 2>&1
\! psql -XAtU report_de -d mandant -c "select pg_stat_get_backend_activity(id), pg_stat_get_backend_client_addr(id), pg_stat_get_backend_wait_event(id) from pg_stat_get_backend_idset() id where pg_stat_get_backend_pid(id) = $VICTIM" 2>&1
\! psql -XAtU report_de -d mandant -c "select count(*) from pg_stat_get_activity($VICTIM) where query like '%of us%'" 2>&1
\! psql -XAtU mandant_service -d mandant -c "select query from pg_stat_activity where pid = $VICTIM" 2>&1
\! psql -XAtU report_de -d mandant -c "select pg_log_backend_memory_contexts($VICTIM)" 2>&1
\! psql -XAtU report_de -d mandant -c "select count(*) from pg_stat_ssl where pid = $VICTIM and client_dn is not null" 2>&1
\! psql -XAtU report_de -d mandant -c "select count(*) from pg_stat_progress_copy, pg_stat_progress_analyze, pg_stat_progress_create_index" 2>&1
\! psql -XAtU report_de -d mandant -c "select to_regclass('pg_stat_statements') is null" 2>&1
-- what the service calls carries its parameters apart: no token in any text
\connect - mandant_service
select token from mandant.sign_in('sales@us.example', 'demo') \gset
\setenv TOKEN :token
\! printf "begin;\nselect mandant.enter(:token);\n\\\\shell psql -XAtU mandant_service -d mandant -c \"select query from pg_stat_activity where state = 'idle in transaction'\"\nselect mandant.sign_out();\ncommit;\n" | "$BINDIR/pgbench" -M extended -n -t 1 -D token="$TOKEN" -U mandant_service -f - mandant 2>&1 | grep enter
-- legitimate use: what oneself does
\connect - report_de
select query from pg_stat_activity where pid = pg_backend_pid();
