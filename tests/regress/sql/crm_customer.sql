-- Customers' terms, contacts and addresses.
-- ST-05 MD-01 MD-03 AC-07
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
create role crm_rep login;
create role crm_other_rep login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select from mandant.bind_login('crm_rep', 'de', 'sales_rep');
select from mandant.bind_login('crm_other_rep', 'de', 'sales_rep');
select id as us from mandant_internal.tenant where code = 'us' \gset
select id as us_customer from crm.customer where name = 'Lakeshore Credit Union' \gset

-- terms that a customer may have, and those that none can
set role crm_sales_de;
insert into crm.customer (name, country) values ('Neu', 'DE')
    returning payment_terms_days, discount, credit_limit, language, state, party_id is not null as party;
update crm.customer set discount = 7.5, credit_limit = 25000, payment_terms_days = 0 where name = 'Neu'
    returning discount, credit_limit, payment_terms_days;
update crm.customer set discount = 100.01 where name = 'Neu';
\echo :SQLSTATE
update crm.customer set discount = 'NaN' where name = 'Neu';
\echo :SQLSTATE
update crm.customer set discount = null where name = 'Neu';
\echo :SQLSTATE
update crm.customer set credit_limit = -1 where name = 'Neu';
\echo :SQLSTATE
update crm.customer set credit_limit = 'Infinity' where name = 'Neu';
\echo :SQLSTATE
update crm.customer set payment_terms_days = 366 where name = 'Neu';
\echo :SQLSTATE

-- nobody merges or links by hand
update crm.customer set state = 'merged' where name = 'Neu';
\echo :SQLSTATE
update crm.customer set merged_into = id where name = 'Neu';
\echo :SQLSTATE
update crm.customer set party_id = id where name = 'Neu';
\echo :SQLSTATE
insert into crm.customer (name, country, party_id) values ('Neu 2', 'DE', '00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE

-- a rep's customer has contacts and addresses that the rep sees, and another rep does not
set role crm_rep;
insert into crm.customer (name, country) values ('Müller Bau GmbH', 'DE') returning id as customer \gset
insert into crm.contact (customer_id, name, function, email, is_primary)
    values (:'customer', 'Jörg Müller', 'Geschäftsführer', 'j@mueller.example', true),
        (:'customer', '陳嘉欣', null, null, false);
insert into crm.customer_address (customer_id, kind, label, street, city, country)
    values (:'customer', 'delivery', 'Lager', 'Hafenstraße 1', 'Köln', 'DE');
select name, function, is_primary, owner_id = mandant_internal.me() as mine from crm.contact order by name;
select kind, label, city, owner_id = mandant_internal.me() as mine from crm.customer_address order by label;
set role crm_other_rep;
select count(*) from crm.contact;
select count(*) from crm.customer_address;
\set VERBOSITY sqlstate
insert into crm.contact (customer_id, name) values (:'customer', 'Spy');
insert into crm.customer_address (customer_id, kind, country) values (:'customer', 'billing', 'DE');
\set VERBOSITY terse
update crm.contact set name = 'Spy' returning name;
delete from crm.contact returning name;

-- they follow their customer to whoever gets it
set role crm_sales_de;
select mandant.assign('crm.customer', :'customer', 'crm_other_rep');
set role crm_rep;
select count(*) from crm.contact;
set role crm_other_rep;
select name, owner_id = mandant_internal.me() as mine from crm.contact order by name;
select label, owner_id = mandant_internal.me() as mine from crm.customer_address;

-- one contact is primary: the next one takes its place
update crm.contact set is_primary = true where name = '陳嘉欣';
insert into crm.contact (customer_id, name, is_primary) values (:'customer', 'Ada', true);
select name, is_primary from crm.contact order by name;
update crm.contact set is_primary = false where name = 'Ada';
select count(*) filter (where is_primary) from crm.contact;

-- what cannot be: owner, team and customer by hand, no name, no kind, no country
insert into crm.contact (customer_id, name, owner_id) values (:'customer', 'x', null);
\echo :SQLSTATE
update crm.contact set customer_id = customer_id;
\echo :SQLSTATE
update crm.contact set team_id = null;
\echo :SQLSTATE
insert into crm.contact (customer_id, name) values (:'customer', E' \t');
\echo :SQLSTATE
insert into crm.contact (customer_id, name, email) values (:'customer', 'x', 'nowhere');
\echo :SQLSTATE
insert into crm.contact (customer_id, name, language) values (:'customer', 'x', 'Deutsch');
\echo :SQLSTATE
insert into crm.contact (customer_id, name) values (null, 'x');
\echo :SQLSTATE
insert into crm.customer_address (customer_id, kind, country) values (:'customer', 'home', 'DE');
\echo :SQLSTATE
insert into crm.customer_address (customer_id, kind, country) values (:'customer', 'billing', 'Germany');
\echo :SQLSTATE
insert into crm.customer_address (customer_id, kind) values (:'customer', 'billing');
\echo :SQLSTATE

-- a contact never belongs to a customer of another tenant
set role crm_sales_de;
\set VERBOSITY sqlstate
insert into crm.contact (customer_id, name) values (:'us_customer', 'x');
insert into crm.contact (tenant_id, customer_id, name) values (:us, :'us_customer', 'x');
set role mandant_admin;
set mandant.tenant = 'de';
insert into crm.contact (customer_id, name) values (:'us_customer', 'x');
reset mandant.tenant;
insert into crm.contact (tenant_id, customer_id, name)
    select t.id, :'us_customer', 'x' from mandant.tenant as t where t.code = 'de';
reset role;
insert into crm.contact (tenant_id, customer_id, name)
    select t.id, :'us_customer', 'x' from mandant_internal.tenant as t where t.code = 'de';
\set VERBOSITY terse

-- they go with their customer
set role crm_sales_de;
delete from crm.customer where id = :'customer';
select count(*) from crm.contact where customer_id = :'customer';
select count(*) from crm.customer_address where customer_id = :'customer';

-- all of it is audited
reset role;
select a.table_name, a.action, count(*)
from mandant_internal.audit as a
where a.table_name in ('crm.contact', 'crm.customer_address')
    and (a.old ->> 'customer_id' = :'customer' or a.new ->> 'customer_id' = :'customer')
group by 1, 2 order by 1, 2;

rollback;
