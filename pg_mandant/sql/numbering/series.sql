-- Series as administrators define and change them. A change counts from a document's date on, so that what is posted late
-- for an earlier date is numbered as it would have been then.

create function mandant_internal.visible_series(tenant_id int, kind text, branch text) returns mandant.series
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select s.tenant_id, s.kind, nullif(s.branch, ''), s.pattern, s.reset, s.policy, s.start,
         mandant_internal.preview(mandant_internal.series_of(s.tenant_id, s.kind, s.branch)), s.last, s.warn_at, s.manual,
         s.valid_from, s.next_change, s.shared_from
    from mandant_internal.series_today s
    where s.tenant_id = visible_series.tenant_id and s.kind = visible_series.kind and s.branch = visible_series.branch;
end;

-- What cannot be, in one sentence, whatever constraint found it.
create function mandant_internal.refuse_series(kind text, problem text) returns void
  language plpgsql immutable
as $$
begin
  raise exception using errcode = 'invalid_parameter_value',
    message = format('the series for %s cannot be defined: %s', coalesce(kind, 'null'), problem),
    hint = 'select * from mandant.help(''define_series'')';
end
$$;

-- Two series of a tenant and kind must not be able to give the same number, in any of their versions, nor a foreign one.
create function mandant_internal.check_kind(tenant_id int, kind text, foreign_numbers text[]) returns void
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select mandant_internal.check_series(array(
    select mandant_internal.series_of(u.tenant_id, u.kind, u.branch)
      from mandant_internal.series_tenant u
      where u.tenant_id = check_kind.tenant_id and u.kind = check_kind.kind order by u.branch), foreign_numbers);
end;

-- The same for every tenant that draws from a series, with all that it has imported.
create function mandant_internal.check_kinds(series_id int) returns void
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select mandant_internal.check_kind(u.tenant_id, u.kind, array(
      select r.number from mandant_internal.number r
        where r.tenant_id = u.tenant_id and r.kind = u.kind and r.period < 0 order by r.series_id, r.n))
    from mandant_internal.series_tenant u where u.series_id = check_kinds.series_id order by u.tenant_id;
end;

-- Lets further tenants draw from a series; one that does already goes on.
create function mandant_internal.share_series(shared mandant_internal.series, codes text[]) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  code text;
  other mandant_internal.tenant;
begin
  foreach code in array coalesce(codes, array[]::text[]) loop
    other := mandant_internal.tenant_named(code);
    perform mandant_internal.require_whole('series', 'create', other.id);
    insert into mandant_internal.series_tenant (tenant_id, kind, branch, series_id)
      values (other.id, shared.kind, shared.branch, shared.id) on conflict do nothing;
    if not exists (select from mandant_internal.series_tenant u where (u.tenant_id, u.series_id) = (other.id, shared.id)) then
      raise exception using errcode = 'duplicate_object',
        message = format('tenant "%s" has a series for %s already', code, shared.kind),
        hint = 'select * from mandant.series; mandant.alter_series(...) changes it';
    end if;
  end loop;
end
$$;

create function mandant.define_series(
    tenant text, kind text, pattern text, reset text default 'never', policy text default 'gapless',
    start bigint default 1, branch text default null, last bigint default null, warn_at bigint default null,
    manual boolean default false, valid_from date default null, shared_with text[] default null)
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
  if define_series.pattern is null then
    perform mandant_internal.refuse_series(define_series.kind, 'the pattern is missing');
  end if;
  perform mandant_internal.record('define_series', null, home.id, concat_ws(' ', define_series.kind, define_series.branch),
                                  define_series.pattern);
  insert into mandant_internal.series (tenant_id, kind, branch, created_by)
    values (home.id, define_series.kind, coalesce(define_series.branch, ''), mandant_internal.me())
    returning * into made;
  insert into mandant_internal.series_version
      (series_id, valid_from, pattern, reset, policy, start, last, warn_at, manual, created_by)
    values (made.id, coalesce(define_series.valid_from, '-infinity'), define_series.pattern, define_series.reset,
            define_series.policy, define_series.start, define_series.last, define_series.warn_at,
            coalesce(define_series.manual, false), mandant_internal.me());
  insert into mandant_internal.series_tenant (tenant_id, kind, branch, series_id)
    values (home.id, made.kind, made.branch, made.id);
  perform mandant_internal.share_series(made, shared_with);
  perform mandant_internal.check_kinds(made.id);
  return mandant_internal.visible_series(home.id, made.kind, made.branch);
