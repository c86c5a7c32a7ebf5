-- The printed document: the same for ever, in the reader's language, and whatever is in it is text.
-- CF-11 R-IMM-01 R-TAX-01 R-US-08
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
create role crm_manager_de login;
select from mandant.bind_login('crm_manager_de', 'de', 'tenant_manager');
create function crm_draft(customer text, kind text, lines jsonb, currency text default null)
    returns uuid language sql as $$
    select d.id
    from crm.customer as c,
        crm.create_document(c.id, kind, lines, '2026-11-02', 'PO <4711>',
            currency => crm_draft.currency) as d
    where c.name = customer
$$;

-- numbers as readers write them; nothing is rounded away
select l.language, a.amount, crm.amount_in_language(a.amount, 2, l.language)
from unnest(array['de', 'de-CH', 'en-US', 'zh-Hant-HK', 'fr'])
        with ordinality as l (language, place),
    (values (1234.5), (-1234567.891), (0.00125), (999), (1e15), (-0.001), (0)) as a (amount)
order by l.place, a.amount;
select crm.amount_in_language(1234, 0, 'de') as whole,
    crm.amount_in_language(2.50, 0, 'de') as trimmed,
    crm.amount_in_language(1234.5, 3, 'de-LI') as kwd, crm.amount_in_language(5, 2, 'DE') as upper,
    crm.amount_in_language(5, 2, 'den') as other, crm.amount_in_language(null, 2, 'de') as nothing,
    crm.amount_in_language('NaN', 2, 'de') as nan;

-- an invoice with all there is on one
set role crm_manager_de;
select count(mandant.set_setting(s.key, s.value)) from (values
    ('company_phone', '+49 40 555 010'), ('company_email', 'rechnung@de.example'),
    ('company_website', 'de.example'),
    ('company_bank_account', e'Beispielbank\nIBAN DE02 1203 0000 0000 2020 51'),
    ('document_intro', '{"de": "Wir berechnen wie vereinbart:", "en": "As agreed:"}'),
    ('document_closing', '{"de": "Vielen Dank.", "en": "Thank you."}'),
    ('early_payment_days', '10'), ('early_payment_percent', '2.5')) as s (key, value);
set role crm_sales_de;
insert into crm.customer (name, street, postal_code, city, country, language, tax_id) values
    ('Müller & Sohn', 'Weg 1', '10115', 'Berlin', 'DE', 'de-DE', null),
    ('English', 'Street 1', 'EC1A 1BB', 'London', 'GB', 'en', null),
    ('French', 'Rue 1', '75001', 'Paris', 'FR', 'fr-FR', null),
    ('Swiss', 'Gasse 1', '8000', 'Zürich', 'CH', 'de-CH', null);
insert into crm.customer_address (
    customer_id, kind, label, name, street, postal_code, city, country)
select c.id, 'delivery', 'Werk', 'Müller, Werk 2', 'Ring 2', '5020', 'Salzburg', 'AT'
from crm.customer as c where c.name = 'Müller & Sohn';
select crm_draft('Müller & Sohn', 'invoice', '[
    {"description": "Beratung", "quantity": 7.25, "unit": "hour", "unit_price": 145,
        "discount_percent": 5, "tax_code": "standard"},
    {"description": "Handbuch\nzweite Auflage", "quantity": 1200, "unit": "piece",
        "unit_price": 0.00125, "tax_code": "reduced"},
    {"description": "Ausfuhr", "quantity": -1, "unit_price": 1000, "tax_code": "export"}]') as id \gset
update crm.document as d set delivery_address_id = a.id
from crm.customer_address as a where a.customer_id = d.customer_id and d.id = :'id';
select number from crm.post_document(:'id');

-- read by a session that reads everything otherwise
set role report_de;
set datestyle = german;
set timezone = 'Pacific/Kiritimati';
set intervalstyle = sql_standard;
set extra_float_digits = -15;
set xmlbinary = hex;
set xmloption = document;
set bytea_output = escape;
set transform_null_equals = on;
set array_nulls = off;
set standard_conforming_strings = off;
select crm.render_document(:'id') as page \gset
reset datestyle; reset timezone; reset intervalstyle; reset extra_float_digits; reset xmlbinary;
reset xmloption; reset bytea_output; reset transform_null_equals; reset array_nulls;
reset standard_conforming_strings;
\pset format unaligned
\pset tuples_only on
select regexp_replace(:'page', '(<style>).*(</style>)', '\1...\2');
-- what stands between, and the page as a whole, byte for byte
select md5(substring(:'page' from '<style>.*</style>')), md5(:'page');
\pset format aligned
\pset tuples_only off

