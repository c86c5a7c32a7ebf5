-- What all companies share: currencies, countries, units, discounts. Who reads, who keeps them, and
-- what products and documents make of them.
-- Judged by the PyPI packages iso4217 1.16.20260101 and pycountry 26.2.16: the counts and the md5 of
-- the sorted lists of currencies (code:minor unit, code:numeric code) and countries
-- (code:alpha3:numeric code) were computed from these.
-- MD-02 CF-11 R-RND-01 R-RND-02
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

select minor_unit, count(*) from crm.currency where withdrawn is null group by minor_unit order by minor_unit;
select count(*),
    md5(string_agg(code || ':' || coalesce(minor_unit::text, ''), E'\n' order by code collate "C"))
        = '97eb726506b9b8371bf2ddd7de17d3c8' as same_minor_units,
    md5(string_agg(code || ':' || numeric_code, E'\n' order by code collate "C"))
        = '33cc63bb482b2c1240e1e0b80289872b' as same_numeric_codes
from crm.currency where withdrawn is null;
select string_agg(code, ' ' order by code collate "C") as no_amounts from crm.currency where minor_unit is null;
select code, numeric_code, minor_unit, name, withdrawn from crm.currency
where withdrawn is not null order by code collate "C";

select count(*),
    md5(string_agg(code || ':' || alpha3 || ':' || numeric_code, E'\n' order by code collate "C"))
        = '999f76b6b6fc73ec1ce4b8b204192b98' as same_codes
from crm.country;
select count(*) filter (where eu_from <= '2026-01-01' and coalesce(eu_until, 'infinity') > '2026-01-01') as eu_2026,
    count(*) filter (where eu_from <= '2020-01-31' and coalesce(eu_until, 'infinity') > '2020-01-31') as eu_2020,
    count(*) filter (where eu_from <= '2004-01-01' and coalesce(eu_until, 'infinity') > '2004-01-01') as eu_15
from crm.country;
select c.code, c.alpha3, c.numeric_code, c.name, d.timezone, c.eu_from, c.eu_until
from crm.country as c left join mandant_internal.country_default as d on d.country = c.code
where c.code in ('CA', 'DE', 'GB', 'HK', 'TW', 'US') order by c.code;
select country, timezone from mandant_internal.country_default
where timezone not in (select name from pg_timezone_names) order by country;

select code, unece, names ->> 'de' as de, names ->> 'en' as en, names ->> 'zh-Hant' as zh
from crm.unit order by code collate "C";

-- everybody reads; writing takes the right in all companies, which is one role, and is audited
create role crm_keeper login;
select from mandant.bind_login('crm_keeper', 'group', 'master_data', 'all', '*');
set role report_hk;
select (select count(*) from crm.currency) > 0 as currencies, (select count(*) from crm.unit) > 0 as units,
    (select count(*) from crm.discount) > 0 as discounts;
insert into crm.unit (code, names, unece) values ('mine', '{"en": "mine"}', 'C62');
\echo :SQLSTATE
update crm.currency set minor_unit = 0 where code = 'EUR';
\echo :SQLSTATE
delete from crm.discount;
\echo :SQLSTATE
set role crm_keeper;
insert into crm.unit (code, names, unece) values ('pallet', '{"de": "Palette", "en": "pallet"}', 'PF');
insert into crm.discount (code, names, percent, valid_from, valid_until) values
    ('AUTUMN', '{"de": "Herbst", "en": "Autumn"}', 12.5, '2026-09-01', '2026-12-01'),
    ('FREE', '{"en": "Free of charge"}', 100, '2026-01-01', null);
update crm.country set name = 'Hong Kong SAR' where code = 'HK';
-- how amounts are rounded stays; what no amount can be in has none yet
update crm.currency set minor_unit = 3 where code = 'EUR';
\echo :SQLSTATE
update crm.currency set minor_unit = null where code = 'EUR';
\echo :SQLSTATE
update crm.currency set name = 'euro', minor_unit = 2 where code = 'EUR' returning name;
update crm.currency set minor_unit = 2 where code = 'XTS' returning minor_unit;
set role report_us;
select "table", key, action, coalesce(old ->> 'name', '') as old, new ->> 'name' as new, login
from mandant.audit_log where tenant_id is null and at >= now() and "table" in ('crm.unit', 'crm.country', 'crm.discount')
order by "table", key;

-- and what cannot be is refused
set role crm_keeper;
insert into crm.unit (code, names, unece) values ('Stück', '{"en": "piece"}', 'C62');
\echo :SQLSTATE
insert into crm.unit (code, names, unece) values ('box', '{"de": "Kiste"}', 'BX');
\echo :SQLSTATE
insert into crm.discount (code, names, percent, valid_from) values ('MORE', '{"en": "More"}', 100.01, '2026-01-01');
\echo :SQLSTATE
insert into crm.discount (code, names, percent, valid_from) values ('NAN', '{"en": "NaN"}', 'NaN', '2026-01-01');
\echo :SQLSTATE
insert into crm.currency (code, numeric_code, name, minor_unit) values ('euro', '978', 'Euro', 2);
\echo :SQLSTATE
do $$ begin delete from crm.currency where code = 'EUR';
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
reset role;

