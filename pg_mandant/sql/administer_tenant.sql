-- Companies, as administrators change them and everybody sees the selected ones.
-- Every function runs as the owning role and asks first for the right of the outer user (mandant_internal.require); a
-- tenant that does not exist and one that is not available get the same answer.

create function mandant_internal.tenant_named(code text) returns mandant_internal.tenant
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.tenant;
begin
  select * into found from mandant_internal.tenant t where t.code = tenant_named.code;
  if found.id is null or not mandant_internal.has_right('tenant', 'read', found.id) then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('tenant "%s" is not available to you', tenant_named.code),
      hint = 'available: ' || (select array_to_string(w.available[1:20], ', ') from mandant.whoami() w);
  end if;
  return found;
end
$$;

create view mandant.tenant with (security_barrier) as
  select t.id, t.code, t.name, t.parent_id, t.country, t.currency, t.timezone, t.locale, t.fiscal_year_start, t.state
    from mandant_internal.tenant t
    where mandant_internal.in_tenant('tenant', 'read', t.id);
comment on view mandant.tenant is 'The selected tenants; mandant.whoami() names all that can be selected.';
comment on column mandant.tenant.fiscal_year_start is
  'When the fiscal year begins: 04-01 (month and day), or sunday nearest 02-01; mandant.define_fiscal_year says where not.';
comment on column mandant.tenant.state is
  'active; suspended: its people are refused, and nobody writes there; archived: everybody reads only; purged: its rows are gone.';

create function mandant_internal.visible_tenant(t mandant_internal.tenant) returns mandant.tenant
  language sql immutable
begin atomic
  select row(t.id, t.code, t.name, t.parent_id, t.country, t.currency, t.timezone, t.locale, t.fiscal_year_start, t.state)::mandant.tenant;
end;

-- Exactly a name that there is. pg_timezone_names reads all of some 1,200 files, which takes longer than making a tenant; the
-- server is asked for the one instead, where the name cannot be a rule such as CET-1CEST, of which it takes any.
create function mandant_internal.is_timezone(timezone text) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC' -- and back at the end
as $$
begin
  if timezone ~ '^[A-Z][A-Za-z_]*(/[A-Z][A-Za-z_-]*)+$' then
    return set_config('timezone', timezone, true) = timezone; -- as it is written there, whatever was said
  end if;
  return exists (select from pg_timezone_names z where z.name = is_timezone.timezone);
exception when invalid_parameter_value then
  return false;
end
$$;

create function mandant_internal.check_timezone(timezone text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if mandant_internal.is_timezone(timezone) is not true then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('time zone "%s" is not known', timezone),
      hint = 'a name as in select name from pg_timezone_names: Europe/Berlin';
  end if;
end
$$;

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

create function mandant.create_tenant(
    code text, name text, country text, currency text, parent text default null, timezone text default null,
    locale text default null, fiscal_year_start text default null)
  returns mandant.tenant
  language plpgsql volatile
  security definer -- writes tables that nobody else may write
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  above mandant_internal.tenant;
  usual mandant_internal.country_default;
  made mandant_internal.tenant;
  layer regprocedure;
begin
  if parent is not null then
    above := mandant_internal.tenant_named(parent);
    perform mandant_internal.require_whole('tenant', 'create', above.id);
  elsif (select w.kind from mandant.whoami() w) <> 'superuser' then
    raise exception using errcode = 'insufficient_privilege',
      message = 'only a superuser creates a tenant without a parent',
      hint = 'name the tenant it belongs to: parent => ''...''';
  end if;
  if create_tenant.timezone is not null then
    perform mandant_internal.check_timezone(create_tenant.timezone);
  end if;
  if create_tenant.fiscal_year_start is not null then
    perform mandant_internal.check_year_start(create_tenant.fiscal_year_start);
  end if;
  select * into usual from mandant_internal.country_default c where c.country = create_tenant.country;
  insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale, fiscal_year_start)
    values (create_tenant.code, create_tenant.name, above.id, create_tenant.country, create_tenant.currency,
            coalesce(create_tenant.timezone, usual.timezone, above.timezone, 'UTC'),
            coalesce(create_tenant.locale, usual.locale, above.locale, 'en'),
            coalesce(create_tenant.fiscal_year_start, usual.fiscal_year_start, '01-01'))
    returning * into made;
  perform mandant_internal.record('create_tenant', null, made.id, made.code);
  for layer in select o.function from mandant_internal.on_create_tenant o order by o.position loop
    execute format('select %s($1)', layer::oid::regproc) using made.id;
  end loop;
  return mandant_internal.visible_tenant(made);
