-- People at a customer, and addresses beside his own. They belong to whoever looks after the
-- customer: they repeat his owner and team, so that whoever sees him sees them, and nobody else
-- does. They go with him, also into another customer when he is merged.

create table crm.contact (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    customer_id uuid not null,
    owner_id uuid,
    team_id uuid,
    name text not null,
    function text,
    email text,
    phone text,
    language text,
    is_primary boolean not null default false,
    constraint contact_pkey primary key (tenant_id, id),
    constraint contact_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint contact_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete cascade,
    constraint contact_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint contact_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint contact_name_is_filled check (name ~ '\S'),
    constraint contact_name_length check (length(name) <= 500),
    constraint contact_email_length check (length(email) <= 254),
    constraint contact_email_has_domain check (email ~ '^[^@\s]+@[^@\s]+$'),
    constraint contact_language_is_bcp_47 check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$')
);

create index contact_customer on crm.contact (tenant_id, customer_id);
create unique index contact_primary on crm.contact (tenant_id, customer_id) where is_primary;

comment on table crm.contact is 'People at a customer.';
comment on constraint contact_name_is_filled on crm.contact is 'name must be more than blanks';
comment on constraint contact_name_length on crm.contact is 'name must be at most 500 characters';
comment on constraint contact_email_length on crm.contact is 'email must be at most 254 characters';
comment on constraint contact_email_has_domain on crm.contact is 'email must look like name@domain';
comment on constraint contact_language_is_bcp_47 on crm.contact is
    'language must be like de or zh-Hant-HK (BCP 47)';
comment on column crm.contact.owner_id is 'The customer''s owner.';
comment on column crm.contact.team_id is 'The customer''s team.';
comment on column crm.contact.function is 'What he does there, such as Einkauf or CFO.';
comment on column crm.contact.phone is 'As it is dialled or written; nothing is checked.';
comment on column crm.contact.language is 'Language he reads (BCP 47); null: the customer''s.';
comment on column crm.contact.is_primary is
    'The one to turn to first, one per customer: setting it takes it from another.';

select mandant.protect(
    'crm.contact', object => 'customer', owner => 'owner_id', team => 'team_id', audit => true
);

alter table crm.contact owner to crm_owner;
revoke all on crm.contact from public;
grant select, delete,
    insert (tenant_id, customer_id, name, function, email, phone, language, is_primary),
    update (name, function, email, phone, language, is_primary)
    on crm.contact to mandant_user;
select mandant.accept_copy('crm.contact');

create table crm.customer_address (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    customer_id uuid not null,
    owner_id uuid,
    team_id uuid,
    kind text not null,
    label text,
    name text,
    street text,
    postal_code text,
    city text,
    region text,
    country text not null,
    constraint customer_address_pkey primary key (tenant_id, id),
    constraint customer_address_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint customer_address_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete cascade,
    constraint customer_address_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint customer_address_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint customer_address_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint customer_address_kind_is_known check (kind in ('billing', 'delivery')),
    constraint customer_address_name_is_filled check (name ~ '\S')
);

create index customer_address_customer on crm.customer_address (tenant_id, customer_id);

comment on table crm.customer_address is
    'Where a customer wants invoices or goods, if not at his own address.';
comment on constraint customer_address_kind_is_known on crm.customer_address is
    'kind must be billing or delivery';
comment on constraint customer_address_name_is_filled on crm.customer_address is
    'name must be more than blanks';
comment on column crm.customer_address.owner_id is 'The customer''s owner.';
comment on column crm.customer_address.team_id is 'The customer''s team.';
comment on column crm.customer_address.kind is 'billing or delivery.';
comment on column crm.customer_address.label is 'What tells it from others, such as Lager Nord.';
comment on column crm.customer_address.name is 'Addressee; null: the customer''s name.';
comment on column crm.customer_address.region is 'State or province, where addresses have one.';

select mandant.protect(
    'crm.customer_address', object => 'customer', owner => 'owner_id', team => 'team_id',
    audit => true
);

