-- The printable document: one page of HTML from what was frozen when the document was posted, so
-- that it is byte for byte the same whenever and by whomever it is made, whatever has changed since
-- in customers, settings, labels or the session. Nothing that becomes of a document later is on it:
-- a cancelled invoice is the paper that was sent. The page itself has versions: a layout stays as
-- it is, another one is another function, and a document says which one it was posted with.
-- The page is put together as xml, so that a value is text and never markup. The file is long because
-- a layout is one page with its style sheet, and is read from top to bottom as the paper is.

create function crm.printable(value text) returns text
    language sql immutable parallel safe
    return nullif(
        btrim(
            translate(
                -- line ends of all systems
                translate(
                    replace(value, e'\r\n', e'\n'), e'\r\x0b\x0c\u0085\u2028\u2029',
                    repeat(e'\n', 6)
                ),
                -- what no page may contain, and what turns the text that follows around
                e'\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18'
                '\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\u0080\u0081\u0082\u0083\u0084\u0086\u0087'
                '\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094'
                '\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f\u202a\u202b'
                '\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufdd0\ufffe\uffff',
                repeat(chr(65533), 80)
            ),
            e' \n\t'
        ),
        ''
    );

comment on function crm.printable(text) is
    'A value as a page can show it; null if there is nothing in it.

Line ends become one kind; control characters, and those that change the direction of the text after
them, become U+FFFD, so that one sees that something was there.';

create function crm.postal_address(
    name text, street text, postal_code text, city text, region text, country text
) returns text
    language sql immutable parallel safe
    return concat_ws(
        e'\n', nullif(name, ''), nullif(street, ''),
        case
            when country in ('US', 'CA', 'AU', 'PR') then nullif(concat_ws(
                ' ', nullif(concat_ws(', ', nullif(city, ''), nullif(region, '')), ''),
                nullif(postal_code, '')
            ), '')
            when country in ('GB', 'IE', 'HK', 'MO', 'SG', 'IN') then nullif(concat_ws(
                e'\n', nullif(city, ''), nullif(region, ''), nullif(postal_code, '')
            ), '')
            else nullif(concat_ws(
                ' ', nullif(postal_code, ''), nullif(city, ''), nullif(region, '')
            ), '')
        end
    );

comment on function crm.postal_address(text, text, text, text, text, text) is
    'An address as it is written in its country, in lines, without the name of the country.

What it answers stays: documents that were sent are made anew with it.';

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
    letter constant boolean := issuer ->> 'country' = any (
        '{BZ,CA,CL,CO,CR,GT,MX,NI,PA,PH,PR,SV,US,VE}'  -- elsewhere paper is A4
    );
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
    letterhead xml;
    address xml;
    facts xml;
    head xml;
    lines text;
    totals xml;
    notes xml;
    imprint xml;
    style text := '
