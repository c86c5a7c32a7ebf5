-- The printable document: one page of HTML from what was frozen when the document was posted, so
-- that it is byte for byte the same whenever and by whomever it is made, whatever has changed since
-- in customers, settings, labels or the session. Nothing that becomes of a document later is on it:
-- a cancelled invoice is the paper that was sent. The page itself has versions: a layout stays as
-- it is, another one is another function, and a document says which one it was posted with.

create function crm.render_layout_1(document crm.document) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    texts constant jsonb := document.texts;
    issuer constant jsonb := document.issuer;
    locale constant text := texts ->> 'locale';
    draft constant boolean := document.status = 'draft';
    priced constant boolean := (texts ->> 'priced')::boolean;
    labels constant jsonb := (
        select l.labels from crm.label_set as l where l.id = (texts ->> 'label_set')::int
    );
    digits constant int := (
        select c.minor_unit from crm.currency as c where c.code = document.currency
    );
    taxed boolean;
    discounted boolean;
    measured boolean;
    heading text;
    head xml;
    lines text;
    totals xml;
    notes xml;
begin
    heading := crm.printable(concat_ws(
        ' ', case when draft then concat(labels ->> 'draft', ':') end,
        texts ->> 'title', document.number
    ));

    select bool_or(l.discount_percent <> 0), bool_or(l.unit is not null),
        bool_or(l.tax_rate <> 0 or l.tax_category <> 'O')
    into discounted, measured, taxed
    from crm.document_line as l
    where l.tenant_id = document.tenant_id and l.document_id = document.id;
    discounted := priced and coalesce(discounted, false);
    taxed := priced and coalesce(taxed, false);

    head := (
        select xmlagg(
            xmlelement(
                name th,
                xmlattributes('col' as scope, c.class as class),
                crm.printable(labels ->> c.label),
                case when c.label = 'amount' then ' ' || document.currency end
            )
            order by c.place
        )
        from (values
            (1, true, 'position', null),
            (2, true, 'description', 'text'),
            (3, true, 'quantity', 'figure'),
            (4, measured, 'unit', null),
            (5, priced, 'price', 'figure'),
            (6, discounted, 'discount', 'figure'),
            (7, taxed, 'tax_rate', 'figure'),
            (8, priced, 'amount', 'figure')
        ) as c (place, shown, label, class)
        where c.shown
    );

    -- serialized here: xmlagg takes the square of their number
    lines := (
        select string_agg(
            xmlserialize(content xmlelement(
                name tr,
                xmlelement(name td, l.position),
                xmlelement(
                    name td, xmlattributes('text' as class),
                    coalesce(crm.printable(l.description), '')
                ),
                xmlelement(
                    name td, xmlattributes('figure' as class),
                    crm.amount_in_language(l.quantity, 0, locale)
                ),
                case when measured then xmlelement(
                    name td, xmlattributes('unit' as class),
                    coalesce(crm.printable(texts -> 'units' ->> l.unit), l.unit, '')
                ) end,
                case when priced then xmlelement(
                    name td, xmlattributes('figure' as class),
                    crm.amount_in_language(l.unit_price, digits, locale)
                ) end,
                case when discounted then xmlelement(
                    name td, xmlattributes('figure' as class),
                    case when l.discount_percent = 0 then ''
                        else crm.amount_in_language(l.discount_percent, 0, locale) end
                ) end,
                case when taxed then xmlelement(
                    name td, xmlattributes('figure' as class),
                    crm.amount_in_language(l.tax_rate, 0, locale)
                ) end,
                case when priced then xmlelement(
                    name td, xmlattributes('figure' as class),
                    crm.amount_in_language(l.net, digits, locale)
                ) end
            ) as text),
            e'\n' order by l.position
        )
        from crm.document_line as l
        where l.tenant_id = document.tenant_id and l.document_id = document.id
    );

    if priced then
        totals := (
            select xmlelement(
                name table, xmlattributes('totals' as class),
                xmlagg(
                    xmlelement(
                        name tr, xmlattributes(r.class as class),
                        xmlelement(name td, crm.printable(r.label)),
                        xmlelement(
                            name td, xmlattributes('figure' as class),
                            crm.amount_in_language(r.amount, r.digits, locale)
                        )
                    )
                    order by r.part, r.place
                )
            )
            from (
                select 1, 0, labels ->> 'net', document.net, digits, null
                where taxed
                union all
                select
                    2, t.position,
                    -- the title last: what is in it is not filled in again
                    replace(
                        replace(
                            replace(
                                labels ->> 'tax_of', '{rate}',
                                crm.amount_in_language(t.tax_rate, 0, locale)
                            ),
                            '{net}', crm.amount_in_language(t.net, digits, locale)
                        ),
                        '{tax}',
                        coalesce(
                            texts -> 'tax_titles' ->>
                                concat(t.tax_category, ' ', trim_scale(t.tax_rate)),
                            labels ->> 'tax'
                        )
                    ),
                    t.tax, digits, null
                from crm.document_tax as t
                where taxed and t.tenant_id = document.tenant_id and t.document_id = document.id
                union all
                select
                    3, 0, concat(labels ->> 'total', ' ', document.currency), document.gross,
                    digits, 'total'
                union all
                -- the tenant's own state wants its tax in its own money
                select
                    4, 0,
                    replace(labels ->> 'tax_in', '{currency}', document.tenant_currency),
                    document.tenant_tax, c.minor_unit, null
                from crm.currency as c
                where c.code = document.tenant_currency and c.code <> document.currency
                    and document.tenant_tax <> 0
            ) as r (part, place, label, amount, digits, class)
        );
    end if;

    notes := (
        select xmlelement(
            name section, xmlattributes('notes' as class),
            xmlagg(xmlelement(name p, crm.printable(n.note)) order by n.place)
        )
        from (values
            (1, texts ->> 'tax_notes'), (2, texts ->> 'terms'), (3, texts ->> 'closing')
        ) as n (place, note)
        where crm.printable(n.note) is not null
        having count(*) > 0
    );

    return crm.page_1(
        texts ->> 'language',
        crm.is_letter_size(issuer),
        case when draft then labels ->> 'draft' end,
        heading,
        crm.letterhead_1(issuer, labels, texts -> 'countries'),
        crm.addressee_1(
            issuer, texts -> 'countries', document.customer_name, document.customer_street,
            document.customer_postal_code, document.customer_city, document.customer_region,
            document.customer_country
        ),
        crm.facts_1(
            array[
                coalesce(labels ->> ('number_' || document.kind), labels ->> 'number'),
                coalesce(labels ->> ('date_' || document.kind), labels ->> 'date'),
                labels ->> 'supplied_on', labels ->> 'due_date', labels ->> 'valid_until',
                labels ->> 'reference', labels ->> 'related', labels ->> 'customer_tax_id',
                labels ->> 'delivery_address'
            ],
            array[
                document.number,
                crm.date_in_language(document.document_date, locale),
                crm.date_in_language(document.supplied_on, locale),
                -- where there are no terms there is nothing to be paid
                case when texts ->> 'terms' is not null
                    then crm.date_in_language(document.due_date, locale) end,
                crm.date_in_language(document.valid_until, locale),
                document.reference,
                texts ->> 'related',
                document.customer_tax_id,
                concat_ws(
                    e'\n',
                    nullif(crm.postal_address(
                        document.delivery_name, document.delivery_street,
                        document.delivery_postal_code, document.delivery_city,
                        document.delivery_region, document.delivery_country
                    ), ''),
                    case when document.delivery_country <> document.customer_country then coalesce(
                        texts -> 'countries' ->> document.delivery_country,
                        document.delivery_country
                    ) end
                )
            ]
        ),
        texts ->> 'intro',
        head,
        lines,
        totals,
        notes,
        crm.imprint_1(issuer, labels)
    );
