-- A day of two companies, figures reckoned by hand: order, two deliveries, two invoices, a payment
-- with discount, a credit note; an invoice in a foreign currency; revenue in another one. What would
-- be too much is refused, and each number is the next of its series.
-- CF-03 CF-04 CF-10 CF-11 CF-12 NR-01 NR-08 R-NUM-06 R-TAX-02 R-RND-02 R-CUR-01 R-HK-01 R-HK-07
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_golden login;
select from mandant.bind_login('crm_golden', 'group', 'tenant_manager', 'all', '*');
select mandant.set_setting(s.key, s.value, tenant => 'de')
from (values ('early_payment_days', '10'), ('early_payment_percent', '2')) as s (key, value) \g /dev/null
insert into crm.exchange_rate (currency, rate_date, rate, source)
values ('USD', '2026-11-16', 1.0850, 'by hand'), ('HKD', '2026-11-16', 8.4765625, 'by hand');

set role crm_golden;
select id as customer from crm.customer where name = 'Jäger & Söhne Maschinenbau GmbH' \gset

-- the order: 10 x 199.90 less 5 % and 1 x 480.00
select id as order, kind, net, tax, gross from crm.create_document(:'customer', 'order',
    '[{"description": "Chair", "quantity": 10, "unit": "piece", "unit_price": 199.90, "discount_percent": 5,
       "tax_code": "standard"},
      {"description": "Table", "quantity": 1, "unit": "piece", "unit_price": 480.00, "tax_code": "standard"}]',
    '2026-11-16') \gset
select :net as net, :tax as tax, :gross as gross;
select number from crm.post_document(:'order');

-- six and the second line; eleven in all would be one too many
select id as delivery from crm.convert_document(:'order', 'delivery_note',
    '[{"source_position": 1, "quantity": 6}, {"source_position": 2}]', '2026-11-16') \gset
select number from crm.post_document(:'delivery');
select crm.convert_document(:'order', 'delivery_note', '[{"source_position": 1, "quantity": 5}]', '2026-11-16');
\echo :SQLSTATE
select id as first from crm.convert_document(:'delivery', 'invoice', document_date => '2026-11-16') \gset
select number, net, tax, gross, open_amount from crm.post_document(:'first');
select id as delivery from crm.convert_document(:'order', 'delivery_note', document_date => '2026-11-16') \gset
select number from crm.post_document(:'delivery');
select id as second from crm.convert_document(:'delivery', 'invoice', document_date => '2026-11-16') \gset
select number, net, tax, gross, open_amount from crm.post_document(:'second');

-- paid in time: 38.54 less, of which 6.15 is tax
select id as payment, number, gross, open_amount
from crm.record_payment(:'customer', 1888.58, '2026-11-20') \gset
select :'number' as number, :gross as gross, :open_amount as open;
select status, open_amount from crm.document where id = :'first';
select s.purpose, s.amount, t.tax_rate, t.net, t.tax
from crm.settlement as s left join crm.settlement_tax as t on t.settlement_id = s.id
where s.document_id = :'first' order by s.purpose;

-- ten cannot be credited, one can
select crm.convert_document(:'second', 'credit_note', '[{"source_position": 1, "quantity": 10}]', '2026-11-23');
\echo :SQLSTATE
select id as credit from crm.convert_document(:'second', 'credit_note',
    '[{"source_position": 1, "quantity": 1}]', '2026-11-23') \gset
select number, net, tax, gross from crm.post_document(:'credit');
select open_amount from crm.document where id = :'second';

-- Hong Kong bills US dollars: no tax line, and its own dollars beside
select id as foreign from crm.create_document(
    (select c.id from crm.customer as c where c.name = 'Aberdeen Boat Works Ltd.'), 'invoice',
    '[{"description": "Training", "quantity": 3, "unit_price": 149.00, "tax_code": "none"}]', '2026-11-16',
    currency => 'USD') \gset
select number, net, tax, gross, currency, exchange_rate, tenant_currency, tenant_net, tenant_gross
from crm.post_document(:'foreign');
select tax_category, tax_rate, net, tax from crm.document_tax where document_id = :'foreign';

-- a second cancellation is refused
select id as mistake from crm.create_document(:'customer', 'invoice',
    '[{"description": "Lamp", "quantity": 1, "unit_price": 50, "tax_code": "standard"}]', '2026-11-16') \gset
select number from crm.post_document(:'mistake');
select number from crm.cancel_document(:'mistake', 'twice', '2026-11-23');
select crm.cancel_document(:'mistake', 'twice', '2026-11-23');
\echo :SQLSTATE

-- revenue of the German company: the cancelled one nets to zero; in US dollars at 1.0850
select sum(d.net * k.revenue_sign) as eur, sum(round(d.net * k.revenue_sign
    * crm.exchange_rate_on('EUR', 'USD', '2026-11-16'), 2)) as usd
from crm.document as d
join crm.document_kind as k on k.code = d.kind
join mandant.tenant as t on t.id = d.tenant_id
where t.code = 'de' and d.status <> 'draft' and d.customer_id = :'customer'
    and d.document_date between '2026-11-16' and '2026-11-23';

-- what is open, and that no number is missing
select kind, number, open_amount from crm.open_item
where customer_id = :'customer' and document_date >= '2026-11-16' order by number;
select count(*) from mandant.number_gaps();

rollback;
