-- Ending the default by which sessions of a reporting login only read: it is for accidents, and guards nothing. RP-01 AC-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude
rollback;
\connect - postgres
create role breach_report login;
select from mandant.bind_login('breach_report', 'de');
create schema breach_report;
grant usage on schema breach_report to mandant_user;
create table breach_report.twin as select code as note from mandant.tenant where code = 'de';
select mandant.unprotect('breach_report.twin');
grant select, insert on breach_report.twin to mandant_user;
\connect - breach_report
select count(*) > 0 as reads from crm.customer;
insert into breach_report.twin values ('by accident');
\echo :SQLSTATE
insert into crm.customer (name, country, currency) values ('by accident', 'DE', 'EUR');
\echo :SQLSTATE
-- usual: what is kept by the default alone is not kept
begin read write;
insert into breach_report.twin values ('on purpose') returning note;
rollback;
-- ours: the right decides
begin read write;
insert into crm.customer (name, country, currency) values ('on purpose', 'DE', 'EUR');
\echo :SQLSTATE
rollback;
set default_transaction_read_only = off;
update crm.customer set name = 'on purpose';
delete from crm.customer;
select mandant.next_number('invoice');
\echo :SQLSTATE
select count(*) from crm.customer where name = 'on purpose';
\connect - postgres
select from mandant.unbind_login('breach_report');
delete from mandant_internal.access_grant using mandant_internal.principal p where principal_id = p.id and p.name like 'breach_report%';
delete from mandant_internal.principal where name like 'breach_report%';
drop schema breach_report cascade;
drop role breach_report;
