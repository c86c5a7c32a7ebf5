-- Contracts for reporting tools: what they bring again and again, and when they can end. What they
-- were billed is in the invoices; report.contract_period says which.

create view report.contract with (security_invoker = true) as
select
    c.tenant_id,
    t.code as tenant,
    c.id as contract_id,
    c.number,
    c.title,
    case
        when c.activated_at is null then 'draft'
        when c.starts_on > d.today then 'to come'
        when c.ends_on < d.today then 'ended'
        when s.resting then 'suspended'
        when c.noticed_on is not null then 'ending'
        else 'active'
    end as state,
    c.customer_id,
    c.owner_id as employee_id,
    c.team_id,
    c.starts_on,
    c.ends_on,
    e.notice_by,
    e.ends_on as next_end,
    b.billed_until,
    c.currency as currency_document,
    l.amount as monthly_document,
    t.currency as currency_tenant,
    crm.convert(l.amount, c.currency, t.currency, d.today) as monthly_tenant,
    g.currency as currency_group,
    crm.convert(l.amount, c.currency, g.currency, d.today) as monthly_group
from crm.contract as c
join mandant.tenant as t on t.id = c.tenant_id
cross join lateral (
    select (now() at time zone t.timezone)::date as today offset 0
) as d
cross join lateral (select report.group_currency(c.tenant_id) as currency offset 0) as g
cross join lateral (
    select exists (
        select from crm.contract_suspension as s
        where s.tenant_id = c.tenant_id and s.contract_id = c.id
            and d.today between s.first_day and coalesce(s.last_day, 'infinity')
    ) as resting
) as s
cross join lateral (
    select max(p.last_day) as billed_until
    from crm.contract_period as p
    where p.tenant_id = c.tenant_id and p.contract_id = c.id
) as b
left join lateral crm.contract_end(c.id) as e
    on c.activated_at is not null and c.noticed_on is null
        and coalesce(c.ends_on >= d.today, true) and c.starts_on <= d.today
cross join lateral (
    -- what holds today, or on the first day of one to come
    select round(
        coalesce(sum(
            v.quantity * v.unit_price * (100 - coalesce(v.discount_percent, 0)) * 0.01
        ), 0) / c.price_months,
        (select r.minor_unit from crm.currency as r where r.code = c.currency)
    ) as amount
    from (
        select distinct on (l.position) l.quantity, l.unit_price, l.discount_percent
        from crm.contract_line as l
        where l.tenant_id = c.tenant_id and l.contract_id = c.id
            and l.valid_from <= greatest(d.today, c.starts_on)
            and (c.ends_on is null or c.ends_on >= d.today)
        order by l.position, l.valid_from desc
    ) as v
) as l;

comment on view report.contract is
    'Contracts with what they bring in a month, and when they can end.';
comment on column report.contract.tenant_id is 'Key of report.tenant.';
comment on column report.contract.tenant is 'Code of the company.';
comment on column report.contract.contract_id is 'Key of report.contract_period, with tenant_id.';
comment on column report.contract.number is 'From the company''s series; null: a draft.';
comment on column report.contract.title is 'What it is called.';
comment on column report.contract.state is
    'draft, to come, active, suspended, ending (notice was given), ended; today in the company.';
comment on column report.contract.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.contract.employee_id is 'Who looks after it, key of report.employee.';
comment on column report.contract.team_id is 'Its team, key of report.team.';
comment on column report.contract.starts_on is 'Its first day.';
comment on column report.contract.ends_on is 'Its last day; null: not known yet.';
comment on column report.contract.notice_by is
    'The last day for a notice to the end of the term that runs; null: none is to be given.';
comment on column report.contract.next_end is
    'Its last day if notice were received today; null: none is to be given.';
comment on column report.contract.billed_until is 'The last day that is billed; null: none.';
comment on column report.contract.currency_document is 'Currency of the contract.';
comment on column report.contract.monthly_document is
    'What its lines of today bring in a month, net, without the customer''s own discount.';
comment on column report.contract.currency_tenant is 'Currency of the company.';
comment on column report.contract.monthly_tenant is
    'That at today''s rate; adds up within one company; null: no rate.';
comment on column report.contract.currency_group is 'Currency of the group.';
comment on column report.contract.monthly_group is
    'That at today''s rate, the only one that adds up across companies; null: no rate.';

create view report.contract_period with (security_invoker = true) as
select
    p.tenant_id,
    t.code as tenant,
    p.contract_id,
    p.first_day,
    p.last_day,
    p.document_id
from crm.contract_period as p
join mandant.tenant as t on t.id = p.tenant_id;

comment on view report.contract_period is 'The periods that contracts were billed for.';
comment on column report.contract_period.tenant_id is 'Key of report.tenant.';
comment on column report.contract_period.tenant is 'Code of the company.';
comment on column report.contract_period.contract_id is 'Key of report.contract, with tenant_id.';
comment on column report.contract_period.first_day is 'First day of the period.';
comment on column report.contract_period.last_day is 'Last day of the period.';
comment on column report.contract_period.document_id is
    'The invoice, key of report.document with tenant_id; null: there was nothing to bill.';
