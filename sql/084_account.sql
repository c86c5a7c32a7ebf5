-- The accounts that the journal writes to, as data: a country pack says which account plays which
-- role, for a tax category and rate if it differs by them, and the most specific row counts. A chart
-- is said as a whole, and holds until the next one begins. Rows without country are the chart of all
-- countries that have none of their own. Where a tenant has another account its setting says so.

create table crm.account_role (
    code text not null,
    type text not null,
    by_tax boolean not null default false,
    constraint account_role_pkey primary key (code),
    constraint account_role_type_is_known
        check (type in ('asset', 'liability', 'equity', 'income', 'expense'))
);

comment on table crm.account_role is 'What accounts are for; each chart has one for each.';
comment on column crm.account_role.type is
    'asset, liability, equity, income or expense: what its accounts are.';
comment on column crm.account_role.by_tax is 'Whether it can differ by tax category and rate.';

alter table crm.account_role owner to crm_owner;
select mandant.share('crm.account_role', 'shared_data');
revoke all on crm.account_role from public;
grant select on crm.account_role to mandant_user;

-- an early-payment discount is less revenue, no expense
insert into crm.account_role (code, type, by_tax) values
    ('receivable', 'asset', false),
    ('bank', 'asset', false),
    ('revenue', 'income', true),
    ('tax', 'liability', true),
    ('discount', 'income', true),
    ('exchange_gain', 'income', false),
    ('exchange_loss', 'expense', false),
    ('opening', 'equity', false);  -- what is owed when the books begin here

