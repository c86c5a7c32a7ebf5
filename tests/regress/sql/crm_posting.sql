-- Posting: number, amounts, and what the document keeps for ever.
-- NR-01 NR-06 NR-08 NR-26 CF-10 CF-11
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select id as customer from crm.customer where name = 'Bäckerei Größinger KG' \gset
create function crm_draft(kind text, lines jsonb, day date, currency text default null)
    returns uuid language sql as $$
    select id from crm.create_document(
        (select c.id from crm.customer as c where c.name = 'Bäckerei Größinger KG'),
        kind, lines, day, currency => currency)
$$;
insert into crm.exchange_rate (currency, rate_date, rate, source)
values ('KWD', '2026-10-22', 0.3581, 'made up');

set role crm_sales_de;

-- the number is the series' next, and a rollback gives it back
select crm_draft('invoice', '[{"product": "BUCH", "quantity": 1}]', '2026-10-20') as draft \gset
savepoint before_posting;
select number, status from crm.post_document(:'draft');
rollback to before_posting;
select number, status from crm.document where id = :'draft';
select number, status, posted_at = now() as now, net, tax, gross, open_amount, payment_terms_days,
    due_date
from crm.post_document(:'draft');
select state, document = :'draft' as of_this_document
from mandant.issued_number where number = 'RE-2026-00026';

-- the period is the document's date, in each kind's own series
select number from crm.post_document(crm_draft('invoice',
    '[{"product": "BUCH", "quantity": 1}]', '2025-12-30'));
select number from crm.post_document(crm_draft('invoice',
    '[{"product": "BUCH", "quantity": 1}]', '2027-01-01'));
select kind, number, open_amount
from unnest(array['quote', 'order', 'delivery_note', 'invoice', 'credit_note', 'payment']) as k,
    crm.post_document(crm_draft(k, '[{"product": "BUCH", "quantity": 1}]', '2026-10-21'));

-- lines are rounded one by one, tax once per rate, half away from zero
select number, net, tax, gross from crm.post_document(crm_draft('invoice',
    '[{"description": "a", "quantity": 1, "unit_price": "0.125", "tax_rate": 19},
      {"description": "b", "quantity": 1, "unit_price": "0.125", "tax_rate": 19},
      {"description": "c", "quantity": 3, "unit_price": "0.335", "tax_rate": 7}]', '2026-10-22'))
\gset posted_
select :'posted_number' as number, :posted_net as net, :posted_tax as tax, :posted_gross as gross;
select t.tax_rate, t.net, t.tax
from crm.document_tax as t join crm.document as d on d.id = t.document_id
where d.number = :'posted_number' order by t.tax_rate;
select net, tax, gross from crm.post_document(crm_draft('invoice',
    '[{"description": "taken back", "quantity": -1, "unit_price": "0.125", "tax_rate": 50},
      {"description": "taken back", "quantity": 1, "unit_price": "-2.5", "tax_rate": 9}]',
    '2026-10-22'));
-- to the currency's minor unit: none in yen, three in Kuwaiti dinars
select currency, net, tax, gross from crm.post_document(crm_draft('invoice',
    '[{"description": "yen", "quantity": 1, "unit_price": "2.5", "tax_rate": 50}]',
    '2026-10-22', 'JPY'));
select currency, net, tax, gross from crm.post_document(crm_draft('invoice',
    '[{"description": "dinar", "quantity": 1, "unit_price": "1.0005", "tax_rate": 5}]',
    '2026-10-22', 'KWD'));

-- the document keeps name, address and terms of the day
update crm.customer
set name = 'Größinger & Töchter KG', city = 'Wien', country = 'AT', payment_terms_days = 0
where id = :'customer';
select customer_name, customer_street, customer_postal_code, customer_city, customer_country,
    customer_tax_id, customer_language, payment_terms_days
from crm.document where id = :'draft';
update crm.product set unit_price = 1, tax_rate = 0, name = 'x' where code = 'BUCH';
select description, unit_price, tax_rate, net from crm.document_line where document_id = :'draft';

-- refused, without taking a number: twice, without lines, unknown, without a series, not allowed
select crm.post_document(:'draft');
\echo :SQLSTATE
select id as empty from crm.create_document(:'customer', 'invoice', document_date => '2026-10-23')
\gset
\set VERBOSITY sqlstate
select crm.post_document(:'empty');
\set VERBOSITY terse
select crm.post_document('00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE

reset role;
insert into crm.document_kind (code, name, revenue_sign, balance_sign, for_blocked_customer)
    values ('circular', 'Circular', 0, 0, false);
set role mandant_admin;
select id as circular from crm.create_document(:'customer', 'circular',
    '[{"description": "fee", "quantity": 1, "unit_price": 5, "tax_rate": 0}]') \gset
select crm.post_document(:'circular');
\echo :SQLSTATE
select number, status from crm.document where id = :'circular';

select id as foreign_draft from crm.document
    where status = 'draft' and document_date = '2026-10-06'
        and currency = 'USD' \gset
set role report_de;
select crm.post_document(:'empty');
\echo :SQLSTATE
set role crm_sales_de;
\set VERBOSITY sqlstate
select crm.post_document(:'foreign_draft');
\set VERBOSITY terse

-- what remains is without a gap
select kind, period, min(n), max(n), count(*)
from mandant.issued_number group by kind, period order by kind, period;

rollback;
