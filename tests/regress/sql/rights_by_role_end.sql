-- What a login has by an attribute of its role, or by the employee it is bound to, ends at its next statement, too.
-- AC-10 AC-16
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
-- a role that bypassed row security has authority over all, as long as it does
create role ends_bypass login bypassrls;
set local session authorization ends_bypass;
select principal, kind, available @> array['de', 'us'] as all_available from mandant.whoami();
reset session authorization;
alter role ends_bypass nobypassrls;
set local session authorization ends_bypass;
select * from mandant.whoami();
\echo :SQLSTATE
select mandant.current_tenants();
\echo :SQLSTATE
select code from mandant.tenant;
\echo :SQLSTATE
reset session authorization;
create role ends_superuser login superuser;
set local session authorization ends_superuser;
select kind from mandant.whoami();
reset session authorization;
alter role ends_superuser nosuperuser;
set local session authorization ends_superuser;
select kind from mandant.whoami();
\echo :SQLSTATE
reset session authorization;
-- a login of an employee: the employee stays, the login is nobody
create role ends_bound login;
select name from mandant.add_employee('de', 'ends@de.example', 'E');
select role from mandant.grant_role('ends@de.example', 'reader');
select name from mandant.bind_login('ends_bound', 'de', role => null, employee => 'ends@de.example');
set local session authorization ends_bound;
select principal, tenants from mandant.whoami();
select count(*) > 0 as seen from crm.customer;
reset session authorization;
select mandant.unbind_login('ends_bound');
set local session authorization ends_bound;
select * from mandant.whoami();
\echo :SQLSTATE
select mandant.current_tenants();
\echo :SQLSTATE
reset session authorization;
select name, state from mandant.principal where name = 'ends@de.example';
rollback;
