-- A login is bound by its role's oid, once, and a role that stands above the rule is bound not at all.
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
create role identity_a login;
create role identity_owner;
create role identity_super login superuser;
create role identity_bypass login bypassrls;
create role identity_member login in role identity_owner;
create role identity_relay login;
create schema identity authorization identity_owner;
set local role identity_owner;
create table identity.secret (tenant_id int primary key);
select mandant.protect('identity.secret');
reset role;
select name, kind from mandant.bind_login('identity_a', 'de');
-- twice, as another, as a relay
select name from mandant.bind_login('identity_a', 'de');
\echo :SQLSTATE
select mandant.bind_login('identity_a', 'us');
\echo :SQLSTATE
select mandant.bind_relay('identity_a');
\echo :SQLSTATE
-- who stands above
select mandant.bind_login('identity_super', 'de');
\echo :SQLSTATE
select mandant.bind_login('identity_bypass', 'de');
\echo :SQLSTATE
select mandant.bind_login('identity_owner', 'de');
\echo :SQLSTATE
select mandant.bind_login('identity_member', 'de');
\echo :SQLSTATE
select mandant.bind_login('mandant_owner', 'de');
\echo :SQLSTATE
select mandant.bind_login('mandant_user', 'de');
\echo :SQLSTATE
select mandant.bind_login('crm_owner', 'de');
\echo :SQLSTATE
select mandant.bind_login('pg_read_all_data', 'de');
\echo :SQLSTATE
select mandant.bind_relay('identity_member');
\echo :SQLSTATE
-- what binding leaves, and unbinding takes away
select has_type_privilege('identity_a', 'mandant_internal.binding', 'usage') as kept, pg_has_role('identity_a', 'mandant_user', 'member') as user;
select mandant.unbind_login('identity_a');
select has_type_privilege('identity_a', 'mandant_internal.binding', 'usage') as kept, pg_has_role('identity_a', 'mandant_user', 'member') as user;
select mandant.unbind_login('identity_a');
\echo :SQLSTATE
select name from mandant.bind_login('identity_a', 'us');
select kind, state, name ~ '^identity_a \(unbound ' as was from mandant.principal where name like 'identity_a%' order by state;
select mandant.bind_relay('identity_relay');
select mandant.bind_relay('identity_relay');
select mandant.bind_login('identity_relay', 'de');
\echo :SQLSTATE
set local session authorization identity_a;
select mandant.unbind_login('identity_relay');
\echo :SQLSTATE
select mandant.bind_relay('identity_member');
\echo :SQLSTATE
reset session authorization;
select mandant.unbind_login('identity_relay');
select name from mandant.bind_login('identity_relay', 'de');
-- the list follows: nothing of a role that is gone
drop role identity_relay;
\echo :SQLSTATE
select mandant.unbind_login('identity_relay'), mandant.unbind_login('identity_a');
drop role identity_relay, identity_a;
select count(*) from mandant_internal.login l where not exists (select from pg_roles r where r.oid = l.login);
rollback;
