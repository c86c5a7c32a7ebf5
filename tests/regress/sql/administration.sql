-- Administration by rights: who may give what, moves, the tree of tenants, the last administrator; and the history of it all.
-- AC-04 AC-11 AC-13 AC-14
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
select (mandant.create_tenant('ad1', 'Adam', 'DE', 'EUR', 'group')).code, (mandant.create_tenant('ad2', 'Below Adam', 'DE', 'EUR', 'ad1')).code;
create role ad_manager login;
create role ad_other login;
create role ad_hr login;
select name from mandant.bind_login('ad_manager', 'ad1', 'tenant_manager');
select name from mandant.bind_login('ad_other', 'ad1', role => null);
-- people and grants only, nothing of the business
select (mandant.define_role('ad_hr', 'People and grants')).name;
select mandant.allow('ad_hr', object, array['read', 'create', 'update', 'delete']) from unnest(array['principal', 'access_grant', 'team']) object;
select mandant.allow('ad_hr', 'tenant', array['read']);
select name from mandant.bind_login('ad_hr', 'ad1', 'ad_hr');

-- a tenant's manager: all of daily work, in the own tenant
set role ad_manager;
select name from mandant.add_employee('ad1', 'eva@ad1.example', 'Eva', 'right');
select principal, role, scope from mandant.grant_role('eva@ad1.example', 'sales_rep', reason => 'new here');
select principal, role, scope from mandant.grant_role('eva@ad1.example', 'accountant');
select mandant.revoke_role('eva@ad1.example', 'accountant', reason => 'a mistake');
select name from mandant.create_team('Garden', 'ad1');
select mandant.join_team('eva@ad1.example', 'Garden'), mandant.leave_team('eva@ad1.example', 'Garden'), mandant.drop_team('Garden');
select name, state from mandant.deactivate_employee('eva@ad1.example', 'away');
select name, state from mandant.reactivate_employee('eva@ad1.example', 'back');
select kind from mandant.define_series('ad1', 'apple', 'A-{n}');
\set VERBOSITY terse
-- and nothing beyond it
select mandant.add_employee('ad2', 'a@ad2.example', 'A');
\echo :SQLSTATE
select mandant.grant_role('eva@ad1.example', 'reader', 'ad1/*');
\echo :SQLSTATE
select mandant.grant_role('eva@ad1.example', 'reader', 'all');
\echo :SQLSTATE
select mandant.grant_role('eva@ad1.example', 'group_admin');
\echo :SQLSTATE
select mandant.grant_role('ad_manager', 'sales_rep');
\echo :SQLSTATE
select mandant.create_team('Across');
\echo :SQLSTATE
select mandant.define_role('mine', 'x');
\echo :SQLSTATE
select mandant.allow('sales_rep', '*', array['delete']);
\echo :SQLSTATE
select mandant.change_tenant('ad1', name => 'Mine');
\echo :SQLSTATE
select mandant.create_tenant('ad3', 'x', 'DE', 'EUR', 'ad1');
\echo :SQLSTATE
-- who manages people gives away nothing that they do not hold, not by a password, a login or a team either
set role ad_hr;
select mandant.grant_role('ad_other', 'sales_rep');
\echo :SQLSTATE
select (mandant.grant_role('ad_other', 'ad_hr')).role;
select mandant.set_password('eva@ad1.example', 'mine');
\echo :SQLSTATE
select (mandant.create_team('Hr', 'ad1')).name;
select mandant.join_team('eva@ad1.example', 'Hr');
\echo :SQLSTATE
select mandant.join_team('ad_hr', 'Hr');
\echo :SQLSTATE
reset role;
create role ad_login login;
set role ad_hr;
select mandant.bind_login('ad_login', 'ad1', role => null, employee => 'eva@ad1.example');
\echo :SQLSTATE

-- periods: reversed, past, overlapping; one after the other is none of these
set role ad_manager;
select mandant.grant_role('ad_other', 'reader', valid_from => '2099-02-01 UTC', valid_until => '2099-01-01 UTC');
\echo :SQLSTATE
select mandant.grant_role('ad_other', 'reader', valid_from => '2019-01-01', valid_until => '2020-01-01');
\echo :SQLSTATE
select mandant.grant_role('ad_other', 'reader', valid_from => '2020-01-01');
\echo :SQLSTATE
select (mandant.grant_role('ad_other', 'reader', valid_from => '2099-01-01 UTC', valid_until => '2099-02-01 UTC')).role;
select mandant.grant_role('ad_other', 'reader', valid_from => '2099-01-15 UTC', valid_until => '2099-01-16 UTC');
\echo :SQLSTATE
select mandant.grant_role('ad_other', 'reader');
\echo :SQLSTATE
select (mandant.grant_role('ad_other', 'reader', valid_from => '2099-02-01 UTC', valid_until => '2099-03-01 UTC')).role;
select (mandant.grant_role('ad_other', 'reader', valid_until => '2099-01-01 UTC')).role;
select (mandant.grant_role('ad_other', 'reader', 'ad1')).role;
select count(*) from mandant.access_grant where principal = 'ad_other' and role = 'reader';
select mandant.revoke_role('ad_other', 'reader');
select count(*) from mandant.access_grant where principal = 'ad_other' and role = 'reader';

