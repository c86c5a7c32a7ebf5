-- Country packs: what a country changes is data, loaded wholly or not at all, and corrected by date.
-- CF-03 CF-08 MD-08 R-NUM-08 R-TAX-01 R-TAX-02 R-DE-04 R-DE-05 R-DE-06 R-DE-08
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
\pset null -
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
create role crm_master login;
select from mandant.bind_login('crm_master', 'group', 'master_data', 'all');

-- what loading says when one place of a pack is another; null: is not there
create function crm_broken(pack jsonb, path text[], value jsonb) returns text
    language plpgsql as $$
begin
    perform crm.load_country_pack(
        case when value is null then pack #- path else jsonb_set(pack, path, value) end);
    return 'loaded';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;

-- a pack from a day on, with another standard rate and other years for vouchers
create function crm_from(pack jsonb, day date, rate numeric, years numeric) returns jsonb
    language sql as $$
    select jsonb_insert(
        jsonb_insert(
            pack || jsonb_build_object('valid_from', day), '{tax_codes,0,rates,0}',
            jsonb_build_object('valid_from', day, 'rate', rate, 'rule', 'x', 'source', 'x')
        ),
        '{retention,0}', jsonb_build_object('record_class', 'voucher', 'years', years,
            'from', 'calendar_year_end', 'valid_from', day, 'rule', 'x', 'source', 'x')
    )
$$;
-- what is to come in Germany
create function crm_to_come() returns table (what text, entry text, "from" date)
    language sql as $$
    select 'rate', r.code || ' ' || r.rate, r.valid_from from crm.tax_rate as r
    where r.country = 'DE' and r.valid_from > current_date
    union all
    select 'years', r.record_class || ' ' || r.years, r.valid_from from crm.retention_rule as r
    where r.country = 'DE' and r.valid_from > current_date
    union all
    select 'series', s.kind || ' ' || s.pattern, s.valid_from from crm.default_series as s
    where s.country = 'DE' and s.valid_from > current_date and s.kind = 'quote'
    union all
    select 'setting', s.key || ' ' || s.value, s.valid_from from crm.pack_setting as s
    where s.country = 'DE' and s.valid_from > current_date
    union all
    select 'field', m.field, m.valid_from from crm.mandatory_field as m
    where m.country = 'DE' and m.valid_from > current_date and m.kind = 'order'
    union all
    select 'field until', m.field, m.valid_until from crm.mandatory_field as m
    where m.country = 'DE' and m.valid_until > current_date and m.kind = 'order'
$$;

-- three countries come with the product, and every entry names its rule and its source
select p.country, p.valid_from, p.content -> 'facts' ->> 'timezone' as timezone
from crm.country_pack as p order by p.country;
select country, kind, pattern, reset, policy, rule from crm.default_series order by country, kind;
select country, code, category, titles ->> 'de' as de, note ->> 'de' as note, rule
from crm.tax_code order by country, code;
select country, code, valid_from, rate, rule from crm.tax_rate order by country, code, valid_from;
select country, kind, of, field, gross_above, currency, customer_countries, tax_categories, rule
from crm.mandatory_field order by country, kind desc, of desc, field;
select country, record_class, years, counted_from, valid_from, rule
from crm.retention_rule order by country, record_class, valid_from;

set role crm_sales_de;

-- a rate by date: half a year of 2020 had its own
select d.day, crm.tax_rate_on('DE', 'standard', d.day) as standard,
    crm.tax_rate_on('DE', 'reduced', d.day) as reduced
from unnest(array['2007-01-01', '2020-06-30', '2020-07-01', '2020-12-31', '2021-01-01',
    '2026-11-24']::date[]) as d (day) order by d.day;
select crm.tax_rate_on('DE', 'standard', '2006-12-31');
\echo :SQLSTATE
select crm.tax_rate_on('DE', 'luxury', '2026-11-24');
\echo :SQLSTATE
select crm.tax_rate_on('FR', 'standard', '2026-11-24');
\echo :SQLSTATE
select crm.tax_rate_on(null, 'standard', '2026-11-24') as unknown;

-- a line takes the rate of its code on the document's date; a rate that is said counts
update crm.product set tax_code = 'luxury' where code = 'BUCH';
\echo :SQLSTATE
update crm.product set tax_code = 'reduced', tax_rate = 6 where code = 'BUCH';
update crm.product set tax_code = 'standard' where code = 'BERATUNG';
select c.id as customer from crm.customer as c where c.name = 'Bäckerei Größinger KG' \gset
select id as draft from crm.create_document(:'customer', 'invoice', '[
    {"product": "BUCH", "quantity": 1}, {"product": "BERATUNG", "quantity": 1},
    {"product": "SCHULUNG", "quantity": 1}, {"product": "BUCH", "quantity": 1, "tax_rate": 9},
    {"product": "BUCH", "quantity": 1, "tax_code": "export"},
    {"description": "frei", "quantity": 1, "unit_price": 10, "tax_code": "standard",
     "tax_rate": "16"}]', '2020-12-31') \gset
select l.position, l.tax_code, l.tax_category, l.tax_rate
from crm.document_line as l where l.document_id = :'draft' order by l.position;
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "tax_code": "luxury"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "tax_code": "reduced",
    "tax_rate": 19}]');
