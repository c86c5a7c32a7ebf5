-- Payments: what they pay, the discount for paying early, reversal, foreign currency; and what is refused.
-- CF-04 CF-11 NR-14
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_books_de login;
select from mandant.bind_login('crm_books_de', 'de', 'accountant');
set role mandant_admin;
select from mandant.set_setting('early_payment_days', '10', tenant => 'de');
select from mandant.set_setting('early_payment_percent', '2', tenant => 'de');
insert into crm.customer (tenant_id, name, street, postal_code, city, country, currency)
    select t.id, n, 'Weg 1', '20099', 'Hamburg', 'DE', 'EUR' from mandant.tenant as t, unnest(array['Payer', 'Other', 'Old']) as n
    where t.code = 'de';
select id as payer from crm.customer where name = 'Payer' \gset
select id as other from crm.customer where name = 'Other' \gset
select id as old from crm.customer where name = 'Old' \gset
reset role;
-- a posted invoice of one line
create function crm_bill(customer uuid, net numeric, rate numeric, day date, currency text default null,
        exchange_rate numeric default null, kind text default 'invoice') returns uuid language sql as $$
    select p.id from crm.create_document(customer, kind, jsonb_build_array(jsonb_build_object(
        'description', 'x', 'quantity', 1, 'unit_price', net, 'tax_rate', rate)), day,
        currency => currency, exchange_rate => exchange_rate) as d, crm.post_document(d.id) as p
$$;
create function crm_open(variadic ids uuid[]) returns numeric[] language sql as $$
    select array_agg(d.open_amount order by array_position(ids, d.id)) from crm.document as d
    where d.id = any(ids)
$$;
-- what follows from the rows is what the documents say, for all that the caller sees
create function crm_balanced() returns boolean language sql as $$
    select coalesce(bool_and(d.open_amount = d.gross * k.balance_sign - coalesce(s.amount, 0)
            and (d.open_amount <> 0 or d.tenant_gross * k.balance_sign = coalesce(s.tenant_amount, 0))), true)
        and not exists (select from crm.settlement as p group by p.pair_id
            having sum(p.tenant_amount + p.exchange_difference) filter (where p.purpose = 'allocation') <> 0)
    from crm.document as d
    join crm.document_kind as k on k.code = d.kind
    cross join lateral (select sum(s.amount) as amount, sum(s.tenant_amount) as tenant_amount
        from crm.settlement as s where s.document_id = d.id) as s
    where d.status <> 'draft' and k.balance_sign <> 0
$$;
create view crm_settled with (security_invoker = true) as
    select row_number() over (order by s.id) as n, d.kind, s.purpose, s.amount, s.tenant_amount,
        s.exchange_difference as difference, s.settled_on, s.reverses is not null as back, s.reason
    from crm.settlement as s join crm.document as d on d.id = s.document_id
    join crm.customer as c on c.id = d.customer_id where c.name in ('Payer', 'Other', 'Old');
grant select on crm_settled to crm_books_de;

-- the golden day: 1,927.12 less 2 % is 1,888.58; the 38.54 are 32.39 and 6.15 tax
set role crm_books_de;
select id as first from crm.create_document(:'payer', 'invoice',
    '[{"description": "a", "quantity": 6, "unit_price": "199.90", "discount_percent": 5, "tax_rate": 19},
      {"description": "b", "quantity": 1, "unit_price": 480, "tax_rate": 19}]', '2026-11-02') \gset
select gross, early_payment_days, early_payment_percent from crm.post_document(:'first');
select id as second from crm.create_document(:'payer', 'invoice',
    '[{"description": "a", "quantity": 4, "unit_price": "199.90", "discount_percent": 5, "tax_rate": 19}]',
    '2026-11-02') \gset
select gross from crm.post_document(:'second');
select number, gross, open_amount, tax, status from crm.record_payment(:'payer', 1888.58, '2026-11-12');
select purpose, amount, tenant_amount, difference, settled_on from crm_settled order by n;
select t.tax_rate, t.net, t.tax from crm.settlement_tax as t where t.document_id = :'first';
-- a piece of the second is credited: 225.99 of 903.95
select number, gross, open_amount from crm.post_document((crm.convert_document(:'second', 'credit_note',
    '[{"source_position": 1, "quantity": 1}]', '2026-11-10')).id);
select crm_open(:'first', :'second'), crm_balanced();
-- paid in part, then too much; the rest is his
select open_amount from crm.record_payment(:'payer', 600, '2026-11-30');
select id as over, open_amount from crm.record_payment(:'payer', 100, '2026-12-01') \gset
select crm_open(:'first', :'second', :'over');

