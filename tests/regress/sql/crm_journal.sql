-- The journal: what is posted and settled is booked with it, agrees with open items, revenue, taxes and
-- payments to the cent, and is reversed on the same accounts; charts, own accounts, and what is refused.
-- CF-12 R-CUR-01 R-CON-02 R-IMM-01 R-IMM-02 R-DE-18 R-TAX-02
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_books_de login;
select from mandant.bind_login('crm_books_de', 'de', 'accountant');
create role crm_books_hk login;
select from mandant.bind_login('crm_books_hk', 'hk', 'accountant');
create role crm_seller_de login;
select from mandant.bind_login('crm_seller_de', 'de', 'sales_rep');
create role crm_control login;
select from mandant.bind_login('crm_control', 'group', 'group_controller', 'all', '*');
set role mandant_admin;
select count(mandant.set_setting(s.key, s.value, tenant => t.code))
    from (values ('de'), ('hk')) as t (code), (values ('early_payment_days', '10'), ('early_payment_percent', '2')) as s (key, value);
insert into crm.customer (tenant_id, name, street, postal_code, city, country)
    select t.id, 'Booked ' || t.code, 'Weg 1', '20099', 'Hamburg', 'DE' from mandant.tenant as t where t.code in ('de', 'hk');
select id as customer from crm.customer where name = 'Booked de' \gset
select id as abroad from crm.customer where name = 'Booked hk' \gset
reset role;
create function crm_bill(customer uuid, lines text, day date, currency text default null, exchange_rate numeric default null,
        kind text default 'invoice') returns uuid language sql as $$
    select p.id from crm.create_document(customer, kind, (
            select jsonb_agg(jsonb_build_object('description', 'x', 'quantity', 1, 'unit_price', split_part(l, '@', 1)::numeric)
                || case when split_part(l, '@', 2) ~ '\d' then jsonb_build_object('tax_rate', split_part(l, '@', 2)::numeric)
                    else jsonb_build_object('tax_code', split_part(l, '@', 2)) end)
            from string_to_table(lines, ' ') as l
        ), day, currency => currency, exchange_rate => exchange_rate) as d, crm.post_document(d.id) as p
$$;
-- how a document was booked
create function crm_booked(document uuid) returns table (n bigint, entry text, day date, debit text, credit text, amount numeric, tenant_amount numeric)
    language sql as $$
    select row_number() over (order by j.position), j.entry, j.entry_date, j.debit_account, j.credit_account, j.amount, j.tenant_amount
    from crm.journal_line as j where j.document_id = document order by 1
$$;
-- whatever other reports say, as far as the caller sees: rows are differences
create view crm_entry with (security_invoker = true) as
    select j.*, (j.debit_tenant - j.credit_tenant) as tenant_value, (j.debit_document - j.credit_document) as value,
        j.account in ('1200', '1100', '10000') as receivable
    from report.journal as j;
