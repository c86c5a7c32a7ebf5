-- Which rows: the functions that policies call, those the planner puts in their place, and protect(), which makes policies.
-- One policy per command, and a restrictive floor of the same expression: two different ones get different security
-- levels and lose the index.

create function mandant_internal.plan(internal) returns internal
  language c immutable strict
  as 'MODULE_PATHNAME', 'mandant_plan';
comment on function mandant_internal.plan(internal) is
  'Planner support: replaces a policy function by the filter one would have written, and estimates it.';

create function mandant_internal.in_tenant(object text, action text, tenant_id int) returns boolean
  language c stable parallel safe
  support mandant_internal.plan
  as 'MODULE_PATHNAME', 'mandant_in_tenant';
comment on function mandant_internal.in_tenant(text, text, int) is
  'Whether the right to do the action with the object reaches into the row''s tenant, within the selection.';

create function mandant_internal.in_whole_tenant(object text, action text, tenant_id int) returns boolean
  language c stable parallel safe
  support mandant_internal.plan
  as 'MODULE_PATHNAME', 'mandant_in_whole_tenant';
comment on function mandant_internal.in_whole_tenant(text, text, int) is
  'As in_tenant, for tables without owner, team and kind: a right to one''s own rows reaches none of them.';

create function mandant_internal.in_depth(
    object text, action text, tenant_id int, owner_id uuid, team_id uuid, kind text)
  returns boolean
  language c stable parallel safe
  support mandant_internal.plan
  as 'MODULE_PATHNAME', 'mandant_in_depth';
comment on function mandant_internal.in_depth(text, text, int, uuid, uuid, text) is
  'Whether the right reaches as far as the row: every row of the tenant, or one''s own. Only beside in_tenant.';

create function mandant_internal.the_tenant(shape bigint) returns int
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'mandant_the_tenant';
create function mandant_internal.the_tenant(shape bigint, object text, action text) returns int
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'mandant_the_tenant';
create function mandant_internal.the_tenants(shape bigint) returns int[]
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'mandant_the_tenants';
create function mandant_internal.the_tenants(shape bigint, object text, action text) returns int[]
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'mandant_the_tenants';
create function mandant_internal.in_the_tenants(shape bigint, tenant_id int) returns boolean
  language c stable parallel safe
  support mandant_internal.plan
  as 'MODULE_PATHNAME', 'mandant_in_the_tenants';
create function mandant_internal.in_the_tenants(shape bigint, object text, action text, tenant_id int) returns boolean
  language c stable parallel safe
  support mandant_internal.plan
  as 'MODULE_PATHNAME', 'mandant_in_the_tenants';
create function mandant_internal.every_tenant(shape bigint) returns boolean
  language c stable parallel safe
  support mandant_internal.plan
  as 'MODULE_PATHNAME', 'mandant_every_tenant';
create function mandant_internal.me(shape bigint) returns uuid
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'mandant_me';

create table mandant_internal.protected_table (
  relation regclass primary key,
  object text not null,
  owner_column name,
  team_column name,
  kind_column name,
  constraint protected_table_object_format check (object ~ '^[a-z][a-z0-9_]{0,62}$')
);

create function mandant_internal.register(
    relation regclass, object text, owner_column name, team_column name, kind_column name)
  returns void
  language plpgsql volatile
  security definer -- writes the list of protected tables, for owners of the table only
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if pg_has_role(mandant_internal.outer_user(), (select c.relowner from pg_class c where c.oid = register.relation),
                 'member') is not true then
    raise exception using errcode = 'insufficient_privilege',
      message = format('you do not own %s', register.relation), hint = 'the owner of a table protects it';
  end if;
  delete from mandant_internal.protected_table p where p.relation = register.relation;
  if register.object is not null then
    insert into mandant_internal.protected_table
      values (register.relation, register.object, register.owner_column, register.team_column, register.kind_column);
  end if;
end
$$;

