-- Connections of a person, login or tenant at a time: those that act for them, counted from their first statement on.
\pset format unaligned
\pset footer off
\pset tuples_only on
\set VERBOSITY terse
\connect - mandant_admin
select mandant.set_setting('employee_connections', '2', 'employee', employee => 'report_hk');
\connect - report_hk
select count(*) > 0 from crm.customer;
-- a second and, in it, a third, which is refused as long as both are there
\! psql -XqAt -U report_hk -d mandant -c "select count(*) > 0 from crm.customer" -c "\! psql -XqAt -U report_hk -d mandant -v VERBOSITY=verbose -c 'select count(*) from crm.customer' 2>&1 | grep -v LOCATION"
-- a session that has been left takes a moment to end
\! until psql -XqAt -U postgres -d mandant -c "select 1 / (count(*) = 1)::int from pg_stat_activity where usename = 'report_hk'" >/dev/null 2>&1; do sleep 0.05; done
-- the same, whatever it asks
\! psql -XqAt -U report_hk -d mandant -c "select 1" -c "\! psql -XqAt -U report_hk -d mandant -c 'select count(*) > 0 from crm.customer'"
\! until psql -XqAt -U postgres -d mandant -c "select 1 / (count(*) = 1)::int from pg_stat_activity where usename = 'report_hk'" >/dev/null 2>&1; do sleep 0.05; done
-- another login is not meant
\! psql -XqAt -U report_hk -d mandant -c "select count(*) > 0 from crm.customer" -c "\! psql -XqAt -U report_de -d mandant -c 'select count(*) > 0 from crm.customer'"
\connect - mandant_admin
select mandant.unset_setting('employee_connections', 'employee', employee => 'report_hk');
-- of all people and logins of a company together; relays' for a transaction
select mandant.set_setting('tenant_connections', '1', tenant => 'hk');
\connect - mandant_service
\! until psql -XqAt -U postgres -d mandant -c "select 1 / (count(*) = 0)::int from pg_stat_activity where usename = 'report_hk'" >/dev/null 2>&1; do sleep 0.05; done
select token from mandant.sign_in('sales@hk.example', 'demo') \gset
begin;
select mandant.enter(:'token');
\! psql -XqAt -U report_hk -d mandant -v VERBOSITY=terse -c "select count(*) from crm.customer"
commit;
\! psql -XqAt -U report_hk -d mandant -v VERBOSITY=terse -c "select count(*) > 0 from crm.customer"
-- a superuser is nobody's
\! psql -XqAt -U postgres -d mandant -v VERBOSITY=terse -c "set mandant.tenant = 'hk'" -c "select count(*) > 0 from mandant.series"
\connect - mandant_admin
select mandant.unset_setting('tenant_connections', tenant => 'hk');
-- A statement that catches its end has a second to clean up; if it catches that, too, its session ends.
select mandant.set_setting('statement_seconds', '4', tenant => 'hk');
\! psql -XqAt -U report_hk -d mandant -c 'do $a$ begin for n in 1 .. 3 loop begin perform pg_sleep(9); exception when query_canceled then null; end; end loop; end $a$' 2>&1 | grep FATAL
-- nor has who was refused a connection all the time in the world
select mandant.set_setting('employee_connections', '1', 'employee', employee => 'report_hk');
\! until psql -XqAt -U postgres -d mandant -c "select 1 / (count(*) = 0)::int from pg_stat_activity where usename = 'report_hk'" >/dev/null 2>&1; do sleep 0.05; done
\! psql -XqAt -U report_hk -d mandant -c "select count(*) > 0 from crm.customer" -c "\! psql -XqAt -U report_hk -d mandant -v VERBOSITY=terse -c 'select count(*) from crm.customer' -c 'select pg_sleep(9)'"
select mandant.unset_setting('employee_connections', 'employee', employee => 'report_hk');
-- a person's own session with psql is as limited as their requests
\connect - mandant_psql
select token from mandant.sign_in('sales@hk.example', 'demo') \gset
\setenv TOKEN :token
\! PGOPTIONS="-c mandant.token=$TOKEN" psql -XqAt -U mandant_psql -d mandant -v VERBOSITY=terse -c 'select pg_sleep(9)' -c "set mandant.tenant = 'hk'" -c 'select pg_sleep(9)'
\connect - mandant_admin
select mandant.unset_setting('statement_seconds', tenant => 'hk');
-- what cannot be
select mandant.set_setting('tenant_connections', '0', tenant => 'hk');
\echo :SQLSTATE
select mandant.set_setting('tenant_requests_per_minute', 'many', tenant => 'hk');
\echo :SQLSTATE
select mandant.set_setting('tenant_requests_per_minute', '10', 'employee', employee => 'sales@hk.example');
\echo :SQLSTATE
