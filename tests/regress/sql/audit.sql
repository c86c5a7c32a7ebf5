-- Who changed which row, from what to what: seen by whoever sees the row, changed by nobody. AC-18
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null (null)
begin;
create role audit_anna login;
create role audit_bert login;
create role audit_carl login;
select name from unnest(array['audit_anna', 'audit_bert']) l, mandant.bind_login(l::regrole, 'de', 'sales_rep');
select name from mandant.bind_login('audit_carl', 'us', 'tenant_sales');
-- a table of the CRM is audited by itself
set role audit_anna;
insert into crm.customer (name, country) values ('Audit GmbH', 'DE') returning id as customer \gset
update crm.customer set name = 'Audit AG', city = 'Köln' where id = :'customer';
update crm.customer set name = name where id = :'customer';
select action, old, new - array['id', 'owner_id', 'created_at', 'created_by', 'updated_at', 'tenant_id', 'party_id'] as new, principal, login
from mandant.audit_log where "table" = 'crm.customer' and key = :'customer' order by at;
-- visible as the row is: not to a colleague with own rows, nor to another company; and with the row when it is given away
set role audit_bert;
select count(*) from mandant.audit_log where key = :'customer';
set role audit_carl;
select count(*) from mandant.audit_log where key = :'customer' or tenant_id <> mandant.current_tenant();
set role mandant_admin;
set mandant.tenant = '*';
select mandant.assign('crm.customer', :'customer', 'audit_bert');
set role audit_anna;
reset mandant.tenant;
select count(*) from mandant.audit_log where key = :'customer';
set role audit_bert;
select action, old -> 'owner_id' is not null as another_owner, principal from mandant.audit_log where key = :'customer' order by at;
delete from crm.customer where id = :'customer';
select action, old ->> 'name' as old, new from mandant.audit_log where key = :'customer' order by at desc limit 1;
-- a statement that fails, or is rolled back, leaves nothing
savepoint s;
insert into crm.customer (name, country) values ('Never', 'DE');
rollback to s;
insert into crm.customer (name, country) values ('Never', 'XX');
select count(*) from mandant.audit_log where new ->> 'name' = 'Never';
reset role;

-- posting, as many rows as a statement changes
set role mandant_admin;
set mandant.tenant = 'de';
select id as draft from crm.document where status = 'draft' and kind = 'invoice' order by id limit 1 \gset
select number is not null as posted from crm.post_document(:'draft');
select action, old ->> 'status' as was, new ->> 'status' as "is", new ->> 'number' is not null as numbered
from mandant.audit_log where "table" = 'crm.document' and key = :'draft' and new ? 'status' order by at;
with changed as (update crm.product set name = name || '.' returning 1) select count(*) as changed from changed;
select count(*), count(distinct key), min(action), bool_and(new ->> 'name' = (old ->> 'name') || '.') as each_with_its_own
from mandant.audit_log where "table" = 'crm.product' and at >= now() and action = 'update';
reset mandant.tenant;
reset role;

-- a table of one's own: keys of several columns, none at all, a changed key, partitions, upserts and merge
create schema audit;
grant usage on schema audit to mandant_user;
create table audit.item (
  tenant_id int not null default mandant.current_tenant(),
  year int not null,
  n int not null,
  note text,
  constraint item_pkey primary key (tenant_id, year, n)
) partition by list (year);
create table audit.item_1 partition of audit.item for values in (1);
create table audit.item_2 partition of audit.item for values in (2);
select mandant.protect('audit.item', audit => true);
create table audit.plain (tenant_id int not null, note text);
create index on audit.plain (tenant_id);
select mandant.protect('audit.plain', audit => true);
grant select, insert, update, delete on audit.item, audit.plain to mandant_user;
grant select, insert on audit.item_1 to mandant_user;
create role audit_all login;
select name from mandant.bind_login('audit_all', 'de', 'group_admin');
set role audit_all;
insert into audit.item (year, n, note) values (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c');
insert into audit.item_1 (year, n, note) values (1, 3, 'into the partition');
update audit.item set year = 2, n = 7 where note = 'b';
insert into audit.item (year, n, note) values (1, 1, 'again'), (1, 9, 'new') on conflict on constraint item_pkey do update set note = excluded.note;
merge into audit.item i using (values (1, 1), (2, 5)) as s (year, n) on (i.year, i.n) = (s.year, s.n)
  when matched then delete when not matched then insert (year, n, note) values (s.year, s.n, 'merged');
insert into audit.plain values (mandant.current_tenant(), 'x');
update audit.plain set note = 'y';
select "table", key, action, old - 'tenant_id' as old, new - 'tenant_id' as new from mandant.audit_log where "table" ~ '^audit' order by at;
reset role;
-- kept on when the table is protected again, off when it is said; a partition that comes later is in it
select mandant.protect('audit.item');
create table audit.item_3 partition of audit.item for values in (3);
select count(*) from pg_trigger where tgrelid = 'audit.item_3'::regclass and tgname ~ 'mandant_audit';
select mandant.protect('audit.item', audit => false);
set role audit_all;
insert into audit.item (year, n) values (3, 1);
select count(*) from mandant.audit_log where key = '3,1';
reset role;

-- nobody changes it: no role that is bound, no owner of the table, not the owning role by mistake
set role audit_all;
delete from mandant.audit_log;
\echo :SQLSTATE
update mandant.audit_log set principal = 'another';
\echo :SQLSTATE
delete from mandant_internal.audit;
\echo :SQLSTATE
set role crm_owner;
truncate mandant_internal.audit;
\echo :SQLSTATE
set role mandant_owner;
delete from mandant_internal.audit;
\echo :SQLSTATE
update mandant_internal.audit set by_login = 'x';
\echo :SQLSTATE
truncate mandant_internal.audit;
\echo :SQLSTATE
delete from mandant_internal.access_event;
\echo :SQLSTATE
-- nor switches it off: who owns the table is kept from it, too
set role crm_owner;
alter table crm.customer disable trigger mandant_audit_update;
\echo :SQLSTATE
drop trigger mandant_audit_delete on crm.customer;
\echo :SQLSTATE
alter table crm.customer disable trigger user;
\echo :SQLSTATE
drop trigger mandant_assign on crm.customer;
\echo :SQLSTATE
create or replace trigger mandant_audit_insert after insert on crm.customer for each statement execute function mandant_internal.audit('customer', '', '', '');
\echo :SQLSTATE
rollback;
