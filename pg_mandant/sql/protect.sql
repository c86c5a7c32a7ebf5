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
  'Whether the right reaches as far as the row: every row of the tenant, of one''s teams, or one''s own. Only beside in_tenant.';

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
create function mandant_internal.my_teams(shape bigint) returns uuid[]
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'mandant_my_teams';

-- It tells of any place in a table whether the row there was changed, without a look at policies.
revoke execute on function pg_catalog.currtid2(text, tid) from public;

-- In a schema with a protected table every table is in one of these two lists: keep.sql sees to it.
create table mandant_internal.protected_table (
  relation regclass primary key,
  object text not null,
  owner_column name,
  team_column name,
  kind_column name,
  complete boolean not null,
  table_owner regrole not null,
  audited boolean not null default false,
  kinds text[] not null default '{}',
  constraint protected_table_object_format check (object ~ '^[a-z][a-z0-9_]{0,62}$')
);
comment on column mandant_internal.protected_table.complete is
  'Whether all of the rule is in place; from then on no statement may take a part of it away.';
comment on column mandant_internal.protected_table.table_owner is
  'Who owned the table when it was protected: it may become another''s, but nobody''s who asks.';

comment on column mandant_internal.protected_table.kinds is
  'The kinds that there are, where kind_column refers to a table of them: roles can name each.';
-- With a kind comes an object, which rights may name.
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.protected_table
  for each statement execute function mandant_internal.rights_changed();

create function mandant_internal.built_in_objects() returns text[]
  language sql immutable
  return array['tenant', 'principal', 'role', 'access_grant', 'team', 'issuer', 'series', 'number',
               'setting', 'country'];

-- A right to an object reaches the rows of its kinds: so nobody says that others' rows are kinds of theirs.
create function mandant_internal.check_names() returns trigger
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  taken text;
begin
  taken := coalesce(
    (select min(kind) from unnest(new.kinds) as kind where kind = any (mandant_internal.built_in_objects())),
    (select min(kind) from unnest(new.kinds) as kind
       where kind in (select p.object from mandant_internal.protected_table p where p.object <> new.object
                      union all select u.object from mandant_internal.unprotected_table u)),
    (select min(kind) from unnest(new.kinds) as kind, mandant_internal.protected_table p
       join pg_class other on other.oid = p.relation join pg_class this on this.oid = new.relation
       where kind = any (p.object || p.kinds) and other.relowner <> this.relowner
         and not (select r.rolsuper from pg_roles r where r.oid = this.relowner)
         and coalesce(pg_partition_root(other.oid), other.oid) <> coalesce(pg_partition_root(this.oid), this.oid)));
  if taken is not null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('rows of %s cannot be of a kind "%s": there are rights by that name to others', new.relation, taken),
      hint = 'choose another name for the kind';
  end if;
  return new;
end
$$;
create trigger check_names before insert or update on mandant_internal.protected_table
  for each row execute function mandant_internal.check_names();

