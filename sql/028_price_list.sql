-- Price lists: what a tenant's products cost certain customers. The prices are in 045_price.sql.

create table crm.price_list (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    code text not null,
    name text not null,
    currency text not null,
    active boolean not null default true,
    constraint price_list_pkey primary key (tenant_id, id),
    constraint price_list_code_key unique (tenant_id, code),
    constraint price_list_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint price_list_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint price_list_code_has_no_space check (code ~ '^\S+$'),
    constraint price_list_name_is_filled check (name ~ '\S')
);

comment on table crm.price_list is 'Price lists of a tenant; a customer may have one.';
comment on constraint price_list_code_has_no_space on crm.price_list is 'code must be one word';
comment on constraint price_list_name_is_filled on crm.price_list is
    'name must be more than blanks';
comment on column crm.price_list.code is 'The tenant''s own short name for it, such as PARTNER.';
comment on column crm.price_list.currency is
    'Currency of its prices, which stays once it has some; documents in others do not use them.';
comment on column crm.price_list.active is
    'false: the products'' own prices count instead; old documents keep theirs.';

select mandant.protect('crm.price_list', audit => true);

alter table crm.price_list owner to crm_owner;
revoke all on crm.price_list from public;
grant select, delete,
    insert (tenant_id, code, name, currency, active),
    update (code, name, currency, active)
    on crm.price_list to mandant_user;
select mandant.accept_copy('crm.price_list');

create function crm.check_price_list() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.require_currency(new.currency);
    if tg_op = 'UPDATE' and new.currency <> old.currency then
        -- who is adding a price holds the list, and is waited for
        perform from crm.price_list as l
        where l.tenant_id = old.tenant_id and l.id = old.id
        for update;
        if exists (
            select from crm.price as p
            where p.tenant_id = old.tenant_id and p.price_list_id = old.id
        ) then
            raise exception 'price list "%" has prices in %', old.code, old.currency
                using errcode = 'restrict_violation',
                    hint = format('make another list for prices in %s', new.currency);
        end if;
    end if;
    return new;
end
$$;

comment on function crm.check_price_list() is
    'Trigger: refuses a currency that is not there (22023), or another than prices are in (23001).';

alter function crm.check_price_list() owner to crm_owner;
revoke all on function crm.check_price_list() from public;

create trigger price_list_check before insert or update of currency on crm.price_list
    for each row execute function crm.check_price_list();

comment on trigger price_list_check on crm.price_list is
    'The currency is one of the shared data, and that of the prices.';
