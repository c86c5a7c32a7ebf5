-- Customers that are companies of the group.
-- MD-04 RP-03
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\set SHOW_CONTEXT never
set datestyle = iso;
begin;

create role crm_sales_de login;
create role crm_rep login;
create role crm_controller login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select from mandant.bind_login('crm_rep', 'de', 'sales_rep');
select from mandant.bind_login('crm_controller', 'group', 'group_controller', 'all', '*');
select id as de from mandant_internal.tenant where code = 'de' \gset
select id as us from mandant_internal.tenant where code = 'us' \gset
select id as hk from mandant_internal.tenant where code = 'hk' \gset
select id as "group" from mandant_internal.tenant where code = 'group' \gset

-- the demo's companies are customers of each other, and have charged
set role report_group;
select t.code as tenant, g.code as is_tenant, c.name, d.kind, d.number, d.document_date, d.currency, d.net, d.tax
from crm.customer as c
join mandant.tenant as t on t.id = c.tenant_id
join mandant.tenant as g on g.id = c.group_tenant_id
left join crm.document as d on d.tenant_id = c.tenant_id and d.customer_id = c.id
order by t.code, g.code;

-- which company a customer is can be said by id, also of one that one does not see
set role crm_sales_de;
select id as customer from crm.customer where name = 'Klinikum Fürstenwald gGmbH' \gset
select id as other from crm.customer where name = 'Bäckerei Größinger KG' \gset
select string_agg(code, ' ' order by code) as seen from mandant.tenant;
update crm.customer set group_tenant_id = :group where id = :'customer' returning group_tenant_id = :group as said;
insert into crm.customer (name, country, group_tenant_id)
    values ('Example Software Inc.', 'US', :us), ('Example Software Ltd.', 'HK', :hk) returning name;
-- each company is one customer; an id that is none is refused
\set VERBOSITY default
update crm.customer set group_tenant_id = :group where id = :'other';
\echo :SQLSTATE
insert into crm.customer (name, country, group_tenant_id) values ('Example Software Inc.', 'US', :us);
\echo :SQLSTATE
update crm.customer set group_tenant_id = :de where id = :'other';
\echo :SQLSTATE
\set VERBOSITY terse
update crm.customer set group_tenant_id = 2147483647 where id = :'other';
\echo :SQLSTATE
update crm.customer set group_tenant_id = null where id = :'customer' returning group_tenant_id;
insert into crm.customer (name, country, group_tenant_id) values ('Example Group', 'DE', :group) returning name;
-- a rep sees not the colleague's customer, and is told no name
set role crm_rep;
insert into crm.customer (name, country, group_tenant_id) values ('Example Software Inc.', 'US', :us);
\echo :SQLSTATE

-- by code: of a tenant that is available, selected or not
set role crm_sales_de;
\set VERBOSITY default
select crm.set_group_tenant(:'other', 'us');
\echo :SQLSTATE
select crm.set_group_tenant(:'other', 'nowhere');
\echo :SQLSTATE
select crm.set_group_tenant(:'other', 'de');
\echo :SQLSTATE
select crm.set_group_tenant('00000000-0000-7000-8000-000000000000', 'de');
\echo :SQLSTATE
\set VERBOSITY terse
set role crm_controller;
select crm.set_group_tenant(:'other', 'us');
\echo :SQLSTATE
set role mandant_admin;
set mandant.tenant = 'de';
select crm.set_group_tenant(:'other', 'hk');
\echo :SQLSTATE
select code from mandant.create_tenant('ch', 'Example Schweiz AG', 'CH', 'CHF', 'group');
select name, group_tenant_id not in (:us, :de, :hk, :group) as is_new from crm.set_group_tenant(:'other', 'ch');
select name, group_tenant_id from crm.set_group_tenant(:'other', null);

-- merged: the survivor is the company that the merged one was, and no other
select id as inc from crm.customer where group_tenant_id = :us \gset
select id as ltd from crm.customer where group_tenant_id = :hk \gset
insert into crm.customer (name, country) values ('Example Soft Inc.', 'US') returning id as twin \gset
select crm.merge_customers(:'inc', :'ltd', 'the same');
\echo :SQLSTATE
select name, group_tenant_id = :us as us from crm.merge_customers(:'inc', :'twin', 'the same');
insert into crm.customer (name, country) values ('Example Software Hongkong', 'HK') returning id as twin \gset
select name, group_tenant_id = :hk as hk from crm.merge_customers(:'twin', :'ltd', 'the same');
select c.name, c.state, c.group_tenant_id = :us as us, c.group_tenant_id = :hk as hk
from crm.customer as c where c.group_tenant_id in (:us, :hk) order by c.name;
-- what is merged is in nobody's way
update crm.customer set group_tenant_id = null where name = 'Example Soft Inc.';
select name from crm.set_group_tenant(:'other', 'us');

-- audited as all of a customer is
reset role;
select a.action, a.new ->> 'group_tenant_id' = :'us' as us
from mandant_internal.audit as a
where a.table_name = 'crm.customer' and a.key = :'other' and a.new ? 'group_tenant_id'
order by a.at desc, a.new ->> 'group_tenant_id' desc nulls last limit 1;

rollback;