-- a payment comes back: what it paid is open again, discount included
select id as paid from crm.document where kind = 'payment' and gross = 1888.58 and customer_id = :'payer' \gset
select kind, number, gross, open_amount from crm.cancel_document(:'paid', 'returned', '2026-11-20');
select status, status_reason, open_amount from crm.document where id = :'paid';
select purpose, amount, settled_on, back, reason from crm_settled where settled_on = '2026-11-20' order by n;
select sum(t.net), sum(t.tax) from crm.settlement_tax as t where t.document_id = :'first';
select crm_open(:'first', :'second', :'over'), crm_balanced();
select crm.cancel_document(:'paid', 'twice');
\echo :SQLSTATE
select crm.deallocate(s.id, 'no') from crm.settlement as s
    where s.document_id = :'paid' and s.by_id = (select d.id from crm.document as d where d.cancels_id = :'paid');
\echo :SQLSTATE

-- what is left is allocated later, and taken back, once
select crm_bill(:'payer', 50, 19, '2026-12-02') as third \gset
select purpose, kind, amount, document_id = :'third' as of_invoice from crm.allocate(:'over', :'third', 10);
select s.id as allocation from crm.settlement as s where s.document_id = :'third' \gset
select crm_open(:'over', :'third');
select purpose, kind, amount, reason from crm.deallocate(:'allocation', 'wrong invoice');
select crm_open(:'over', :'third');
select crm.deallocate(:'allocation', 'twice');
\echo :SQLSTATE
select crm.deallocate((select s.id from crm.settlement as s where s.reverses = :'allocation'), 'back again');
\echo :SQLSTATE
select crm.deallocate(:'allocation', ' ');
\echo :SQLSTATE
select crm.deallocate('00000000-0000-7000-8000-000000000000', 'x');
\echo :SQLSTATE
-- what is left is paid out
select id as out, gross, open_amount from crm.record_payment(:'payer', -22.04, '2026-12-03') \gset
select crm_open(:'over', :'out'), crm_balanced();

-- exactly one invoice comes before the oldest, then what is due first
select crm_bill(:'other', 100, 0, '2026-01-01') as a, crm_bill(:'other', 200, 0, '2026-02-01') as b,
    crm_bill(:'other', 300, 0, '2026-03-01') as c \gset
select from crm.record_payment(:'other', 200, '2026-05-01');
select crm_open(:'a', :'b', :'c');
select from crm.record_payment(:'other', 294, '2026-03-11');
select crm_open(:'a', :'b', :'c');
select from crm.record_payment(:'other', 150, '2026-05-01', allocations => '[]');
select crm_open(:'a', :'b', :'c');
select number, crm_bill(:'other', 40, 0, '2026-04-01') as d from crm.document where id = :'a' \gset
select open_amount from crm.record_payment(:'other', 130, '2026-05-02', allocations => jsonb_build_array(
    jsonb_build_object('number', :'number', 'amount', 60), jsonb_build_object('document_id', :'d')));
select crm_open(:'a', :'d');
-- the documents of who was merged are those of who he became, in two steps, too
set role mandant_admin;
select crm_bill(:'old', 70, 0, '2026-01-02') as e \gset
select from crm.merge_customers(:'old', :'other', 'the same');
select name, merged_into = :'other' as into_other from crm.customer where id = :'old';
set role crm_books_de;
select from crm.record_payment(:'other', 70, '2026-05-03');
select crm_open(:'e');
set role mandant_admin;
select from crm.merge_customers(:'other', :'payer', 'the same');
select name, merged_into = :'payer' as into_payer from crm.customer where id in (:'old', :'other') order by name;
set role crm_books_de;

-- a discount on what is credited later goes back in proportion
select crm_bill(:'payer', 1000, 19, '2026-06-01') as bill \gset
select from crm.record_payment(:'payer', 1166.20, '2026-06-03');
select id as credit, open_amount from crm.post_document((crm.convert_document(:'bill', 'credit_note',
    '[{"description": "half", "quantity": 1, "unit_price": 500, "tax_rate": 19}]', '2026-06-04')).id) \gset
select :'open_amount' as credited, crm_open(:'bill', :'credit');
select s.purpose, sum(s.amount) from crm.settlement as s where s.document_id = :'bill' group by s.purpose order by 1;
select sum(t.net), sum(t.tax) from crm.settlement_tax as t where t.document_id = :'bill';
-- an invoice that is paid in part and cancelled leaves what was paid on its credit note
select crm_bill(:'payer', 100, 19, '2026-06-10') as bill \gset
select from crm.record_payment(:'payer', 19, '2026-06-25', allocations => jsonb_build_array(
    jsonb_build_object('document_id', :'bill')));
