-- Exchange rates, shared by all tenants: units of a currency for one euro, as the European Central
-- Bank publishes them; what two other currencies are worth to each other follows. There is one rate
-- per currency, type and day, so no reader has to choose between sources; the audit knows what a
-- correction replaced. A document keeps the rate of its day, and never reads it again (R-CUR-01).

create table crm.exchange_rate (
    currency text not null,
    type text not null default 'daily',
    rate_date date not null,
    rate numeric not null,
    source text not null,
    constraint exchange_rate_pkey primary key (currency, type, rate_date),
    constraint exchange_rate_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint exchange_rate_currency_is_not_base check (currency <> 'EUR'),
    constraint exchange_rate_type_is_known check (type in ('daily', 'closing', 'average')),
    constraint exchange_rate_date_is_finite check (isfinite(rate_date)),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint exchange_rate_in_range check (rate > 0 and rate < 1e12),
    constraint exchange_rate_source_is_filled check (source ~ '\S')
);

comment on table crm.exchange_rate is 'Exchange rates: units of a currency for one euro.';
comment on column crm.exchange_rate.type is
    'daily; closing: at the end of a period; average: of one, dated with its last day.';
comment on column crm.exchange_rate.rate is 'USD 1.0856: one euro buys 1.0856 US dollars.';
comment on column crm.exchange_rate.source is 'Who says so, such as ECB.';

alter table crm.exchange_rate owner to crm_owner;
select mandant.share('crm.exchange_rate', 'shared_data');
revoke all on crm.exchange_rate from public;
grant select, insert, update, delete on crm.exchange_rate to mandant_user;

-- set for the group alone: reports over all its companies ask for rates, too
select mandant.define_setting(
    'exchange_rate_days', 'integer',
    'Days for which the last exchange rate before a date serves, where that day has none',
    default_value => '7', levels => '{group}', minimum => 0, maximum => 366
);

create function crm.require_rate_type(type text) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if type in ('daily', 'closing', 'average') is not true then
        raise exception 'no type of exchange rate "%"', type
            using errcode = 'invalid_parameter_value',
                hint = 'the types are daily, closing and average';
    end if;
end
$$;

comment on function crm.require_rate_type(text) is
    'Refuses (22023) what is no type of exchange rate.';

create function crm.day_of(text text) returns date
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if text ~ '^(\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]+ \d{4})$' then
        return text::date;
    end if;
    return null;
exception when data_exception then
    return null;
end
$$;

comment on function crm.day_of(text) is
    'The day written as 2026-11-20 or 20 November 2026, in any DateStyle; else null.';

create function crm.load_exchange_rates(
    csv text,
    type text default 'daily',
    source text default 'ECB',
    out loaded int,
    out changed int,
    out unchanged int
)
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    rates crm.exchange_rate[];
    fault text;
begin
    perform crm.require_rate_type(type);
    if source ~ '\S' is not true or csv ~ '\S' is not true then
        raise exception 'exchange rates need a source and the text of a file'
            using errcode = 'invalid_parameter_value',
                hint = 'the European Central Bank publishes eurofxref-hist.csv and eurofxref.csv';
    end if;

    with line as materialized (
        select l.n, array(select btrim(f, E' \t\r') from unnest(string_to_array(l.text, ',')) as f)
            as fields
        from string_to_table(ltrim(csv, E'\uFEFF'), E'\n') with ordinality as l (text, n)
        where l.text ~ '\S'
    ), header as materialized (
        select l.n, l.fields from line as l order by l.n limit 1
    ), day as materialized (
        select
            l.n, l.fields, d.day,
            cardinality(l.fields) <> cardinality(h.fields) as uneven,
            first_value(l.n) over (partition by d.day order by l.n) as first_n
        from line as l
        join header as h on h.n < l.n
        cross join lateral crm.day_of(l.fields[1]) as d (day)
    ), cell as (
        -- ECB's lines end with a comma, that is with a nameless empty field
        select h.n, f.place, null::date as day, f.name, null::text as value,
            case
                when f.place = 1 and lower(f.name) <> 'date' then 'is not the heading Date'
                when f.place = 1 or f.name = '' and f.place = cardinality(h.fields) then null
                when c.code is null then 'is no currency'
                when f.name = 'EUR' then 'is what all rates are for'
                when f.place > array_position(h.fields, f.name) then 'is there already'
            end as fault
        from header as h
        cross join lateral unnest(h.fields) with ordinality as f (name, place)
        left join crm.currency as c on c.code = f.name
        union all
        select d.n, case when not d.uneven then 1 end, d.day, 'Date', d.fields[1],
            case
                when d.uneven then format(
                    '%s fields, the heading has %s',
                    cardinality(d.fields), cardinality(h.fields)
                )
                when d.day is null then 'is not a day, such as 2026-11-20'
                when d.day > (now() at time zone 'UTC')::date + 1 then 'is in the future'
                when d.first_n < d.n then format('is there already, in line %s', d.first_n)
            end
        from day as d
        cross join header as h
        union all
        select d.n, f.place, d.day, h.fields[f.place], f.value,
            case
                when h.fields[f.place] = '' then case when f.value <> '' then 'has no heading' end
                when f.value = 'N/A' then null
                when f.value !~ '^\d{1,12}(\.\d{1,20})?$' or f.value !~ '[1-9]'
                    then 'is not a number above 0'
            end
        from day as d
        cross join header as h
        cross join lateral unnest(d.fields) with ordinality as f (value, place)
        where f.place > 1 and not d.uneven
    )
    select
        array_agg((c.name, type, c.day, c.value, source)::crm.exchange_rate)
            filter (where c.place > 1 and c.name <> '' and c.value <> 'N/A' and c.fault is null),
        (array_agg(
            case
                when c.place is null then format('line %s: %s', c.n, c.fault)
                else format(
                    'line %s, column %s%s: "%s" %s',
                    c.n, c.place,
                    case when c.value is not null and c.name <> '' then ' (' || c.name || ')' end,
                    left(coalesce(c.value, c.name), 40), c.fault
                )
            end
            order by c.n, c.place nulls first
        ) filter (where c.fault is not null))[1]
    into rates, fault
    from cell as c;

    if fault is not null then
        raise exception '%', fault
            using errcode = 'invalid_parameter_value',
                hint = 'nothing was loaded; a file begins with Date,USD,JPY,... and has a line'
                    ' such as 2026-11-20,1.0856,N/A,... for each day';
    end if;

    with news as (
        select r.*, e.rate is null as is_new
        from unnest(rates) as r
        left join crm.exchange_rate as e
            on e.currency = r.currency and e.type = r.type and e.rate_date = r.rate_date
        where (e.rate, e.source) is distinct from (r.rate, r.source)
    ), written as (
        insert into crm.exchange_rate (currency, type, rate_date, rate, source)
        select n.currency, n.type, n.rate_date, n.rate, n.source from news as n
        on conflict on constraint exchange_rate_pkey do update
        set rate = excluded.rate, source = excluded.source
    )
    select
        count(*) filter (where n.is_new),
        count(*) filter (where not n.is_new),
        coalesce(cardinality(rates), 0) - count(*)
    into loaded, changed, unchanged
    from news as n;