create function crm_differences() returns table (what text, place text, booked numeric, reported numeric) language sql as $$
    select 'open items', place, j.booked, o.reported from (
        select concat_ws(' ', e.tenant, coalesce(c.merged_into, c.id), e.currency_document) as place, sum(e.value) as booked
        from crm_entry as e join crm.customer as c on c.tenant_id = e.tenant_id and c.id = e.customer_id
        where e.receivable group by 1 having sum(e.value) <> 0) as j
    full join (select concat_ws(' ', o.tenant, o.customer_id, o.currency_document) as place, sum(o.open_document) as reported
        from report.open_item as o group by 1 having sum(o.open_document) <> 0) as o using (place)
    where j.booked is distinct from o.reported
    union all
    select 'receivables', d.tenant, sum(e.booked), sum(d.gross_tenant * k.balance_sign - coalesce(s.settled, 0)) from report.document as d
    join crm.document_kind as k on k.code = d.kind and k.balance_sign <> 0
    left join (select e.document_id, sum(e.tenant_value) as booked from crm_entry as e where e.receivable group by 1) as e using (document_id)
    left join (select s.document_id, sum(s.tenant_amount) as settled from crm.settlement as s group by 1) as s using (document_id)
    group by 2 having sum(e.booked) <> sum(d.gross_tenant * k.balance_sign - coalesce(s.settled, 0))
    union all
    select 'revenue', concat_ws(' ', r.tenant, r.month), -j.booked, r.net from (
        select r.tenant, r.month, sum(r.net_tenant) as net from report.revenue_by_month as r group by 1, 2) as r
    full join (select e.tenant, e.month, sum(e.tenant_value) as booked from crm_entry as e
        where e.entry = 'revenue' and not e.receivable group by 1, 2) as j using (tenant, month)
    where r.net is distinct from -j.booked
    union all
    select 'tax summary', concat_ws(' ', tenant, month, category, rate), -j.net, t.net from (
        select t.tenant, t.month, coalesce(t.tax_category, '-') as category, t.tax_rate as rate, t.net_tenant as net, t.tax_tenant as tax
        from report.tax_summary as t where t.net_tenant <> 0 or t.tax_tenant <> 0) as t
    full join (select e.tenant, e.month, coalesce(e.tax_category, '-') as category, e.tax_rate as rate,
            sum(case when e.account_type = 'income' then e.tenant_value else 0 end) as net,
            sum(case when e.account_type = 'liability' then e.tenant_value else 0 end) as tax
        from crm_entry as e where e.entry in ('revenue', 'tax', 'discount', 'discount_tax') group by 1, 2, 3, 4
        having sum(case when e.account_type in ('income', 'liability') then abs(e.tenant_value) end) <> 0) as j using (tenant, month, category, rate)
    where (t.net, t.tax) is distinct from (-j.net, -j.tax) and (coalesce(j.net, 0), coalesce(j.tax, 0), t.net is null) <> (0, 0, true)
    union all
    select 'payments', p.tenant, j.booked, p.paid from (select p.tenant, sum(p.paid_tenant) as paid from report.payment as p group by 1) as p
    full join (select e.tenant, sum(e.tenant_value) as booked from crm_entry as e where e.entry = 'payment' and not e.receivable group by 1) as j using (tenant)
    where p.paid is distinct from j.booked
    union all
    select 'exchange', s.tenant, j.booked, s.difference from (
        select t.code as tenant, sum(s.exchange_difference) as difference from crm.settlement as s join mandant.tenant as t on t.id = s.tenant_id group by 1) as s
    left join (select e.tenant, -sum(e.tenant_value) as booked from crm_entry as e where e.entry = 'exchange' and not e.receivable group by 1) as j using (tenant)
    where s.difference <> coalesce(j.booked, 0)
    union all
    select 'sides', concat_ws(' ', j.tenant, j.document_id, j.currency_document), sum(j.debit_document), sum(j.credit_document)
    from report.journal as j group by 2 having (sum(j.debit_document), sum(j.debit_tenant)) <> (sum(j.credit_document), sum(j.credit_tenant))
    union all
    select 'trial balance', concat_ws(' ', b.tenant, b.account, b.currency_document), b.balance_document, j.value from report.trial_balance as b
    full join (select e.tenant, e.account, e.currency_document, sum(e.value) as value, sum(e.tenant_value) as tenant_value from crm_entry as e group by 1, 2, 3) as j
        using (tenant, account, currency_document)
    where (b.balance_document, b.balance_tenant) is distinct from (j.value, j.tenant_value)
$$;
grant select on crm_entry to mandant_user;

-- the demo: of each company, and for whoever sees a part
set role crm_control;
select * from crm_differences();
select tenant, account, account_name, account_type, currency_document, balance_document, currency_tenant, balance_tenant, currency_group
from report.trial_balance order by tenant, account, currency_document;
select tenant, sum(balance_tenant) as zero from report.trial_balance group by 1 order by 1;
select count(*) as entries, count(distinct tenant) as tenants, count(*) filter (where account_name is null) as unnamed from report.journal;
select d.kind, count(*) from crm.document as d join crm.document_kind as k on k.code = d.kind
where d.status <> 'draft' and d.gross <> 0 and (k.revenue_sign <> 0 or k.balance_sign <> 0)
    and not exists (select from crm.journal_line as j where j.document_id = d.id) group by 1;

-- revenue by category and rate, what they are for goes before; what is deducted goes the other way
set role crm_books_de;
select crm_bill(:'customer', '100@19 50@7 -10@19', '2026-11-02') as mixed \gset
select * from crm_booked(:'mixed');
select crm_bill(:'customer', '100@export', '2026-11-02') as export, crm_bill(:'customer', '70@exempt 30@19', '2026-11-02') as exempt,
    crm_bill(:'customer', '20@not_taxable', '2026-11-02') as outside, crm_bill(:'customer', '20@3', '2026-11-02') as odd,
    crm_bill(:'customer', '-200@19', '2026-11-02') as below \gset
select crm_bill(:'customer', '5@19 -5@19', '2026-11-02') as nothing \gset
select d.n, d.entry, d.debit, d.credit, d.amount from unnest(array[:'export', :'exempt', :'outside', :'odd', :'below', :'nothing']::uuid[]) with ordinality as i (id, place),
    crm_booked(i.id) as d order by i.place, d.n;
