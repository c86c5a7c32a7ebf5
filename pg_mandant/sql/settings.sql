-- Settings: everything that is configured and has no other home. A definition says what a setting is; values are said for
-- the group, a tenant and those below it, a team, or an employee, and the nearest counts. What was said is never changed:
-- a new value takes over from its moment on, so that one can ask what held at any time. Here is what is kept and how it is
-- decided and read; settings/ has how one defines, sets and shows them.

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
    left join (
      select distinct on (o.key) o.* from (
          -- at one place what began last
          select distinct on ((s.said).key, s.place) s.place, (s.said).*, c.counts, c.type
            from mandant_internal.settings_said(settings_at.tenant_id, settings_at.principal_id, settings_at.key) s
            join mandant_internal.setting c on c.key = (s.said).key
            where (s.said).valid_from <= settings_at.at and settings_at.at < coalesce((s.said).ends, 'infinity')
              and (c.counts <> 'own' or (s.said).level <> 'tenant' or (s.said).tenant_id = settings_at.tenant_id)
            order by (s.said).key, s.place, (s.said).valid_from desc, (s.said).n desc) o
        order by o.key, case o.counts when 'highest' then -mandant_internal.setting_rank(o.type, o.value)
                                      when 'lowest' then mandant_internal.setting_rank(o.type, o.value) end, o.place) v on v.key = d.key
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
as_of: the moment at which it held, now unless given (defaults and the tenant''s own facts are always those of now); tenant:
code, the one selected unless given. Null: it was never set and has no default. mandant.effective_setting tells where a value comes from.
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
