-- A new company that works as another does: made as mandant.create_tenant makes one, with the series and settings of the
-- other, and with whatever layers above configure. What a company is, has and whom it employs is not configuration.

create table mandant_internal.on_clone_tenant (
  function text primary key, -- its signature: pg_upgrade moves no table that refers to functions by their ids
  position int not null unique
);

create function mandant.on_clone_tenant(function regprocedure, remove boolean default false) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.on_clone_tenant, for superusers only
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (select w.kind from mandant.whoami() w) <> 'superuser' then
    raise exception using errcode = 'insufficient_privilege',
      message = 'only a superuser adds to what is cloned of a tenant', hint = 'ask the owner of the database';
  end if;
  delete from mandant_internal.on_clone_tenant o where o.function = on_clone_tenant.function::text;
  if not remove then
    insert into mandant_internal.on_clone_tenant (function, position)
      select on_clone_tenant.function::text, coalesce(max(o.position), 0) + 1 from mandant_internal.on_clone_tenant o;
  end if;
end
$$;
comment on function mandant.on_clone_tenant(regprocedure, boolean) is
  'Registers what a layer copies of its configuration when a tenant is cloned.
function: takes (source_id int, tenant_id int), called in clone_tenant''s transaction after what on_create_tenant registered,
with both tenants selected; remove: no more of it from now on.
It runs as the owner of the extension, so make it security definer of its own owner. Superusers only.
Errors: 42501 not allowed.';

-- As the source numbers from today on, from each start anew. What the country gave the new tenant goes.
create function mandant_internal.clone_series(source_id int, tenant_id int) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  model record;
  made mandant_internal.series;
begin
  delete from mandant_internal.series s where s.tenant_id = clone_series.tenant_id;
  for model in
    select s.series_id, s.kind, s.branch, coalesce(s.valid_from, '-infinity') as since
      from mandant_internal.series_today s
      where s.tenant_id = clone_series.source_id and (s.pattern is not null or s.next_change is not null)
      order by s.kind, s.branch
  loop
    insert into mandant_internal.series (tenant_id, kind, branch, created_by)
      values (clone_series.tenant_id, model.kind, model.branch, mandant_internal.me())
      returning * into made;
    insert into mandant_internal.series_version
        (series_id, valid_from, pattern, reset, policy, start, last, warn_at, manual, created_by)
      select made.id, case when v.valid_from = model.since then '-infinity' else v.valid_from end, v.pattern, v.reset, v.policy,
             v.start, v.last, v.warn_at, v.manual, mandant_internal.me()
        from mandant_internal.series_version v
        where v.series_id = model.series_id and v.valid_from >= model.since;
    insert into mandant_internal.series_tenant (tenant_id, kind, branch, series_id)
      values (clone_series.tenant_id, made.kind, made.branch, made.id);
    perform mandant_internal.check_kinds(made.id);
  end loop;
end
$$;

-- What holds at the source or is to hold there, but for what a company says of itself, and what books were closed with.
create function mandant_internal.clone_settings(source mandant_internal.tenant, tenant_id int) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  said mandant_internal.setting_value;
begin
  said.level := 'tenant';
  said.tenant_id := clone_settings.tenant_id;
  said.reason := format('cloned from tenant "%s"', source.code);
  for said.key, said.value, said.valid_from, said.valid_until in
    -- what the country said of the new tenant, and the source does not say
    select distinct v.key, null, moment, null::timestamptz
      from mandant_internal.setting_said v
      where v.tenant_id = clone_settings.tenant_id and coalesce(v.ends, 'infinity') > moment
        and not exists (select from mandant_internal.setting_said o
                          where o.tenant_id = source.id and o.key = v.key and coalesce(o.ends, 'infinity') > moment)
  loop
    perform mandant_internal.say_setting(said);
  end loop;
  for said.key, said.value, said.valid_from, said.valid_until in
    select v.key, v.value, greatest(v.valid_from, moment), v.ends
      from mandant_internal.setting_said v join mandant_internal.setting d on d.key = v.key
      where v.tenant_id = source.id and coalesce(v.ends, 'infinity') > moment and d.counts <> 'own' and not d.held
      order by v.valid_from, v.n
  loop
    perform mandant_internal.say_setting(said);
  end loop;
end
$$;

create function mandant.clone_tenant(
    source text, code text, name text, country text default null, currency text default null, parent text default null,
    timezone text default null, locale text default null, fiscal_year_start text default null)
  returns mandant.tenant
  language plpgsql volatile
  security definer -- writes series and settings of the new tenant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  model constant mandant_internal.tenant := mandant_internal.tenant_named(source);
  selected constant text := current_setting('mandant.tenant');
  made mandant.tenant;
  layer regprocedure;
begin
  perform mandant_internal.require_whole(object, 'read', model.id) from unnest(array['series', 'setting']) as object;
  made := mandant.create_tenant(
    clone_tenant.code, clone_tenant.name, coalesce(clone_tenant.country, model.country),
    coalesce(clone_tenant.currency, model.currency),
    coalesce(clone_tenant.parent, (select t.code from mandant_internal.tenant t where t.id = model.parent_id)),
    coalesce(clone_tenant.timezone, model.timezone), coalesce(clone_tenant.locale, model.locale),
    coalesce(clone_tenant.fiscal_year_start, model.fiscal_year_start));
  perform mandant_internal.record('clone_tenant', null, made.id, made.code, format('from %s', model.code));
  perform mandant_internal.require_whole('series', 'create', made.id), mandant_internal.require_whole('setting', 'update', made.id);
  if made.fiscal_year_start = model.fiscal_year_start then
    insert into mandant_internal.fiscal_year (tenant_id, year, first_day, year_start)
      select made.id, f.year, f.first_day, f.year_start from mandant_internal.fiscal_year f where f.tenant_id = model.id;
  end if;
  perform mandant_internal.clone_series(model.id, made.id);
  perform mandant_internal.clone_settings(model, made.id);
  perform set_config('mandant.tenant', format('%s,%s', model.code, made.code), true);
  for layer in select o.function from mandant_internal.on_clone_tenant o order by o.position loop
    execute format('select %s($1, $2)', layer::oid::regproc) using model.id, made.id;
  end loop;
  perform set_config('mandant.tenant', selected, true);
  return made;
end
$$;
comment on function mandant.clone_tenant(text, text, text, text, text, text, text, text, text) is
  'Creates a company that is configured as another is.
It gets the other''s series and settings, and what layers above copy.
source: code of the other, in whatever state; code, name and the rest as in mandant.create_tenant, as the source has them unless
given; parent: that of the source unless given. Series number as the source''s do from today on, and begin at their start; one
that the source shares becomes an own one. Settings are those said at the source itself, without what a company says of itself (such as
its bank account) and what books were closed with. No rows, people, teams, grants. Needs the right create on tenant in the
parent, read on series and setting in the source, create on series and update on setting in the new tenant, and what layers above ask for.
Errors: 42710 code taken, 22023 a value that cannot be, 42501 not allowed or not available.';