exception
  when unique_violation then
    raise exception using errcode = 'duplicate_object',
      message = format('tenant "%s" has a series for %s already', tenant, kind),
      hint = 'select * from mandant.series; mandant.alter_series(...) changes it';
  when check_violation or not_null_violation then
    perform mandant_internal.refuse_series(define_series.kind, sqlerrm);
end
$$;
comment on function mandant.define_series(text, text, text, text, text, bigint, text, bigint, bigint, boolean, date, text[]) is
  'Defines a tenant''s number series for a kind of document, or a branch of it.
pattern: literals and {n:5} {yyyy} {yy} {mm} {dd} {q} {fy} {tenant} {branch}; reset: never, year, fiscal_year, month or
day, the pattern must contain what keeps numbers apart; policy: gapless, gapless_chronological (dates never go back) or
unique; start: the first number of each period; last: the last one; warn_at: from which on a draw warns; manual: whether
people may choose numbers, in a unique series; valid_from: the first document date; shared_with: codes of tenants that draw
from it as well, each with a chain of its own. Needs the right create on series, in every tenant.
Errors: 42710 there is one; 22023 pattern or value, with position, or another series could give the same numbers; 42501 not
allowed.';

create function mandant_internal.check_pattern(pattern text, reset text) returns void
  language c stable strict
  as 'MODULE_PATHNAME', 'check_pattern_wrapper';
comment on function mandant_internal.check_pattern(text, text) is
  'Refuses a pattern that no series can have (22023, with position): for what is defined later.';

-- The series that a tenant manages.
create function mandant_internal.series_named(tenant mandant_internal.tenant, kind text, branch text)
  returns mandant_internal.series
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.series;
  manager text;
begin
  select s.* into found from mandant_internal.series_tenant u join mandant_internal.series s on s.id = u.series_id
    where u.tenant_id = tenant.id and u.kind = series_named.kind and u.branch = coalesce(series_named.branch, '');
  if found.id is null then
    raise exception using errcode = 'undefined_object',
      message = format('tenant "%s" has no series for %s%s', tenant.code, coalesce(kind, 'null'),
                       ' in branch ' || nullif(branch, '')),
      hint = 'select * from mandant.series';
  end if;
  if found.tenant_id <> tenant.id then
    select t.code into manager from mandant_internal.tenant t where t.id = found.tenant_id;
    raise exception using errcode = 'insufficient_privilege',
      message = format('tenant "%s" shares the series for %s and does not manage it', tenant.code, kind),
      hint = format('it is changed where it is managed, in tenant "%s"', manager);
  end if;
  return found;
end
$$;

create function mandant.alter_series(
    tenant text, kind text, from_date date, pattern text default null, reset text default null, policy text default null,
    start bigint default null, branch text default null, last bigint default null, warn_at bigint default null,
    manual boolean default null, shared_with text[] default null, reason text default null)
  returns mandant.series
  language plpgsql volatile
  security definer -- writes mandant_internal.series_version
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  altered mandant_internal.series;
  before mandant_internal.series_version;
  given mandant_internal.number;
