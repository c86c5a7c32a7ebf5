-- What every letter of a company has in common, whatever is in it: sender, addressee, imprint, the sheet
-- of paper with its style. A layout stays as it is once something was sent with it, another one is other
-- functions, so that what was sent is made anew byte for byte.
-- The page is put together as xml, so that a value is text and never markup. The file is long because
-- a layout is one page with its style sheet.

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

create function crm.is_letter_size(issuer jsonb) returns boolean
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
    return issuer ->> 'country' = any (
        '{BZ,CA,CL,CO,CR,GT,MX,NI,PA,PH,PR,SV,US,VE}'  -- elsewhere paper is A4
    );

comment on function crm.is_letter_size(jsonb) is
    'Whether a sender writes on US letter; else on A4.

issuer: as crm.letterhead gives it, here and below.';

create function crm.letterhead_1(issuer jsonb, labels jsonb, countries jsonb) returns xml
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return xmlelement(
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
                nullif(countries ->> (issuer ->> 'country'), issuer ->> 'city'),
                (labels ->> 'phone') || ' ' || (issuer ->> 'phone'),
                issuer ->> 'email',
                issuer ->> 'website'
            )), '')
        )
    );
end
$$;

comment on function crm.letterhead_1(jsonb, jsonb, jsonb) is
    'The head of a page: who sends it. labels: a set; countries: their names, where they matter.';

create function crm.addressee_1(
    issuer jsonb, countries jsonb, name text, street text, postal_code text, city text,
    region text, country text
) returns xml
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return xmlelement(
        name div, xmlattributes('window' as class),
        case when not crm.is_letter_size(issuer) then xmlelement(
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
                name, street, postal_code, city, region, country
            )), '')
        ),
        case when country <> issuer ->> 'country' then xmlelement(
            name div, xmlattributes('country' as class),
            coalesce(crm.printable(countries ->> country), country)
        ) end
    );
end
$$;

comment on function crm.addressee_1(jsonb, jsonb, text, text, text, text, text, text) is
    'The window of a page: to whom it is sent.';

create function crm.facts_1(labels text[], facts text[]) returns xml
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select xmlagg(
            xmlelement(
                name tr,
                xmlelement(name th, xmlattributes('row' as scope), crm.printable(f.label)),
                xmlelement(name td, xmlattributes('text' as class), crm.printable(f.fact))
            )
            order by f.place
        )
        from unnest(labels, facts) with ordinality as f (label, fact, place)
        where crm.printable(f.fact) is not null
    );
end
$$;

comment on function crm.facts_1(text[], text[]) is
    'What stands beside the addressee, label by label; what there is not is left out.';

create function crm.imprint_1(issuer jsonb, labels jsonb) returns xml
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
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
end
$$;

comment on function crm.imprint_1(jsonb, jsonb) is 'The foot of a page: what the law wants said.';

create function crm.page_1(
    language text, letter boolean, mark text, heading text, letterhead xml, address xml, facts xml,
    intro text, head xml, lines text, totals xml, notes xml, imprint xml
) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
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
    -- only what stands here is markup that is written as text
    return concat(
        e'<!DOCTYPE html>\n<html lang="',
        regexp_replace(language, '[^A-Za-z0-9-]', '', 'g'), e'">\n<head>\n',
        e'<meta charset="utf-8"/>\n',
        '<meta http-equiv="Content-Security-Policy"',
        e' content="default-src ''none''; style-src ''unsafe-inline''"/>\n',
        e'<meta name="viewport" content="width=device-width"/>\n',
        xmlserialize(content xmlelement(name title, heading) as text), e'\n',
        '<style>', style, e'</style>\n</head>\n<body>\n',
        case when mark is not null then
            xmlserialize(content xmlelement(
                name div, xmlattributes('watermark' as class, 'true' as "aria-hidden"),
                crm.printable(mark)
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
        xmlserialize(content xmlforest(crm.printable(intro) as p) as text) || e'\n',
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

comment on function crm.page_1(
    text, boolean, text, text, xml, xml, xml, text, xml, text, xml, xml, xml
) is
    'A page of HTML that loads nothing, of its parts. mark: across it, such as Draft; null: nothing.

letter: US letter, else A4; head, lines: of its table, lines serialized.';

alter function crm.printable(text) owner to crm_owner;
alter function crm.postal_address(text, text, text, text, text, text) owner to crm_owner;
alter function crm.is_letter_size(jsonb) owner to crm_owner;
alter function crm.letterhead_1(jsonb, jsonb, jsonb) owner to crm_owner;
alter function crm.addressee_1(jsonb, jsonb, text, text, text, text, text, text)
    owner to crm_owner;
alter function crm.facts_1(text[], text[]) owner to crm_owner;
alter function crm.imprint_1(jsonb, jsonb) owner to crm_owner;
alter function crm.page_1(
    text, boolean, text, text, xml, xml, xml, text, xml, text, xml, xml, xml
) owner to crm_owner;
revoke all on function
    crm.printable(text),
    crm.postal_address(text, text, text, text, text, text),
    crm.is_letter_size(jsonb),
    crm.letterhead_1(jsonb, jsonb, jsonb),
    crm.addressee_1(jsonb, jsonb, text, text, text, text, text, text),
    crm.facts_1(text[], text[]),
    crm.imprint_1(jsonb, jsonb),
    crm.page_1(text, boolean, text, text, xml, xml, xml, text, xml, text, xml, xml, xml)
    from public;
-- what renders runs as its caller, who sees what he may see
grant execute on function
    crm.printable(text),
    crm.postal_address(text, text, text, text, text, text),
    crm.is_letter_size(jsonb),
    crm.letterhead_1(jsonb, jsonb, jsonb),
    crm.addressee_1(jsonb, jsonb, text, text, text, text, text, text),
    crm.facts_1(text[], text[]),
    crm.imprint_1(jsonb, jsonb),
    crm.page_1(text, boolean, text, text, xml, xml, xml, text, xml, text, xml, xml, xml)
    to mandant_user;
