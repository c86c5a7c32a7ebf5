-- Number series (Nummernkreise) and the register of numbers given.
-- The register is the counter: append-only, one row per number, chained by hashes, written by `draw` alone.

create table mandant_internal.series (
  id int generated always as identity primary key,
  tenant_id int not null references mandant_internal.tenant on delete restrict,
  kind text not null,
  branch text not null default '',
  pattern text not null,
  reset text not null,
  policy text not null,
  start bigint not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  constraint series_key unique (tenant_id, kind, branch),
  constraint series_kind_format check (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint series_branch_format check (branch ~ '^[A-Za-z0-9_-]{0,20}$'),
  constraint series_policy_known check (policy in ('gapless', 'gapless_chronological', 'unique')),
  constraint series_start_positive check (start > 0)
);

create table mandant_internal.number (
  series_id int not null,
  period int not null,
  n bigint not null,
  tenant_id int not null,
  kind text not null,
  number text not null,
  document uuid,
  document_date date not null,
  issued_at timestamptz not null,
  issued_by uuid,
  chain bytea not null,
  constraint number_pkey primary key (series_id, period, n),
  constraint number_key unique (tenant_id, kind, number)
);
comment on table mandant_internal.number is
  'The register: each number given, once and for ever.
chain = SHA-256 of the previous row''s chain in series and period (empty for the first), followed by the UTF-8 text of
tenant_id, kind, branch, period, n, number, document_date (YYYY-MM-DD), document (32 hexadecimal digits or empty),
issued_at (microseconds since 2000-01-01 UTC) and issued_by (as document), joined by U+001F.';

create function mandant_internal.keep_register() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (select r.rolsuper from pg_roles r where r.rolname = current_user) then
    return null; -- nothing holds a superuser; the chain shows it
  end if;
  raise exception using errcode = 'restrict_violation',
    message = 'a number that was given stays as it is', hint = 'what happens to it later is an event of its own';
end
$$;
create trigger keep_register before update or delete or truncate on mandant_internal.number
  for each statement execute function mandant_internal.keep_register();

create function mandant_internal.check_pattern(pattern text, reset text) returns void
  language c immutable strict
  as 'MODULE_PATHNAME', 'check_pattern_wrapper';
create function mandant_internal.draw(series json, on_date date, document uuid) returns text
  language c volatile
  as 'MODULE_PATHNAME', 'draw_wrapper';
create function mandant_internal.preview(series json, on_date date) returns text
  language c stable
  as 'MODULE_PATHNAME', 'preview_wrapper';

create function mandant_internal.series_of(kind text, branch text, tenant mandant_internal.tenant) returns json
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.series;
begin
  select * into found from mandant_internal.series s
    where s.tenant_id = tenant.id and s.kind = series_of.kind and s.branch = coalesce(series_of.branch, '');
  if found.id is null then
    raise exception using errcode = 'undefined_object',
      message = format('tenant "%s" has no series for %s%s', tenant.code, coalesce(kind, 'null'),
                       ' in branch ' || nullif(branch, '')),
      hint = format('select mandant.define_series(%L, %L, pattern => ''...'')', tenant.code, kind);
  end if;
  return json_build_object(
    'id', found.id, 'tenant_id', tenant.id, 'tenant', tenant.code, 'kind', found.kind, 'branch', found.branch,
    'pattern', found.pattern, 'reset', found.reset, 'start', found.start, 'fiscal_year_start', tenant.fiscal_year_start);
end
$$;

create function mandant_internal.next_preview(series_id int) returns text
  language sql stable
  security definer -- reads series and register; answers within the caller's rights only
  set search_path = pg_catalog, pg_temp
begin atomic
  select mandant_internal.preview(mandant_internal.series_of(s.kind, s.branch, t),
                                  (now() at time zone t.timezone)::date)
    from mandant_internal.series s join mandant_internal.tenant t on t.id = s.tenant_id
    where s.id = next_preview.series_id and mandant_internal.in_tenant('series', 'read', s.tenant_id);
end;

create view mandant.series with (security_barrier) as
  select s.tenant_id, s.kind, nullif(s.branch, '') as branch, s.pattern, s.reset, s.policy, s.start,
         mandant_internal.next_preview(s.id) as next_preview
    from mandant_internal.series s
    where mandant_internal.in_tenant('series', 'read', s.tenant_id);
comment on view mandant.series is 'The number series of the selected tenants.';
comment on column mandant.series.next_preview is 'What the next number of today would be; not reserved, others may take it.';

create view mandant.issued_number with (security_barrier) as
  select r.tenant_id, r.kind, s.branch, r.period, r.n, r.number, 'used'::text as state, r.document, r.document_date,
         r.issued_at, p.name as issued_by
    from mandant_internal.number r
    join mandant_internal.series s on s.id = r.series_id
    left join mandant_internal.principal p on p.id = r.issued_by
    where mandant_internal.in_tenant('number', 'read', r.tenant_id)
      and mandant_internal.in_depth('number', 'read', r.tenant_id, r.issued_by, null, r.kind);
comment on view mandant.issued_number is 'Every number given in the selected tenants, by whom, when and for which document; at depth own, one''s own.';
comment on column mandant.issued_number.period is '0 (never reset), 2026 (year), 202611 (month) or 20261123 (day).';

create function mandant.define_series(
    tenant text, kind text, pattern text, reset text default 'never', policy text default 'gapless',
    start bigint default 1, branch text default null)
  returns mandant.series
  language plpgsql volatile
  security definer -- writes mandant_internal.series
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  made mandant_internal.series;
begin
  perform mandant_internal.require_whole('series', 'create', home.id);
  perform mandant_internal.check_pattern(define_series.pattern, define_series.reset);
  insert into mandant_internal.series (tenant_id, kind, branch, pattern, reset, policy, start, created_by)
    values (home.id, define_series.kind, coalesce(define_series.branch, ''), define_series.pattern, define_series.reset,
            define_series.policy, define_series.start, mandant_internal.me())
    returning * into made;
  return (made.tenant_id, made.kind, nullif(made.branch, ''), made.pattern, made.reset, made.policy, made.start,
          mandant_internal.preview(mandant_internal.series_of(made.kind, made.branch, home),
                                   (now() at time zone home.timezone)::date))::mandant.series;
exception
  when unique_violation then
    raise exception using errcode = 'duplicate_object',
      message = format('tenant "%s" has a series for %s already', tenant, kind), hint = 'select * from mandant.series';
  when check_violation or not_null_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('the series for %s cannot be defined: %s', coalesce(kind, 'null'), sqlerrm),
      hint = 'kind like invoice; policy gapless, gapless_chronological or unique; start at least 1';
end
$$;
comment on function mandant.define_series(text, text, text, text, text, bigint, text) is
  'Defines a tenant''s number series for a kind of document, or a branch of it.
pattern: literals and {n:5} {yyyy} {yy} {mm} {dd} {q} {fy} {tenant} {branch}; reset: never, year, fiscal_year, month or
day, the pattern must contain what keeps numbers apart; policy: gapless, gapless_chronological or unique; start: the
first number of each period. Needs the right create on series.
Errors: 42710 there is one, 22023 pattern or value, with position; 42501 not allowed.';

create function mandant.next_number(
    kind text, on_date date default null, branch text default null, tenant text default null, document uuid default null)
  returns text
  language plpgsql volatile
  security definer -- reads the series and writes the register
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant;
begin
  if kind is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the kind is missing', hint = 'select kind from mandant.series';
  end if;
  if tenant is null then
    select t.* into home from mandant_internal.tenant t where t.id = mandant.current_tenant();
  else
    home := mandant_internal.tenant_named(tenant);
  end if;
  perform mandant_internal.require(kind, 'post', home.id);
  return mandant_internal.draw(mandant_internal.series_of(kind, branch, home),
                               coalesce(on_date, (now() at time zone home.timezone)::date), document);
end
$$;
comment on function mandant.next_number(text, date, text, text, uuid) is
  'Gives the next number of a series, gap-free: a rollback gives it back. Waits for whoever is at it, up to lock_timeout.
on_date: the document''s date, which decides the period; today in the tenant''s time zone unless given.
tenant: code, the one selected unless given; document: what the number is for. Needs the right post on the kind.
Errors: 42704 no such series, 42501 not allowed, 55000 no tenant selected, 55P03 series busy, 25006 read-only.';
