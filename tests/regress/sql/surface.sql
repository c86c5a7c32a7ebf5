-- Everything there is to call and to read: what scripts, the service and other people's tools rely on.
-- A change here is a change of the interface.
\pset format unaligned
\pset tuples_only on
-- functions: name(arguments) returns, volatility, parallel label, strictness, security, settings
select format('%s(%s) %s%s %s%s%s%s%s', p.proname, pg_get_function_arguments(p.oid), 'returns ' || pg_get_function_result(p.oid),
  e'\n   ', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  case p.proparallel when 's' then ', parallel safe' when 'r' then ', parallel restricted' else '' end,
  case when p.proisstrict then ', strict' else '' end, case when p.prosecdef then ', security definer' else '' end,
  case when p.proconfig is not null then ', ' || array_to_string(p.proconfig, ', ') else '' end)
from pg_proc p where p.pronamespace = 'mandant'::regnamespace
order by p.proname, p.oid::regprocedure::text;
-- each with a comment whose first sentence has at most 80 characters
select 'comment missing or too long: ' || p.oid::regprocedure::text 
from pg_proc p left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
where p.pronamespace = 'mandant'::regnamespace and (d.description is null or length(substring(d.description from '^.*?\.(?=\s|$)')) > 80)
order by 1;
-- views and their columns
select format('%s(%s)', c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum))
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'mandant'::regnamespace and c.relkind <> 'i'
group by c.relname order by c.relname;
select 'comment missing: ' || c.oid::regclass from pg_class c
where c.relnamespace = 'mandant'::regnamespace and obj_description(c.oid, 'pg_class') is null;
-- settings
select name, vartype, context, short_desc from pg_settings where name like 'mandant.%' order by name;
select name from pg_show_all_settings() where name = 'mandant.token';
-- nothing in schema mandant is a table, and every view lets in only what row functions say
select c.oid::regclass, c.relkind, c.reloptions from pg_class c where c.relnamespace = 'mandant'::regnamespace and c.relkind <> 'i' order by c.relname;
-- what stands open in mandant_internal: policies, triggers and the planner call it
select p.oid::regprocedure from pg_proc p
where p.pronamespace = 'mandant_internal'::regnamespace and has_function_privilege('mandant_user', p.oid, 'execute')
order by p.oid::regprocedure::text;
select c.oid::regclass from pg_class c
where c.relnamespace = 'mandant_internal'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
  and (case when c.relkind = 'S' then has_sequence_privilege('mandant_user', c.oid, 'usage, select, update')
            else has_any_column_privilege('mandant_user', c.oid, 'select, insert, update, references') end);
-- definer functions: a fixed path with pg_temp last, an owner who neither logs in nor bypasses row security
select p.oid::regprocedure from pg_proc p join pg_roles r on r.oid = p.proowner
where p.pronamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace) and p.prosecdef
  and (coalesce(array_to_string(p.proconfig, ' '), '') !~ 'search_path=.*pg_temp$' or r.rolcanlogin or r.rolbypassrls or r.rolsuper);
select r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolinherit from pg_roles r
where r.rolname in ('mandant_owner', 'mandant_user', 'mandant_admin', 'mandant_service', 'crm_owner', 'report_de') order by 1;
-- the menu says the same
select count(*) > 20 as has_a_menu, bool_and(purpose <> '') as each_with_a_purpose from mandant.help();
select name, arguments from mandant.help('tenants');
