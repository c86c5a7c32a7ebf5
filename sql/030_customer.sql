-- Customers: each belongs to one tenant, and everything made for a customer follows him there.
-- A posted document keeps the name and address of its day, so a customer may be changed freely.
-- One who turns out to be another stays as merged, one who goes to another tenant as moved, because
-- posted documents refer to him; the same party in several tenants is one customer in each, with
-- its terms there (095_merge_customer.sql, 097_move_customer.sql).

create table crm.customer (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    name text not null,
    street text,
    postal_code text,
    city text,
    region text,
    country text not null,
    email text,
    tax_id text,
    language text,
    currency text,
    payment_terms_days int,
    early_payment_days int,
    early_payment_percent numeric,
    discount numeric not null default 0,
    credit_limit numeric,
    price_list_id uuid,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    state text not null default 'active',
    party_id uuid not null default mandant.new_id(),
    merged_into uuid,
    merge_reason text,
    moved_at timestamptz,
    move_reason text,
    group_tenant_id int,
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    updated_at timestamptz not null default now(),
    constraint customer_pkey primary key (tenant_id, id),
    constraint customer_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint customer_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint customer_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint customer_price_list_fkey foreign key (tenant_id, price_list_id)
        references crm.price_list (tenant_id, id) on delete restrict,
    constraint customer_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint customer_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint customer_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint customer_merged_into_fkey foreign key (tenant_id, merged_into)
        references crm.customer (tenant_id, id) on delete restrict,
    constraint customer_group_tenant_fkey foreign key (group_tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint customer_name_is_filled check (name ~ '\S'),
    constraint customer_name_length check (length(name) <= 500),
    constraint customer_email_length check (length(email) <= 254),
    constraint customer_email_has_domain check (email ~ '^[^@\s]+@[^@\s]+$'),
    constraint customer_language_is_bcp_47 check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    constraint customer_payment_terms_in_range check (payment_terms_days between 0 and 365),
    constraint customer_early_payment_days_in_range check (early_payment_days between 0 and 365),
    constraint customer_early_payment_is_percent check (early_payment_percent between 0 and 100),
    constraint customer_early_payment_is_whole
        check ((early_payment_days is null) = (early_payment_percent is null)),
    constraint customer_discount_is_percent check (discount between 0 and 100),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint customer_credit_limit_in_range check (credit_limit >= 0 and credit_limit < 1e12),
    constraint customer_state_is_known check (state in ('active', 'blocked', 'merged', 'moved')),
    constraint customer_merged_into_another check (
        (state = 'merged') = (merged_into is not null)
        and (state = 'merged') = (merge_reason is not null)
        and merged_into <> id
    ),
    constraint customer_moved_at_a_time check (
        (state = 'moved') = (moved_at is not null)
        and (state = 'moved' or move_reason is null)
    ),
    constraint customer_is_not_his_own_tenant check (group_tenant_id <> tenant_id)
);

create index customer_id on crm.customer (id);  -- a reader of many tenants looks up by id alone
create index customer_name on crm.customer (tenant_id, name);
create index customer_owner on crm.customer (tenant_id, owner_id);
create index customer_team on crm.customer (tenant_id, team_id);
create index customer_price_list on crm.customer (tenant_id, price_list_id);
create index customer_merged_into on crm.customer (tenant_id, merged_into);
-- a party is one customer in each tenant, and so is a company of the group
create unique index customer_party on crm.customer (tenant_id, party_id) where state <> 'merged';
create unique index customer_group_tenant on crm.customer (tenant_id, group_tenant_id)
    where state <> 'merged';

comment on table crm.customer is 'Customers; each belongs to exactly one tenant.';
comment on constraint customer_name_is_filled on crm.customer is 'name must be more than blanks';
comment on constraint customer_name_length on crm.customer is 'name must be at most 500 characters';
comment on constraint customer_email_length on crm.customer is
    'email must be at most 254 characters';
comment on constraint customer_email_has_domain on crm.customer is
    'email must look like name@domain';
comment on constraint customer_language_is_bcp_47 on crm.customer is
    'language must be like de or zh-Hant-HK (BCP 47)';
comment on constraint customer_payment_terms_in_range on crm.customer is
    'payment_terms_days must be from 0 to 365';
comment on constraint customer_early_payment_days_in_range on crm.customer is
    'early_payment_days must be from 0 to 365';
comment on constraint customer_early_payment_is_percent on crm.customer is
    'early_payment_percent must be from 0 to 100';
comment on constraint customer_early_payment_is_whole on crm.customer is
    'early_payment_days and early_payment_percent come together';
comment on constraint customer_discount_is_percent on crm.customer is
    'discount must be from 0 to 100';
comment on constraint customer_credit_limit_in_range on crm.customer is
    'credit_limit must be a number from 0 to below 1e12';
comment on constraint customer_state_is_known on crm.customer is
    'state must be active, blocked, merged or moved';
comment on constraint customer_merged_into_another on crm.customer is
    'who is merged, into another and for a reason, becomes so by a merge';
comment on constraint customer_moved_at_a_time on crm.customer is
    'who has moved becomes so by a move';
comment on constraint customer_is_not_his_own_tenant on crm.customer is
    'group_tenant_id must name another tenant';
comment on column crm.customer.name is 'The name that documents are addressed to, in any script.';
comment on column crm.customer.region is 'State or province, where addresses have one.';
comment on column crm.customer.tax_id is
    'VAT or other tax number, as it is to be printed: what crm.check_tax_id makes of it.';
comment on column crm.customer.language is
    'Language of what the customer reads (BCP 47, such as zh-Hant-HK); null: the tenant''s.';
comment on column crm.customer.currency is 'Currency of new documents; null: the tenant''s.';
comment on column crm.customer.payment_terms_days is
    'Days from document date to due date; null: the tenant''s setting payment_terms_days.';
comment on column crm.customer.early_payment_days is
    'Days within which he gets early_payment_percent; null: the tenant''s setting of that name.';
comment on column crm.customer.early_payment_percent is
    'What he may deduct from gross for an early payment; 0: nothing.';
comment on column crm.customer.discount is
    'Percent off every line that names no discount of its own.';
comment on column crm.customer.credit_limit is
    'What he may owe, in his currency; null: without limit.';
comment on column crm.customer.price_list_id is
    'The price list of new lines; null: the products'' own prices.';
comment on column crm.customer.owner_id is 'The principal who looks after the customer.';
comment on column crm.customer.team_id is 'The team the customer belongs to.';
comment on column crm.customer.state is
    'active; blocked, moved: gets no documents but those that settle old ones; merged: none.';
comment on column crm.customer.party_id is
    'One for all customers that are the same party in several tenants; see crm.link_party.';
comment on column crm.customer.merged_into is 'Who he turned out to be; see crm.merge_customers.';
comment on column crm.customer.merge_reason is 'Why he was taken to be the same.';
comment on column crm.customer.moved_at is
    'When he went to another tenant, where he is the same party; see crm.move_customer.

Another state, such as active, makes him a customer here again, beside the one there.';
comment on column crm.customer.move_reason is 'Why he went, if it was said.';
comment on column crm.customer.group_tenant_id is
    'The tenant that he is, if he is a company of the group; see crm.set_group_tenant.

What is between the two is no revenue of the group.';

select mandant.protect('crm.customer', owner => 'owner_id', team => 'team_id', audit => true);

alter table crm.customer owner to crm_owner;
revoke all on crm.customer from public;
-- not id: a chosen one could repeat the id of another tenant's row; party, merge, move by functions
grant select, delete,
    insert (tenant_id, name, street, postal_code, city, region, country, email, tax_id, language,
        currency, payment_terms_days, early_payment_days, early_payment_percent, discount,
        credit_limit, price_list_id, owner_id, team_id,
        state, group_tenant_id),
    update (name, street, postal_code, city, region, country, email, tax_id, language,
        currency, payment_terms_days, early_payment_days, early_payment_percent, discount,
        credit_limit, price_list_id, owner_id, team_id,
        state, group_tenant_id)
    on crm.customer to mandant_user;
select mandant.accept_copy('crm.customer');

create function crm.check_customer() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.tax_id := crm.check_tax_id(new.country, new.tax_id);
    return new;
end
$$;

comment on function crm.check_customer() is
    'Trigger: refuses (22023) a tax id that cannot be one, and writes it as it is printed.';

alter function crm.check_customer() owner to crm_owner;
revoke all on function crm.check_customer() from public;

create trigger customer_check before insert or update of country, tax_id on crm.customer
    for each row when (new.tax_id is not null) execute function crm.check_customer();

comment on trigger customer_check on crm.customer is 'A tax id has its country''s form.';

create function crm.check_group_tenant() returns trigger
    language plpgsql -- as whoever writes: row security shows what he may see
    set search_path = pg_catalog, pg_temp
as $$
declare
    other text;
begin
    select c.name into other
    from crm.customer as c
    where c.tenant_id = new.tenant_id and c.group_tenant_id = new.group_tenant_id
        and c.state <> 'merged' and c.id <> new.id;
    if found then
        raise exception 'customer "%" is that company of the group already', other
            using errcode = 'invalid_parameter_value',
                hint = 'a company is one customer in each tenant: use that one, or merge the two'
                    ' with crm.merge_customers';
    elsif new.group_tenant_id = new.tenant_id then
        raise exception 'customer "%" cannot be the company whose customer he is', new.name
            using errcode = 'invalid_parameter_value',
                hint = 'group_tenant_id names another tenant';
    end if;
    return new;
end
$$;

comment on function crm.check_group_tenant() is
    'Trigger: refuses (22023) a company of the group as its own customer, or as a second one.';

alter function crm.check_group_tenant() owner to crm_owner;
revoke all on function crm.check_group_tenant() from public;

create trigger customer_check_group_tenant
    before insert or update of group_tenant_id on crm.customer
    for each row when (new.group_tenant_id is not null and new.state <> 'merged')
    execute function crm.check_group_tenant();

comment on trigger customer_check_group_tenant on crm.customer is
    'A company of the group is one customer in each other tenant.';

create function crm.open_customer() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.moved_at := null;
    new.move_reason := null;
    return new;
end
$$;

comment on function crm.open_customer() is
    'Trigger: who has moved and is open again has not moved.';

alter function crm.open_customer() owner to crm_owner;
revoke all on function crm.open_customer() from public;

create trigger customer_open before update of state on crm.customer
    for each row when (old.state = 'moved' and new.state <> 'moved')
    execute function crm.open_customer();

comment on trigger customer_open on crm.customer is
    'A tenant that works for a customer again sets his state to active.';

create function crm.moved_to(customer crm.customer) returns text
    language plpgsql stable -- as whoever asks: row security shows what he may see
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return coalesce(
        (
            select string_agg(
                format('customer %s in tenant "%s"', c.id, t.code), ' or ' order by t.code
            )
            from crm.customer as c
            join mandant.tenant as t on t.id = c.tenant_id
            where c.party_id = customer.party_id and c.tenant_id <> customer.tenant_id
                and c.state not in ('merged', 'moved')
        ),
        'the customer whom he is there, out of your sight'
    );
end
$$;

comment on function crm.moved_to(crm.customer) is
    'Who a customer that has moved is now, for a hint: nothing that the caller may not see.';

alter function crm.moved_to(crm.customer) owner to crm_owner;
revoke all on function crm.moved_to(crm.customer) from public;
grant execute on function crm.moved_to(crm.customer) to mandant_user;  -- as whom a hint is made

create function crm.touch() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

comment on function crm.touch() is 'Trigger: a changed row says when.';

alter function crm.touch() owner to crm_owner;
revoke all on function crm.touch() from public;

create trigger customer_touch before update on crm.customer
    for each row execute function crm.touch();

comment on trigger customer_touch on crm.customer is 'updated_at is the time of the last change.';
