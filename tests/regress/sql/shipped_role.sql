-- Rights of a shipped role are changed like any others, by rows that stand before the shipped ones and that a dump carries.
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
create role shipped_de login;
select from mandant.bind_login('shipped_de', 'de', 'tenant_sales');
create view pg_temp.own as select object, action, depth, shipped from mandant_internal.role_right
  where role = 'tenant_sales' and object in ('customer', 'visit') and action in ('delete', 'update') order by 1, 2, 4;
table pg_temp.own;

-- taken away
select mandant.disallow('tenant_sales', 'customer', array['delete', 'delete', 'export']);
table pg_temp.own;
set role shipped_de;
with gone as (delete from crm.customer returning 1) select count(*) from gone;
reset role;
select mandant.disallow('tenant_sales', 'customer', array['delete']);

-- given back, less deep
select mandant.allow('tenant_sales', 'customer', array['delete'], 'own');
table pg_temp.own;
select mandant.allow('tenant_sales', 'customer', array['update', 'delete'], 'own');
table pg_temp.own;
set role shipped_de;
with changed as (update crm.customer set name = name returning 1) select count(*) from changed;
reset role;
select mandant.disallow('tenant_sales', 'customer', array['update', 'delete']);
select mandant.allow('tenant_sales', 'customer', array['update']);
table pg_temp.own;
set role shipped_de;
with changed as (update crm.customer set name = name returning 1) select count(*) > 0 as changes from changed;
reset role;

-- what was never shipped goes as it came
select mandant.allow('tenant_sales', 'visit', array['update', 'delete']);
select mandant.disallow('tenant_sales', 'visit', array['delete']);
table pg_temp.own;
select mandant.disallow('tenant_sales', 'visit', array['update']);
table pg_temp.own;

-- a right without depth is none that could be given; a shipped role keeps its description
select mandant.allow('tenant_sales', 'customer', array['update'], null);
\echo :SQLSTATE
select mandant.define_role('tenant_sales', 'Another');
\echo :SQLSTATE
-- a dump carries the rows that are not shipped, and none twice
select unnest(extconfig)::regclass as carried, unnest(extcondition) as filter from pg_extension
where extname = 'pg_mandant' and 'mandant_internal.role_right'::regclass = any (extconfig) order by 2 desc limit 2;
rollback;
