-- What happens to a number after it was given: it gets its document, it is void, it is reserved for somebody and released.
-- The row in the register stays as it is.

create function mandant_internal.note_number(
    series_id int, tenant_id int, period int, n bigint, event text, document uuid, reservation uuid, expires_at timestamptz,
    holder text, reason text)
  returns void
  language c volatile
  as 'MODULE_PATHNAME', 'note_number_wrapper';
create function mandant_internal.enter_number(
    kind text, number text, on_date date, branch text, tenant text, document uuid)
  returns table (series_id int, tenant_id int, period int, n bigint)
  language c volatile
  as 'MODULE_PATHNAME', 'enter_number_wrapper';

create function mandant_internal.tenant_for(code text) returns mandant_internal.tenant
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.tenant;
begin
  if code is not null then
    return mandant_internal.tenant_named(code);
  end if;
  select t.* into found from mandant_internal.tenant t where t.id = mandant.current_tenant();
  return found;
end
$$;
comment on function mandant_internal.tenant_for(text) is 'The tenant of a code, else the one selected.';

-- A number that one may do that with; one that is not there and one of others get the same answer.
create function mandant_internal.number_for(home mandant_internal.tenant, kind text, number text, action text)
  returns mandant_internal.number
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.number;
begin
  select r.* into found from mandant_internal.number r
    where r.tenant_id = home.id and r.kind = number_for.kind and r.number = number_for.number;
  if found.series_id is null
    or not mandant_internal.has_row_right('number', 'read', home.id, found.issued_by, null, found.kind)
       and not mandant_internal.has_row_right(found.kind, action, home.id, found.issued_by, null, null) then
    raise exception using errcode = 'no_data_found',
      message = format('tenant "%s" has given no %s %s', home.code, coalesce(kind, 'null'), coalesce(number, 'null')),
      hint = 'select kind, number, state from mandant.issued_number';
  end if;
  perform mandant_internal.require_row(found.kind, action, home.id, found.issued_by, null, null);
  return found;
end
$$;

create function mandant_internal.visible_number(tenant_id int, kind text, number text) returns mandant.issued_number
  language plpgsql stable -- not sql, which would be planned anew at each call
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  found mandant.issued_number;
begin
  select w.tenant_id, w.kind, w.branch, w.period, w.n, w.number, w.state, w.document, w.document_date, w.issued_at,
         mandant_internal.day_in(t.timezone, w.issued_at), p.name, w.reason, w.issued_by, w.drawn_for, w.chain
    into found
    from mandant_internal.number_now w join mandant_internal.tenant t on t.id = w.tenant_id
    left join mandant_internal.principal p on p.id = w.issued_by
    where w.tenant_id = visible_number.tenant_id and w.kind = visible_number.kind and w.number = visible_number.number;
  return found;
end
$$;

create function mandant.void_number(kind text, number text, reason text, tenant text default null)
  returns mandant.issued_number
  language plpgsql volatile
  security definer -- writes mandant_internal.number_event
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_for(tenant);
  found mandant_internal.number := mandant_internal.number_for(home, kind, number, 'void');
begin
  if coalesce(btrim(reason), '') = '' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('why %s is void is not said', found.number), hint = 'reason => ''...'', for the gap report';
  end if;
  perform mandant_internal.note_number(found.series_id, home.id, found.period, found.n, 'void', null, null, null, null, reason);
  return mandant_internal.visible_number(home.id, found.kind, found.number);
end
$$;
comment on function mandant.void_number(text, text, text, text) is
  'Makes a number void that has no document: it is never given again.
The gap report tells why.
kind, number: as mandant.issued_number shows them; reason: what the gap report says; tenant: code, the one selected unless
given. Needs the right void on the kind; at depth own for numbers that one drew oneself.
Errors: P0002 no such number, 23001 it is void or has its document; 22023 no reason; 42501 not allowed.';

create function mandant.use_number(kind text, number text, document uuid, tenant text default null)
  returns mandant.issued_number
  language plpgsql volatile
  security definer -- writes mandant_internal.number_event
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_for(tenant);
  found mandant_internal.number := mandant_internal.number_for(home, kind, number, 'post');
  expired timestamptz;
begin
  if document is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('what %s is for is not said', found.number), hint = 'document => the id of the document';
  end if;
  select w.expires_at into expired from mandant_internal.number_now w
    where (w.series_id, w.period, w.tenant_id, w.n) = (found.series_id, found.period, home.id, found.n)
      and w.state = 'reserved' and w.expires_at <= clock_timestamp();
  if expired is not null then
    raise exception using errcode = 'restrict_violation',
      message = format('%s was reserved until %s', found.number, mandant_internal.written(expired)),
      hint = 'select mandant.release_numbers() makes it void; draw another one';
  end if;
  perform mandant_internal.note_number(found.series_id, home.id, found.period, found.n, 'used', document, null, null, null, null);
  return mandant_internal.visible_number(home.id, found.kind, found.number);
end
$$;
comment on function mandant.use_number(text, text, uuid, text) is
  'Gives a reserved number, or one that was drawn without document, its document.
kind, number: as mandant.issued_number shows them; document: its id; tenant: code, the one selected unless given.
Needs the right post on the kind; at depth own for numbers that one drew oneself.
Errors: P0002 no such number, 23001 it is void, has its document, or was reserved until
a time that is past; 22023 no document; 42501 not allowed.';

