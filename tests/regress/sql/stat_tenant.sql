-- What each tenant does is counted: by whom it is done, not more than once, and told to administrators only. Rolled back or
-- not, a statement was work; a number that was given back was not drawn.
\pset format unaligned
\pset footer off
\set VERBOSITY terse
\connect - mandant_admin
create view pg_temp.counted as
  select tenant, statements, rows_returned, rows_written, numbers, number_waits, refused from mandant.stat_tenant where tenant = 'hk';
select * from pg_temp.counted \gset before_
\connect - report_hk
select count(*) > 0 as seen from crm.customer;
-- three rows
select name is not null as named from crm.customer limit 3;
-- nothing that is asked of a tenant
select 1;
-- one statement, whatever is called within
select count(mandant.setting('payment_terms_days')) from generate_series(1, 100);
-- by a cursor: one statement, with the rows that are fetched
begin;
declare few cursor for select id from crm.customer;
fetch 2 from few \g /dev/null
fetch 1 from few \g /dev/null
savepoint a;
select 1 / (count(*) - count(*)) from crm.customer;
rollback to a;
commit;
\connect - mandant_admin
select statements - :before_statements as statements, rows_returned - :before_rows_returned as rows_returned,
       rows_written - :before_rows_written as rows_written, numbers - :before_numbers as numbers
  from mandant.stat_tenant where tenant = 'hk';
select * from mandant.stat_tenant where tenant = 'hk' \gset before_
-- writing: five rows by a statement, what a function writes, and nothing of it twice; a number that is given back
begin;
set local mandant.tenant = 'hk';
insert into crm.customer (name, country) select 'counted ' || n, 'HK' from generate_series(1, 5) n;
update crm.customer set city = 'Kowloon' where name like 'counted%';
do $$ begin perform mandant.next_numbers('quote', 3, '2026-11-20'); end $$;
rollback;
select statements - :before_statements as statements, rows_returned - :before_rows_returned as rows_returned,
       rows_written - :before_rows_written >= 10 as rows_written, numbers - :before_numbers as numbers
  from mandant.stat_tenant where tenant = 'hk';
-- what foreign keys do, which is after the statement, is its own, too, and what somebody else asks after it is not
select * from mandant.stat_tenant where tenant = 'hk' \gset before_
begin;
set local mandant.tenant = 'hk';
insert into crm.customer (name, country) values ('counted', 'HK') returning id as counted \gset
insert into crm.contact (customer_id, name) select :'counted', 'contact ' || n from generate_series(1, 3) n;
commit;
select rows_written as written from mandant.stat_tenant where tenant = 'hk' \gset
begin;
set local mandant.tenant = 'hk';
delete from crm.customer where id = :'counted';
select 1;
explain (costs off) select from crm.customer \g /dev/null
select 1;
commit;
-- a row of a customer, three of contacts, and the audit of them
select statements - :before_statements as statements, rows_written - :written >= 8 as with_cascade
  from mandant.stat_tenant where tenant = 'hk';
-- several at once are counted by themselves, for whoever administers all
select statements as several from mandant.stat_tenant where tenant is null \gset before_
set mandant.tenant = 'hk,de';
select count(*) > 0 as seen from crm.customer;
select count(*) > 0 as seen from crm.customer;
set mandant.tenant = '*';
-- with the one that asked before
select statements - :before_several as several from mandant.stat_tenant where tenant is null;
select tenant, connections, last_active <= now() as active, since < last_active as since, number_wait_ms >= 0 as waited
  from mandant.stat_tenant where tenant = 'hk';
select count(*) = (select count(*) + 1 from mandant.tenant) as all_of_them from mandant.stat_tenant;
-- who only reads sees nothing, who administers a tenant that one
\connect - report_hk
select count(*) from mandant.stat_tenant;
\connect - report_group
select count(*) from mandant.stat_tenant;
\connect - postgres
begin;
create role counts_manager login;
select from mandant.bind_login('counts_manager', 'hk', 'tenant_manager');
set local role counts_manager;
select tenant from mandant.stat_tenant;
select * from mandant_internal.counted();
rollback;
begin;
set local role report_hk;
select * from mandant_internal.number_waits();
rollback;
select numbers >= 0 as numbers, waits <= numbers as waits, wait_seconds >= 0 as seconds from mandant_internal.number_waits();
\connect - mandant_service
select numbers >= 0 as numbers from mandant_internal.number_waits();
