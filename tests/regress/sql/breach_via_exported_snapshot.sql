-- A snapshot of another's transaction, or one taken before a right ended. AC-07 AC-17
\set VERBOSITY terse
create schema breach_snapshot;
grant usage on schema breach_snapshot to mandant_user;
create table breach_snapshot.twin_member (login name, code text);
create table breach_snapshot.twin as select code as note from mandant.tenant where code in ('de', 'us');
alter table breach_snapshot.twin enable row level security;
create policy twin on breach_snapshot.twin using (note in (select code from breach_snapshot.twin_member where login = current_user));
grant select on all tables in schema breach_snapshot to mandant_user;
create role breach_snapshot login;
select from mandant.bind_login('breach_snapshot', 'de');
select from mandant.grant_role('breach_snapshot', 'reader', 'us');
insert into breach_snapshot.twin_member values ('breach_snapshot', 'de'), ('breach_snapshot', 'us');
\connect - breach_snapshot
\set VERBOSITY terse
set mandant.tenant = '*';
begin isolation level repeatable read;
select note from breach_snapshot.twin order by note;
select array_agg(distinct t.code) as tenants from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
prepare of_tenants as select count(distinct tenant_id) from crm.customer;
execute of_tenants;
\! psql -XAtqU mandant_admin -d mandant -c "select mandant.revoke_role('breach_snapshot', 'reader', 'us')"
\! psql -XAtqU postgres -d mandant -c "delete from breach_snapshot.twin_member where code = 'us'"
-- usual: the old snapshot has the old rights
select note from breach_snapshot.twin order by note;
-- ours are those of the moment
select array_agg(distinct t.code) as tenants from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
execute of_tenants;
set mandant.tenant = 'us';
execute of_tenants;
\echo :SQLSTATE
rollback;
-- somebody else's snapshot brings rows that were there then, not rights
\connect - report_us
begin isolation level serializable;
select pg_export_snapshot() as snapshot \gset
\setenv SNAPSHOT :snapshot
\! psql -XAtqU report_de -d mandant -c "begin isolation level repeatable read; set transaction snapshot '$SNAPSHOT'; select count(distinct tenant_id), min(tenant_id) = (select id from mandant.tenant) from crm.customer; commit" 2>&1
commit;
-- legitimate use
\connect - breach_snapshot
set mandant.tenant = 'de';
select count(distinct tenant_id) from crm.customer;
\connect - postgres
set client_min_messages = warning;
drop schema breach_snapshot cascade;
select from mandant.unbind_login('breach_snapshot');
delete from mandant_internal.access_grant using mandant_internal.principal p where principal_id = p.id and p.name like 'breach_snapshot%';
delete from mandant_internal.principal where name like 'breach_snapshot%';
drop role breach_snapshot;
