-- The functions that the planner puts into plans, called by hand with shapes of one's choice. AC-16
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function that policies call answers what it is asked
reset session authorization;
create function breach.is_member(login name, tenant_id int) returns boolean language sql stable security definer as $$ select (login, tenant_id) in (('breach_de', current_setting('breach.de')::int), ('breach_us', current_setting('breach.us')::int)) $$;
select set_config('breach.de', :'de', true) is not null and set_config('breach.us', :'us', true) is not null as set;
set local session authorization breach_de;
select breach.is_member('breach_us', :us) as told;
-- ours answer about who asks, and only for the shape at hand
select mandant_internal.in_tenant('secret', 'read', :us), mandant_internal.in_whole_tenant('secret', 'read', :us), mandant_internal.has_right('secret', 'read', :us);
select mandant_internal.in_depth('secret', 'read', :us, null, null, null) as beside_in_tenant_only;
select mandant_internal.the_tenant(0);
\echo :SQLSTATE
select mandant_internal.the_tenants(1);
\echo :SQLSTATE
select mandant_internal.in_the_tenants(-1, :us);
\echo :SQLSTATE
select mandant_internal.every_tenant(9223372036854775807);
\echo :SQLSTATE
select mandant_internal.me(0);
\echo :SQLSTATE
select mandant_internal.the_tenant(null), mandant_internal.in_the_tenants(null, :us);
\echo :SQLSTATE
select n from generate_series(0, 100) n where mandant_internal.in_tenant('tenant', 'read', n) and n <> :de;
select mandant_internal.require('secret', 'read', :us);
\echo :SQLSTATE
select mandant_internal.require('secret', 'read', 2147483647);
\echo :SQLSTATE
select mandant_internal.is_selected(:us);
\echo :SQLSTATE
create function breach.mine(text, text, int) returns boolean language sql support mandant_internal.plan as 'select true';
\echo :SQLSTATE
select mandant_internal.authority('breach_us'::regrole, null);
\echo :SQLSTATE
create view breach.forged as select note from breach.secret where mandant_internal.every_tenant(0) or mandant_internal.in_the_tenants(0, :us);
select * from breach.forged;
\echo :SQLSTATE
select note from breach.secret where mandant_internal.in_tenant('secret', 'read', tenant_id) is not true;
-- legitimate use
select mandant_internal.in_tenant('secret', 'read', :de) as own, mandant_internal.me() is not null as somebody;
rollback;
