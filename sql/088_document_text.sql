-- What a document says besides its lines: title, terms and notes, in the customer's language, else
-- in the company's, else in English. A draft shows what holds now; posting keeps it, so that an old
-- document reads for ever as it did on its day (R-TAX-01).

create function crm.payment_terms(
    document crm.document, customer crm.customer,
    out days int, out early_payment_days int, out early_payment_percent numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    days := coalesce(
        customer.payment_terms_days,
        mandant_internal.setting_in(document.tenant_id, 'payment_terms_days')::int
    );
    early_payment_days := coalesce(
        customer.early_payment_days,
        mandant_internal.setting_in(document.tenant_id, 'early_payment_days')::int
    );
    early_payment_percent := coalesce(
        customer.early_payment_percent,
        mandant_internal.setting_in(document.tenant_id, 'early_payment_percent')::numeric
    );
    -- only what is to be paid can be paid early, and only before it is due
    if early_payment_days >= days or early_payment_percent = 0
        or num_nulls(early_payment_days, early_payment_percent) > 0
        or not exists (
            select from crm.document_kind as k where k.code = document.kind and k.balance_sign = 1
        )
    then
        early_payment_days := null;
        early_payment_percent := null;
    end if;
end
$$;

comment on function crm.payment_terms(crm.document, crm.customer) is
    'Terms of a document that is not posted: the customer''s, else the tenant''s.';

create function crm.write_texts(
    document crm.document, customer crm.customer,
    out language text, out title text, out terms text, out tax_notes text, out intro text,
    out closing text
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant mandant.tenant;
    kind crm.document_kind;
    wanted text[];
    due record;
begin
    select t.* into tenant from mandant.tenant as t where t.id = document.tenant_id;
    select k.* into kind from crm.document_kind as k where k.code = document.kind;

    -- one language for all of it: the first that there is a title in
    wanted := array_remove(array[customer.language, tenant.locale], null);
    language := coalesce(
        (
            select w.language
            from unnest(wanted) with ordinality as w (language, place)
            where exists (
                select from jsonb_object_keys(kind.titles) as there
                where crm.covers_language(there, w.language)
            )
            order by w.place
            limit 1
        ),
        'en'
    );
    wanted := language || wanted;
    title := coalesce(crm.in_language(kind.titles, variadic wanted), kind.name);
    intro := crm.in_language(
        mandant_internal.setting_in(tenant.id, 'document_intro')::jsonb, variadic wanted
    );
    closing := crm.in_language(
        mandant_internal.setting_in(tenant.id, 'document_closing')::jsonb, variadic wanted
    );
    tax_notes := (
        select string_agg(crm.in_language(c.note, variadic wanted), e'\n' order by c.code)
        from crm.tax_code as c
        where c.country = tenant.country and exists (
            select from crm.document_line as l
            where l.tenant_id = document.tenant_id and l.document_id = document.id
                and l.tax_code = c.code
        )
    );

    if kind.balance_sign = 1 then
        select t.* into due from crm.payment_terms(document, customer) as t;
        terms := concat_ws(
            e'\n',
            replace(
                replace(
                    crm.in_language(
                        mandant_internal.setting_in(
                            tenant.id,
                            'payment_terms' || case due.days when 0 then '_at_once' else '' end
                        )::jsonb,
                        variadic wanted
                    ),
                    '{days}', due.days::text
                ),
                '{date}', crm.date_in_language(document.document_date + due.days, language)
            ),
            replace(
                replace(
                    replace(
                        crm.in_language(
                            mandant_internal.setting_in(tenant.id, 'early_payment_terms')::jsonb,
                            variadic wanted
                        ),
                        '{days}', due.early_payment_days::text
                    ),
                    '{date}', crm.date_in_language(
                        document.document_date + due.early_payment_days, language
                    )
                ),
                '{percent}', case when language ~* '^de\M' then
                    replace(trim_scale(due.early_payment_percent)::text, '.', ',')
                else trim_scale(due.early_payment_percent)::text end
            )
        );
    end if;
end
$$;

comment on function crm.write_texts(crm.document, crm.customer) is
    'The texts of a document that is not posted, from what holds now.';

create function crm.document_texts(
    document_id uuid, out language text, out title text, out terms text, out tax_notes text,
    out intro text, out closing text
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
    customer crm.customer;
begin
    select d.* into document from crm.document as d where d.id = document_id;
    if not found then
        raise exception 'no such document %', document_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.document, with its tenant selected';
    end if;
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    if not found and document.texts is null then
        perform crm.refuse_customer(document.customer_id);
    end if;
    select t.* into language, title, terms, tax_notes, intro, closing
    from jsonb_to_record(
        coalesce(document.texts, to_jsonb(crm.write_texts(document, customer)))
    ) as t (
        language text, title text, terms text, tax_notes text, intro text, closing text
    );
end
$$;

comment on function crm.document_texts(uuid) is
    'What a document says besides its lines, in the language of its customer.

language: of the customer, else the tenant''s locale, else en, as far as there is a title in it;
terms: how to pay, with dates; tax_notes: what its tax codes make it say, a line each; intro and
closing: the settings document_intro and document_closing. For a posted document all as on the day
of posting. Errors: P0002 no such document.';

alter function crm.payment_terms(crm.document, crm.customer) owner to crm_owner;
alter function crm.write_texts(crm.document, crm.customer) owner to crm_owner;
alter function crm.document_texts(uuid) owner to crm_owner;
revoke all on function
    crm.payment_terms(crm.document, crm.customer),
    crm.write_texts(crm.document, crm.customer),
    crm.document_texts(uuid)
    from public;
-- document_texts runs as its caller, who sees what he may see of document and customer
grant execute on function
    crm.payment_terms(crm.document, crm.customer),
    crm.write_texts(crm.document, crm.customer),
    crm.document_texts(uuid)
    to mandant_user;
