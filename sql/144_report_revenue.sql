-- Revenue, ready-made: by month and currency, customer, product, team, and consolidated. One view
-- serves one company, several or the group, by what its reader may see and has selected. Currencies
-- stand side by side and are never added; a missing rate is an error where the group's currency is
-- asked for, and only there. Cancelled documents count, and so does what cancels them.
-- Each sums up what was frozen at posting first and looks up names, and where the group reports by
-- other rates these, for the few rows that are left.

create view crm.revenue with (security_invoker = true) as
select
    d.tenant_id,
    d.id as document_id,
    date_trunc('month', d.document_date::timestamp)::date as month,
    d.document_date,
    d.customer_id,
    d.team_id,
    d.owner_id as employee_id,
    d.group_tenant_id,
    d.currency as currency_document,
    d.tenant_currency as currency_tenant,
    d.group_currency as currency_group,
    k.revenue_sign,
    k.revenue_sign * d.net as net_document,
    k.revenue_sign * d.tenant_net as net_tenant,
    k.revenue_sign * case
        when d.group_net is null then report.require_amount(
            crm.convert(d.tenant_net, d.tenant_currency, d.group_currency, d.document_date),
            d.tenant_net, d.tenant_currency, d.group_currency, d.document_date
        )
        else d.group_net
    end as net_group
from crm.document as d
join crm.document_kind as k on k.code = d.kind
where d.status <> 'draft' and k.revenue_sign <> 0;

comment on view crm.revenue is
    'Posted documents that are revenue, credit notes below 0, as frozen at posting.';
comment on column crm.revenue.net_group is
    'At the group''s rate of posting; refuses (22023) where there was none and is none now.';

create function crm.in_group(
    net_group numeric, net_tenant numeric, currency_tenant text, currency_group text, month date,
    rate numeric, rate_type text
) returns numeric
    language sql stable -- becomes part of the query that calls it
    return case
        when rate_type = 'daily' then net_group
        when currency_tenant = currency_group then net_tenant
        else report.require_amount(
            net_tenant * rate, net_tenant, currency_tenant, currency_group,
            (month + interval '1 month - 1 day')::date
        )
    end;

comment on function crm.in_group(numeric, numeric, text, text, date, numeric, text) is
    'A sum of a month in the group''s currency.

net_group: by the documents'' own rates; rate: of crm.translation; rate_type: crm.report_rate_type().
Refuses (22023) without a rate.';

alter view crm.revenue owner to crm_owner;
alter function crm.in_group(numeric, numeric, text, text, date, numeric, text) owner to crm_owner;
revoke all on crm.revenue from public;
revoke all on function crm.in_group(numeric, numeric, text, text, date, numeric, text)
    from public;
grant select on crm.revenue to mandant_user;
grant execute on function crm.in_group(numeric, numeric, text, text, date, numeric, text)
    to mandant_user;

create view report.revenue_by_month with (security_invoker = true) as
select
    t.code as tenant,
    a.month,
    a.currency_document as currency,
    a.net,
    a.documents,
    a.tenant_id,
    a.currency_tenant,
    a.net_tenant,
    a.currency_group,
    crm.in_group(
        a.net_group, a.net_tenant, a.currency_tenant, a.currency_group, a.month, x.rate,
        (select crm.report_rate_type())
    ) as net_group
from (
    select
        r.tenant_id, r.month, r.currency_document, r.currency_tenant, r.currency_group,
        sum(r.net_document) as net,
        count(*) as documents,
        sum(r.net_tenant) as net_tenant, sum(r.net_group) as net_group
    from crm.revenue as r
    group by r.tenant_id, r.month, r.currency_document, r.currency_tenant, r.currency_group
) as a
join mandant.tenant as t on t.id = a.tenant_id
left join crm.translation() as x
    on x.month = a.month and x.from_currency = a.currency_tenant
    and x.to_currency = a.currency_group;

comment on view report.revenue_by_month is
    'Net revenue by company, month and currency, from posted documents.

Invoices count positive, credit notes negative. Only the companies that you may see and have
selected appear; add up net within one currency only. Errors: 22023 a rate is missing.';
comment on column report.revenue_by_month.tenant_id is 'Key of report.tenant.';
comment on column report.revenue_by_month.tenant is 'Code of the company, such as de.';
comment on column report.revenue_by_month.month is 'First day of the month of the document date.';
comment on column report.revenue_by_month.currency is 'Currency of the documents (ISO 4217).';
comment on column report.revenue_by_month.net is
    'Invoices minus credit notes, without tax; adds up within one currency only.';