-- no company, product or document in gold, in what is no more, or in what never was
select mandant.create_tenant('gold', 'Gold AG', 'CH', 'XAU');
\echo :SQLSTATE
select mandant.create_tenant('bg', 'Balgariya OOD', 'BG', 'BGN');
\echo :SQLSTATE
create function crm_lines(document uuid) returns table
    ("position" int, quantity numeric, unit_price numeric, discount text, percent numeric, net numeric)
    language sql as $$
    select l.position, l.quantity, l.unit_price, l.discount, l.discount_percent, l.net
    from crm.document_line as l where l.document_id = $1 order by l.position
$$;
create role crm_shared_sales login;
select from mandant.bind_login('crm_shared_sales', 'de', 'tenant_sales');
set role crm_shared_sales;
\set VERBOSITY default
insert into crm.product (code, name, unit, unit_price, currency, tax_rate) values ('BAR', 'Barren', 'kg', 1, 'XAU', 19);
insert into crm.product (code, name, unit, unit_price, currency, tax_rate) values ('BAR', 'Barren', 'Stück', 1, 'EUR', 19);
update crm.product set unit = '' where code = 'BUCH';
\set VERBOSITY terse
\echo :SQLSTATE
insert into crm.product (code, name, unit, unit_price, currency, tax_rate) values ('PAL', 'Palette', 'pallet', 9.9, 'EUR', 19);
select id as customer from crm.customer where name = 'Jäger & Söhne Maschinenbau GmbH' \gset
select crm.create_document(:'customer', 'invoice', currency => 'XXX');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', currency => 'BGN', document_date => '2026-01-01');
\echo :SQLSTATE
select currency, document_date from crm.create_document(:'customer', 'quote', currency => 'BGN',
    document_date => '2025-12-31', reference => 'last lev');
update crm.document set document_date = '2026-01-01' where reference = 'last lev';
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('quote', :'customer', '2026-10-20', 'XDR');
\echo :SQLSTATE

-- a line's unit is one of them, or its product's; a line without product may have none
select currency, net from crm.create_document(:'customer', 'quote',
    '[{"product": "PAL", "quantity": 2}, {"product": "BUCH", "quantity": 1, "unit": "set"},
      {"description": "Porto", "quantity": 1, "unit_price": "4.90", "tax_rate": 19}]',
    '2026-10-20', 'units');
select id as draft from crm.document where reference = 'units' \gset
select position, unit, unit_price, discount, discount_percent, net
from crm.document_line where document_id = :'draft' order by position;
select crm.change_document(:'draft', '[{"product": "PAL", "quantity": 1},
    {"product": "PAL", "quantity": 1, "unit": "Stück"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "PAL", "quantity": 1, "unit": " "}]');
\echo :SQLSTATE

-- a discount by code, by percentage, the customer's own where a line says neither
update crm.customer set discount = 3 where id = :'customer';
select net, tax, gross from crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1},
    {"product": "BUCH", "quantity": 1, "discount": "AUTUMN"},
    {"product": "BUCH", "quantity": 3, "discount_percent": 33.333},
    {"product": "BUCH", "quantity": 1, "discount_percent": 0},
    {"product": "BUCH", "quantity": 1, "discount": null, "discount_percent": null},
    {"description": "half a cent", "quantity": 1, "unit_price": "0.01", "discount_percent": 50, "tax_rate": 7},
    {"description": "half a cent back", "quantity": -1, "unit_price": "0.01", "discount_percent": "50", "tax_rate": 7},
    {"product": "BUCH", "quantity": 1, "discount": "FREE"}]');
select * from crm_lines(:'draft');
-- rounded once: 100000000500000000.00499
select net from crm.change_document(:'draft', '[{"description": "a lot", "quantity": "100000000001",
    "unit_price": "100000000.499", "discount_percent": 99, "tax_rate": 0}]');
-- 1000000000000000.00499
select tax from crm.change_document(:'draft', '[
    {"description": "a lot", "quantity": "100000000000", "unit_price": 10000000, "discount_percent": 0,
     "tax_rate": 0.1},
    {"description": "a little", "quantity": 1, "unit_price": "4.99", "discount_percent": 0, "tax_rate": 0.1}]');
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount": "AUTUMN", "discount_percent": 1}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount": "SPRING"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount": ""}]');
\echo :SQLSTATE
\set VERBOSITY default
\set SHOW_CONTEXT never
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount": "AUTUMN"}]', '2026-12-01');
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount": "FREE"}]', '2025-12-31');
\set VERBOSITY terse
select net from crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount": "AUTUMN"}]', '2026-11-30');
-- on another date it is not given; a draft that is moved past change_document is not posted so
select crm.change_document(:'draft', document_date => '2026-12-01');
\echo :SQLSTATE
select net from crm.change_document(:'draft', document_date => '2026-09-01');
update crm.document set document_date = '2026-08-31' where id = :'draft';
select crm.post_document(:'draft');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount_percent": 101}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "discount_percent": "NaN"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "rebate": 1}]');
\echo :SQLSTATE

-- what was agreed stays, whatever becomes of the discount; a payment is what was paid
set role crm_keeper;
update crm.discount set percent = 50 where code = 'AUTUMN';
do $$ begin delete from crm.discount where code = 'AUTUMN';
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
set role crm_shared_sales;
select * from crm_lines(:'draft');
select net from crm.create_document(:'customer', 'payment',
    '[{"description": "bank transfer", "quantity": 1, "unit_price": "100.00", "tax_rate": 0}]', '2026-10-20');

rollback;
