-- The facts: posted documents, their lines, payments, what is open. Each row has its
-- amounts in the currencies of the document, the company and the group side by side, at the rates
-- frozen at posting; only those of the group add up across companies. Lines have shares of what their
-- document is in another currency, so that they sum to it whatever they are grouped by.

create view report.document with (security_invoker = true) as
select
    d.tenant_id,
    t.code as tenant,
    d.id as document_id,
    d.kind,
    d.number,
    d.status,
    d.document_date,
    date_trunc('month', d.document_date::timestamp)::date as month,
    d.posted_on,
    d.due_date,
    d.customer_id,
    d.owner_id as employee_id,
    d.team_id,
    d.group_tenant_id,
    d.source_id,
    d.takes_back,
    k.revenue_sign,
    d.currency as currency_document,
    d.net as net_document,
    d.tax as tax_document,
    d.gross as gross_document,
    d.tenant_currency as currency_tenant,
    d.exchange_rate as rate_tenant,
    d.tenant_net as net_tenant,
    d.tenant_tax as tax_tenant,
    d.tenant_gross as gross_tenant,
    d.group_currency as currency_group,
    case
        when d.tenant_currency <> d.group_currency then r.rate
        when (select crm.report_rate_type()) <> 'daily' then 1
    end as translation_rate,
    case
        when (select crm.report_rate_type()) <> 'daily'
            then d.tenant_net
                * case when d.tenant_currency <> d.group_currency then r.rate else 1 end
        when d.group_net is null then crm.convert(
            d.tenant_net, d.tenant_currency, d.group_currency, d.document_date
        )
        else d.group_net
    end as net_group
from crm.document as d
join crm.document_kind as k on k.code = d.kind
join mandant.tenant as t on t.id = d.tenant_id
left join crm.translation() as r
    on r.from_currency = d.tenant_currency and r.to_currency = d.group_currency
    and r.month = date_trunc('month', d.document_date::timestamp)::date
where d.status <> 'draft';

comment on view report.document is
    'Posted documents of all kinds, in three currencies.

Cancelled ones are among them: they net to zero with what cancels them.';
comment on column report.document.tenant_id is 'Key of report.tenant.';
comment on column report.document.tenant is 'Code of the company.';
comment on column report.document.document_id is 'Key in the facts, with tenant_id.';
comment on column report.document.kind is
    'quote, order, delivery_note, invoice, credit_note, payment, or what the group has added.';
comment on column report.document.number is 'From the company''s series.';
comment on column report.document.status is
    'posted, cancelled; quotes: accepted, declined, replaced.';
comment on column report.document.document_date is 'Its legal date; key of report.date.';
comment on column report.document.month is 'First day of the calendar month of that date.';
comment on column report.document.posted_on is 'Day of posting in the company''s time zone.';
comment on column report.document.due_date is 'When it is to be paid.';
comment on column report.document.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.document.employee_id is
    'Who looks after it today, key of report.employee.';
comment on column report.document.team_id is 'Its team today, key of report.team.';
comment on column report.document.group_tenant_id is
    'The company of the group that the customer was at posting; null: none.';
comment on column report.document.source_id is 'The document it was made from; null: none.';
comment on column report.document.takes_back is 'true: it reverses its source, wholly or in part.';
comment on column report.document.revenue_sign is
    'Times this its net is revenue: invoice 1, credit note -1, others 0.';
comment on column report.document.currency_document is 'Currency of the document.';
comment on column report.document.net_document is
    'Net as the document has it; adds up within one currency_document only.';
comment on column report.document.tax_document is 'Tax as the document has it.';
comment on column report.document.gross_document is 'Net plus tax as the document has it.';
comment on column report.document.currency_tenant is 'Currency of the company at posting.';
comment on column report.document.rate_tenant is
    'Units of currency_tenant for one of currency_document, frozen at posting.';
comment on column report.document.net_tenant is
    'Net at the rate frozen at posting; adds up within one company.';
comment on column report.document.tax_tenant is 'Tax at that rate; adds up within one company.';
comment on column report.document.gross_tenant is 'Gross at that rate; adds up within one company.';
comment on column report.document.currency_group is 'Currency of the group at posting.';
comment on column report.document.translation_rate is
    'Units of currency_group for one of currency_tenant in the month; null: with daily rates.';
comment on column report.document.net_group is
    'Net in the group''s currency, the only one that adds up across companies; null: no rate.

At the rate frozen at posting, or net_tenant at translation_rate, unrounded: setting
report_rate_type.';

