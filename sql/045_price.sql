-- The prices of price lists. One holds from its first day until the next one of the same product
-- begins, so that no two can hold on one day, whoever else writes at the same moment. A line asks
-- for the price of its document's date and keeps it.

create table crm.price (
    tenant_id int not null default mandant.current_tenant(),
    price_list_id uuid not null,
    product_id uuid not null,
    valid_from date not null,
    unit_price numeric,
    constraint price_pkey primary key (tenant_id, price_list_id, product_id, valid_from),
    constraint price_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint price_price_list_fkey foreign key (tenant_id, price_list_id)
        references crm.price_list (tenant_id, id) on delete cascade,
    constraint price_product_fkey foreign key (tenant_id, product_id)
        references crm.product (tenant_id, id) on delete restrict,
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint price_unit_price_in_range check (unit_price >= 0 and unit_price < 1e12)
);

create index price_product on crm.price (tenant_id, product_id);

comment on table crm.price is 'Prices in price lists, each from a day on.';
comment on constraint price_unit_price_in_range on crm.price is
    'unit_price must be a number from 0 to below 1e12';
comment on column crm.price.valid_from is
    'First document date; it ends where the product''s next price in the list begins.';
comment on column crm.price.unit_price is
    'Net price of one unit, in the list''s currency; null: the product''s own again.';

select mandant.protect('crm.price', object => 'price_list', audit => true);

alter table crm.price owner to crm_owner;
revoke all on crm.price from public;
grant select, delete,
    insert (tenant_id, price_list_id, product_id, valid_from, unit_price),
    update (valid_from, unit_price)
    on crm.price to mandant_user;
select mandant.accept_copy('crm.price');

create function crm.list_price(
    tenant_id int,
    price_list_id uuid,
    product_id uuid,
    currency text,
    on_date date
) returns numeric
    language sql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
    select p.unit_price
    from crm.price_list as l
    join crm.price as p on p.tenant_id = l.tenant_id and p.price_list_id = l.id
    where l.tenant_id = list_price.tenant_id
        and l.id = list_price.price_list_id
        and l.active
        and l.currency = list_price.currency
        and p.product_id = list_price.product_id
        and p.valid_from <= on_date
    order by p.valid_from desc
    limit 1
$$;

comment on function crm.list_price(int, uuid, uuid, text, date) is
    'The price of a product in a price list on a day; null: none in this currency.';

alter function crm.list_price(int, uuid, uuid, text, date) owner to crm_owner;
revoke all on function crm.list_price(int, uuid, uuid, text, date) from public;
