-- Options sent while connecting, before anything is loaded. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

rollback;
create schema breach_startup;
grant usage on schema breach_startup to mandant_user;
create table breach_startup.twin as select id as tenant_id, code as note from mandant.tenant where code in ('de', 'us');
alter table breach_startup.twin enable row level security;
create policy twin on breach_startup.twin using (tenant_id = current_setting('breach.tenant')::int);
grant select on breach_startup.twin to mandant_user;
\setenv US :us
-- the twin believes them
\! PGOPTIONS="-c breach.tenant=$US" psql -XAtU report_de -d mandant -c 'select note from breach_startup.twin' 2>&1
-- the product looks at them as at any other selection
\! PGOPTIONS='-c mandant.tenant=us' psql -XAtU report_de -d mandant -c 'select count(*) from crm.customer' 2>&1
\! PGOPTIONS='-c mandant.tenant=de,us' psql -XAtU report_de -d mandant -c 'select count(*) from crm.customer' 2>&1
\! PGOPTIONS='-c mandant.tenant=DE' psql -XAtU report_de -d mandant -c 'select count(distinct tenant_id) from crm.customer' 2>&1 | sed 's/.*FATAL/FATAL/'
\! PGOPTIONS='-c mandant.token=aaaa' psql -XAtU report_de -d mandant -c 'select count(distinct tenant_id) from crm.customer' 2>&1 | sed 's/.*FATAL/FATAL/'
\! PGOPTIONS='-c mandant.token=aaaa' psql -XAtU mandant_service -d mandant -c 'select count(distinct tenant_id) from crm.customer' 2>&1 | sed 's/.*FATAL/FATAL/'
\! PGOPTIONS='-c role=report_us' psql -XAtU report_de -d mandant -c 'select login from mandant.whoami()' 2>&1 | sed 's/.*FATAL/FATAL/'
\! PGOPTIONS='-c session_authorization=report_us' psql -XAtU report_de -d mandant -c 'select login from mandant.whoami()' 2>&1 | sed 's/.*FATAL/FATAL/'
\! PGOPTIONS='-c row_security=off' psql -XAtU report_de -d mandant -c 'select count(*) from crm.customer' 2>&1 | sed 's/.*FATAL/FATAL/'
-- legitimate use
\! PGOPTIONS='-c mandant.tenant=us' psql -XAtU report_group -d mandant -c 'select tenants from mandant.whoami()' 2>&1
drop schema breach_startup cascade;