-- the lines of all kinds; schema report has them by kind
create view crm.report_line with (security_invoker = true) as
select
    d.tenant_id,
    d.tenant,
    d.document_id,
    l.position,
    d.kind,
    d.number,
    d.status,
    d.document_date,
    d.month,
    d.customer_id,
    l.product_id,
    d.employee_id,
    d.team_id,
    d.group_tenant_id,
    l.description,
    l.unit,
    l.quantity * s.sign as quantity,
    d.currency_document,
    l.net * s.sign as net_document,
    d.currency_tenant,
    case
        when d.currency_tenant = d.currency_document then l.net
        else l.tenant_net
    end * s.sign as net_tenant,
    d.currency_group,
    case
        when (select crm.report_rate_type()) <> 'daily'
            then coalesce(l.tenant_net, l.net) * d.translation_rate
        when d.currency_group = d.currency_document then l.net
        when l.group_net is null then crm.convert(
            l.net, d.currency_document, d.currency_group, d.document_date
        )
        else l.group_net
    end * s.sign as net_group
from report.document as d
join crm.document_line as l on l.tenant_id = d.tenant_id and l.document_id = d.document_id
cross join lateral (select case d.revenue_sign when -1 then -1 else 1 end) as s (sign);

comment on view crm.report_line is 'Lines of posted documents, for the facts by kind.';
comment on column crm.report_line.tenant_id is 'Key of report.tenant.';
comment on column crm.report_line.tenant is 'Code of the company.';
comment on column crm.report_line.document_id is 'Key of report.document, with tenant_id.';
comment on column crm.report_line.position is 'Place in the document, from 1.';
comment on column crm.report_line.kind is 'Kind of the document.';
comment on column crm.report_line.number is 'Number of the document.';
comment on column crm.report_line.status is 'Status of the document.';
comment on column crm.report_line.document_date is 'The document''s date; key of report.date.';
comment on column crm.report_line.month is 'First day of the calendar month of that date.';
comment on column crm.report_line.customer_id is 'Key of report.customer, with tenant_id.';
comment on column crm.report_line.product_id is
    'Key of report.product, with tenant_id; null: a line without a product.';
comment on column crm.report_line.employee_id is
    'Who looks after the document, key of report.employee.';
comment on column crm.report_line.team_id is 'Team of the document, key of report.team.';
comment on column crm.report_line.group_tenant_id is
    'The company of the group that the customer was at posting; null: none.';
comment on column crm.report_line.description is 'Text of the line.';
comment on column crm.report_line.unit is 'What quantity one counts.';
comment on column crm.report_line.quantity is 'Below 0 where something is taken back.';
comment on column crm.report_line.currency_document is 'Currency of the document.';
comment on column crm.report_line.net_document is
    'Net, below 0 where it is taken back; adds up within one currency_document only.';
comment on column crm.report_line.currency_tenant is 'Currency of the company at posting.';
comment on column crm.report_line.net_tenant is
    'Its share of the document''s net; adds up within one company.';
comment on column crm.report_line.currency_group is 'Currency of the group at posting.';
comment on column crm.report_line.net_group is
    'The same in the group''s currency, which adds up across companies; null: no rate.';

do $$
declare
    fact record;
begin
    for fact in
        select *
        from (values
            ('quote_line', 'l.kind = ''quote''', 'Lines of posted quotes, all revisions.'),
            ('order_line', 'l.kind = ''order''',
                'Lines of posted orders; cancellations count below 0.'),
            ('delivery_line', 'l.kind = ''delivery_note''',
                'Lines of posted delivery notes; returns count below 0.'),
            ('invoice_line', 'd.revenue_sign <> 0',
                'Lines of posted invoices, and of credit notes below 0: revenue.')
        ) as f (name, condition, comment)
    loop
        execute format(
            'create view report.%I with (security_invoker = true) as select %s from'
                ' crm.report_line as l join crm.document_kind as d on d.code = l.kind where %s',
            fact.name,
            (
                select string_agg('l.' || quote_ident(a.attname), ', ' order by a.attnum)
                from pg_attribute as a
                where a.attrelid = 'crm.report_line'::regclass and a.attnum > 0
            ),
            fact.condition
        );
        execute format('comment on view report.%I is %L', fact.name, fact.comment);
    end loop;
end
$$;

create view report.payment with (security_invoker = true) as
select
    d.tenant_id,
    d.tenant,
    d.document_id,
    d.number,
    d.status,
    d.document_date as paid_on,
    d.month,
    d.customer_id,
    d.employee_id,
    d.team_id,
    d.group_tenant_id,
    d.currency_document,
    d.gross_document as paid_document,
    d.currency_tenant,
    d.gross_tenant as paid_tenant,
    d.currency_group,
    d.net_group as paid_group
from report.document as d
where d.kind = 'payment';

comment on view report.payment is
    'Payments of customers, and below 0 what was paid out or reversed.';