-- roles: what is not there is not granted, what is held is not dropped, what was dropped comes back empty
reset role;
select (mandant.define_role('ad_role', 'For a moment')).name, mandant.allow('ad_role', 'customer', array['read']);
select mandant.allow('ad_role', 'custommer', array['read']);
\echo :SQLSTATE
select mandant.allow('ad_role', 'customer', array['raed']);
\echo :SQLSTATE
select (mandant.grant_role('ad_other', 'ad_role')).role;
select mandant.drop_role('ad_role');
\echo :SQLSTATE
select mandant.revoke_role('ad_other', 'ad_role'), mandant.drop_role('ad_role', 'not needed');
select mandant.grant_role('ad_other', 'ad_role');
\echo :SQLSTATE
select mandant.drop_role('ad_role');
\echo :SQLSTATE
select mandant.drop_role('reader');
\echo :SQLSTATE
select (mandant.define_role('ad_role', 'Again')).name;
select count(*) from mandant_internal.role_right where role = 'ad_role';

-- the tree: no circle, and grants to a tenant with all below it follow
create role ad_tree login;
select name from mandant.bind_login('ad_tree', 'ad1', 'reader', 'ad1/*');
set role ad_tree;
select available from mandant.whoami();
set role mandant_admin;
select mandant.change_tenant('ad1', parent => 'ad2');
\echo :SQLSTATE
select mandant.change_tenant('ad1', parent => 'ad1');
\echo :SQLSTATE
select mandant.change_tenant('ad1', parent => 'xx');
\echo :SQLSTATE
select mandant.change_tenant('ad2', timezone => 'Mars');
\echo :SQLSTATE
select mandant.change_tenant('ad2', country => 'Germany');
\echo :SQLSTATE
select code, name, timezone, fiscal_year_start from mandant.change_tenant('ad2', 'Beside Adam', parent => 'de', timezone => 'Asia/Tokyo', fiscal_year_start => '04-01', reason => 'sold');
set role ad_tree;
select available from mandant.whoami();
reset role;

-- the last administrator stays, whatever is tried, and whoever tries
select mandant.revoke_role('mandant_admin', 'group_admin', 'all');
\echo :SQLSTATE
select mandant.deactivate_employee('mandant_admin', 'left');
\echo :SQLSTATE
select mandant.unbind_login('mandant_admin');
\echo :SQLSTATE
select mandant.suspend_tenant('group', 'x');
\echo :SQLSTATE
select mandant.disallow('group_admin', '*', array['create']);
\echo :SQLSTATE
set role mandant_admin;
select mandant.revoke_role('mandant_admin', 'group_admin', 'all');
\echo :SQLSTATE
select name from mandant.add_employee('group', 'second@group.example', 'Second');
select (mandant.grant_role('second@group.example', 'group_admin', 'all', valid_until => '2099-01-01')).role;
select mandant.revoke_role('mandant_admin', 'group_admin', 'all');
\echo :SQLSTATE
select mandant.revoke_role('second@group.example', 'group_admin', 'all'), (mandant.grant_role('second@group.example', 'group_admin', 'all')).role;
savepoint two;
select mandant.revoke_role('mandant_admin', 'group_admin', 'all', 'there is another');
select roles from mandant.whoami();
rollback to two;