begin
  perform mandant_internal.require_whole('series', 'update', home.id);
  altered := mandant_internal.series_named(home, kind, branch);
  if from_date is null or not isfinite(from_date) then
    perform mandant_internal.refuse_series(kind, 'the date from which it changes is missing');
  end if;
  -- the version that would be valid then, or where it is closed what it was before
  select v.* into before from mandant_internal.series_version v
    where v.series_id = altered.id and v.valid_from <= from_date
    order by v.pattern is null, v.valid_from desc limit 1;
  if before.series_id is null then
    select v.* into before from mandant_internal.series_version v where v.series_id = altered.id order by v.valid_from limit 1;
  end if;
  select r.* into given from mandant_internal.number r
    where r.series_id = altered.id and r.period >= 0 and r.document_date >= from_date
    order by r.document_date desc, r.n desc limit 1;
  if given.series_id is not null then
    raise exception using errcode = 'restrict_violation',
      message = format('the series for %s has given %s for %s: what was given stays as it is', kind, given.number,
                       to_char(given.document_date, 'YYYY-MM-DD')),
      hint = format('from_date => %L or later', to_char(given.document_date + 1, 'YYYY-MM-DD'));
  end if;
  perform mandant_internal.record('alter_series', null, home.id, concat_ws(' ', kind, branch),
    format('from %s: %s', to_char(from_date, 'YYYY-MM-DD'),
           (select string_agg(format('%s = %s', c.key, c.value), ', ' order by c.key)
              from jsonb_each_text(jsonb_strip_nulls(jsonb_build_object(
                     'pattern', pattern, 'reset', reset, 'policy', policy, 'start', start, 'last', last, 'warn_at', warn_at,
                     'manual', manual, 'shared_with', array_to_string(shared_with, ',')))) c)), reason);
  insert into mandant_internal.series_version
      (series_id, valid_from, pattern, reset, policy, start, last, warn_at, manual, created_by)
    values (altered.id, from_date, coalesce(alter_series.pattern, before.pattern), coalesce(alter_series.reset, before.reset),
            coalesce(alter_series.policy, before.policy), coalesce(alter_series.start, before.start),
            coalesce(alter_series.last, before.last), coalesce(alter_series.warn_at, before.warn_at),
            coalesce(alter_series.manual, before.manual and coalesce(alter_series.policy, before.policy) = 'unique'),
            mandant_internal.me())
    on conflict on constraint series_version_pkey do update
      set (pattern, reset, policy, start, last, warn_at, manual, created_at, created_by)
        = (excluded.pattern, excluded.reset, excluded.policy, excluded.start, excluded.last, excluded.warn_at,
           excluded.manual, excluded.created_at, excluded.created_by);
  if alter_series.start is not null then
    select r.* into given from mandant_internal.number r
      where r.series_id = altered.id and r.n >= alter_series.start
        and r.period = mandant_internal.period_of(mandant_internal.series_of(home.id, altered.kind, altered.branch), from_date)
      order by r.n desc limit 1;
    if given.series_id is not null then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('start %s is at or below %s, which was given', alter_series.start, given.number),
        hint = format('start => %s or more', given.n + 1);
    end if;
  end if;
  perform mandant_internal.share_series(altered, shared_with);
  perform mandant_internal.check_kinds(altered.id);
  return mandant_internal.visible_series(home.id, altered.kind, altered.branch);
exception
  when check_violation or not_null_violation then
    perform mandant_internal.refuse_series(kind, sqlerrm);
end
$$;
comment on function mandant.alter_series(
    text, text, date, text, text, text, bigint, text, bigint, bigint, boolean, text[], text) is
  'Changes how a series numbers documents from a date on.
What is null stays as it is.
from_date: the first document date it counts for, after every one that has a number; start: no number from then
on is below it; shared_with: codes of tenants that draw from it from now on as well; the rest as in define_series. A closed series is
open again from then on. Needs the right update on series.
Errors: 42704 no such series; 23001 there are numbers from that date on; 22023 a value that cannot be, a start at or below a
number that was given, or numbers that another series could give; 42501 not allowed.';

create function mandant.close_series(tenant text, kind text, from_date date, branch text default null, reason text default null)
  returns mandant.series
  language plpgsql volatile
  security definer -- writes mandant_internal.series_version
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  closed mandant_internal.series;
begin
  perform mandant_internal.require_whole('series', 'update', home.id);
  closed := mandant_internal.series_named(home, kind, branch);
  if from_date is null or not isfinite(from_date) then
    perform mandant_internal.refuse_series(kind, 'the date from which it is closed is missing');
  end if;
  perform mandant_internal.record('close_series', null, home.id, concat_ws(' ', kind, branch),
                                  'from ' || to_char(from_date, 'YYYY-MM-DD'), reason);
  insert into mandant_internal.series_version (series_id, valid_from, reset, policy, start, manual, created_by)
    select closed.id, from_date, v.reset, v.policy, v.start, false, mandant_internal.me()
      from mandant_internal.series_version v where v.series_id = closed.id order by v.valid_from desc limit 1
    on conflict on constraint series_version_pkey do update
      set (pattern, last, warn_at, manual, created_at, created_by) = (null, null, null, false, now(), mandant_internal.me());
  delete from mandant_internal.series_version v where v.series_id = closed.id and v.valid_from > from_date;
  return mandant_internal.visible_series(home.id, closed.kind, closed.branch);