alter table crm.customer_address owner to crm_owner;
revoke all on crm.customer_address from public;
grant select, delete,
    insert (tenant_id, customer_id, kind, label, name, street, postal_code, city, region, country),
    update (kind, label, name, street, postal_code, city, region, country)
    on crm.customer_address to mandant_user;
select mandant.accept_copy('crm.customer_address');

create function crm.belong_to_customer() returns trigger
    language plpgsql
    security definer -- writes owner and team, which users may not; row security sees the caller
    set search_path = pg_catalog, pg_temp
as $$
declare
    customer crm.customer;
begin
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = new.tenant_id and c.id = new.customer_id;
    if not found then
        perform crm.refuse_customer(new.customer_id);
    elsif customer.state = 'merged' then
        raise exception 'customer "%" is merged into another', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format('give it to customer %s', customer.merged_into);
    elsif customer.state = 'moved' then
        raise exception 'customer "%" has moved to another tenant', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format('give it to %s', crm.moved_to(customer));
    end if;
    new.owner_id := customer.owner_id;
    new.team_id := customer.team_id;
    return new;
end
$$;

comment on function crm.belong_to_customer() is
    'Trigger: what belongs to a customer has his owner and team.

Errors: P0002 if he is not to be seen, 22023 if he is merged into another, or has moved.';

create function crm.follow_customer() returns trigger
    language plpgsql
    security definer -- users do not write owner and team
    set search_path = pg_catalog, pg_temp
as $$
begin
    update crm.contact as c
    set owner_id = new.owner_id, team_id = new.team_id
    where c.tenant_id = new.tenant_id and c.customer_id = new.id;
    update crm.customer_address as a
    set owner_id = new.owner_id, team_id = new.team_id
    where a.tenant_id = new.tenant_id and a.customer_id = new.id;
    return null;
end
$$;

comment on function crm.follow_customer() is
    'Trigger: contacts and addresses have the owner and team of their customer.';

create function crm.be_primary() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update crm.contact as c
    set is_primary = false
    where c.tenant_id = new.tenant_id and c.customer_id = new.customer_id and c.id <> new.id
        and c.is_primary;
    return new;
end
$$;

comment on function crm.be_primary() is
    'Trigger: a customer''s new primary contact replaces the old.';

alter function crm.belong_to_customer() owner to crm_owner;
alter function crm.follow_customer() owner to crm_owner;
alter function crm.be_primary() owner to crm_owner;
revoke all on function crm.belong_to_customer(), crm.follow_customer(), crm.be_primary()
    from public;

create trigger contact_belong before insert or update of customer_id on crm.contact
    for each row execute function crm.belong_to_customer();
create trigger contact_be_primary before insert or update of customer_id, is_primary on crm.contact
    for each row when (new.is_primary) execute function crm.be_primary();
create trigger customer_address_belong
    before insert or update of customer_id on crm.customer_address
    for each row execute function crm.belong_to_customer();
-- once more after the row, when the foreign key has waited for a merge or move under way
create trigger contact_stay after insert or update of customer_id on crm.contact
    for each row execute function crm.belong_to_customer();
create trigger customer_address_stay
    after insert or update of customer_id on crm.customer_address
    for each row execute function crm.belong_to_customer();
create trigger customer_follow after update of owner_id, team_id on crm.customer
    for each row
    when (old.owner_id is distinct from new.owner_id or old.team_id is distinct from new.team_id)
    execute function crm.follow_customer();

comment on trigger contact_belong on crm.contact is 'A contact has its customer''s owner and team.';
comment on trigger contact_be_primary on crm.contact is 'One contact of a customer is primary.';
comment on trigger customer_address_belong on crm.customer_address is
    'An address has its customer''s owner and team.';
comment on trigger contact_stay on crm.contact is 'Who is merged or has moved gets no contacts.';
comment on trigger customer_address_stay on crm.customer_address is
    'Who is merged or has moved gets no addresses.';
comment on trigger customer_follow on crm.customer is
    'Contacts and addresses follow to the new owner and team.';
