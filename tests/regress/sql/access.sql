-- Role x scope x depth: what a grant reaches, and that it ends when it ends.
-- AC-01 AC-02 AC-03 AC-04 AC-10 AC-11 AC-16 AC-17
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
-- group > ac1 > ac2, and us beside them
select count(*) from mandant.create_tenant('ac1', 'Access One', 'DE', 'EUR', parent => 'group');
select count(*) from mandant.create_tenant('ac2', 'Access Two', 'DE', 'EUR', parent => 'ac1');
create role access_de login;
create role access_own login;
create role access_admin login;
create role access_lesser login;
select name from mandant.bind_login('access_de', 'ac1', role => null);
select name from mandant.bind_login('access_own', 'ac1', role => null);
select name from mandant.bind_login('access_admin', 'group', 'group_admin', scope => 'all', default_selection => '*');
select name from mandant.bind_login('access_lesser', 'ac1', 'group_admin');

create schema access;
create table access.visit (
  tenant_id int not null default mandant.current_tenant(),
  id uuid not null default mandant.new_id(),
  owner_id uuid default mandant_internal.me(),
  note text not null,
  primary key (tenant_id, id)
);
select mandant.protect('access.visit', owner => 'owner_id');
grant usage on schema access to mandant_user;
grant select, insert, update, delete on access.visit to mandant_user;
insert into access.visit (tenant_id, owner_id, note)
  select t.id, p.id, t.code || ' of ' || coalesce(p.name, 'nobody')
  from mandant.tenant t left join mandant.principal p on p.name in ('access_de', 'access_own')
  where t.code in ('ac1', 'ac2', 'us');
insert into access.visit (tenant_id, owner_id, note) select id, null, 'ac1 of nobody' from mandant.tenant where code = 'ac1';

-- nothing granted: nothing
set role access_de;
select note from access.visit;
reset role;

-- home, subtree, one tenant, all; a scope is where one may select, too
select principal, role, scope, valid_until, reason, granted_by from mandant.grant_role('access_de', 'reader');
set role access_de;
select note from access.visit order by 1;
set mandant.tenant = '*';
select tenants from mandant.whoami();
reset role;
select principal, role, scope from mandant.grant_role('access_de', 'reader', 'ac1/*');
set role access_de;
select tenants, available from mandant.whoami();
select note from access.visit order by 1;
reset role;
select principal, role, scope from mandant.grant_role('access_de', 'reader', 'us', reason => 'holidays');
set role access_de;
select note from access.visit order by 1;
reset role;
select mandant.revoke_role('access_de', 'reader', 'ac1/*');
set role access_de;
select tenants from mandant.whoami();
select note from access.visit order by 1;
reset role;
select mandant.revoke_role('access_de', 'reader', 'us');
select mandant.revoke_role('access_de', 'reader');
set role access_de;
select tenants, roles from mandant.whoami();
select note from access.visit order by 1;
reset role;
select principal, role, scope from mandant.grant_role('access_de', 'reader', 'all');
set role access_de;
select tenants @> array['ac1', 'ac2', 'group', 'us'] as all_selected from mandant.whoami();
reset role;
select mandant.revoke_role('access_de', 'reader', 'all');
-- the history stays
select role, scope, valid_until <= clock_timestamp() as ended from mandant.access_grant
where principal = 'access_de' order by granted_at, scope, id;

-- a grant begins and ends by itself, and an employee is not asked
select principal, role, scope from mandant.grant_role('access_de', 'reader', valid_until => clock_timestamp() + interval '0.5 second');
set role access_de;
select count(*) from access.visit;
select pg_sleep(0.6);
select count(*) from access.visit;
reset role;
select principal, role, scope from mandant.grant_role('access_de', 'reader', valid_from => clock_timestamp() + interval '0.5 second');
set role access_de;
select count(*) from access.visit;
select pg_sleep(0.6);
select count(*) from access.visit;
reset role;
select mandant.revoke_role('access_de', 'reader');
-- a grant without end may say so, and one that never begins, too
select principal, role, scope, valid_until from mandant.grant_role('access_de', 'reader', 'ac2', valid_until => 'infinity');
select principal, role, scope, valid_from from mandant.grant_role('access_de', 'tenant_sales', 'ac2', valid_from => 'infinity');
set role access_de;
set mandant.tenant = 'ac2';
select note from access.visit order by 1;
\echo :SQLSTATE
reset role;
reset mandant.tenant;
delete from mandant_internal.access_grant where 'infinity' in (valid_from, valid_until);
-- one that never began is removed
select principal, role, scope from mandant.grant_role('access_de', 'tenant_sales', valid_from => now() + interval '1 year');
select mandant.revoke_role('access_de', 'tenant_sales');
select count(*) from mandant.access_grant where principal = 'access_de' and role = 'tenant_sales';