create function mandant_internal.is_protected(relation regclass) returns boolean
  language sql stable
  security definer -- reads the list of protected tables
  set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from mandant_internal.protected_table p where p.relation = is_protected.relation);
end;

create function mandant_internal.refuse_table(problem text, fix text) returns void
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'invalid_table_definition', message = problem, hint = fix;
end
$$;

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
           case c.confupdtype when 'c' then ' on update cascade' when 'r' then ' on update restrict' else '' end as on_update,
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
  select e.relation, 'index_missing', e.relation::text, format('%s has no index that begins with tenant_id', e.relation),
         format('create index on %s (tenant_id)', e.relation)
    from examined e
    where not exists (select from pg_index i
                        where i.indrelid = e.relation and i.indisvalid and i.indpred is null and i.indkey[0] = e.tenant);
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

-- A column as the policies of a table name it, written as PostgreSQL prints it; null if there is none of that type.
create function mandant_internal.column_argument(relation regclass, column_name name, type regtype) returns text
  language sql stable
begin atomic
  select case when column_name is null then format('NULL::%s', type) else (
      select case when type = 'text'::regtype and a.atttypid <> type then format('(%I)::text', a.attname)
                  else quote_ident(a.attname) end
        from pg_attribute a
        where a.attrelid = relation and a.attname = column_name and a.attnum > 0 and not a.attisdropped
          and (a.atttypid = type or type = 'text'::regtype)) end;
end;

-- The policies of a protected table, with expressions as PostgreSQL prints them: protect() makes them, lint() compares.
create function mandant_internal.policy_of(
    relation regclass, object text, owner_column name, team_column name, kind_column name)
  returns table (name name, command text, action text, permissive boolean, filter text, "check" text)
  language sql stable
begin atomic
  with column_arguments (columns) as (
    select concat_ws(', ', mandant_internal.column_argument(relation, owner_column, 'uuid'),
                     mandant_internal.column_argument(relation, team_column, 'uuid'),
                     mandant_internal.column_argument(relation, kind_column, 'text'))
  )
  select format('mandant_%s%s', c.command, f.suffix), c.command, c.action, f.permissive,
         case when c.filters then e.expression end, case when c.checks then e.expression end
    from column_arguments a,
         (values ('select', 'read', true, false), ('insert', 'create', false, true),
                 ('update', 'update', true, true), ('delete', 'delete', true, false))
           as c (command, action, filters, checks),
         lateral (select case when coalesce(owner_column, team_column, kind_column) is null then
             format('mandant_internal.in_whole_tenant(%L::text, %L::text, tenant_id)', object, c.action)
           else
             format('(mandant_internal.in_tenant(%1$L::text, %2$L::text, tenant_id) AND '
                    'mandant_internal.in_depth(%1$L::text, %2$L::text, tenant_id, %3$s))', object, c.action, a.columns)
           end) as e (expression),
         (values ('', true), ('_floor', false)) as f (suffix, permissive);
end;

create function mandant_internal.drop_policies(relation regclass) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  policy name;
begin
  for policy in select p.polname from pg_policy p where p.polrelid = relation and p.polname like 'mandant\_%' loop
    execute format('drop policy %I on %s', policy, relation);
  end loop;
end
$$;

create function mandant.protect(
    "table" regclass, object text default null, owner text default null, team text default null, kind text default null)
  returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  called constant text := coalesce(object, (select c.relname from pg_class c where c.oid = "table"));
  found record;
  part regclass;
  policy record;
  missing record;
