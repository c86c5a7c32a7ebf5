-- Products: what a tenant sells, with one price in one currency. A document line copies what it
-- needs, so a new price or tax rate never reaches an old document.

create table crm.product (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    code text not null,
    name text not null,
    unit text not null,
    unit_price numeric not null,
    currency text not null,
    tax_rate numeric not null,
    active boolean not null default true,
    constraint product_pkey primary key (tenant_id, id),
    constraint product_code_key unique (tenant_id, code),
    constraint product_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint product_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint product_code_has_no_space check (code ~ '^\S+$'),
    constraint product_name_is_filled check (name ~ '\S'),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint product_unit_price_in_range check (unit_price >= 0 and unit_price < 1e12),
    constraint product_tax_rate_is_percent check (tax_rate between 0 and 100)
);

comment on table crm.product is 'Products of a tenant, each with its price and tax rate.';
comment on column crm.product.code is 'The tenant''s own short name for it, such as CRM-STD.';
comment on column crm.product.unit is 'What quantity one counts: hour, month, licence, ...';
comment on column crm.product.unit_price is 'Net price of one unit, in the product''s currency.';
comment on column crm.product.tax_rate is 'Percent: 19 stands for 19 %.';
comment on column crm.product.active is 'false: no longer sold; old documents keep it.';

select mandant.protect('crm.product', audit => true);

alter table crm.product owner to crm_owner;
revoke all on crm.product from public;
grant select, delete,
    insert (tenant_id, code, name, unit, unit_price, currency, tax_rate, active),
    update (code, name, unit, unit_price, currency, tax_rate, active)
    on crm.product to mandant_user;
select mandant.accept_copy('crm.product');
