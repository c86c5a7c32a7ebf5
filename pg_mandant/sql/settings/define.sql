-- What a setting is: its type, what it can be, where it can be set. A definition can change as long as all that was said fits.

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
      || coalesce(' from ' || d.minimum, '')
      || coalesce(case when d.minimum is null then ' up' else '' end || ' to ' || d.maximum, '') end;
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
held: whether mandant_internal.hold_settings keeps it. What was said before must fit; a default holds for all times.
Needs the right create on setting in every tenant.
Errors: 22023 a definition that cannot be, or that a value does not fit; 42710 it comes with the extension; 42501 not allowed.';
