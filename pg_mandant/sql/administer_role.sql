-- Roles: what they allow. Whoever changes a role must hold what it gives, everywhere, because it can be granted anywhere.

create view mandant.role as
  select r.name, r.description from mandant_internal.role r where r.dropped_at is null;
comment on view mandant.role is 'The roles that can be granted.';

create view mandant.role_right with (security_barrier) as
  select i.role, i.object, i.action, i.depth
    from mandant_internal.effective_role_right i
    where i.depth is not null
      and exists (select from unnest(mandant.current_tenants()) as s (id) where mandant_internal.has_right('role', 'read', s.id));
comment on view mandant.role_right is 'What each role allows: with which object, and how far; for whoever may read role.';
comment on column mandant.role_right.object is 'Of a protected table, a kind of document, or * for all.';
comment on column mandant.role_right.depth is 'own, team or tenant';

create function mandant_internal.require_everywhere(object text, action text) returns void
  language plpgsql stable
  security definer -- reads which tenants there are; the right is that of whoever asks
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.me(); -- somebody at least, also where there is no tenant yet
  perform mandant_internal.require_granted(object, action, t.id) from mandant_internal.tenant t; -- in whatever state
end
$$;

comment on function mandant_internal.require_everywhere(text, text) is
  'Raises 42501 unless there is the right, at depth tenant, in every tenant, in whatever state that is.';

-- Whether somebody administers every tenant, now and without end.
create function mandant_internal.has_administrator() returns boolean
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select exists (
    select from mandant_internal.access_grant g
      join mandant_internal.principal p on p.id = g.principal_id and p.state = 'active'
      join mandant_internal.tenant t on t.id = p.tenant_id and t.state = 'active'
      join mandant_internal.effective_role_right r on r.role = g.role
      where g.scope = 'all' and g.valid_from <= clock_timestamp() and (g.valid_until is null or g.valid_until = 'infinity')
        and r.object in ('*', 'access_grant') and r.action = 'create' and r.depth = 'tenant');
end;

create function mandant_internal.keep_administrator(there_was boolean) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if there_was and not mandant_internal.has_administrator() then
    raise exception using errcode = 'restrict_violation',
      message = 'nobody would be left who administers all tenants',
      hint = 'grant another first: select mandant.grant_role(''...'', ''group_admin'', ''all'')';
  end if;
end
$$;

create function mandant.define_role(role text, description text) returns mandant.role
  language plpgsql volatile
  security definer -- writes mandant_internal.role
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  made mandant.role;
begin
  perform mandant_internal.require_everywhere('role', 'create');
  insert into mandant_internal.role as r (name, description) values (define_role.role, define_role.description)
    on conflict (name) do update set description = excluded.description, dropped_at = null where not r.shipped
    returning r.name, r.description into made;
  if made.name is null then -- no dump would carry it
    raise exception using errcode = 'duplicate_object',
      message = format('role "%s" is shipped and keeps its description', role),
      hint = 'allow and disallow change its rights; define a role of another name';
  end if;
  perform mandant_internal.record('define_role', null, null, made.name, made.description);
  return made;
exception when check_violation or not_null_violation then
  raise exception using errcode = 'invalid_parameter_value',
    message = format('"%s" is not a role name', role), hint = 'lower case letters, digits and _; a description';
end
$$;
comment on function mandant.define_role(text, text) is
  'Defines a role, without any right, or changes its description. Needs the right create on role in every tenant.
Errors: 42710 the role is a shipped one, 22023 not a name, 42501 not allowed.';

create function mandant_internal.check_role(role text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from mandant_internal.role r where r.name = check_role.role and r.dropped_at is null) then
    raise exception using errcode = 'undefined_object',
      message = format('no such role: "%s"', role),
      hint = 'select name from mandant.role; select mandant.define_role(role, description)';
  end if;
end
$$;

