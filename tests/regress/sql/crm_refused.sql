-- What is refused of customers, their documents and master data, and that a refusal tells nothing of others. MD-01 MD-03 MD-04 R-TAX-01
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
begin;
create role refused_sales login;
create role refused_rep login;
create role refused_both login;
select from mandant.bind_login('refused_sales', 'de', 'tenant_sales');
select from mandant.bind_login('refused_rep', 'de', 'sales_rep');
select from mandant.bind_login('refused_both', 'de', 'tenant_sales');
select from mandant.grant_role('refused_both', 'tenant_sales', 'us');
select id as us from mandant.tenant where code = 'us' \gset
select id as de from mandant.tenant where code = 'de' \gset
select id as customer from crm.customer where name = 'Bäckerei Größinger KG' \gset
select id as foreign_customer from crm.customer where name = 'Twin Cities Robotics' \gset

-- a tenant that one may not see, and one that is not there, get row security's answer, whatever else is wrong
set local role refused_sales;
do $$
declare
  attempt text;
  tenant int;
begin
  foreach attempt in array array[
    'insert into crm.product (tenant_id, code, name, unit, unit_price, currency, tax_rate, tax_code) values (%s, ''x'', ''x'', ''hour'', 1, ''EUR'', 0, ''nonsense'')',
    'insert into crm.customer (tenant_id, name, country) values (%s, ''x'', ''DE'')',
    'insert into crm.price_list (tenant_id, code, name, currency) values (%s, ''x'', ''x'', ''EUR'')',
    'insert into crm.price (tenant_id, price_list_id, product_id, valid_from, unit_price) values (%s, mandant.new_id(), mandant.new_id(), ''2026-01-01'', 1)',
    'insert into crm.document (tenant_id, kind, customer_id, document_date, currency) values (%s, ''quote'', mandant.new_id(), ''2026-01-01'', ''EUR'')',
    -- whoever is not seen has no contacts: P0002, of a tenant that is there or not
    'insert into crm.contact (tenant_id, customer_id, name) values (%s, ''00000000-0000-7000-8000-000000000000'', ''x'')',
    'insert into crm.customer_address (tenant_id, customer_id, kind, country) values (%s, ''00000000-0000-7000-8000-000000000000'', ''billing'', ''DE'')']
  loop
    for tenant in select id from unnest(array[(select min(w) - 1 from unnest(mandant.current_tenants()) w), 9999]) as id loop
      begin
        execute format(attempt, tenant);
        raise notice 'done: %', attempt;
      exception when insufficient_privilege then null;
                when others then raise notice '% %: %', sqlstate, sqlerrm, attempt;
      end;
    end loop;
  end loop;
end
$$;
insert into crm.product (code, name, unit, unit_price, currency, tax_rate, tax_code) values ('x', 'x', 'hour', 1, 'EUR', 0, 'nonsense');
\echo :SQLSTATE
-- of another's customer not even that he is there
\set VERBOSITY sqlstate
insert into crm.contact (customer_id, name) values (:'foreign_customer', 'x');
insert into crm.document (kind, customer_id, document_date, currency) values ('quote', :'foreign_customer', '2026-11-20', 'EUR');
\set VERBOSITY terse

-- blocked: no way to what does not settle what is open
select id as before from crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 19}]', '2026-11-20') \gset
update crm.customer set state = 'blocked' where id = :'customer';
insert into crm.document (kind, customer_id, document_date, currency) values ('invoice', :'customer', '2026-11-20', 'EUR');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice');
\echo :SQLSTATE
select crm.post_document(:'before');
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('payment', :'customer', '2026-11-20', 'EUR') returning status;
update crm.customer set state = 'active' where id = :'customer';

-- dates that no document has
select crm.create_document(:'customer', 'invoice', '[]', 'infinity');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', '[]', '0202-12-31');
\echo :SQLSTATE
select crm.change_document(:'before', document_date => '10000-01-01');
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('invoice', :'customer', '-infinity', 'EUR');
\echo :SQLSTATE

