-- Products: what a tenant sells, with one price in one currency; price lists have others. A line of
-- a document copies what it needs, so a new price or tax rate never reaches an old document.

create table crm.product (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    code text not null,
    name text not null,
    unit text not null,
    unit_price numeric not null,
    currency text not null,
    tax_rate numeric not null,
    tax_code text,
    active boolean not null default true,
    constraint product_pkey primary key (tenant_id, id),
    constraint product_code_key unique (tenant_id, code),
    constraint product_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint product_unit_fkey foreign key (unit)
        references crm.unit (code) on delete restrict,
    constraint product_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint product_code_has_no_space check (code ~ '^\S+$'),
    constraint product_code_length check (length(code) <= 100),
    constraint product_name_is_filled check (name ~ '\S'),
    constraint product_name_length check (length(name) <= 500),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint product_unit_price_in_range check (unit_price >= 0 and unit_price < 1e12),
    constraint product_tax_rate_is_percent check (tax_rate between 0 and 100)
);

comment on table crm.product is 'Products of a tenant, each with its price and tax rate.';
comment on constraint product_code_has_no_space on crm.product is 'code must be one word';
comment on constraint product_code_length on crm.product is 'code must be at most 100 characters';
comment on constraint product_name_is_filled on crm.product is 'name must be more than blanks';
comment on constraint product_name_length on crm.product is 'name must be at most 500 characters';
comment on constraint product_unit_price_in_range on crm.product is
    'unit_price must be a number from 0 to below 1e12';
comment on constraint product_tax_rate_is_percent on crm.product is
    'tax_rate must be from 0 to 100';
comment on column crm.product.code is 'The tenant''s own short name for it, such as CRM-STD.';
comment on column crm.product.unit is 'What quantity one counts: code in crm.unit, such as hour.';
comment on column crm.product.unit_price is
    'Net price of one unit, in the product''s currency, where no price list has another.';
comment on column crm.product.tax_rate is 'Percent: 19 stands for 19 %.';
comment on column crm.product.tax_code is
    'Tax code of the tenant''s country (crm.tax_code), whose rate counts; null: tax_rate does.';
comment on column crm.product.active is 'false: no longer sold; old documents keep it.';

select mandant.protect('crm.product', audit => true);

alter table crm.product owner to crm_owner;
revoke all on crm.product from public;
grant select, delete,
    insert (tenant_id, code, name, unit, unit_price, currency, tax_rate, tax_code, active),
    update (code, name, unit, unit_price, currency, tax_rate, tax_code, active)
    on crm.product to mandant_user;
select mandant.accept_copy('crm.product');

create function crm.check_product() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.require_unit(new.unit), crm.require_currency(new.currency);
    return new;
end
$$;

comment on function crm.check_product() is
    'Trigger: refuses (22023) a unit or currency that is not there, naming it.';

alter function crm.check_product() owner to crm_owner;
revoke all on function crm.check_product() from public;

create trigger product_check before insert or update of unit, currency on crm.product
    for each row execute function crm.check_product();

comment on trigger product_check on crm.product is 'Unit and currency are of the shared data.';

create function crm.check_product_tax_code() returns trigger
    language plpgsql
    security definer -- whoever keeps products need not see the tenant's country
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    home_country text := (
        select t.country from mandant_internal.tenant as t where t.id = new.tenant_id
    );
begin
    if not exists (
        select from crm.tax_code as c where c.country = home_country and c.code = new.tax_code
    ) then
        raise exception 'no tax code "%" in %', new.tax_code, home_country
            using errcode = 'invalid_parameter_value',
                hint = 'the codes are in crm.tax_code; leave it out for a rate of its own';
    end if;
    return null;
end
$$;

comment on function crm.check_product_tax_code() is
    'Trigger: refuses (22023) a tax code that the tenant''s country does not have.

After the row, when row security has refused another tenant''s: its country is not to be told.';

alter function crm.check_product_tax_code() owner to crm_owner;
revoke all on function crm.check_product_tax_code() from public;

create trigger product_check_tax_code after insert or update of tax_code on crm.product
    for each row when (new.tax_code is not null) execute function crm.check_product_tax_code();

comment on trigger product_check_tax_code on crm.product is 'A tax code is one of the country.';