-- a move: nothing by accident
select name from mandant.add_employee('de', 'mo@de.example', 'Mo', 'right');
select (mandant.grant_role('mo@de.example', 'sales_rep')).role, (mandant.grant_role('mo@de.example', 'reader', 'hk')).role;
select (mandant.create_team('Movers', 'de')).name, (mandant.create_team('Everywhere')).name;
select mandant.join_team('mo@de.example', 'Movers'), mandant.join_team('mo@de.example', 'Everywhere');
set mandant.tenant = 'de';
select mandant.assign('crm.customer', c.id::text, 'mo@de.example') from crm.customer c where name in ('Meißner Porzellanhandel OHG', 'Öko-Energie Münsterland eG');
select mandant.assign('crm.document', d.id::text, 'mo@de.example') from crm.document d join crm.customer c on c.id = d.customer_id where c.name = 'Meißner Porzellanhandel OHG';
set mandant.tenant = 'hk';
select mandant.move_employee('mo@de.example', 'us', null, 'end');
\echo :SQLSTATE
select mandant.move_employee('mo@de.example', 'us', 'keep', 'perhaps');
\echo :SQLSTATE
select mandant.move_employee('mo@de.example', 'us', 'nobody@de.example', 'end');
\echo :SQLSTATE
select mandant.move_employee('mo@de.example', 'us', 'mo@de.example', 'end');
\echo :SQLSTATE
select mandant.move_employee('mo@de.example', 'de', 'keep', 'end');
\echo :SQLSTATE
select mandant.move_employee('report_de', 'us', 'keep', 'end');
\echo :SQLSTATE
select mandant.move_employee('mo@de.example', 'xx', 'keep', 'end');
\echo :SQLSTATE
savepoint at_home;
select name from mandant.move_employee('mo@de.example', 'us', 'sales@de.example', 'end', 'goes to New York');
select current_setting('mandant.tenant') as still_selected;
set mandant.tenant = '*';
select role, scope, valid_until <= clock_timestamp() as ended from mandant.access_grant where principal = 'mo@de.example' order by 1;
select team from mandant.team_member where principal = 'mo@de.example';
select count(*) as customers from crm.customer c join mandant.principal p on p.id = c.owner_id where p.name = 'mo@de.example';
select count(*) as documents from crm.document d join mandant.principal p on p.id = d.owner_id where p.name = 'mo@de.example';
select count(*) as lines from crm.document_line d join mandant.principal p on p.id = d.owner_id where p.name = 'mo@de.example';
select tenant, regexp_replace(details, '\d+ of', 'n of', 'g') as details, reason, actor from mandant.access_history where event = 'move_employee' order by tenant;
rollback to at_home;
select name from mandant.move_employee('mo@de.example', 'us', 'keep', 'follow');
set mandant.tenant = '*';
select role, scope, valid_until from mandant.access_grant where principal = 'mo@de.example' order by 1;
select count(*) > 0 as customers_stay_theirs from crm.customer c join mandant.principal p on p.id = c.owner_id where p.name = 'mo@de.example';
select distinct tenant from mandant.effective_right where principal = 'mo@de.example' and object = 'customer' and action = 'create';
-- who may not hand over what is concerned moves nobody with it, and nothing is half done
rollback to at_home;
reset mandant.tenant;
reset role;
select (mandant.grant_role('ad_hr', 'ad_hr', 'de')).role, (mandant.grant_role('ad_hr', 'ad_hr', 'us')).role;
set role ad_hr;
select mandant.move_employee('mo@de.example', 'us', 'sales@de.example', 'end');
\echo :SQLSTATE
select mandant.move_employee('mo@de.example', 'us', 'keep', 'follow');
\echo :SQLSTATE
select mandant.move_employee('ad_hr', 'us', 'keep', 'end');
\echo :SQLSTATE
set mandant.tenant = 'de';
select count(*) from mandant.access_grant where principal = 'mo@de.example' and valid_until is null;
reset mandant.tenant;
reset role;
-- nor into a tenant, or out of one, where one may read only
select (mandant.grant_role('ad_hr', 'reader', 'hk')).scope;
set role ad_hr;
select mandant.move_employee('eva@ad1.example', 'hk', 'keep', 'end');
\echo :SQLSTATE
select mandant.move_employee('sales@hk.example', 'ad1', 'keep', 'end');
\echo :SQLSTATE
reset role;
-- the history, for those who may see it
set role ad_manager;
select event, principal, subject, regexp_replace(details, 'from 20[^U]*UTC', 'from today', 'g') as details, reason, actor
from mandant.access_history where principal = 'eva@ad1.example' order by at;
select count(*) from mandant.access_history where tenant = 'de';
reset role;
-- of roles, too
select mandant.allow('ad_role', 'customer', array['read'], 'own', 'asked for by sales'), mandant.disallow('ad_role', 'customer', array['read'], 'not any more');
select event, subject, regexp_replace(details, 'from 20[^U]*UTC', 'from today', 'g') as details, reason, actor from mandant.access_history where subject = 'ad_role' order by at;
rollback;
