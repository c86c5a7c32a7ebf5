-- Role x scope x depth: what a principal may do, in which tenants, how far into each.
-- `authority` is the one place where rights are read; the library calls it with a fresh snapshot and keeps the answer
-- until an invalidation, or the next moment at which a grant or token begins or ends.

create table mandant_internal.role (
  name text primary key,
  description text not null,
  shipped boolean not null default false,
  constraint role_name_format check (name ~ '^[a-z][a-z0-9_]{0,62}$')
);

create table mandant_internal.role_right (
  role text not null references mandant_internal.role on delete cascade,
  object text not null,
  action text not null,
  depth text not null,
  shipped boolean not null default false,
  primary key (role, object, action),
  constraint role_right_object_format check (object ~ '^([a-z][a-z0-9_]{0,62}|\*)$'),
  constraint role_right_action_known check
    (action in ('read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign')),
  constraint role_right_depth_known check (depth in ('own', 'team', 'tenant'))
);

create table mandant_internal.access_grant (
  id uuid primary key default mandant.new_id(),
  principal_id uuid not null references mandant_internal.principal on delete cascade,
  role text not null references mandant_internal.role on delete restrict,
  scope text not null,
  tenant_id int references mandant_internal.tenant on delete restrict,
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  reason text,
  granted_by uuid,
  granted_at timestamptz not null default now(),
  constraint access_grant_scope_known check (scope in ('home', 'tenant', 'subtree', 'all')),
  constraint access_grant_scope_tenant check ((tenant_id is not null) = (scope in ('tenant', 'subtree'))),
  constraint access_grant_period check (valid_until > valid_from)
);
create index access_grant_principal on mandant_internal.access_grant (principal_id);

create trigger rights_changed after insert or update or delete or truncate on mandant_internal.role_right
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.access_grant
  for each statement execute function mandant_internal.rights_changed();

insert into mandant_internal.role (name, description, shipped) values
  ('reader', 'Reads everything of a tenant: for reporting tools', true),
  ('tenant_sales', 'Customers, products and documents of a tenant, posting included', true),
  ('group_controller', 'Reads everything: granted for all tenants or a subtree', true),
  ('group_admin', 'Everything, administration included', true);
insert into mandant_internal.role_right (role, object, action, depth, shipped)
  select role, '*', 'read', 'tenant', true from unnest(array['reader', 'tenant_sales', 'group_controller']) as role
  union all
  select 'tenant_sales', object, action, 'tenant', true
    from unnest(array['customer', 'product', 'document', 'quote', 'order', 'delivery_note', 'invoice', 'credit_note',
                      'payment']) as object,
         unnest(array['create', 'update', 'delete', 'post']) as action
  union all
  select 'group_admin', '*', action, 'tenant', true
    from unnest(array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign']) as action;

-- As PostgreSQL keeps it: microseconds since 2000-01-01 UTC.
create function mandant_internal.microseconds(moment timestamptz) returns bigint
  language sql immutable parallel safe
  return case when isfinite(moment) then (extract(epoch from moment) * 1000000)::bigint - 946684800000000 end;

create function mandant_internal.binding_of(login oid) returns text
  language sql stable
  security definer -- reads who is bound
  set search_path = pg_catalog, pg_temp
begin atomic
  select case when l.relay then 'relay' else 'login' end from mandant_internal.login l where l.login = binding_of.login;
end;

create function mandant_internal.authority(login oid, token bytea) returns json
  language plpgsql stable
  security definer -- reads identity and grants that the caller may not see
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  principal mandant_internal.principal;
  bound mandant_internal.login;
  ends timestamptz;
  every boolean;
begin
  select * into bound from mandant_internal.login l where l.login = authority.login;
  if bound.relay then
    if token is null then
      return json_build_object('refused', 'no_token');
    end if;
    select t.expires_at into ends from mandant_internal.token t where t.hash = token and t.expires_at > moment;
    select p.* into principal
      from mandant_internal.token t join mandant_internal.principal p on p.id = t.principal_id
      where t.hash = token and t.expires_at > moment;
    if principal.id is null then
      return json_build_object('refused', 'token');
    end if;
  elsif token is not null then
    return json_build_object('refused', 'no_relay');
  elsif bound.principal_id is not null then
    select p.* into principal from mandant_internal.principal p where p.id = bound.principal_id;
  elsif exists (select from pg_roles r where r.oid = login and (r.rolsuper or r.rolbypassrls)) then
    return json_build_object(
      'kind', 'superuser',
      'name', login::regrole::text,
      'tenants', (select json_agg(json_build_array(t.id, t.code)) from mandant_internal.tenant t),
      'grants', json_build_array(json_build_object('role', 'superuser', 'tenants', null)),
      'rights', (select json_agg(json_build_object('role', 'superuser', 'object', '*', 'action', a, 'depth', 'tenant'))
                   from unnest(array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign']) a));
  else
    return json_build_object('refused', 'unbound');
  end if;

  if principal.state <> 'active'
     or exists (select from mandant_internal.tenant t where t.id = principal.tenant_id and t.state <> 'active') then
    return json_build_object('refused', case when bound.relay then 'token' else 'inactive' end);
  end if;

  every := exists (select from mandant_internal.access_grant g
                     where g.principal_id = principal.id and g.scope = 'all'
                       and g.valid_from <= moment and (g.valid_until is null or g.valid_until > moment));
  return (
    with recursive granted as (
      select g.id, g.role, g.scope, case g.scope when 'home' then principal.tenant_id else g.tenant_id end as tenant_id
        from mandant_internal.access_grant g
        where g.principal_id = principal.id
          and g.valid_from <= moment and (g.valid_until is null or g.valid_until > moment)
    ), reach (id, tenant_id, scope) as (
      select g.id, g.tenant_id, g.scope from granted g where g.scope <> 'all'
      union
      select r.id, t.id, r.scope
        from reach r join mandant_internal.tenant t on t.parent_id = r.tenant_id
        where r.scope = 'subtree'
    )
    select json_build_object(
      'kind', principal.kind,
      'principal', principal.id,
      'name', principal.name,
      'full_name', principal.full_name,
      'home', principal.tenant_id,
      'home_code', (select t.code from mandant_internal.tenant t where t.id = principal.tenant_id),
      'default_selection', principal.default_selection,
      'expires_at', mandant_internal.microseconds(ends),
      'changes_at', mandant_internal.microseconds(least(ends, (
        select min(edge)
          from mandant_internal.access_grant g, unnest(array[g.valid_from, g.valid_until]) as edge
          where g.principal_id = principal.id and edge > moment and isfinite(edge)))),
      'tenants', (select json_agg(json_build_array(t.id, t.code)) from mandant_internal.tenant t
                    where every or t.id in (select r.tenant_id from reach r)),
      'grants', (select json_agg(json_build_object('role', g.role, 'tenants', case when g.scope <> 'all' then
                           (select json_agg(distinct r.tenant_id) from reach r where r.id = g.id) end))
                   from granted g),
      'rights', (select json_agg(json_build_object('role', r.role, 'object', r.object, 'action', r.action,
                                                   'depth', r.depth))
                   from mandant_internal.role_right r where r.role in (select g.role from granted g))));
end
$$;
comment on function mandant_internal.authority(oid, bytea) is
  'Who a login (with the SHA-256 of a token, on relay logins) is, and every right at this moment; or why not.';
