-- Rights to one’s own rows of everything, used on what administration keeps: passwords, grants, people, numbers. AC-01 AC-02
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_rep login;
select from mandant.define_role('breach_rep', 'own rows of everything'),
  mandant.allow('breach_rep', '*', array['read', 'create', 'update', 'delete', 'post', 'assign'], 'own');
select from mandant.bind_login('breach_rep', 'de', 'breach_rep');
-- usual: a right is a right, whatever it was meant for
create function breach.may(role text, object text) returns boolean language sql stable security definer as $$
  select exists (select from mandant_internal.role_right r where r.role = may.role and r.object in (may.object, '*') and r.action = 'update') $$;
set local session authorization breach_rep;
select breach.may('breach_rep', 'principal') as sets_passwords;
-- ours: oneself, and nothing of a colleague
select name from mandant.principal;
select principal, role from mandant.access_grant;
select count(*) from mandant.issued_number;
select mandant.set_password('sales@de.example', 'mine');
\echo :SQLSTATE
select mandant.set_password('nobody@de.example', 'mine');
\echo :SQLSTATE
select mandant.deactivate_employee('sales@de.example', 'mine');
\echo :SQLSTATE
select mandant.revoke_tokens('sales@de.example');
\echo :SQLSTATE
select mandant.grant_role('breach_rep', 'group_admin');
\echo :SQLSTATE
select mandant.grant_role('sales@de.example', 'breach_rep');
\echo :SQLSTATE
select mandant.revoke_role('breach_rep', 'breach_rep');
\echo :SQLSTATE
select mandant.add_employee('de', 'mine@de.example', 'Mine');
\echo :SQLSTATE
select mandant.unbind_login('breach_de');
\echo :SQLSTATE
select mandant.allow('breach_rep', '*', array['read'], 'tenant');
\echo :SQLSTATE
select mandant.define_series('de', 'mine', '{n}');
\echo :SQLSTATE
select mandant.suspend_tenant('de', 'mine');
\echo :SQLSTATE
select mandant.create_tenant('mine', 'Mine', 'DE', 'EUR', parent => 'de');
\echo :SQLSTATE
select roles from mandant.whoami();
select count(*) from breach.secret;
select count(*) from crm.customer;
-- legitimate use: one's own
select mandant.revoke_tokens('breach_rep');
select mandant.next_number('invoice', '2099-01-01');
select number from mandant.issued_number;
insert into crm.customer (name, country) values ('Mine', 'DE') returning name;
select name from crm.customer;
rollback;
