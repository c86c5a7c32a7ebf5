-- Customers: each belongs to one tenant, and everything made for a customer follows him there.
-- A posted document keeps the name and address of its day, so a customer may be changed freely.

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
    payment_terms_days int not null default 30,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    state text not null default 'active',
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
    constraint customer_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint customer_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint customer_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint customer_name_is_filled check (name ~ '\S'),
    constraint customer_email_has_domain check (email ~ '^[^@\s]+@[^@\s]+$'),
    constraint customer_language_is_bcp_47 check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    constraint customer_payment_terms_in_range check (payment_terms_days between 0 and 365),
    constraint customer_state_is_known check (state in ('active', 'blocked'))
);

create index customer_id on crm.customer (id);  -- a reader of many tenants looks up by id alone
create index customer_name on crm.customer (tenant_id, name);
create index customer_owner on crm.customer (tenant_id, owner_id);
create index customer_team on crm.customer (tenant_id, team_id);

comment on table crm.customer is 'Customers; each belongs to exactly one tenant.';
comment on column crm.customer.name is 'The name that documents are addressed to, in any script.';
comment on column crm.customer.region is 'State or province, where addresses have one.';
comment on column crm.customer.tax_id is 'VAT or other tax number, as it is to be printed.';
comment on column crm.customer.language is
    'Language of what the customer reads (BCP 47, such as de-DE or zh-Hant-HK).';
comment on column crm.customer.currency is 'Currency of new documents; null: the tenant''s.';
comment on column crm.customer.payment_terms_days is 'Days from document date to due date.';
comment on column crm.customer.owner_id is 'The principal who looks after the customer.';
comment on column crm.customer.team_id is 'The team the customer belongs to.';
comment on column crm.customer.state is
    'active, or blocked: gets no new documents but those that settle old ones.';

select mandant.protect('crm.customer', owner => 'owner_id', team => 'team_id', audit => true);

alter table crm.customer owner to crm_owner;
revoke all on crm.customer from public;
-- not id: a chosen one could repeat the id of another tenant's row
grant select, delete,
    insert (tenant_id, name, street, postal_code, city, region, country, email, tax_id, language,
        currency, payment_terms_days, owner_id, team_id, state),
    update (name, street, postal_code, city, region, country, email, tax_id, language,
        currency, payment_terms_days, owner_id, team_id, state)
    on crm.customer to mandant_user;
select mandant.accept_copy('crm.customer');

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
