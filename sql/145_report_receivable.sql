-- Receivables, taxes and numbers, ready-made: open items by age, tax by month, and the register that
-- proves that no number is missing.

create view report.ageing with (security_invoker = true) as
select
    o.tenant_id,
    o.tenant,
    o.customer_id,
    c.name as customer,
    o.currency_document,
    sum(o.open_document) as open_document,
    coalesce(sum(o.open_document) filter (where o.age = 'not due'), 0) as not_due_document,
    coalesce(sum(o.open_document) filter (where o.age = '1-30'), 0) as overdue_30_document,
    coalesce(sum(o.open_document) filter (where o.age = '31-60'), 0) as overdue_60_document,
    coalesce(sum(o.open_document) filter (where o.age = '61-90'), 0) as overdue_90_document,
    coalesce(sum(o.open_document) filter (where o.age = 'over 90'), 0) as overdue_more_document,
    o.currency_tenant,
    sum(o.open_tenant) as open_tenant,
    coalesce(sum(o.open_tenant) filter (where o.days_overdue > 0), 0) as overdue_tenant,
    o.currency_group,
    -- asked only where there is none: a call for each row takes longer than the rest of it
    sum(coalesce(
        o.open_group,
        report.require_amount(
            null, o.open_document, o.currency_document, o.currency_group, o.document_date
        )
    )) as open_group
from report.open_item as o
left join crm.customer as c on c.tenant_id = o.tenant_id and c.id = o.customer_id
group by
    o.tenant_id, o.tenant, o.customer_id, c.name, o.currency_document, o.currency_tenant,
    o.currency_group;

comment on view report.ageing is
    'What customers owe today, by company, customer and currency, and since when.

Errors: 22023 a rate is missing.';
comment on column report.ageing.tenant_id is 'Key of report.tenant.';
comment on column report.ageing.tenant is 'Code of the company.';
comment on column report.ageing.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.ageing.customer is 'Name of the customer.';
comment on column report.ageing.currency_document is 'Currency of the documents.';
comment on column report.ageing.open_document is
    'All that is open, what the company owes below 0; adds up within one currency_document only.';
comment on column report.ageing.not_due_document is
    'What of it is not due yet, and payments and credit notes left over.';
comment on column report.ageing.overdue_30_document is 'What is overdue by 1 to 30 days.';
comment on column report.ageing.overdue_60_document is 'What is overdue by 31 to 60 days.';
comment on column report.ageing.overdue_90_document is 'What is overdue by 61 to 90 days.';
comment on column report.ageing.overdue_more_document is 'What is overdue by more than 90 days.';
comment on column report.ageing.currency_tenant is 'Currency of the company at posting.';
comment on column report.ageing.open_tenant is
    'All that is open at the rates frozen at posting; adds up within one company.';
comment on column report.ageing.overdue_tenant is
    'What of it is overdue; adds up within one company.';
comment on column report.ageing.currency_group is 'Currency of the group at posting.';
comment on column report.ageing.open_group is
    'All that is open in the group''s currency; adds up across companies.';

create view report.tax_summary with (security_invoker = true) as
select
    x.tenant_id,
    t.code as tenant,
    x.month,
    x.tax_category,
    x.tax_rate,
    x.currency_tenant,
    x.net_tenant,
    x.tax_tenant
from (
    select
        x.tenant_id, x.month, x.tax_category, x.tax_rate, x.currency_tenant,
        sum(x.net_tenant) as net_tenant,
        sum(x.tax_tenant) as tax_tenant
    from (
        select
            d.tenant_id, date_trunc('month', d.document_date::timestamp)::date as month,
            x.tax_category, x.tax_rate, d.tenant_currency as currency_tenant,
            coalesce(x.tenant_net, x.net) * k.revenue_sign as net_tenant,
            coalesce(x.tenant_tax, x.tax) * k.revenue_sign as tax_tenant
        from crm.document as d
        join crm.document_kind as k on k.code = d.kind
        join crm.document_tax as x on x.tenant_id = d.tenant_id and x.document_id = d.id
        where d.status <> 'draft' and k.revenue_sign <> 0
        union all
        -- what was deducted for an early payment bears no tax, from then on
        select
            s.tenant_id, date_trunc('month', s.settled_on::timestamp)::date, x.tax_category,
            x.tax_rate, d.tenant_currency, -round(x.net * d.exchange_rate, c.minor_unit),
            -round(x.tax * d.exchange_rate, c.minor_unit)
        from crm.settlement_tax as x
        join crm.settlement as s on s.tenant_id = x.tenant_id and s.id = x.settlement_id
        join crm.document as d on d.tenant_id = s.tenant_id and d.id = s.document_id
        join crm.currency as c on c.code = d.tenant_currency
    ) as x
    group by x.tenant_id, x.month, x.tax_category, x.tax_rate, x.currency_tenant
) as x
join mandant.tenant as t on t.id = x.tenant_id;

