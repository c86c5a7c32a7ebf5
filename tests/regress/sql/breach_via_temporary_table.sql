-- A temporary table stays in the session, whoever uses it next. AC-07
-- usual: filled for one, read by the next on the same pooled connection
create schema breach_temporary;
grant usage on schema breach_temporary to mandant_user;
create table breach_temporary.twin as select code as note from mandant.tenant where code in ('de', 'us');
alter table breach_temporary.twin enable row level security;
create policy twin on breach_temporary.twin using (note = current_setting('breach.tenant'));
grant select on breach_temporary.twin to mandant_user;
select current_database() as database \gset
create role breach_pool login in role mandant_user;
grant temporary on database :database to breach_pool;
\connect - breach_pool
set breach.tenant = 'us';
create temp table kept as select note from breach_temporary.twin;
set breach.tenant = 'de';
select note from kept;
-- ours: who is bound has no temporary tables, unless given; a relay that has them is refused while they are there
\connect - report_de
set default_transaction_read_only = off;
create temp table kept as select name from crm.customer;
\echo :SQLSTATE
select name into temp kept from crm.customer;
\echo :SQLSTATE
create temp sequence s;
\echo :SQLSTATE
create temp view v as select 1;
\echo :SQLSTATE
create function pg_temp.f() returns int language sql as 'select 1';
\echo :SQLSTATE
\connect - postgres
grant temporary on database :database to mandant_service;
\connect - mandant_service
select token from mandant.sign_in('sales@us.example', 'demo') \gset us_
select token from mandant.sign_in('sales@de.example', 'demo') \gset de_
begin;
select mandant.enter(:'us_token');
create temp table kept as select name from crm.customer;
commit;
begin;
select mandant.enter(:'de_token');
\echo :SQLSTATE
rollback;
drop table kept;
begin;
select mandant.enter(:'de_token');
\echo :SQLSTATE
rollback;
discard all;
-- and so is what a request left in the list of its temporary things: an index, a type, a function
\connect - mandant_service
begin;
select mandant.enter(:'us_token');
create temp table kept (name text) on commit drop;
insert into kept select name from crm.customer;
commit;
begin;
select mandant.enter(:'de_token');
\echo :SQLSTATE
rollback;
-- legitimate use: a new connection
\connect - mandant_service
begin;
select mandant.enter(:'de_token');
select principal, tenants from mandant.whoami();
select mandant.sign_out();
commit;
begin;
select mandant.enter(:'us_token');
select mandant.sign_out();
commit;
\connect - postgres
revoke temporary on database :database from mandant_service, breach_pool;
set client_min_messages = warning;
drop schema breach_temporary cascade;
drop role breach_pool;
