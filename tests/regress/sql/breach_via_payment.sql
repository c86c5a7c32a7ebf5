-- Money of another company: its payments taken for one’s own invoices, its open items asked for, and an invoice said to be paid. AC-01 AC-07 CF-04
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: what is open is a number that whoever may update can write
reset session authorization;
create table breach.bill (tenant_id int not null, number text not null, open_amount numeric not null);
alter table breach.bill enable row level security;
create policy bill on breach.bill using (tenant_id = current_setting('breach.tenant')::int);
grant select, update on breach.bill to mandant_user;
insert into breach.bill values (:de, 'A', 100), (:us, 'B', 100);
select id as theirs, customer_id as their_customer from crm.document where number = 'PAY-2026-00014' and tenant_id = :us \gset
select id as their_invoice, number as their_number from crm.document where tenant_id = :us and kind = 'invoice' and open_amount > 0 order by number limit 1 \gset
select s.id as their_settlement from crm.settlement s where s.document_id = :'theirs' \gset
select id as invoice, customer_id as customer from crm.document where tenant_id = :de and kind = 'invoice' and open_amount > 0 order by number limit 1 \gset
select id as payment from crm.document where number = 'ZA-2026-00016' \gset
set local session authorization breach_de;
set local breach.tenant = :us;
update breach.bill set open_amount = 0 returning number, open_amount;
-- ours: what is not seen is not there, whatever way it is named
\set VERBOSITY sqlstate
select crm.allocate(:'theirs', :'invoice') is null \g /dev/null
select crm.allocate(:'payment', :'their_invoice') is null \g /dev/null
select crm.deallocate(:'their_settlement', 'mine') is null \g /dev/null
select crm.cancel_document(:'theirs', 'mine') is null \g /dev/null
select crm.record_payment(:'their_customer', 1) is null \g /dev/null
select crm.record_payment(:'customer', 1, '2026-11-02', allocations => jsonb_build_array(jsonb_build_object('document_id', :'their_invoice'))) is null \g /dev/null
select crm.record_payment(:'customer', 1, '2026-11-02', allocations => jsonb_build_array(jsonb_build_object('number', :'their_number'))) is null \g /dev/null
select (select count(*) from crm.open_item where tenant_id <> :de) as items, (select count(*) from crm.customer_balance where tenant_id <> :de) as balances,
  (select count(*) from crm.settlement where tenant_id <> :de) as settlements, (select count(*) from crm.settlement_tax where tenant_id <> :de) as taxes;
-- nor is an own invoice said to be paid, or a row of another's made
update crm.document set open_amount = 0 where id = :'invoice';
insert into crm.settlement (tenant_id, document_id, kind, pair_id, by_id, purpose, amount, tenant_amount, exchange_difference, settled_on)
  values (:us, :'their_invoice', 'invoice', mandant.new_id(), :'theirs', 'allocation', 1, 1, 0, '2026-11-02');
select crm.write_settlement(null);
-- who sees own documents only does not pay what he does not see, and learns no sum of it
reset session authorization;
create role breach_clerk login;
select from mandant.define_role('breach_clerk', 'own documents'),
  mandant.allow('breach_clerk', 'document', array['read', 'create', 'update', 'post', 'void'], 'own') as documents,
  mandant.allow('breach_clerk', 'customer', array['read']) as customers, mandant.allow('breach_clerk', 'tenant', array['read']) as tenants;
select from mandant.bind_login('breach_clerk', 'de', 'breach_clerk');
select p.id as clerk from mandant.principal p where p.name = 'breach_clerk' \gset
set local session authorization breach_clerk;
select count(*) from crm.open_item;
select crm.allocate(:'payment', :'invoice') is null \g /dev/null
select crm.record_payment(:'customer', 1, '2026-11-02') is null \g /dev/null
-- a payment that is given to him can pay what is his, and no more of an invoice than is open
reset session authorization;
set local session authorization breach_de;
select from mandant.assign('crm.document', :'payment', 'breach_clerk');
set local session authorization breach_clerk;
select kind, number, open_amount from crm.open_item;
select s.amount, d.id is null as unseen from crm.settlement s left join crm.document d on d.id = s.by_id;
select crm.allocate(:'payment', :'invoice') is null \g /dev/null
select crm.deallocate((select s.id from crm.settlement s), 'mine') is null \g /dev/null
select crm.cancel_document(:'payment', 'mine') is null \g /dev/null
-- legitimate use: the company's own
reset session authorization;
set local session authorization breach_de;
select open_amount from crm.record_payment(:'customer', 1, '2026-11-02', allocations => jsonb_build_array(jsonb_build_object('document_id', :'invoice')));
rollback;
