-- Rights of a shipped role are changed like any others, by rows that stand before the shipped ones and that a dump carries.
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
create role shipped_de login;
create role shipped_other login;
select from mandant.bind_login('shipped_de', 'de', 'tenant_manager');
select from mandant.bind_login('shipped_other', 'de');
create view pg_temp.own as select object, action, depth, shipped from mandant_internal.role_right
  where role = 'tenant_manager' and object in ('principal', 'issuer') and action in ('delete', 'update') order by 1, 2, 4;
table pg_temp.own;

-- taken away
select mandant.disallow('tenant_manager', 'principal', array['delete', 'delete', 'export']);
table pg_temp.own;
set role shipped_de;
select mandant.unbind_login('shipped_other');
\echo :SQLSTATE
reset role;
select mandant.disallow('tenant_manager', 'principal', array['delete']);

-- given back, less deep
select mandant.allow('tenant_manager', 'principal', array['delete'], 'own');
table pg_temp.own;
select mandant.allow('tenant_manager', 'principal', array['update', 'delete'], 'own');
table pg_temp.own;
set role shipped_de;
select mandant.deactivate_employee('shipped_other', 'mine');
\echo :SQLSTATE
reset role;
select mandant.disallow('tenant_manager', 'principal', array['update', 'delete']);
select mandant.allow('tenant_manager', 'principal', array['update']);
table pg_temp.own;
set role shipped_de;
select state from mandant.deactivate_employee('shipped_other', 'mine');
reset role;

-- what was never shipped goes as it came
select mandant.allow('tenant_manager', 'issuer', array['update', 'delete']);
select mandant.disallow('tenant_manager', 'issuer', array['delete']);
table pg_temp.own;
select mandant.disallow('tenant_manager', 'issuer', array['update']);
table pg_temp.own;

-- a right without depth is none that could be given; a shipped role keeps its description
select mandant.allow('tenant_manager', 'principal', array['update'], null);
\echo :SQLSTATE
select mandant.define_role('tenant_manager', 'Another');
\echo :SQLSTATE
-- a dump carries the rows that are not shipped, and none twice
select c.* from pg_extension, unnest(extconfig::regclass[], extcondition) as c (carried, filter)
where extname = 'pg_mandant' and filter = 'where not shipped' order by carried::text;
rollback;