end
$$;

comment on function crm.render_layout_1(crm.document) is
    'The page of crm.render_document, version 1; it stays as it is, another one is version 2.';

create function crm.render_document(id uuid) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
begin
    select d.* into document from crm.document as d where d.id = render_document.id;
    if not found then
        perform crm.refuse_document(id);
    end if;
    if document.status = 'draft' then
        document := crm.as_posted(document);
    end if;
    if document.texts ->> 'layout' = '0' then
        raise exception '% % was imported, and its paper is where it was made',
            document.kind, document.number
            using errcode = 'invalid_parameter_value', hint = 'print it there';
    end if;
    return case (document.texts ->> 'layout')::int
        when 1 then crm.render_layout_1(document)
    end;
end
$$;

comment on function crm.render_document(uuid) is
    'The document as a page of HTML, to be printed or sent as it is.

In the customer''s language, as far as there is a title in it; figures and dates are written as in
that language, in the way of the tenant''s region where it has one (de 1.234,50 and 02.11.2026). A
posted document is the same for ever, byte for byte, also when it is cancelled later; a draft is
marked as one, and shows what holds now. The page loads nothing, and is A4 or US letter, by the
country of the tenant. You see what you may see. Errors: P0002 no such document, 22023 it was imported.';

alter function crm.render_layout_1(crm.document) owner to crm_owner;
alter function crm.render_document(uuid) owner to crm_owner;
revoke all on function
    crm.render_layout_1(crm.document),
    crm.render_document(uuid)
    from public;
-- render_document runs as its caller, who sees what he may see
grant execute on function
    crm.render_layout_1(crm.document),
    crm.render_document(uuid)
    to mandant_user;
