-- Storing the variable with a role or the database, so that it is there before anybody asks. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- a role may change what it starts with
alter role breach_de set breach.tenant = :us;
alter role breach_de set mandant.tenant = 'us';
select replace(setconfig::text, :'us', 'us') as setconfig from pg_db_role_setting where setrole = 'breach_de'::regrole and setdatabase = 0;
alter role breach_de set mandant.token = 'aaaa';
\echo :SQLSTATE
\set VERBOSITY sqlstate
alter role breach_us set mandant.tenant = 'de';
\echo :SQLSTATE
\set VERBOSITY default
alter database mandant set mandant.tenant = 'us';
\echo :SQLSTATE
rollback;
alter system set mandant.token = 'aaaa';
\echo :SQLSTATE
\! psql -XAtU mandant_admin -d mandant -c "alter system set mandant.tenant = 'us'" 2>&1

-- what is stored is a selection like any other: refused at use
create role breach_stored login;
select from mandant.bind_login('breach_stored', 'de', read_only => false);
create schema breach_stored;
grant usage on schema breach_stored to mandant_user;
create table breach_stored.twin as select id as tenant_id, code as note from mandant.tenant where code in ('de', 'us');
alter table breach_stored.twin enable row level security;
create policy twin on breach_stored.twin using (tenant_id::text = current_setting('breach.tenant'));
grant select on breach_stored.twin to mandant_user;
alter role breach_stored set breach.tenant = :us;
alter role breach_stored set mandant.tenant = 'us';
\connect - breach_stored
select note from breach_stored.twin;
show mandant.tenant;
select count(*) from crm.customer;
\echo :SQLSTATE
-- legitimate use
set mandant.tenant = 'de';
select count(distinct tenant_id) from crm.customer;
alter role current_user set mandant.tenant = '*';
\connect - breach_stored
select tenants from mandant.whoami();

-- ending the default by which a reporting login only reads, for good: it is for accidents, the right decides (RP-01)
\connect - postgres
grant insert on breach_stored.twin to mandant_user;
create role breach_report login;
select from mandant.bind_login('breach_report', 'de');
\connect - breach_report
insert into breach_stored.twin values (:'us', 'by accident');
\echo :SQLSTATE
set default_transaction_read_only = off;
alter role current_user in database mandant set default_transaction_read_only = off;
\connect - breach_report
set breach.tenant = :us;
insert into breach_stored.twin values (:'us', 'on purpose') returning note;
insert into crm.customer (name, country, currency) values ('on purpose', 'DE', 'EUR');
\echo :SQLSTATE
\connect - postgres
select from mandant.unbind_login('breach_report');
select from mandant.unbind_login('breach_stored');
delete from mandant_internal.access_grant using mandant_internal.principal p where principal_id = p.id and p.name ~ '^breach_(stored|report)';
delete from mandant_internal.principal where name ~ '^breach_(stored|report)';
drop schema breach_stored cascade;
drop role breach_stored, breach_report;