begin
  select c.relkind, c.relpersistence, c.relispartition, n.nspname, a.atttypid, a.attnotnull, a.atthasdef into found
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnum > 0 and not a.attisdropped
    where c.oid = "table";
  if found.relkind not in ('r', 'p') or found.relpersistence = 't'
     or found.nspname in ('pg_catalog', 'information_schema', 'mandant_internal') then
    perform mandant_internal.refuse_table(format('%s is not a table that can be protected', "table"),
      'views over protected tables take with (security_invoker = true); copy other data into a table');
  end if;
  if called !~ '^[a-z][a-z0-9_]{0,62}$' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is not an object name', called), hint = 'object => lower case letters, digits and _';
  end if;
  if found.relispartition and not mandant_internal.is_protected("table") then
    perform mandant_internal.refuse_table(format('%s is a partition', "table"),
      format('protect the table it belongs to: select mandant.protect(''%s'')',
             (select i.inhparent::regclass from pg_inherits i where i.inhrelid = "table")));
  end if;
  if found.atttypid is null then
    execute format('alter table %s add column tenant_id int not null default mandant.current_tenant()', "table");
    execute format('create index on %s (tenant_id)', "table");
  elsif found.atttypid <> 'int'::regtype or not found.attnotnull then
    perform mandant_internal.refuse_table(format('tenant_id of %s is not an integer that is never null', "table"),
      format('alter table %s alter tenant_id type int, alter tenant_id set not null', "table"));
  elsif not found.atthasdef then
    execute format('alter table %s alter tenant_id set default mandant.current_tenant()', "table");
  end if;

  for part in
    with recursive parts (relation) as (
      select "table"::oid
      union
      select i.inhrelid from pg_inherits i join parts p on i.inhparent = p.relation
    )
    select p.relation::regclass from parts p
  loop
    perform mandant_internal.check_keys(part);
    for missing in
      select c.name, c.type from (values (owner, 'uuid'::regtype), (team, 'uuid'), (kind, 'text')) as c (name, type)
        where mandant_internal.column_argument(part, c.name, c.type) is null
    loop
      raise exception using errcode = 'undefined_column',
        message = format('%s has no column %I of type %s', part, missing.name, missing.type),
        hint = 'name the column that holds it, or leave it out';
    end loop;
    perform mandant_internal.drop_policies(part);
    for policy in select * from mandant_internal.policy_of(part, called, owner, team, kind) loop
      execute format('create policy %I on %s as %s for %s to public %s %s', policy.name, part,
        case when policy.permissive then 'permissive' else 'restrictive' end, policy.command,
        'using (' || policy.filter || ')', 'with check (' || policy."check" || ')');
      execute format('comment on policy %I on %s is %L', policy.name, part,
        case when policy.permissive
          then format('The right %s on %s, within the selected tenants.', policy.action, called)
          else 'The same again, so that no further policy can widen it.' end);
    end loop;
    execute format('alter table %s enable row level security', part);
    execute format('alter table %s force row level security', part);
    perform mandant_internal.register(part, called, owner, team, kind);
  end loop;
end
$$;
comment on function mandant.protect(regclass, text, text, text, text) is
  'Puts a table, with its partitions and children, under the rule.
Everybody then sees the rows that their rights and selection reach.
object: what roles name it by, the table''s name unless given; owner, team: uuid columns of the principal and team a row
belongs to; kind: column of the kind of document. Adds tenant_id with an index if there is none. Calling it again renews the policies.
Wants an index that begins with tenant_id, and tenant_id in every key and in foreign keys between protected tables.
Only the owner of the table. Grants nothing. Errors: 42P16 the table cannot be protected; the hint says how it can.';

create function mandant.unprotect("table" regclass) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  part regclass;
begin
  for part in
    with recursive parts (relation) as (
      select "table"::oid
      union
      select i.inhrelid from pg_inherits i join parts p on i.inhparent = p.relation
    )
    select p.relation::regclass from parts p where mandant_internal.is_protected(p.relation)
  loop
    perform mandant_internal.drop_policies(part);
    execute format('alter table %s no force row level security', part);
    execute format('alter table %s disable row level security', part);
    perform mandant_internal.register(part, null, null, null, null);
  end loop;
end
$$;
comment on function mandant.unprotect(regclass) is
  'Takes a table out from under the rule; tenant_id stays. Whoever has a grant then sees every row. Only the owner.';