create table crm.account (
    country text,
    valid_from date not null default '2000-01-01',
    role text not null,
    tax_category text,
    tax_rate numeric,
    code text not null,
    titles jsonb not null,
    rule text not null,
    source text not null,
    constraint account_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint account_role_fkey foreign key (role)
        references crm.account_role (code) on delete restrict,
    constraint account_code_is_word check (code ~ '^[A-Za-z0-9-]{1,20}$'),
    constraint account_tax_category_is_known
        check (tax_category in ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
    constraint account_tax_rate_is_percent check (tax_rate between 0 and 100),
    constraint account_titles_are_texts check (crm.is_texts(titles)),
    constraint account_rule_is_filled check (rule ~ '\S'),
    constraint account_source_is_filled check (source ~ '\S')
);

-- in the order in which they count: what is more specific comes first
create unique index account_key on crm.account (
    coalesce(country, ''), valid_from, role, tax_category, tax_rate
) nulls not distinct;

comment on table crm.account is 'Charts of accounts by country, shared by all tenants.';
comment on column crm.account.country is 'Country of the tenant; null: any that has no chart.';
comment on column crm.account.valid_from is
    'The first document date that the chart is for, until the next begins; the first one is for all
before, too.';
comment on column crm.account.role is 'What is booked there: receivable, revenue, tax, ...';
comment on column crm.account.tax_category is
    'Only for this tax category (EN 16931); null: for all that have no row of their own.';
comment on column crm.account.tax_rate is
    'Only for this rate, in percent; null: for all that have no row of their own.';
comment on column crm.account.code is 'The account''s number, such as 4400; one may play many roles.';
comment on column crm.account.titles is 'What it is called, by language.';
comment on column crm.account.rule is 'Which rule of the country it follows, such as R-DE-18.';
comment on column crm.account.source is 'Where the number comes from, such as DATEV SKR04.';

alter table crm.account owner to crm_owner;
select mandant.share('crm.account', 'shared_data');
revoke all on crm.account from public;
grant select, insert, update, delete on crm.account to mandant_user;

insert into crm.account (role, code, titles, rule, source)
select role, code, titles, 'R-DE-18', 'usual practice'
from (values
    ('receivable', '1200',
        '{"de": "Forderungen", "en": "Accounts receivable", "zh-Hant": "應收帳款"}'::jsonb),
    ('bank', '1000', '{"de": "Bank", "en": "Cash at bank", "zh-Hant": "銀行存款"}'),
    ('revenue', '4000', '{"de": "Umsatzerlöse", "en": "Sales revenue", "zh-Hant": "銷售收入"}'),
    ('tax', '2200', '{"de": "Umsatzsteuer", "en": "Sales tax payable", "zh-Hant": "應付稅款"}'),
    ('discount', '4900',
        '{"de": "Gewährte Skonti", "en": "Sales discounts", "zh-Hant": "銷售折扣"}'),
    ('exchange_gain', '7000',
        '{"de": "Kursgewinne", "en": "Foreign exchange gain", "zh-Hant": "匯兌收益"}'),
    ('exchange_loss', '7100',
        '{"de": "Kursverluste", "en": "Foreign exchange loss", "zh-Hant": "匯兌虧損"}'),
    ('opening', '3900',
        '{"de": "Eröffnungssalden", "en": "Opening balances", "zh-Hant": "期初結餘"}')
) as a (role, code, titles);

-- as a word for each account, so that one says no more than what differs
select mandant.define_setting(
    'own_accounts', 'text',
    'Accounts of the tenant in place of those of its country''s chart, such as'
        ' 4400=4410 Software; 1800=1810 Second bank',
    levels => '{tenant}', counts => 'own',
    pattern => '^[A-Za-z0-9-]{1,20}=[A-Za-z0-9-]{1,20}( [^;=]+)?'
        '(; ?[A-Za-z0-9-]{1,20}=[A-Za-z0-9-]{1,20}( [^;=]+)?)*$'
);

create function crm.own_account(own text, code text) returns text
    language sql immutable -- becomes part of the query that calls it
    return case
        when own is null then code
        else coalesce(substring(own from '(?:^|; ?)' || code || '=([^ ;]+)'), code)
    end;

comment on function crm.own_account(text, text) is
    'The account that a tenant has for one of the chart, by its setting own_accounts.';

create function crm.chart_on(country text, on_date date, out chart text, out since date)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    select chart_on.country, a.valid_from into chart, since
    from crm.account as a
    where coalesce(a.country, '') = chart_on.country and a.valid_from <= on_date
    order by a.valid_from desc
    limit 1;
    if not found then
        select coalesce(a.country, ''), a.valid_from into chart, since
        from crm.account as a
        where a.country = chart_on.country or a.country is null
        order by a.country, a.valid_from > on_date, abs(a.valid_from - on_date)  -- null comes last
        limit 1;
    end if;
end
$$;

comment on function crm.chart_on(text, date) is
    'The chart of accounts of a country on a day: its country, '''' for any, and its valid_from.';

create function crm.account_for(
    chart text, since date, own text, role text, tax_category text default null,
    tax_rate numeric default null, other text default null
) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    code text;
begin
    select a.code into code
    from crm.account as a
    where coalesce(a.country, '') = chart and a.valid_from = since and a.role = account_for.role
        and (a.tax_category = account_for.tax_category or a.tax_category is null)
        and (a.tax_rate = account_for.tax_rate or a.tax_rate is null)
    order by a.tax_category, a.tax_rate
    limit 1;
    if not found then
        raise exception 'no account for %',
            concat_ws(
                ', ', role, 'tax category ' || account_for.tax_category,
                trim_scale(account_for.tax_rate) || ' %'
            ) || coalesce(' in the chart of ' || nullif(chart, ''), '')
            using errcode = 'undefined_object',
                hint = 'add it to crm.account, or load a country pack with all accounts';
    end if;
    code := crm.own_account(own, code);
    if code = other then
        raise exception 'account % would be on both sides of an entry', code
            using errcode = 'invalid_parameter_value',
                hint = 'see the setting own_accounts, and crm.account';
    end if;
    return code;
end
$$;

comment on function crm.account_for(text, date, text, text, text, numeric, text) is
    'The account that plays a role; refuses (42704) where there is none.

chart and since: of crm.chart_on; own: setting own_accounts; other: which it must not be (22023). A row of the tax category counts before
one of the rate, and either before one of all.';

create view crm.chart with (security_invoker = true) as
select distinct on (a.tenant_id, a.account) a.tenant_id, a.account, a.name, a.type
from (
    select t.id as tenant_id, o.said[2] as account,
        coalesce(o.said[3], crm.in_language(c.titles, t.locale)) as name, r.type,
        0 as place, c.valid_from
    from mandant.tenant as t
    cross join lateral regexp_matches(
        mandant.setting('own_accounts', tenant => t.code),
        '(?:^|; ?)([^=;]+)=([^ ;]+)(?: ([^;]+))?', 'g'
    ) as o (said)
    join crm.account as c
        on c.code = o.said[1] and (c.country = t.country or c.country is null)
    join crm.account_role as r on r.code = c.role
    union all
    select t.id, c.code, crm.in_language(c.titles, t.locale), r.type,
        case when c.country is null then 2 else 1 end, c.valid_from
    from mandant.tenant as t
    join crm.account as c on c.country = t.country or c.country is null
    join crm.account_role as r on r.code = c.role
) as a
order by a.tenant_id, a.account, a.place, a.valid_from desc;

comment on view crm.chart is
    'Names and types of the accounts of the tenants that you have selected.

Its own as setting own_accounts has them, then those of its country, then those of any.';
comment on column crm.chart.account is 'The account''s number, such as 4400.';
comment on column crm.chart.name is 'In the tenant''s language.';
comment on column crm.chart.type is 'asset, liability, equity, income or expense.';

alter function crm.own_account(text, text) owner to crm_owner;
alter function crm.chart_on(text, date) owner to crm_owner;
alter function crm.account_for(text, date, text, text, text, numeric, text) owner to crm_owner;
alter view crm.chart owner to crm_owner;
revoke all on crm.chart from public;
revoke all on function
    crm.own_account(text, text),
    crm.chart_on(text, date),
    crm.account_for(text, date, text, text, text, numeric, text)
    from public;
grant select on crm.chart to mandant_user;
