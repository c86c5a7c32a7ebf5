-- Why somebody may do something, or why not; and all that everybody may, as a matrix.

-- The names under which rights to an object are given: its own, that of the table whose rows are of that kind, and *.
create function mandant_internal.names_of(object text) returns text[]
  language sql stable
  security definer -- reads the list of protected tables
  set search_path = pg_catalog, pg_temp
begin atomic
  select array['*', names_of.object] || array(
    select distinct p.object from mandant_internal.protected_table p where names_of.object = any (p.kinds));
end;

create function mandant_internal.scope_reaches(scope text, home int, of_grant int, tenant_id int) returns boolean
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select case scope_reaches.scope
    when 'all' then true when 'home' then home = scope_reaches.tenant_id when 'tenant' then of_grant = scope_reaches.tenant_id
    else exists (
      with recursive above (id) as (
        select scope_reaches.tenant_id
        union select t.parent_id from above a join mandant_internal.tenant t on t.id = a.id where t.parent_id is not null
      ) select from above where above.id = of_grant) end;
end;

-- What roles can name: tables, their kinds, and what the extension itself asks for.
create function mandant_internal.objects() returns setof text
  language sql stable
  security definer -- reads the list of protected tables
  set search_path = pg_catalog, pg_temp
begin atomic
  select p.object from mandant_internal.protected_table p
  union select kind from mandant_internal.protected_table p cross join unnest(p.kinds) as kind
  union select u.object from mandant_internal.unprotected_table u where u.object is not null
  union select s.kind from mandant_internal.series s
  union select unnest(mandant_internal.built_in_objects());
end;

create view mandant.effective_right with (security_barrier) as
  with named (object, name) as materialized ( -- once per object, not once per object and right
    select o.object, n.name
      from mandant_internal.objects() as o (object) cross join unnest(mandant_internal.names_of(o.object)) as n (name)
  )
  select p.name as principal, t.code as tenant, o.object, r.action,
         (array['own', 'team', 'tenant'])[max(array_position(array['own', 'team', 'tenant'], r.depth))] as depth,
         string_agg(distinct r.role, ', ') as roles
    from mandant_internal.held_right r
    join mandant_internal.principal p on p.id = r.principal_id and p.state = 'active'
    join mandant_internal.tenant home on home.id = p.tenant_id and home.state in ('active', 'archived')
    join mandant_internal.tenant t on t.id = r.tenant_id and (t.state = 'active' or r.action in ('read', 'export'))
    join named o on o.name = r.object
    where mandant_internal.in_tenant('access_grant', 'read', p.tenant_id)
      and mandant_internal.in_depth('access_grant', 'read', p.tenant_id, p.id, null, null)
    group by p.name, t.code, o.object, r.action;
comment on view mandant.effective_right is
  'What the principals of the selected tenants may at this moment: in which tenant, with which object, and how far.';
comment on column mandant.effective_right.depth is 'own, team or tenant: the deepest that one of the roles gives.';
comment on column mandant.effective_right.roles is 'The roles that give it, with a comma between.';

create function mandant_internal.explain(
    principal text, object text, tenant_id int, owner_id uuid, team_id uuid, kind text)
  returns table (action text, allowed boolean, role text, scope text, depth text, valid_until timestamptz, reason text)
  language plpgsql stable
  security definer -- reads what others may, of principals that the caller sees
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  who constant mandant_internal.principal := mandant_internal.principal_named(principal);
  here constant text := (select t.code from mandant_internal.tenant t where t.id = explain.tenant_id);
  names constant text[] := mandant_internal.names_of(object) || coalesce(kind, '');
  thing constant text := coalesce(kind, object);
  refused constant text := case
    when who.state <> 'active' then format('%s is inactive', who.name)
    when (select t.state from mandant_internal.tenant t where t.id = who.tenant_id) not in ('active', 'archived')
      then format('the tenant of %s is %s', who.name, (select t.state from mandant_internal.tenant t where t.id = who.tenant_id)) end;
  closed constant text := (select format('%s is %s: nobody writes there', t.code, t.state)
                             from mandant_internal.tenant t where t.id = explain.tenant_id and t.state <> 'active');
