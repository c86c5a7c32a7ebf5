-- Revenue: one view for a company, some, or the group; drafts do not count, credit notes subtract.
-- RP-01 RP-06 AC-08
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create function crm_differences() returns bigint language sql as $$
    select count(*)
    from report.revenue_by_month as r
    full join (
        select t.code as tenant, date_trunc('month', d.document_date::timestamp)::date as month,
            d.currency, sum(case d.kind when 'invoice' then l.net else -l.net end) as net
        from crm.document as d
        join crm.document_line as l on l.tenant_id = d.tenant_id and l.document_id = d.id
        join mandant.tenant as t on t.id = d.tenant_id
        where d.posted_at is not null and d.kind in ('invoice', 'credit_note')
        group by 1, 2, 3
    ) as s using (tenant, month, currency)
    where r.net is distinct from s.net
$$;

set role report_de;
select * from report.revenue_by_month order by tenant, month, currency;
set mandant.tenant = 'us';
select * from report.revenue_by_month;
\echo :SQLSTATE
reset mandant.tenant;
set role report_hk;
select * from report.revenue_by_month where month >= '2026-09-01' order by tenant, month, currency;

-- the group's total is the sum of its companies
set role report_group;
select tenant, currency, sum(net) as net, sum(documents) as documents
from report.revenue_by_month group by tenant, currency order by tenant, currency;
set mandant.tenant = 'de';
select tenant, currency, sum(net) as net, sum(documents) as documents
from report.revenue_by_month group by tenant, currency order by tenant, currency;
reset mandant.tenant;

-- for each reader every figure is the sum of the documents behind it
select crm_differences();
set role report_us;
select crm_differences();
set role report_hk;
select crm_differences();

-- months do not depend on the reader's clock
set timezone = 'America/Los_Angeles';
select min(month), max(month) from report.revenue_by_month;
set timezone = 'Pacific/Kiritimati';
select min(month), max(month) from report.revenue_by_month;
reset timezone;

-- an invoice counts once it is posted, a credit note takes it back, both in their month
set role mandant_admin;
set mandant.tenant = 'de';
select id as customer from crm.customer where name = 'Bäckerei Größinger KG' \gset
select id as invoice from crm.create_document(:'customer', 'invoice',
    '[{"product": "BUCH", "quantity": 10}]', '2026-11-30') \gset
select * from report.revenue_by_month where month >= '2026-11-01' order by month;
select number from crm.post_document(:'invoice');
select * from report.revenue_by_month where month >= '2026-11-01' order by month;
select number from crm.post_document((crm.create_document(:'customer', 'credit_note',
    '[{"product": "BUCH", "quantity": 10}]', '2026-11-30')).id);
select number from crm.post_document((crm.create_document(:'customer', 'quote',
    '[{"product": "BUCH", "quantity": 10}]', '2026-11-30')).id);
select * from report.revenue_by_month where month >= '2026-11-01' order by month;

-- what a reporting tool shows as help
reset role;
select a.attname, col_description(a.attrelid, a.attnum)
from pg_attribute as a where a.attrelid = 'report.revenue_by_month'::regclass and a.attnum > 0
order by a.attnum;

rollback;