-- depth: own rows only, by action; the deeper of two grants counts; other rights in another tenant
select role, description from mandant.define_role('access_visits_own', 'Sees all, changes own visits') as r (role, description);
select mandant.allow('access_visits_own', 'visit', array['read']);
select mandant.allow('access_visits_own', 'visit', array['update', 'delete', 'create'], 'own');
select principal, role, scope from mandant.grant_role('access_own', 'access_visits_own');
select id as another from mandant.principal where name = 'access_de' \gset
set role access_own;
set mandant.tenant = '';
select note from access.visit order by 1;
with changed as (update access.visit set note = note || ', changed' returning note) select * from changed order by 1;
with gone as (delete from access.visit returning note) select * from gone order by 1;
insert into access.visit (note) values ('mine');
insert into access.visit (note, owner_id) values ('anothers', :'another');
\echo :SQLSTATE
insert into access.visit (note, owner_id) values ('nobodys', null);
\echo :SQLSTATE
update access.visit set owner_id = null where note = 'mine';
\echo :SQLSTATE
reset role;
select mandant.allow('access_visits_own', 'visit', array['read'], 'own');
set role access_own;
select note from access.visit order by 1;
reset role;
select principal, role, scope from mandant.grant_role('access_own', 'reader', 'us');
set role access_own;
set mandant.tenant = '*';
select note from access.visit order by 1;
with changed as (update access.visit set note = note || '!' returning note) select * from changed order by 1;
reset role;
select principal, role, scope from mandant.grant_role('access_own', 'reader');
set role access_own;
select note from access.visit order by 1;
reset role;
select mandant.disallow('access_visits_own', 'visit', array['update']);
set role access_own;
update access.visit set note = 'x';
reset role;
-- reading is not writing
set role access_own;
set mandant.tenant = 'us';
insert into access.visit (note) values ('no right');
\echo :SQLSTATE
reset role;
reset mandant.tenant;

-- suspended tenant, deactivated employee: refused at the next statement, let in again
set role access_own;
select count(*) > 0 as seen from access.visit;
reset role;
select code, state from mandant.suspend_tenant('ac1', 'not paid');
set role access_own;
select count(*) from access.visit;
\echo :SQLSTATE
reset role;
select code, state from mandant.tenant where code = 'ac1';
set role access_admin;
select count(*) > 0 as the_rows_stay_for_those_above from access.visit v join mandant.tenant t on t.id = v.tenant_id where code = 'ac1';
select code, state from mandant.resume_tenant('ac1');
reset role;
set role access_own;
select count(*) > 0 as seen from access.visit;
reset role;
select name, state from mandant.deactivate_employee('access_own', 'left');
set role access_own;
select count(*) from access.visit;
\echo :SQLSTATE
reset role;
select name, state from mandant.reactivate_employee('access_own');
set role access_own;
select count(*) > 0 as seen from access.visit;
reset role;

-- an unbound login is nobody again; its rows keep their author
select mandant.unbind_login('access_own');
set role access_own;
select count(*) from access.visit;
\echo :SQLSTATE
reset role;
select mandant.unbind_login('access_own');
\echo :SQLSTATE
select name, state from mandant.bind_login('access_own', 'ac2');
set role access_own;
select tenant, tenants from mandant.whoami();
reset role;

