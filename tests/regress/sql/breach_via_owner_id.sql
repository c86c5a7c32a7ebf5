-- A row made, or handed over, in somebody else's name. AC-01 AC-07
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
begin;
set local role mandant_admin;
select from mandant.define_role('breach_own', 'one''s own only');
select mandant.allow('breach_own', 'customer', array['read', 'create', 'update', 'delete'], 'own'), mandant.allow('breach_own', '*', array['read'], 'own');
reset role;
create role breach_a login;
create role breach_b login;
create role breach_us login;
select name from mandant.bind_login('breach_a', 'de', 'breach_own');
select name from mandant.bind_login('breach_b', 'de', 'breach_own');
select name from mandant.bind_login('breach_us', 'us', 'breach_own');
select p.id as "of_b" from mandant_internal.principal p where name = 'breach_b' \gset
select p.id as "of_us" from mandant_internal.principal p where name = 'breach_us' \gset
-- usual: the application writes who it is, and believes what it reads
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.twin (owner text default session_user, note text);
alter table usual.twin enable row level security;
create policy twin on usual.twin using (owner = session_user) with check (true);
grant select, insert, update on usual.twin to mandant_user;
set local session authorization breach_a;
insert into usual.twin values ('breach_b', 'planted in the name of b');
set local session authorization breach_b;
select * from usual.twin;
insert into crm.customer (name, country) values ('Of b', 'DE');
-- ours
set local session authorization breach_a;
insert into crm.customer (name, country) values ('Of a', 'DE');
insert into crm.customer (name, country, owner_id) values ('Planted', 'DE', :'of_b');
\echo :SQLSTATE
insert into crm.customer (name, country, owner_id) values ('Planted', 'DE', null);
\echo :SQLSTATE
insert into crm.customer (name, country, owner_id) values ('Planted', 'DE', :'of_us');
\echo :SQLSTATE
insert into crm.customer (name, country, owner_id) values ('Planted', 'DE', gen_random_uuid());
\echo :SQLSTATE
update crm.customer set owner_id = :'of_b';
\echo :SQLSTATE
update crm.customer set owner_id = mandant_internal.me() where owner_id = :'of_b' returning name;
insert into crm.customer (name, country, created_by) values ('Planted', 'DE', :'of_b');
\echo :SQLSTATE
insert into crm.customer (name, country, id) values ('Planted', 'DE', gen_random_uuid());
\echo :SQLSTATE
select name, owner_id = mandant_internal.me() as own from crm.customer;
-- legitimate use: whoever has the depth of the tenant hands over
reset session authorization;
select from mandant.grant_role('breach_a', 'tenant_sales');
set local session authorization breach_a;
update crm.customer set owner_id = :'of_b' where name = 'Of a';
set local session authorization breach_b;
select name from crm.customer order by name;
rollback;