exception
  when unique_violation then
    raise exception using errcode = 'duplicate_object',
      message = format('tenant code "%s" is taken', create_tenant.code), hint = 'choose another code';
  when check_violation or not_null_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('tenant "%s" cannot be created: %s', create_tenant.code, sqlerrm),
      hint = 'code like de, name not empty, country like DE (ISO 3166), currency like EUR (ISO 4217), locale like de-DE (BCP 47), '
             'fiscal_year_start like 04-01';
end
$$;
comment on function mandant.create_tenant(text, text, text, text, text, text, text, text) is
  'Creates a company with its number series and all that layers above add.
code: lower case, begins with a letter, at most 31 characters; country: ISO 3166 code; currency: ISO 4217 code;
parent: code of the tenant above, whose time zone and locale are the defaults where the country has none (mandant.define_country);
timezone: IANA name;
fiscal_year_start: 04-01 (month and day), or, for years of 52 or 53 weeks, sunday nearest 02-01, sunday on or before 02-01,
sunday on or after 02-01; 01-01 unless given. Needs the right create on tenant in the parent.
Errors: 42710 code taken, 22023 a value that cannot be, 42501 not allowed.';

create function mandant.change_tenant(
    code text, name text default null, country text default null, parent text default null, timezone text default null,
    locale text default null, fiscal_year_start text default null, reason text default null)
  returns mandant.tenant
  language plpgsql volatile
  security definer -- writes mandant_internal.tenant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.tenant := mandant_internal.tenant_named(code);
  above mandant_internal.tenant;
begin
  perform mandant_internal.require_whole('tenant', 'update', found.id);
  if parent is not null then
    above := mandant_internal.tenant_named(parent);
    perform mandant_internal.require_whole('tenant', 'create', above.id);
    perform mandant_internal.change_settings(found.id, format('tenant "%s"', found.code)); -- others hold below it
    perform from mandant_internal.tenant t order by t.id for no key update; -- two moves at once could close a circle
    if exists (with recursive line (id) as (
                 select above.id
                 union select t.parent_id from line l join mandant_internal.tenant t on t.id = l.id where t.parent_id is not null
               ) select from line l where l.id = found.id) then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('tenant "%s" cannot be below "%s", which is %s', code, parent,
                         case when above.id = found.id then 'itself' else 'below it' end),
        hint = 'tenants form a tree: choose a parent outside of its own branch';
    end if;
  end if;
  if change_tenant.timezone is not null then
    perform mandant_internal.check_timezone(change_tenant.timezone);
  end if;
  if change_tenant.fiscal_year_start <> found.fiscal_year_start then
    perform mandant_internal.check_year_start(change_tenant.fiscal_year_start);
    perform mandant_internal.keep_calendar(found, '-infinity');
  end if;
  update mandant_internal.tenant t
    set name = coalesce(change_tenant.name, t.name), country = coalesce(change_tenant.country, t.country),
        parent_id = coalesce(above.id, t.parent_id), timezone = coalesce(change_tenant.timezone, t.timezone),
        locale = coalesce(change_tenant.locale, t.locale),
        fiscal_year_start = coalesce(change_tenant.fiscal_year_start, t.fiscal_year_start)
    where t.id = found.id
    returning * into found;
  perform mandant_internal.record('change_tenant', null, found.id, found.code,
    (select string_agg(format('%s = %s', c.key, c.value), ', ' order by c.key)
       from jsonb_each_text(jsonb_strip_nulls(jsonb_build_object(
              'name', name, 'country', country, 'parent', parent, 'timezone', timezone, 'locale', locale,
              'fiscal_year_start', fiscal_year_start))) c), reason);
  return mandant_internal.visible_tenant(found);
exception
  when check_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('tenant "%s" cannot be changed: %s', change_tenant.code, sqlerrm),
      hint = 'name not empty, country like DE (ISO 3166), locale like de-DE (BCP 47), fiscal_year_start like 04-01';