select id as storno, open_amount from crm.cancel_document(:'bill', 'wrong', '2026-06-26') \gset
select crm_open(:'bill', :'storno'), crm_balanced();
-- and if that payment comes back, both are even
select from crm.cancel_document((select s.by_id from crm.settlement as s
    join crm.document as o on o.id = s.by_id and o.kind = 'payment' where s.document_id = :'bill'), 'returned', '2026-06-27');
select crm_open(:'bill', :'storno'), crm_balanced();

-- the discount over two rates: to the cent, in proportion to gross
select id as mixed from crm.create_document(:'payer', 'invoice',
    '[{"description": "a", "quantity": 1, "unit_price": "33.33", "tax_rate": 19},
      {"description": "b", "quantity": 1, "unit_price": "77.77", "tax_rate": 7},
      {"description": "c", "quantity": 1, "unit_price": "0.10", "tax_rate": 0}]', '2026-07-01') \gset
select gross, round(gross * 0.98, 2) as pays from crm.post_document(:'mixed') \gset
select :gross as gross, :pays as pays;
select from crm.record_payment(:'payer', :pays, '2026-07-01');
select t.tax_rate, t.net, t.tax from crm.settlement_tax as t where t.document_id = :'mixed' order by t.tax_rate;
select crm_open(:'mixed');

-- refused, and nothing changed
select crm_bill(:'payer', 500, 0, '2026-08-01') as bill, crm_bill(:'payer', 500, 0, '2026-08-02', 'USD', 0.9) as usd \gset
select id as pay from crm.record_payment(:'payer', 400, '2026-08-05', allocations => '[]') \gset
select id as draft from crm.create_document(:'payer', 'invoice') \gset
select crm.allocate(:'pay', :'bill', 401);
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 0);
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', -1);
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 'NaN');
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 'Infinity');
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 1.005);
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 100, 10.01);
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 100, -1);
\echo :SQLSTATE
select crm.allocate(:'pay', :'bill', 100, 'NaN');
\echo :SQLSTATE
select crm.allocate(:'pay', :'usd');
\echo :SQLSTATE
select crm.allocate(:'bill', :'pay');
\echo :SQLSTATE
select crm.allocate(:'pay', :'pay');
\echo :SQLSTATE
select crm.allocate(:'pay', :'mixed');
\echo :SQLSTATE
select crm.allocate(:'paid', :'bill');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.allocate(:'pay', :'draft');
\set VERBOSITY terse
select crm.allocate(:'pay', null);
\echo :SQLSTATE
select id as theirs from crm.customer where name = 'Bäckerei Größinger KG' \gset
select crm.allocate(:'pay', (select min(d.id::text)::uuid from crm.document as d
    where d.customer_id = :'theirs' and d.kind = 'invoice' and d.open_amount > 0));
\echo :SQLSTATE
-- after the days
select id as late from crm.record_payment(:'payer', 490, '2026-08-12', allocations => '[]') \gset
select crm.allocate(:'late', :'bill', 490, 10);
\echo :SQLSTATE
select crm.record_payment(:'payer', 0);
\echo :SQLSTATE
select crm.record_payment(:'payer', 'NaN');
\echo :SQLSTATE
select crm.record_payment(:'payer', null);
\echo :SQLSTATE
select crm.record_payment(:'payer', 0.001);
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, currency => 'ABC');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-08-05', allocations => '{}');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-08-05', allocations => '[{"nummer": 1}]');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-08-05', allocations => '[{}]');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-08-05', allocations => '[{"number": "RE-1"}]');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-08-05', allocations => '[{"document_id": "x"}]');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-08-05', allocations => jsonb_build_array(
    jsonb_build_object('document_id', :'bill', 'amount', 6)));
\echo :SQLSTATE
select crm.record_payment('00000000-0000-7000-8000-000000000000', 5);
\echo :SQLSTATE
select crm_open(:'pay', :'bill', :'usd', :'late'), crm_balanced();
select count(*), max(number) from crm.document where kind = 'payment' and customer_id = :'payer';

-- a locked period: what is settled later is of the first open day; nothing is posted there
set role mandant_admin;
select from mandant.set_setting('locked_until', '2026-08-31', tenant => 'de');
set role crm_books_de;
select purpose, settled_on from crm.allocate(:'pay', :'bill', 1);
select crm.record_payment(:'payer', 5, '2026-08-05');
\echo :SQLSTATE

-- who may not: a seller reads payments, and the right to read is not enough
reset role;
create role crm_reads_de login;
select from mandant.bind_login('crm_reads_de', 'de', 'reader');
set role crm_reads_de;
select crm.allocate(:'pay', :'bill', 1);
\echo :SQLSTATE
select crm.deallocate((select s.id from crm.settlement as s where s.document_id = :'bill' limit 1), 'x');
\echo :SQLSTATE
select crm.record_payment(:'payer', 5, '2026-09-05');
\echo :SQLSTATE
set role report_us;
\set VERBOSITY sqlstate
select crm.allocate(:'pay', :'bill', 1);
\set VERBOSITY terse

