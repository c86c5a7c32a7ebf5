-- Roles and grants, and the binding of logins, which comes with one.
-- Nobody gives away more tenants than the own right on access_grant covers.

create view mandant.role as
  select r.name, r.description from mandant_internal.role r;
comment on view mandant.role is 'The roles that can be granted.';

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

create function mandant_internal.require_everywhere(object text, action text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.me(); -- somebody at least, also where there is no tenant yet
  perform mandant_internal.require_whole(object, action, t.id) from mandant_internal.tenant t;
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
    on conflict (name) do update set description = excluded.description where not r.shipped
    returning r.name, r.description into made;
  if made.name is null then -- no dump would carry it
    raise exception using errcode = 'duplicate_object',
      message = format('role "%s" is shipped and keeps its description', role),
      hint = 'allow and disallow change its rights; define a role of another name';
  end if;
  return made;
exception when check_violation or not_null_violation then
  raise exception using errcode = 'invalid_parameter_value',
    message = format('"%s" is not a role name', role), hint = 'lower case letters, digits and _; a description';
end
$$;
comment on function mandant.define_role(text, text) is
  'Defines a role, without any right, or changes its description. Needs the right create on role in every tenant.
Errors: 42710 the role is a shipped one, 22023 not a name, 42501 not allowed.';

create function mandant.allow(role text, object text, actions text[], depth text default 'tenant') returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.role_right
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  written int;
begin
  perform mandant_internal.require_everywhere('role', 'update');
  if allow.depth is null then
    raise not_null_violation;
  end if;
  insert into mandant_internal.role_right (role, object, action, depth)
    select allow.role, allow.object, action, allow.depth from unnest(actions) as action
    on conflict (role, object, action, shipped) do update set depth = excluded.depth;
  get diagnostics written = row_count;
  return written;
exception
  when foreign_key_violation then
    raise exception using errcode = 'undefined_object',
      message = format('no such role: "%s"', role), hint = 'select mandant.define_role(role, description)';
  when check_violation or not_null_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('not a right: %s %s at depth %s', actions, object, depth),
      hint = 'actions: read create update delete post void export assign; depth: own, team or tenant; object * for all';
end
$$;
comment on function mandant.allow(text, text, text[], text) is
  'Lets a role do actions with an object, and says how many rights were written.
object: of a protected table, a kind of document, or * for all; depth: own, team or tenant.
Needs the right update on role in every tenant. Errors: 42704 no such role, 22023 not a right, 42501 not allowed.';

create function mandant.disallow(role text, object text, actions text[]) returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.role_right
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  removed int;
begin
  perform mandant_internal.require_everywhere('role', 'update');
  removed := (select count(*) from mandant_internal.effective_role_right r
                where r.role = disallow.role and r.object = disallow.object and r.action = any (actions)
                  and r.depth is not null);
  delete from mandant_internal.role_right r
    where r.role = disallow.role and r.object = disallow.object and r.action = any (actions) and not r.shipped;
  insert into mandant_internal.role_right (role, object, action) -- a shipped right is taken away by a row without depth
    select r.role, r.object, r.action from mandant_internal.role_right r
      where r.role = disallow.role and r.object = disallow.object and r.action = any (actions) and r.shipped;
  return removed;
end
$$;
comment on function mandant.disallow(text, text, text[]) is
  'Takes rights from a role and says how many there were.
Everybody who holds it is without them at the next statement.
Errors: 42501 not allowed.';

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
    perform mandant_internal.require_whole('access_grant', 'create', reached);
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
  made mandant_internal.access_grant;
begin
  if not exists (select from mandant_internal.role r where r.name = grant_role.role) then
    raise exception using errcode = 'undefined_object',
      message = format('no such role: "%s"', role), hint = 'select name from mandant.role';
  end if;
  perform mandant_internal.require_scope(holder.tenant_id, reach.kind, reach.tenant_id);
  if grant_role.valid_until <= coalesce(grant_role.valid_from, now()) then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the grant ends before it begins', hint = 'valid_until is exclusive and later than valid_from';
  end if;
  insert into mandant_internal.access_grant
      (principal_id, role, scope, tenant_id, valid_from, valid_until, reason, granted_by)
    values (holder.id, grant_role.role, reach.kind, reach.tenant_id, coalesce(grant_role.valid_from, now()), grant_role.valid_until,
            grant_role.reason, mandant_internal.me())
    returning * into made;
  return (made.id, holder.name, made.role, scope, made.valid_from, made.valid_until, made.reason,
          (select b.name from mandant_internal.principal b where b.id = made.granted_by),
          made.granted_at)::mandant.access_grant;
end
$$;
comment on function mandant.grant_role(text, text, text, timestamptz, timestamptz, text) is
  'Gives a role to an employee or login.
Every session of theirs has it from the next statement on.
principal: e-mail or login; scope: home, a tenant''s code, code/* (with all below it) or all; valid_until: exclusive, null: open.
Needs the right create on access_grant in every tenant of the scope.
Errors: 42704 no such principal or role, 42501 not allowed, 22023 period reversed.';

create function mandant.revoke_role(principal text, role text, scope text default 'home') returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.access_grant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  holder mandant_internal.principal := mandant_internal.principal_named(principal);
  reach constant record := mandant_internal.scope_named(scope);
  never_began int;
  ended int;
begin
  perform mandant_internal.require_scope(holder.tenant_id, reach.kind, reach.tenant_id);
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
  return ended;
end
$$;
comment on function mandant.revoke_role(text, text, text) is
  'Ends a role of its holder and says how many grants ended.
Every session of theirs is without it from the next statement on.
Errors: 42704 not held, 42501 not allowed.';

-- Roles that row security does not hold, that PostgreSQL ships, or that own what is protected are not for people.
create function mandant_internal.check_bindable(login regrole) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from pg_roles r where r.oid = login and (r.rolsuper or r.rolbypassrls)) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('login %s bypasses row security, binding it would have no effect', login),
      hint = format('alter role %s nosuperuser nobypassrls', login);
  elsif login::oid < 16384
     -- by oid: how a name is printed follows settings of the caller
     or login = 'mandant_user'::regrole
     or pg_has_role(login, 'mandant_owner', 'member')
     or exists (select from mandant_internal.protected_table p join pg_class c on c.oid = p.relation
                  where pg_has_role(login, c.relowner, 'member')) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s is, or is a member of, a role that the product or PostgreSQL stands on', login),
      hint = 'bind a login of its own for each person or tool';
  end if;
end
$$;

create function mandant.bind_login(
    login regrole, tenant text, role text default 'reader', scope text default 'home',
    default_selection text default null, employee text default null)
  returns mandant.principal
  language plpgsql volatile
  security definer -- writes mandant_internal.login, and makes the login a member of mandant_user
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  who mandant_internal.principal;
begin
  perform mandant_internal.require_whole('principal', 'create', home.id);
  perform mandant_internal.check_bindable(login);
  if exists (select from mandant_internal.login l where l.login = bind_login.login) then
    raise exception using errcode = 'duplicate_object',
      message = format('login %s is bound already', login),
      hint = case when exists (select from mandant_internal.login l where l.login = bind_login.login and l.relay)
                  then 'it is a relay; take another login'
                  else format('select mandant.unbind_login(''%s'')', login) end;
  end if;
  perform mandant_internal.check_selection(coalesce(bind_login.default_selection, ''));
  if employee is not null then
    who := mandant_internal.principal_named(employee);
    if who.tenant_id <> home.id then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('employee "%s" does not belong to tenant "%s"', employee, tenant),
        hint = 'name the employee''s own tenant';
    end if;
    perform mandant_internal.require_over(who);
  else
    -- a role that was renamed keeps its principal, and gives the name free
    update mandant_internal.principal p set name = (select r.rolname from pg_roles r where r.oid = l.login)
      from mandant_internal.login l
      where l.principal_id = p.id and p.kind = 'login'
        and p.name = (select r.rolname from pg_roles r where r.oid = bind_login.login);
    insert into mandant_internal.principal (kind, name, full_name, tenant_id, default_selection)
      values ('login', (select r.rolname from pg_roles r where r.oid = bind_login.login), null, home.id,
              nullif(bind_login.default_selection, ''))
      returning * into who;
  end if;
  insert into mandant_internal.login (login, principal_id) values (bind_login.login, who.id);
  if role is not null then
    perform mandant.grant_role(who.name, role, scope, reason => 'bind_login');
  end if;
  return mandant_internal.visible(who);
end
$$;
comment on function mandant.bind_login(regrole, text, text, text, text, text) is
  'Binds a PostgreSQL login to a tenant.
From its next statement on it sees what its role allows.
role: null for none; scope: home, a code, code/* or all; default_selection: what an unset mandant.tenant means, null: home;
employee: e-mail of a person whose login this is, null: the login is a principal of its own.
Needs the rights create on principal and access_grant.
Errors: 42710 bound already, 22023 the login bypasses row security, 42501 not allowed.';

create function mandant_internal.unbind(login oid) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  holder uuid;
begin
  delete from mandant_internal.login l where l.login = unbind.login returning l.principal_id into holder;
  update mandant_internal.principal p set state = 'inactive', state_reason = 'unbound',
      name = p.name || ' (unbound ' || p.id || ')'
    where p.id = holder and p.kind = 'login';
end
$$;

-- `drop owned by` takes from a role what keeps it from being dropped, and so its binding.
create function mandant_internal.unbind_released() returns void
  language plpgsql volatile
  security definer -- deletes bindings; says what is so, whoever calls it
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.unbind(l.login)
    from mandant_internal.login l
    where not exists (select from pg_type t, aclexplode(t.typacl) as a
                        where t.oid = 'mandant_internal.binding'::regtype and a.grantee = l.login);
end
$$;

create function mandant.unbind_login(login regrole) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.login
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  who mandant_internal.principal;
begin
  if exists (select from mandant_internal.login l where l.login = unbind_login.login and l.relay)
     and (select w.kind from mandant.whoami() w) = 'superuser' then
    perform mandant_internal.unbind(login);
    return;
  end if;
  select p.* into who
    from mandant_internal.login l join mandant_internal.principal p on p.id = l.principal_id
    where l.login = unbind_login.login;
  if who.id is null or not mandant_internal.has_whole_right('principal', 'read', who.tenant_id) then
    raise exception using errcode = 'undefined_object',
      message = format('login %s is not bound', login), hint = 'select name from mandant.principal where kind = ''login''';
  end if;
  perform mandant_internal.require_whole('principal', 'delete', who.tenant_id);
  perform mandant_internal.unbind(login);
end
$$;
comment on function mandant.unbind_login(regrole) is
  'Takes away the binding of a login or relay.
It sees nothing from its next statement on, and its role can be dropped. Rows it created keep their author. Needs the right delete on principal; for a relay a superuser.
Errors: 42704 not bound, 42501 not allowed.';

create function mandant.bind_relay(login regrole) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.login
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if (select w.kind from mandant.whoami() w) <> 'superuser' then
    raise exception using errcode = 'insufficient_privilege',
      message = 'only a superuser makes a login a relay', hint = 'ask the owner of the database';
  end if;
  perform mandant_internal.check_bindable(login);
  if exists (select from mandant_internal.login l where l.login = bind_relay.login and not l.relay) then
    raise exception using errcode = 'duplicate_object',
      message = format('login %s is bound to a principal and cannot be a relay', login),
      hint = format('select mandant.unbind_login(''%s'')', login);
  end if;
  insert into mandant_internal.login (login, relay) values (bind_relay.login, true) on conflict do nothing;
end
$$;
comment on function mandant.bind_relay(regrole) is
  'Marks a login as a relay, which acts by the tokens given to mandant.enter.
It has no rights of its own. Superusers only.
Errors: 42710 bound to a principal, 22023 the login bypasses row security, 42501 not allowed.';
