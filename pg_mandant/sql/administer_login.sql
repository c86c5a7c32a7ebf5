-- Logins: PostgreSQL roles bound to a principal, or to the web service as its relay.

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
  perform mandant_internal.record('bind_login', who.id, who.tenant_id, login::text);
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
  there_was constant boolean := mandant_internal.has_administrator();
  who mandant_internal.principal;
begin
  if exists (select from mandant_internal.login l where l.login = unbind_login.login and l.relay)
     and (select w.kind from mandant.whoami() w) = 'superuser' then
    perform mandant_internal.unbind(login);
    perform mandant_internal.record('unbind_login', null, null, login::text, 'a relay');
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
  perform mandant_internal.record('unbind_login', who.id, who.tenant_id, login::text);
  perform mandant_internal.unbind(login);
  perform mandant_internal.keep_administrator(there_was);
end
$$;
comment on function mandant.unbind_login(regrole) is
  'Takes away the binding of a login or relay.
It sees nothing from its next statement on, and its role can be dropped. Rows it created keep their author. Needs the right delete on principal; for a relay a superuser.
Errors: 42704 not bound, 42501 not allowed, 23001 nobody would be left who administers all tenants.';

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
  perform mandant_internal.record('bind_relay', null, null, login::text);
end
$$;
comment on function mandant.bind_relay(regrole) is
  'Marks a login as a relay, which acts by the tokens given to mandant.enter.
It has no rights of its own. Superusers only.
Errors: 42710 bound to a principal, 22023 the login bypasses row security, 42501 not allowed.';
