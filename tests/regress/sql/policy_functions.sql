-- What policies call and what the planner puts in its place: as stable as a plan that outlives a transaction needs, found by
-- the planner, and false for whatever is no tenant. AC-07 AC-10
\pset format unaligned
\pset tuples_only on
select format('%s %s%s%s%s', p.oid::regprocedure, case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  case p.proparallel when 's' then ', parallel safe' end, case when p.proleakproof then ', leakproof' end,
  case when p.prosupport <> 0 then ', support ' || p.prosupport end)
from pg_proc p
where p.pronamespace = 'mandant_internal'::regnamespace and p.prosrc like 'mandant\_%'
order by p.oid::regprocedure::text;
-- planned, and called as they are, because the object is not known beforehand
set role report_de;
select count(*), bool_and(id = mandant.current_tenant())
from generate_series(-100, 200) as id where mandant_internal.in_tenant('customer', 'read', id);
select count(*), bool_and(id = mandant.current_tenant())
from generate_series(-100, 200) as id, (select 'customer' as object offset 0) o where mandant_internal.in_whole_tenant(object, 'read', id);
set role report_group;
select id
from (values (null), (0), (-1), (2147483647), (-2147483648), (63), (64), (65), (1000000)) as v (id), (select 'customer' as object offset 0) o
where mandant_internal.in_tenant('customer', 'read', id) or mandant_internal.in_whole_tenant('customer', 'read', id)
  or mandant_internal.in_tenant(object, 'read', id) or mandant_internal.in_whole_tenant(object, 'read', id)
  or mandant_internal.in_depth(object, 'read', id, null, null, null);