comment on column report.revenue_by_month.documents is 'How many invoices and credit notes.';
comment on column report.revenue_by_month.currency_tenant is 'Currency of the company at posting.';
comment on column report.revenue_by_month.net_tenant is
    'The same at the rates frozen at posting; adds up within one company.';
comment on column report.revenue_by_month.currency_group is 'Currency of the group at posting.';
comment on column report.revenue_by_month.net_group is
    'The same in the group''s currency, the only one that adds up across companies.';

create view report.revenue_by_customer with (security_invoker = true) as
select
    t.code as tenant,
    a.month,
    a.customer_id,
    a.customer,
    a.documents,
    a.tenant_id,
    a.currency_tenant,
    a.net_tenant,
    a.currency_group,
    crm.in_group(
        a.net_group, a.net_tenant, a.currency_tenant, a.currency_group, a.month, x.rate,
        (select crm.report_rate_type())
    ) as net_group
from (
    select
        r.tenant_id, r.month, coalesce(c.merged_into, r.customer_id) as customer_id,
        coalesce(b.name, c.name) as customer, r.currency_tenant, r.currency_group,
        count(*) as documents,
        sum(r.net_tenant) as net_tenant, sum(r.net_group) as net_group
    from crm.revenue as r
    left join crm.customer as c on c.tenant_id = r.tenant_id and c.id = r.customer_id
    left join crm.customer as b on b.tenant_id = c.tenant_id and b.id = c.merged_into
    group by
        r.tenant_id, r.month, coalesce(c.merged_into, r.customer_id), coalesce(b.name, c.name),
        r.currency_tenant, r.currency_group
) as a
join mandant.tenant as t on t.id = a.tenant_id
left join crm.translation() as x
    on x.month = a.month and x.from_currency = a.currency_tenant
    and x.to_currency = a.currency_group;

comment on view report.revenue_by_customer is
    'Net revenue by company, month and customer.

That of a merged customer is who it became''s. Errors: 22023 a rate is missing.';
comment on column report.revenue_by_customer.tenant_id is 'Key of report.tenant.';
comment on column report.revenue_by_customer.tenant is 'Code of the company.';
comment on column report.revenue_by_customer.month is
    'First day of the month of the document date.';
comment on column report.revenue_by_customer.customer_id is
    'Key of report.customer, with tenant_id.';
comment on column report.revenue_by_customer.customer is
    'Name of the customer today; null: a customer that you do not see.';
comment on column report.revenue_by_customer.documents is 'How many invoices and credit notes.';
comment on column report.revenue_by_customer.currency_tenant is
    'Currency of the company at posting.';
comment on column report.revenue_by_customer.net_tenant is
    'Invoices minus credit notes, without tax; adds up within one company.';
comment on column report.revenue_by_customer.currency_group is 'Currency of the group at posting.';
comment on column report.revenue_by_customer.net_group is
    'The same in the group''s currency, which adds up across companies.';

create view report.revenue_by_product with (security_invoker = true) as
select
    t.code as tenant,
    a.month,
    a.product_id,
    p.code as product_code,
    p.name as product,
    a.quantity,
    a.tenant_id,
    a.currency_tenant,
    a.net_tenant,
    a.currency_group,
    crm.in_group(
        a.net_group, a.net_tenant, a.currency_tenant, a.currency_group, a.month, x.rate,
        (select crm.report_rate_type())
    ) as net_group
from (
    select
        r.tenant_id, r.month, l.product_id, r.currency_tenant, r.currency_group,
        sum(r.revenue_sign * l.quantity) as quantity,
        sum(r.revenue_sign * coalesce(l.tenant_net, l.net)) as net_tenant,
        sum(r.revenue_sign * case
            when r.currency_group = r.currency_document then l.net
            when l.group_net is null then report.require_amount(
                crm.convert(l.net, r.currency_document, r.currency_group, r.document_date),
                l.net, r.currency_document, r.currency_group, r.document_date
            )
            else l.group_net
        end) as net_group
    from crm.revenue as r
    join crm.document_line as l on l.tenant_id = r.tenant_id and l.document_id = r.document_id
    group by r.tenant_id, r.month, l.product_id, r.currency_tenant, r.currency_group
) as a
join mandant.tenant as t on t.id = a.tenant_id
left join crm.product as p on p.tenant_id = a.tenant_id and p.id = a.product_id
left join crm.translation() as x
    on x.month = a.month and x.from_currency = a.currency_tenant
    and x.to_currency = a.currency_group;