\echo :SQLSTATE
-- another date, another rate
select net, tax from crm.change_document(:'draft', document_date => '2021-01-01');
select l.position, l.tax_code, l.tax_rate
from crm.document_line as l where l.document_id = :'draft' order by l.position;

-- a rate that changes while the draft waits; what is posted stays
set role crm_master;
insert into crm.tax_rate values ('DE', 'standard', '2026-12-01', 20, 'R-DE-06', 'a law of tomorrow');
set role crm_sales_de;
select id as draft from crm.create_document(:'customer', 'invoice',
    '[{"product": "BERATUNG", "quantity": 1}]', '2026-12-24') \gset
select net, tax from crm.document where id = :'draft';
set role crm_master;
update crm.tax_rate set rate = 21 where valid_from = '2026-12-01' and code = 'standard';
set role crm_sales_de;
select net, tax, gross from crm.post_document(:'draft');
set role crm_master;
delete from crm.tax_rate where valid_from = '2026-12-01' and code = 'standard';
set role crm_sales_de;
select l.tax_rate, l.tax_category, t.tax
from crm.document_line as l join crm.document_tax as t on t.document_id = l.document_id
where l.document_id = :'draft';

-- what a document must show: all that is missing in one message, and no number is taken
insert into crm.customer (name, country) values ('Nur Name', 'DE') returning id as bare \gset
select id as big from crm.create_document(:'bare', 'invoice', '[{"description": "x", "quantity": 1,
    "unit_price": "250.01", "tax_rate": 0}]', '2026-11-02') \gset
select id as small from crm.create_document(:'bare', 'invoice', '[{"description": "x", "quantity": 1,
    "unit_price": "250.00", "tax_rate": 0}]', '2026-11-02') \gset
select id as back from crm.create_document(:'bare', 'credit_note', '[{"description": "x",
    "quantity": -1, "unit_price": "250.01", "tax_rate": 0}]', '2026-11-02') \gset
select id as dollars from crm.create_document(:'bare', 'invoice', '[{"description": "x",
    "quantity": 1, "unit_price": "1", "tax_rate": 0}]', '2026-11-02', currency => 'USD') \gset
select id as quote from crm.create_document(:'bare', 'quote', '[{"description": "x",
    "quantity": 1, "unit_price": "1000", "tax_rate": 0}]', '2026-11-02') \gset
select crm.post_document(:'big');
\echo :SQLSTATE
select crm.post_document(:'back');
\echo :SQLSTATE
select crm.post_document(:'dollars');
\echo :SQLSTATE
select number from crm.post_document(:'small');
select number from crm.post_document(:'quote');
update crm.customer set street = ' ', city = 'Bonn', postal_code = '53111' where id = :'bare';
select crm.post_document(:'big');
\echo :SQLSTATE
update crm.customer set street = 'Am Markt 1' where id = :'bare';
select number from crm.post_document(:'big');
-- where there are no postal codes none is missing; reverse charge needs the customer's VAT id
insert into crm.customer (name, country, street, city)
    values ('旺角書局', 'HK', '九龍旺角西洋菜南街64號2樓', 'Hong Kong') returning id as abroad \gset
select id as draft from crm.create_document(:'abroad', 'invoice', '[{"description": "x",
    "quantity": 1, "unit_price": 1000, "tax_rate": 0}]', '2026-11-02') \gset
