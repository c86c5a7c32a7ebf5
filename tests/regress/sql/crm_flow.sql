-- Quote, order, delivery notes, invoices, credit notes: partial quantities, what is left, and back.
-- CF-03 CF-04 CF-12 NR-08 R-NUM-02 R-NUM-06 R-IMM-02 R-RND-02
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select mandant.allow('tenant_sales', 'document', '{void}', 'tenant') \g /dev/null
set role crm_sales_de;
select id as customer from crm.customer where name = 'Bäckerei Größinger KG' \gset
select id as other from crm.customer where name = 'Jäger & Söhne Maschinenbau GmbH' \gset

-- a quote, its revision, the order
select id as quote from crm.create_document(:'customer', 'quote',
    '[{"description": "Chair", "quantity": 10, "unit": "piece", "unit_price": 199.90, "discount_percent": 5,
       "tax_code": "standard"},
      {"description": "Table", "quantity": 2, "unit": "piece", "unit_price": 480, "tax_code": "standard"}]',
    '2026-10-01') \gset
\set VERBOSITY sqlstate
select crm.convert_document(:'quote', 'order');
\set VERBOSITY terse
select number, status, valid_until, revision from crm.post_document(:'quote');
select id as revised, status, revision, net from crm.revise_quote(:'quote', '2026-10-02') \gset
select :'status' as status, :revision as revision, :net as net;
select crm.revise_quote(:'quote');
\echo :SQLSTATE
select net, tax, gross from crm.change_document(:'revised', '[
    {"description": "Chair", "quantity": 10, "unit": "piece", "unit_price": 199.90, "discount_percent": 5,
     "tax_code": "standard"},
    {"description": "Table", "quantity": 1, "unit": "piece", "unit_price": 480, "tax_code": "standard"}]');
select number, revision from crm.post_document(:'revised');
select status from crm.document where id = :'quote';
select crm.convert_document(:'quote', 'order');
\echo :SQLSTATE
select crm.revise_quote(:'quote');
\echo :SQLSTATE
select crm.convert_document(:'revised', 'order', document_date => '2026-11-02');
\echo :SQLSTATE
select crm.convert_document(:'revised', 'invoice');
\echo :SQLSTATE
select status, status_reason from crm.change_status(:'revised', 'declined', 'too dear');
select crm.convert_document(:'revised', 'order', document_date => '2026-10-05');
\echo :SQLSTATE
select status, status_reason from crm.change_status(:'revised', 'posted');
select crm.change_status(:'revised', 'replaced');
\echo :SQLSTATE
select crm.change_status(:'revised', 'cancelled');
\echo :SQLSTATE
select id as order, net, tax, gross, reference from crm.convert_document(:'revised', 'order',
    document_date => '2026-10-05', reference => 'PO 77') \gset
select :net as net, :tax as tax, :gross as gross, :'reference' as reference;
select number, status from crm.post_document(:'order');
select status from crm.document where id = :'revised';
select crm.convert_document(:'revised', 'order', document_date => '2026-10-05');
\echo :SQLSTATE
select crm.change_status(:'revised', 'posted');
\echo :SQLSTATE

-- six chairs and the table, then no more than four
select id as delivery from crm.convert_document(:'order', 'delivery_note',
    '[{"source_position": 1, "quantity": 6}, {"source_position": 2}]', '2026-10-06') \gset
select position, description, quantity, unit_price, discount_percent, source_position, net
from crm.document_line where document_id = :'delivery' order by position;
select crm.convert_document(:'order', 'delivery_note', '[{"source_position": 1, "quantity": 5}]');
\echo :SQLSTATE
select crm.convert_document(:'order', 'delivery_note', '[{"source_position": 1, "quantity": -1}]');
\echo :SQLSTATE
select crm.convert_document(:'order', 'delivery_note', '[{"source_position": 2}]');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.convert_document(:'order', 'delivery_note', '[{"source_position": 3}]');
select crm.convert_document(:'delivery', 'invoice');
select crm.convert_document(:'order', 'delivery_note', '{}');
\set VERBOSITY terse
select kind, status, net from crm.convert_document(:'order', 'delivery_note', '[]');
-- a draft counts; dropped, it no longer does
select position, product, quantity, ordered, delivered, invoiced, reversed from crm.open_lines(:'order');
savepoint dropped;
delete from crm.document where id = :'delivery';
select position, quantity, delivered from crm.open_lines(:'order');
rollback to dropped;
select crm.change_document(:'delivery', format(
    '[{"source_document_id": %s, "source_position": 1, "quantity": 11}]', to_json(:'order'::text))::jsonb);