end
$$;
comment on function mandant.change_tenant(text, text, text, text, text, text, text, text) is
  'Changes a company; what is null stays as it is. Its code and currency stay for ever.
parent: code of another tenant above it, from where grants with scope code/* then reach it; the rest as in create_tenant.
fiscal_year_start: only while no fiscal year has a number; later mandant.define_fiscal_year.
Needs the right update on tenant, and create on it in the new parent.
Errors: 23001 fiscal years have numbers, 22023 a value that cannot be, or a parent below itself; 42501 not allowed or not available.';

create function mandant.on_create_tenant(function regprocedure, remove boolean default false) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.on_create_tenant, for superusers only
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (select w.kind from mandant.whoami() w) <> 'superuser' then
    raise exception using errcode = 'insufficient_privilege',
      message = 'only a superuser adds to what a new tenant gets', hint = 'ask the owner of the database';
  end if;
  delete from mandant_internal.on_create_tenant o where o.function = on_create_tenant.function::text;
  if not remove then
    insert into mandant_internal.on_create_tenant (function, position)
      select on_create_tenant.function::text, coalesce(max(o.position), 0) + 1 from mandant_internal.on_create_tenant o;
  end if;
end
$$;
comment on function mandant.on_create_tenant(regprocedure, boolean) is
  'Registers what a layer does for a new tenant.
function: takes (tenant_id int), called in create_tenant''s transaction; remove: no more of it from now on.
It runs as the owner of the extension, so make it security definer of its own owner. Superusers only.
Errors: 42501 not allowed.';

create function mandant_internal.set_tenant_state(code text, state text, reason text) returns mandant.tenant
  language plpgsql volatile
  security definer -- writes mandant_internal.tenant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  there_was constant boolean := mandant_internal.has_administrator();
  found mandant_internal.tenant := mandant_internal.tenant_named(code);
begin
  perform mandant_internal.require_granted('tenant', 'update', found.id); -- in whatever state it is
  select * into found from mandant_internal.tenant t where t.id = found.id for no key update; -- a purge may be going on
  if found.state = 'purged' then
    raise exception using errcode = 'restrict_violation',
      message = format('tenant "%s" is purged', found.code), hint = 'it stays so for ever';
  end if;
  perform mandant_internal.record(case state when 'suspended' then 'suspend_tenant' when 'archived' then 'archive_tenant'
                                    else 'resume_tenant' end,
                                  null, found.id, found.code,
                                  (select 'its purge is withdrawn' from mandant_internal.purge_request r where r.tenant_id = found.id),
                                  reason);
  delete from mandant_internal.purge_request r where r.tenant_id = found.id;
  update mandant_internal.tenant t set state = set_tenant_state.state, state_reason = reason where t.id = found.id
    returning * into found;
  perform mandant_internal.keep_administrator(there_was);
  return mandant_internal.visible_tenant(found);
end
$$;

create function mandant.suspend_tenant(code text, reason text) returns mandant.tenant
  language sql volatile
begin atomic
  select mandant_internal.set_tenant_state(code, 'suspended', reason);
end;
comment on function mandant.suspend_tenant(text, text) is
  'Refuses everybody whose home this tenant is, from their next statement on. Nobody writes into it; those above read.
Whoever tries to is told 55000, or finds no row to change. Access that was given can still be taken away there.
Needs the right update on tenant. Errors: 42501 not allowed or not available, 23001 purged.';

create function mandant.archive_tenant(code text, reason text) returns mandant.tenant
  language sql volatile
begin atomic
  select mandant_internal.set_tenant_state(code, 'archived', reason);
end;
comment on function mandant.archive_tenant(text, text) is
  'Leaves a tenant to be read by its people and those above; nobody writes there.
Whoever tries to is told 55000, or finds no row to change; no number is drawn. Access that was given can still be taken away there.
From here on mandant.purge_tenant can remove it. Needs the right update on tenant.
Errors: 42501 not allowed or not available, 23001 purged, or nobody would be left who administers all.';

create function mandant.resume_tenant(code text) returns mandant.tenant
  language sql volatile
begin atomic
  select mandant_internal.set_tenant_state(code, 'active', null);
end;
comment on function mandant.resume_tenant(text) is
  'Opens a tenant again that was suspended or archived, and withdraws its purge.
Errors: 42501 not allowed or not available, 23001 purged.';
