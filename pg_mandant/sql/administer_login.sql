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

-- value: null for no longer. The two settings that bind_login may set; callers make sure that the login is their affair.
create function mandant_internal.set_start(login oid, setting text, value text) returns void
  language c volatile
  as 'MODULE_PATHNAME', 'set_start_wrapper';
comment on function mandant_internal.set_start(oid, text, text) is
  'Sets what sessions of a login start with in this database: alter role ... in database ... set, without CREATEROLE.';

-- What somebody has said of the login already stays, and is not ours to take away.
create function mandant_internal.start_with(login regrole, setting text, value text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from pg_db_role_setting s cross join unnest(s.setconfig) as kept
      where s.setrole = login and split_part(kept, '=', 1) = setting
        and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
  ) then
    perform mandant_internal.set_start(login, setting, value);
    update mandant_internal.login l set starts_with = l.starts_with || format('%s=%s', setting, value)
      where l.login = start_with.login;
  end if;
end
$$;

-- As people write it: 5min, 90s, 1500ms.
create function mandant_internal.timeout_written(timeout interval) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  ms constant numeric := round(extract(epoch from timeout) * 1000);
begin
  if ms not between 1 and 2147483647 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('statement_timeout cannot be %s', timeout), hint = 'it is 1 ms to 24 days; null: no limit';
  end if;
  return case when ms % 60000 = 0 then div(ms, 60000) || 'min' when ms % 1000 = 0 then div(ms, 1000) || 's' else ms || 'ms' end;
end
$$;

create function mandant.bind_login(
    login regrole, tenant text, role text default 'reader', scope text default 'home',
    default_selection text default null, employee text default null,
    read_only boolean default null, statement_timeout interval default '5 minutes')
  returns mandant.principal
  language plpgsql volatile
  security definer -- writes mandant_internal.login, and makes the login a member of mandant_user
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  who mandant_internal.principal;
  timeout constant text := mandant_internal.timeout_written(bind_login.statement_timeout);
  only_reads boolean;
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
  only_reads := not exists (
    select from mandant_internal.access_grant g join mandant_internal.effective_role_right r on r.role = g.role
      where g.principal_id = who.id and (g.valid_until is null or g.valid_until > clock_timestamp())
        and r.depth is not null and r.action not in ('read', 'export'));
  if coalesce(bind_login.read_only, only_reads) then
    perform mandant_internal.start_with(login, 'default_transaction_read_only', 'on');
  end if;
  if timeout is not null then
    perform mandant_internal.start_with(login, 'statement_timeout', timeout);
  end if;
  -- a report is about all that its reader may see; what is written is home's unless said
  if employee is null and bind_login.default_selection is null and scope <> 'home' and only_reads then
    update mandant_internal.principal p set default_selection = '*' where p.id = who.id returning * into who;
  end if;
  return mandant_internal.visible(who);
end
$$;
comment on function mandant.bind_login(regrole, text, text, text, text, text, boolean, interval) is
  'Binds a PostgreSQL login to a tenant.
From its next statement on it sees what its role allows.
role: null for none; scope: home, a code, code/* or all; default_selection: what an unset mandant.tenant means, null: all that
it may see where it only reads and scope is not home, else home;
employee: e-mail of a person whose login this is, null: the login is a principal of its own;
read_only: whether its sessions here start with default_transaction_read_only, null: where its rights only read and export;
statement_timeout: after how long its statements here end, null: never. Both are where a session starts, which can set them,
stay as somebody has set them for the login (alter role), and go with the binding.
Needs the rights create on principal and access_grant.
Errors: 42710 bound already, 22023 the login bypasses row security or the timeout cannot be, 42501 not allowed.';

create function mandant_internal.unbind(login oid) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  bound mandant_internal.login;
  setting text;
begin
  delete from mandant_internal.login l where l.login = unbind.login returning l.* into bound;
  foreach setting in array coalesce(bound.starts_with, '{}')
  loop
    if exists (select from pg_db_role_setting s
                 where s.setrole = unbind.login and setting = any (s.setconfig)
                   and s.setdatabase = (select d.oid from pg_database d where d.datname = current_database())) then
      perform mandant_internal.set_start(unbind.login, split_part(setting, '=', 1), null);
    end if;
  end loop;
  update mandant_internal.principal p set state = 'inactive', state_reason = 'unbound',
      name = p.name || ' (unbound ' || p.id || ')'
    where p.id = bound.principal_id and p.kind = 'login';
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
  perform mandant_internal.require_granted('principal', 'delete', who.tenant_id); -- in whatever state it is
  perform mandant_internal.record('unbind_login', who.id, who.tenant_id, login::text);
  perform mandant_internal.unbind(login);
  perform mandant_internal.keep_administrator(there_was);
end
$$;
comment on function mandant.unbind_login(regrole) is
  'Takes away the binding of a login or relay.
It sees nothing from its next statement on, its role can be dropped, and what bind_login had it start with is gone. Rows it created keep their author. Needs the right delete on principal; for a relay a superuser.
Errors: 42704 not bound, 42501 not allowed, 23001 nobody would be left who administers all tenants.';

create function mandant.bind_relay(login regrole, forwards boolean default true) returns void
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
  insert into mandant_internal.login as l (login, relay, forwards) values (bind_relay.login, true, bind_relay.forwards)
    on conflict on constraint login_pkey do update set forwards = excluded.forwards;
  perform mandant_internal.record('bind_relay', null, null, login::text);
end
$$;
comment on function mandant.bind_relay(regrole, boolean) is
  'Marks a login as a relay, which acts by the tokens given to mandant.enter.
It has no rights of its own. Superusers only.
forwards: true for a service, which says in mandant.sign_in from which address others sign in; false where people connect
as it themselves, who are braked by the address that they come from.
Errors: 42710 bound to a principal, 22023 the login bypasses row security, 42501 not allowed.';
