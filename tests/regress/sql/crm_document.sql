-- Drafts: where they belong, what they take from customer and product, what is refused.
-- NR-08 NR-14 AC-15 MD-03 CF-10
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

-- someone who sells in Germany and Hong Kong, and someone who sells in Germany
create role crm_sales_de login;
create role crm_sales_both login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select from mandant.bind_login('crm_sales_both', 'de', 'tenant_sales', default_selection => '*');
select from mandant.grant_role('crm_sales_both', 'tenant_sales', 'hk');

select id as us_customer from crm.customer where name = 'Lakeshore Credit Union' \gset
select id as de_customer from crm.customer where name = 'Jäger & Söhne Maschinenbau GmbH' \gset
select id as hk_customer from crm.customer where name = '旺角書局 Mong Kok Books' \gset

create function crm_show(document crm.document)
    returns table (tenant text, kind text, number text, status text, day date, reference text,
        currency text, net numeric, tax numeric, gross numeric)
    language sql as $$
    select t.code, $1.kind, $1.number, $1.status, $1.document_date, $1.reference, $1.currency,
        $1.net, $1.tax, $1.gross
    from mandant.tenant as t where t.id = $1.tenant_id
$$;

set role crm_sales_de;

-- a draft has no number, and takes price, tax and text from the product
select * from crm_show(crm.create_document(:'de_customer', 'invoice',
    '[{"product": "CRM-PRO", "quantity": 3}, {"product": "BUCH", "quantity": 2}]',
    '2026-10-20', 'draft one'));
select id as draft from crm.document where reference = 'draft one' \gset
select position, description, quantity, unit, unit_price, tax_rate, net
from crm.document_line where document_id = :'draft' order by position;
select tax_rate, net, tax from crm.document_tax where document_id = :'draft' order by tax_rate;

-- what is not said: no lines, the tenant's currency, today in the tenant's time zone, me
set timezone = 'Pacific/Kiritimati';
select currency, net, gross, owner_id = created_by as mine,
    document_date = (now() at time zone 'Europe/Berlin')::date as today
from crm.create_document(:'de_customer', 'quote');
reset timezone;

-- the tenant is the customer's, whatever is selected
set role crm_sales_both;
select * from crm_show(crm.create_document(:'hk_customer', 'quote',
    '[{"product": "TRAIN", "quantity": 2}]', '2026-10-20'));
set mandant.tenant = 'hk';
select * from crm_show(crm.create_document(:'hk_customer', 'quote', '[]', '2026-10-20'));
\set VERBOSITY sqlstate
select from crm.create_document(:'de_customer', 'quote');
\set VERBOSITY terse
reset mandant.tenant;

-- a customer of another company and one that does not exist: the same answer
set role crm_sales_de;
\set VERBOSITY sqlstate
select from crm.create_document(:'us_customer', 'invoice');
select :'LAST_ERROR_MESSAGE' = 'no such customer ' || :'us_customer' as same_words;
\set VERBOSITY terse
select from crm.create_document('00000000-0000-7000-8000-000000000000', 'invoice');
\echo :SQLSTATE

-- nor can a plain insert refer to another company's customer, or go to another company
insert into crm.document (tenant_id, kind, customer_id, document_date, currency)
    select t.id, 'invoice', :'us_customer', '2026-10-20', 'EUR' from mandant.tenant as t;
\echo :SQLSTATE
reset role;
select id as us from mandant_internal.tenant where code = 'us' \gset
set role crm_sales_de;
insert into crm.document (tenant_id, kind, customer_id, document_date, currency)
    values (:us, 'invoice', :'us_customer', '2026-10-20', 'USD');
\echo :SQLSTATE

-- number, status and amounts are not for users to write, nor are lines
insert into crm.document (kind, customer_id, document_date, currency, number, status)
    values ('invoice', :'de_customer', '2026-10-20', 'EUR', 'RE-2026-99999', 'posted');
\echo :SQLSTATE
update crm.document set status = 'posted' where id = :'draft';
\echo :SQLSTATE
update crm.document set net = 1 where id = :'draft';
\echo :SQLSTATE
update crm.document_line set unit_price = 1 where document_id = :'draft';
\echo :SQLSTATE

-- a draft changes: what is not given stays, lines are replaced
select * from crm_show(crm.change_document(:'draft', reference => 'draft two'));
select * from crm_show(crm.change_document(:'draft',
    '[{"description": "Nachlass", "quantity": -1, "unit_price": "10.005", "tax_rate": 19}]',
    '2026-10-21', ''));
select position, description, quantity, net from crm.document_line where document_id = :'draft';

-- values that cannot be used
select crm.create_document(:'de_customer', 'bill');
\echo :SQLSTATE
select crm.create_document(:'de_customer', 'invoice', currency => 'EURO');
\echo :SQLSTATE
select crm.change_document(:'draft', '{}');
\echo :SQLSTATE
select crm.change_document(:'draft', '[1]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "qty": 1}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 0}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": "NaN"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": "two"}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1, "tax_rate": 101}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"description": "no price", "quantity": 1}]');
\echo :SQLSTATE
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1},
    {"product": "HANDBUCH", "quantity": 1}]');
\echo :SQLSTATE
select crm.create_document(:'de_customer', 'invoice', '[{"product": "BUCH", "quantity": 1}]',
    currency => 'CHF');
\echo :SQLSTATE
update crm.product set active = false where code = 'BUCH';
select crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 1}]');
\echo :SQLSTATE
select crm.change_document('00000000-0000-7000-8000-000000000000', reference => 'x');
\echo :SQLSTATE

-- nothing of all that has touched the draft
select position, description, quantity, net from crm.document_line where document_id = :'draft';

-- a blocked customer gets nothing new but what settles the old
update crm.customer set state = 'blocked' where id = :'de_customer';
select crm.create_document(:'de_customer', 'order');
\echo :SQLSTATE
select kind, status from crm.create_document(:'de_customer', 'payment');

-- a draft goes with its lines, and without a gap: it never had a number
delete from crm.document where id = :'draft' returning number, status;
select count(*) from crm.document_line where document_id = :'draft';

-- who only reads makes nothing, and cannot change or delete a draft
set role report_de;
select crm.create_document(:'de_customer', 'payment');
\echo :SQLSTATE
select id as draft from crm.document where kind = 'quote' and reference = 'PO 4121'
    and status = 'draft' \gset
select crm.change_document(:'draft', reference => 'x');
\echo :SQLSTATE
delete from crm.document where id = :'draft' returning status;
update crm.document set reference = 'x' where id = :'draft' returning status;

rollback;
