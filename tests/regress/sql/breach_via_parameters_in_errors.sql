-- Settings by which parameters, a token among them, come into error texts and logs. AC-10
select setting as bindir from pg_config where name = 'BINDIR' \gset
\setenv BINDIR :bindir
\connect - mandant_service
select token from mandant.sign_in('sales@us.example', 'demo') \gset
\setenv TOKEN :token
-- usual: set in one request, the next one's parameters are in its error
\! printf "set log_parameter_max_length_on_error = -1;\nselect 1 / (length(:secret) - 13);\n" | "$BINDIR/pgbench" -M extended -n -t 1 -D secret="of_us,_secret" -U mandant_service -f - mandant 2>&1 | grep -oE "of_us,_secret"
-- ours: a session with such a setting is closed by the service, before it calls anything else
\set VERBOSITY terse
set log_parameter_max_length_on_error = -1;
begin;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;
reset log_parameter_max_length_on_error;
set debug_print_plan = on;
begin;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;
reset debug_print_plan;
do $$ begin perform set_config('debug_print_parse', 'on', false); end $$;
begin;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;
discard all;
-- not of the server's own either, nor kept with the role
set log_statement = 'all';
\echo :SQLSTATE
set log_parameter_max_length = -1;
\echo :SQLSTATE
set log_min_error_statement = debug1;
\echo :SQLSTATE
begin;
select mandant.enter(:'token');
alter role mandant_service set log_parameter_max_length_on_error = -1;
\echo :SQLSTATE
rollback;
\! PGOPTIONS='-c log_parameter_max_length_on_error=-1' psql -XAtqU mandant_service -d mandant -c "select mandant.enter('x')" 2>&1
-- what refuses says nothing of the token, at any level of detail
\! psql -XAtqU mandant_service -d mandant -v VERBOSITY=verbose -c "select mandant.enter('$TOKEN', 'de')" 2>&1 | grep -c "$TOKEN"
\! psql -XAtqU mandant_service -d mandant -v VERBOSITY=verbose -c "select mandant.enter('x$TOKEN')" 2>&1 | grep -c "$TOKEN"
-- legitimate use
begin;
select mandant.enter(:'token');
select principal from mandant.whoami();
select mandant.sign_out();
commit;