select number from crm.post_document(:'draft');
select id as draft from crm.create_document(:'abroad', 'invoice', '[{"description": "x",
    "quantity": 1, "unit_price": 1, "tax_code": "reverse_charge"}]', '2026-11-02') \gset
select crm.post_document(:'draft');
\echo :SQLSTATE

-- what is outside the scope of VAT stands on a document of its own
select id as draft from crm.create_document(:'customer', 'invoice', '[
    {"description": "x", "quantity": 1, "unit_price": 1, "tax_code": "not_taxable"},
    {"description": "y", "quantity": 1, "unit_price": 1, "tax_code": "standard"}]', '2026-11-02') \gset
select crm.post_document(:'draft');
\echo :SQLSTATE
select from crm.change_document(:'draft', '[
    {"description": "x", "quantity": 1, "unit_price": 1, "tax_code": "not_taxable"}]');
select tax, gross from crm.post_document(:'draft');

-- what the company has not said about itself: a warning, or a refusal where that is wanted
reset role;
select from mandant.create_tenant('dx', 'Beispiel GmbH', 'DE', 'EUR', 'group');
set role mandant_admin;
set mandant.tenant = 'dx';
insert into crm.customer (name, country) values ('Laufkunde', 'DE') returning id as passer \gset
select id as draft from crm.create_document(:'passer', 'invoice', '[{"description": "x",
    "quantity": 1, "unit_price": 1, "tax_rate": 0}]', '2026-11-02') \gset
select number from crm.post_document(:'draft');
select from mandant.set_setting('missing_company_fields', 'refuse');
select id as draft from crm.create_document(:'passer', 'invoice', '[{"description": "x",
    "quantity": 1, "unit_price": 1, "tax_rate": 0}]', '2026-11-02') \gset
select crm.post_document(:'draft');
\echo :SQLSTATE
select count(mandant.set_setting('company_' || f.field, 'x'))
from unnest(array['street', 'postal_code', 'city', 'register', 'directors']) as f (field);
select number from crm.post_document(:'draft');
-- what a new tenant has from its country's pack
select key, value, level, reason from mandant.effective_setting
where key in ('tax_rounding', 'tenant_timezone', 'tenant_locale') order by key;
reset mandant.tenant;

-- loading: the same again changes nothing
set role crm_master;
select content as de from crm.country_pack where country = 'DE' \gset
select loaded_at < now() as before from crm.load_country_pack(:'de');
select count(*) from crm.country_pack where country = 'DE';

-- a newer pack corrects from its date on
select jsonb_set(jsonb_set(jsonb_set(jsonb_set(jsonb_set(jsonb_set(:'de'::jsonb,
    '{valid_from}', '"2025-07-01"'),
    '{series,3,pattern}', '"R{yy}-{n:6}"'),
    '{mandatory_fields,0,gross_above}', '400'),
    '{retention,1,years}', '9'),
    '{tax_codes,1,rates,2,rate}', '7.5'),
    '{settings,tax_rounding,value}', '"line"') #- '{mandatory_fields,1}' as newer \gset
select country, valid_from, loaded_by is not null as by_somebody from crm.load_country_pack(:'newer');
select kind, pattern, valid_from from crm.default_series
where country = 'DE' and kind = 'invoice' order by valid_from;
select field, gross_above, valid_from, valid_until from crm.mandatory_field
where country = 'DE' and kind = 'invoice' and of = 'customer' order by field, valid_from;
select years, valid_from from crm.retention_rule
where country = 'DE' and record_class = 'voucher' order by valid_from;
select crm.tax_rate_on('DE', 'reduced', '2026-11-24');
reset role;
select from mandant.create_tenant('de2', 'Neue GmbH', 'DE', 'EUR', 'group');
set role mandant_admin;
select t.code, s.pattern from mandant.series as s join mandant.tenant as t on t.id = s.tenant_id
where s.kind = 'invoice' and t.country = 'DE' order by t.code;
select tenant, value from mandant.effective_setting
where key = 'tax_rounding' and tenant in ('dx', 'de2') order by tenant;
-- what a pack wants of the document itself
select jsonb_insert(:'newer', '{mandatory_fields,0}', '{"kinds": ["order"], "of": "document",
    "field": "reference", "rule": "x", "source": "the group"}') as with_reference \gset
