-- Settings: everything that is configured and has no other home. A definition says what a setting is; values are said for
-- the group, a tenant and those below it, a team, or an employee, and the nearest counts. What was said is never changed:
-- a new value takes over from its moment on, so that one can ask what held at any time.

create table mandant_internal.setting (
  key text collate "C" primary key,
  type text not null,
  description text not null,
  default_value text,
  levels text[] not null,
  counts text not null default 'nearest',
  held boolean not null default false,
  choices text[],
  minimum numeric,
  maximum numeric,
  pattern text,
  fact text, -- the column of the tenant that it shows
  shipped boolean not null default false,
  constraint setting_key_format check (key ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint setting_type_known check (type in ('text', 'integer', 'number', 'boolean', 'date', 'texts')),
  constraint setting_levels_known check (levels <@ array['group', 'tenant', 'team', 'employee'] and cardinality(levels) > 0),
  constraint setting_counts_known check
    (counts in ('nearest', 'own') or counts in ('highest', 'lowest') and type in ('integer', 'number', 'date')),
  constraint setting_described check (btrim(description) <> ''),
  constraint setting_limits_of_numbers check (type in ('integer', 'number') or num_nonnulls(minimum, maximum) = 0),
  constraint setting_limits_in_order check (minimum <= maximum and maximum <> 'NaN'),
  constraint setting_choices_given check (cardinality(choices) > 0),
  constraint setting_choices_of_texts check (type = 'text' or num_nonnulls(choices, pattern) = 0)
);

create table mandant_internal.setting_value (
  n bigint generated always as identity primary key, -- in which order they were said; shown to nobody
  key text collate "C" not null references mandant_internal.setting on delete restrict,
  level text not null,
  tenant_id int references mandant_internal.tenant on delete restrict,
  team_id uuid references mandant_internal.team on delete restrict,
  principal_id uuid references mandant_internal.principal on delete restrict,
  value text,
  valid_from timestamptz not null,
  valid_until timestamptz,
  reason text,
  set_at timestamptz not null default clock_timestamp(),
  set_by uuid,
  set_by_login text not null,
  constraint setting_value_level_known check (level in ('group', 'tenant', 'team', 'employee')),
  constraint setting_value_place check (
    (level = 'tenant') = (tenant_id is not null) and (level = 'team') = (team_id is not null)
    and (level = 'employee') = (principal_id is not null)),
  constraint setting_value_period check (valid_until > valid_from),
  constraint setting_value_length check (length(value) <= 100000 and length(reason) <= 10000)
);
create index setting_value_place on mandant_internal.setting_value (key, tenant_id, team_id, principal_id);
comment on table mandant_internal.setting_value is
  'What was said, in order. A row without value takes back what was said before it for the same place, from its valid_from on.';

create trigger keep_as_it_was before update or delete or truncate on mandant_internal.setting_value
  for each statement execute function mandant_internal.keep_as_it_was();
-- Settings are kept by sessions as rights are.
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.setting
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.setting_value
  for each statement execute function mandant_internal.rights_changed();

insert into mandant_internal.setting (key, type, description, levels, fact, shipped)
  select f.key, 'text', f.description, array['tenant'], f.fact, true
    from (values
      ('tenant_name', 'name', 'Name of the company'), ('tenant_country', 'country', 'Country of the company (ISO 3166)'),
      ('tenant_currency', 'currency', 'Currency of the company (ISO 4217)'), ('tenant_timezone', 'timezone', 'Time zone (IANA)'),
      ('tenant_locale', 'locale', 'Language of the company (BCP 47)'),
      ('tenant_fiscal_year_start', 'fiscal_year_start', 'When the fiscal year begins')) as f (key, fact, description);
insert into mandant_internal.setting (key, type, description, default_value, levels, minimum, maximum, shipped) values
  ('token_hours', 'integer', 'Hours until a token of mandant.sign_in ends', '12', array['group', 'tenant'], 1, 720, true);

-- Where a value for somebody in a tenant comes from, the nearest place first: of several teams the one joined first; above
-- the tenant those it is below; at last the group.
create function mandant_internal.setting_places(tenant_id int, principal_id uuid)
  returns table (place int, level text, tenant_id int, team_id uuid, principal_id uuid)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with recursive line (id, parent_id, place) as (
    select t.id, t.parent_id, 3 from mandant_internal.tenant t where t.id = setting_places.tenant_id
    union all
    select t.id, t.parent_id, l.place + 1 from line l join mandant_internal.tenant t on t.id = l.parent_id
  )
  select 1, 'employee', null::int, null::uuid, setting_places.principal_id where setting_places.principal_id is not null
  union all
  (select 2, 'team', null, m.team_id, null
     from mandant_internal.team_member m join mandant_internal.team t on t.id = m.team_id
     where m.principal_id = setting_places.principal_id and (t.tenant_id is null or t.tenant_id = setting_places.tenant_id)
     order by m.joined_at, m.team_id
     limit 1)
  union all
  select l.place, 'tenant', l.id, null, null from line l
  union all
  select 2147483647, 'group', null, null, null;
end;

-- What was said, and until when it holds: to its end, or until it was taken back.
create view mandant_internal.setting_said as
  select v.n, v.key, v.level, v.tenant_id, v.team_id, v.principal_id, v.value, v.valid_from, v.valid_until, v.reason, v.set_by,
         v.set_by_login, v.ends
    from (
      select w.*, least(w.valid_until, min(case when w.value is null then w.valid_from end) over (
               partition by w.key, w.level, w.tenant_id, w.team_id, w.principal_id
               order by w.n desc rows between unbounded preceding and 1 preceding)) as ends
        from mandant_internal.setting_value w) v
    where v.value is not null;

create function mandant_internal.settings_said(tenant_id int, principal_id uuid, key text)
  returns table (place int, said mandant_internal.setting_said)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select p.place, v
    from mandant_internal.setting_places(settings_said.tenant_id, settings_said.principal_id) p
    join mandant_internal.setting_said v
      on v.level = p.level and (v.tenant_id, v.team_id, v.principal_id) is not distinct from (p.tenant_id, p.team_id, p.principal_id)
    where v.key = coalesce(settings_said.key, v.key);
end;

-- By what values of numbers and dates are compared.
create function mandant_internal.setting_rank(type text, value text) returns numeric
  language sql stable
  return case when type = 'date' then to_date(value, 'YYYY-MM-DD') - date '2000-01-01' else value::numeric end;

-- The one place where settings are decided. key: null for all.
create function mandant_internal.settings_at(tenant_id int, principal_id uuid, at timestamptz, key text)
  returns table (key text, value text, level text, tenant_id int, team_id uuid, since timestamptz, until timestamptz,
                 set_by uuid, set_by_login text, reason text)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select d.key, coalesce(v.value, to_jsonb(t) ->> d.fact, d.default_value),
         coalesce(v.level, case when d.fact is not null then 'tenant' else 'default' end),
         coalesce(v.tenant_id, case when d.fact is not null then t.id end), v.team_id, v.valid_from, v.ends,
         v.set_by, v.set_by_login, v.reason
    from mandant_internal.setting d
    left join mandant_internal.tenant t on t.id = settings_at.tenant_id
    left join lateral (
      select o.* from (
          -- at one place what began last
          select distinct on (s.place) s.place, (s.said).*
            from mandant_internal.settings_said(settings_at.tenant_id, settings_at.principal_id, d.key) s
            where (s.said).valid_from <= settings_at.at and settings_at.at < coalesce((s.said).ends, 'infinity')
              and (d.counts <> 'own' or (s.said).level <> 'tenant' or (s.said).tenant_id = settings_at.tenant_id)
            order by s.place, (s.said).valid_from desc, (s.said).n desc) o
        order by case d.counts when 'highest' then -mandant_internal.setting_rank(d.type, o.value)
                               when 'lowest' then mandant_internal.setting_rank(d.type, o.value) end, o.place
        limit 1) v on true
    where d.key = coalesce(settings_at.key, d.key);
end;

-- The value at a moment and how it changes from then on, for the library, which keeps it until rights change; null if there is
-- no such setting.
create function mandant_internal.setting_line(tenant_id int, principal_id uuid, key text, at timestamptz) returns json
  language plpgsql stable
  security definer -- the library asks for whoever may read the setting, who may not read the tables
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return (
    select json_build_object('type', d.type, 'places', (
        select json_agg(coalesce(p.tenant_id, 0) order by p.place desc)
          from mandant_internal.setting_places(setting_line.tenant_id, null) p), 'values', (
        select json_agg(json_build_object('from', mandant_internal.microseconds(m.moment), 'value', a.value) order by m.moment)
          from (select setting_line.at as moment
                union
                select e.moment
                  from mandant_internal.settings_said(setting_line.tenant_id, setting_line.principal_id, d.key) s,
                       lateral (values ((s.said).valid_from), ((s.said).ends)) as e (moment)
                  where e.moment > setting_line.at) m,
               mandant_internal.settings_at(setting_line.tenant_id, setting_line.principal_id, m.moment, d.key) a))
      from mandant_internal.setting d where d.key = setting_line.key);
end
$$;

create function mandant.setting(key text, as_of timestamptz default null, tenant text default null) returns text
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'setting_wrapper';
comment on function mandant.setting(text, timestamptz, text) is
  'The value of a setting for whoever asks, in a tenant.
as_of: the moment at which it held, now unless given (defaults and the tenant''s own facts are always those of now); tenant: code, the one selected unless given. Null: it was never set
and has no default. mandant.effective_setting tells where a value comes from.
Errors: 42704 no such setting, 55000 not exactly one tenant selected, 42501 tenant not available.';

create function mandant_internal.setting_in(tenant_id int, key text, as_of timestamptz default null) returns text
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'setting_in_wrapper';
comment on function mandant_internal.setting_in(int, text, timestamptz) is
  'The same for the tenant of a row, whatever is selected: for functions of a layer above.';

create function mandant_internal.typed_setting(key text, wanted text, as_of timestamptz, tenant text) returns text
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'typed_setting_wrapper';

create function mandant.setting_number(key text, as_of timestamptz default null, tenant text default null) returns numeric
  language sql stable parallel safe
  return mandant_internal.typed_setting(key, 'number', as_of, tenant)::numeric;
create function mandant.setting_boolean(key text, as_of timestamptz default null, tenant text default null) returns boolean
  language sql stable parallel safe
  return mandant_internal.typed_setting(key, 'boolean', as_of, tenant)::boolean;
create function mandant.setting_date(key text, as_of timestamptz default null, tenant text default null) returns date
  language sql stable parallel safe
  return to_date(mandant_internal.typed_setting(key, 'date', as_of, tenant), 'YYYY-MM-DD');
create function mandant.setting_texts(key text, as_of timestamptz default null, tenant text default null) returns jsonb
  language sql stable parallel safe
  return mandant_internal.typed_setting(key, 'texts', as_of, tenant)::jsonb;
comment on function mandant.setting_number(text, timestamptz, text) is
  'The value of a setting of type integer or number, as mandant.setting. Errors besides: 22023 it is of another type.';
comment on function mandant.setting_boolean(text, timestamptz, text) is
  'The value of a setting of type boolean, as mandant.setting. Errors besides: 22023 it is of another type.';
comment on function mandant.setting_date(text, timestamptz, text) is
  'The value of a setting of type date, as mandant.setting. Errors besides: 22023 it is of another type.';
comment on function mandant.setting_texts(text, timestamptz, text) is
  'The texts of a setting of type texts, by language, as mandant.setting.
{"de": "...", "en": "..."}. Errors besides: 22023 it is of another type.';

create function mandant_internal.setting_named(key text) returns mandant_internal.setting
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.setting;
begin
  select * into found from mandant_internal.setting d where d.key = setting_named.key;
  if found.key is null then
    raise exception using errcode = 'undefined_object',
      message = format('no such setting: "%s"', coalesce(key, 'null')),
      hint = 'select key, description from mandant.effective_setting';
  end if;
  return found;
end
$$;

-- The value as it is kept, or a refusal that says what it can be.
create function mandant_internal.checked_setting(d mandant_internal.setting, value text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set datestyle = iso
as $$
declare
  wanted text := case d.type
    when 'texts' then 'texts by language, as in {"de": "...", "en": "..."}'
    when 'date' then 'a date, as in 2026-12-31'
    when 'boolean' then 'true or false'
    when 'text' then coalesce('one of ' || array_to_string(d.choices, ', '), 'a text that matches ' || d.pattern, 'a text')
    else case d.type when 'integer' then 'a whole number' else 'a number' end
      || coalesce(' from ' || d.minimum, '') || coalesce(case when d.minimum is null then ' up' else '' end || ' to ' || d.maximum, '') end;
  kept text;
begin
  if length(value) > 100000 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('a value of %s has at most 100000 characters', d.key), hint = 'it is ' || wanted;
  end if;
  begin
    case d.type
      when 'integer', 'number' then
        if value ~ ('^\s*[+-]?\d{1,30}' || case d.type when 'number' then '(\.\d{1,30})?' else '' end || '\s*$')
           and value::numeric between coalesce(d.minimum, '-infinity') and coalesce(d.maximum, 'infinity') then
          kept := value::numeric::text;
        end if;
      when 'boolean' then
        kept := value::boolean::text;
      when 'date' then
        if value ~ '^\s*\d{4}-\d{2}-\d{2}\s*$' then
          kept := to_char(value::date, 'YYYY-MM-DD');
        end if;
      when 'texts' then
        if jsonb_typeof(value::jsonb) = 'object' and value::jsonb <> '{}'
           and not exists (select from jsonb_each(value::jsonb) e
                             where jsonb_typeof(e.value) <> 'string' or btrim(e.value #>> '{}') = ''
                                or e.key !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$') then
          kept := value::jsonb::text;
        end if;
      else
        if (d.choices is null or value = any (d.choices)) and (d.pattern is null or value ~ d.pattern) then
          kept := value;
        end if;
    end case;
  exception when data_exception then
    null; -- said below
  end;
  if kept is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot be %s', d.key, coalesce(quote_literal(value), 'null')),
      hint = 'it is ' || wanted || case when value is null then '; mandant.unset_setting takes a value back' else '' end;
  end if;
  return kept;
end
$$;

-- Refuses what cannot be set by anybody: a fact, or a setting at a level that it does not have.
create function mandant_internal.refuse_level(d mandant_internal.setting, level text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if d.fact is not null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s is a fact of the tenant, not a setting', d.key),
      hint = case when d.fact = 'currency' then 'the currency of a tenant stays for ever'
                  else format('select mandant.change_tenant(code, %s => ...)', d.fact) end;
  elsif level <> all (d.levels) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot be set at level %s', d.key, level), hint = 'its levels are ' || array_to_string(d.levels, ', ');
  end if;
end
$$;

create function mandant_internal.check_setting(key text, value text, level text) returns void
  language plpgsql stable
  security definer -- reads definitions, which everybody may know
  set search_path = pg_catalog, pg_temp
as $$
declare
  d constant mandant_internal.setting := mandant_internal.setting_named(key);
begin
  perform mandant_internal.refuse_level(d, level);
  perform mandant_internal.checked_setting(d, value);
end
$$;
comment on function mandant_internal.check_setting(text, text, text) is
  'Refuses what mandant.set_setting would refuse of key, value and level (22023, 42704): for what is set later.';

create function mandant.define_setting(
    key text, type text, description text, default_value text default null, levels text[] default '{group,tenant}',
    choices text[] default null, minimum numeric default null, maximum numeric default null, pattern text default null,
    counts text default 'nearest', held boolean default false)
  returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.setting
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  before mandant_internal.setting;
  made mandant_internal.setting;
  said record;
begin
  perform mandant_internal.require_everywhere('setting', 'create');
  select * into before from mandant_internal.setting d where d.key = define_setting.key for update;
  if before.shipped then
    raise exception using errcode = 'duplicate_object',
      message = format('setting "%s" comes with the extension', key), hint = 'choose another key; mandant.set_setting sets its value';
  elsif pattern is not null then
    perform '' ~ pattern; -- an expression that cannot be is refused here
  end if;
  if before.held then
    perform mandant_internal.change_settings(0, 'the group');
  end if;
  insert into mandant_internal.setting as d
      (key, type, description, default_value, levels, counts, held, choices, minimum, maximum, pattern)
    values (define_setting.key, define_setting.type, define_setting.description, define_setting.default_value,
            define_setting.levels, define_setting.counts, define_setting.held, define_setting.choices, define_setting.minimum,
            define_setting.maximum, define_setting.pattern)
    on conflict on constraint setting_pkey do update
      set (type, description, default_value, levels, counts, held, choices, minimum, maximum, pattern)
        = (excluded.type, excluded.description, excluded.default_value, excluded.levels, excluded.counts, excluded.held,
           excluded.choices, excluded.minimum, excluded.maximum, excluded.pattern)
    returning * into made;
  if made.default_value is not null then
    update mandant_internal.setting d set default_value = mandant_internal.checked_setting(made, made.default_value)
      where d.key = made.key;
  end if;
  for said in select v.value, v.level from mandant_internal.setting_value v where v.key = made.key and v.value is not null loop
    perform mandant_internal.checked_setting(made, said.value);
    if said.level <> all (made.levels) then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('%s has values at level %s', made.key, said.level), hint = 'keep the level: what was said is kept';
    end if;
  end loop;
  perform mandant_internal.record('define_setting', null, null, made.key,
    (select string_agg(format('%s = %s', c.key, c.value), ', ' order by c.key)
       from jsonb_each_text(jsonb_strip_nulls(to_jsonb(made) - array['key', 'shipped'])) c));
exception
  when check_violation or not_null_violation or invalid_regular_expression then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('setting "%s" cannot be defined: %s', define_setting.key, sqlerrm),
      hint = 'key like payment_terms_days; type text, integer, number, boolean, date or texts; levels of group, tenant, team, '
             'employee; choices and pattern for text, minimum and maximum for numbers; counts nearest, highest, lowest or own';
end
$$;
comment on function mandant.define_setting(text, text, text, text, text[], text[], numeric, numeric, text, text, boolean) is
  'Defines a setting, or defines it anew.
key: lower case letters, digits and _; type: text, integer, number, boolean, date, or texts (by language); description: one
sentence; default_value: what holds where nothing was said, null for nothing; levels: where it can be set, of group, tenant,
team, employee; choices, pattern: what a text can be; minimum, maximum: what a number can be, both included; counts: of values at
several levels the nearest, the highest or lowest (of numbers and dates), or own: the nearest, but none of a tenant above;
held: whether mandant_internal.hold_settings keeps it. What was said before must fit; a default holds for all times. Needs the right create on setting in every tenant.
Errors: 22023 a definition that cannot be, or that a value does not fit; 42710 it comes with the extension; 42501 not allowed.';

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
  place record;
  said mandant_internal.setting_value;
  other record;
begin
  place := mandant_internal.setting_place(level, tenant, team, employee);
  perform mandant_internal.refuse_level(d, level);
  said.value := mandant_internal.checked_setting(d, value);
  if d.held and level in ('group', 'tenant') then
    perform mandant_internal.change_settings(coalesce(place.tenant_id, 0), place.name);
  end if;
  if valid_from < clock_timestamp() then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot be set from %s on: what held until now stays as it was', d.key,
                       mandant_internal.written(valid_from)),
      hint = 'leave valid_from out, or give a later moment';
  end if;
  said.key := d.key;
  said.level := level;
  said.tenant_id := place.tenant_id;
  said.team_id := place.team_id;
  said.principal_id := place.principal_id;
  said.valid_from := coalesce(valid_from, clock_timestamp());
  said.valid_until := valid_until;
  said.reason := reason;
  if greatest(said.valid_from, said.valid_until) >= '9999-12-31' or not isfinite(said.valid_until) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot be set for a time beyond 9999', d.key), hint = 'without valid_until it holds for good';
  elsif said.valid_until <= said.valid_from then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot hold from %s until %s', d.key, mandant_internal.written(said.valid_from),
                       mandant_internal.written(said.valid_until)),
      hint = 'valid_until is later than valid_from, and exclusive';
  end if;
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
      message = format('another value of %s for %s holds from %s until %s', d.key, place.name,
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
  place record;
  said mandant_internal.setting_value;
begin
  place := mandant_internal.setting_place(level, tenant, team, employee);
  if d.held and level in ('group', 'tenant') then
    perform mandant_internal.change_settings(coalesce(place.tenant_id, 0), place.name);
  end if;
  said.valid_from := coalesce(valid_from, clock_timestamp());
  if valid_from < clock_timestamp() then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s cannot be unset from %s on: what held until now stays as it was', d.key,
                       mandant_internal.written(valid_from)),
      hint = 'leave valid_from out, or give a later moment';
  elsif not exists (
      select from mandant_internal.setting_said v
        where (v.key, v.level) = (d.key, level)
          and (v.tenant_id, v.team_id, v.principal_id) is not distinct from (place.tenant_id, place.team_id, place.principal_id)
          and coalesce(v.ends, 'infinity') > greatest(said.valid_from, v.valid_from)) then
    raise exception using errcode = 'undefined_object',
      message = format('%s has no value of its own for %s then', d.key, place.name),
      hint = 'select key, value, level from mandant.effective_setting';
  end if;
  said.key := d.key;
  said.level := level;
  said.tenant_id := place.tenant_id;
  said.team_id := place.team_id;
  said.principal_id := place.principal_id;
  said.reason := reason;
  perform mandant_internal.say_setting(said);
end
$$;
comment on function mandant.unset_setting(text, text, text, text, text, timestamptz, text) is
  'Takes back what was said at one level, from a moment on.
What the levels above say holds again. Values that were to begin later go as well. Arguments and rights as in mandant.set_setting.
Errors: 42704 no such setting, or nothing to take back; 22023 a moment in the past; 42501 not allowed.';

create function mandant_internal.effective_settings()
  returns table (tenant_id int, tenant text, key text, value text, level text, place text, since timestamptz, until timestamptz,
                 set_by text, reason text, type text, levels text[], editable boolean, description text)
  language plpgsql stable
  security definer -- reads settings for whoever may read the tenant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    select t.id, t.code, a.key, a.value, a.level,
           case a.level when 'tenant' then s.code when 'team' then m.name when 'employee' then mandant_me.name end,
           coalesce(a.since, case when d.fact is not null then t.created_at end), a.until,
           case when s.shown then coalesce(p.name, a.set_by_login) end, case when s.shown then a.reason end, d.type, d.levels, d.fact is null, d.description
      from mandant_internal.tenant t
      cross join lateral mandant_internal.settings_at(t.id, mandant_internal.me(), clock_timestamp(), null) a
      join mandant_internal.setting d on d.key = a.key
      left join mandant_internal.tenant o on o.id = a.tenant_id
      -- of a tenant above that one may not see only that it was set there
      cross join lateral (select case when v.shown then o.code end as code, v.shown
                            from (select coalesce(mandant_internal.has_right('tenant', 'read', a.tenant_id), true)) v (shown)) s
      left join mandant_internal.team m on m.id = a.team_id
      left join mandant_internal.principal p on p.id = a.set_by
      left join mandant_internal.principal mandant_me on mandant_me.id = mandant_internal.me()
      where mandant_internal.in_tenant('tenant', 'read', t.id);
end
$$;

create view mandant.effective_setting with (security_barrier) as
  select s.* from mandant_internal.effective_settings() s;
comment on view mandant.effective_setting is
  'Every setting in each selected tenant as it holds now for whoever asks, and where it comes from.';
comment on column mandant.effective_setting.level is
  'default, group, tenant, team or employee; the tenant''s own facts are at level tenant.';
comment on column mandant.effective_setting.place is 'The tenant (perhaps one above, null where one may not see it), team or employee that it was set for.';
comment on column mandant.effective_setting.since is 'Since when it holds; null: by default.';
comment on column mandant.effective_setting.until is 'Until when it was said to hold, exclusive, unless something else is said before; null: for good.';
comment on column mandant.effective_setting.editable is 'false: a fact of the tenant; mandant.change_tenant changes it.';

create view mandant.setting_history with (security_barrier) as
  select v.set_at, mandant_internal.day_in(t.timezone, v.set_at) as set_on, v.key, v.level, t.code as tenant, m.name as team, p.name as employee, v.value, v.valid_from, v.valid_until,
         coalesce(b.name, v.set_by_login) as set_by, v.reason
    from mandant_internal.setting_value v
    left join mandant_internal.tenant t on t.id = v.tenant_id
    left join mandant_internal.team m on m.id = v.team_id
    left join mandant_internal.principal p on p.id = v.principal_id
    left join mandant_internal.principal b on b.id = v.set_by
    where case v.level
      when 'group' then cardinality(mandant.current_tenants()) > 0
      when 'tenant' then mandant_internal.in_tenant('tenant', 'read', v.tenant_id)
      when 'team' then mandant_internal.sees_team(m.tenant_id, m.id)
      else p.id = mandant_internal.me()
           or mandant_internal.in_tenant('principal', 'read', p.tenant_id)
              and mandant_internal.in_depth('principal', 'read', p.tenant_id, p.id, null, null)
    end;
comment on view mandant.setting_history is
  'What was set and taken back, for whom, when and why: of the group, the selected tenants, and the teams and people one sees.';
comment on column mandant.setting_history.set_on is 'The date of set_at in the tenant; of other levels, in UTC.';
comment on column mandant.setting_history.value is 'Null: what was said before was taken back from valid_from on.';

create table mandant_internal.country_default (
  country text primary key,
  timezone text,
  locale text,
  fiscal_year_start text,
  constraint country_default_country_format check (country ~ '^[A-Z]{2}$'),
  constraint country_default_locale_format check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$')
);

create function mandant.define_country(
    code text, timezone text default null, locale text default null, fiscal_year_start text default null)
  returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.country_default
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_everywhere('country', 'update');
  if define_country.timezone is not null then
    perform mandant_internal.check_timezone(define_country.timezone);
  end if;
  if define_country.fiscal_year_start is not null then
    perform mandant_internal.check_year_start(define_country.fiscal_year_start);
  end if;
  insert into mandant_internal.country_default
    values (define_country.code, define_country.timezone, define_country.locale, define_country.fiscal_year_start)
    on conflict on constraint country_default_pkey do update
      set (timezone, locale, fiscal_year_start) = (excluded.timezone, excluded.locale, excluded.fiscal_year_start);
exception when check_violation or not_null_violation then
  raise exception using errcode = 'invalid_parameter_value',
    message = format('%s or %s cannot be', coalesce(quote_literal(code), 'null'), coalesce(quote_literal(locale), 'null')),
    hint = 'a country of ISO 3166, such as DE; a language of BCP 47, such as de-DE';
end
$$;
comment on function mandant.define_country(text, text, text, text) is
  'Says what a new tenant of a country has where mandant.create_tenant is not told.
code: ISO 3166; timezone: IANA name; locale: BCP 47; fiscal_year_start: as in create_tenant; null: as the tenant above, or
the usual. Tenants that are there keep what they have. Needs the right update on country in every tenant.
Errors: 22023 a value that cannot be, 42501 not allowed.';