-- a year later: all of it is called otherwise
reset role;
update crm.unit set names = '{"en": "other"}';
update crm.tax_code set titles = '{"en": "other"}', note = '{"en": "other"}';
update crm.document_kind set titles = '{"en": "Other"}', name = 'Other', priced = not priced;
update crm.country set name = 'Other ' || code;
update crm.currency set name = 'Other';
set role mandant_admin;
select from mandant.change_tenant('de', name => 'Other GmbH', locale => 'en-GB',
    timezone => 'Asia/Tokyo');
select from crm.define_labels('de', '{"quantity": "Anzahl", "number_invoice": "Belegnummer"}');
set role crm_manager_de;
select count(mandant.set_setting(s.key, s.value)) from (values
    ('company_street', 'Other 1'), ('company_tax_id', 'other'), ('company_bank_account', 'other'),
    ('document_intro', '{"en": "Other"}'), ('document_closing', '{"en": "Other"}'),
    ('payment_terms', '{"en": "Other"}'), ('early_payment_percent', '3')) as s (key, value);
update crm.customer set name = 'Other', street = 'Other', country = 'US', language = 'zh-Hant-HK',
    payment_terms_days = 99 where name = 'Müller & Sohn';
update crm.customer_address set street = 'Other' where label = 'Werk';
select d.id as other_draft from crm.create_document(
    (select c.id from crm.customer as c where c.name = 'Other'), 'invoice',
    '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_code": "standard"}]') as d \gset
select crm.render_document(:'id') = :'page' as same,
    crm.render_document(:'other_draft') like '%Other GmbH%' as draft_follows;
-- whoever reads it, and when it is cancelled: it is the paper that was sent
set role mandant_admin;
select d.status from crm.cancel_document(:'id', 'wrong customer') as d;
select status, crm.render_document(id) = :'page' as same from crm.document where id = :'id';
set role report_group;
select crm.render_document(:'id') = :'page' as same;
set role report_us;
\set VERBOSITY sqlstate
select crm.render_document(:'id');
\set VERBOSITY terse
select crm.render_document('00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE
select crm.render_document(null);
\echo :SQLSTATE
reset role;
rollback;

begin;
create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
create role crm_sales_hk login;
select from mandant.bind_login('crm_sales_hk', 'hk', 'tenant_sales');
create role crm_sales_us login;
select from mandant.bind_login('crm_sales_us', 'us', 'tenant_sales');
create function crm_draft(customer text, kind text, lines jsonb, currency text default null)
    returns uuid language sql as $$
    select d.id
    from crm.customer as c,
        crm.create_document(c.id, kind, lines, '2026-11-02', 'PO <4711>',
            currency => crm_draft.currency) as d
    where c.name = customer
$$;
create function crm_page(document uuid) returns text language plpgsql volatile as $$
begin
    return crm.render_document(document);
end
$$;
-- the texts of a page's elements; what is not well-formed is an error
create function crm_texts(page text, path text) returns text[] language sql as $$
    select array(
        select replace((xpath('string(.)', t.element))[1]::text, e'\n', ' | ')
        from unnest(xpath(path, xmlparse(document page))) with ordinality as t (element, place)
        order by t.place
    )
$$;

-- a draft says so in its language, and has no number; posted it says the rest
set role crm_sales_de;
insert into crm.customer (name, street, postal_code, city, country, language) values
    ('Deutsch', 'Weg 1', '10115', 'Berlin', 'DE', 'de'),
    ('English', 'Street 1', 'EC1A 1BB', 'London', 'GB', 'en'),
    ('French', 'Rue 1', '75001', 'Paris', 'FR', 'fr-FR'),
    ('Chinese', '道1號', null, '香港', 'HK', 'zh-Hant-HK'),
    ('Swiss', 'Gasse 1', '8000', 'Zürich', 'CH', 'de-CH');
select c.name, k.kind, crm_texts(p.page, '//h1') as heading,
    crm_texts(p.page, '//*[@class="watermark"]') as watermark,
    crm_texts(p.page, '//table[@class="facts"]//th') as facts,
    crm_texts(p.page, '//table[@class="lines"]//th') as columns,
    crm_texts(p.page, '//table[@class="lines"]//td') as line,
    crm_texts(p.page, '//table[@class="totals"]//td') as totals,
    crm_texts(p.page, '//*[@class="window"]/div[position() > 1]') as address
from unnest(array['Deutsch', 'English', 'French', 'Chinese', 'Swiss'])
        with ordinality as c (name, place),
    unnest(array['quote', 'delivery_note', 'invoice']) with ordinality as k (kind, place),
    crm_draft(c.name, k.kind, '[{"description": "x", "quantity": 1234.5, "unit": "day",
        "unit_price": 1000, "tax_code": "standard"}]') as draft,
    crm_page(draft) as p (page)
