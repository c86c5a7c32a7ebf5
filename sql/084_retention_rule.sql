-- How long a country wants documents to be kept. A document keeps the day with it from posting on,
-- so that it can be asked of the document alone.

create table crm.retention_rule (
    country text not null,
    record_class text not null,
    years int not null,
    counted_from text not null,
    valid_from date not null,
    rule text not null,
    source text not null,
    constraint retention_rule_pkey primary key (country, record_class, valid_from),
    constraint retention_rule_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint retention_rule_record_class_is_known
        check (record_class in ('voucher', 'book', 'letter')),
    constraint retention_rule_years_in_range check (years between 1 and 100),
    constraint retention_rule_counted_from_is_known check (
        counted_from in ('calendar_year_end', 'financial_year_end', 'transaction_date')
    ),
    constraint retention_rule_rule_is_filled check (rule ~ '\S'),
    constraint retention_rule_source_is_filled check (source ~ '\S')
);

comment on table crm.retention_rule is 'How long records are kept, by country and class.';
comment on column crm.retention_rule.record_class is
    'voucher, book or letter, as crm.document_kind has it.';
comment on column crm.retention_rule.counted_from is
    'From the document''s date, or from the end of the calendar or financial year that it lies in.';
comment on column crm.retention_rule.valid_from is
    'From when on it is the law: also for older documents that are posted then.';

alter table crm.retention_rule owner to crm_owner;
select mandant.share('crm.retention_rule', 'shared_data');
revoke all on crm.retention_rule from public;
grant select, insert, update, delete on crm.retention_rule to mandant_user;

create function crm.financial_year_end(year_start text, day date) returns date
    language plpgsql immutable strict -- not sql, which would be planned anew at each call
    set search_path = pg_catalog, pg_temp
as $$
declare
    first_day date;
begin
    for n in 0 .. 1 loop
        first_day := make_date(
            extract(year from day)::int + n, left(right(year_start, 5), 2)::int, 1
        ) + right(year_start, 2)::int - 1;
        exit when first_day > day;
    end loop;
    -- years of 52 or 53 weeks end up to six days later: better kept too long than too short
    return first_day - 1 + case when year_start ~ 'day' then 6 else 0 end;
end
$$;

comment on function crm.financial_year_end(text, date) is
    'The last day of the financial year in which a day lies, or some days later.

year_start: as mandant.tenant.fiscal_year_start has it.';

create function crm.retain_until(
    tenant mandant.tenant, record_class text, document_date date, posted_on date
) returns date
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    rule crm.retention_rule;
begin
    select r.* into rule
    from crm.retention_rule as r
    where r.country = tenant.country and r.record_class = retain_until.record_class
        and r.valid_from <= greatest(document_date, posted_on)
    order by r.valid_from desc
    limit 1;
    return case coalesce(rule.counted_from, 'calendar_year_end')
        when 'transaction_date' then document_date
        when 'financial_year_end' then
            crm.financial_year_end(tenant.fiscal_year_start, document_date)
        else make_date(extract(year from document_date)::int, 12, 31)
    end + make_interval(years => coalesce(
        rule.years, mandant_internal.setting_in(tenant.id, 'retention_years')::int
    ));
end
$$;

comment on function crm.retain_until(mandant.tenant, text, date, date) is
    'The last day on which a document is to be kept, by the law of its tenant''s country.

Where the country says nothing, the setting retention_years does.';

alter function crm.financial_year_end(text, date) owner to crm_owner;
alter function crm.retain_until(mandant.tenant, text, date, date) owner to crm_owner;
revoke all on function
    crm.financial_year_end(text, date), crm.retain_until(mandant.tenant, text, date, date)
    from public;
