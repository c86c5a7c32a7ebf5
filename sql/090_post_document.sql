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
    balance_sign int;
begin
    document := crm.lock_document(id, 'post');
    document := crm.total_document(document);  -- if it is posted, this is refused (23001)
    if not exists (
        select from crm.document_line as l
        where l.tenant_id = document.tenant_id and l.document_id = document.id
    ) then
        raise exception 'draft % has no lines', document.id
            using errcode = 'invalid_parameter_value',
                hint = 'give it at least one with crm.change_document(id, lines => ...)';
    end if;

    select c.* into strict customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    select k.balance_sign into balance_sign
    from crm.document_kind as k
    where k.code = document.kind;

    update crm.document as d
    set status = 'posted',
        posted_at = now(),
        open_amount = d.gross * balance_sign,
        customer_name = customer.name,
        customer_street = customer.street,
        customer_postal_code = customer.postal_code,
        customer_city = customer.city,
        customer_region = customer.region,
        customer_country = customer.country,
        customer_tax_id = customer.tax_id,
        customer_language = customer.language,
        payment_terms_days = customer.payment_terms_days
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into document;
    return document;
end
$$;

comment on function crm.post_document(uuid) is
    'Posts a draft: gives it its number, freezes it, and returns it.

Name, address and payment terms are the customer''s of this moment. Posting needs the rights update
and post on the document''s kind. Errors: P0002 no such document, 23001 already posted, 22023 no
lines, 42704 the tenant has no series for the kind, 42501 no right, 55P03 the series is busy.';

alter function crm.post_document(uuid) owner to crm_owner;
revoke all on function crm.post_document(uuid) from public;
grant execute on function crm.post_document(uuid) to mandant_user;
