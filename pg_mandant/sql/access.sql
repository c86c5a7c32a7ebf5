-- Role x scope x depth: what a principal may do, in which tenants, how far into each.
-- `authority` is the one place where rights are read; the library calls it with a fresh snapshot and keeps the answer
-- until an invalidation, or the next moment at which a grant or token begins or ends.

create table mandant_internal.role (
  name text primary key,
  description text not null,
  shipped boolean not null default false,
  dropped_at timestamptz,
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

create table mandant_internal.team (
  id uuid primary key default mandant.new_id(),
  tenant_id int references mandant_internal.tenant on delete restrict, -- null: across tenants
  name text not null,
  created_at timestamptz not null default now(),
  constraint team_name_key unique nulls not distinct (tenant_id, name),
  constraint team_name_format check (name ~ '^[^\s/]([^/]*[^\s/])?$') -- "de/Sales" names one of a tenant
);

create table mandant_internal.team_member (
  team_id uuid not null references mandant_internal.team on delete cascade,
  principal_id uuid not null references mandant_internal.principal on delete cascade,
  joined_at timestamptz not null default clock_timestamp(),
  primary key (team_id, principal_id)
);
create index team_member_principal on mandant_internal.team_member (principal_id);

-- What happened to rights: never changed, and told by mandant.access_history.
create table mandant_internal.access_event (
  id uuid primary key default mandant.new_id(),
  at timestamptz not null default clock_timestamp(),
  event text not null,
  principal_id uuid,
  tenant_id int,
  subject text,
  details text,
  reason text,
  by_principal uuid,
  by_login text not null
);
comment on column mandant_internal.access_event.tenant_id is 'Whose administrators see it; null: everybody does.';
create index access_event_principal on mandant_internal.access_event (principal_id, at);

create function mandant_internal.keep_as_it_was() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (select r.rolsuper from pg_roles r where r.rolname = current_user) then
    return null; -- nothing holds a superuser
  end if;
  raise exception using errcode = 'restrict_violation',
    message = 'what was recorded stays as it is', hint = 'a correction is a record of its own';
end
$$;
create trigger keep_as_it_was before update or delete or truncate on mandant_internal.access_event
  for each statement execute function mandant_internal.keep_as_it_was();

create trigger rights_changed after insert or update or delete or truncate on mandant_internal.role_right
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.access_grant
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.team_member
  for each statement execute function mandant_internal.rights_changed();

insert into mandant_internal.role (name, description, shipped) values
  ('reader', 'Reads everything of a tenant: for reporting tools', true),
  ('tenant_manager', 'Reads everything of a tenant and manages its people, teams, grants and series', true),
  ('group_controller', 'Reads and exports everything: granted for all tenants or a subtree', true),
  ('group_admin', 'Everything, administration included', true);
insert into mandant_internal.role_right (role, object, action, depth, shipped)
  select role, '*', 'read', 'tenant', true from unnest(array['reader', 'tenant_manager', 'group_controller']) as role
  union all
  select role, '*', 'export', 'tenant', true from unnest(array['tenant_manager', 'group_controller']) as role
  union all
  select 'tenant_manager', object, action, 'tenant', true
    from unnest(array['principal', 'access_grant', 'team', 'series', 'setting']) as object,
         unnest(array['create', 'update', 'delete', 'assign']) as action
  union all
  select 'group_admin', '*', action, 'tenant', true
    from unnest(array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign']) as action;

-- As PostgreSQL keeps it: microseconds since 2000-01-01 UTC. Stable as `extract` is, or it would not be inlined.
create function mandant_internal.microseconds(moment timestamptz) returns bigint
  language sql stable parallel safe
  return case when isfinite(moment) then (extract(epoch from moment) * 1000000 - 946684800000000)::bigint end;

create function mandant_internal.day_in(timezone text, moment timestamptz) returns date
  language sql stable
  return (moment at time zone coalesce(timezone, 'UTC'))::date;
comment on function mandant_internal.day_in(text, timestamptz) is 'The date of a moment in a time zone, in UTC unless given.';

create function mandant_internal.written(moment timestamptz) returns text
  language sql stable
  return coalesce(to_char(moment at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'open');
comment on function mandant_internal.written(timestamptz) is 'A moment as messages and records say it, whatever the session''s settings are.';

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
  limits json;
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
      'tenants', (select string_agg(t.id || ' ' || t.code, ',') from mandant_internal.tenant t),
      'closed', (select string_agg(t.id || ' ' || t.state, ',') from mandant_internal.tenant t where t.state <> 'active'),
      'grants', json_build_array(json_build_object('role', 'superuser', 'tenants', null, 'rights', (
        select string_agg('* ' || action || ' tenant', ',')
          from unnest(array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign']) as action))));
  else
    return json_build_object('refused', 'unbound');
  end if;

  select t.* into home from mandant_internal.tenant t where t.id = principal.tenant_id;
  if principal.state <> 'active' or home.state not in ('active', 'archived') then
    return json_build_object('refused', case when bound.relay then 'token' else 'inactive' end);
  end if;

  select least(ends, min(edge)) into changes
    from mandant_internal.access_grant g, unnest(array[g.valid_from, g.valid_until]) as edge
    where g.principal_id = principal.id and edge > moment and isfinite(edge);
  if exists (select from mandant_internal.setting_value v where v.key = any (mandant_internal.limits())) then
    select l.limits, least(changes, l.changes_at) into limits, changes
      from mandant_internal.limits_of(home.id, principal.id, moment) l;
  end if;
  -- Texts and arrays rather than objects, and nothing looked up that is known already: this is read for every new token.
  return (
    with recursive granted as materialized (
      select distinct g.role, g.scope, case g.scope when 'home' then principal.tenant_id else g.tenant_id end as tenant_id
        from mandant_internal.access_grant g
        where g.principal_id = principal.id
          and g.valid_from <= moment and (g.valid_until is null or g.valid_until > moment)
    ), reach (role, tenant_id, code, below) as (
      select g.role, t.id, t.code, g.scope = 'subtree' from granted g join mandant_internal.tenant t on t.id = g.tenant_id
      union
      select r.role, t.id, t.code, true from reach r join mandant_internal.tenant t on t.parent_id = r.tenant_id where r.below
    ), held as materialized (
      select r.role, string_agg(r.tenant_id || ' ' || r.code, ',') as tenants from reach r group by r.role
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
      'limits', limits,
      'teams', (select array_to_json(array_agg(m.team_id)) from mandant_internal.team_member m where m.principal_id = principal.id),
      'kinds', (select json_agg(json_build_array(k.object, k.kinds))
                  from (select p.object, array_agg(distinct kind) as kinds
                          from mandant_internal.protected_table p cross join unnest(p.kinds) as kind
                          group by p.object) k),
      'tenants', (select string_agg(t.id || ' ' || t.code, ',') from mandant_internal.tenant t
                    where exists (select from granted g where g.scope = 'all')),
      'closed', (select string_agg(t.id || ' ' || t.state, ',') from mandant_internal.tenant t where t.state <> 'active'),
      'grants', (select json_agg(json_build_object(
                          'role', g.role,
                          'tenants', case when not g.everywhere then h.tenants end,
                          'rights', (select string_agg(i.object || ' ' || i.action || ' ' || i.depth, ',')
                                       from mandant_internal.role_right i -- not the view: pg_dump reads without views
                                       where i.role = g.role and i.depth is not null
                                         and not (i.shipped and exists (
                                           select from mandant_internal.role_right own
                                             where (own.role, own.object, own.action) = (i.role, i.object, i.action)
                                               and not own.shipped)))))
                   from (select g.role, bool_or(g.scope = 'all') as everywhere from granted g group by g.role) g
                   left join held h on h.role = g.role)));
end
$$;
comment on function mandant_internal.authority(oid, text) is
  'Who a login (on relay logins: with what enter keeps of a token) is, and every right at this moment; or why not.';

-- How far every right of everybody reaches at this moment, by the grant that gives it: what explanations are made of.
-- The library has its own, quicker way to the same (authority, access.rs).
create view mandant_internal.held_right as
  with recursive reach (grant_id, principal_id, role, tenant_id, below) as (
    select g.id, g.principal_id, g.role, case g.scope when 'home' then p.tenant_id else g.tenant_id end, g.scope = 'subtree'
      from mandant_internal.access_grant g join mandant_internal.principal p on p.id = g.principal_id
      where g.valid_from <= clock_timestamp() and (g.valid_until is null or g.valid_until > clock_timestamp())
        and g.scope <> 'all'
    union
    select r.grant_id, r.principal_id, r.role, t.id, true
      from reach r join mandant_internal.tenant t on t.parent_id = r.tenant_id where r.below
  ), granted as (
    select r.grant_id, r.principal_id, r.role, r.tenant_id from reach r
    union all
    select g.id, g.principal_id, g.role, t.id
      from mandant_internal.access_grant g cross join mandant_internal.tenant t
      where g.valid_from <= clock_timestamp() and (g.valid_until is null or g.valid_until > clock_timestamp())
        and g.scope = 'all'
  )
  select d.grant_id, d.principal_id, d.role, d.tenant_id, i.object, i.action, i.depth
    from granted d join mandant_internal.effective_role_right i on i.role = d.role
    where i.depth is not null;