-- quotes and orders are not booked
set role mandant_admin;
select count(*) from crm_booked(crm_bill(:'customer', '100@19', '2026-11-02', kind => 'quote'));
set role crm_books_de;
-- the report has a row for each side
select side, kind, entry, account, account_name, contra_account, debit_document, credit_document, booked_on is not null as dated
from report.journal where document_id = :'mixed' order by position, side desc;
select * from crm_differences();

-- partly paid, too much, discount in time with its tax, credited, taken back, paid back
select id as part from crm.record_payment(:'customer', 60, '2026-11-20', allocations => jsonb_build_array(jsonb_build_object('document_id', :'mixed'))) \gset
select * from crm_booked(:'part');
select crm_bill(:'customer', '100@19 100@7', '2026-11-02') as early \gset
select id as paid, open_amount from crm.record_payment(:'customer', 221.48, '2026-11-12', allocations => jsonb_build_array(jsonb_build_object('document_id', :'early'))) \gset
select * from crm_booked(:'early');
select * from crm_differences();
select number is not null from crm.post_document((crm.convert_document(:'early', 'credit_note', '[{"source_position": 1}]', '2026-11-14')).id);
select * from crm_booked(:'early') where n > 8 or day > '2026-11-12';
select b.* from crm.document as d, crm_booked(d.id) as b where d.source_id = :'early';
select * from crm_differences();
select status from crm.cancel_document(:'paid', 'returned', '2026-11-16');
select b.* from crm.document as d, crm_booked(d.id) as b where d.cancels_id = :'paid';
select entry, sum(case debit when '1200' then amount else -amount end) as left from crm_booked(:'early') where entry like 'disc%' group by 1 order by 1;
select * from crm_differences();
select id as over from crm.record_payment(:'customer', 500, '2026-11-17', allocations => '[]') \gset
select count(*) from crm.allocate(:'over', :'mixed');
select s.id as allocation from crm.settlement as s where s.document_id = :'over' \gset
select count(*) from crm.deallocate(:'allocation', 'wrong invoice');
select id as out from crm.record_payment(:'customer', -100, '2026-11-18', allocations => jsonb_build_array(jsonb_build_object('document_id', :'over'))) \gset
select * from crm_booked(:'over') union all select * from crm_booked(:'out');
select * from crm_differences();

-- a document that is cancelled leaves nothing, on each account
select kind from crm.cancel_document(:'exempt', 'wrong', '2026-11-19');
select account, currency_document, sum(debit_document - credit_document) as document, sum(debit_tenant - credit_tenant) as tenant
from report.journal where document_id in (select d.id from crm.document as d where d.id = :'exempt' or d.cancels_id = :'exempt') group by 1, 2 order by 1;

-- in another currency: shares sum to the cent, a gain, a loss, and both back
set role crm_books_hk;
select crm_bill(:'abroad', '33.33@0 33.33@5 33.35@3', '2026-11-03', 'USD', 7.80123) as gain, crm_bill(:'abroad', '100@0', '2026-11-03', 'USD', 7.9) as loss \gset
select sum(tenant_amount) = (select d.tenant_gross from crm.document as d where d.id = :'gain') as whole, count(*) from crm_booked(:'gain');
select id as first from crm.record_payment(:'abroad', 50, '2026-11-20', 'USD', exchange_rate => 7.85, allocations => jsonb_build_array(jsonb_build_object('document_id', :'gain'))) \gset
select id as second from crm.record_payment(:'abroad', 98, '2026-11-10', 'USD', exchange_rate => 7.85, allocations => jsonb_build_array(jsonb_build_object('document_id', :'loss'))) \gset
select * from crm_booked(:'gain') where entry in ('exchange', 'discount', 'discount_tax', 'rounding');
select * from crm_booked(:'loss');
select * from crm_differences();
select s.id as settlement from crm.settlement as s where s.document_id = :'loss' and s.purpose = 'allocation' \gset
select count(*) from crm.deallocate(:'settlement', 'wrong');
select account, sum(debit_document - credit_document) as document, sum(debit_tenant - credit_tenant) as tenant from report.journal where document_id = :'loss' group by 1 order by 1;
select status from crm.cancel_document(:'first', 'returned', '2026-11-21');
select account, sum(debit_tenant - credit_tenant) as tenant from report.journal
where document_id = :'gain' or document_id in (select d.id from crm.document as d where d.id = :'first' or d.cancels_id = :'first') group by 1 order by 1;
-- a discount of several rates abroad: what its shares differ from it is exchange, not tax
select crm_bill(:'abroad', '10.10@5 10.10@3 10.10@7', '2026-11-03', 'USD', 7.7777) as odd \gset
select gross - round(gross * 0.02, 2) as amount from crm.document where id = :'odd' \gset
select open_amount from crm.record_payment(:'abroad', :amount, '2026-11-10', 'USD', exchange_rate => 7.7777, allocations => jsonb_build_array(jsonb_build_object('document_id', :'odd')));
select * from crm_booked(:'odd') where n > 6;
select * from crm_differences();

