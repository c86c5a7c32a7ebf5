-- Rules of tables: what is protected, what should be, and what tells of rows in spite of it.

create function mandant_internal.table_finding() returns table (rule text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off
begin atomic
  with examined as materialized (
    select e.* from mandant_internal.examined e
  ), granted as materialized (
    select g.relation, string_agg(distinct mandant_internal.role_name(g.grantee), ', ') as grantees
      from mandant_internal.table_grant g join examined e on e.oid = g.relation
      group by g.relation
  ), tenant_column as materialized ( -- named so, or known by its default or reference
    select a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid) as default_value,
           row_number() over (partition by a.attrelid order by a.attname = 'tenant_id' desc, a.attnum) as rank
      from examined e join pg_attribute a on a.attrelid = e.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attname = 'tenant_id'
         or exists (select from pg_depend x
                      where x.classid = 'pg_attrdef'::regclass and x.objid = d.oid and x.refclassid = 'pg_proc'::regclass
                        and x.refobjid = 'mandant.current_tenant()'::regprocedure)
         or exists (select from pg_constraint c
                      where c.conrelid = a.attrelid and c.contype = 'f' and c.conkey = array[a.attnum]
                        and c.confrelid = 'mandant_internal.tenant'::regclass)
  ), key_problem as materialized (
    select k.* from mandant_internal.key_problem(
      array(select e.oid::regclass from examined e
              where e.relkind in ('r', 'p')
                and (e.protected or e.oid in (select t.attrelid from tenant_column t)))) k
  ), parent as materialized (
    select i.inhrelid as child, i.inhparent as parent from pg_inherits i
      where i.inhparent in (select e.oid from examined e)
  ), sequence_of as materialized (
    select d.refobjid as relation, d.refobjsubid as attnum, d.objid as sequence
      from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
      where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    union
    select a.adrelid, a.adnum, d.refobjid
      from pg_depend d join pg_attrdef a on a.oid = d.objid join pg_class s on s.oid = d.refobjid and s.relkind = 'S'
      where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
  )
  -- open to others and not protected
  select 'unprotected_table', e.name,
         format('%s.%I says whose row it is, %s may use the table, and row security does not hold them',
                e.name, t.attname, g.grantees),
         case
           when e.relkind = 'f' then null -- foreign_table_granted
           when t.atttypid <> 'int'::regtype then
             format('-- make %s.%I the integer of mandant.tenant.id, then: %s', e.name, t.attname,
                    mandant_internal.protect_call(e.oid))
           else concat(case when t.attname <> 'tenant_id' then
                         format('alter table %s rename column %I to tenant_id; ', e.name, t.attname) end,
                       case when not t.attnotnull then format('alter table %s alter tenant_id set not null; ', e.name) end,
                       (select string_agg(k.fix || '; ', '' order by k.rule = 'index_missing', k.object)
                          from key_problem k
                          where k.relation = e.oid
                            -- a key that is made to begin with tenant_id is an index
                            and not (k.rule = 'index_missing' and exists (
                                  select from key_problem o where o.relation = e.oid and o.rule = 'key_without_tenant'))
                            -- what has the column already follows its new name
                            and not (t.attname <> 'tenant_id' and (k.rule = 'foreign_key_without_tenant'
                                  or exists (select from pg_index i
                                               where i.indrelid = e.oid and t.attnum = any (i.indkey::smallint[])
                                                 and (i.indkey[0] = t.attnum or i.indexrelid::regclass::text = k.object))))),
                       mandant_internal.protect_call(e.oid))
         end
    from examined e join tenant_column t on t.attrelid = e.oid and t.rank = 1 join granted g on g.relation = e.oid
    where not e.protected and e.relkind in ('r', 'p')
      and not exists (select from parent p where p.child = e.oid) -- its parent is found, or unprotected_child
  union all
  select 'unprotected_reference', e.name,
         format('%s refers to rows of %s, which are tenants'', and %s may use it', e.name, c.confrelid::regclass, g.grantees),
         (select string_agg(distinct format('revoke all on %s from %s cascade', e.name, mandant_internal.role_name(x.grantee)), '; ')
            from mandant_internal.table_grant x where x.relation = e.oid)
    from examined e join granted g on g.relation = e.oid
    join lateral (select c.confrelid from pg_constraint c join examined p on p.oid = c.confrelid and p.protected
                    where c.conrelid = e.oid and c.contype = 'f' order by c.conname limit 1) c on true
    where not e.protected and not exists (select from tenant_column t where t.attrelid = e.oid)
      and not exists (select from parent p where p.child = e.oid)
  union all
  select 'undeclared_table', e.name,
         format('%s may use %s, which is not protected although others beside it are', g.grantees, e.name),
         format('select mandant.unprotect(%L)', e.name) -- says that it is shared
    from examined e join granted g on g.relation = e.oid
    where not e.protected and e.relkind in ('r', 'p')
      and e.relnamespace in (select p.relnamespace from examined p where p.protected)
      and not exists (select from mandant_internal.unprotected_table u where u.relation = e.oid and u.shared)
      and not exists (select from tenant_column t where t.attrelid = e.oid)
      -- what has something to do with tenants is found by what it has
      and not exists (select from parent p where p.child = e.oid)
      and not exists (select from parent p join examined x on x.oid = p.child and x.protected where p.parent = e.oid)
      and not exists (select from pg_constraint c join examined p on p.oid = c.confrelid and p.protected
                        where c.conrelid = e.oid and c.contype = 'f')
  union all
  select 'shared_writable', e.name,
         format('%s may write %s, which all tenants share, and no right is asked for', (
           select string_agg(distinct mandant_internal.role_name(g.grantee), ', ') from mandant_internal.table_grant g
             where g.relation = e.oid and g.privilege in ('INSERT', 'UPDATE', 'DELETE')), e.name),
         format('select mandant.share(%L)', e.name)
    from examined e join mandant_internal.unprotected_table u on u.relation = e.oid and u.shared and u.object is null
    where e.relkind = 'r' and not exists (select from tenant_column t where t.attrelid = e.oid)
      and exists (select from mandant_internal.table_grant g
                    where g.relation = e.oid and g.privilege in ('INSERT', 'UPDATE', 'DELETE'))
  union all
  select 'shared_unkept', e.name,
         format('%s of %s does not do what mandant.share() made it for', string_agg(s.name, ', ' order by s.name), e.name),
         format('select mandant.share(%L, %L)', e.name, u.object)
    from examined e join mandant_internal.unprotected_table u on u.relation = e.oid and u.object is not null
    cross join lateral mandant_internal.shared_triggers(e.oid, u.object) s
    where not exists (select from pg_trigger t
                        where t.tgrelid = e.oid and t.tgname = s.name and t.tgenabled in ('O', 'A')
                          and pg_get_triggerdef(t.oid) = s.definition)
       or exists (select from pg_inherits i where e.oid in (i.inhrelid, i.inhparent))
    group by e.name, u.object
  union all
  select 'unprotected_child', e.name,
         format('%s is part of %s, and whoever may use it by itself sees all of its rows', e.name, p.parent::regclass),
         case when e.relkind = 'f' then
           format('alter table %s %s', case when k.relkind = 'p' then p.parent::regclass else e.oid::regclass end,
                  case when k.relkind = 'p' then format('detach partition %s', e.name)
                       else format('no inherit %s', p.parent::regclass) end)
         else concat((select string_agg(q.fix || '; ', '')
                        from mandant_internal.key_problem(array[e.oid::regclass]) q),
                     mandant_internal.protect_call(p.parent)) end
    from examined e join parent p on p.child = e.oid join examined k on k.oid = p.parent and k.protected
    where not e.protected
  union all
  select 'unprotected_parent', k.name,
         format('%s shows the rows of %s, and %s may use it', k.name, e.name, g.grantees),
         (select string_agg(distinct format('revoke all on %s from %s cascade', k.name, mandant_internal.role_name(x.grantee)), '; ')
            from mandant_internal.table_grant x where x.relation = k.oid)
    from examined e join parent p on p.child = e.oid join examined k on k.oid = p.parent and not k.protected
    join granted g on g.relation = k.oid
    where e.protected and not exists (select from tenant_column t where t.attrelid = k.oid)
  union all
  select 'child_unlike_parent', e.name,
         format('%s is protected as %s by (%s), its parent %s as %s by (%s)', e.name, e.object,
                concat_ws(', ', e.owner_column, e.team_column, e.kind_column), k.name, k.object,
                concat_ws(', ', k.owner_column, k.team_column, k.kind_column)),
         mandant_internal.protect_call(k.oid)
    from examined e join parent p on p.child = e.oid join examined k on k.oid = p.parent and k.protected
    where e.protected
      and (e.object, e.owner_column, e.team_column, e.kind_column)
        is distinct from (k.object, k.owner_column, k.team_column, k.kind_column)
  -- protected, but
  union all
  select 'row_security_off', e.name, format('the policies of %s hold nobody', e.name),
         format('alter table %s enable row level security', e.name)
    from examined e where e.protected and not e.relrowsecurity
  union all
  select 'row_security_not_forced', e.name,
         format('%s, and what runs as that owner, sees every row of %s', e.relowner::regrole, e.name),
         format('alter table %s force row level security', e.name)
    from examined e where e.protected and not e.relforcerowsecurity
  union all
  select 'tenant_column_missing', e.name,
         case when a.attname is null then format('%s has no column tenant_id', e.name)
              else format('tenant_id of %s is now called %I', e.name, a.attname) end,
         case when a.attname is null then format('-- whose the rows of %s are is lost: restore the column, then: %s', e.name,
                                                 mandant_internal.protect_call(e.oid))
              else format('alter table %s rename column %I to tenant_id', e.name, a.attname) end
    from examined e
    left join lateral ( -- the policies still know it
      select distinct a.attname from pg_policy p
        join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
                        and d.refobjid = e.oid
        join pg_attribute a on a.attrelid = e.oid and a.attnum = d.refobjsubid and a.atttypid = 'int'::regtype
        where p.polrelid = e.oid and p.polname = 'mandant_select') a on true
    where e.protected
      and not exists (select from tenant_column t where t.attrelid = e.oid and t.attname = 'tenant_id')
  union all
  select 'protected_column_missing', e.name, format('%s has no column %I any more, by which it is protected', e.name, c.name),
         format('-- alter table %s rename column ... to %I, or %s with the column it is now', e.name, c.name,
                mandant_internal.protect_call(e.oid))
    from examined e, lateral (values (e.owner_column), (e.team_column), (e.kind_column)) as c (name)
    where e.protected and c.name is not null
      and not exists (select from pg_attribute a where a.attrelid = e.oid and a.attname = c.name and not a.attisdropped)
  union all
  select 'tenant_column_nullable', e.name, format('a row of %s without tenant_id is lost to everybody', e.name),
         format('alter table %s alter tenant_id set not null', e.name)
    from examined e join tenant_column t on t.attrelid = e.oid and t.attname = 'tenant_id' and not t.attnotnull
    where e.protected
  union all
  select 'tenant_column_default', e.name,
         format('a new row of %s gets tenant_id %s', e.name, coalesce(t.default_value, 'null')),
         format('alter table %s alter tenant_id set default mandant.current_tenant()', e.name)
    from examined e join tenant_column t on t.attrelid = e.oid and t.attname = 'tenant_id'
    where e.protected and t.default_value is distinct from 'mandant.current_tenant()'
  union all
  select k.rule, k.object, k.problem, k.fix
    from key_problem k join examined e on e.oid = k.relation and e.protected
    where exists (select from tenant_column t where t.attrelid = e.oid and t.attname = 'tenant_id')
  union all
  select 'counting_key', format('%s.%I', e.name, a.attname),
         format('%s counts the rows of all tenants: two values tell how many were made in between', s.sequence::regclass),
         format('-- give %s a key (tenant_id, id) with id uuid default mandant.new_id(), or draw numbers with mandant.next_number',
                e.name)
    from examined e join sequence_of s on s.relation = e.oid
    join pg_attribute a on a.attrelid = e.oid and a.attnum = s.attnum
    where e.protected and not exists (select from parent p where p.child = e.oid)
  union all
  select 'no_primary_key', e.name, format('rows of %s cannot be told apart', e.name),
         case when k.columns is null then
           format('-- alter table %s add primary key (tenant_id, ...) with what it is partitioned by', e.name)
         else format('alter table %s %sadd primary key (tenant_id, id%s)', e.name,
                case when a.attname is null then 'add column id uuid not null default mandant.new_id(), ' end, k.columns) end
    from examined e left join pg_attribute a on a.attrelid = e.oid and a.attname = 'id' and not a.attisdropped
    left join pg_partitioned_table t on t.partrelid = e.oid,
         lateral (select case when 0 <> all (coalesce(t.partattrs, '')::smallint[]) then coalesce(
             (select string_agg(', ' || quote_ident(c.attname), '' order by c.attnum) from pg_attribute c
                where c.attrelid = e.oid and c.attnum = any (t.partattrs::smallint[]) and c.attname not in ('tenant_id', 'id')), '')
           end) k (columns)
    where e.protected and not exists (select from parent p where p.child = e.oid)
      and not exists (select from pg_index i where i.indrelid = e.oid and i.indisprimary)
  union all
  select 'grant_beyond_rows', format('%s %s', e.name, mandant_internal.role_name(g.grantee)),
         format('%s on %s is not held by row security: %s', g.privilege, e.name,
                case g.privilege when 'TRUNCATE' then 'it removes the rows of all tenants'
                  when 'TRIGGER' then 'it runs code with the rights of whoever writes'
                  when 'REFERENCES' then 'it tells which keys are there'
                  else 'it locks others out' end),
         format('revoke %s%s on %s from %s cascade', lower(g.privilege), ' (' || quote_ident(g.column_name) || ')', e.name,
                mandant_internal.role_name(case when g.grantor = e.relowner then g.grantee else g.grantor end))
    from examined e join mandant_internal.table_grant g on g.relation = e.oid
    where e.protected and g.privilege in ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN')
  union all
  select 'rule_on_table', format('%s.%I', e.name, r.rulename),
         format('what rule %I does instead of or beside a statement on %s, it does with the rights of %s', r.rulename, e.name,
                e.relowner::regrole),
         format('drop rule %I on %s', r.rulename, e.name)
    from examined e join pg_rewrite r on r.ev_class = e.oid
    where e.protected
  union all
  select 'trigger_disabled', format('%s.%I', t.tgrelid::regclass, t.tgname),
         format('%s does not do what trigger %I is there for', t.tgrelid::regclass, t.tgname),
         format('alter table %s enable trigger %I', t.tgrelid::regclass, t.tgname)
    from pg_trigger t
    where t.tgenabled not in ('O', 'A')
      and (t.tgrelid in (select e.oid from examined e where e.protected)
           or t.tgrelid in (select c.oid from pg_class c where c.relnamespace = 'mandant_internal'::regnamespace))
  -- what shows rows of protected tables, and is none
  union all
  select 'materialized_view_granted', e.name,
         format('%s holds rows of %s of every tenant, and %s may use it', e.name,
                (select string_agg(v.relation::regclass::text, ', ' order by v.relation::regclass::text)
                   from mandant_internal.view_reads v join examined p on p.oid = v.relation and p.protected
                   where v.view = e.oid), g.grantees),
         (select string_agg(distinct format('revoke all on %s from %s cascade', e.name, mandant_internal.role_name(x.grantee)), '; ')
            from mandant_internal.table_grant x where x.relation = e.oid)
    from examined e join granted g on g.relation = e.oid
    where e.relkind = 'm'
      and exists (select from mandant_internal.view_reads v join examined p on p.oid = v.relation and p.protected
                    where v.view = e.oid)
  union all
  select 'published', format('%s %I', e.name, p.pubname),
         format('whoever subscribes to publication %I gets the rows of %s of every tenant', p.pubname, e.name),
         case
           when p.puballtables then format('drop publication %I', p.pubname)
           else concat_ws('; ',
             (select string_agg(format('alter publication %I drop table %s', p.pubname, r.prrelid::regclass), '; ')
                from pg_publication_rel r
                where r.prpubid = p.oid
                  and (r.prrelid = e.oid or r.prrelid in (select a from pg_partition_ancestors(e.oid) a))),
             (select format('alter publication %I drop tables in schema %s', p.pubname, s.pnnspid::regnamespace)
                from pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid = e.relnamespace))
         end
    from pg_publication p, lateral pg_get_publication_tables(p.pubname) t join examined e on e.oid = t.relid
    where e.protected
  union all
  select 'foreign_table_granted', e.name,
         format('row security does not hold at the other end of %s, and %s may use it', e.name, g.grantees),
         (select string_agg(distinct format('revoke all on %s from %s cascade', e.name, mandant_internal.role_name(x.grantee)), '; ')
            from mandant_internal.table_grant x where x.relation = e.oid)
    from examined e join granted g on g.relation = e.oid
    where e.relkind = 'f'
      and (e.relnamespace in (select p.relnamespace from examined p where p.protected)
           or e.oid in (select t.attrelid from tenant_column t))
  union all
  select 'large_object_granted', format('%s %s', l.oid, mandant_internal.role_name(a.grantee)),
         format('%s may %s large object %s, whatever tenant it is of', mandant_internal.role_name(a.grantee),
                string_agg(lower(a.privilege_type), ' and ' order by a.privilege_type), l.oid),
         format('revoke all on large object %s from %s cascade', l.oid, mandant_internal.role_name(a.grantee))
    from pg_largeobject_metadata l, aclexplode(l.lomacl) a
    where a.grantee <> l.lomowner
    group by l.oid, a.grantee
  union all
  select 'dangling_table', p.relation::oid::text, format('the table protected as %s was dropped', p.object),
         format('delete from mandant_internal.protected_table where relation = %s', p.relation::oid)
    from mandant_internal.protected_table p
    where not exists (select from pg_class c where c.oid = p.relation)
  union all
  select 'dangling_table', u.relation::oid::text, 'the table that was registered as not protected was dropped',
         format('delete from mandant_internal.unprotected_table where relation = %s', u.relation::oid)
    from mandant_internal.unprotected_table u
    where not exists (select from pg_class c where c.oid = u.relation);
end;
