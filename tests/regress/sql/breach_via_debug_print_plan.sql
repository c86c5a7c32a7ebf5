-- Plans as they are printed for debugging carry the same estimates as explain. AC-07
\setenv database :DBNAME
\setenv printed 'set local max_parallel_workers_per_gather = 0; select from crm.customer; set local client_min_messages = log; set local debug_print_plan = on;'
analyze crm.customer;
-- usual: whoever is held by nothing reads off how often a value occurs
\! psql -XAtU postgres -d $database -c "begin; $printed select from crm.customer where country = 'US'; commit" 2>&1 | grep -o 'plan_rows [0-9]*'
\! psql -XAtU postgres -d $database -c "begin; $printed select from crm.customer where country = 'XX'; commit" 2>&1 | grep -o 'plan_rows [0-9]*'
-- ours: what others have is as what nobody has
\! psql -XAtU report_de -d $database -c "begin; $printed select from crm.customer where country = 'US'; commit" 2>&1 | grep -o 'plan_rows [0-9]*' | sort -u
\! psql -XAtU report_de -d $database -c "begin; $printed select from crm.customer where country = 'XX'; commit" 2>&1 | grep -o 'plan_rows [0-9]*' | sort -u
-- legitimate use
\! psql -XAtU report_de -d $database -c "select count(*) > 0 from crm.customer where country = 'DE'"