begin
  if who.id is distinct from mandant_internal.me() then
    perform mandant_internal.require_whole('access_grant', 'read', who.tenant_id);
  end if;
  return query
    with held as (
      select h.action, h.role, h.depth, g.valid_until,
             case g.scope when 'tenant' then t.code when 'subtree' then t.code || '/*' else g.scope end as scope,
             case
               when h.depth = 'tenant' then format('%s reaches every %s of %s', h.role, thing, here)
               when explain.owner_id = who.id then format('%s reaches own rows, and the row is theirs', h.role)
               when h.depth = 'team' and m.team_id is not null
                 then format('%s reaches rows of own teams, and the row is one of %s', h.role, m.name)
             end as reached
        from mandant_internal.held_right h
        join mandant_internal.access_grant g on g.id = h.grant_id
        left join mandant_internal.tenant t on t.id = g.tenant_id
        left join (select m.team_id, m.principal_id, t.name from mandant_internal.team_member m
                     join mandant_internal.team t on t.id = m.team_id) m
          on m.principal_id = who.id and m.team_id = explain.team_id
        where h.principal_id = who.id and h.tenant_id = explain.tenant_id and h.object = any (names)
    ), missing as (
      select a.action,
             coalesce(
               refused,
               case when a.action not in ('read', 'export') then closed end,
               (select format('%s reaches %s only: the row belongs to %s', h.role,
                              case h.depth when 'own' then 'own rows' else 'rows of own teams' end,
                              coalesce((select 'another' where explain.owner_id is not null), 'nobody'))
                  from held h where h.action = a.action and h.reached is null order by h.depth desc, h.role limit 1),
               (select format('%s, which allows it, %s', g.role,
                              case when g.valid_until <= clock_timestamp() then format('ended on %s', mandant_internal.written(g.valid_until))
                                else format('begins on %s', mandant_internal.written(g.valid_from)) end)
                  from mandant_internal.access_grant g join mandant_internal.effective_role_right r on r.role = g.role
                  where g.principal_id = who.id and r.action = a.action and r.object = any (names) and r.depth is not null
                    and (g.valid_until <= clock_timestamp() or g.valid_from > clock_timestamp())
                    and mandant_internal.scope_reaches(g.scope, who.tenant_id, g.tenant_id, explain.tenant_id)
                  order by g.valid_from > clock_timestamp() desc, g.valid_until desc, g.role
                  limit 1),
               (select format('no role that %s holds in %s allows to %s %s', who.name, here, a.action, thing)
                  where exists (select from mandant_internal.held_right h
                                  where h.principal_id = who.id and h.tenant_id = explain.tenant_id)),
               format('%s holds no role in %s', who.name, here)) as why
        from unnest(array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign']) as a (action)
    )
    select m.action, h.role is not null, h.role, h.scope, h.depth, h.valid_until, coalesce(h.reached, m.why)
      from missing m
      left join held h on h.action = m.action and h.reached is not null and refused is null
        and (closed is null or m.action in ('read', 'export'))
      order by array_position(array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign'], m.action),
               h.role, h.scope;
end
$$;

create function mandant.explain_access(principal text, "table" regclass, key text)
  returns table (action text, allowed boolean, role text, scope text, depth text, valid_until timestamptz, reason text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  rule constant mandant_internal.protected_table := mandant_internal.rule_of("table");
  row record;
begin
  execute format('select tenant_id, %s as owner_id, %s as team_id, %s as kind from %s where %s limit 1',
                 coalesce(quote_ident(rule.owner_column), 'null::uuid'), coalesce(quote_ident(rule.team_column), 'null::uuid'),
                 coalesce(quote_ident(rule.kind_column) || '::text', 'null'), "table",
                 mandant_internal.key_condition("table", key)) into row;
  if row.tenant_id is null then
    perform mandant_internal.refuse_row("table", key);
  end if;
  return query select * from mandant_internal.explain(principal, rule.object, row.tenant_id, row.owner_id, row.team_id, row.kind);
exception when invalid_text_representation or numeric_value_out_of_range or datetime_field_overflow or invalid_datetime_format then
  perform mandant_internal.refuse_row("table", key);
end
$$;
comment on function mandant.explain_access(text, regclass, text) is
  'Says what somebody may do with a row, through which grants, or what is missing.
principal: e-mail or login; oneself, or with the right read on access_grant in their tenant; table: a protected one;
key: its primary key without tenant_id, several columns with a comma between. One row per action and grant that allows it, or one
that says why not. Selections narrow and are left out. Errors: P0002 no such row, or not visible to the caller;
42704 no such principal, 22023 not a protected table, 42501 not allowed.';
