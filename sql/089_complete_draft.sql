-- What posting freezes, of a draft: the one place that fills it in, for posting and for whoever looks
-- at the draft before. Nothing is written here.

create function crm.letterhead(tenant mandant.tenant) returns jsonb
    language plpgsql stable -- not sql, which would be planned anew at each call
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'name', tenant.name,
        'street', mandant_internal.setting_in(tenant.id, 'company_street'),
        'postal_code', mandant_internal.setting_in(tenant.id, 'company_postal_code'),
        'city', mandant_internal.setting_in(tenant.id, 'company_city'),
        'region', mandant_internal.setting_in(tenant.id, 'company_region'),
        'country', tenant.country,
        'tax_id', mandant_internal.setting_in(tenant.id, 'company_tax_id'),
        'register', mandant_internal.setting_in(tenant.id, 'company_register'),
        'directors', mandant_internal.setting_in(tenant.id, 'company_directors'),
        'phone', mandant_internal.setting_in(tenant.id, 'company_phone'),
        'email', mandant_internal.setting_in(tenant.id, 'company_email'),
        'website', mandant_internal.setting_in(tenant.id, 'company_website'),
        'bank_account', mandant_internal.setting_in(tenant.id, 'company_bank_account'),
        'locale', tenant.locale
    ));
end
$$;

comment on function crm.letterhead(mandant.tenant) is
    'What a tenant says of itself on its documents, as its settings have it now.';

create function crm.addressed(customer crm.customer, address_id uuid) returns crm.customer
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    address crm.customer_address;
begin
    if address_id is not null then
        select a.* into address
        from crm.customer_address as a
        where a.tenant_id = customer.tenant_id and a.id = address_id;
        customer.name := coalesce(address.name, customer.name);
        customer.street := address.street;
        customer.postal_code := address.postal_code;
        customer.city := address.city;
        customer.region := address.region;
        customer.country := address.country;
    end if;
    return customer;
end
$$;

comment on function crm.addressed(crm.customer, uuid) is
    'A customer with name and address as letters to one of their addresses say it; null: their own.';

create function crm.complete_draft(
    document crm.document, customer crm.customer, tenant mandant.tenant, kind crm.document_kind,
    lines crm.document_line[]
) returns crm.document
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    place crm.customer;  -- where they are addressed
    terms record;
begin
    place := crm.addressed(customer, document.billing_address_id);
    document.customer_name := place.name;
    document.customer_street := place.street;
    document.customer_postal_code := place.postal_code;
    document.customer_city := place.city;
    document.customer_region := place.region;
    document.customer_country := place.country;
    document.customer_tax_id := customer.tax_id;
    document.customer_language := customer.language;
    if document.delivery_address_id is not null then
        place := crm.addressed(customer, document.delivery_address_id);
        document.delivery_name := place.name;
        document.delivery_street := place.street;
        document.delivery_postal_code := place.postal_code;
        document.delivery_city := place.city;
        document.delivery_region := place.region;
        document.delivery_country := place.country;
    end if;
    if document.supplied_on is null and kind.supplies then
        document.supplied_on := document.document_date;
    end if;
    if document.valid_until is null and kind.expires then
        document.valid_until := document.document_date
            + mandant_internal.setting_in(document.tenant_id, 'quote_valid_days')::int;
    end if;
    terms := crm.payment_terms(document, customer, kind);
    document.payment_terms_days := terms.days;
    document.early_payment_days := terms.early_payment_days;
    document.early_payment_percent := terms.early_payment_percent;
    document.due_date := document.document_date + terms.days;
    document.texts := to_jsonb(crm.write_texts(document, tenant, kind, lines));
    document.issuer := crm.letterhead(tenant);
    return document;
end
$$;

comment on function crm.complete_draft(
    crm.document, crm.customer, mandant.tenant, crm.document_kind, crm.document_line[]
) is
    'A draft with addresses, days, terms and texts as posting freezes them now.';

create function crm.lines_of(document crm.document) returns crm.document_line[]
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return array(
        select l
        from crm.document_line as l
        where l.tenant_id = document.tenant_id and l.document_id = document.id
        order by l.position
    );
end
$$;

comment on function crm.lines_of(crm.document) is 'The lines of a document, in their order.';

create function crm.as_posted(document crm.document) returns crm.document
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    tenant mandant.tenant;
    kind crm.document_kind;
begin
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    if not found then
        perform crm.refuse_customer(document.customer_id);
    end if;
    select t.* into tenant from mandant.tenant as t where t.id = document.tenant_id;
    select k.* into kind from crm.document_kind as k where k.code = document.kind;
    return crm.complete_draft(document, customer, tenant, kind, crm.lines_of(document));
end
$$;

comment on function crm.as_posted(crm.document) is
    'A draft with all that posting would freeze now.';

alter function crm.letterhead(mandant.tenant) owner to crm_owner;
alter function crm.addressed(crm.customer, uuid) owner to crm_owner;
alter function crm.complete_draft(
    crm.document, crm.customer, mandant.tenant, crm.document_kind, crm.document_line[]
) owner to crm_owner;
alter function crm.lines_of(crm.document) owner to crm_owner;
alter function crm.as_posted(crm.document) owner to crm_owner;
revoke all on function
    crm.letterhead(mandant.tenant),
    crm.addressed(crm.customer, uuid),
    crm.complete_draft(
        crm.document, crm.customer, mandant.tenant, crm.document_kind, crm.document_line[]
    ),
    crm.lines_of(crm.document),
    crm.as_posted(crm.document)
    from public;
-- who looks at a draft does it with his own rights
grant execute on function
    crm.letterhead(mandant.tenant),
    crm.addressed(crm.customer, uuid),
    crm.complete_draft(
        crm.document, crm.customer, mandant.tenant, crm.document_kind, crm.document_line[]
    ),
    crm.lines_of(crm.document),
    crm.as_posted(crm.document)
    to mandant_user;