create table mandant_internal.unprotected_table (
  relation regclass primary key,
  shared boolean not null,
  object text,
  constraint unprotected_table_object_format check (object ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint unprotected_table_object_of_shared check (shared or object is null)
);
comment on table mandant_internal.unprotected_table is
  'Tables beside protected ones: shared with whoever holds a privilege, or private to their owner until protect or unprotect.';
comment on column mandant_internal.unprotected_table.object is
  'What writing asks a right to, in every tenant, by mandant.share(); null: whoever holds a privilege writes.';

create function mandant_internal.require_owner(relation regclass) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_has_role(mandant_internal.outer_user(), (select c.relowner from pg_class c where c.oid = relation), 'member')
     is not true then
    raise exception using errcode = 'insufficient_privilege',
      message = format('you do not own %s', relation), hint = 'the owner of a table decides';
  end if;
end
$$;

create function mandant_internal.register(rule mandant_internal.protected_table) returns void
  language plpgsql volatile
  security definer -- writes the list of protected tables, for owners of the table only
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_owner(rule.relation);
  rule.complete := false;
  rule.table_owner := (select c.relowner from pg_class c where c.oid = rule.relation);
  delete from mandant_internal.unprotected_table u where u.relation = rule.relation;
  delete from mandant_internal.protected_table p where p.relation = rule.relation;
  insert into mandant_internal.protected_table values (rule.*);
  -- What was there before the schema had a protected table stays as it is.
  insert into mandant_internal.unprotected_table (relation, shared)
    select c.oid, true
      from pg_class c
      where c.relnamespace = (select r.relnamespace from pg_class r where r.oid = rule.relation)
        and c.relkind in ('r', 'p', 'f', 'm')
        and not exists (select from mandant_internal.protected_table p
                          join pg_class other on other.oid = p.relation
                          where other.relnamespace = c.relnamespace and p.relation <> rule.relation)
        and c.oid <> rule.relation
    on conflict do nothing;
end
$$;

create function mandant_internal.unregister(relation regclass, shared boolean, object text default null) returns void
  language plpgsql volatile
  security definer -- writes the lists of tables, for owners of the table only
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_owner(unregister.relation);
  if unregister.object is not null then -- which roles can name, and what everybody reads in the audit
    perform mandant_internal.require_everywhere('role', 'update');
  end if;
  delete from mandant_internal.protected_table p where p.relation = unregister.relation;
  insert into mandant_internal.unprotected_table values (unregister.relation, unregister.shared, unregister.object)
    on conflict on constraint unprotected_table_pkey do update set (shared, object) = (excluded.shared, excluded.object);
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

-- A column as an argument of a policy, written as PostgreSQL prints it.
create function mandant_internal.column_argument(relation regclass, column_name name, type regtype) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found regtype := (select a.atttypid from pg_attribute a
                      where a.attrelid = relation and a.attname = column_name and a.attnum > 0 and not a.attisdropped);
begin
  if column_name is null then
    return format('NULL::%s', type);
  elsif found is null or found <> type and type <> 'text'::regtype then
    raise exception using errcode = 'undefined_column',
      message = format('%s has no column %I of type %s', relation, column_name, type),
      hint = 'name the column that holds it, or leave it out';
  end if;
  return case when found = type then format('%I', column_name) else format('(%I)::%s', column_name, type) end;
end
$$;

-- What a policy of a protected table says, written as PostgreSQL prints it: so it can be compared with what is there.
create function mandant_internal.policy_expression(rule mandant_internal.protected_table, action text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  columns text;
begin
  if coalesce(rule.owner_column, rule.team_column, rule.kind_column) is null then
    return format('mandant_internal.in_whole_tenant(%L::text, %L::text, tenant_id)', rule.object, action);
  end if;
  columns := concat_ws(', ', mandant_internal.column_argument(rule.relation, rule.owner_column, 'uuid'),
                       mandant_internal.column_argument(rule.relation, rule.team_column, 'uuid'),
                       mandant_internal.column_argument(rule.relation, rule.kind_column, 'text'));
  return format('(mandant_internal.in_tenant(%1$L::text, %2$L::text, tenant_id) AND '
                'mandant_internal.in_depth(%1$L::text, %2$L::text, tenant_id, %3$s))', rule.object, action, columns);
end
$$;

-- The commands that row security knows, and the right each needs: each has a policy and a floor of the same expression.
create function mandant_internal.policy_commands(
    out name text, out command "char", out action text, out filters boolean, out checks boolean)
  returns setof record
  language sql immutable
begin atomic
  values ('select', 'r'::"char", 'read', true, false), ('insert', 'a', 'create', false, true),
         ('update', 'w', 'update', true, true), ('delete', 'd', 'delete', true, false);
end;

-- The tables a rule reaches: the table, its partitions and children, parents first.
create function mandant_internal.parts(relation regclass) returns setof regclass
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with recursive part (relation, level) as (
    select parts.relation::oid, 0
    union
    select i.inhrelid, p.level + 1 from pg_inherits i join part p on i.inhparent = p.relation
  )
  select p.relation::regclass from part p group by p.relation order by max(p.level), p.relation;
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

create function mandant_internal.put_under_rule(rule mandant_internal.protected_table) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  part regclass;
  policy record;
  clauses text;
  made record;
begin
  for part in select mandant_internal.parts(rule.relation) loop
    rule.relation := part;
    perform mandant_internal.check_keys(part);
    perform mandant_internal.register(rule);
    perform mandant_internal.drop_policies(part);
    perform mandant_internal.drop_triggers(part);
    for policy in
      select c.*, mandant_internal.policy_expression(rule, c.action) as expression
        from mandant_internal.policy_commands() c
    loop
      clauses := concat(' using (' || case when policy.filters then policy.expression end || ')',
                        ' with check (' || case when policy.checks then policy.expression end || ')');
      execute format('create policy mandant_%s on %s for %1$s to public %3$s', policy.name, part, clauses);
      execute format('create policy mandant_%s_floor on %s as restrictive for %1$s to public %3$s', policy.name, part, clauses);
      execute format('comment on policy mandant_%s on %s is %L', policy.name, part,
        format('The right %s on %s, within the selected tenants.', policy.action, rule.object));
      execute format('comment on policy mandant_%s_floor on %s is %L', policy.name, part,
        'The same again, so that no further policy can widen it.');
    end loop;
    for made in
      select t.name, t.definition from mandant_internal.rule_triggers(rule) t
        where not exists (select from pg_trigger g where g.tgrelid = part and g.tgname = t.name) -- a partition has its parent's
    loop
      execute made.definition;
      execute format('comment on trigger %I on %s is %L', made.name, part, case made.name
        when 'mandant_assign' then 'Another owner or team takes the right assign.'
        else 'mandant.audit_log shows who changed what, and when.' end);
    end loop;
    execute format('alter table %s enable row level security, force row level security', part);
    perform mandant_internal.settle(part);
    perform mandant_internal.check_rule(part);
  end loop;
end
$$;

create function mandant.protect(
    "table" regclass, object text default null, owner text default null, team text default null, kind text default null,
    audit boolean default null)
  returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  called constant text := coalesce(object, (select c.relname from pg_class c where c.oid = "table"));
  found record;
  rule mandant_internal.protected_table;
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
  if found.relispartition then
    perform mandant_internal.refuse_table(format('%s is a partition', "table"),
      format('protect the table it belongs to: select mandant.protect(''%s'')',
             (select i.inhparent::regclass from pg_inherits i where i.inhrelid = "table")));
  end if;
  rule.relation := "table";
  rule.object := called;
  rule.owner_column := owner;
  rule.team_column := team;
  rule.kind_column := kind;
  rule.kinds := '{}';
  rule.audited := coalesce(audit, (select t.audited from mandant_internal.protected_tables() t where t.relation = "table"), false);
  perform mandant_internal.unregister("table", true); -- what follows is not kept from it
  if found.atttypid is null then
    execute format('alter table %s add column tenant_id int not null default mandant.current_tenant()', "table");
    execute format('create index on %s (tenant_id)', "table");
  elsif found.atttypid <> 'int'::regtype or not found.attnotnull then
    perform mandant_internal.refuse_table(format('tenant_id of %s is not an integer that is never null', "table"),
      format('alter table %s alter tenant_id type int, alter tenant_id set not null', "table"));
  elsif not found.atthasdef then
    execute format('alter table %s alter tenant_id set default mandant.current_tenant()', "table");
  end if;
  if kind is not null then
    rule.kinds := mandant_internal.watch_kinds("table", kind);
  end if;
  perform mandant_internal.put_under_rule(rule);
end
$$;
comment on function mandant.protect(regclass, text, text, text, text, boolean) is
  'Puts a table, with its partitions and children, under the rule.
Everybody then sees the rows that their rights and selection reach.
object: what roles name it by, the table''s name unless given; owner, team: uuid columns of the principal and team a row
belongs to; kind: column of the kind of document: roles can name each kind that the table it refers to lists; audit: whether
mandant.audit_log shows every change, null: as it is, not at first. Adds tenant_id with an index if there is none. Calling it again renews the policies.
Wants an index that begins with tenant_id, and tenant_id in every key and in foreign keys between protected tables.
From then on no statement takes a part of the rule away, a partition or child that is attached later comes under it, and so
does a new table with tenant_id in the same schema. Only the owner of the table. Grants nothing.
Errors: 42P16 the table cannot be protected; the hint says how it can.';

create function mandant.unprotect("table" regclass) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  parts constant regclass[] := array(select p from mandant_internal.parts("table") as p where mandant_internal.is_protected(p));
  part regclass;
begin
  perform mandant_internal.unregister(p, true) from unnest(parts) as p;
  foreach part in array parts loop
    perform mandant_internal.drop_policies(part);
    perform mandant_internal.drop_triggers(part);
    execute format('alter table %s no force row level security, disable row level security', part);
  end loop;
  perform mandant_internal.unregister("table", true);
  perform mandant_internal.drop_triggers("table");
end
$$;
comment on function mandant.unprotect(regclass) is
  'Takes a table out from under the rule, or says of a new one that it is shared.
Whoever has a grant then sees every row. Partitions and children follow; tenant_id stays. Only the owner of the table. Errors: 42501 not the owner.';

create function mandant_internal.check_shared() returns trigger
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_everywhere(tg_argv[0],
    case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end);
  return null;
end
$$;
comment on function mandant_internal.check_shared() is
  'Statement trigger of a shared table: writing takes the right to the object, its argument, in every tenant.';

-- The triggers of a shared table, as PostgreSQL shows them.
create function mandant_internal.shared_triggers(relation regclass, object text, out name name, out definition text)
  returns setof record
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  rule mandant_internal.protected_table;
begin
  rule.relation := relation;
  rule.audited := true;
  name := 'mandant_shared';
  definition := format('CREATE TRIGGER mandant_shared BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON %s FOR EACH STATEMENT '
                       'EXECUTE FUNCTION mandant_internal.check_shared(%L)', relation, object);
  return next;
  return query select t.name, t.definition from mandant_internal.rule_triggers(rule) t;
end
$$;

create function mandant.share("table" regclass, object text default null) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  called constant text := coalesce(object, (select c.relname from pg_class c where c.oid = "table"));
  made record;
begin
  if (select c.relkind from pg_class c where c.oid = "table") is distinct from 'r'
     or exists (select from pg_inherits i where "table" in (i.inhrelid, i.inhparent)) then
    perform mandant_internal.refuse_table(format('%s is not a table that can be shared', coalesce("table"::text, 'null')),
                                          'share an ordinary table, without parents, children and partitions');
  elsif exists (select from pg_attribute a where a.attrelid = "table" and a.attname = 'tenant_id' and not a.attisdropped) then
    perform mandant_internal.refuse_table(format('each row of %s is a tenant''s', "table"),
                                          format('select mandant.protect(%L)', "table"));
  elsif called !~ '^[a-z][a-z0-9_]{0,62}$' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is not an object name', called), hint = 'object => lower case letters, digits and _';
  end if;
  perform mandant.unprotect("table");
  perform mandant_internal.unregister("table", true, called);
  for made in select t.name, t.definition from mandant_internal.shared_triggers("table", called) t loop
    execute made.definition;
    execute format('comment on trigger %I on %s is %L', made.name, "table", case made.name
      when 'mandant_shared' then format('Who writes has the right to %s everywhere.', called)
      else 'mandant.audit_log shows who changed what, and when.' end);
  end loop;
end
$$;
comment on function mandant.share(regclass, text) is
  'Says that all tenants share a table, and who keeps it.
Whoever has a grant reads every row; writing takes, besides the grant, the right create, update or delete to the object in
every tenant, and mandant.audit_log shows every change to everybody.
object: what roles name it by, the table''s name unless given; several tables can have one. Only the owner of the table,
which has no tenant_id, with the right update on role in every tenant. Grants nothing. mandant.unprotect takes the rule away.
Errors: 42P16 the table cannot be shared, 22023 not a name, 42501 not the owner or not allowed.';
