-- copy ... from for a tenant: through a view, row by row as an insert of whoever copies. AC-07
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
begin;
create role copy_de login;
create role copy_reader login;
select from mandant.bind_login('copy_de', 'de', 'tenant_sales');
select from mandant.bind_login('copy_reader', 'de');
set local session authorization copy_de;
-- PostgreSQL refuses the table
copy crm.product from stdin;
\.
copy crm.product_copy (code, name, unit, unit_price, currency, tax_rate) from stdin (format csv);
T-1,Tisch,piece,120.50,EUR,19
T-2,Stuhl,piece,40,EUR,19
\.
select code, name, unit_price, active, tenant_id = mandant.current_tenant() as ours from crm.product where code like 'T-_' order by 1;
-- another tenant's, and a bad row among good ones: nothing stays
copy crm.product_copy (tenant_id, code, name, unit, unit_price, currency, tax_rate) from stdin (format csv);
2,T-3,Tisch,piece,1,EUR,19
\.
copy crm.product_copy (code, name, unit, unit_price, currency, tax_rate) from stdin (format csv);
T-4,Schrank,piece,900,EUR,19
T-5,Bank,piece,viel,EUR,19
\.
select count(*) from crm.product where code in ('T-3', 'T-4', 'T-5');
-- it shows nothing that the table does not
select count(*) from crm.product_copy;
\echo :SQLSTATE
set local session authorization copy_reader;
copy crm.product_copy (code, name, unit, unit_price, currency, tax_rate) from stdin (format csv);
T-6,Regal,piece,1,EUR,19
\.
-- made by the owner of a protected table, once
reset session authorization;
select mandant.accept_copy('crm.product');
\echo :SQLSTATE
select mandant.accept_copy('crm.country');
\echo :SQLSTATE
set local session authorization copy_de;
select mandant.accept_copy('crm.document');
\echo :SQLSTATE
rollback;