\echo :SQLSTATE
select number, supplied_on from crm.post_document(:'delivery');
select id as rest from crm.convert_document(:'order', 'delivery_note', document_date => '2026-10-20') \gset
select position, description, quantity from crm.document_line where document_id = :'rest';
select number from crm.post_document(:'rest');
select crm.convert_document(:'order', 'delivery_note');
\echo :SQLSTATE

-- each is invoiced, the order with them
select id as invoice, net, tax, gross, supplied_on
from crm.convert_document(:'delivery', 'invoice', document_date => '2026-10-31') \gset
select :net as net, :tax as tax, :gross as gross, :'supplied_on' as supplied_on;
select number, open_amount from crm.post_document(:'invoice');
select crm.convert_document(:'order', 'invoice', '[{"source_position": 1, "quantity": 5}]');
\echo :SQLSTATE
select id as second from crm.convert_document(:'order', 'invoice', document_date => '2026-10-31') \gset
select crm.convert_document(:'rest', 'invoice');
\echo :SQLSTATE
select number, net, tax, gross, open_amount from crm.post_document(:'second');
select position, quantity, ordered, delivered, invoiced, reversed from crm.open_lines(:'order');
select position, quantity, ordered, delivered, invoiced, reversed from crm.open_lines(:'delivery');

-- one chair is credited; more than there is, or at another price, is not
select crm.convert_document(:'second', 'credit_note', '[{"source_position": 1, "quantity": 5}]');
\echo :SQLSTATE
select crm.convert_document(:'second', 'credit_note',
    '[{"source_position": 1, "quantity": 1, "unit_price": 1}]');
\echo :SQLSTATE
select id as credit from crm.convert_document(:'second', 'credit_note',
    '[{"source_position": 1, "quantity": 1}]', '2026-11-03') \gset
select number, net, tax, gross, open_amount from crm.post_document(:'credit');
select number, status, credited, open_amount from crm.document where id = :'second';
select position, quantity, invoiced, reversed from crm.open_lines(:'second');
select position, quantity, invoiced from crm.open_lines(:'order');
-- an amount, without a line it comes from: never above the invoice
select id as amount from crm.convert_document(:'second', 'credit_note',
    '[{"description": "Kulanz", "quantity": 1, "unit_price": 569.72, "tax_rate": 19}]') \gset
select crm.post_document(:'amount');
\echo :SQLSTATE
select gross from crm.change_document(:'amount',
    '[{"description": "Kulanz", "quantity": 1, "unit_price": 569.71, "tax_rate": 19}]');
savepoint credited;
select number, gross, open_amount from crm.post_document(:'amount');
select credited = gross as wholly, open_amount from crm.document where id = :'second';
rollback to credited;
\set VERBOSITY sqlstate
select crm.cancel_document(:'amount', 'a draft');
\set VERBOSITY terse
delete from crm.document where id = :'amount';
select crm.cancel_document(:'second', 'too late');
\echo :SQLSTATE

-- cancelled: the counter-document has its own number, both sum to zero, a second time is refused
select crm.cancel_document(:'invoice', ' ');
\echo :SQLSTATE
select crm.cancel_document(:'invoice', 'wrong address', '2026-10-30');
\echo :SQLSTATE
select id as counter, number, kind, status, gross, open_amount, cancels_id = :'invoice' as cancels,
    texts ->> 'title' as title
from crm.cancel_document(:'invoice', 'wrong address', '2026-11-04') \gset
select :'number' as number, :'kind' as kind, :gross as gross, :open_amount as open, :'cancels' as cancels,
    :'title' as title;
select number, status, status_reason, credited = gross as wholly, open_amount
from crm.document where id = :'invoice';
select t.tax_category, t.tax_rate, sum(t.net * k.revenue_sign) as net, sum(t.tax * k.revenue_sign) as tax
from crm.document_tax as t join crm.document_kind as k on k.code = t.kind
where t.document_id in (:'invoice', :'counter') group by 1, 2;
select crm.cancel_document(:'invoice', 'again');
\echo :SQLSTATE
select crm.cancel_document(:'counter', 'never');
\echo :SQLSTATE
select crm.convert_document(:'invoice', 'credit_note');
\echo :SQLSTATE
-- what it had billed can be billed anew
select position, invoiced, reversed from crm.open_lines(:'delivery');
select gross from crm.convert_document(:'delivery', 'invoice');

