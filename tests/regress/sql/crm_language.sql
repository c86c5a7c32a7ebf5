-- What a customer reads: the nearest language that there is, kept with the posted document.
-- CF-12 R-DE-07 R-DE-11 R-HK-03 R-TAX-01 R-US-08
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
create role crm_sales_hk login;
select from mandant.bind_login('crm_sales_hk', 'hk', 'tenant_sales');
create role crm_manager_de login;
select from mandant.bind_login('crm_manager_de', 'de', 'tenant_manager');
create function crm_texts(customer text, kind text, lines jsonb default
        '[{"description": "x", "quantity": 1, "unit_price": 100, "tax_rate": 19}]')
    returns table (language text, title text, terms text, tax_notes text, intro text, closing text)
    language plpgsql as $$
declare
    draft uuid := (crm.create_document(
        (select c.id from crm.customer as c where c.name = customer), kind, lines, '2026-11-02')).id;
begin
    return query select t.* from crm.document_texts(draft) as t;
end
$$;

set role crm_sales_de;

-- the first language that has a text, each shortened from the right; then English, then any
select t.wanted, crm.in_language(
    '{"de": "Rechnung", "en": "Invoice", "zh-Hant": "發票", "zh": "发票"}', variadic t.wanted)
from (values
    (array['de']), (array['de-AT']), (array['DE-ch']), (array['zh-Hant-HK']), (array['zh-HK']),
    (array['zh-Hans-CN']), (array['fr-FR']), (array['fr', 'de']), (array['d']), (array['']),
    (array[null, 'zh']), ('{}'), (null)) as t (wanted);
select crm.in_language('{"fr": "Facture", "cs": "Faktura"}', 'de') as any,
    crm.in_language('{}', 'de') as nothing, crm.in_language(null, 'de') as of_nothing,
    crm.in_language('{"de-DE": "Rechnung", "en": "Invoice"}', 'de') as no_further_than_said;

-- texts are an object of languages with English, and none of them is empty
select t.texts, crm.is_texts(t.texts)
from (values
    ('{"en": "Invoice"}'::jsonb), ('{"en": "Invoice", "zh-Hant": "發票"}'), ('{"de": "Rechnung"}'),
    ('{"en": ""}'), ('{"en": " \t"}'), ('{"en": 1}'), ('{"en": "x", "german language": "x"}'),
    ('{"en": "x", "": "x"}'), ('[]'), ('"en"'), ('null'), ('{}'), (null)) as t (texts);

select t.language, crm.date_in_language('2026-03-04', t.language)
from unnest(array['de-DE', 'en-US', 'en-GB', 'en', 'zh-Hant-HK', 'fr', '', null]) as t (language);

-- titles: a credit note is never a Gutschrift
select k.code, k.titles ->> 'de' as de, k.titles ->> 'en' as en, k.titles ->> 'zh-Hant' as zh
from crm.document_kind as k where k.titles is not null order by k.code;
select count(*) from crm.document_kind as k where k.titles::text ilike '%gutschrift%';

-- a draft in the customer's language, with his terms
insert into crm.customer (name, street, postal_code, city, country, language, payment_terms_days)
select c.name, 'Weg 1', '10115', 'Berlin', 'DE', c.language, c.days
from (values ('Deutsch', 'de-DE', 14), ('English', 'en-US', 14), ('Chinese', 'zh-Hant-HK', 14),
    ('French', 'fr-FR', 14), ('Nothing', null, 14), ('At once', 'de', 0)) as c (name, language, days);
\pset null -
select c.name, t.language, t.title, t.terms, t.tax_notes, t.intro, t.closing
from unnest(array['Deutsch', 'English', 'Chinese', 'French', 'Nothing', 'At once'])
        with ordinality as c (name, place),
    crm_texts(c.name, 'invoice') as t
order by c.place;
select k.kind, t.title, t.terms from unnest(array['quote', 'order', 'delivery_note', 'credit_note',
    'payment']) as k (kind), crm_texts('Deutsch', k.kind) as t order by k.kind;

-- what tax codes make a document say, once each
select language, tax_notes from crm_texts('Deutsch', 'invoice', '[
    {"description": "a", "quantity": 1, "unit_price": 100, "tax_code": "reverse_charge"},
    {"description": "b", "quantity": 1, "unit_price": 100, "tax_code": "reverse_charge"},
    {"description": "c", "quantity": 1, "unit_price": 100, "tax_code": "export"},
    {"description": "d", "quantity": 1, "unit_price": 100, "tax_code": "standard"}]');
select language, tax_notes from crm_texts('Chinese', 'invoice', '[
    {"description": "a", "quantity": 1, "unit_price": 100, "tax_code": "reverse_charge"}]');

-- the company's own words, and a reward for paying early
set role crm_manager_de;
select from mandant.set_setting('document_intro',
    '{"de": "Wir berechnen wie vereinbart:", "en": "As agreed:"}');
select from mandant.set_setting('document_closing', '{"de": "Vielen Dank."}');
select from mandant.set_setting('early_payment_days', '10');
select from mandant.set_setting('early_payment_percent', '2.50');
set role crm_sales_de;
select c.name, t.terms, t.intro, t.closing
from unnest(array['Deutsch', 'English', 'Chinese', 'At once']) with ordinality as c (name, place),
    crm_texts(c.name, 'invoice') as t
order by c.place;
select title, terms, intro from crm_texts('Deutsch', 'payment');

-- a posted document keeps its words, whatever changes
select d.id as posted from crm.customer as c,
    crm.create_document(c.id, 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 100,
        "tax_code": "reverse_charge"}, {"description": "y", "quantity": 1, "unit_price": 1,
        "tax_rate": 19}]', '2026-11-02') as d
where c.name = 'Deutsch' \gset
update crm.customer set tax_id = 'DE136695976' where name = 'Deutsch';
select early_payment_days, early_payment_percent, due_date from crm.post_document(:'posted');
select * from crm.document_texts(:'posted') \gx
reset role;
update crm.tax_code set note = '{"en": "other words"}' where country = 'DE';
update crm.document_kind set titles = '{"en": "Bill"}' where code = 'invoice';
set role crm_manager_de;
select from mandant.set_setting('document_intro', '{"en": "Other words:"}');
select from mandant.set_setting('early_payment_percent', '3');
update crm.customer set language = 'en', payment_terms_days = 60 where name = 'Deutsch';
set role crm_sales_de;
select * from crm.document_texts(:'posted') \gx
select title, terms, intro from crm_texts('Deutsch', 'invoice');

-- a company in Hong Kong, and Chinese through and through
set role crm_sales_hk;
select d.id, d.number, d.customer_name
from crm.customer as c,
    crm.create_document(c.id, 'delivery_note', '[{"description": "管理員手冊", "quantity": 2,
        "unit_price": 468, "tax_code": "none"}]', '2026-11-02') as draft,
    crm.post_document(draft.id) as d
where c.name = '旺角書局 Mong Kok Books' \gset
select :'number' as number, :'customer_name' as customer, t.* from crm.document_texts(:'id') as t;

-- not there, or another company's: the same answer
set role crm_sales_de;
select crm.document_texts('00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.document_texts(:'id');

rollback;