create function mandant.reserve_numbers(
    kind text, count int, holder text, valid_until timestamptz, on_date date default null, branch text default null,
    tenant text default null)
  returns table (reservation uuid, number text)
  language plpgsql volatile
  security definer -- writes mandant_internal.number_event
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_for(tenant);
  made constant uuid := mandant.new_id();
  drawn text;
  given mandant_internal.number;
begin
  perform mandant_internal.require(kind, 'post', home.id);
  if coalesce(btrim(holder), '') = '' then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'for whom numbers are reserved is not said', hint = 'holder => ''...''';
  end if;
  if valid_until is null or valid_until <= clock_timestamp() or not isfinite(valid_until) then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'a reservation ends in the future', hint = 'valid_until => now() + interval ''30 days''';
  end if;
  if 'gapless_chronological' = (
       select v.policy from mandant_internal.series_tenant u
         join mandant_internal.series_version v on v.series_id = u.series_id
         where u.tenant_id = home.id and u.kind = reserve_numbers.kind and u.branch = coalesce(reserve_numbers.branch, '')
           and v.valid_from <= coalesce(on_date, (now() at time zone home.timezone)::date)
         order by v.valid_from desc limit 1) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('the series for %s is chronological: a number used later would have an earlier one''s place', kind),
      hint = 'draw each number when its document is posted';
  end if;
  for drawn in select mandant.next_numbers(kind, count, on_date, branch, home.code) loop
    select r.* into strict given from mandant_internal.number r
      where r.tenant_id = home.id and r.kind = reserve_numbers.kind and r.number = drawn;
    perform mandant_internal.note_number(given.series_id, home.id, given.period, given.n, 'reserved', null, made, valid_until,
                                         holder, null);
    reservation := made;
    number := drawn;
    return next;
  end loop;
end
$$;
comment on function mandant.reserve_numbers(text, int, text, timestamptz, date, text, text) is
  'Reserves the next numbers of a series for somebody who gives them out elsewhere. Each ends used or void.
count: how many; holder: for whom, as the gap report says; valid_until: until when they may be used (exclusive), then
mandant.release_numbers() makes the rest void; on_date, branch, tenant: as in next_number. Needs the right post on the kind.
Errors: as next_number; 22023 no holder, an end that is past, a chronological series.';

create function mandant.release_numbers(
    reservation uuid default null, reason text default null, tenant text default null)
  returns setof mandant.issued_number
  language plpgsql volatile
  security definer -- writes mandant_internal.number_event
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_for(tenant);
  reserved record;
begin
  if reservation is not null and not exists (select from mandant_internal.number_event e
       where e.reservation = release_numbers.reservation and e.tenant_id = home.id) then
    raise exception using errcode = 'no_data_found',
      message = format('tenant "%s" has no reservation %s', home.code, reservation),
      hint = 'select number, state from mandant.issued_number where state = ''reserved''';
  end if;
  for reserved in
    select w.* from mandant_internal.number_now w
      where w.tenant_id = home.id and w.state = 'reserved'
        and case when release_numbers.reservation is null then w.expires_at <= clock_timestamp()
                 else w.reservation = release_numbers.reservation end
      order by w.series_id, w.period, w.n
  loop
    perform mandant_internal.number_for(home, reserved.kind, reserved.number, 'void');
    perform mandant_internal.note_number(reserved.series_id, home.id, reserved.period, reserved.n, 'void', null,
      reserved.reservation, null, null,
      coalesce(nullif(btrim(release_numbers.reason), ''),
               format('reserved for %s, %s', reserved.holder,
                      case when reserved.expires_at <= clock_timestamp() then 'expired' else 'given back' end)));
    return next mandant_internal.visible_number(home.id, reserved.kind, reserved.number);
  end loop;
end
$$;
comment on function mandant.release_numbers(uuid, text, text) is
  'Ends a reservation: those of its numbers that were not used become void. Returns them.
reservation: from reserve_numbers; null: all that have expired. reason: what the gap report says, who had them unless given;
tenant: code, the one selected unless given. Needs the right void on the kind.
Errors: P0002 no such reservation, 42501 not allowed.';

create function mandant.import_number(
    kind text, number text, on_date date default null, branch text default null, tenant text default null,
    document uuid default null, reason text default null)
  returns mandant.issued_number
  language plpgsql volatile
  security definer -- writes the register
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_for(tenant);
  made record;
begin
  if number is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the number is missing', hint = 'number => ''...''';
  end if;
  select e.* into made
    from mandant_internal.enter_number(kind, number, on_date, branch, home.code, document) e;
  perform mandant_internal.note_number(made.series_id, home.id, made.period, made.n, 'imported', null, null, null, null,
                                       nullif(btrim(reason), ''));
  if made.period < 0 then
    perform mandant_internal.check_kind(home.id, kind, array[number]);
  end if;
  return mandant_internal.visible_number(home.id, kind, number);
exception
  when unique_violation then
    raise exception using errcode = 'duplicate_object',
      message = format('tenant "%s" has given %s %s already', home.code, kind, number),
      hint = 'a number exists once, for ever';
end
$$;
comment on function mandant.import_number(text, text, date, text, text, uuid, text) is
  'Enters a number that another system gave, or that somebody chose.
The latter in a unique series that allows it (manual).
number: if it is of the series'' pattern at that date, the series goes on after it, so import in ascending order; else it
stands among the foreign ones (period -1). on_date, branch, tenant, document: as in next_number; reason: where it comes from.
Needs the rights post on the kind and update on series; the latter not where the series is manual.
Errors: 42710 there is that number; 22023 at or below the last one, no number, or one that a series of the kind could give at
another date or in another branch; 42704 no such series; 42501 not allowed.';