comment on view report.revenue_by_product is
    'Net revenue and quantity by company, month and product.

Errors: 22023 a rate is missing.';
comment on column report.revenue_by_product.tenant_id is 'Key of report.tenant.';
comment on column report.revenue_by_product.tenant is 'Code of the company.';
comment on column report.revenue_by_product.month is 'First day of the month of the document date.';
comment on column report.revenue_by_product.product_id is
    'Key of report.product, with tenant_id; null: lines without a product.';
comment on column report.revenue_by_product.product_code is 'The company''s short name for it.';
comment on column report.revenue_by_product.product is 'Name of the product today.';
comment on column report.revenue_by_product.quantity is 'Invoiced less credited, in its unit.';
comment on column report.revenue_by_product.currency_tenant is
    'Currency of the company at posting.';
comment on column report.revenue_by_product.net_tenant is
    'Invoices minus credit notes, without tax; adds up within one company.';
comment on column report.revenue_by_product.currency_group is 'Currency of the group at posting.';
comment on column report.revenue_by_product.net_group is
    'The same in the group''s currency, which adds up across companies.';

create view report.revenue_by_team with (security_invoker = true) as
select
    t.code as tenant,
    a.month,
    a.team_id,
    m.name as team,
    a.employee_id,
    coalesce(p.full_name, p.name) as employee,
    a.documents,
    a.tenant_id,
    a.currency_tenant,
    a.net_tenant,
    a.currency_group,
    crm.in_group(
        a.net_group, a.net_tenant, a.currency_tenant, a.currency_group, a.month, x.rate,
        (select crm.report_rate_type())
    ) as net_group
from (
    select
        r.tenant_id, r.month, r.team_id, r.employee_id, r.currency_tenant, r.currency_group,
        count(*) as documents,
        sum(r.net_tenant) as net_tenant, sum(r.net_group) as net_group
    from crm.revenue as r
    group by r.tenant_id, r.month, r.team_id, r.employee_id, r.currency_tenant, r.currency_group
) as a
join mandant.tenant as t on t.id = a.tenant_id
left join mandant.team as m on m.id = a.team_id
left join mandant.principal as p on p.id = a.employee_id
left join crm.translation() as x
    on x.month = a.month and x.from_currency = a.currency_tenant
    and x.to_currency = a.currency_group;

comment on view report.revenue_by_team is
    'Net revenue by company, month, team and employee.

Of those who look after the documents today. Errors: 22023 a rate is missing.';
comment on column report.revenue_by_team.tenant_id is 'Key of report.tenant.';
comment on column report.revenue_by_team.tenant is 'Code of the company.';
comment on column report.revenue_by_team.month is 'First day of the month of the document date.';
comment on column report.revenue_by_team.team_id is 'Key of report.team; null: no team.';
comment on column report.revenue_by_team.team is 'Name of the team.';
comment on column report.revenue_by_team.employee_id is 'Key of report.employee; null: nobody.';
comment on column report.revenue_by_team.employee is 'Name of the employee, as far as you see it.';
comment on column report.revenue_by_team.documents is 'How many invoices and credit notes.';
comment on column report.revenue_by_team.currency_tenant is 'Currency of the company at posting.';
comment on column report.revenue_by_team.net_tenant is
    'Invoices minus credit notes, without tax; adds up within one company.';
comment on column report.revenue_by_team.currency_group is 'Currency of the group at posting.';
comment on column report.revenue_by_team.net_group is
    'The same in the group''s currency, which adds up across companies.';

create view report.intercompany with (security_invoker = true) as
select
    t.code as tenant,
    b.code as buyer,
    a.month,
    a.currency_document,
    a.documents,
    a.net_document,
    a.tenant_id,
    a.group_tenant_id as buyer_tenant_id,
    a.currency_group,
    crm.in_group(
        a.net_group, a.net_tenant, a.currency_tenant, a.currency_group, a.month, x.rate,
        (select crm.report_rate_type())
    ) as net_group,
    a.group_tenant_id = any ((select mandant.current_tenants())::int[]) as eliminated