set role crm_master;
select valid_from from crm.load_country_pack(:'with_reference');
set role crm_sales_de;
select id as draft from crm.create_document(:'customer', 'order',
    '[{"product": "BUCH", "quantity": 1}]', '2026-11-02') \gset
select crm.post_document(:'draft');
\echo :SQLSTATE
select from crm.change_document(:'draft', reference => 'PO 1');
select number from crm.post_document(:'draft');

-- from an older date on nothing can be loaded any more, and what was loaded stays known
set role crm_master;
select crm.load_country_pack(:'de');
\echo :SQLSTATE
select valid_from from crm.country_pack where country = 'DE' order by loaded_at;
delete from crm.country_pack;
\echo :SQLSTATE
reset role;
update crm.country_pack set country = 'US';
\echo :SQLSTATE
truncate crm.country_pack;
\echo :SQLSTATE

-- not everybody's business
set role crm_sales_de;
select crm.load_country_pack(jsonb_set(:'newer', '{valid_from}', '"2025-07-02"'));
\echo :SQLSTATE
select crm.load_country_pack(:'with_reference');
\echo :SQLSTATE
update crm.tax_rate set rate = 1;
\echo :SQLSTATE
insert into crm.tax_code values ('DE', 'own', 'S', '{"en": "own"}', null, 'x', 'x');
\echo :SQLSTATE
delete from crm.mandatory_field;
\echo :SQLSTATE
select crm.check_country_pack('{}');
\echo :SQLSTATE
select crm.apply_country_pack(1);
\echo :SQLSTATE

-- a pack that is wrong anywhere is refused with the place, and nothing of it counts
set role crm_master;
select :'newer'::jsonb || '{"valid_from": "2025-08-01"}' as pack \gset
select p.path, p.value, crm_broken(:'pack', p.path::text[], p.value::jsonb) as answer
from (values
    ('{country}', null), ('{country}', '"XX"'), ('{country}', 'null'), ('{country}', '1'),
    ('{valid_from}', '"2926-06-01"'), ('{valid_from}', '"2026-02-30"'), ('{valid_from}', '"soon"'), ('{valid_from}', '20261120'),
    ('{remarks}', '"none"'),
    ('{facts}', '[]'), ('{facts,timezone}', '"Europe/Bonn"'), ('{facts,locale}', '"German"'),
    ('{facts,fiscal_year_start}', '"31-12"'), ('{facts,currency}', '"DM"'),
    ('{facts,currency}', '"XAU"'), ('{facts,currency}', '"HRK"'), ('{facts,rule}', null),
    ('{facts,source}', '" "'),
    ('{number_format,pattern}', '"["'), ('{number_format,pattern}', '"^[0-9]+$"'),
    ('{number_format,pattern}', '[".*"]'),
    ('{series}', '{}'), ('{series}', 'null'), ('{series,2}', '"LS"'),
    ('{series,2,pattern}', null), ('{series,2,pattern}', '"LS-{yyyy}"'),
    ('{series,2,pattern}', '"LS-{n}-{n:5}-{yyyy}"'), ('{series,2,pattern}', '"LS-{n:5}"'),
    ('{series,2,pattern}', '"LS-{yyyy}-{week}-{n:5}"'), ('{series,2,pattern}', '"LS {yyyy} {n:5}"'),
    ('{series,2,pattern}', '"Lieferschein-Nummer-{yyyy}-{n:5}-Hamburg"'),
    ('{series,2,pattern}', '"LS-{yyyy}-{n:0}"'), ('{series,2,pattern}', '"LS-{yyyy}-{n:99}"'),
    ('{series,2,pattern}', '"LS-{yyyy}-{n:5}\u0007"'), ('{series,2,pattern}', '["LS-{yyyy}-{n:5}"]'),
    ('{series,2,pattern}', '""'), ('{series,2,pattern}', '5'),
    ('{series,2,kind}', '"bill"'), ('{series,2,kind}', '"invoice"'),
    ('{series,2,reset}', '"weekly"'), ('{series,2,reset}', '"month"'),
    ('{series,2,policy}', '"strict"'), ('{series,2,rule}', null), ('{series,2,source}', '7'),
    ('{series,2,start}', '7'),
    ('{tax_codes,0,code}', '"Standard"'), ('{tax_codes,0,code}', '"reduced"'),
    ('{tax_codes,0,category}', '"X"'), ('{tax_codes,0,category}', '"Z"'),
    ('{tax_codes,0,titles}', '{"de": "x"}'), ('{tax_codes,4,note,zh-Hant}', '""'),
    ('{tax_codes,0,rates}', '{}'), ('{tax_codes,0,rates}', '[]'), ('{tax_codes,0,rates,1,rate}', '101'),
    ('{tax_codes,0,rates,1,rate}', '"16"'), ('{tax_codes,0,rates,1,rate}', '-1'),
    ('{tax_codes,0,rates,1,valid_from}', '"2020"'),
    ('{tax_codes,0,rates,1,valid_from}', '"2021-01-01"'), ('{tax_codes,0,rates,1,source}', null),
    ('{mandatory_fields,1,kinds}', '["invoice", "bill"]'), ('{mandatory_fields,1,kinds}', '[]'),
    ('{mandatory_fields,1,kinds}', '"invoice"'), ('{mandatory_fields,1,kinds}', null),
    ('{mandatory_fields,1,kinds}', '["invoice", "invoice"]'),
    ('{mandatory_fields,1,of}', '"seller"'), ('{mandatory_fields,1,field}', '"shoe_size"'),
    ('{mandatory_fields,1,field}', '"street"'), ('{mandatory_fields,4,field}', '"motto"'),
    ('{mandatory_fields,1,field}', '"merged_into"'),
    ('{mandatory_fields,1,gross_above}', '"250"'), ('{mandatory_fields,1,gross_above}', '-5'),
    ('{mandatory_fields,1,customer_countries}', '["DE", "XX"]'),
    ('{mandatory_fields,2,tax_categories}', '[]'),
    ('{retention,0,record_class}', '"receipt"'), ('{retention,0,years}', '0'),
    ('{retention,0,years}', '7.5'), ('{retention,0,years}', '"8"'), ('{retention,0,from}', '"today"'),
    ('{retention,0,valid_from}', '"2025-01-01"'),
    ('{settings}', '[]'), ('{settings,tax_rounding}', '"line"'),
    ('{settings,tax_rounding,value}', '"never"'), ('{settings,tax_rounding,value}', 'null'),
    ('{settings,exchange_rate_days}', '{"value": 3, "rule": "x", "source": "x"}'),
    ('{settings,tenant_currency}', '{"value": "EUR", "rule": "x", "source": "x"}'),
    ('{settings,payment_terms_days}', '{"value": 366, "rule": "x", "source": "x"}'),
    ('{settings,shoe_size}', '{"value": 1, "rule": "x", "source": "x"}')) as p (path, value);