end
$$;
comment on function mandant.close_series(text, text, date, text, text) is
  'Ends a series: documents of that date and later get no number from it.
Earlier ones still do.
from_date: the first document date that gets none; mandant.alter_series opens it again. Needs the right update on series.
Errors: 42704 no such series, 22023 no date, 42501 not allowed.';

-- The fiscal year of a number that was given must stay what it is.
create function mandant_internal.keep_calendar(home mandant_internal.tenant, first_day date) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  given mandant_internal.number;
begin
  select r.* into given from mandant_internal.number r
    where r.tenant_id = home.id and r.document_date >= first_day
      and exists (select from mandant_internal.series_version v where v.series_id = r.series_id and v.reset = 'fiscal_year')
    order by r.document_date desc, r.number limit 1;
  if given.series_id is not null then
    raise exception using errcode = 'restrict_violation',
      message = format('%s was given in a fiscal year: its calendar stays as it is until %s', given.number,
                       to_char(given.document_date, 'YYYY-MM-DD')),
      hint = format('select mandant.define_fiscal_year(%L, year => ..., first_day => ..., year_start => ...) changes it from a later day on', home.code);
  end if;
end
$$;

create function mandant.define_fiscal_year(tenant text, year int, first_day date, year_start text default null)
  returns mandant.tenant
  language plpgsql volatile
  security definer -- writes mandant_internal.fiscal_year
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
begin
  perform mandant_internal.require_whole('tenant', 'update', home.id);
  if define_fiscal_year.year is null or define_fiscal_year.first_day is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the fiscal year or its first day is missing', hint = 'year => 2027, first_day => ''2027-01-01''';
  end if;
  perform mandant_internal.check_year_start(define_fiscal_year.year_start);
  perform mandant_internal.keep_calendar(home, define_fiscal_year.first_day);
  if exists (select from mandant_internal.fiscal_year f where f.tenant_id = home.id and f.year <> define_fiscal_year.year
               and (f.year < define_fiscal_year.year) <> (f.first_day < define_fiscal_year.first_day)) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('fiscal year %s cannot begin on %s: years follow one another', define_fiscal_year.year,
                       to_char(define_fiscal_year.first_day, 'YYYY-MM-DD')),
      hint = (select string_agg(format('%s begins on %s', f.year, to_char(f.first_day, 'YYYY-MM-DD')), ', ' order by f.year)
                from mandant_internal.fiscal_year f where f.tenant_id = home.id);
  end if;
  perform mandant_internal.record('define_fiscal_year', null, home.id, home.code,
    format('%s begins on %s, later ones on %s', define_fiscal_year.year, to_char(define_fiscal_year.first_day, 'YYYY-MM-DD'),
           coalesce(define_fiscal_year.year_start, home.fiscal_year_start)));
  insert into mandant_internal.fiscal_year (tenant_id, year, first_day, year_start)
    values (home.id, define_fiscal_year.year, define_fiscal_year.first_day,
            coalesce(define_fiscal_year.year_start, home.fiscal_year_start))
    on conflict (tenant_id, year) do update set (first_day, year_start) = (excluded.first_day, excluded.year_start);
  return mandant_internal.visible_tenant(home);
exception
  when check_violation or unique_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('fiscal year %s cannot begin on %s', define_fiscal_year.year, define_fiscal_year.first_day),
      hint = 'a day between the years 1 and 9999, on which no other year begins';
end
$$;
comment on function mandant.define_fiscal_year(text, int, date, text) is
  'Says on which day a fiscal year begins, where the rule says otherwise.
So come about a short year, one of 13 months, another rule.
first_day: the day before is the last of the year before; year_start: the rule of the years after it, as in create_tenant,
the tenant''s unless given; the next year begins on the first such day after first_day. Years after it count on from year.
Needs the right update on tenant.
Errors: 22023 a rule or day that cannot be, 23001 fiscal years have numbers from that day on, 42501 not allowed.';