create function mandant.drop_role(role text, reason text default null) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.role
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform mandant_internal.require_everywhere('role', 'delete');
  perform mandant_internal.check_role(role);
  if (select r.shipped from mandant_internal.role r where r.name = drop_role.role) then
    raise exception using errcode = 'restrict_violation',
      message = format('role "%s" is shipped and cannot be dropped', role),
      hint = 'take its rights away: select mandant.disallow(...)';
  elsif exists (select from mandant_internal.access_grant g
                  where g.role = drop_role.role and (g.valid_until is null or g.valid_until > clock_timestamp())) then
    raise exception using errcode = 'restrict_violation',
      message = format('role "%s" is held', role),
      hint = format('select principal, scope from mandant.access_grant where role = %L; mandant.revoke_role ends each', role);
  end if;
  delete from mandant_internal.role_right r where r.role = drop_role.role;
  update mandant_internal.role r set dropped_at = now() where r.name = drop_role.role; -- ended grants still name it
  perform mandant_internal.record('drop_role', null, null, role, reason => reason);
end
$$;
comment on function mandant.drop_role(text, text) is
  'Drops a role with its rights; define_role brings the name back. Needs the right delete on role in every tenant.
Errors: 42704 no such role, 23001 shipped, or held by somebody, 42501 not allowed.';

create function mandant.allow(
    role text, object text, actions text[], depth text default 'tenant', reason text default null)
  returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.role_right
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  written int;
  beyond text;
begin
  perform mandant_internal.require_everywhere('role', 'update');
  perform mandant_internal.check_role(role);
  if object <> '*' and object not in (select mandant_internal.objects()) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('no such object: "%s"', object),
      hint = 'objects: * for all, ' || (select string_agg(o, ', ' order by o) from mandant_internal.objects() as o);
  end if;
  if (actions <@ array['read', 'create', 'update', 'delete', 'post', 'void', 'export', 'assign']
      and depth in ('own', 'team', 'tenant')) is not true then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('not a right: %s %s at depth %s', actions, object, depth),
      hint = 'actions: read create update delete post void export assign; depth: own, team or tenant; object * for all';
  end if;
  beyond := (select min(a.action) from mandant_internal.tenant t cross join unnest(actions) as a (action)
               where not mandant_internal.is_granted(object, a.action, t.id));
  if beyond is not null then
    raise exception using errcode = 'insufficient_privilege',
      message = format('you have no right to %s %s in every tenant, and cannot give it', beyond, object),
      hint = 'nobody gives more than they hold';
  end if;
  insert into mandant_internal.role_right (role, object, action, depth)
    select distinct allow.role, allow.object, action, allow.depth from unnest(actions) as action
    on conflict (role, object, action, shipped) do update set depth = excluded.depth;
  get diagnostics written = row_count;
  perform mandant_internal.record('allow', null, null, role,
    format('%s %s at depth %s', array_to_string(actions, ', '), object, depth), reason);
  return written;
end
$$;
comment on function mandant.allow(text, text, text[], text, text) is
  'Lets a role do actions with an object, and says how many rights were written.
object: of a protected table, a kind of document, or * for all; depth: own, team or tenant. Of several rights the deepest counts.
Needs the right update on role in every tenant, and there whatever is given.
Errors: 42704 no such role, 22023 not a right, or no such object, 42501 not allowed.';

create function mandant.disallow(role text, object text, actions text[], reason text default null) returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.role_right
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  there_was constant boolean := mandant_internal.has_administrator();
  removed int;
begin
  perform mandant_internal.require_everywhere('role', 'update');
  removed := (select count(*) from mandant_internal.effective_role_right r
                where r.role = disallow.role and r.object = disallow.object and r.action = any (actions)
                  and r.depth is not null);
  if removed > 0 then
    perform mandant_internal.record('disallow', null, null, role, format('%s %s', array_to_string(actions, ', '), object), reason);
  end if;
  delete from mandant_internal.role_right r
    where r.role = disallow.role and r.object = disallow.object and r.action = any (actions) and not r.shipped;
  insert into mandant_internal.role_right (role, object, action) -- a shipped right is taken away by a row without depth
    select r.role, r.object, r.action from mandant_internal.role_right r
      where r.role = disallow.role and r.object = disallow.object and r.action = any (actions) and r.shipped;
  perform mandant_internal.keep_administrator(there_was);
  return removed;
end
$$;
comment on function mandant.disallow(text, text, text[], text) is
  'Takes rights from a role and says how many there were.
Everybody who holds it is without them at the next statement.
Errors: 42501 not allowed, 23001 nobody would be left who administers all tenants.';
