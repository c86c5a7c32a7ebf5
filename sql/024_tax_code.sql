-- Tax codes of a country, with their rates by date: a new rate is a row that begins on a day, so
-- that a document takes the rate of its own date, whenever it is made. The category is what an
-- electronic invoice says (EN 16931), for an exempt supply is another thing than a rate of 0.

create table crm.tax_code (
    country text not null,
    code text not null,
    category text not null,
    titles jsonb not null,
    note jsonb,
    rule text not null,
    source text not null,
    constraint tax_code_pkey primary key (country, code),
    constraint tax_code_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint tax_code_code_is_word check (code ~ '^[a-z]+(_[a-z0-9]+)*$'),
    constraint tax_code_category_is_known check (category in ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
    constraint tax_code_titles_are_texts check (crm.is_texts(titles)),
    constraint tax_code_note_is_texts check (crm.is_texts(note)),
    constraint tax_code_rule_is_filled check (rule ~ '\S'),
    constraint tax_code_source_is_filled check (source ~ '\S')
);

comment on table crm.tax_code is 'Tax codes by country, shared by all tenants.';
comment on column crm.tax_code.category is
    'Of EN 16931: S standard, Z zero rate, E exempt, AE reverse charge, K within the EU, G export,
O not subject to tax.';
comment on column crm.tax_code.titles is 'What it is called, by language.';
comment on column crm.tax_code.note is 'What the document has to say because of it, by language.';
comment on column crm.tax_code.rule is 'Which rule of the country it follows, such as R-DE-06.';
comment on column crm.tax_code.source is 'The law behind it.';

create table crm.tax_rate (
    country text not null,
    code text not null,
    valid_from date not null,
    rate numeric not null,
    rule text not null,
    source text not null,
    constraint tax_rate_pkey primary key (country, code, valid_from),
    constraint tax_rate_code_fkey foreign key (country, code)
        references crm.tax_code (country, code) on delete restrict,
    constraint tax_rate_rate_is_percent check (rate between 0 and 100),
    constraint tax_rate_rule_is_filled check (rule ~ '\S'),
    constraint tax_rate_source_is_filled check (source ~ '\S')
);

comment on table crm.tax_rate is 'Rates of tax codes, each until the next begins.';
comment on column crm.tax_rate.valid_from is 'The first document date that it is for.';
comment on column crm.tax_rate.rate is 'Percent: 19 stands for 19 %.';

alter table crm.tax_code owner to crm_owner;
alter table crm.tax_rate owner to crm_owner;
select mandant.share('crm.tax_code', 'shared_data');
select mandant.share('crm.tax_rate', 'shared_data');
revoke all on crm.tax_code, crm.tax_rate from public;
grant select, insert, update, delete on crm.tax_code, crm.tax_rate to mandant_user;

create function crm.tax_rate_on(country text, code text, on_date date) returns numeric
    language plpgsql stable strict
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    rate numeric;
    first_date date;
begin
    select r.rate into rate
    from crm.tax_rate as r
    where r.country = tax_rate_on.country and r.code = tax_rate_on.code and r.valid_from <= on_date
    order by r.valid_from desc
    limit 1;
    if found then
        return rate;
    end if;

    select min(r.valid_from) into first_date
    from crm.tax_rate as r
    where r.country = tax_rate_on.country and r.code = tax_rate_on.code;
    if first_date is null then
        raise exception 'no tax code "%" in %', code, country
            using errcode = 'invalid_parameter_value',
                hint = coalesce(
                    'there are ' || (
                        select string_agg(distinct r.code, ', ' order by r.code)
                        from crm.tax_rate as r
                        where r.country = tax_rate_on.country
                    ),
                    'load the country''s pack: crm.load_country_pack(...)'
                );
    end if;
    raise exception 'tax code "%" of % has no rate on %',
        code, country, to_char(on_date, 'YYYY-MM-DD')
        using errcode = 'invalid_parameter_value',
            hint = format('its first rate is valid from %s', to_char(first_date, 'YYYY-MM-DD'));
end
$$;

comment on function crm.tax_rate_on(text, text, date) is
    'The rate of a tax code on a document''s date, in percent.

Null if an argument is null. Errors: 22023 no such code in the country, or no rate yet that day.';

alter function crm.tax_rate_on(text, text, date) owner to crm_owner;
revoke all on function crm.tax_rate_on(text, text, date) from public;
grant execute on function crm.tax_rate_on(text, text, date) to mandant_user;
