-- How a setting is set and taken back: somewhere, by whoever may there, from a moment on.

-- A place where something is said, and that whoever asks may say something there.
create function mandant_internal.setting_place(
    level text, tenant text, team text, employee text, out tenant_id int, out team_id uuid, out principal_id uuid, out name text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found_team mandant_internal.team;
  who mandant_internal.principal;
begin
  if num_nonnulls(tenant, team, employee) > 1
     or tenant is not null and level <> 'tenant' or team is not null and level <> 'team'
     or employee is not null and level <> 'employee' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('level %s and the place do not belong together', level),
      hint = 'name the tenant at level tenant, the team at level team, the employee at level employee, nothing at level group';
  end if;
  case level
    when 'group' then
      name := 'the group';
      perform mandant_internal.require_everywhere('setting', 'update');
    when 'tenant' then
      if tenant is null then
        tenant_id := mandant.current_tenant();
        name := (select t.code from mandant_internal.tenant t where t.id = tenant_id);
      else
        tenant_id := (mandant_internal.tenant_named(tenant)).id;
        name := tenant;
      end if;
      name := format('tenant "%s"', name);
      perform mandant_internal.require_whole('setting', 'update', tenant_id);
    when 'team' then
      found_team := mandant_internal.team_named(team);
      team_id := found_team.id;
      name := format('team "%s"', found_team.name);
      if found_team.tenant_id is null then
        perform mandant_internal.require_everywhere('setting', 'update');
      else
        perform mandant_internal.require_whole('setting', 'update', found_team.tenant_id);
      end if;
    when 'employee' then
      select p.* into who from mandant_internal.principal p where p.id = mandant_internal.me();
      if employee is not null and employee is distinct from who.name then
        who := mandant_internal.principal_named(employee);
        perform mandant_internal.require_whole('setting', 'update', who.tenant_id);
      elsif exists (select from mandant_internal.tenant t where t.id = who.tenant_id and t.state <> 'active') then
        perform mandant_internal.refuse_right('setting', 'update', who.tenant_id);
      end if;
      principal_id := who.id;
      name := format('"%s"', who.name);
      if principal_id is null then
        raise exception using errcode = 'invalid_parameter_value',
          message = 'a superuser is no employee', hint = 'employee => the e-mail of one';
      end if;
    else
      raise exception using errcode = 'invalid_parameter_value',
        message = format('there is no level %s', coalesce(quote_literal(level), 'null')),
        hint = 'group, tenant, team or employee';
  end case;
end
$$;

create function mandant_internal.lock_settings(tenant_id int) returns void
  language c volatile strict
  as 'MODULE_PATHNAME', 'lock_settings_wrapper';

-- Waits for whoever holds the settings of a tenant, or of the group (0), but not for long: those who come meanwhile wait, too.
create function mandant_internal.change_settings(tenant_id int, name text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '5s'
as $$
begin
  perform mandant_internal.lock_settings(tenant_id);
exception when lock_not_available then
  raise exception using errcode = 'lock_not_available',
    message = format('the settings of %s are in use: a transaction that relies on them is open', name),
    hint = 'try again; pg_stat_activity shows what has been open for long';
end
$$;

create function mandant_internal.hold_settings(tenant_id int) returns void
  language c volatile strict
  as 'MODULE_PATHNAME', 'hold_settings_wrapper';
comment on function mandant_internal.hold_settings(int) is
  'Keeps the held settings of a tenant as they are until the transaction ends: who would set one waits, as this waits for them.
For what must not happen after a setting forbids it, such as posting in a period that is being locked. Read the setting after
it. Granted to nobody: for security definer functions of a layer, to whose owner a superuser grants it.';

-- What is to be said but for the value: where, by whoever may, and when. Nobody says it meanwhile, if it is held.
create function mandant_internal.to_be_said(
    d mandant_internal.setting, level text, tenant text, team text, employee text, valid_from timestamptz,
    valid_until timestamptz, reason text, out said mandant_internal.setting_value, out place text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found constant record := mandant_internal.setting_place(level, tenant, team, employee);
begin
  perform mandant_internal.refuse_level(d, level);
  place := found.name;
  said.key := d.key;
  said.level := level;
  said.tenant_id := found.tenant_id;
  said.team_id := found.team_id;
  said.principal_id := found.principal_id;
  said.reason := reason;
  if d.held and level in ('group', 'tenant') then
    perform mandant_internal.change_settings(coalesce(said.tenant_id, 0), place);
  end if;
  said.valid_from := coalesce(valid_from, clock_timestamp());
  said.valid_until := valid_until;
  if valid_from < clock_timestamp() then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot change from %s on: what held until now stays as it was', d.key,
                       mandant_internal.written(valid_from)),
      hint = 'leave valid_from out, or give a later moment';
  elsif greatest(said.valid_from, said.valid_until) >= '9999-12-31' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot be set for a time beyond 9999', d.key), hint = 'without valid_until it holds for good';
  elsif said.valid_until <= said.valid_from then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot hold from %s until %s', d.key, mandant_internal.written(said.valid_from),
                       mandant_internal.written(said.valid_until)),
      hint = 'valid_until is later than valid_from, and exclusive';
  end if;
end
$$;

create function mandant_internal.say_setting(said mandant_internal.setting_value) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into mandant_internal.setting_value
      (key, level, tenant_id, team_id, principal_id, value, valid_from, valid_until, reason, set_by, set_by_login)
    values (said.key, said.level, said.tenant_id, said.team_id, said.principal_id, said.value, said.valid_from, said.valid_until,
            said.reason, mandant_internal.me(), mandant_internal.outer_user()::regrole);
end
$$;

create function mandant.set_setting(
    key text, value text, level text default 'tenant', tenant text default null, team text default null,
    employee text default null, valid_from timestamptz default null, valid_until timestamptz default null,
    reason text default null)
  returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.setting_value
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  d constant mandant_internal.setting := mandant_internal.setting_named(key);
  new record;
  said mandant_internal.setting_value;
  other record;
begin
  new := mandant_internal.to_be_said(d, level, tenant, team, employee, valid_from, valid_until, reason);
  said := new.said;
  said.value := mandant_internal.checked_setting(d, value);
  -- A value for a time is an exception within one that has no end, and no two of those overlap.
  select v.valid_from, v.valid_until into other
    from mandant_internal.setting_said v
    where (v.key, v.level) = (said.key, said.level)
      and (v.tenant_id, v.team_id, v.principal_id) is not distinct from (said.tenant_id, said.team_id, said.principal_id)
      and v.valid_from < coalesce(v.ends, 'infinity')
      and (v.valid_until is not null and said.valid_from >= v.valid_from and said.valid_from < v.ends
           or said.valid_until is not null and v.valid_from > said.valid_from and v.valid_from < said.valid_until)
    order by v.valid_from
    limit 1;
  if other.valid_from is not null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('another value of %s for %s holds from %s until %s', d.key, new.place,
                       mandant_internal.written(other.valid_from), mandant_internal.written(other.valid_until)),
      hint = 'choose times that do not overlap, or take it back first: mandant.unset_setting';
  end if;
  perform mandant_internal.say_setting(said);
end
$$;
comment on function mandant.set_setting(text, text, text, text, text, text, timestamptz, timestamptz, text) is
  'Sets a setting from a moment on, at one level.
level: group, tenant (and those below it), team, or employee; tenant: code, the one selected unless given; team: name, or
code/name; employee: e-mail, oneself unless given; valid_from: now unless given, never earlier; valid_until: exclusive, null
for good. The nearest level counts; at one level the value that began last. Needs the right update on setting there, for the
group and teams across tenants everywhere; one''s own anybody sets.
Errors: 42704 no such setting or place; 22023 a value, level or time that cannot be, or times that overlap; 42501 not allowed.';

create function mandant.unset_setting(
    key text, level text default 'tenant', tenant text default null, team text default null, employee text default null,
    valid_from timestamptz default null, reason text default null)
  returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.setting_value
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  d constant mandant_internal.setting := mandant_internal.setting_named(key);
  new record;
  said mandant_internal.setting_value;
begin
  new := mandant_internal.to_be_said(d, level, tenant, team, employee, valid_from, null, reason);
  said := new.said;
  if not exists (
      select from mandant_internal.setting_said v
        where (v.key, v.level) = (said.key, said.level)
          and (v.tenant_id, v.team_id, v.principal_id) is not distinct from (said.tenant_id, said.team_id, said.principal_id)
          and coalesce(v.ends, 'infinity') > greatest(said.valid_from, v.valid_from)) then
    raise exception using errcode = 'undefined_object',
      message = format('%s has no value of its own for %s then', d.key, new.place),
      hint = 'select key, value, level from mandant.effective_setting';
  end if;
  perform mandant_internal.say_setting(said);
end
$$;
comment on function mandant.unset_setting(text, text, text, text, text, timestamptz, text) is
  'Takes back what was said at one level, from a moment on.
What the levels above say holds again. Values that were to begin later go as well. Arguments and rights as in mandant.set_setting.
Errors: 42704 no such setting, or nothing to take back; 22023 a moment in the past; 42501 not allowed.';
