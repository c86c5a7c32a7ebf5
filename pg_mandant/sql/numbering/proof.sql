-- That nothing is missing, and that nothing was changed: reports for auditors, from the register itself.

-- The tenants that a report is about: the one named, else the selected ones; all of their numbers, or none.
create function mandant_internal.tenants_to_prove(code text) returns int[]
  language plpgsql stable
  security definer -- reads tenants by their code
  set search_path = pg_catalog, pg_temp
as $$
declare
  named mandant_internal.tenant;
  id int;
begin
  if code is not null then
    named := mandant_internal.tenant_named(code);
    perform mandant_internal.require_whole('number', 'read', named.id);
    return array[named.id];
  end if;
  foreach id in array mandant.current_tenants() loop
    perform mandant_internal.require_whole('number', 'read', id);
  end loop;
  return mandant.current_tenants();
end
$$;

create function mandant_internal.gaps_of(of_kind text, tenants int[])
  returns table (tenant_id int, kind text, branch text, period int, first bigint, last bigint, number text, reason text)
  language plpgsql stable
  security definer -- reads the register: number_gaps has asked for the right, and this asks again
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  id int;
begin
  foreach id in array tenants loop
    perform mandant_internal.require_whole('number', 'read', id);
  end loop;
  return query
    with missing as (
      -- of a shared series every tenant's numbers count, and the one whose number follows is told
      select p.*, coalesce(lag(p.n) over w, 0) as before, lag(p.n) over w is null as begins
        from mandant_internal.number p
        where p.series_id in (select u.series_id from mandant_internal.series_tenant u where u.tenant_id = any (tenants))
        window w as (partition by p.series_id, p.period order by p.n)
    )
    select t.tenant_id, t.kind, t.branch, t.period, t.n, t.n, t.number,
           case t.state
             when 'void' then format('void: %s (%s)', t.reason, t.voided_by)
             when 'reserved' then format('reserved for %s until %s%s', t.holder, mandant_internal.written(t.expires_at),
                                         case when t.expires_at <= now() then ', which is past' else '' end)
             else 'no document' end
      from mandant_internal.number_now t
      where t.tenant_id = any (tenants) and (of_kind is null or t.kind = of_kind) and t.state <> 'used'
    union all
    select m.tenant_id, m.kind, nullif(m.branch, ''), m.period,
           case when m.begins then coalesce(v.start, 1) else m.before + 1 end, m.n - 1, null,
           case when i.seq is not null then format('%s was imported after them%s', m.number, ': ' || i.reason)
                when v.start = m.n then format('the series was set to begin with %s', m.number)
                else format('not in the register, which goes on with %s', m.number) end
      from missing m
      left join lateral (
        select w.start from mandant_internal.series_version w
          where w.series_id = m.series_id and w.valid_from <= m.document_date order by w.valid_from desc limit 1) v on true
      left join mandant_internal.number_event i
        on (i.series_id, i.period, i.tenant_id, i.n) = (m.series_id, m.period, m.tenant_id, m.n) and i.event = 'imported'
      where m.tenant_id = any (tenants) and (of_kind is null or m.kind = of_kind)
        and case when m.begins then m.n > case when m.period < 0 then 1 else coalesce(v.start, 1) end
                 else m.n > m.before + 1 end;
end
$$;

create type mandant_internal.gap as (
  tenant text, kind text, branch text, period int, first bigint, last bigint, number text, reason text);

create function mandant.number_gaps(kind text default null, tenant text default null)
  returns setof mandant_internal.gap
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenants constant int[] := mandant_internal.tenants_to_prove($2);
  found record;
  place record;
  gone record;
begin
  for found in
    select w.code, g.* from mandant_internal.gaps_of(number_gaps.kind, tenants) g
      join mandant_internal.codes_of(tenants) w on w.id = g.tenant_id
      order by w.code, g.kind, g.branch nulls first, g.period, g.first
  loop
    return next (found.code, found.kind, found.branch, found.period, found.first, found.last, found.number,
                 found.reason)::mandant_internal.gap;
  end loop;
  for found in select w.* from mandant_internal.codes_of(tenants) w order by w.code loop
    for place in select c.* from mandant_internal.numbered_columns(found.id) c order by c.relation::text loop
      for gone in execute format(
        'select i.kind, i.branch, i.period, i.n, i.number, i.document from mandant.issued_number i'
        || ' where i.tenant_id = $1 and i.kind = any ($2) and ($3 is null or i.kind = $3) and i.document is not null'
        || ' and i.state = ''used'' and not exists (select from %s d where d.tenant_id = $1 and d.%I = i.document)'
        || ' order by i.kind, i.branch nulls first, i.period, i.n', place.relation, place.key_column)
        using found.id, place.kinds, number_gaps.kind
      loop
        return next (found.code, gone.kind, gone.branch, gone.period, gone.n, gone.n, gone.number,
                     format('its document %s is not in %s', gone.document, place.relation))::mandant_internal.gap;
      end loop;
    end loop;
  end loop;
end
$$;
comment on function mandant.number_gaps(text, text) is
  'Reports every gap in the numbers, each with its reason; empty if there is none.
kind: of one kind only; tenant: code, the selected ones unless given. A gap is a number without document, reserved or void, one
whose document is not there any more (mandant.number_column; only in selected tenants), or places that are not in the
register at all. first, last: the places in the period; number: null if there is none.
Needs the right read on number, for all numbers of the tenant. Errors: 42501 not allowed or not available.';