comment on view report.tax_summary is
    'Net and tax by company, month, tax category and rate, in the company''s currency.

Invoices less credit notes by the document''s date, less early-payment discounts by the day on which
they were taken.';
comment on column report.tax_summary.tenant_id is 'Key of report.tenant.';
comment on column report.tax_summary.tenant is 'Code of the company.';
comment on column report.tax_summary.month is 'First day of the month.';
comment on column report.tax_summary.tax_category is
    'S, Z, E, AE, K, G or O (EN 16931); null: only a rate was said.';
comment on column report.tax_summary.tax_rate is 'Percent: 19 stands for 19 %.';
comment on column report.tax_summary.currency_tenant is 'Currency of the company at posting.';
comment on column report.tax_summary.net_tenant is
    'What the tax is on; adds up within one company.';
comment on column report.tax_summary.tax_tenant is
    'The tax; adds up within one company.';

create view report.number_register with (security_invoker = true) as
select
    n.tenant_id,
    t.code as tenant,
    n.kind,
    n.branch,
    n.period,
    n.n,
    n.number,
    n.state,
    n.document as document_id,
    n.document_date,
    n.issued_at,
    n.issued_on,
    n.issued_by,
    n.reason
from mandant.issued_number as n
join mandant.tenant as t on t.id = n.tenant_id;

comment on view report.number_register is 'Every number that was given, to whom and for what.';
comment on column report.number_register.tenant_id is 'Key of report.tenant.';
comment on column report.number_register.tenant is 'Code of the company.';
comment on column report.number_register.kind is 'What is numbered, such as invoice.';
comment on column report.number_register.branch is 'Branch with a series of its own; null: none.';
comment on column report.number_register.period is
    '0 (never reset), 2026 (year), 202611 (month), 20261123 (day), -1 (not of the series).';
comment on column report.number_register.n is 'Its place in the period, from the series'' start.';
comment on column report.number_register.number is 'As it is printed.';
comment on column report.number_register.state is
    'used (it has a document), open (it has none), reserved or void.';
comment on column report.number_register.document_id is
    'Key of report.document, with tenant_id; null: none.';
comment on column report.number_register.document_date is 'Date that it was given for.';
comment on column report.number_register.issued_at is 'When it was given.';
comment on column report.number_register.issued_on is 'That day in the company''s time zone.';
comment on column report.number_register.issued_by is 'Who drew it.';
comment on column report.number_register.reason is 'Why it is void.';

create view report.number_gap with (security_invoker = true) as
select g.tenant, g.kind, g.branch, g.period, g.first, g.last, g.number, g.reason
from mandant.number_gaps() as g;

comment on view report.number_gap is
    'Numbers without a document and places without a number, each with its reason.

Only for whoever may read all numbers of the selected companies; others are refused (42501).';
comment on column report.number_gap.tenant is 'Code of the company.';
comment on column report.number_gap.kind is 'What is numbered, such as invoice.';
comment on column report.number_gap.branch is 'Branch with a series of its own; null: none.';
comment on column report.number_gap.period is 'As in report.number_register.';
comment on column report.number_gap.first is 'First place of the gap in the period.';
comment on column report.number_gap.last is 'Last place of the gap.';
comment on column report.number_gap.number is 'The number, if one was given.';
comment on column report.number_gap.reason is 'Why it has no document.';
