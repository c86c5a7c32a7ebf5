-- Revenue as reporting tools read it. One view serves one company, several or the group, by what
-- its reader may see and has selected; currencies stand side by side and are never added.

create view report.revenue_by_month with (security_invoker = true) as
select
    t.code as tenant,
    date_trunc('month', d.document_date::timestamp)::date as month,
    d.currency,
    sum(d.net * k.revenue_sign) as net,
    count(*) as documents
from crm.document as d
join crm.document_kind as k on k.code = d.kind
join mandant.tenant as t on t.id = d.tenant_id
where d.status <> 'draft'  -- a cancelled document counts: its counter-document does, too
    and k.revenue_sign <> 0
group by t.code, date_trunc('month', d.document_date::timestamp), d.currency;

comment on view report.revenue_by_month is
    'Net revenue by company, month and currency, from posted documents.

Invoices count positive, credit notes negative. Only the companies that you may see and have
selected appear; add up net within one currency only.';
comment on column report.revenue_by_month.tenant is 'Code of the company, such as de.';
comment on column report.revenue_by_month.month is 'First day of the month of the document date.';
comment on column report.revenue_by_month.currency is 'Currency of the documents (ISO 4217).';
comment on column report.revenue_by_month.net is 'Invoices minus credit notes, without tax.';
comment on column report.revenue_by_month.documents is 'How many invoices and credit notes.';

alter view report.revenue_by_month owner to crm_owner;
revoke all on report.revenue_by_month from public;
grant select on report.revenue_by_month to mandant_user;