-- who sees own documents sees how they were booked, and nothing of others; who reports does not write
set role crm_seller_de;
select count(*) from report.journal;
reset role;
select from mandant.assign('crm.document', :'mixed', 'crm_seller_de');
set role crm_seller_de;
select count(*) as rows, count(distinct document_id) as documents from report.journal;
select account, balance_document from report.trial_balance order by 1;

-- what was booked stays, whoever asks
set role crm_books_de;
update crm.journal_line set amount = 1;
\echo :SQLSTATE
delete from crm.journal_line;
\echo :SQLSTATE
insert into crm.journal_line (document_id, position, kind, entry, entry_date, debit_account, credit_account, currency, amount, tenant_currency, tenant_amount)
    values (:'mixed', 99, 'invoice', 'revenue', '2026-11-02', '1200', '4400', 'EUR', 1, 'EUR', 1);
\echo :SQLSTATE
reset role;
update crm.journal_line set credit_account = '4300' where document_id = :'mixed';
\echo :SQLSTATE
delete from crm.journal_line where document_id = :'mixed';
\echo :SQLSTATE
truncate crm.journal_line;
\echo :SQLSTATE
-- nor is there a row that is not balanced, moves nothing or is below 0
insert into crm.journal_line (tenant_id, document_id, position, kind, entry, entry_date, debit_account, credit_account, currency, amount, tenant_currency, tenant_amount)
    select j.tenant_id, j.document_id, 99, j.kind, v.entry, j.entry_date, '1200', v.credit, 'EUR', v.amount, 'EUR', v.amount
    from crm.journal_line as j, (values ('revenue', '1200', 1)) as v (entry, credit, amount) where j.document_id = :'mixed' and j.position = 1;
\echo :SQLSTATE
insert into crm.journal_line (tenant_id, document_id, position, kind, entry, entry_date, debit_account, credit_account, currency, amount, tenant_currency, tenant_amount)
    select j.tenant_id, j.document_id, 99, j.kind, 'revenue', j.entry_date, '1200', '4400', 'EUR', -1, 'EUR', -1
    from crm.journal_line as j where j.document_id = :'mixed' and j.position = 1;
\echo :SQLSTATE
insert into crm.journal_line (tenant_id, document_id, position, kind, entry, entry_date, debit_account, credit_account, currency, amount, tenant_currency, tenant_amount)
    select j.tenant_id, j.document_id, 99, j.kind, 'exchange', j.entry_date, '1200', '4400', 'EUR', 0, 'EUR', 0
    from crm.journal_line as j where j.document_id = :'mixed' and j.position = 1;
\echo :SQLSTATE

-- a locked period: what is settled late is booked in the first day that is open
set role mandant_admin;
select from mandant.set_setting('locked_until', '2026-11-30', tenant => 'de');
set role crm_books_de;
select crm_bill(:'customer', '10@19', '2026-11-30');
\echo :SQLSTATE
select count(*) from report.journal where entry_date > '2026-11-30' and tenant = 'de';
select id as late from crm.record_payment(:'customer', 10, '2026-12-01', allocations => '[]') \gset
select entry, day, debit, credit, amount from crm_booked(:'late');

-- a company's own accounts: from then on, and what takes back older ones goes where they are
set role mandant_admin;
select from mandant.set_setting('own_accounts', '1200=10000 Debitoren; 4400=4410 Software', tenant => 'de');
select mandant.set_setting('own_accounts', '1200=', tenant => 'de');
\echo :SQLSTATE
set role crm_books_de;
select crm_bill(:'customer', '100@19 10@7', '2026-12-01') as own \gset
select * from crm_booked(:'own');
select account, account_name, account_type from report.trial_balance where account in ('10000', '4410', '1200') order by 1;
select kind from crm.cancel_document(:'below', 'wrong', '2026-12-01');
select b.* from crm.document as d, crm_booked(d.id) as b where d.cancels_id = :'below';
select open_amount from crm.record_payment(:'customer', 127.11, '2026-12-02', allocations => jsonb_build_array(jsonb_build_object('document_id', :'own')));
select * from crm_booked(:'own') where entry like 'disc%';
select * from crm_differences();
-- one for both sides would book nothing
set role mandant_admin;
select from mandant.set_setting('own_accounts', '1200=4400', tenant => 'de');
set role crm_books_de;
select crm_bill(:'customer', '100@19', '2026-12-01');
\echo :SQLSTATE
set role mandant_admin;
select from mandant.unset_setting('own_accounts', tenant => 'de');