comment on column report.payment.tenant_id is 'Key of report.tenant.';
comment on column report.payment.tenant is 'Code of the company.';
comment on column report.payment.document_id is 'Key of report.document, with tenant_id.';
comment on column report.payment.number is 'From the company''s series.';
comment on column report.payment.status is 'posted, or cancelled: reversed by another payment.';
comment on column report.payment.paid_on is 'Day of the payment; key of report.date.';
comment on column report.payment.month is 'First day of the calendar month of that day.';
comment on column report.payment.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.payment.employee_id is
    'Who looks after it, key of report.employee.';
comment on column report.payment.team_id is 'Its team, key of report.team.';
comment on column report.payment.group_tenant_id is
    'The company of the group that the customer was at posting; null: none.';
comment on column report.payment.currency_document is 'Currency of the payment.';
comment on column report.payment.paid_document is
    'Amount; adds up within one currency_document only.';
comment on column report.payment.currency_tenant is 'Currency of the company at posting.';
comment on column report.payment.paid_tenant is
    'At the rate of the payment; adds up within one company.';
comment on column report.payment.currency_group is 'Currency of the group at posting.';
comment on column report.payment.paid_group is
    'In the group''s currency, which adds up across companies; null: no rate.';

create view report.open_item with (security_invoker = true) as
select
    o.tenant_id,
    t.code as tenant,
    o.document_id,
    o.kind,
    o.number,
    o.document_date,
    o.due_date,
    o.days_overdue,
    case
        when o.days_overdue <= 0 then 'not due'
        when o.days_overdue <= 30 then '1-30'
        when o.days_overdue <= 60 then '31-60'
        when o.days_overdue <= 90 then '61-90'
        else 'over 90'
    end as age,
    o.customer_id,
    o.owner_id as employee_id,
    o.team_id,
    o.group_tenant_id,
    o.currency as currency_document,
    o.open_amount as open_document,
    o.tenant_currency as currency_tenant,
    o.tenant_open_amount as open_tenant,
    o.group_currency as currency_group,
    o.group_open_amount as open_group,
    r.level as reminder_level,
    r.reminder_date as reminded_on
from crm.open_item as o
join mandant.tenant as t on t.id = o.tenant_id
left join lateral (
    select i.level, i.reminder_date
    from crm.reminder_item as i
    where i.tenant_id = o.tenant_id and i.document_id = o.document_id and not i.withdrawn
    order by i.level desc
    limit 1
) as r on true;

comment on view report.open_item is 'Posted documents of which something is open today.';
comment on column report.open_item.tenant_id is 'Key of report.tenant.';
comment on column report.open_item.tenant is 'Code of the company.';
comment on column report.open_item.document_id is 'Key of report.document, with tenant_id.';
comment on column report.open_item.kind is 'invoice, credit_note, payment.';
comment on column report.open_item.number is 'Number of the document.';
comment on column report.open_item.document_date is 'The document''s date; key of report.date.';
comment on column report.open_item.due_date is 'When it is to be paid.';
comment on column report.open_item.days_overdue is
    'Days since due_date, today in the company''s time zone; 0: not due, or the company owes.';
comment on column report.open_item.age is 'not due, 1-30, 31-60, 61-90 or over 90 days overdue.';
comment on column report.open_item.customer_id is
    'Key of report.customer: who owes it today, after mergers.';
comment on column report.open_item.employee_id is
    'Who looks after the document, key of report.employee.';
comment on column report.open_item.team_id is 'Team of the document, key of report.team.';
comment on column report.open_item.group_tenant_id is
    'The company of the group that the customer was at posting; null: none.';
comment on column report.open_item.currency_document is 'Currency of the document.';
comment on column report.open_item.open_document is
    'What is open, below 0 where the company owes; adds up within one currency_document only.';
comment on column report.open_item.currency_tenant is 'Currency of the company at posting.';
comment on column report.open_item.open_tenant is
    'At the rate frozen at posting; adds up within one company.';
comment on column report.open_item.currency_group is 'Currency of the group at posting.';
comment on column report.open_item.open_group is
    'At the group''s rate of posting, adds up across companies; null: no rate.';
comment on column report.open_item.reminder_level is
    'How often the customer was reminded of it; null: not yet, or you do not see reminders.';
comment on column report.open_item.reminded_on is 'Date of the last reminder.';

-- the lines' columns say the same in each fact
do $$
declare
    line record;
begin
    for line in
        select c.relname, a.attname, d.description
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        join pg_attribute as o on o.attrelid = 'crm.report_line'::regclass and o.attname = a.attname
        join pg_description as d
            on d.objoid = o.attrelid and d.classoid = 'pg_class'::regclass and d.objsubid = o.attnum
        where c.relnamespace = 'report'::regnamespace and c.relname like '%\_line'
    loop
        execute format(
            'comment on column report.%I.%I is %L', line.relname, line.attname, line.description
        );
    end loop;
end
$$;
