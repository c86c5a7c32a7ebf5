-- Customers: each belongs to one tenant, and everything made for a customer follows him there.
-- A posted document keeps the name and address of its day, so a customer may be changed freely.
-- One who turns out to be another stays as merged, because posted documents refer to him; the same
-- party in several tenants is one customer in each, with its terms there (038_duplicate.sql).

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
    discount numeric not null default 0,
    credit_limit numeric,
    price_list_id uuid,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    state text not null default 'active',
    party_id uuid not null default mandant.new_id(),
    merged_into uuid,
    merge_reason text,
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
    constraint customer_name_is_filled check (name ~ '\S'),
    constraint customer_name_length check (length(name) <= 500),
    constraint customer_email_length check (length(email) <= 254),
    constraint customer_email_has_domain check (email ~ '^[^@\s]+@[^@\s]+$'),
    constraint customer_language_is_bcp_47 check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    constraint customer_payment_terms_in_range check (payment_terms_days between 0 and 365),
    constraint customer_discount_is_percent check (discount between 0 and 100),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint customer_credit_limit_in_range check (credit_limit >= 0 and credit_limit < 1e12),
    constraint customer_state_is_known check (state in ('active', 'blocked', 'merged')),
    constraint customer_merged_into_another check (
        (state = 'merged') = (merged_into is not null)
        and (state = 'merged') = (merge_reason is not null)
        and merged_into <> id
    )
);

create index customer_id on crm.customer (id);  -- a reader of many tenants looks up by id alone
create index customer_name on crm.customer (tenant_id, name);
create index customer_owner on crm.customer (tenant_id, owner_id);
create index customer_team on crm.customer (tenant_id, team_id);
create index customer_price_list on crm.customer (tenant_id, price_list_id);
create index customer_merged_into on crm.customer (tenant_id, merged_into);
-- a party is one customer in each tenant
create unique index customer_party on crm.customer (tenant_id, party_id) where state <> 'merged';

comment on table crm.customer is 'Customers; each belongs to exactly one tenant.';
comment on column crm.customer.name is 'The name that documents are addressed to, in any script.';
comment on column crm.customer.region is 'State or province, where addresses have one.';
comment on column crm.customer.tax_id is
    'VAT or other tax number, as it is to be printed: what crm.check_tax_id makes of it.';
comment on column crm.customer.language is
    'Language of what the customer reads (BCP 47, such as zh-Hant-HK); null: the tenant''s.';
comment on column crm.customer.currency is 'Currency of new documents; null: the tenant''s.';
comment on column crm.customer.payment_terms_days is
    'Days from document date to due date; null: the tenant''s setting payment_terms_days.';
comment on column crm.customer.discount is
    'Percent off every line that names no discount of its own.';
comment on column crm.customer.credit_limit is
    'What he may owe, in his currency; null: without limit.';
comment on column crm.customer.price_list_id is
    'The price list of new lines; null: the products'' own prices.';
comment on column crm.customer.owner_id is 'The principal who looks after the customer.';
comment on column crm.customer.team_id is 'The team the customer belongs to.';
comment on column crm.customer.state is
    'active; blocked: gets no new documents but those that settle old ones; merged: gets none.';
comment on column crm.customer.party_id is
    'One for all customers that are the same party in several tenants; see crm.link_party.';
comment on column crm.customer.merged_into is 'Who he turned out to be; see crm.merge_customers.';
comment on column crm.customer.merge_reason is 'Why he was taken to be the same.';

select mandant.protect('crm.customer', owner => 'owner_id', team => 'team_id', audit => true);

alter table crm.customer owner to crm_owner;
revoke all on crm.customer from public;
-- not id: a chosen one could repeat the id of another tenant's row; party and merge by functions
grant select, delete,
    insert (tenant_id, name, street, postal_code, city, region, country, email, tax_id, language,
        currency, payment_terms_days, discount, credit_limit, price_list_id, owner_id, team_id,
        state),
    update (name, street, postal_code, city, region, country, email, tax_id, language,
        currency, payment_terms_days, discount, credit_limit, price_list_id, owner_id, team_id,
        state)
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