-- a delivery that was invoiced cannot be taken back, another can, and is then to be delivered again
select crm.cancel_document(:'delivery', 'lost');
\echo :SQLSTATE
select number, kind, net, texts ->> 'title' as title from crm.cancel_document(:'rest', 'lost', '2026-11-05');
select position, quantity, delivered, invoiced from crm.open_lines(:'order');
select id as again from crm.convert_document(:'order', 'delivery_note') \gset
select position, quantity from crm.document_line where document_id = :'again';
-- an order of which something was delivered is not cancelled, but what is left can be taken off
select crm.cancel_document(:'order', 'over');
\echo :SQLSTATE
delete from crm.document where id = :'again';
select crm.convert_document(:'order', 'order', '[{"source_position": 1, "quantity": 1}]');
\echo :SQLSTATE
select crm.convert_document(:'order', 'order', '[{"source_position": 1, "quantity": -2}]');
\echo :SQLSTATE
select id as less, net from crm.convert_document(:'order', 'order', '[{"source_position": 1, "quantity": -1}]',
    '2026-11-06') \gset
select number, net, open_amount from crm.post_document(:'less');
select position, quantity, delivered, invoiced, reversed from crm.open_lines(:'order');
select crm.convert_document(:'order', 'delivery_note', '[{"source_position": 1, "quantity": 4}]');
\echo :SQLSTATE

-- a quotation that was made cannot be for another customer, nor in another currency
select crm.create_document(:'other', 'delivery_note', format(
    '[{"source_document_id": %s, "source_position": 1}]', to_json(:'order'::text))::jsonb);
\echo :SQLSTATE
select crm.create_document(:'customer', 'delivery_note', format(
    '[{"source_document_id": %s, "source_position": 1}]', to_json(:'order'::text))::jsonb,
    currency => 'USD');
\echo :SQLSTATE
select crm.create_document(:'customer', 'credit_note', format(
    '[{"source_document_id": %s, "source_position": 1}]', to_json(:'second'::text))::jsonb);
\echo :SQLSTATE
select crm.create_document(:'customer', 'delivery_note', '[{"source_position": 1}]');
\echo :SQLSTATE

-- a tenant that invoices what was delivered
reset role;
select mandant.set_setting('invoice_policy', 'delivered', tenant => 'de') \g /dev/null
set role crm_sales_de;
select crm.convert_document(:'order', 'invoice', '[{"source_position": 1, "quantity": 1}]');
\echo :SQLSTATE

-- a discount that is no longer given stays where it was agreed, also a product no longer sold
select id as bought from crm.create_document(:'customer', 'order',
    '[{"product": "BUCH", "quantity": 4, "discount": "SUMMER26"}]', '2026-08-31') \gset
select net from crm.post_document(:'bought');
update crm.product set active = false, unit_price = 99 where code = 'BUCH' \g /dev/null
select id as late from crm.convert_document(:'bought', 'delivery_note', '[{"source_position": 1, "quantity": 3}]',
    '2026-10-08') \gset
select d.net, l.discount, l.unit_price from crm.post_document(:'late') as d
join crm.document_line as l on l.document_id = d.id;

-- more than one order in one invoice
reset role;
select mandant.set_setting('invoice_policy', 'ordered', tenant => 'de') \g /dev/null
set role crm_sales_de;
select id as bought_too from crm.create_document(:'customer', 'order',
    '[{"description": "Lamp", "quantity": 1, "unit_price": 50, "tax_rate": 19}]', '2026-10-08') \gset
select from crm.post_document(:'bought_too');
select net from crm.convert_document(:'bought', 'invoice', format(
    '[{"source_position": 1}, {"source_document_id": %s, "source_position": 1},
      {"description": "Freight", "quantity": 1, "unit_price": 9.90, "tax_rate": 19}]',
    to_json(:'bought_too'::text))::jsonb);
select position, quantity, invoiced from crm.open_lines(:'bought_too');

rollback;
