-- What is open, by document and by customer: overdue by the tenant's clock, never two currencies added, seen as the documents are.
-- CF-04 AC-08 MD-01
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

set role mandant_admin;
insert into crm.customer (tenant_id, name, street, postal_code, city, country, currency, early_payment_days, early_payment_percent)
    select t.id, n, 'Weg 1', '20099', 'Hamburg', 'DE', 'EUR', 10, 3 from mandant.tenant as t, unnest(array['Debtor', 'Twin']) as n
    where t.code = 'de';
select id as debtor, (select w.id from crm.customer as w where w.name = 'Twin') as twin from crm.customer where name = 'Debtor' \gset
select (now() at time zone timezone)::date as today from mandant.tenant where code = 'de' \gset
create function pg_temp.bill(customer uuid, net numeric, day date, currency text default null, rate numeric default null) returns uuid
    language sql as $$
    select p.id from crm.create_document(customer, 'invoice', jsonb_build_array(jsonb_build_object(
        'description', 'x', 'quantity', 1, 'unit_price', net, 'tax_rate', 0)), day, currency => currency, exchange_rate => rate) as d,
        crm.post_document(d.id) as p
$$;

-- due in 30 days: not yet, today, since yesterday, long ago; dollars beside; of a twin that is merged
select num_nonnulls(pg_temp.bill(:'debtor', 100, :'today'), pg_temp.bill(:'debtor', 200, :'today'::date - 30),
    pg_temp.bill(:'debtor', 400, :'today'::date - 31), pg_temp.bill(:'twin', 800, :'today'::date - 130),
    pg_temp.bill(:'debtor', 70, :'today'::date - 40, 'USD', 0.9), pg_temp.bill(:'debtor', 30, :'today'::date - 10));
select from crm.create_document(:'debtor', 'invoice', '[{"description": "draft", "quantity": 1, "unit_price": 5, "tax_rate": 0}]');
select from crm.record_payment(:'debtor', 55, :'today', allocations => '[]');
select from crm.merge_customers(:'twin', :'debtor', 'the same');
select o.customer_id = :'debtor' as of_debtor, o.kind, o.currency, o.gross, o.open_amount, o.due_date - :'today'::date as due_in,
    o.days_overdue, o.early_payment_until - :'today'::date as early_for, o.early_payment_amount as early
from crm.open_item as o where o.customer_id in (:'debtor', :'twin') order by o.currency, o.open_amount;
select b.customer_id = :'debtor' as of_debtor, b.currency, b.open, b.overdue, b.credit
from crm.customer_balance as b where b.customer_id in (:'debtor', :'twin') order by b.currency;
-- what is paid leaves the list, and what is paid in part stays with the rest
select from crm.record_payment(:'debtor', 97, :'today');
select from crm.record_payment(:'debtor', 900, :'today');
select o.kind, o.currency, o.gross, o.open_amount, o.days_overdue
from crm.open_item as o where o.customer_id in (:'debtor', :'twin') order by o.currency, o.open_amount;
select b.currency, b.open, b.overdue, b.credit from crm.customer_balance as b where b.customer_id = :'debtor' order by b.currency;

-- the views are what the documents say, for everybody; who sees own documents only, sees these, and all that was settled of them
reset role;
create role crm_rep_de login;
select id as rep from mandant.bind_login('crm_rep_de', 'de', 'sales_rep') \gset
set role crm_rep_de;
select (select count(*) from crm.open_item), (select count(*) from crm.customer_balance), (select count(*) from crm.settlement),
    (select count(*) from crm.settlement_tax);
set role mandant_admin;
select from mandant.assign('crm.customer', :'debtor', 'crm_rep_de');
select count(mandant.assign('crm.document', d.id::text, 'crm_rep_de')) from crm.document as d
    where d.customer_id in (:'debtor', :'twin') and d.kind = 'invoice';
set role crm_rep_de;
select o.kind, o.currency, o.open_amount from crm.open_item as o order by o.currency, o.open_amount;
select b.currency, b.open, b.credit from crm.customer_balance as b order by b.currency;
select s.kind, s.purpose, s.amount from crm.settlement as s order by s.amount;
select s.kind, t.kind, t.net from crm.settlement_tax as t join crm.settlement as s on s.id = t.settlement_id;
-- the payment is not his: he sees that something paid it, not what
select count(*) as paid, count(d.id) as seen from crm.settlement as s left join crm.document as d on d.id = s.by_id;
set role report_us;
select count(*) from crm.open_item as o where o.currency = 'EUR';
set role report_group;
select t.code, count(*) filter (where o.open_amount > 0) > 0 as owed from crm.open_item as o join mandant.tenant as t on t.id = o.tenant_id
group by t.code order by t.code;
select (select sum(b.open - b.credit) from crm.customer_balance as b where b.currency = 'HKD')
    = (select sum(d.open_amount) from crm.document as d where d.currency = 'HKD') as same;

rollback;
