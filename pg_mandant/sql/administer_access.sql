-- Grants: a role for a principal, in a scope, for a time.
-- Nobody gives away more than they hold: neither more tenants than the own right on access_grant covers, nor what the role
-- allows and they themselves may not.

create view mandant.access_grant with (security_barrier) as
  select g.id, p.name as principal, g.role,
         case g.scope when 'tenant' then t.code when 'subtree' then t.code || '/*' else g.scope end as scope,
         g.valid_from, g.valid_until, g.reason, b.name as granted_by, g.granted_at
    from mandant_internal.access_grant g
    join mandant_internal.principal p on p.id = g.principal_id
    left join mandant_internal.tenant t on t.id = g.tenant_id
    left join mandant_internal.principal b on b.id = g.granted_by
    where mandant_internal.in_tenant('access_grant', 'read', p.tenant_id)
      and mandant_internal.in_depth('access_grant', 'read', p.tenant_id, p.id, null, null);
comment on view mandant.access_grant is 'Who holds which role, where, and until when; of principals of the selected tenants; at depth own, one''s own.';

create function mandant_internal.require_scope(home int, scope text, tenant_id int) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  reached int;
begin
  for reached in
    with recursive below (id) as (
      select tenant_id
      union all
      select t.id from mandant_internal.tenant t join below b on t.parent_id = b.id where scope = 'subtree'
    )
    select home
    union
    select b.id from below b where scope in ('tenant', 'subtree')
    union
    select t.id from mandant_internal.tenant t where scope = 'all'
  loop
    -- a grant is written into nobody's tenant, and reading is granted where it is all that is left
    perform mandant_internal.require_granted('access_grant', 'create', reached);
  end loop;
end
$$;

