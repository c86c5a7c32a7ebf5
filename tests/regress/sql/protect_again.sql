-- Every protected table of the database is as protect() makes it: its keys, its two locks, and eight policies, of which each
-- floor says what its policy says, to everybody. AC-07 MD-03
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
begin;
create temp view rule as
  select c.oid::regclass::text as relation, 'row security' as what, format('enabled %s, forced %s', c.relrowsecurity, c.relforcerowsecurity) as says
  from pg_class c join mandant_internal.protected_table t on t.relation = c.oid
  union all
  select p.polrelid::regclass::text, p.polname,
    concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  from pg_policy p join mandant_internal.protected_table t on t.relation = p.polrelid;
create temp table before as select * from rule;
select count(distinct relation) >= 4 as tables, count(*) = 9 * count(distinct relation) as rules from before;
do $$
declare
  t mandant_internal.protected_table;
begin
  for t in select * from mandant_internal.protected_table order by relation::text loop
    perform mandant.protect(t.relation, t.object, t.owner_column, t.team_column, t.kind_column);
  end loop;
end
$$;
-- what it was, and what protect() has made of it: nothing
(table before except table rule) order by 1, 2;
(table rule except table before) order by 1, 2;
-- each policy has a floor that says the same
select r.relation, r.what from rule r
where r.what like 'mandant\_%' and r.what !~ '_floor$'
  and not exists (select from rule f where f.relation = r.relation and f.what = r.what || '_floor'
                  and f.says = regexp_replace(r.says, ' t ', ' f '))
order by 1, 2;
-- and what of these tables may be written: never the tenant of a row that is there, nor an id of one's choice
select a.attrelid::regclass, a.attname, p.privilege
from mandant_internal.protected_table t
  join pg_attribute a on a.attrelid = t.relation and a.attnum > 0 and not a.attisdropped, unnest(array['insert', 'update']) as p (privilege)
where a.attname in ('id', 'tenant_id') and (a.attname, p.privilege) <> ('tenant_id', 'insert')
  and has_column_privilege('mandant_user', t.relation, a.attnum, p.privilege)
order by 1, 2, 3;
rollback;