end
$$;

comment on function crm.load_exchange_rates(text, text, text) is
    'Loads a file of the European Central Bank, wholly or not at all; counts rates.

csv: the text of eurofxref-hist.csv or eurofxref.csv; N/A is no rate. type: daily, closing or
average. loaded: rates that were not there; changed: that were another or from another source;
unchanged: the rest, so loading a file again changes nothing. Needs the rights create and update on
shared_data everywhere. Errors: 22023 naming line and column, 42501 no right.';

create function crm.find_rate_for_euro(currency text, on_date date, type text) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    days int;
begin
    if currency = 'EUR' then
        return 1;
    end if;
    days := mandant_internal.setting_in((mandant.current_tenants())[1], 'exchange_rate_days');
    return (
        select r.rate
        from crm.exchange_rate as r
        where r.currency = find_rate_for_euro.currency
            and r.type = find_rate_for_euro.type
            and r.rate_date between on_date - days and on_date
        order by r.rate_date desc
        limit 1
    );
end
$$;

comment on function crm.find_rate_for_euro(text, date, text) is
    'The last rate on or before a day; null if none is recent enough.';

create function crm.rate_for_euro(currency text, on_date date, type text) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
    set datestyle = iso  -- messages say dates so
as $$
declare
    found_rate numeric;
begin
    perform crm.require_currency(currency);
    found_rate := crm.find_rate_for_euro(currency, on_date, type);
    if found_rate is null then
        raise exception 'no % exchange rate of % for %, nor for % days before it',
            type, currency, on_date,
            mandant_internal.setting_in((mandant.current_tenants())[1], 'exchange_rate_days')
            using errcode = 'invalid_parameter_value',
                hint = 'load it with crm.load_exchange_rates, or set exchange_rate_days';
    end if;
    return found_rate;
end
$$;

comment on function crm.rate_for_euro(text, date, text) is
    'The last rate on or before a day; refuses (22023) if none is recent enough.';

create function crm.exchange_rate_on(
    from_currency text,
    to_currency text,
    on_date date,
    type text default 'daily'
) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.require_rate_type(type);
    if from_currency = to_currency then
        perform crm.require_currency(from_currency);
        return 1;
    end if;
    return trim_scale(
        crm.rate_for_euro(to_currency, on_date, type)
            / crm.rate_for_euro(from_currency, on_date, type)
    );
end
$$;

comment on function crm.exchange_rate_on(text, text, date, text) is
    'What one unit of a currency is in another on a day, not rounded.

The last rate on or before the day counts, at most setting exchange_rate_days (7) days old. type:
daily, closing or average; ask for the average with the last day of its period. Errors: 22023 no
such currency or type, or no rate.';

alter function crm.require_rate_type(text) owner to crm_owner;
alter function crm.day_of(text) owner to crm_owner;
alter function crm.load_exchange_rates(text, text, text) owner to crm_owner;
alter function crm.find_rate_for_euro(text, date, text) owner to crm_owner;
alter function crm.rate_for_euro(text, date, text) owner to crm_owner;
alter function crm.exchange_rate_on(text, text, date, text) owner to crm_owner;
revoke all on function
    crm.require_rate_type(text),
    crm.day_of(text),
    crm.load_exchange_rates(text, text, text),
    crm.find_rate_for_euro(text, date, text),
    crm.rate_for_euro(text, date, text),
    crm.exchange_rate_on(text, text, date, text)
    from public;
-- all of them: what they call, their caller calls
grant execute on function
    crm.require_rate_type(text),
    crm.day_of(text),
    crm.load_exchange_rates(text, text, text),
    crm.find_rate_for_euro(text, date, text),
    crm.rate_for_euro(text, date, text),
    crm.exchange_rate_on(text, text, date, text)
    to mandant_user;
