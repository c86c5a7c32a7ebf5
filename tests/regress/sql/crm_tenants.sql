-- Each company sees its own customers, products and documents, by whatever query.
-- AC-07 AC-10 MD-01 MD-02 MD-03
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
create role crm_stranger login in role mandant_user;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select id as us from mandant_internal.tenant where code = 'us' \gset
select id as de from mandant_internal.tenant where code = 'de' \gset
select id as us_customer from crm.customer where name = 'Lakeshore Credit Union' \gset

create function crm_seen() returns table (currencies text, customers bigint, products bigint,
    documents bigint, lines bigint, taxes bigint) language sql as $$
    select (select string_agg(distinct p.currency, ' ' order by p.currency) from crm.product as p),
        (select count(*) from crm.customer), (select count(*) from crm.product),
        (select count(*) from crm.document), (select count(*) from crm.document_line),
        (select count(*) from crm.document_tax)
$$;

set role report_us;
select * from crm_seen();
set role report_de;
select * from crm_seen();
set role report_hk;
select * from crm_seen();
set role report_group;
select * from crm_seen();
set mandant.tenant = 'de,hk';
select * from crm_seen();
reset mandant.tenant;
set role mandant_admin;
select * from crm_seen();
set mandant.tenant = 'de';
select * from crm_seen();
reset mandant.tenant;

-- without an identity: no row, and no count
set role crm_stranger;
select count(*) from crm.customer;
\echo :SQLSTATE
select count(*) from report.revenue_by_month;
\echo :SQLSTATE
set role crm_owner;
select count(*) from crm.document;
\echo :SQLSTATE

-- writing into another company: refused when new, nothing found when there
set role crm_sales_de;
insert into crm.customer (tenant_id, name, country) values (:us, 'Intruder', 'DE');
\echo :SQLSTATE
update crm.customer set name = 'Intruder' where id = :'us_customer' returning name;
delete from crm.customer where id = :'us_customer' returning name;
update crm.customer set tenant_id = :us where tenant_id = :de;
\echo :SQLSTATE
-- an own customer needs no tenant to be named; who made it is not for the maker to say
insert into crm.customer (name, country, email)
    values ('Müller & Co.', 'DE', 'info@mueller.example')
    returning tenant_id = :de as own, state, payment_terms_days, owner_id = created_by as mine;
insert into crm.customer (name, country, created_by) values ('Müller & Co.', 'DE', null);
\echo :SQLSTATE
-- several selected: the insert must say which
set role mandant_admin;
insert into crm.customer (name, country) values ('Nowhere Ltd.', 'US');
\echo :SQLSTATE

-- shared rows are for all to read and for nobody to write
set role crm_sales_de;
select code, minor_unit from crm.currency where code in ('EUR', 'JPY', 'KWD') order by code;
select count(*) > 50 as many from crm.country;
update crm.currency set minor_unit = 0;
\echo :SQLSTATE
insert into crm.country (code, name) values ('XX', 'Nowhere');
\echo :SQLSTATE
delete from crm.document_kind;
\echo :SQLSTATE
update crm.default_series set pattern = 'X';
\echo :SQLSTATE
select checksum from crm.installation;
\echo :SQLSTATE

-- values that no customer can have
insert into crm.customer (name, country) values (' ', 'DE');
\echo :SQLSTATE
insert into crm.customer (name, country) values ('Erika', 'Germany');
\echo :SQLSTATE
insert into crm.customer (name, country, email) values ('Erika', 'DE', 'erika');
\echo :SQLSTATE
insert into crm.customer (name, country, language) values ('Erika', 'DE', 'german language');
\echo :SQLSTATE
insert into crm.product (code, name, unit, unit_price, currency, tax_rate)
    values ('X', 'X', 'piece', 'NaN', 'EUR', 19);
\echo :SQLSTATE
insert into crm.product (code, name, unit, unit_price, currency, tax_rate)
    values ('BUCH', 'X', 'piece', 1, 'EUR', 19);
\echo :SQLSTATE

-- the inner functions are not for callers
select crm.lock_document(null, 'read');
\echo :SQLSTATE
select crm.write_lines(null, '[]');
\echo :SQLSTATE
select crm.apply_country_pack(:de);
\echo :SQLSTATE

-- what a new tenant gets can be taken back
reset role;
select mandant.on_create_tenant('crm.apply_country_pack(int)', remove => true);
select code from mandant.create_tenant('bare', 'Bare', 'DE', 'EUR', 'group');
select count(*) from mandant.series as s join mandant.tenant as t on t.id = s.tenant_id where t.code = 'bare';

rollback;
