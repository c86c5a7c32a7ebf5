-- Number series (Nummernkreise) and the register of numbers given.
-- The register is the counter: append-only, one row per number, chained by hashes, written by the library alone. What
-- happens to a number later is an event, append-only and chained as well.

create table mandant_internal.series (
  id int generated always as identity primary key,
  tenant_id int not null references mandant_internal.tenant on delete restrict,
  kind text collate "C" not null,
  branch text collate "C" not null default '',
  created_at timestamptz not null default now(),
  created_by uuid,
  constraint series_kind_format check (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint series_branch_format check (branch ~ '^[A-Za-z0-9_-]{0,20}$')
);
comment on table mandant_internal.series is 'A number series; tenant_id is the tenant that manages it.';

-- Who draws from it: the tenant that manages it, and those that share it. No tenant has two for one kind and branch.
create table mandant_internal.series_tenant (
  tenant_id int not null references mandant_internal.tenant on delete restrict,
  kind text collate "C" not null,
  branch text collate "C" not null,
  series_id int not null references mandant_internal.series on delete cascade,
  constraint series_tenant_pkey primary key (tenant_id, kind, branch)
);
create index series_tenant_series on mandant_internal.series_tenant (series_id);

create table mandant_internal.series_version (
  series_id int not null references mandant_internal.series on delete cascade,
  valid_from date not null,
  pattern text,
  reset text not null,
  policy text not null,
  start bigint not null,
  last bigint,
  warn_at bigint,
  manual boolean not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  constraint series_version_pkey primary key (series_id, valid_from),
  constraint series_version_policy_known check (policy in ('gapless', 'gapless_chronological', 'unique')),
  constraint series_version_reset_known check (reset in ('never', 'year', 'fiscal_year', 'month', 'day')),
  constraint series_version_start_positive check (start > 0),
  constraint series_version_last_after_start check (last >= start),
  constraint series_version_warn_within check (warn_at between start and coalesce(last, warn_at)),
  constraint series_version_manual_where_unique check (not manual or policy = 'unique')
);
comment on table mandant_internal.series_version is
  'How a series numbers documents from a date on; without pattern it is closed from then on.';

-- Fiscal years that begin otherwise than the tenant's rule says.
create table mandant_internal.fiscal_year (
  tenant_id int not null references mandant_internal.tenant on delete restrict,
  year int not null,
  first_day date not null,
  year_start text not null,
  constraint fiscal_year_pkey primary key (tenant_id, year),
  constraint fiscal_year_first_day_key unique (tenant_id, first_day),
  constraint fiscal_year_first_day_within check (first_day between '0001-01-01' and '9999-12-31')
);
comment on table mandant_internal.fiscal_year is
  'From fiscal year `year` on, which begins on first_day, years begin by the rule year_start: one turn of the calendar.';

create trigger rights_changed after insert or update or delete or truncate on mandant_internal.series
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.series_tenant
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.series_version
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.fiscal_year
  for each statement execute function mandant_internal.rights_changed();

-- The library knows the columns by their place.
create table mandant_internal.number (
  series_id int not null,
  period int not null,
  tenant_id int not null,
  document_date date not null,
  n bigint not null,
  issued_at timestamptz not null,
  issued_by uuid,
  document uuid,
  kind text collate "C" not null,
  branch text collate "C" not null,
  number text collate "C" not null,
  chain bytea not null,
  constraint number_pkey primary key (series_id, period, tenant_id, n),
  constraint number_key unique (tenant_id, kind, number)
);
comment on table mandant_internal.number is
  'The register: each number given, once and for ever.
chain = SHA-256 of the previous row''s chain in series, period and tenant (nothing for the first), followed by the UTF-8
text of tenant_id, kind, branch, period, n, number, document_date (YYYY-MM-DD), document (32 hexadecimal digits or empty),
issued_at (microseconds since 2000-01-01 UTC) and issued_by (as document), joined by U+001F.';

create table mandant_internal.number_event (
  series_id int not null,
  tenant_id int not null,
  seq bigint not null,
  n bigint not null,
  period int not null,
  event text not null,
  at timestamptz not null,
  document uuid,
  by_principal uuid,
  reservation uuid,
  expires_at timestamptz,
  holder text,
  reason text,
  by_login text not null,
  chain bytea not null,
  constraint number_event_pkey primary key (series_id, tenant_id, seq),
  constraint number_event_once unique (series_id, period, tenant_id, n, event)
);
create index number_event_reservation on mandant_internal.number_event (reservation);
comment on table mandant_internal.number_event is
  'What happened to numbers after they were given: reserved, used, void, imported.
chain = SHA-256 of the previous row''s chain in series and tenant (nothing for the first), followed by the UTF-8 text of
tenant_id, seq, period, n, event, document (32 hexadecimal digits or empty), reservation (as document), expires_at
(microseconds since 2000-01-01 UTC or empty), holder, reason (or empty), at (as expires_at), by_principal (as document) and
by_login, joined by U+001F.';

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
create trigger keep_register before update or delete or truncate on mandant_internal.number_event
  for each statement execute function mandant_internal.keep_register();

create function mandant_internal.check_year_start(year_start text) returns void
  language c immutable strict
  as 'MODULE_PATHNAME', 'check_year_start_wrapper';
create function mandant_internal.check_series(series json[], foreign_numbers text[]) returns void
  language c immutable strict
  as 'MODULE_PATHNAME', 'check_series_wrapper';
create function mandant_internal.period_of(series json, on_date date) returns int
  language c immutable strict
  as 'MODULE_PATHNAME', 'period_of_wrapper';
create function mandant_internal.fiscal_periods(
    calendar json, first_year int, last_year int, out fiscal_year int, out period int, out first_day date, out last_day date)
  returns setof record
  language c immutable strict rows 450
  as 'MODULE_PATHNAME', 'fiscal_periods_wrapper';
create function mandant_internal.preview(series json) returns text
  language c stable strict
  as 'MODULE_PATHNAME', 'preview_wrapper';

-- Fiscal calendars as the library reads them.
create view mandant_internal.calendar as
  select t.id as tenant_id,
         json_build_object(
           'year_start', t.fiscal_year_start,
           'turns', (select coalesce(json_agg(json_build_object('year', f.year, 'first_day', to_char(f.first_day, 'YYYY-MM-DD'),
                                                                'year_start', f.year_start) order by f.first_day), '[]')
                       from mandant_internal.fiscal_year f where f.tenant_id = t.id)) as calendar
    from mandant_internal.tenant t;

create view mandant.fiscal_period with (security_barrier) as
  select t.id as tenant_id, p.fiscal_year, (p.period - 1) / 3 + 1 as fiscal_quarter, p.period, p.first_day, p.last_day
    from mandant_internal.tenant t
    join mandant_internal.calendar c on c.tenant_id = t.id
    cross join lateral mandant_internal.fiscal_periods(c.calendar, 2000, extract(year from now())::int + 10) p
    where mandant_internal.in_tenant('tenant', 'read', t.id);
comment on view mandant.fiscal_period is
  'Months of the fiscal years of the selected tenants, from 2000 until ten years from now.
They begin on the day of the month on which the year begins; of a year of 52 or 53 weeks they have four, four and five weeks.';
comment on column mandant.fiscal_period.fiscal_year is 'As in numbers with {fy}: what mandant.define_fiscal_year says, else the calendar year it begins in.';
comment on column mandant.fiscal_period.fiscal_quarter is 'Three periods each, from 1; above 4 in a long year.';
comment on column mandant.fiscal_period.period is 'Counts the periods of the fiscal year, from 1; above 12 in a long year.';

-- A series and what its tenant adds to it; null if there is none. The library keeps it until rights change.
create function mandant_internal.series_of(tenant_id int, kind text, branch text) returns json
  language plpgsql stable
  security definer -- the library asks for whoever may draw, who may not read the tables
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return (
    select json_build_object(
        'id', u.series_id, 'tenant_id', t.id, 'tenant', t.code, 'kind', u.kind, 'branch', u.branch,
        'timezone', t.timezone, 'tenants', (select json_agg(o.tenant_id order by o.tenant_id)
                      from mandant_internal.series_tenant o where o.series_id = u.series_id),
        'calendar', (select c.calendar from mandant_internal.calendar c where c.tenant_id = t.id),
        'versions', (select json_agg(json_build_object(
                         'valid_from', case when isfinite(v.valid_from) then to_char(v.valid_from, 'YYYY-MM-DD') end,
                         'pattern', v.pattern, 'reset', v.reset, 'policy', v.policy, 'start', v.start, 'last', v.last,
                         'warn_at', v.warn_at, 'manual', v.manual) order by v.valid_from)
                       from mandant_internal.series_version v where v.series_id = u.series_id))
      from mandant_internal.series_tenant u join mandant_internal.tenant t on t.id = u.tenant_id
      where u.tenant_id = series_of.tenant_id and u.kind = series_of.kind and u.branch = series_of.branch);
end
$$;

-- What the register says and what has happened since, in one place. Whoever shows it asks for the right.
create view mandant_internal.number_now as
  select r.series_id, r.period, r.tenant_id, r.n, r.kind, nullif(r.branch, '') as branch, r.number,
         case when void.seq is not null then 'void' when coalesce(r.document, used.document) is not null then 'used'
              when reserved.seq is not null then 'reserved' else 'open' end as state,
         coalesce(r.document, used.document) as document, r.document_date, r.issued_at, r.issued_by,
         void.reason, coalesce(v.name, void.by_login) as voided_by, reserved.holder, reserved.expires_at, reserved.reservation,
         r.document as drawn_for, r.chain
    from mandant_internal.number r
    left join mandant_internal.number_event void
      on (void.series_id, void.period, void.tenant_id, void.n, void.event) = (r.series_id, r.period, r.tenant_id, r.n, 'void')
    left join mandant_internal.principal v on v.id = void.by_principal
    left join mandant_internal.number_event used
      on (used.series_id, used.period, used.tenant_id, used.n, used.event) = (r.series_id, r.period, r.tenant_id, r.n, 'used')
    left join mandant_internal.number_event reserved
      on (reserved.series_id, reserved.period, reserved.tenant_id, reserved.n, reserved.event)
        = (r.series_id, r.period, r.tenant_id, r.n, 'reserved');

-- `used RE-2026-00001`: the state and the number.
create function mandant_internal.number_state(series_id int, period int, tenant_id int, n bigint) returns text
  language plpgsql stable
  security definer -- the library asks for whoever changes something, who may not read the register
  set plan_cache_mode = force_generic_plan -- planning takes longer than running
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (select w.state || ' ' || w.number from mandant_internal.number_now w
            where (w.series_id, w.period, w.tenant_id, w.n)
                = (number_state.series_id, number_state.period, number_state.tenant_id, number_state.n));
end
$$;

create function mandant_internal.next_preview(series_id int, tenant_id int) returns text
  language sql stable
  security definer -- reads series and register; answers within the caller's rights only
  set search_path = pg_catalog, pg_temp
begin atomic
  select mandant_internal.preview(mandant_internal.series_of(u.tenant_id, u.kind, u.branch))
    from mandant_internal.series_tenant u
    where u.series_id = next_preview.series_id and u.tenant_id = next_preview.tenant_id
      and mandant_internal.in_tenant('series', 'read', u.tenant_id);
end;

-- How each series numbers documents of today; where none is valid yet, the first. Whoever shows it asks for the right.
create view mandant_internal.series_today as
  select u.tenant_id, u.series_id, u.kind, u.branch, v.pattern, v.reset, v.policy, v.start, v.last, v.warn_at, v.manual,
         nullif(v.valid_from, '-infinity') as valid_from, v.next_change,
         case when exists (select from mandant_internal.series_tenant o
                             where o.series_id = u.series_id and o.tenant_id <> u.tenant_id) then m.code end as shared_from
    from mandant_internal.series_tenant u
    join mandant_internal.series s on s.id = u.series_id
    join mandant_internal.tenant t on t.id = u.tenant_id
    join mandant_internal.tenant m on m.id = s.tenant_id
    cross join lateral (
      select w.*, lead(w.valid_from) over (order by w.valid_from) as next_change
        from mandant_internal.series_version w where w.series_id = s.id
        order by w.valid_from > (now() at time zone t.timezone)::date,
                 abs(extract(epoch from w.valid_from) - extract(epoch from now()))
        limit 1) v;

create view mandant.series with (security_barrier) as
  select s.tenant_id, s.kind, nullif(s.branch, '') as branch, s.pattern, s.reset, s.policy, s.start,
         mandant_internal.next_preview(s.series_id, s.tenant_id) as next_preview, s.last, s.warn_at, s.manual, s.valid_from,
         s.next_change, s.shared_from
    from mandant_internal.series_today s
    where mandant_internal.in_tenant('series', 'read', s.tenant_id);
comment on view mandant.series is 'The number series of the selected tenants, as they number documents of today.';
comment on column mandant.series.pattern is 'Literals and {n:5} {yyyy} {yy} {mm} {dd} {q} {fy} {tenant} {branch}; null: closed.';
comment on column mandant.series.reset is 'When numbers begin again: never, year, fiscal_year, month or day.';
comment on column mandant.series.policy is 'gapless, gapless_chronological or unique.';
comment on column mandant.series.start is 'The first number of a period.';
comment on column mandant.series.next_preview is
  'What the next number of today would be; not reserved, others may take it. Null: closed, or not begun.';
comment on column mandant.series.last is 'The last number of a period; null: as many as there are.';
comment on column mandant.series.warn_at is 'From which number on a draw warns.';
comment on column mandant.series.manual is 'Whether people may choose numbers (mandant.import_number).';
comment on column mandant.series.valid_from is 'From which document date on; null: from the first.';
comment on column mandant.series.next_change is 'From which document date on it numbers otherwise: mandant.series_version.';
comment on column mandant.series.shared_from is 'Code of the tenant that manages it, where several draw from it.';

create view mandant.series_version with (security_barrier) as
  select u.tenant_id, u.kind, nullif(u.branch, '') as branch, nullif(v.valid_from, '-infinity') as valid_from, v.pattern,
         v.reset, v.policy, v.start, v.last, v.warn_at, v.manual, v.created_at, p.name as created_by
    from mandant_internal.series_tenant u
    join mandant_internal.series_version v on v.series_id = u.series_id
    left join mandant_internal.principal p on p.id = v.created_by
    where mandant_internal.in_tenant('series', 'read', u.tenant_id);
comment on view mandant.series_version is 'How the number series of the selected tenants number documents, from which date on.';
comment on column mandant.series_version.valid_from is 'From which document date on; null: from the first.';
comment on column mandant.series_version.pattern is 'Null: closed from then on.';

create view mandant.issued_number with (security_barrier) as
  select w.tenant_id, w.kind, w.branch, w.period, w.n, w.number, w.state, w.document, w.document_date, w.issued_at,
         mandant_internal.day_in(t.timezone, w.issued_at) as issued_on, p.name as issued_by, w.reason, w.issued_by as principal_id,
         w.drawn_for, w.chain
    from mandant_internal.number_now w join mandant_internal.tenant t on t.id = w.tenant_id
    left join mandant_internal.principal p on p.id = w.issued_by
    where mandant_internal.in_tenant('number', 'read', w.tenant_id)
      and mandant_internal.in_depth('number', 'read', w.tenant_id, w.issued_by, null, w.kind)
    order by w.tenant_id, w.kind, w.number; -- as the key has it: asked for outside of a barrier, the whole register would be sorted
comment on view mandant.issued_number is 'Every number given in the selected tenants, by whom, when and for which document; at depth own, one''s own.';
comment on column mandant.issued_number.period is
  '0 (never reset), 2026 (year), 202611 (month), 20261123 (day), -1 (a number that no pattern of ours gave).';
comment on column mandant.issued_number.n is 'Its place in the period.';
comment on column mandant.issued_number.state is 'used (it has a document), open (it has none), reserved or void.';
comment on column mandant.issued_number.issued_on is 'The date of issued_at in the tenant.';
comment on column mandant.issued_number.reason is 'Why it is void.';
comment on column mandant.issued_number.principal_id is 'Who drew it, as the chain has it; null: a superuser.';
comment on column mandant.issued_number.drawn_for is 'The document it was drawn for, as the chain has it.';
comment on column mandant.issued_number.chain is
  'SHA-256 of the row and of all before it in tenant, kind, branch and period: the README says of what.';
