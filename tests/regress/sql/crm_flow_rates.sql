-- Exchange rates and addresses: what a document takes, keeps, and is refused without.
-- CF-11 ST-05 R-CUR-01 R-RND-01 RP-02
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_hk login;
select from mandant.bind_login('crm_sales_hk', 'hk', 'tenant_sales');
select mandant.allow('tenant_sales', 'document', '{void}', 'tenant') \g /dev/null
delete from crm.exchange_rate where type = 'daily' and rate_date >= '2026-11-01';
insert into crm.exchange_rate (currency, rate_date, rate, source) values
    ('USD', '2026-11-16', 1.0850, 'by hand'), ('HKD', '2026-11-16', 8.4765625, 'by hand'),
    ('HKD', '2026-11-24', 8.5000, 'by hand'), ('JPY', '2026-11-16', 165.00, 'by hand');
select id as customer from crm.customer where name = 'Aberdeen Boat Works Ltd.' \gset
select id as other from crm.customer where name = 'Lantau Trading Company' \gset
insert into crm.customer_address (tenant_id, customer_id, kind, name, street, city, country)
select c.tenant_id, c.id, a.kind, a.name, a.street, a.city, 'HK'
from crm.customer as c, (values
    ('billing', 'Boat Works Accounts', '1 Ledger Lane', 'Hong Kong'),
    ('delivery', null, '2 Quay Street', 'Hong Kong')
) as a (kind, name, street, city)
where c.id = :'customer' \g /dev/null
select id as billing from crm.customer_address where customer_id = :'customer' and kind = 'billing' \gset
select id as delivery from crm.customer_address where customer_id = :'customer' and kind = 'delivery' \gset
create function crm_draft(currency text, day date, price text, rate numeric default null)
    returns uuid language sql as $$
    select id from crm.create_document(
        (select c.id from crm.customer as c where c.name = 'Aberdeen Boat Works Ltd.'), 'invoice',
        format('[{"description": "x", "quantity": 1, "unit_price": %s, "tax_rate": 5}]', price)::jsonb, day,
        currency => currency, exchange_rate => rate)
$$;
set role crm_sales_hk;

-- the rate of its date, the one that was agreed, one's own currency; what is missing is refused
select currency, gross, exchange_rate, tenant_currency, tenant_net, tenant_tax, tenant_gross,
    group_currency, group_exchange_rate is not null as rate, group_net
from crm.post_document(crm_draft('USD', '2026-11-16', '447.00'));
select gross, exchange_rate, tenant_gross from crm.post_document(crm_draft('USD', '2026-11-16', '447.00', 7.80));
select gross, exchange_rate, tenant_gross, group_net
from crm.post_document(crm_draft('HKD', '2026-11-16', '100.00'));
select currency, net, tax, exchange_rate = 8.4765625 / 165 as cross_rate, tenant_net, tenant_tax
from crm.post_document(crm_draft('JPY', '2026-11-16', '999.5'));
select crm.post_document(crm_draft('CHF', '2026-11-16', '447.00'));
\echo :SQLSTATE
select crm.post_document(crm_draft('USD', '2026-11-25', '447.00'));
\echo :SQLSTATE
select crm.post_document(crm_draft('HKD', '2026-11-16', '1.00', 2));
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm_draft('USD', '2026-11-16', '1.00', 0);
select crm_draft('USD', '2026-11-16', '1.00', -1);
select crm_draft('USD', '2026-11-16', '1.00', 'NaN');
\set VERBOSITY terse
-- without a rate into the group's currency the amount is unknown, never another
select group_currency, group_exchange_rate, group_net from crm.post_document(crm_draft('HKD', '2026-12-24', '1.00'));

-- cancelled on a day with other rates: zero in all three currencies
select id as invoice from crm.post_document(crm_draft('USD', '2026-11-16', '447.00')) \gset
reset role;
update crm.exchange_rate set rate = 1.2 where currency = 'USD' and rate_date = '2026-11-16';
update crm.exchange_rate set rate = 9.9 where currency = 'HKD';
set role crm_sales_hk;
select id as counter from crm.cancel_document(:'invoice', 'rates', '2026-11-17') \gset
select sum(d.gross * k.revenue_sign) as gross, sum(d.tenant_net * k.revenue_sign) as tenant_net,
    sum(d.tenant_gross * k.revenue_sign) as tenant_gross, sum(d.group_net * k.revenue_sign) as group_net
from crm.document as d join crm.document_kind as k on k.code = d.kind
where d.id in (:'invoice', :'counter');

-- the only addresses are taken, and kept when they change or go; another customer's are not
select customer_name, customer_street, delivery_name, delivery_street, billing_address_id, delivery_address_id
from crm.document where id = :'invoice';
update crm.customer_address set street = 'elsewhere' where customer_id = :'customer';
delete from crm.customer_address where id = :'billing';
\set VERBOSITY sqlstate
delete from crm.document where customer_id = :'customer' and status = 'draft';
delete from crm.customer_address where id = :'billing';
\set VERBOSITY terse
select customer_street, delivery_street from crm.document where id = :'invoice';
select crm.create_document(:'other', 'invoice', '[]', delivery_address_id => :'delivery');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', '[]', billing_address_id => :'delivery');
\echo :SQLSTATE
select id as draft from crm.create_document(:'other', 'invoice', '[]') \gset
select crm.change_document(:'draft', delivery_address_id => :'delivery');
\echo :SQLSTATE
update crm.document set delivery_address_id = :'delivery' where id = :'draft';
\echo :SQLSTATE

-- a supply is of its day, and taxed by it
reset role;
create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
set role crm_sales_de;
select id as customer from crm.customer where name = 'Bäckerei Größinger KG' \gset
select id as late, document_date, supplied_on, tax
from crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 100,
    "tax_code": "standard"}]', '2021-01-04', supplied_on => '2020-12-20') \gset
select :'document_date' as document_date, :'supplied_on' as supplied_on, :tax as tax;
select d.supplied_on, d.tax from crm.change_document(:'late', supplied_on => '2021-01-02') as d;
select supplied_on, tax from crm.post_document(:'late');

-- more than the limit: a word, or a refusal
update crm.customer set credit_limit = 100 where id = :'customer';
select id as dear from crm.create_document(:'customer', 'invoice',
    '[{"description": "x", "quantity": 1, "unit_price": 5000, "tax_rate": 0}]', '2026-11-20') \gset
reset role;
select mandant.set_setting('credit_limit_check', 'refuse', tenant => 'de') \g /dev/null
set role crm_sales_de;
select crm.post_document(:'dear');
\echo :SQLSTATE
reset role;
select mandant.set_setting('credit_limit_check', 'warn', tenant => 'de') \g /dev/null
set role crm_sales_de;
select number is not null as posted from crm.post_document(:'dear');

rollback;
