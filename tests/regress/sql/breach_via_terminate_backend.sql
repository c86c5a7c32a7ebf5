-- Ending or disturbing the session of another. AC-10
-- usual: one login for all, so everybody ends everybody's statements
\connect - report_us
select pg_backend_pid() as victim \gset
\setenv VICTIM :victim
begin;
select count(distinct tenant_id) from crm.customer;
\! psql -XAtU report_us -d mandant -c "select pg_cancel_backend($VICTIM)" 2>&1
-- ours: a login of one's own
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "select pg_cancel_backend($VICTIM)" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "select pg_terminate_backend($VICTIM)" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'report_us'" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres' limit 1" 2>&1
\! psql -XAtU report_de -d mandant -c "select pg_reload_conf()" 2>&1
\! psql -XAtU report_de -d mandant -c "select pg_rotate_logfile()" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "begin read write; alter role report_us connection limit 0; commit" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "begin read write; alter role report_us nologin; commit" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "begin read write; alter role report_us password 'taken'; commit" 2>&1
\! psql -XAtU report_de -d mandant -v VERBOSITY=sqlstate -c "begin read write; revoke mandant_user from report_us; commit" 2>&1
-- legitimate use: the session is there, and works
select count(distinct tenant_id) from crm.customer;
commit;
