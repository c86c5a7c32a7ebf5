-- A posted document stays as it is, whoever asks and by whatever statement; a draft does not.
-- NR-14 CF-11
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select tenant_id as de, id as posted, customer_id as customer, created_by as author
    from crm.document where number = 'RE-2026-00001' \gset
select id as draft from crm.document
    where tenant_id = :de and status = 'draft' and kind = 'quote' \gset

-- the salesman, and the administrator of the group
set role crm_sales_de;
update crm.document set reference = 'changed' where id = :'posted';
\echo :SQLSTATE
\set VERBOSITY sqlstate
update crm.document set document_date = document_date where number is not null;
\set VERBOSITY terse
delete from crm.document where id = :'posted';
\echo :SQLSTATE
delete from crm.document_line where document_id = :'posted';
\echo :SQLSTATE
truncate crm.document cascade;
\echo :SQLSTATE
select crm.change_document(:'posted', '[]');
\echo :SQLSTATE
merge into crm.document as d using (values ('RE-2026-00001')) as s (number) on d.number = s.number
    when matched then update set reference = 'changed';
\echo :SQLSTATE
merge into crm.document as d using (values ('RE-2026-00001')) as s (number) on d.number = s.number
    when matched then delete;
\echo :SQLSTATE
insert into crm.document (tenant_id, id, kind, customer_id, document_date, currency)
    values (:de, :'posted', 'invoice', :'customer', '2026-01-08', 'EUR')
    on conflict (tenant_id, id) do update set reference = excluded.reference;
\echo :SQLSTATE
create rule changed as on update to crm.document do instead nothing;
\echo :SQLSTATE
create trigger changed before update on crm.document
    for each row execute function suppress_redundant_updates_trigger();
\echo :SQLSTATE
alter table crm.document disable trigger document_keep_posted;
\echo :SQLSTATE
update crm.document_line set quantity = 1 where document_id = :'posted';
\echo :SQLSTATE
delete from crm.document_tax where document_id = :'posted';
\echo :SQLSTATE
-- its customer and its products cannot go either
select set_config('test.customer', :'customer', true) \g /dev/null
do $$ begin delete from crm.customer where id = current_setting('test.customer')::uuid;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
set role mandant_admin;
update crm.document set reference = 'changed' where id = :'posted';
\echo :SQLSTATE
delete from crm.document where id = :'posted';
\echo :SQLSTATE
truncate crm.document cascade;
\echo :SQLSTATE

-- who owns the table sees no rows of it, but could truncate it
set role crm_owner;
update crm.document set reference = 'changed' where status = 'posted';
\echo :SQLSTATE
truncate crm.document cascade;
\echo :SQLSTATE
truncate crm.document_line cascade;
\echo :SQLSTATE
truncate crm.document_tax;
\echo :SQLSTATE
truncate crm.customer cascade;
\echo :SQLSTATE

-- a superuser would have to remove the triggers first
reset role;
update crm.document set net = 0 where id = :'posted';
\echo :SQLSTATE
update crm.document set status = 'draft', number = null, posted_at = null where id = :'posted';
\echo :SQLSTATE
delete from crm.document where id = :'posted';
\echo :SQLSTATE
insert into crm.document (id, tenant_id, kind, customer_id, document_date, currency)
    values (:'posted', :de, 'invoice', :'customer', '2026-01-08', 'EUR')
    on conflict (tenant_id, id) do update set document_date = excluded.document_date;
\echo :SQLSTATE
insert into crm.document_line
    (tenant_id, document_id, position, kind, description, quantity, unit_price, tax_rate, net)
    values (:de, :'posted', 9, 'invoice', 'one more', 1, 1, 0, 1);
\echo :SQLSTATE
update crm.document_line set quantity = 1 where document_id = :'posted';
\echo :SQLSTATE
update crm.document_line set document_id = :'draft', position = 90 where document_id = :'posted';
\echo :SQLSTATE
update crm.document_line set document_id = :'posted', position = 90
    where document_id = :'draft' and position = 1;
\echo :SQLSTATE
delete from crm.document_line where document_id = :'posted';
\echo :SQLSTATE
truncate crm.document, crm.document_line cascade;
\echo :SQLSTATE
insert into crm.document_tax (tenant_id, document_id, position, kind, tax_rate, net, tax)
    values (:de, :'posted', 9, 'invoice', 0, 1, 0);
\echo :SQLSTATE
update crm.document_tax set tax = 0 where document_id = :'posted';
\echo :SQLSTATE
delete from crm.document_tax where document_id = :'posted';
\echo :SQLSTATE
-- what became of it follows from other documents: it cannot be said
update crm.document set status = 'cancelled' where id = :'posted';
\echo :SQLSTATE
update crm.document set status = 'accepted' where id = :'posted';
\echo :SQLSTATE
update crm.document set status = 'draft' where id = :'posted';
\echo :SQLSTATE
update crm.document set status_reason = 'changed' where id = :'posted';
\echo :SQLSTATE
update crm.document set owner_id = owner_id, net = 0 where id = :'posted';
\echo :SQLSTATE
update crm.document set credited = gross + 0.01 where id = :'posted';
\echo :SQLSTATE

-- nothing happened
select d.reference, d.net, count(*) as lines
from crm.document as d join crm.document_line as l on l.document_id = d.id
where d.id = :'posted' group by d.reference, d.net;

-- drafts change and go
set role crm_sales_de;
update crm.document set reference = 'changed' where id = :'draft' returning reference, status;
delete from crm.document where id = :'draft' returning status;
select count(*) from crm.document_line where document_id = :'draft';

rollback;