-- who does not see the customer writes nothing for him, and posts nothing
select id as quote from crm.create_document(:'customer', 'quote', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 19}]',
  owner_id => (select id from mandant.principal where name = 'refused_rep')) \gset
set local role refused_rep;
\set VERBOSITY sqlstate
insert into crm.document (tenant_id, kind, customer_id, document_date, currency) values (:de, 'quote', :'customer', '2026-11-20', 'EUR');
select crm.post_document(:'quote');
select crm.document_texts(:'quote');
\set VERBOSITY terse
reset role;

-- a line says which field is wrong; names that no index takes
set local role refused_sales;
select crm.create_document(:'customer', 'invoice', '[{"description": "x", "unit_price": 1, "tax_rate": 19}]');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 0, "unit_price": 1, "tax_rate": 19}]');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', '[{"description": " ", "quantity": 1, "unit_price": 1, "tax_rate": 19}]');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 1e12, "tax_rate": 19}]');
\echo :SQLSTATE
select crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": -1}]');
\echo :SQLSTATE
insert into crm.product (code, name, unit, unit_price, currency, tax_rate) values (repeat('ä', 101), 'x', 'hour', 1, 'EUR', 0);
\echo :SQLSTATE
insert into crm.customer (name, country) values (repeat('ä', 501), 'DE');
\echo :SQLSTATE
insert into crm.contact (customer_id, name, email) values (:'customer', 'x', 'x@' || repeat('ä', 253));
\echo :SQLSTATE
insert into crm.customer (name, country, email) values (repeat('ä', 500), 'DE', 'x@' || repeat('ä', 252)) returning length(name), length(email);
reset role;

-- patterns mean the same to whoever reads backslashes as of old
set local standard_conforming_strings = off;
set local escape_string_warning = off;
set local role refused_sales;
select crm.check_tax_id('DE', 'de 136 695 976'), crm.fold_name('S.à r.l. Müller & Söhne');
select name, reason from crm.find_duplicates('Baeckerei Groessinger', 'DE');
reset role;
set local standard_conforming_strings = on;

-- a tax id says its country itself; a check of birth dates in a worker
set local role refused_sales;
select name, reason from crm.find_duplicates('x', tax_id => 'DE100000016');
select count(set_config(name, 'on', true)) from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query');
select crm.check_tax_id('CZ', 'CZ7103192745'), crm.check_tax_id('BG', 'BG7501020018');
select crm.check_tax_id('CZ', 'CZ7102312745');
\echo :SQLSTATE
select count(set_config(name, 'off', true)) from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query');

-- the link to a party in another company outlives a merge by somebody who does not see it; a merged customer gets nothing
set local role refused_both;
set local mandant.tenant = '*';
select party_id as party from crm.link_party(:'foreign_customer', :'customer') \gset
set local mandant.tenant = '';
set local role refused_sales;
insert into crm.customer (name, country) values ('Größinger Bäckerei', 'DE') returning id as twice \gset
select party_id = :'party' as still_linked from crm.merge_customers(:'twice', :'customer', 'the same');
insert into crm.contact (customer_id, name) values (:'twice', 'x');
\echo :SQLSTATE
insert into crm.customer_address (customer_id, kind, country) values (:'twice', 'billing', 'DE');
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('payment', :'twice', '2026-11-20', 'EUR');
\echo :SQLSTATE
reset role;

-- a company in a country that there is not, and one in a country with a clock of its own
select mandant.create_tenant('refused', 'X', 'XX', 'EUR', parent => 'group');
\echo :SQLSTATE
select timezone from mandant.create_tenant('refused', 'X', 'JP', 'JPY', parent => 'group');

-- master data that would break what relies on them
delete from crm.legal_form where form ~ '[\u2e80-\u9fff]';
select crm.without_legal_form(crm.fold_name('Normal GmbH'));
delete from crm.legal_form;
select crm.without_legal_form(crm.fold_name('Normal GmbH'));
insert into crm.tax_id_format (country, prefix, pattern) values ('US', 'US', '(');
\echo :SQLSTATE
rollback;
