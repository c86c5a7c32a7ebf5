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
  depth text,
  shipped boolean not null default false,
  primary key (role, object, action, shipped),
  constraint role_right_shipped_depth check (depth is not null or not shipped),
  constraint role_right_object_format check (object ~ '^([a-z][a-z0-9_]{0,62}|\*)$'),
  constraint role_right_action_known check
    (action in ('read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign')),
  constraint role_right_depth_known check (depth in ('own', 'team', 'tenant'))
);

comment on table mandant_internal.role_right is
  'What roles allow. A row of one''s own stands before the shipped one, which stays, so that a dump carries the change;
without depth it takes the right away.';

create view mandant_internal.effective_role_right as
  select distinct on (r.role, r.object, r.action) r.role, r.object, r.action, r.depth
    from mandant_internal.role_right r
    order by r.role, r.object, r.action, r.shipped;
comment on view mandant_internal.effective_role_right is 'Per role, object and action the row that counts; no depth: no right.';

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

-- As PostgreSQL keeps it: microseconds since 2000-01-01 UTC. Stable as `extract` is, or it would not be inlined.
create function mandant_internal.microseconds(moment timestamptz) returns bigint
  language sql stable parallel safe
  return case when isfinite(moment) then (extract(epoch from moment) * 1000000)::bigint - 946684800000000 end;

create function mandant_internal.binding_of(login oid) returns text
  language sql stable
  security definer -- reads who is bound
  set search_path = pg_catalog, pg_temp
begin atomic
  select case when l.relay then 'relay' else 'login' end from mandant_internal.login l where l.login = binding_of.login;
end;

-- What tokens of an issuer are checked with before they are anybody's.
create function mandant_internal.trusted_issuer(issuer text) returns json
  language plpgsql stable
  security definer -- reads issuers for relays, who may not see them
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return (select json_build_object('id', i.id, 'audience', i.audience, 'leeway', extract(epoch from i.leeway)::int,
                                   'keys', i.keys)
            from mandant_internal.issuer i where i.issuer = trusted_issuer.issuer);
end
$$;

create function mandant_internal.authority(login oid, token text) returns json
  language plpgsql stable
  security definer -- reads identity and grants that the caller may not see
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  principal mandant_internal.principal;
  bound mandant_internal.login;
  home mandant_internal.tenant;
  holder uuid;
  expires timestamptz;
  ends timestamptz;
  changes timestamptz;
begin
  select * into bound from mandant_internal.login l where l.login = authority.login;
  if bound.relay then
    if token is null then
      return json_build_object('refused', 'no_token');
    end if;
    if token like '{%' then
      -- What enter keeps of an issuer's token, after it checked signature, audience and time; all of it must still hold.
      select s.principal_id, to_timestamp(t.expires_at), to_timestamp(t.expires_at) + i.leeway into holder, expires, ends
        from json_to_record(token::json)
               as t (issuer int, key text, audience text, subject text, issued_at bigint, expires_at bigint, hash text)
          join mandant_internal.issuer i on i.id = t.issuer and i.audience = t.audience
            and i.keys @> jsonb_build_array(jsonb_build_object('thumbprint', t.key))
          join mandant_internal.issuer_subject s on s.issuer_id = i.id and s.subject = t.subject
          join mandant_internal.principal p on p.id = s.principal_id
        where to_timestamp(t.expires_at) + i.leeway > moment
          -- the issuer's clock may have been ahead; without a moment of issue it may have been any
          and (p.tokens_ended_at is null or to_timestamp(t.issued_at) > p.tokens_ended_at + i.leeway)
          and not exists (select from mandant_internal.ended_token e where e.hash = decode(t.hash, 'hex'));
    else
      select t.principal_id, t.expires_at, t.expires_at into holder, expires, ends
        from mandant_internal.token t where t.hash = decode(token, 'hex') and t.expires_at > moment;
    end if;
    select p.* into principal from mandant_internal.principal p where p.id = holder;
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

  select t.* into home from mandant_internal.tenant t where t.id = principal.tenant_id;
  if principal.state <> 'active' or home.state <> 'active' then
    return json_build_object('refused', case when bound.relay then 'token' else 'inactive' end);
  end if;

  select least(ends, min(edge)) into changes
    from mandant_internal.access_grant g, unnest(array[g.valid_from, g.valid_until]) as edge
    where g.principal_id = principal.id and edge > moment and isfinite(edge);
  -- Arrays rather than objects, and nothing looked up that is known already: this is read for every new token.
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
      'home', home.id,
      'home_code', home.code,
      'default_selection', principal.default_selection,
      'expires_at', mandant_internal.microseconds(expires),
      'changes_at', mandant_internal.microseconds(changes),
      'tenants', (select json_agg(json_build_array(t.id, t.code)) from mandant_internal.tenant t
                    where exists (select from granted g where g.scope = 'all')
                       or t.id in (select r.tenant_id from reach r)),
      'grants', (select json_agg(json_build_object('role', g.role, 'tenants', case when g.scope <> 'all' then
                           (select json_agg(distinct r.tenant_id) from reach r where r.id = g.id) end))
                   from granted g),
      'rights', (select array_to_json(array_agg(array[r.role, r.object, r.action, r.depth]))
                   from (select distinct on (i.role, i.object, i.action) i.role, i.object, i.action, i.depth
                           from mandant_internal.role_right i -- not the view: pg_dump reads without views
                           where i.role in (select g.role from granted g)
                           order by i.role, i.object, i.action, i.shipped) r
                   where r.depth is not null)));
end
$$;
comment on function mandant_internal.authority(oid, text) is
  'Who a login (on relay logins: with what enter keeps of a token) is, and every right at this moment; or why not.';
