-- Plans as they are printed for debugging carry the same estimates as explain. AC-07
\setenv database :DBNAME
analyze crm.customer;
-- usual: whoever is held by nothing reads off how often a value occurs
\! psql -XAtU postgres -d $database -c 'set max_parallel_workers_per_gather = 0' -c 'set client_min_messages = log' -c 'set debug_print_plan = on' -c "select from crm.customer where country = 'US'" 2>&1 | grep plan_rows
\! psql -XAtU postgres -d $database -c 'set max_parallel_workers_per_gather = 0' -c 'set client_min_messages = log' -c 'set debug_print_plan = on' -c "select from crm.customer where country = 'XX'" 2>&1 | grep plan_rows
-- ours: what others have is as what nobody has
\! psql -XAtU report_de -d $database -c 'set max_parallel_workers_per_gather = 0' -c 'select from crm.customer' -c 'set client_min_messages = log' -c 'set debug_print_plan = on' -c "select from crm.customer where country = 'US'" 2>&1 | grep plan_rows | sort -u
\! psql -XAtU report_de -d $database -c 'set max_parallel_workers_per_gather = 0' -c 'select from crm.customer' -c 'set client_min_messages = log' -c 'set debug_print_plan = on' -c "select from crm.customer where country = 'XX'" 2>&1 | grep plan_rows | sort -u
-- legitimate use
\! psql -XAtU report_de -d $database -c "select count(*) > 0 from crm.customer where country = 'DE'"
