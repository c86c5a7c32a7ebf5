-- Who is asking, and which tenants are selected: what an identity sees, and what nobody gets.
-- AC-10 AC-03 RP-01
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;

create role context_de login;
create role context_group login;
create role context_nobody login;
create role context_empty login;
select name, kind, default_selection from mandant.bind_login('context_de', 'de');
select name, kind, default_selection
from mandant.bind_login('context_group', 'group', 'group_controller', scope => 'all', default_selection => '*');
select from mandant.bind_login('context_empty', 'hk', role => null);

-- a superuser has no principal, and authority over all
select principal, kind, tenant, roles, login from mandant.whoami();
select available @> array['de', 'group', 'hk', 'us'] as all_available from mandant.whoami();

-- a bound login: its home tenant, without being asked
set role context_de;
select principal, kind, name, tenant, selection, tenants, available, roles, login, expires_at from mandant.whoami();
select code from mandant.tenant;
select mandant.current_tenant() = id as its_own, mandant.current_tenants() = array[id] as alone from mandant.tenant;
select count(*) > 0 as sees_customers, count(distinct tenant_id) from crm.customer;

-- one, all, none: a selection narrows what is available, and is available is what a grant reaches
set mandant.tenant = 'de';
select selection, tenants from mandant.whoami();
set mandant.tenant = '*';
select selection, tenants from mandant.whoami();
set mandant.tenant = '';
select selection, tenants from mandant.whoami();
set mandant.tenant = 'de,de';
select selection, tenants from mandant.whoami();

-- unknown and not granted: one answer
set mandant.tenant = 'us';
select count(*) from crm.customer;
\echo :SQLSTATE
set mandant.tenant = 'xx';
select count(*) from crm.customer;
\echo :SQLSTATE
set mandant.tenant = 'de,us';
select count(*) from crm.customer;
\echo :SQLSTATE
select mandant.current_tenant();
\echo :SQLSTATE
select * from mandant.whoami();
\echo :SQLSTATE
select code from mandant.tenant;
\echo :SQLSTATE
reset mandant.tenant;
select tenants from mandant.whoami();

-- odd strings are refused when they are set, and what was set before stays
set mandant.tenant = 'de';
set mandant.tenant = ' de';
\echo :SQLSTATE
set mandant.tenant = 'DE';
\echo :SQLSTATE
set mandant.tenant = 'de,';
\echo :SQLSTATE
set mandant.tenant = 'de, us';
\echo :SQLSTATE
set mandant.tenant = ',';
\echo :SQLSTATE
set mandant.tenant = '*,de';
\echo :SQLSTATE
set mandant.tenant = 'd''e';
\echo :SQLSTATE
set mandant.tenant = 'dé';
\echo :SQLSTATE
select set_config('mandant.tenant', repeat('de,', 3413) || 'x', false) is null;
\echo :SQLSTATE
select set_config('mandant.tenant', repeat('x', 32), false);
\echo :SQLSTATE
select set_config('mandant.tenant', e'de\nus', false);
\echo :SQLSTATE
show mandant.tenant;
set mandant.tenant to default;

-- the group's controller: everything, narrowed at will
set role context_group;
select tenant, selection, tenants @> array['de', 'hk', 'us'] as all_selected from mandant.whoami();
set mandant.tenant = 'us';
select tenants, array(select code from mandant.tenant) as seen from mandant.whoami();
set mandant.tenant = 'us,de';
select tenants, array(select code from mandant.tenant order by 1) as seen from mandant.whoami();
select mandant.current_tenant();
\echo :SQLSTATE
insert into crm.customer (name) values ('nowhere');
\echo :SQLSTATE
set mandant.tenant = 'xx';
select 1 from crm.customer;
\echo :SQLSTATE
reset mandant.tenant;

-- bound, but nothing granted: nothing is seen, nothing can be selected
set role context_empty;
select principal, tenant, selection, tenants, available, roles from mandant.whoami();
select count(*) from crm.customer;
select mandant.current_tenant();
\echo :SQLSTATE
select mandant.current_tenants();
set mandant.tenant = 'hk';
select count(*) from crm.customer;
\echo :SQLSTATE
reset mandant.tenant;

-- no binding: an error, never all rows; also for who became that role from one that is bound
set role context_nobody;
select * from mandant.whoami();
\echo :SQLSTATE
select mandant.current_tenants();
\echo :SQLSTATE
select code from mandant.tenant;
\echo :SQLSTATE
reset role;
grant mandant_user to context_nobody;
grant context_nobody to context_de;
set session authorization context_de;
select count(*) > 0 as sees_customers from crm.customer;
set role context_nobody;
select count(*) from crm.customer;
\echo :SQLSTATE
set role none;
select count(*) > 0 as sees_customers from crm.customer;
reset session authorization;

-- the role in force counts, not the one that logged in
grant context_de to context_group;
set session authorization context_group;
select login, tenants @> array['us'] as of_the_group from mandant.whoami();
set role context_de;
select login, tenants from mandant.whoami();
reset session authorization;

-- a selection goes with the savepoint, the transaction, a function's own settings
set role context_group;
set mandant.tenant = 'de';
savepoint a;
set mandant.tenant = 'us';
select tenants from mandant.whoami();
savepoint b;
set local mandant.tenant = 'hk';
select tenants from mandant.whoami();
rollback to b;
select tenants from mandant.whoami();
rollback to a;
select tenants from mandant.whoami();
release a;
do $$
begin
  perform set_config('mandant.tenant', 'hk', true);
  assert (select tenants from mandant.whoami()) = '{hk}';
  raise exception 'undone';
exception when raise_exception then
  assert (select tenants from mandant.whoami()) = '{de}';
end
$$;
reset role;
create function public.context_in_us() returns text[] language sql set mandant.tenant = 'us'
  as 'select tenants from mandant.whoami()';
set role context_group;
select tenants as before, public.context_in_us() as within from mandant.whoami();
select tenants as after from mandant.whoami();
rollback;

-- set local ends with the transaction, set with the session or discard all
\connect - report_group
set mandant.tenant = 'de';
begin;
set local mandant.tenant = 'us';
select tenants from mandant.whoami();
commit;
select tenants from mandant.whoami();
begin;
set mandant.tenant = 'hk';
rollback;
select tenants from mandant.whoami();
discard all;
select selection, tenants @> array['de', 'hk', 'us'] as all_selected from mandant.whoami();

-- the token's setting: nobody sets it, nobody sees it
\connect - report_de
set default_transaction_read_only = off;
set mandant.token = 'x';
\echo :SQLSTATE
set local mandant.token = 'x';
\echo :SQLSTATE
select set_config('mandant.token', repeat('a', 64), false);
\echo :SQLSTATE
update pg_settings set setting = 'x' where name = 'mandant.token';
set "mandant.token" to default;
show mandant.token;
select current_setting('mandant.token');
select count(*) from pg_settings where name = 'mandant.token';
set mandant.other = 'x';
\echo :SQLSTATE
-- identity does not come from anything else that a client may set
set application_name = 'report_us';
set session_authorization = 'report_us';
\echo :SQLSTATE
set role report_us;
\echo :SQLSTATE
set mandant.principal = 'report_us';
\echo :SQLSTATE
select login, tenants from mandant.whoami();

-- a superuser who selects is told that it changes nothing for tables
\connect - postgres
set mandant.tenant = 'de';
select tenants from mandant.whoami();
select count(distinct tenant_id) > 1 as row_security_does_not_apply from crm.customer;
