-- From 0.1.0 to 0.1.1: a grant asks ten times faster which tables nobody decided on, so that a dump is restored sooner.

create or replace function mandant_internal.private_tables() returns setof regclass
  language plpgsql stable
  security definer -- reads the list of tables
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select u.relation from mandant_internal.unprotected_table u where not u.shared
  union all
  select c.oid::regclass
    from pg_class c
    where c.relkind in ('r', 'p', 'f', 'm') and c.relpersistence <> 't'
      and c.relnamespace in (select other.relnamespace from mandant_internal.protected_table p
                               join pg_class other on other.oid = p.relation where p.complete)
      and not exists (select from mandant_internal.protected_table p where p.relation = c.oid)
      and not exists (select from mandant_internal.unprotected_table u where u.relation = c.oid)
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');
end
$$;
