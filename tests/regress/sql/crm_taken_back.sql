-- What was taken back stays taken back: nothing is made from it, nothing cancels it, and never more
-- than there was, net and tax, in any currency, to the cent.
-- CF-04 CF-12 R-IMM-02 R-TAX-02
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_manager');
insert into crm.exchange_rate (currency, rate_date, rate, source) values ('USD', '2026-11-16', 1.1111, 'by hand');
create function crm_bill(lines jsonb, kind text default 'invoice', currency text default 'EUR') returns uuid
    language sql as $$
    select id from crm.post_document((crm.create_document(
        (select c.id from crm.customer as c where c.name = 'Bäckerei Größinger KG'), kind, lines, '2026-11-16',
        currency => currency)).id)
$$;
create function crm_ten() returns jsonb language sql as
    $$ select '[{"description": "x", "quantity": 10, "unit_price": 100, "tax_rate": 19}]'::jsonb $$;
set role crm_sales_de;

-- a counter-document is not cancelled: neither a payment's, nor an order's, nor a part of a delivery
select id as payment from crm.record_payment(
    (select c.id from crm.customer as c where c.name = 'Bäckerei Größinger KG'), 100, '2026-11-17',
    allocations => '[]') \gset
select id as counter from crm.cancel_document(:'payment', 'bounced', '2026-11-18') \gset
select crm.cancel_document(:'counter', 'again', '2026-11-18');
\echo :SQLSTATE
select crm_bill(crm_ten(), 'order') as order \gset
select id as counter from crm.cancel_document(:'order', 'over', '2026-11-18') \gset
select crm.cancel_document(:'counter', 'again', '2026-11-18');
\echo :SQLSTATE
select crm_bill(crm_ten(), 'order') as order \gset
select id as delivery from crm.post_document((crm.convert_document(:'order', 'delivery_note')).id) \gset
select id as return from crm.post_document((crm.convert_document(:'delivery', 'delivery_note',
    '[{"source_position": 1, "quantity": -3}]')).id) \gset
select crm.cancel_document(:'return', 'again');
\echo :SQLSTATE
-- nor is anything made of it: what was never billed is not credited
select crm.convert_document(:'return', 'invoice');
\echo :SQLSTATE
select net from crm.convert_document(:'delivery', 'invoice');

-- credit notes stay within net and tax of each rate
select crm_bill('[{"description": "a", "quantity": 1, "unit_price": 100, "tax_rate": 19},
    {"description": "b", "quantity": 1, "unit_price": 100, "tax_rate": 7}]') as invoice \gset
select crm.post_document((crm.convert_document(:'invoice', 'credit_note',
    '[{"description": "tax", "quantity": 1, "unit_price": 110, "tax_rate": 19},
      {"description": "no tax", "quantity": -1, "unit_price": 10, "tax_rate": 7}]')).id);
\echo :SQLSTATE
select crm.post_document((crm.convert_document(:'invoice', 'credit_note',
    '[{"description": "less", "quantity": -1, "unit_price": 10, "tax_rate": 19}]')).id);
\echo :SQLSTATE
select crm.post_document((crm.convert_document(:'invoice', 'credit_note',
    '[{"description": "another rate", "quantity": 1, "unit_price": 10, "tax_rate": 5}]')).id);
\echo :SQLSTATE
select net, tax, open_amount from crm.post_document((crm.convert_document(:'invoice', 'credit_note',
    '[{"description": "a part", "quantity": 1, "unit_price": 30, "tax_rate": 19}]')).id);
select credited, open_amount from crm.document where id = :'invoice';

-- three times a third is one, to the cent: net, tax, and in the tenant's currency
select crm_bill('[{"description": "x", "quantity": 3, "unit_price": 0.125, "tax_rate": 19}]', currency => 'USD') as thirds \gset
select net, tax, tenant_net, tenant_tax from crm.document where id = :'thirds';
select d.net, d.tax, d.tenant_net, d.tenant_tax
from generate_series(1, 3) as n, lateral crm.post_document((crm.convert_document(
    case when n > 0 then :'thirds'::uuid end, 'credit_note', '[{"source_position": 1, "quantity": 1}]', '2026-11-18')).id) as d;
select credited = gross as wholly, open_amount from crm.document where id = :'thirds';
-- at the rate of what it takes back
select crm_bill(crm_ten(), currency => 'USD') as invoice \gset
select id as credit, exchange_rate from crm.convert_document(:'invoice', 'credit_note', document_date => '2026-11-18') \gset
select crm.change_document(:'credit', exchange_rate => 0.5) is null as changed;
select crm.post_document(:'credit');
\echo :SQLSTATE

-- further documents that a draft is made from are asked as the first one is
select crm_bill(crm_ten(), 'quote') as one \gset
select crm_bill(crm_ten(), 'quote') as two \gset
select id as both from crm.convert_document(:'one', 'order', format('[{"source_position": 1},
    {"source_document_id": %s, "source_position": 1}]', to_json(:'two'::text))::jsonb, '2026-11-18') \gset
select crm.change_status(:'two', 'declined');
\echo :SQLSTATE
select crm.revise_quote(:'two');
\echo :SQLSTATE
select net from crm.post_document(:'both');
select status from crm.document where id in (:'one', :'two');

-- what is too large is not posted; a discount is off what was not credited
select crm.post_document((crm.create_document((select c.id from crm.customer as c where c.name = 'Bäckerei Größinger KG'),
    'invoice', '[{"description": "x", "quantity": 999999999999, "unit_price": 999999999999, "tax_rate": 0}]')).id);
\echo :SQLSTATE
update crm.customer set early_payment_days = 10, early_payment_percent = 3 where name = 'Bäckerei Größinger KG';
select crm_bill('[{"description": "a", "quantity": 1, "unit_price": 100, "tax_rate": 19},
    {"description": "b", "quantity": 1, "unit_price": 100, "tax_rate": 0}]') as invoice \gset
select gross from crm.post_document((crm.convert_document(:'invoice', 'credit_note',
    '[{"source_position": 1, "quantity": 1}]', '2026-11-16')).id);
select open_amount from crm.record_payment((select c.id from crm.customer as c where c.name = 'Bäckerei Größinger KG'),
    97, '2026-11-17', allocations => jsonb_build_array(jsonb_build_object('document_id', :'invoice')));
select tax_rate, net, tax from crm.settlement_tax where document_id = :'invoice';
select open_amount from crm.document where id = :'invoice';

rollback;