-- a country without a chart has that of all; without an account nothing is posted
select code from mandant.create_tenant('fr', 'Société', 'FR', 'EUR', parent => 'group');
insert into crm.customer (tenant_id, name, street, postal_code, city, country)
    select t.id, 'Booked fr', 'Rue 1', '75001', 'Paris', 'FR' from mandant.tenant as t where t.code = 'fr';
set role mandant_admin;
select * from crm_booked(crm_bill((select c.id from crm.customer as c where c.name = 'Booked fr'), '100@20', '2026-11-02'));
delete from crm.account where country is null and role = 'tax';
select number from crm.document where kind = 'invoice' and tenant_id = (select t.id from mandant.tenant as t where t.code = 'fr');
\set VERBOSITY default
\set SHOW_CONTEXT never
select crm_bill((select c.id from crm.customer as c where c.name = 'Booked fr'), '100@20', '2026-11-02');
\set VERBOSITY terse
\echo :SQLSTATE
select number, status from crm.document where tenant_id = (select t.id from mandant.tenant as t where t.code = 'fr') order by 1;
-- who posts needs create, as what is booked is a new row of the document
set role mandant_admin;
select from mandant.define_role('crm_poster', 'posts what others made'), mandant.allow('crm_poster', 'document', array['read', 'update', 'post'], 'tenant') as documents,
    mandant.allow('crm_poster', 'customer', array['read']) as customers, mandant.allow('crm_poster', 'tenant', array['read']) as tenants;
reset role;
create role crm_poster login;
select from mandant.bind_login('crm_poster', 'de', 'crm_poster');
set role crm_books_de;
select id as draft from crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 10, "tax_rate": 19}]', '2026-12-01') \gset
set role crm_poster;
select crm.post_document(:'draft');
\echo :SQLSTATE

-- charts: a pack says a whole one, which holds from its day on
reset role;
select content as de from crm.country_pack where country = 'DE' order by loaded_at desc limit 1 \gset
create function crm_chart(pack jsonb, variadic changes text[] default '{}') returns text language plpgsql as $$
begin
    for i in 1..cardinality(changes) by 2 loop
        pack := jsonb_set(pack, changes[i]::text[], changes[i + 1]::jsonb);
    end loop;
    perform crm.check_country_pack(pack);
    return 'good';
exception when invalid_parameter_value then
    return sqlerrm;
end
$$;
select crm_chart(:'de', '{accounts,0,role}', '"cash"');
select crm_chart(:'de', '{accounts,0,code}', '"12 00"');
select crm_chart(:'de', '{accounts,0,tax_rate}', '19');
select crm_chart(:'de', '{accounts,3,tax_rate}', '190');
select crm_chart(:'de', '{accounts,4,tax_rate}', '19.0');
select crm_chart(:'de', '{accounts,5,tax_category}', '"X"');
select crm_chart(:'de', '{accounts,1,code}', '"1200"');
select crm_chart(:'de', '{accounts,2,code}', '"1800"');
select crm_chart(:'de', '{accounts,1,titles}', '{"de": "Bank"}');
select crm_chart((:'de'::jsonb) #- '{accounts,1}');
select crm_chart((:'de'::jsonb) #- '{accounts}');
select valid_from from crm.load_country_pack(jsonb_set(jsonb_set(:'de', '{valid_from}', '"2026-11-01"'), '{accounts,3,code}', '"4401"'));
select country, valid_from, count(*) from crm.account where country = 'DE' group by 1, 2 order by 2;
select c.day, a.chart, a.since, crm.account_for(a.chart, a.since, null, 'revenue', null, 19) as account
from (values (date '2020-01-01'), ('2026-10-31'), ('2026-11-01')) as c (day), crm.chart_on('DE', c.day) as a order by 1;
select valid_from from crm.load_country_pack(jsonb_set(:'de', '{valid_from}', '"2026-11-02"') #- '{accounts}');
select country, valid_from, count(*) from crm.account where country = 'DE' group by 1, 2 order by 2;
set role crm_books_de;
select account, account_name from report.trial_balance where account like '44%' order by 1;
rollback;