-- What a scope as written (home, code, code/*, all) is in a grant.
create function mandant_internal.scope_named(scope text, out kind text, out tenant_id int)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  kind := case when scope in ('home', 'all') then scope when scope like '%/*' then 'subtree' else 'tenant' end;
  if kind in ('subtree', 'tenant') then
    tenant_id := (mandant_internal.tenant_named(regexp_replace(scope, '/[*]$', ''))).id;
  end if;
end
$$;

-- 42501 unless the caller may grant the role in the scope.
create function mandant_internal.require_to_grant(role text, home int, scope text, tenant_id int) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  beyond record;
begin
  perform mandant_internal.require_scope(home, scope, tenant_id);
  with recursive reached (id) as (
    select case require_to_grant.scope when 'home' then home else require_to_grant.tenant_id end
      where require_to_grant.scope <> 'all'
    union
    select t.id from mandant_internal.tenant t where require_to_grant.scope = 'all'
    union
    select t.id from mandant_internal.tenant t join reached r on t.parent_id = r.id where require_to_grant.scope = 'subtree'
  )
  select r.object, r.action into beyond
    from mandant_internal.effective_role_right r cross join reached
    where r.role = require_to_grant.role and r.depth is not null
      and not mandant_internal.is_granted(r.object, r.action, reached.id)
    order by r.object, r.action
    limit 1;
  if beyond.object is not null then
    raise exception using errcode = 'insufficient_privilege',
      message = format('role "%s" allows to %s %s, which you may not do there yourself', role, beyond.action,
                       case beyond.object when '*' then 'everything' else beyond.object end),
      hint = 'nobody gives more than they hold: ask somebody who holds it';
  end if;
end
$$;

create function mandant.grant_role(
    principal text, role text, scope text default 'home', valid_from timestamptz default now(),
    valid_until timestamptz default null, reason text default null)
  returns mandant.access_grant
  language plpgsql volatile
  security definer -- writes mandant_internal.access_grant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  holder mandant_internal.principal := mandant_internal.principal_named(principal);
  reach constant record := mandant_internal.scope_named(scope);
  begins timestamptz := coalesce(grant_role.valid_from, now());
  made mandant_internal.access_grant;
  other mandant_internal.access_grant;
begin
  perform mandant_internal.check_role(role);
  perform mandant_internal.require_whole('access_grant', 'create', holder.tenant_id);
  perform mandant_internal.require_to_grant(role, holder.tenant_id, reach.kind, reach.tenant_id);
  if holder.id = mandant_internal.me() then
    raise exception using errcode = 'insufficient_privilege',
      message = 'nobody grants to themselves', hint = 'ask another administrator';
  elsif grant_role.valid_until <= begins then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the grant ends before it begins', hint = 'valid_until is exclusive and later than valid_from';
  elsif grant_role.valid_until <= clock_timestamp() then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the grant would be over already', hint = 'valid_until is exclusive and lies ahead';
  elsif begins < now() then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the grant would begin in the past', hint = 'leave valid_from out for now';
  end if;
  begins := greatest(begins, clock_timestamp()); -- another may have ended earlier in this transaction
  perform from mandant_internal.principal p where p.id = holder.id for no key update; -- one grant at a time
  select g.* into other
    from mandant_internal.access_grant g
    where g.principal_id = holder.id and g.role = grant_role.role and g.scope = reach.kind
      and g.tenant_id is not distinct from reach.tenant_id
      and tstzrange(g.valid_from, g.valid_until) && tstzrange(begins, grant_role.valid_until)
    order by g.valid_from
    limit 1;
  if other.id is not null then
    raise exception using errcode = 'duplicate_object',
      message = format('"%s" holds role "%s" with scope "%s" from %s to %s already', holder.name, role, scope,
                       mandant_internal.written(other.valid_from), mandant_internal.written(other.valid_until)),
      hint = 'choose another period, or end that one: select mandant.revoke_role(...)';
  end if;
  insert into mandant_internal.access_grant
      (principal_id, role, scope, tenant_id, valid_from, valid_until, reason, granted_by)
    values (holder.id, grant_role.role, reach.kind, reach.tenant_id, begins, grant_role.valid_until,
            grant_role.reason, mandant_internal.me())
    returning * into made;
  perform mandant_internal.record('grant_role', holder.id, holder.tenant_id, made.role,
    format('scope %s from %s to %s', scope, mandant_internal.written(made.valid_from), mandant_internal.written(made.valid_until)),
    made.reason);
  return (made.id, holder.name, made.role, scope, made.valid_from, made.valid_until, made.reason,
          (select b.name from mandant_internal.principal b where b.id = made.granted_by),
          made.granted_at)::mandant.access_grant;
end
$$;
comment on function mandant.grant_role(text, text, text, timestamptz, timestamptz, text) is
  'Gives a role to an employee or login.
Every session of theirs has it from the next statement on.
principal: e-mail or login; scope: home, a tenant''s code, code/* (with all below it) or all; valid_until: exclusive, null: open.
Needs the right create on access_grant in every tenant of the scope, and there whatever the role allows.
Errors: 42704 no such principal or role, 42501 not allowed, more than one holds oneself, or to oneself; 22023 period reversed
or past, 42710 held at that time already.';

create function mandant.revoke_role(principal text, role text, scope text default 'home', reason text default null) returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.access_grant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  holder mandant_internal.principal := mandant_internal.principal_named(principal);
  reach constant record := mandant_internal.scope_named(scope);
  there_was constant boolean := mandant_internal.has_administrator();
  never_began int;
  ended int;
begin
  perform mandant_internal.require_scope(holder.tenant_id, reach.kind, reach.tenant_id);
  perform mandant_internal.record('revoke_role', holder.id, holder.tenant_id, role, 'scope ' || scope, reason);
  -- A grant that ran has a history and is ended; one that never began is removed.
  delete from mandant_internal.access_grant g
    where g.principal_id = holder.id and g.role = revoke_role.role and g.scope = reach.kind
      and g.tenant_id is not distinct from reach.tenant_id and g.valid_from > clock_timestamp();
  get diagnostics never_began = row_count;
  update mandant_internal.access_grant g set valid_until = clock_timestamp()
    where g.principal_id = holder.id and g.role = revoke_role.role and g.scope = reach.kind
      and g.tenant_id is not distinct from reach.tenant_id and (g.valid_until is null or g.valid_until > clock_timestamp());
  get diagnostics ended = row_count;
  ended := ended + never_began;
  if ended = 0 then
    raise exception using errcode = 'undefined_object',
      message = format('"%s" does not hold role "%s" with scope "%s"', principal, role, scope),
      hint = 'select * from mandant.access_grant';
  end if;
  perform mandant_internal.keep_administrator(there_was);
  return ended;
end
$$;
comment on function mandant.revoke_role(text, text, text, text) is
  'Ends a role of its holder and says how many grants ended.
Every session of theirs is without it from the next statement on. Needs the right create on access_grant, as giving does.
Errors: 42704 not held, 42501 not allowed, 23001 nobody would be left who administers all tenants.';
