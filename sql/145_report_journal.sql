-- The books, ready-made: the journal with two rows for each of crm.journal_line, one for each side,
-- and the trial balance. Both show the documents that their reader sees; for who sees all of a
-- company the receivables are what its open items are, revenue and tax what the other reports say.

create view report.journal with (security_invoker = true) as
select
    j.tenant_id,
    t.code as tenant,
    j.document_id,
    j.position,
    s.side,
    j.kind,
    d.number,
    j.entry,
    j.entry_date,
    date_trunc('month', j.entry_date::timestamp)::date as month,
    j.booked_at,
    mandant_internal.day_in(t.timezone, j.booked_at) as booked_on,
    d.customer_id,
    s.account,
    c.name as account_name,
    c.type as account_type,
    s.contra_account,
    j.tax_category,
    j.tax_rate,
    j.currency as currency_document,
    j.amount * s.debit as debit_document,
    j.amount * (1 - s.debit) as credit_document,
    j.tenant_currency as currency_tenant,
    j.tenant_amount * s.debit as debit_tenant,
    j.tenant_amount * (1 - s.debit) as credit_tenant
from crm.journal_line as j
join mandant.tenant as t on t.id = j.tenant_id
join crm.document as d on d.tenant_id = j.tenant_id and d.id = j.document_id
cross join lateral (
    values
        ('debit', 1, j.debit_account, j.credit_account),
        ('credit', 0, j.credit_account, j.debit_account)
) as s (side, debit, account, contra_account)
left join crm.chart as c on c.tenant_id = j.tenant_id and c.account = s.account;

comment on view report.journal is
    'The journal by company: one row for each side of an entry.

In each document and currency debits and credits are equal. In order of time: order by tenant,
booked_at, number, position, side.';
comment on column report.journal.tenant_id is 'Key of report.tenant.';
comment on column report.journal.tenant is 'Code of the company whose books they are.';
comment on column report.journal.document_id is 'Key of report.document, with tenant_id.';
comment on column report.journal.position is 'Orders the entries of a document.';
comment on column report.journal.side is 'debit or credit.';
comment on column report.journal.kind is 'Kind of the document.';
comment on column report.journal.number is 'Number of the document.';
comment on column report.journal.entry is
    'revenue, tax, payment, discount, discount_tax, exchange (difference) or rounding.';
comment on column report.journal.entry_date is 'Day in the books; key of report.date.';
comment on column report.journal.month is 'First day of the calendar month of that day.';
comment on column report.journal.booked_at is 'When it was written.';
comment on column report.journal.booked_on is 'That day in the company''s time zone.';
comment on column report.journal.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.journal.account is 'Number of the account, such as 1200.';
comment on column report.journal.account_name is
    'What it is called today; null: it is not in the chart any more.';
comment on column report.journal.account_type is
    'asset, liability, equity, income or expense; null: it is not in the chart any more.';
comment on column report.journal.contra_account is 'The account of the other side.';
comment on column report.journal.tax_category is
    'S, Z, E, AE, K, G or O (EN 16931); null: only a rate was said, or it has none.';
comment on column report.journal.tax_rate is 'Percent: 19 stands for 19 %; null: it has none.';
comment on column report.journal.currency_document is 'Currency of the document.';
comment on column report.journal.debit_document is
    'Debit as the document has it; adds up within one currency_document only.';
comment on column report.journal.credit_document is
    'Credit as the document has it; adds up within one currency_document only.';
comment on column report.journal.currency_tenant is 'Currency of the company at posting.';
comment on column report.journal.debit_tenant is
    'Debit at the rate frozen at posting; adds up within one company.';
comment on column report.journal.credit_tenant is
    'Credit at the rate frozen at posting; adds up within one company.';

create view report.trial_balance with (security_invoker = true) as
select
    a.tenant_id,
    t.code as tenant,
    a.account,
    c.name as account_name,
    c.type as account_type,
    a.currency_document,
    a.debit_document,
    a.credit_document,
    a.debit_document - a.credit_document as balance_document,
    a.currency_tenant,
    a.debit_tenant,
    a.credit_tenant,
    a.debit_tenant - a.credit_tenant as balance_tenant,
    g.currency as currency_group,
    report.require_amount(
        coalesce(
            crm.convert(
                a.debit_tenant - a.credit_tenant, a.currency_tenant, g.currency, n.today, 'closing'
            ),
            crm.convert(a.debit_tenant - a.credit_tenant, a.currency_tenant, g.currency, n.today)
        ),
        a.debit_tenant - a.credit_tenant, a.currency_tenant, g.currency, n.today
    ) as balance_group
from (
    select j.tenant_id, s.account, j.currency as currency_document,
        j.tenant_currency as currency_tenant,
        sum(j.amount * s.debit) as debit_document,
        sum(j.amount * (1 - s.debit)) as credit_document,
        sum(j.tenant_amount * s.debit) as debit_tenant,
        sum(j.tenant_amount * (1 - s.debit)) as credit_tenant
    from crm.journal_line as j
    cross join lateral (values (1, j.debit_account), (0, j.credit_account)) as s (debit, account)
    group by j.tenant_id, s.account, j.currency, j.tenant_currency
) as a
join mandant.tenant as t on t.id = a.tenant_id
cross join lateral (select report.group_currency(t.id) as currency) as g
cross join lateral (select mandant_internal.day_in(t.timezone, now()) as today) as n
left join crm.chart as c on c.tenant_id = a.tenant_id and c.account = a.account;

comment on view report.trial_balance is
    'Balances of all accounts by company and currency, of all that is booked.

Balances are debits less credits. Errors: 22023 a rate is missing.';
comment on column report.trial_balance.tenant_id is 'Key of report.tenant.';
comment on column report.trial_balance.tenant is 'Code of the company.';
comment on column report.trial_balance.account is 'Number of the account, such as 1200.';
comment on column report.trial_balance.account_name is
    'What it is called today; null: it is not in the chart any more.';
comment on column report.trial_balance.account_type is
    'asset, liability, equity, income or expense; null: it is not in the chart any more.';
comment on column report.trial_balance.currency_document is 'Currency of the documents.';
comment on column report.trial_balance.debit_document is
    'Sum of debits; adds up within one currency_document only.';
comment on column report.trial_balance.credit_document is
    'Sum of credits; adds up within one currency_document only.';
comment on column report.trial_balance.balance_document is
    'Debits less credits; adds up within one currency_document only.';
comment on column report.trial_balance.currency_tenant is 'Currency of the company at posting.';
comment on column report.trial_balance.debit_tenant is
    'Sum of debits at the rates frozen at posting; adds up within one company.';
comment on column report.trial_balance.credit_tenant is
    'Sum of credits at the rates frozen at posting; adds up within one company.';
comment on column report.trial_balance.balance_tenant is
    'Debits less credits; adds up within one company, where all accounts sum to 0.';
comment on column report.trial_balance.currency_group is 'Currency of the group today.';
comment on column report.trial_balance.balance_group is
    'balance_tenant at the closing rate of today, or the daily one; adds up across companies.';
