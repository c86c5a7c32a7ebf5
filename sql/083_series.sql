-- How the numbers of a country usually look: the series that a new tenant gets. Rows without
-- country are for all countries that have none of their own; a tenant's own series are changed
-- with mandant.alter_series. What is numbered and no document, such as a contract, has its row here
-- as well.

create table crm.default_series (
    country text,
    kind text not null,
    pattern text not null,
    reset text not null default 'year',
    policy text not null default 'gapless',
    valid_from date not null default '2000-01-01',
    rule text not null,
    source text not null,
    constraint default_series_key unique nulls not distinct (country, kind, valid_from),
    constraint default_series_country_fkey foreign key (country)
        references crm.country (code) on delete cascade,
    constraint default_series_reset_is_known
        check (reset in ('never', 'year', 'fiscal_year', 'month', 'day')),
    constraint default_series_policy_is_known
        check (policy in ('gapless', 'gapless_chronological', 'unique')),
    constraint default_series_rule_is_filled check (rule ~ '\S'),
    constraint default_series_source_is_filled check (source ~ '\S')
);

comment on table crm.default_series is 'The number series that a new tenant gets, by country.';
comment on column crm.default_series.country is 'Country of the tenant; null: any other.';
comment on column crm.default_series.pattern is 'Literal text with {yyyy}, {n:5} and the like.';
comment on column crm.default_series.reset is 'When counting starts again: year, month, never, ...';
comment on column crm.default_series.policy is 'gapless, gapless_chronological or unique.';
comment on column crm.default_series.valid_from is 'From when on tenants are made with it.';

alter table crm.default_series owner to crm_owner;
select mandant.share('crm.default_series', 'shared_data');
revoke all on crm.default_series from public;
grant select, insert, update, delete on crm.default_series to mandant_user;

insert into crm.default_series (kind, pattern, rule, source)
select kind, prefix || '-{yyyy}-{n:5}', 'R-NUM-06', 'usual practice'
from (values
    ('quote', 'Q'),
    ('order', 'SO'),
    ('delivery_note', 'DN'),
    ('invoice', 'INV'),
    ('credit_note', 'CN'),
    ('payment', 'PAY'),
    ('reminder', 'REM')  -- no document, but packs have one of their own
) as s (kind, prefix);