-- who may give: a right on access_grant in every tenant of the scope; nothing else
set role access_lesser;
select principal, role, scope from mandant.grant_role('access_de', 'reader');
select mandant.grant_role('access_de', 'reader', 'us');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', 'xx');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', 'all');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', 'ac1/*');
\echo :SQLSTATE
select mandant.grant_role('access_lesser', 'group_admin', 'all');
\echo :SQLSTATE
select mandant.grant_role('sales@us.example', 'reader', 'ac1');
\echo :SQLSTATE
select mandant.deactivate_employee('sales@us.example', 'mine now');
\echo :SQLSTATE
select mandant.set_password('sales@us.example', 'mine now');
\echo :SQLSTATE
select mandant.revoke_tokens('sales@us.example');
\echo :SQLSTATE
select mandant.add_employee('us', 'a@us.example', 'A');
\echo :SQLSTATE
select mandant.create_tenant('ac9', 'Nine', 'DE', 'EUR', parent => 'us');
\echo :SQLSTATE
select mandant.create_tenant('ac9', 'Nine', 'DE', 'EUR');
\echo :SQLSTATE
select mandant.suspend_tenant('us', 'mine now');
\echo :SQLSTATE
select mandant.define_role('access_mine', 'For me');
\echo :SQLSTATE
select mandant.allow('reader', 'visit', array['delete']);
\echo :SQLSTATE
select mandant.disallow('reader', '*', array['read']);
\echo :SQLSTATE
select mandant.on_create_tenant('mandant.current_tenant()');
\echo :SQLSTATE
select mandant.bind_relay('access_de');
\echo :SQLSTATE
select mandant.unbind_login('report_us');
\echo :SQLSTATE
select mandant_internal.set_default_selection('report_us', '*');
\echo :SQLSTATE
reset role;
set role access_de;
select mandant.grant_role('access_de', 'group_admin');
\echo :SQLSTATE
select mandant.add_employee('ac1', 'a@ac1.example', 'A');
\echo :SQLSTATE
reset role;
set role access_admin;
select principal, scope, granted_by from mandant.grant_role('access_de', 'reader', 'all');
reset role;

-- bad values
select mandant.grant_role('nobody', 'reader');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'no_such_role');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', 'DE');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', '');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', '*');
\echo :SQLSTATE
select mandant.grant_role('access_de', 'reader', valid_from => now(), valid_until => now() - interval '1 day');
\echo :SQLSTATE
select mandant.revoke_role('access_de', 'tenant_sales');
\echo :SQLSTATE
select mandant.define_role('No Name', 'x');
\echo :SQLSTATE
select mandant.define_role('nothing', null);
\echo :SQLSTATE
select mandant.allow('no_such_role', 'visit', array['read']);
\echo :SQLSTATE
select mandant.allow('access_visits_own', 'visit', array['fly']);
\echo :SQLSTATE
select mandant.allow('access_visits_own', 'visit', array['read'], 'group');
\echo :SQLSTATE
select mandant.allow('access_visits_own', 'Visit', array['read']);
\echo :SQLSTATE
select mandant.bind_login('access_de', 'ac1');
\echo :SQLSTATE
select mandant.bind_login('postgres', 'ac1');
\echo :SQLSTATE
select mandant.bind_login('no_such_login', 'ac1');
\echo :SQLSTATE
create role access_new login;
select mandant.bind_login('access_new', 'xx');
\echo :SQLSTATE
select mandant.bind_login('access_new', 'ac1', 'no_such_role');
\echo :SQLSTATE
select mandant.bind_login('access_new', 'ac1', default_selection => 'DE');
\echo :SQLSTATE
select mandant.bind_login('access_new', 'ac1', employee => 'sales@us.example');
\echo :SQLSTATE
-- what is no login is not bound, least of all what the product stands on: unbinding it would take its rights
\set VERBOSITY sqlstate
set role access_lesser;
select mandant.bind_login('crm_owner', 'ac1') is not null as bound;
select mandant.bind_login('mandant_owner', 'ac1') is not null as bound;
select mandant.bind_login('mandant_user', 'ac1') is not null as bound;
select mandant.bind_login('pg_read_all_data', 'ac1') is not null as bound;
select mandant.bind_login('mandant_service', 'ac1') is not null as bound;
select mandant.unbind_login('crm_owner');
select mandant.unbind_login('mandant_service');
reset role;
\set VERBOSITY default
alter role access_new bypassrls;
select mandant.bind_login('access_new', 'ac1');
\echo :SQLSTATE
select mandant.add_employee('de', 'no address', 'N');
\echo :SQLSTATE
select mandant.add_employee('us', ' Sales@DE.example', 'An employee belongs to one tenant');
\echo :SQLSTATE
select mandant.add_employee('de', 'hash@de.example', 'H', '$argon2id$nonsense');
\echo :SQLSTATE
select mandant.create_tenant('DE', 'x', 'DE', 'EUR', parent => 'group');
\echo :SQLSTATE
select mandant.create_tenant('de', 'x', 'DE', 'EUR', parent => 'group');
\echo :SQLSTATE
select mandant.create_tenant('ac9', ' ', 'DE', 'EUR', parent => 'group');
\echo :SQLSTATE
select mandant.create_tenant('ac9', 'x', 'Germany', 'EUR', parent => 'group');
\echo :SQLSTATE
select mandant.create_tenant('ac9', 'x', 'DE', 'EUR', parent => 'group', timezone => 'Mars');
\echo :SQLSTATE
select mandant.create_tenant('ac9', 'x', 'DE', 'EUR', parent => 'group', fiscal_year_start => '13-01');
\echo :SQLSTATE
select mandant.create_tenant('ac9', 'x', 'DE', 'EUR', parent => 'nowhere');
\echo :SQLSTATE
rollback;