from (
    select
        r.tenant_id, r.month, r.currency_document, r.group_tenant_id, r.currency_tenant,
        r.currency_group,
        count(*) as documents,
        sum(r.net_document) as net_document,
        sum(r.net_tenant) as net_tenant, sum(r.net_group) as net_group
    from crm.revenue as r
    where r.group_tenant_id is not null
    group by
        r.tenant_id, r.month, r.currency_document, r.group_tenant_id, r.currency_tenant,
        r.currency_group
) as a
join mandant.tenant as t on t.id = a.tenant_id
left join mandant.tenant as b on b.id = a.group_tenant_id
left join crm.translation() as x
    on x.month = a.month and x.from_currency = a.currency_tenant
    and x.to_currency = a.currency_group;

comment on view report.intercompany is
    'Revenue of one company of the group with another, by pair and month.

Errors: 22023 a rate is missing.';
comment on column report.intercompany.tenant_id is 'The company that sold, key of report.tenant.';
comment on column report.intercompany.tenant is 'Code of the company that sold.';
comment on column report.intercompany.buyer_tenant_id is
    'The company that bought: what the customer was at posting.';
comment on column report.intercompany.buyer is 'Its code; null: it is not selected.';
comment on column report.intercompany.month is 'First day of the month of the document date.';
comment on column report.intercompany.currency_document is 'Currency of the documents.';
comment on column report.intercompany.documents is 'How many invoices and credit notes.';
comment on column report.intercompany.net_document is
    'Invoices minus credit notes; adds up within one currency_document only.';
comment on column report.intercompany.currency_group is 'Currency of the group at posting.';
comment on column report.intercompany.net_group is
    'The same in the group''s currency, which adds up across companies.';
comment on column report.intercompany.eliminated is
    'Whether consolidated reports leave it out: both companies are selected.';

create view report.consolidated_revenue with (security_invoker = true) as
select
    r.tenant,
    r.month,
    sum(r.net_group) as revenue_group,
    coalesce(sum(r.net_group) filter (where r.between), 0) as intercompany_group,
    coalesce(sum(r.net_group) filter (where not r.between), 0) as consolidated_group,
    r.tenant_id,
    r.currency_group
from (
    select
        t.code as tenant,
        a.month,
        a.tenant_id,
        a.currency_group,
        coalesce(a.group_tenant_id = any ((select mandant.current_tenants())::int[]), false)
            as between,
        crm.in_group(
            a.net_group, a.net_tenant, a.currency_tenant, a.currency_group, a.month, x.rate,
            (select crm.report_rate_type())
        ) as net_group
    from (
        select
            r.tenant_id, r.month, r.group_tenant_id, r.currency_tenant, r.currency_group,
            sum(r.net_tenant) as net_tenant, sum(r.net_group) as net_group
        from crm.revenue as r
        group by r.tenant_id, r.month, r.group_tenant_id, r.currency_tenant, r.currency_group
    ) as a
    join mandant.tenant as t on t.id = a.tenant_id
    left join crm.translation() as x
        on x.month = a.month and x.from_currency = a.currency_tenant
        and x.to_currency = a.currency_group
) as r
group by r.tenant, r.month, r.tenant_id, r.currency_group;

comment on view report.consolidated_revenue is
    'Revenue of the selected companies with others, by company and month.

What one selected company bills another is eliminated; all rows together are the revenue of the
companies seen as one. Errors: 22023 a rate is missing.';
comment on column report.consolidated_revenue.tenant_id is 'Key of report.tenant.';
comment on column report.consolidated_revenue.tenant is 'Code of the company.';
comment on column report.consolidated_revenue.month is
    'First day of the month of the document date.';
comment on column report.consolidated_revenue.currency_group is 'Currency of the group at posting.';
comment on column report.consolidated_revenue.revenue_group is
    'Invoices minus credit notes, in the group''s currency; adds up across companies.';
comment on column report.consolidated_revenue.intercompany_group is
    'What of it is with other selected companies; adds up across companies.';
comment on column report.consolidated_revenue.consolidated_group is
    'What is left; adds up across companies.';