order by c.place, k.place \gx

-- what was made from it says from what; what cancels it says so
select crm_draft('Deutsch', 'invoice', '[{"description": "x", "quantity": 3, "unit_price": 100,
    "tax_rate": 19}]') as invoice \gset
select number from crm.post_document(:'invoice');
select id as credit from crm.convert_document(:'invoice', 'credit_note',
    '[{"source_position": 1, "quantity": 1}]', '2026-11-03') \gset
select number from crm.post_document(:'credit');
select crm_texts(crm.render_document(:'credit'), '//h1 | //table[@class="facts"]//td');
select crm_draft('Deutsch', 'invoice', '[{"description": "x", "quantity": 3, "unit_price": 100,
    "tax_rate": 19}]') as invoice \gset
select number from crm.post_document(:'invoice');
set role mandant_admin;
select id as counter from crm.cancel_document(:'invoice', 'wrong', '2026-11-03') \gset
select crm_texts(crm.render_document(:'counter'), '//h1 | //table[@class="facts"]//td');

-- paper and money of other companies
set role crm_sales_us;
select crm_draft('Magnolia Foods Company', 'invoice', '[{"description": "x", "quantity": 2,
    "unit_price": 1000, "tax_rate": 8.875}]') as us \gset
set role crm_sales_hk;
select crm_draft('旺角書局 Mong Kok Books', 'invoice', '[{"description": "管理員手冊", "quantity": 2,
    "unit": "piece", "unit_price": 468, "tax_code": "none"}]') as hk \gset
select crm_draft('旺角書局 Mong Kok Books', 'invoice', '[{"description": "x", "quantity": 1,
    "unit_price": 12345, "tax_code": "none"}]', 'JPY') as yen \gset
set role crm_sales_de;
select crm_draft('Deutsch', 'invoice', '[{"description": "x", "quantity": 1,
    "unit_price": 1000, "tax_code": "standard"}]', 'USD') as dollar \gset
select exchange_rate, tenant_tax from crm.post_document(:'dollar');
reset role;
select p.page like '%size: letter%' as letter, p.page like '%size: A4%' as a4,
    substring(p.page from '<html[^>]*>') as html,
    crm_texts(p.page, '//table[@class="facts"]//td') as facts,
    crm_texts(p.page, '//table[@class="lines"]//td') as line,
    crm_texts(p.page, '//table[@class="totals"]//td') as totals
from unnest(array[:'us', :'hk', :'yen', :'dollar']::uuid[]) with ordinality as d (id, place),
    crm.render_document(d.id) as p (page)
order by d.place \gx

-- an attack on the page: whatever is in it is text, and shows what it can show
create function crm_attack() returns text language sql as $$
    select e'<script>alert(1)</script>"''> ]]> --> &amp; </style><b onload="x">'
        || e'\x01\x02\x1b\x7f\u0085\u202e\u2066\ufffe\uffff\r\nzwei\rdrei\u2028vier'
$$;
do $$
declare
    key text;
begin
    foreach key in array array['street', 'postal_code', 'city', 'region', 'tax_id', 'register',
        'directors', 'phone', 'email', 'website', 'bank_account']
    loop
        perform mandant.set_setting('company_' || key, crm_attack(), tenant => 'de');
    end loop;
    foreach key in array array['document_intro', 'document_closing', 'payment_terms']
    loop
        perform mandant.set_setting(
            key, jsonb_build_object('en', crm_attack())::text, tenant => 'de');
    end loop;
