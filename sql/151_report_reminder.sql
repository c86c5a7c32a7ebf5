-- Reminders for reporting tools: what customers were asked for, and what came of it.

create view report.reminder with (security_invoker = true) as
select
    r.tenant_id,
    t.code as tenant,
    r.id as reminder_id,
    r.number,
    r.reminder_date,
    date_trunc('month', r.reminder_date::timestamp)::date as month,
    r.level,
    r.withdrawn_at is not null as withdrawn,
    r.customer_id,
    r.owner_id as employee_id,
    r.team_id,
    r.pay_until,
    i.documents,
    r.currency as currency_document,
    r.amount as amount_document,
    r.credit as credit_document,
    r.fee as fee_document,
    r.total as total_document,
    t.currency as currency_tenant,
    crm.convert(r.total, r.currency, t.currency, r.reminder_date) as total_tenant,
    g.currency as currency_group,
    crm.convert(r.total, r.currency, g.currency, r.reminder_date) as total_group
from crm.reminder as r
join mandant.tenant as t on t.id = r.tenant_id
cross join lateral (select report.group_currency(r.tenant_id) as currency offset 0) as g
cross join lateral (
    select count(*) as documents
    from crm.reminder_item as i
    where i.tenant_id = r.tenant_id and i.reminder_id = r.id
) as i;

comment on view report.reminder is 'Reminders of overdue invoices, as they were sent.';
comment on column report.reminder.tenant_id is 'Key of report.tenant.';
comment on column report.reminder.tenant is 'Code of the company.';
comment on column report.reminder.reminder_id is 'Key of report.reminder_item, with tenant_id.';
comment on column report.reminder.number is 'From the company''s series.';
comment on column report.reminder.reminder_date is 'Its date; key of report.date.';
comment on column report.reminder.month is 'First day of the calendar month of that date.';
comment on column report.reminder.level is 'The highest of its items, from 1.';
comment on column report.reminder.withdrawn is 'true: it counts as not sent.';
comment on column report.reminder.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.reminder.employee_id is 'Whose customer it was, key of report.employee.';
comment on column report.reminder.team_id is 'His team, key of report.team.';
comment on column report.reminder.pay_until is 'The day by which it asks to be paid.';
comment on column report.reminder.documents is 'How many invoices it is of.';
comment on column report.reminder.currency_document is 'Currency of its invoices.';
comment on column report.reminder.amount_document is
    'What was open of them; adds up within one currency_document only, as the three after it.';
comment on column report.reminder.credit_document is 'What the customer was owed.';
comment on column report.reminder.fee_document is 'The fee that it asks for.';
comment on column report.reminder.total_document is 'What it asks for: amount less credit, and fee.';
comment on column report.reminder.currency_tenant is 'Currency of the company.';
comment on column report.reminder.total_tenant is
    'total_document at the rate of its day; adds up within one company; null: no rate.';
comment on column report.reminder.currency_group is 'Currency of the group.';
comment on column report.reminder.total_group is
    'total_document at the rate of its day, adds up across companies; null: no rate.';

create view report.reminder_item with (security_invoker = true) as
select
    i.tenant_id,
    t.code as tenant,
    i.reminder_id,
    i.position,
    i.document_id,
    i.number,
    i.document_date,
    i.due_date,
    i.reminder_date,
    i.level,
    i.days_overdue,
    i.withdrawn,
    r.currency as currency_document,
    i.open_amount as open_document
from crm.reminder_item as i
join crm.reminder as r on r.tenant_id = i.tenant_id and r.id = i.reminder_id
join mandant.tenant as t on t.id = i.tenant_id;

comment on view report.reminder_item is 'The invoices of reminders, as they were that day.';
comment on column report.reminder_item.tenant_id is 'Key of report.tenant.';
comment on column report.reminder_item.tenant is 'Code of the company.';
comment on column report.reminder_item.reminder_id is 'Key of report.reminder, with tenant_id.';
comment on column report.reminder_item.position is 'Its place in the letter, from 1.';
comment on column report.reminder_item.document_id is 'Key of report.document, with tenant_id.';
comment on column report.reminder_item.number is 'Number of the invoice.';
comment on column report.reminder_item.document_date is 'Date of the invoice.';
comment on column report.reminder_item.due_date is 'When it was to be paid.';
comment on column report.reminder_item.reminder_date is 'Date of the reminder.';
comment on column report.reminder_item.level is 'How often it was reminded of with this, from 1.';
comment on column report.reminder_item.days_overdue is 'From due date to reminder date.';
comment on column report.reminder_item.withdrawn is 'true: the reminder was withdrawn.';
comment on column report.reminder_item.currency_document is 'Currency of the invoice.';
comment on column report.reminder_item.open_document is
    'What of it was open; adds up within one currency_document only.';
