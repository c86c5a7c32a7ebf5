-- What a document says besides its lines: title, terms and notes, in the customer's language, else
-- in the company's, else in English. A draft shows what holds now; posting keeps it, so that an old
-- document reads for ever as it did on its day (R-TAX-01).

create function crm.payment_terms(
    document crm.document, customer crm.customer, kind crm.document_kind,
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
        or kind.balance_sign <> 1
    then
        early_payment_days := null;
        early_payment_percent := null;
    end if;
end
$$;

comment on function crm.payment_terms(crm.document, crm.customer, crm.document_kind) is
    'Terms of a document that is not posted: the customer''s, else the tenant''s.';

create function crm.choose_language(
    titles jsonb, customer_language text, tenant_locale text, out wanted text[],
    out language text, out locale text
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    wanted := array_remove(array[customer_language, tenant_locale], null);
    -- one language for all of it: the first that there is a title in
    language := coalesce(crm.language_in(titles, wanted), 'en');
    wanted := language || wanted;
    -- figures and dates are read as the text around them; the tenant's region says how, if at all
    locale := case
        when crm.covers_language(language, tenant_locale) then tenant_locale else language
    end;
end
$$;

comment on function crm.choose_language(jsonb, text, text) is
    'The language of a letter, how its figures are written, and in which languages to look for texts.

titles: what it is called, by language. language: the customer''s, else the tenant''s, else en.';

create function crm.country_names(home text, variadic others text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if home = all (array_remove(others, null)) then
        return null;
    end if;
    return (
        select jsonb_object_agg(c.code, c.name)
        from crm.country as c
        where c.code = home or c.code = any (others)
    );
end
$$;

comment on function crm.country_names(text, text[]) is
    'Names of countries for a letter that crosses a border; null: it stays at home.';

create function crm.write_texts(
    document crm.document, tenant mandant.tenant, kind crm.document_kind,
    lines crm.document_line[], out language text, out title text, out terms text, out tax_notes text, out intro text,
    out closing text, out layout int, out locale text, out label_set int, out priced boolean,
    out units jsonb, out tax_titles jsonb, out countries jsonb, out related text
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    titles jsonb := kind.titles;
    source crm.document;
    wanted text[];
begin
    if num_nonnulls(document.source_id, document.revises_id) > 0 then
        select d.* into source
        from crm.document as d
        where d.tenant_id = document.tenant_id
            and d.id = coalesce(document.source_id, document.revises_id);
        if document.cancels_id is not null then
            titles := coalesce(
                (
                    select c.cancel_titles
                    from crm.document_conversion as c
                    where c.from_kind = source.kind and c.to_kind = document.kind
                ),
                titles
            );
        end if;
    end if;

    select c.* into wanted, language, locale
    from crm.choose_language(titles, document.customer_language, tenant.locale) as c;
    layout := 1;
    label_set := crm.label_set_of(language);
    priced := kind.priced;
    title := coalesce(crm.in_language(titles, variadic wanted), kind.name);
    intro := crm.in_language(
        mandant_internal.setting_in(tenant.id, 'document_intro')::jsonb, variadic wanted
    );
    closing := crm.in_language(
        mandant_internal.setting_in(tenant.id, 'document_closing')::jsonb, variadic wanted
    );

    with line as (
        select distinct l.unit, l.tax_code, l.tax_category, l.tax_rate
        from unnest(lines) as l
    ), code as (
        select c.code, crm.in_language(c.note, variadic wanted) as note,
            crm.in_language(c.titles, variadic wanted) as title
        from crm.tax_code as c
        where c.country = tenant.country and c.code in (select l.tax_code from line as l)
    ), tax as (
        select
            concat(l.tax_category, ' ', trim_scale(l.tax_rate)) as tax,
            string_agg(distinct c.title, ' / ') as title
        from line as l
        join code as c on c.code = l.tax_code
        group by l.tax_category, trim_scale(l.tax_rate)
    )
    select
        (select string_agg(c.note, e'\n' order by c.code) from code as c),
        (select jsonb_object_agg(t.tax, t.title) from tax as t),
        (
            select jsonb_object_agg(u.code, crm.in_language(u.names, variadic wanted))
            from crm.unit as u
            where u.code in (select l.unit from line as l)
        )
    into tax_notes, tax_titles, units;

    countries := crm.country_names(
        tenant.country, document.customer_country, document.delivery_country
    );

    if source.number is not null then
        related := format(
            '%s %s (%s)',
            (
                select coalesce(crm.in_language(k.titles, variadic wanted), k.name)
                from crm.document_kind as k
                where k.code = source.kind
            ),
            source.number, crm.date_in_language(source.document_date, locale)
        );
    end if;

    if kind.balance_sign = 1 then
        terms := concat_ws(
            e'\n',
            replace(
                replace(
                    crm.in_language(
                        mandant_internal.setting_in(
                            tenant.id,
                            'payment_terms' || case document.payment_terms_days when 0 then '_at_once' else '' end
                        )::jsonb,
                        variadic wanted
                    ),
                    '{days}', document.payment_terms_days::text
                ),
                '{date}', crm.date_in_language(document.due_date, locale)
            ),
            replace(
                replace(
                    replace(
                        crm.in_language(
                            mandant_internal.setting_in(tenant.id, 'early_payment_terms')::jsonb,
                            variadic wanted
                        ),
                        '{days}', document.early_payment_days::text
                    ),
                    '{date}', crm.date_in_language(
                        document.document_date + document.early_payment_days, locale
                    )
                ),
                '{percent}', crm.amount_in_language(document.early_payment_percent, 0, locale)
            )
        );
    end if;
end
$$;

comment on function crm.write_texts(crm.document, mandant.tenant, crm.document_kind, crm.document_line[]) is
    'What the paper of a document that is not posted says, from what holds now.

What crm.document_texts gives, and what crm.render_document needs beside it: layout, the version of
the page; locale, how figures and dates are written; label_set; priced, of its kind; names of units,
taxes ("S 19") and countries; related, the document it was made from or cancels.';

create function crm.document_texts(
    document_id uuid, out language text, out title text, out terms text, out tax_notes text,
    out intro text, out closing text
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
begin
    select d.* into document from crm.document as d where d.id = document_id;
    if not found then
        perform crm.refuse_document(document_id);
    end if;
    if document.texts is null then
        document := crm.as_posted(document);
    end if;
    select t.* into language, title, terms, tax_notes, intro, closing
    from jsonb_to_record(document.texts) as t (
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

alter function crm.payment_terms(crm.document, crm.customer, crm.document_kind) owner to crm_owner;
alter function crm.choose_language(jsonb, text, text) owner to crm_owner;
alter function crm.country_names(text, text[]) owner to crm_owner;
alter function crm.write_texts(crm.document, mandant.tenant, crm.document_kind, crm.document_line[]) owner to crm_owner;
alter function crm.document_texts(uuid) owner to crm_owner;
revoke all on function
    crm.payment_terms(crm.document, crm.customer, crm.document_kind),
    crm.choose_language(jsonb, text, text),
    crm.country_names(text, text[]),
    crm.write_texts(crm.document, mandant.tenant, crm.document_kind, crm.document_line[]),
    crm.document_texts(uuid)
    from public;
-- document_texts runs as its caller, who sees what he may see of document and customer
grant execute on function
    crm.payment_terms(crm.document, crm.customer, crm.document_kind),
    crm.choose_language(jsonb, text, text),
    crm.country_names(text, text[]),
    crm.write_texts(crm.document, mandant.tenant, crm.document_kind, crm.document_line[]),
    crm.document_texts(uuid)
    to mandant_user;