end
$$;
update crm.unit set names = jsonb_build_object('en', crm_attack()) where code = 'hour';
update crm.tax_code set titles = jsonb_build_object('en', '{net}{rate}' || crm_attack()),
    note = jsonb_build_object('en', crm_attack()) where country = 'DE' and code = 'standard';
update crm.document_kind set titles = jsonb_build_object('en', crm_attack()) where code = 'invoice';
update crm.country set name = crm_attack() where code = 'GB';
select from crm.define_labels('en', (
    select jsonb_object_agg(k, '{tax}' || crm_attack())
    from crm.label_set as l, jsonb_object_keys(l.labels) as k where l.language = 'en'));
set role crm_sales_de;
select d.id as attack
from crm.create_document((select c.id from crm.customer as c where c.name = 'English'), 'invoice',
    jsonb_build_array(
        jsonb_build_object('description', repeat('x', 10000), 'quantity', 1, 'unit', 'hour',
            'unit_price', 1, 'tax_code', 'standard'),
        jsonb_build_object('description', crm_attack(), 'quantity', 999999.123456,
            'unit_price', -99999.123456, 'discount_percent', 0.1, 'tax_rate', 100)
    ), '2026-11-02', crm_attack()) as d \gset
update crm.customer set name = crm_attack(), street = repeat('<i>', 1000), city = crm_attack(),
    postal_code = crm_attack(), region = crm_attack(), tax_id = null where name = 'English';
select crm.render_document(:'attack') as page \gset
select crm.post_document(:'attack') is null as posted;
select crm.render_document(:'attack') as posted \gset
reset role;
select p.what, length(p.page) > 30000 as long,
    p.page ~ e'[\x01-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]' as raw,
    (select array_agg(distinct t[1] order by t[1])
        from regexp_matches(p.page, '<([a-z0-9]+)', 'gi') as t) as elements,
    (select array_agg(distinct t[1] order by t[1])
        from regexp_matches(p.page, '<[a-z0-9]+[^>]* ([a-z-]+)="', 'gi') as t) as attributes,
    (select array_agg(distinct t[1] order by t[1])
        from regexp_matches(p.page, '<(?:[a-z0-9]+)[^>]*/>', 'gi') as t) as self_closing,
    crm_texts(p.page, '(//td[@class="text"])[last()]') as description,
    crm_texts(p.page, '//*[@class="country"]') as country,
    crm_texts(p.page, '//table[@class="totals"]//tr[2]/td[1]') as tax
from (values ('draft', :'page'), ('posted', :'posted')) as p (what, page) \gx

-- labels: whoever maintains what all share gives others, to later documents
set role crm_sales_de;
select from crm.define_labels('de', '{"quantity": "Anzahl"}');
\echo :SQLSTATE
set role mandant_admin;
select language, labels ->> 'quantity' as quantity, labels ->> 'unit' as unit
from crm.define_labels('de-AT', '{"quantity": "Anzahl", "date_invoice": "Datum"}');
select language, labels ->> 'quantity' as quantity
from crm.define_labels('fr', '{"quantity": "Quantité"}');
select l.language,
    (select s.language from crm.label_set as s where s.id = crm.label_set_of(l.language))
from unnest(array['de', 'de-AT', 'de-CH', 'fr-FR', 'zh-HK', 'zh-Hans', 'pl', '', null])
    with ordinality as l (language, place) order by l.place;
select crm.define_labels('de', '{"quantitty": "Anzahl"}');
\echo :SQLSTATE
select crm.define_labels('de', '{"quantity": " "}');
\echo :SQLSTATE
select crm.define_labels('German', '{"quantity": "Anzahl"}');
\echo :SQLSTATE
select crm.define_labels(null, '{"quantity": "Anzahl"}');
\echo :SQLSTATE
select crm.define_labels('de', '[]');
\echo :SQLSTATE
select crm.define_labels('de', null);
\echo :SQLSTATE
insert into crm.label_set (language, labels) values ('de', '{"quantity": "Anzahl"}');
\echo :SQLSTATE
update crm.label_set set labels = '{}';
\echo :SQLSTATE
reset role;
update crm.label_set set labels = labels;
\echo :SQLSTATE
delete from crm.label_set;
\echo :SQLSTATE
truncate crm.label_set;
\echo :SQLSTATE

rollback;
