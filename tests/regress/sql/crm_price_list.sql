-- Price lists: which price a line gets, on which day, and who may keep lists.
-- MD-03 CF-11
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\set SHOW_CONTEXT never
set datestyle = iso;
begin;

create role crm_list_sales login;
create role crm_list_rep login;
create role crm_list_hk login;
select from mandant.bind_login('crm_list_sales', 'de', 'tenant_sales');
select from mandant.bind_login('crm_list_rep', 'de', 'sales_rep');
select from mandant.bind_login('crm_list_hk', 'hk', 'tenant_sales');
create function crm_line(document crm.document) returns table (unit_price numeric, percent numeric, net numeric)
    language sql as $$
    select l.unit_price, l.discount_percent, l.net
    from crm.document_line as l where l.document_id = $1.id order by l.position
$$;
select id as customer from crm.customer where name = 'Jäger & Söhne Maschinenbau GmbH' \gset
select id as buch from crm.product where code = 'BUCH' \gset

set role crm_list_sales;
insert into crm.price_list (code, name, currency) values ('HÄNDLER', 'Händlerpreise', 'EUR'), ('CH', 'Schweiz', 'CHF');
select id as list from crm.price_list where code = 'HÄNDLER' \gset
select id as swiss from crm.price_list where code = 'CH' \gset
insert into crm.price (price_list_id, product_id, valid_from, unit_price) values
    (:'list', :'buch', '2026-03-01', 40), (:'list', :'buch', '2026-07-01', 38.50), (:'list', :'buch', '2026-10-01', null),
    (:'swiss', :'buch', '2026-01-01', 52);
update crm.customer set price_list_id = :'list', discount = 10 where id = :'customer';

-- the price of the document's date: before the first one the product's, and where the list has none any more
select d.day, l.*
from unnest(array['2026-02-28', '2026-03-01', '2026-06-30', '2026-07-01', '2026-09-30', '2026-10-01']::date[]) as d (day),
    crm_line(crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 2}]', d.day, 'list')) as l
order by d.day;
-- a price that is given comes first, and a product that is not in the list has its own
select * from crm_line(crm.create_document(:'customer', 'invoice', '[{"product": "BUCH", "quantity": 1, "unit_price": 45},
    {"product": "BERATUNG", "quantity": 1}, {"product": "BUCH", "quantity": 1, "discount": "VOLUME"}]', '2026-08-01'));
-- in another currency the list says nothing; the product neither
select crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-08-01', currency => 'CHF');
\echo :SQLSTATE
update crm.customer set price_list_id = :'swiss' where id = :'customer';
select * from crm_line(crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-08-01', currency => 'CHF'));
select * from crm_line(crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-08-01'));
-- no longer used
update crm.price_list set active = false where id = :'swiss';
select crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-08-01', currency => 'CHF');
\echo :SQLSTATE

-- what is written stays: on another date, with a price that is changed later, a list that goes
update crm.customer set price_list_id = :'list' where id = :'customer';
select id as draft from crm.document where reference = 'list' and document_date = '2026-07-01' \gset
select net from crm.change_document(:'draft', document_date => '2026-06-30');
select net from crm.change_document(:'draft', document_date => '2026-07-01');
update crm.price set unit_price = 1 where price_list_id = :'list' and valid_from = '2026-07-01';
select unit_price, net from crm.document_line where document_id = :'draft';
select unit_price, net from crm_line(crm.change_document(:'draft', '[{"product": "BUCH", "quantity": 2}]'));
select set_config('test.list', :'list', true) \g /dev/null
do $$ begin delete from crm.price_list where id = current_setting('test.list')::uuid;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
select set_config('test.buch', :'buch', true) \g /dev/null
do $$ begin delete from crm.product where id = current_setting('test.buch')::uuid;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
update crm.customer set price_list_id = null where id = :'customer';
delete from crm.price_list where id = :'list' returning code;
select count(*) from crm.price where price_list_id = :'list';
select action, count(*) from mandant.audit_log where "table" in ('crm.price', 'crm.price_list') and at >= now()
group by action order by action;

-- what cannot be
insert into crm.price (price_list_id, product_id, valid_from, unit_price) values (:'swiss', :'buch', '2026-01-01', 1);
\echo :SQLSTATE
insert into crm.price (price_list_id, product_id, valid_from, unit_price) values (:'swiss', :'buch', '2027-01-01', -1);
\echo :SQLSTATE
insert into crm.price (price_list_id, product_id, valid_from, unit_price) values (:'swiss', :'buch', '2027-01-01', 'NaN');
\echo :SQLSTATE
insert into crm.price_list (code, name, currency) values ('CH', 'noch einmal', 'CHF');
\echo :SQLSTATE
insert into crm.price_list (code, name, currency) values ('GOLD', 'Barren', 'XAU');
\echo :SQLSTATE
insert into crm.price_list (code, name, currency) values ('EURO', ' ', 'EUR');
\echo :SQLSTATE
update crm.price_list set name = 'Schweiz und Liechtenstein', currency = 'EUR' where id = :'swiss';
\echo :SQLSTATE

-- a representative reads prices, and takes them, but keeps none
set role crm_list_rep;
select code, count(p.*) as prices from crm.price_list as l left join crm.price as p on p.price_list_id = l.id
group by code order by code collate "C";
with changed as (update crm.price set unit_price = 0 returning 1) select count(*) as changed from changed;
insert into crm.price_list (code, name, currency) values ('MINE', 'meine', 'EUR');
\echo :SQLSTATE

-- another company sees none of it, and can refer to none of it
set role crm_list_hk;
select code from crm.price_list order by code;
select count(*) from crm.price where price_list_id = :'swiss';
insert into crm.price (price_list_id, product_id, valid_from, unit_price)
    select :'swiss', id, '2027-01-01', 1 from crm.product where code = 'BOOK';
\echo :SQLSTATE
update crm.customer set price_list_id = :'swiss' where name = '旺角書局 Mong Kok Books';
\echo :SQLSTATE

-- who may not see the customer's price list cannot sell past it
reset role;
select mandant.define_role('list_blind', 'Sells, but sees no price lists');
select mandant.allow('list_blind', o, '{read,create,update}', 'tenant') from unnest(array['tenant', 'customer', 'product', 'quote']) as o;
create role crm_list_blind login;
select from mandant.bind_login('crm_list_blind', 'de', 'list_blind');
update crm.price_list set active = true where id = :'swiss';
update crm.customer set price_list_id = :'swiss' where id = :'customer';
set role crm_list_blind;
select crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-08-01');
\echo :SQLSTATE
select net from crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1, "unit_price": 45}]', '2026-08-01');

-- lists are copied like any table, and so is a customer with one
set role crm_list_sales;
copy crm.price_list_copy (code, name, currency) from stdin (format csv);
BEHÖRDE,Behördenpreise,EUR
\.
update crm.price_list set currency = 'CHF' where code = 'BEHÖRDE';  -- no prices yet
update crm.price_list set currency = 'EUR' where code = 'BEHÖRDE' returning id as authority \gset
insert into crm.customer_copy (name, country, price_list_id) values ('Stadt Hagen', 'DE', :'authority');
select c.name, l.code from crm.customer as c join crm.price_list as l on l.id = c.price_list_id where l.code = 'BEHÖRDE';

rollback;
