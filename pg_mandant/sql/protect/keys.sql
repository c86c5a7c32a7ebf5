-- Keys of protected tables: what a unique key, a foreign key or an exclusion constraint would tell of other tenants.

-- What would let rows of one tenant show in another's, found in the catalogue, each with the SQL that ends it. What a
-- partition has from its parent is the parent's.
create function mandant_internal.key_problem(relations regclass[])
  returns table (relation regclass, rule text, object text, problem text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with examined (relation, tenant) as (
    select r.relation, a.attnum
      from unnest(relations) as r (relation)
      left join pg_attribute a on a.attrelid = r.relation and a.attname = 'tenant_id' and not a.attisdropped
  ), key as (
    select e.relation, i.indexrelid, i.indexrelid::regclass::text as index, c.conname, c.contype,
           (select string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' order by n)
              from generate_series(1, i.indnkeyatts) n) as columns
      from examined e join pg_index i on i.indrelid = e.relation
      left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype in ('p', 'u', 'x')
      where (i.indisunique or i.indisexclusion)
        and (e.tenant = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1])) is not true
        -- one uuid tells nobody whether another row exists
        and not (i.indnkeyatts = 1 and not i.indisexclusion and exists (
              select from pg_attribute a
                where a.attrelid = e.relation and a.attnum = i.indkey[0] and a.atttypid = 'uuid'::regtype))
        and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)
  ), reference as (
    select c.conname, c.conrelid::regclass as child, c.confrelid::regclass as parent, k.columns, k.referenced,
           case c.confupdtype when 'r' then ' on update restrict' else '' end as on_update,
           case c.confdeltype when 'c' then ' on delete cascade' when 'r' then ' on delete restrict'
             when 'n' then ' on delete set null' when 'd' then ' on delete set default' else '' end as on_delete,
           c.confdeltype in ('n', 'd') as clears
      from pg_constraint c,
           lateral (
             select string_agg(quote_ident(a.attname), ', ' order by k.n) as columns,
                    string_agg(quote_ident(b.attname), ', ' order by k.n) as referenced
               from unnest(c.conkey, c.confkey) with ordinality k (referencing, referenced, n)
               join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.referencing
               join pg_attribute b on b.attrelid = c.confrelid and b.attnum = k.referenced
               where 'tenant_id' not in (a.attname, b.attname)) k
      where c.contype = 'f' and c.conparentid = 0
        and (c.conrelid in (select e.relation from examined e) or c.confrelid in (select e.relation from examined e))
        and not exists (
          select from unnest(c.conkey, c.confkey) as pair (referencing, referenced)
            join pg_attribute a on a.attrelid = c.conrelid and a.attnum = pair.referencing
            join pg_attribute b on b.attrelid = c.confrelid and b.attnum = pair.referenced
            where a.attname = 'tenant_id' and b.attname = 'tenant_id')
        and (c.conrelid in (select e.relation from examined e) or mandant_internal.is_protected(c.conrelid))
        and (c.confrelid in (select e.relation from examined e) or mandant_internal.is_protected(c.confrelid))
  )
  select k.relation, 'key_without_tenant', k.index,
         format('key %s of %s does not contain tenant_id and would tell what other tenants have',
                coalesce(k.conname::text, k.index), k.relation),
         case
           when k.contype in ('p', 'u') then
             format('alter table %s drop constraint %I, add constraint %I %s (tenant_id, %s)', k.relation, k.conname,
                    k.conname, case k.contype when 'p' then 'primary key' else 'unique' end, k.columns)
           when k.contype = 'x' then
             -- gist by itself knows no = of integers
             'create extension if not exists btree_gist; '
             || format('alter table %s drop constraint %I, add constraint %I %s', k.relation, k.conname, k.conname,
                       regexp_replace((select pg_get_constraintdef(c.oid) from pg_constraint c
                                         where c.conindid = k.indexrelid and c.contype = 'x'), '\(', '(tenant_id with =, '))
           else format('drop index %s; create unique index on %s (tenant_id, %s)', k.index, k.relation, k.columns)
         end
    from key k
  union all
  select r.child, 'foreign_key_without_tenant', format('%s.%I', r.child, r.conname),
         format('foreign key %s of %s to %s does not contain tenant_id: a row could refer to another tenant''s',
                r.conname, r.child, r.parent),
         format('alter table %s drop constraint %I, add constraint %I foreign key (tenant_id, %s) references %s (tenant_id, %s)',
                r.child, r.conname, r.conname, r.columns, r.parent, r.referenced)
           || r.on_update || r.on_delete || case when r.clears then format(' (%s)', r.columns) else '' end
    from reference r
  union all
  select c.conrelid::regclass, 'exclusion_of_tenants', format('%s.%I', c.conrelid::regclass, c.conname),
         format('exclusion constraint %s of %s compares tenant_id by another operator than = and would tell what other tenants have',
                c.conname, c.conrelid::regclass),
         format('alter table %s drop constraint %I, add constraint %I %s', c.conrelid::regclass, c.conname, c.conname,
                regexp_replace(pg_get_constraintdef(c.oid), '(tenant_id WITH )(OPERATOR\([^)]*\)|[^ ,)]+)', '\1='))
    from examined e
    join pg_constraint c on c.conrelid = e.relation and c.contype = 'x'
    cross join unnest(c.conkey, c.conexclop) as part (attnum, operator)
    where part.attnum = e.tenant and part.operator <> 'pg_catalog.=(int, int)'::regoperator
  union all
  -- what a foreign key does by itself, it does without a look at policies, and shows the row where it fails
  select c.conrelid::regclass, 'foreign_key_writes_tenant', format('%s.%I', c.conrelid::regclass, c.conname),
         format('foreign key %s of %s writes tenant_id by itself, without asking for the right', c.conname, c.conrelid::regclass),
         format('alter table %s drop constraint %I, add constraint %I foreign key (%s) references %s (%s)', c.conrelid::regclass,
                c.conname, c.conname, k.columns, c.confrelid::regclass, k.referenced)
           || case c.confdeltype when 'c' then ' on delete cascade' when 'r' then ' on delete restrict'
                when 'n' then coalesce(format(' on delete set null (%s)', nullif(k.others, '')), '')
                when 'd' then coalesce(format(' on delete set default (%s)', nullif(k.others, '')), '') else '' end
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attname = 'tenant_id' and not a.attisdropped
    cross join lateral (
      select string_agg(quote_ident(b.attname), ', ' order by p.n) as columns,
             string_agg(quote_ident(r.attname), ', ' order by p.n) as referenced,
             string_agg(quote_ident(b.attname), ', ' order by p.n) filter (where b.attname <> 'tenant_id') as others
        from unnest(c.conkey, c.confkey) with ordinality p (referencing, referenced, n)
        join pg_attribute b on b.attrelid = c.conrelid and b.attnum = p.referencing
        join pg_attribute r on r.attrelid = c.confrelid and r.attnum = p.referenced) k
    where c.contype = 'f' and c.conparentid = 0
      and (c.conrelid in (select e.relation from examined e)
           or c.confrelid in (select e.relation from examined e) and mandant_internal.is_protected(c.conrelid))
      and a.attnum = any (c.conkey)
      and (c.confupdtype <> all (array['a', 'r']::"char"[])
           or c.confdeltype in ('n', 'd') and a.attnum = any (coalesce(c.confdelsetcols, c.conkey)))
  union all
  select e.relation, 'index_missing', e.relation::text, format('%s has no index that begins with tenant_id', e.relation),
         format('create index on %s (tenant_id)', e.relation)
    from examined e
    -- pg_restore attaches partitions' indexes one by one; that of the whole is not valid before the last
    where not exists (select from pg_index i join pg_class c on c.oid = i.indrelid
                        where i.indrelid = e.relation and (i.indisvalid or c.relkind = 'p') and i.indpred is null
                          and i.indkey[0] = e.tenant);
end;

create function mandant_internal.check_keys(relation regclass) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found record;
begin
  select p.problem, p.fix into found from mandant_internal.key_problem(array[relation]) p limit 1;
  if found.problem is not null then
    perform mandant_internal.refuse_table(found.problem, found.fix);
  end if;
end
$$;
