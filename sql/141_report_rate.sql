-- How reports come from the currency of a company to that of the group, the top tenant's. Amounts of
-- a document have the rate of their day, frozen at posting; a group that translates its companies by
-- the average or closing rate of the month says so in the setting report_rate_type. What has no rate
-- is null in facts, an error in ready-made reports and a row of report.missing_rate: never 1.0.

-- set for the group alone: in a report over several companies one rate type counts for all
select mandant.define_setting(
    'report_rate_type', 'text',
    'Rates by which reports come from a tenant''s currency to the group''s: daily are the documents'''
        ' own, closing and average those of the month of the document''s date',
    'daily', levels => '{group}', choices => '{daily,closing,average}'
);

-- few rows beside the daily rates, found without reading those
create index exchange_rate_of_period on crm.exchange_rate (type, currency, rate_date)
    where type <> 'daily';

create function crm.report_rate_type() returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return coalesce(
        mandant_internal.setting_in((mandant.current_tenants())[1], 'report_rate_type'), 'daily'
    );
end
$$;

comment on function crm.report_rate_type() is
    'The type of exchange rates by which the selected tenants report: setting report_rate_type.';

create function crm.convert(
    amount numeric, from_currency text, to_currency text, on_date date, type text default 'daily'
) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.require_rate_type(type);
    if from_currency = to_currency then
        return amount;
    end if;
    return round(
        amount * crm.find_rate_for_euro(to_currency, on_date, type)
            / crm.find_rate_for_euro(from_currency, on_date, type),
        (select c.minor_unit from crm.currency as c where c.code = to_currency)
    );
end
$$;

comment on function crm.convert(numeric, text, text, date, text) is
    'An amount in another currency by the rate of a day, rounded to the minor unit; null: no rate.

As crm.exchange_rate_on, which refuses where there is no rate. Errors: 22023 no such type.';

create function report.group_currency(tenant_id int) returns text
    language plpgsql stable
    security definer -- reads the tenants above, which the caller may not see
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if tenant_id = any (mandant.current_tenants()) then
        return crm.group_currency(tenant_id);
    end if;
    return null;
end
$$;

comment on function report.group_currency(int) is
    'The currency of the group that a selected tenant is in: the top tenant''s; else null.';

create function report.require_amount(
    converted numeric, amount numeric, from_currency text, to_currency text, on_date date
) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if converted is null and amount is not null then
        raise exception 'no exchange rate from % to % on %',
            from_currency, to_currency, to_char(on_date, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = 'select * from report.missing_rate lists all; load them with'
                    ' crm.load_exchange_rates';
    end if;
    return converted;
end
$$;

comment on function report.require_amount(numeric, numeric, text, text, date) is
    'An amount that was converted; refuses (22023) one that was not for want of a rate.

amount, from_currency, to_currency, on_date: what was to be converted.';

create function crm.translation()
    returns table (month date, from_currency text, to_currency text, rate numeric)
    language plpgsql stable -- no view: most groups have no such rates, and planning it would cost each report
    rows 100
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    wanted constant text := crm.report_rate_type();
begin
    if wanted = 'daily' then
        return;
    end if;
    return query
        with last_rate as (
            select distinct on (r.currency, m.month) m.month, r.currency, r.rate
            from crm.exchange_rate as r
            cross join lateral (
                select date_trunc('month', r.rate_date::timestamp)::date
            ) as m (month)
            where r.type <> 'daily' and r.type = wanted
            order by r.currency, m.month, r.rate_date desc
        ), for_euro as (
            select l.month, l.currency, l.rate from last_rate as l
            union all
            select distinct l.month, 'EUR', 1::numeric from last_rate as l
        )
        select f.month, f.currency, t.currency, round(t.rate / f.rate, 12)
        from for_euro as f
        join for_euro as t on t.month = f.month;
end
$$;

comment on function crm.translation() is
    'Closing or average rates between currencies by month, whichever report_rate_type asks for.

month: its first day. rate: units of to_currency for one of from_currency, of each currency the last of
the month. With daily rates, those of the documents, there are none.';

alter function crm.report_rate_type() owner to crm_owner;
alter function crm.convert(numeric, text, text, date, text) owner to crm_owner;
alter function report.group_currency(int) owner to crm_owner;
alter function report.require_amount(numeric, numeric, text, text, date) owner to crm_owner;
alter function crm.translation() owner to crm_owner;
revoke all on function
    crm.report_rate_type(),
    crm.convert(numeric, text, text, date, text),
    report.group_currency(int),
    report.require_amount(numeric, numeric, text, text, date),
    crm.translation()
    from public;
grant execute on function
    crm.report_rate_type(),
    crm.convert(numeric, text, text, date, text),
    report.group_currency(int),
    report.require_amount(numeric, numeric, text, text, date),
    crm.translation()
    to mandant_user;