html { font: 9.5pt/1.35 "Helvetica Neue", Arial, "Liberation Sans", "Noto Sans", "PingFang HK",
    "PingFang TC", "Microsoft JhengHei", "Noto Sans CJK HK", "Noto Sans CJK TC", "Noto Sans TC",
    "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: #1a1a1a; background: #fff; }
body { margin: 0; overflow-wrap: anywhere; }
div, p, td, th, h1 { unicode-bidi: isolate; }
table { border-collapse: collapse; }
th, td { vertical-align: top; padding: 0; font-weight: normal; text-align: left; }
.text { white-space: pre-line; }
td.figure, th.figure { text-align: right; white-space: nowrap;
    font-variant-numeric: tabular-nums; }
.page { width: 100%; }
.page tfoot { display: table-footer-group; }
.letterhead, .opening, .imprint { display: flex; justify-content: space-between; }
.letterhead { overflow: hidden; }
.company { font-size: 16pt; line-height: 1.15; font-weight: bold; color: #1f3a5f; }
.contact { flex: none; max-width: 70mm; font-size: 8pt; line-height: 1.4; color: #555;
    text-align: right; white-space: pre-line; }
.window { width: 80mm; font-size: 10.5pt; line-height: 4.5mm; }
.sender { font-size: 6.5pt; line-height: 3mm; color: #555; }
.country { text-transform: uppercase; }
.facts { width: 65mm; flex: none; align-self: flex-start; }
.facts th { white-space: nowrap; padding-right: 3mm; color: #555; }
.facts td { width: 100%; }
.facts th, .facts td { padding-bottom: .8mm; }
h1 { font-size: 15pt; line-height: 1.25; margin: 9mm 0 4mm; color: #1f3a5f; }
p { margin: 0 0 3mm; white-space: pre-line; }
.lines { width: 100%; margin-top: 5mm; }
.lines thead { display: table-header-group; }
.lines th { font-size: 8pt; color: #555; border-bottom: .35mm solid #1f3a5f; padding: 1mm 1.7mm;
    vertical-align: bottom; white-space: nowrap; }
.lines td { border-bottom: .1mm solid #c4c9d0; padding: 1.3mm 1.7mm; }
.lines th.text { width: 100%; white-space: normal; }
.lines .unit { white-space: nowrap; }
.lines th:first-child, .lines td:first-child { padding-left: 0; }
.lines th:last-child, .lines td:last-child { padding-right: 0; }
.lines tr { break-inside: avoid; }
.totals { min-width: 85mm; max-width: 135mm; margin: 2mm 0 0 auto; break-inside: avoid;
    break-before: avoid; }
.totals td { padding: .9mm 0; }
.totals td.figure { padding-left: 8mm; }
.totals .total td { font-weight: bold; font-size: 11pt; border-top: .35mm solid #1f3a5f;
    padding-top: 1.5mm; }
.notes { margin-top: 8mm; orphans: 3; widows: 3; }
.imprint { gap: 5mm; border-top: .1mm solid #8a929c; padding-top: 1.5mm; font-size: 7pt;
    line-height: 1.35; color: #555; white-space: pre-line; }
.watermark { position: fixed; z-index: -1; top: 45%; left: 0; right: 0; text-align: center;
    font-size: 80pt; line-height: 1; font-weight: bold; color: #ececec; transform: rotate(-35deg);
    white-space: nowrap; }
.fold { position: absolute; left: 4mm; width: 4mm; border-top: .1mm solid #999; }
@media print {
    .page tfoot .imprint { visibility: hidden; margin-top: 5mm; }
    .every { position: fixed; bottom: 0; }
    * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@media screen {
    html { background: #e9ebee; }
    body { position: relative; z-index: 0; background: #fff; margin: 8mm auto;
        box-shadow: 0 0 3mm #b9bec6; }
    .page tfoot .imprint { margin-top: 20mm; }
    .every, .fold { display: none; }
}
';
    style_a4 constant text := '
@page { size: A4; margin: 15mm 0 13mm;
    @bottom-right { content: counter(page) " / " counter(pages); font: 7.5pt Arial, sans-serif;
        color: #555; padding-right: 20mm; } }
body { padding: 0 20mm 0 25mm; }
.letterhead { height: 30mm; }
.window { min-height: 45mm; }
.sender { height: 5mm; padding-top: 12.7mm; }
.facts { margin-top: 5mm; }
.every { left: 25mm; right: 20mm; }
.upper { top: 90mm; }
.lower { top: 195mm; }
@media screen { body { width: 165mm; padding-top: 15mm; padding-bottom: 12mm; } }
';
    style_letter constant text := '
@page { size: letter; margin: .6in 0 .55in;
    @bottom-right { content: counter(page) " / " counter(pages); font: 7.5pt Arial, sans-serif;
        color: #555; padding-right: .8in; } }
body { padding: 0 .8in 0 .9in; }
.letterhead { height: 1.5in; }
.window { min-height: 1.3in; padding-top: .1in; }
.facts { margin-top: .1in; }
.every { left: .9in; right: .8in; }
@media screen { body { width: 6.8in; padding-top: .6in; padding-bottom: .45in; } }
';
begin
    style := style || case when letter then style_letter else style_a4 end;
    heading := crm.printable(concat_ws(
        ' ', case when draft then concat(labels ->> 'draft', ':') end,
        texts ->> 'title', document.number
    ));

    letterhead := xmlelement(
        name header, xmlattributes('letterhead' as class),
        xmlelement(
            name div, xmlattributes('company' as class),
            coalesce(crm.printable(issuer ->> 'name'), '')
        ),
        xmlelement(
            name div, xmlattributes('contact' as class),
            coalesce(crm.printable(concat_ws(
                e'\n',
                nullif(crm.postal_address(
                    null, issuer ->> 'street', issuer ->> 'postal_code', issuer ->> 'city',
                    issuer ->> 'region', issuer ->> 'country'
                ), ''),
                nullif(texts -> 'countries' ->> (issuer ->> 'country'), issuer ->> 'city'),
                (labels ->> 'phone') || ' ' || (issuer ->> 'phone'),
                issuer ->> 'email',
                issuer ->> 'website'
            )), '')
        )
    );

    address := xmlelement(
        name div, xmlattributes('window' as class),
        case when not letter then xmlelement(
            name div, xmlattributes('sender' as class),
            coalesce(crm.printable(replace(
                crm.postal_address(
                    issuer ->> 'name', issuer ->> 'street', issuer ->> 'postal_code',
                    issuer ->> 'city', issuer ->> 'region', issuer ->> 'country'
                ),
                e'\n', ' · '
            )), '')
        ) end,
        xmlelement(
            name div, xmlattributes('text' as class),
            coalesce(crm.printable(crm.postal_address(
                document.customer_name, document.customer_street, document.customer_postal_code,
                document.customer_city, document.customer_region, document.customer_country
            )), '')
        ),
        case when document.customer_country <> issuer ->> 'country' then xmlelement(
            name div, xmlattributes('country' as class),
            coalesce(
                crm.printable(texts -> 'countries' ->> document.customer_country),
                document.customer_country
            )
        ) end
    );

    facts := (
        select xmlagg(
            xmlelement(
                name tr,
                xmlelement(name th, xmlattributes('row' as scope), crm.printable(f.label)),
                xmlelement(name td, xmlattributes('text' as class), f.fact)
            )
            order by f.place
        )
        from (values
            (1, coalesce(labels ->> ('number_' || document.kind), labels ->> 'number'),
                document.number),
            (2, coalesce(labels ->> ('date_' || document.kind), labels ->> 'date'),
                crm.date_in_language(document.document_date, locale)),
            (3, labels ->> 'supplied_on',
                crm.date_in_language(document.supplied_on, locale)),
            (4, labels ->> 'due_date',
                -- where there are no terms there is nothing to be paid
                case when texts ->> 'terms' is not null
                    then crm.date_in_language(document.due_date, locale) end),
            (5, labels ->> 'valid_until', crm.date_in_language(document.valid_until, locale)),
            (6, labels ->> 'reference', document.reference),
            (7, labels ->> 'related', texts ->> 'related'),
            (8, labels ->> 'customer_tax_id', document.customer_tax_id),
            (9, labels ->> 'delivery_address', concat_ws(
                e'\n',
                nullif(crm.postal_address(
                    document.delivery_name, document.delivery_street,
                    document.delivery_postal_code, document.delivery_city,
                    document.delivery_region, document.delivery_country
                ), ''),
                case when document.delivery_country <> document.customer_country then coalesce(
                    texts -> 'countries' ->> document.delivery_country, document.delivery_country
                ) end
            ))
        ) as v (place, label, value)
        cross join lateral (values (v.place, v.label, crm.printable(v.value)))
            as f (place, label, fact)
        where f.fact is not null
    );

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

    imprint := (
        select xmlagg(xmlelement(name div, crm.printable(i.value)) order by i.place)
        from (values
            (1, crm.postal_address(
                issuer ->> 'name', issuer ->> 'street', issuer ->> 'postal_code',
                issuer ->> 'city', issuer ->> 'region', issuer ->> 'country'
            )),
            (2, concat_ws(
                e'\n',
                (labels ->> 'register') || e':\n' || (issuer ->> 'register'),
                (labels ->> 'directors') || e':\n' || (issuer ->> 'directors')
            )),
            (3, (labels ->> 'tax_id') || e':\n' || (issuer ->> 'tax_id')),
            (4, (labels ->> 'bank_account') || e':\n' || (issuer ->> 'bank_account'))
        ) as i (place, value)
        where crm.printable(i.value) is not null
    );

    -- only what stands here is markup that is written as text
    return concat(
        e'<!DOCTYPE html>\n<html lang="',
        regexp_replace(texts ->> 'language', '[^A-Za-z0-9-]', '', 'g'), e'">\n<head>\n',
        e'<meta charset="utf-8"/>\n',
        '<meta http-equiv="Content-Security-Policy"',
        e' content="default-src ''none''; style-src ''unsafe-inline''"/>\n',
        e'<meta name="viewport" content="width=device-width"/>\n',
        xmlserialize(content xmlelement(name title, heading) as text), e'\n',
        '<style>', style, e'</style>\n</head>\n<body>\n',
        case when draft then
            xmlserialize(content xmlelement(
                name div, xmlattributes('watermark' as class, 'true' as "aria-hidden"),
                crm.printable(labels ->> 'draft')
            ) as text) || e'\n'
        end,
        case when not letter then
            e'<div class="fold upper"></div><div class="fold lower"></div>\n'
        end,
        e'<table class="page" role="presentation">\n<tbody><tr><td>\n',
        xmlserialize(content letterhead as text), e'\n',
        xmlserialize(content xmlelement(
            name section, xmlattributes('opening' as class), address,
            xmlelement(name table, xmlattributes('facts' as class), facts)
        ) as text), e'\n',
        xmlserialize(content xmlelement(name h1, heading) as text), e'\n',
        xmlserialize(content xmlforest(crm.printable(texts ->> 'intro') as p) as text) || e'\n',
        e'<table class="lines">\n<thead>',
        xmlserialize(content xmlelement(name tr, head) as text),
        e'</thead>\n<tbody>\n', lines, e'\n</tbody>\n</table>\n',
        xmlserialize(content totals as text) || e'\n',
        xmlserialize(content notes as text) || e'\n',
        e'</td></tr></tbody>\n',
        -- keeps the space at the foot of each page, where the one below is put
        '<tfoot><tr><td>',
        xmlserialize(content xmlelement(
            name div, xmlattributes('imprint' as class, 'true' as "aria-hidden"), imprint
        ) as text),
        e'</td></tr></tfoot>\n</table>\n',
        xmlserialize(content xmlelement(
            name footer, xmlattributes('imprint every' as class), imprint
        ) as text), e'\n',
        e'</body>\n</html>\n'
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
country of the tenant. You see what you may see: errors P0002 no such document.';

alter function crm.printable(text) owner to crm_owner;
alter function crm.postal_address(text, text, text, text, text, text) owner to crm_owner;
alter function crm.render_layout_1(crm.document) owner to crm_owner;
alter function crm.render_document(uuid) owner to crm_owner;
revoke all on function
    crm.printable(text),
    crm.postal_address(text, text, text, text, text, text),
    crm.render_layout_1(crm.document),
    crm.render_document(uuid)
    from public;
-- render_document runs as its caller, who sees what he may see
grant execute on function
    crm.printable(text),
    crm.postal_address(text, text, text, text, text, text),
    crm.render_layout_1(crm.document),
    crm.render_document(uuid)
    to mandant_user;