-- Hong Kong in US dollars: 447.00 at 7.8125 is 3,492.19; paid at 7.80 it is 3,486.60, 5.59 less
set role mandant_admin;
insert into crm.customer (tenant_id, name, street, city, country, currency)
    select t.id, 'Payer HK', '1 Harbour Road', 'Hong Kong', 'HK', 'USD' from mandant.tenant as t where t.code = 'hk';
select id as hk from crm.customer where name = 'Payer HK' \gset
select crm_bill(:'hk', 447, 0, '2026-11-02', 'USD', 7.8125) as one, crm_bill(:'hk', 447, 0, '2026-11-02', 'USD', 7.8125) as two,
    crm_bill(:'hk', 447, 0, '2026-11-02', 'USD', 7.8125) as three \gset
select tenant_gross from crm.document where id = :'one';
create temporary view crm_foreign as
    select case s.document_id when :'one' then 'one' when :'two' then 'two' when :'three' then 'three' else 'payment' end as of,
        s.amount, s.tenant_amount, s.exchange_difference as difference, s.reverses is not null as back, s.id
    from crm.settlement as s join crm.document as d on d.id = s.document_id where d.customer_id = :'hk';
select tenant_gross, open_amount from crm.record_payment(:'hk', 447, '2026-11-30', exchange_rate => 7.80,
    allocations => jsonb_build_array(jsonb_build_object('document_id', :'one')));
select of, amount, tenant_amount, difference from crm_foreign order by id;
-- in two parts, and in three, with a part that is taken back between
select from crm.record_payment(:'hk', 200, '2026-11-30', exchange_rate => 7.80,
    allocations => jsonb_build_array(jsonb_build_object('document_id', :'two')));
select from crm.record_payment(:'hk', 247, '2026-11-30', exchange_rate => 7.80,
    allocations => jsonb_build_array(jsonb_build_object('document_id', :'two')));
select id as thirds from crm.record_payment(:'hk', 447, '2026-11-30', exchange_rate => 7.80, allocations => '[]') \gset
select from crm.allocate(:'thirds', :'three', 149);
select from crm.allocate(:'thirds', :'three', 149);
select from crm.deallocate((select s.id from crm.settlement as s where s.document_id = :'three' order by s.id limit 1), 'try again');
select from crm.allocate(:'thirds', :'three', 149);
select from crm.allocate(:'thirds', :'three', 149);
select of, amount, tenant_amount, difference, back from crm_foreign where of in ('two', 'three') order by id;
select of, sum(amount) as amount, sum(tenant_amount) as tenant_amount, sum(difference) as difference
from crm_foreign where of <> 'payment' group by of order by of;
select crm_open(:'one', :'two', :'three'), crm_balanced();

-- what was settled stays, whoever asks and by whatever statement
set role crm_books_de;
delete from crm.settlement;
\echo :SQLSTATE
update crm.settlement set amount = 1;
\echo :SQLSTATE
insert into crm.settlement (document_id) values (:'bill');
\echo :SQLSTATE
update crm.document set open_amount = 0 where id = :'bill';
\echo :SQLSTATE
set role crm_owner;
truncate crm.settlement cascade;
\echo :SQLSTATE
truncate crm.settlement_tax;
\echo :SQLSTATE
reset role;
update crm.document set open_amount = 0 where id = :'bill';
\echo :SQLSTATE
update crm.settlement set amount = 2 where document_id = :'bill';
\echo :SQLSTATE
update crm.settlement set amount = 2, owner_id = null where document_id = :'bill';
\echo :SQLSTATE
delete from crm.settlement where document_id = :'bill';
\echo :SQLSTATE
insert into crm.settlement select s.* from crm.settlement as s where s.document_id = :'bill'
    on conflict (tenant_id, id) do update set amount = 3;
\echo :SQLSTATE
merge into crm.settlement as s using (values (1)) as v (n) on s.document_id = :'bill'
    when matched then update set amount = 4;
\echo :SQLSTATE
merge into crm.settlement as s using (values (1)) as v (n) on s.document_id = :'bill' when matched then delete;
\echo :SQLSTATE
update crm.settlement_tax set tax = 0;
\echo :SQLSTATE
delete from crm.settlement_tax;
\echo :SQLSTATE
truncate crm.settlement, crm.settlement_tax, crm.journal_line;
\echo :SQLSTATE
delete from crm.document where id = :'bill';
\echo :SQLSTATE
select crm_open(:'bill'), crm_balanced();

rollback;