select crm_broken(:'pack', '{series,2,pattern}', to_jsonb(repeat('LS-', 20) || '{yyyy}-{n}')) as long_pattern,
    crm_broken(:'pack', '{mandatory_fields,1}', '{"kinds": ["invoice"], "of": "document",
        "field": "number", "rule": "x", "source": "x"}') as number_of_a_draft \gx
select crm.load_country_pack(null);
\echo :SQLSTATE
select crm.load_country_pack('[]');
\echo :SQLSTATE
select valid_from from crm.country_pack where country = 'DE' order by loaded_at;
select count(*) from crm.mandatory_field where valid_from = '2025-08-01';

-- a pack that does not hold yet can be replaced by any, and nothing of it remains
select current_date + 1800 as mistyped, current_date + 30 as meant \gset
select from crm.load_country_pack(crm_from(:'with_reference', :'mistyped', 20, 5));
select c.what, c.entry, c."from" = :'mistyped' as mistyped from crm_to_come() as c order by c.what;
select from crm.load_country_pack(crm_from(:'with_reference', :'meant', 18, 6.0));
select c.what, c.entry, c."from" = :'meant' as meant from crm_to_come() as c order by c.what;
-- what the newest pack leaves out counts for no new tenant
select valid_from from crm.load_country_pack(:'pack'::jsonb #- '{series,0}' #- '{settings}');
select c.what, c.entry from crm_to_come() as c;
reset role;
select from mandant.create_tenant('de3', 'Neuere GmbH', 'DE', 'EUR');
set role mandant_admin;
select s.kind, s.pattern from mandant.series as s join mandant.tenant as t on t.id = s.tenant_id
where t.code = 'de3' order by s.kind;
select value, level from mandant.effective_setting where key = 'tax_rounding' and tenant = 'de3';

rollback;
