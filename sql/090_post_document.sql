-- Posting: the one way from draft to posted. It freezes what the document shows for ever, and as
-- the last act of that the document gets its number (mandant.number_column), so that a refusal on
-- the way takes no number and a rollback gives it back; the number's period is the document's date,
-- not the day of posting.

create function crm.post_document(id uuid) returns crm.document
    language plpgsql volatile
    security definer -- writes number and status, which users may not; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
    customer crm.customer;
    tenant mandant.tenant;
    kind crm.document_kind;
    terms record;
    today date;
begin
    document := crm.lock_document(id, 'post');
    document := crm.rate_lines(document);  -- if it is posted, this is refused (23001)
    -- who locks the period waits for this, or this sees that it is locked
    perform mandant_internal.hold_settings(document.tenant_id);
    perform crm.require_open_period(document.tenant_id, document.document_date);
    if not exists (
        select from crm.document_line as l
        where l.tenant_id = document.tenant_id and l.document_id = document.id
    ) then
        raise exception 'draft % has no lines', document.id
            using errcode = 'invalid_parameter_value',
                hint = 'give it at least one with crm.change_document(id, lines => ...)';
    end if;

    perform crm.require_one_scope(document);

    select c.* into customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    if not found then
        perform crm.refuse_customer(document.customer_id);
    end if;
    perform crm.require_open_customer(customer, document.kind);
    select t.* into tenant from mandant.tenant as t where t.id = document.tenant_id;
    select k.* into kind from crm.document_kind as k where k.code = document.kind;
    perform crm.require_fields(document, customer, tenant);
    select t.* into terms from crm.payment_terms(document, customer) as t;
    today := (now() at time zone tenant.timezone)::date;

    update crm.document as d
    set status = 'posted',
        posted_at = now(),
        posted_on = today,
        open_amount = d.gross * kind.balance_sign,
        customer_name = customer.name,
        customer_street = customer.street,
        customer_postal_code = customer.postal_code,
        customer_city = customer.city,
        customer_region = customer.region,
        customer_country = customer.country,
        customer_tax_id = customer.tax_id,
        customer_language = customer.language,
        payment_terms_days = terms.days,
        early_payment_days = terms.early_payment_days,
        early_payment_percent = terms.early_payment_percent,
        retain_until = crm.retain_until(tenant, kind.record_class, d.document_date, today),
        texts = to_jsonb(crm.write_texts(document, customer))
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into document;
    return document;
end
$$;

comment on function crm.post_document(uuid) is
    'Posts a draft: gives it its number, freezes it, and returns it.

Name, address and payment terms are the customer''s of this moment, texts and the years to keep it
those of the tenant and its country. Posting needs the rights update and post on the document''s
kind. Errors: P0002 no such document, 23001 already posted or its period is locked, 22023 no lines or
something that the country wants is missing, 42704 the tenant has no series for the kind, 42501 no
right, 55P03 the series is busy.';

alter function crm.post_document(uuid) owner to crm_owner;
revoke all on function crm.post_document(uuid) from public;
grant execute on function crm.post_document(uuid) to mandant_user;
