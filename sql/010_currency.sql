-- Currencies (ISO 4217) with their minor units: how many decimals an amount is rounded to.
-- Shared by all tenants and read-only for them. No view of this schema adds two of them.

create table crm.currency (
    code text not null,
    name text not null,
    minor_unit int not null,
    constraint currency_pkey primary key (code),
    constraint currency_code_is_iso_4217 check (code ~ '^[A-Z]{3}$'),
    constraint currency_minor_unit_in_range check (minor_unit between 0 and 4)
);

comment on table crm.currency is 'Currencies of ISO 4217, shared by all tenants.';
comment on column crm.currency.code is 'Three letters, such as EUR.';
comment on column crm.currency.minor_unit is 'Decimals of an amount: EUR 2, JPY 0, KWD 3.';

alter table crm.currency owner to crm_owner;
select mandant.unprotect('crm.currency');  -- shared by all tenants
revoke all on crm.currency from public;
grant select on crm.currency to mandant_user;

insert into crm.currency (code, name, minor_unit) values
    ('AED', 'United Arab Emirates dirham', 2),
    ('ARS', 'Argentine peso', 2),
    ('AUD', 'Australian dollar', 2),
    ('BGN', 'Bulgarian lev', 2),
    ('BHD', 'Bahraini dinar', 3),
    ('BRL', 'Brazilian real', 2),
    ('CAD', 'Canadian dollar', 2),
    ('CHF', 'Swiss franc', 2),
    ('CLP', 'Chilean peso', 0),
    ('CNY', 'Chinese yuan', 2),
    ('COP', 'Colombian peso', 2),
    ('CZK', 'Czech koruna', 2),
    ('DKK', 'Danish krone', 2),
    ('EGP', 'Egyptian pound', 2),
    ('EUR', 'Euro', 2),
    ('GBP', 'Pound sterling', 2),
    ('HKD', 'Hong Kong dollar', 2),
    ('HUF', 'Hungarian forint', 2),
    ('IDR', 'Indonesian rupiah', 2),
    ('ILS', 'Israeli new shekel', 2),
    ('INR', 'Indian rupee', 2),
    ('IQD', 'Iraqi dinar', 3),
    ('ISK', 'Icelandic krona', 0),
    ('JOD', 'Jordanian dinar', 3),
    ('JPY', 'Japanese yen', 0),
    ('KRW', 'South Korean won', 0),
    ('KWD', 'Kuwaiti dinar', 3),
    ('LYD', 'Libyan dinar', 3),
    ('MAD', 'Moroccan dirham', 2),
    ('MOP', 'Macanese pataca', 2),
    ('MXN', 'Mexican peso', 2),
    ('MYR', 'Malaysian ringgit', 2),
    ('NOK', 'Norwegian krone', 2),
    ('NZD', 'New Zealand dollar', 2),
    ('OMR', 'Omani rial', 3),
    ('PHP', 'Philippine peso', 2),
    ('PLN', 'Polish zloty', 2),
    ('QAR', 'Qatari riyal', 2),
    ('RON', 'Romanian leu', 2),
    ('RSD', 'Serbian dinar', 2),
    ('SAR', 'Saudi riyal', 2),
    ('SEK', 'Swedish krona', 2),
    ('SGD', 'Singapore dollar', 2),
    ('THB', 'Thai baht', 2),
    ('TND', 'Tunisian dinar', 3),
    ('TRY', 'Turkish lira', 2),
    ('TWD', 'New Taiwan dollar', 2),
    ('UAH', 'Ukrainian hryvnia', 2),
    ('USD', 'US dollar', 2),
    ('VND', 'Vietnamese dong', 0),
    ('ZAR', 'South African rand', 2);

create function crm.check_currency(tenant_id int) returns void
    language plpgsql stable
    security definer -- it is called by the owner of the extension, whose power it does not need
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    currency text := (select t.currency from mandant_internal.tenant as t where t.id = tenant_id);
begin
    if not exists (select from crm.currency as c where c.code = currency) then
        raise exception 'no currency "%"', currency
            using errcode = 'invalid_parameter_value',
                hint = 'the currencies are the codes in crm.currency, such as EUR';
    end if;
end
$$;

comment on function crm.check_currency(int) is
    'Refuses (22023) a new tenant in an unknown currency; mandant.create_tenant calls it.';

alter function crm.check_currency(int) owner to crm_owner;
revoke all on function crm.check_currency(int) from public;
grant execute on function crm.check_currency(int) to mandant_owner;

select mandant.on_create_tenant('crm.check_currency(int)');