create function mandant_internal.codes_of(tenants int[]) returns table (id int, code text)
  language sql stable
  security definer -- reads the codes of tenants that were asked for
  set search_path = pg_catalog, pg_temp
begin atomic
  select t.id, t.code from mandant_internal.tenant t
    where t.id = any (tenants) and mandant_internal.has_right('number', 'read', t.id);
end;

create type mandant_internal.verified as (
  tenant text, kind text, branch text, period int, rows bigint, intact boolean, broken text, head text);

create function mandant.verify_numbers(kind text default null, tenant text default null)
  returns setof mandant_internal.verified
  language plpgsql stable
  security definer -- reads the register, all of it
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  tenants constant int[] := mandant_internal.tenants_to_prove($2);
begin
  return query
    with number_row as (
      select r.*,
             sha256(coalesce(lag(r.chain) over w, '') || convert_to(concat_ws(chr(31),
               r.tenant_id, r.kind, r.branch, r.period, r.n, r.number, to_char(r.document_date, 'YYYY-MM-DD'),
               coalesce(replace(r.document::text, '-', ''), ''), mandant_internal.microseconds(r.issued_at),
               coalesce(replace(r.issued_by::text, '-', ''), '')), 'UTF8')) as computed
        from mandant_internal.number r
        where r.tenant_id = any (tenants) and (verify_numbers.kind is null or r.kind = verify_numbers.kind)
        window w as (partition by r.series_id, r.period, r.tenant_id order by r.n)
    ), event_row as (
      select e.*, r.number,
             sha256(coalesce(lag(e.chain) over w, '') || convert_to(concat_ws(chr(31),
               e.tenant_id, e.seq, e.period, e.n, e.event, coalesce(replace(e.document::text, '-', ''), ''),
               coalesce(replace(e.reservation::text, '-', ''), ''), coalesce(mandant_internal.microseconds(e.expires_at)::text, ''),
               coalesce(e.holder, ''), coalesce(e.reason, ''), mandant_internal.microseconds(e.at),
               coalesce(replace(e.by_principal::text, '-', ''), ''), e.by_login), 'UTF8')) as computed
        from mandant_internal.number_event e
        join mandant_internal.series_tenant u on (u.series_id, u.tenant_id) = (e.series_id, e.tenant_id)
        left join mandant_internal.number r
          on (r.series_id, r.period, r.tenant_id, r.n) = (e.series_id, e.period, e.tenant_id, e.n)
        where e.tenant_id = any (tenants) and (verify_numbers.kind is null or u.kind = verify_numbers.kind)
        window w as (partition by e.series_id, e.tenant_id order by e.seq)
    ), chained as (
      select c.series_id, c.tenant_id, c.period, false as events, c.rows, b.number as broken, h.chain as head
        from (select n.series_id, n.tenant_id, n.period, count(*) as rows, max(n.n) as last,
                     min(n.n) filter (where n.chain is distinct from n.computed) as broken
                from number_row n group by 1, 2, 3) c
        join mandant_internal.number h
          on (h.series_id, h.period, h.tenant_id, h.n) = (c.series_id, c.period, c.tenant_id, c.last)
        left join mandant_internal.number b
          on (b.series_id, b.period, b.tenant_id, b.n) = (c.series_id, c.period, c.tenant_id, c.broken)
      union all
      select c.series_id, c.tenant_id, null, true, c.rows,
             case when b.seq is not null then format('%s of %s, event %s', b.event, coalesce(r.number, 'a number that is gone'), b.seq) end, h.chain
        from (select v.series_id, v.tenant_id, count(*) as rows, max(v.seq) as last,
                     min(v.seq) filter (where v.chain is distinct from v.computed or v.number is null) as broken
                from event_row v group by 1, 2) c
        join mandant_internal.number_event h on (h.series_id, h.tenant_id, h.seq) = (c.series_id, c.tenant_id, c.last)
        left join mandant_internal.number_event b on (b.series_id, b.tenant_id, b.seq) = (c.series_id, c.tenant_id, c.broken)
        left join mandant_internal.number r
          on (r.series_id, r.period, r.tenant_id, r.n) = (b.series_id, b.period, b.tenant_id, b.n)
    )
    select t.code, coalesce(u.kind, 'a series that is gone') || case when c.events then ' (events)' else '' end,
           nullif(u.branch, ''), c.period, c.rows, c.broken is null, c.broken, encode(c.head, 'hex')
      from chained c
      join mandant_internal.tenant t on t.id = c.tenant_id
      left join mandant_internal.series_tenant u on (u.series_id, u.tenant_id) = (c.series_id, c.tenant_id)
      order by 1, 2, 3 nulls first, 4;
end
$$;
comment on function mandant.verify_numbers(text, text) is
  'Recomputes the hash chains of the register and of its events, one row per chain.
kind: of one kind only; tenant: code, the selected ones unless given. intact: whether nothing was changed, taken out or put in;
broken: the number of the first row that does not fit, after one that was taken out the next; head: the hash of the whole
chain in hexadecimal. Note it elsewhere: rows cut off at the end show only against a noted head.
Needs the right read on number, for all numbers of the tenant. Errors: 42501 not allowed or not available.';
