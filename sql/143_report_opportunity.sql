-- Opportunities as facts, and the pipeline that they are. What is open is worth what it is at the
-- rate of today, what is closed what it was on that day. With documents and opportunities at hand
-- the rates can be listed that either of them lacks.

create view crm.opportunity_worth with (security_invoker = true) as
with home as materialized (
    select
        t.id, t.currency, g.currency as group_currency, c.minor_unit,
        gc.minor_unit as group_minor_unit, mandant_internal.day_in(t.timezone, now()) as today
    from mandant.tenant as t
    cross join lateral (select report.group_currency(t.id) as currency) as g
    left join crm.currency as c on c.code = t.currency
    left join crm.currency as gc on gc.code = g.currency
), rate as materialized (
    -- once for each day and currency, not for each opportunity
    select
        d.tenant_id, d.currency, d.day,
        crm.find_rate_for_euro(h.currency, d.day, 'daily')
            / crm.find_rate_for_euro(d.currency, d.day, 'daily') as to_tenant,
        crm.find_rate_for_euro(h.group_currency, d.day, 'daily')
            / crm.find_rate_for_euro(d.currency, d.day, 'daily') as to_group
    from (
        select o.tenant_id, o.currency, coalesce(o.closed_on, h.today) as day
        from crm.opportunity as o
        join home as h on h.id = o.tenant_id
        where o.currency <> h.currency or o.currency <> h.group_currency
        group by 1, 2, 3
    ) as d
    join home as h on h.id = d.tenant_id
)
select
    o.tenant_id,
    o.id as opportunity_id,
    o.owner_id,
    o.team_id,
    o.stage,
    o.outcome,
    v.category,
    v.probability,
    o.closed_on,
    coalesce(o.closed_on, o.expected_close) as close_date,
    v.rate_date,
    o.amount,
    o.currency,
    v.tenant_amount,
    case when o.outcome = 'open' and v.category <> 'omitted' then round(
        v.tenant_amount * v.probability / 100, h.minor_unit
    ) end as tenant_weighted,
    h.currency as tenant_currency,
    v.group_amount,
    case when o.outcome = 'open' and v.category <> 'omitted' then round(
        v.group_amount * v.probability / 100, h.group_minor_unit
    ) end as group_weighted,
    h.group_currency
from crm.opportunity as o
join home as h on h.id = o.tenant_id
left join crm.effective_stage as s on s.tenant_id = o.tenant_id and s.code = o.stage
left join rate as r
    on r.tenant_id = o.tenant_id and r.currency = o.currency
    and r.day = coalesce(o.closed_on, h.today)
cross join lateral (
    select
        case o.outcome
            when 'won' then 'closed'
            when 'lost' then 'omitted'
            else coalesce(o.forecast_category, s.forecast_category)
        end as category,
        coalesce(o.probability, s.probability) as probability,
        coalesce(o.closed_on, h.today) as rate_date,
        case o.currency
            when h.currency then o.amount
            else round(o.amount * r.to_tenant, h.minor_unit)
        end as tenant_amount,
        case o.currency
            when h.group_currency then o.amount
            else round(o.amount * r.to_group, h.group_minor_unit)
        end as group_amount
) as v;

comment on view crm.opportunity_worth is
    'What the forecast counts each opportunity as that you see, in the currencies of all levels.';
comment on column crm.opportunity_worth.category is
    'The one that it counts in: pipeline, best_case, commit, closed (won) or omitted.';
comment on column crm.opportunity_worth.probability is 'Percent: its own, or that of its stage.';
comment on column crm.opportunity_worth.close_date is
    'The day that puts it into a period: closed_on, or expected_close while it is open.';
comment on column crm.opportunity_worth.rate_date is
    'Day of its exchange rates: closed_on, or today while it is open.';
comment on column crm.opportunity_worth.tenant_amount is
    'Its amount in the tenant''s currency; null: no amount, or no rate.';
comment on column crm.opportunity_worth.tenant_weighted is
    'tenant_amount by its probability; null: closed or omitted, too.';
comment on column crm.opportunity_worth.group_amount is
    'Its amount in the group''s currency; null: no amount, or no rate.';
comment on column crm.opportunity_worth.group_weighted is
    'group_amount by its probability; null: closed or omitted, too.';

alter view crm.opportunity_worth owner to crm_owner;
revoke all on crm.opportunity_worth from public;
grant select on crm.opportunity_worth to mandant_user;

create view report.opportunity with (security_invoker = true) as
select
    o.tenant_id,
    t.code as tenant,
    o.id as opportunity_id,
    o.name,
    o.customer_id,
    o.owner_id as employee_id,
    o.team_id,
    o.stage,
    s.name as stage_name,
    o.outcome,
    w.probability,
    w.category as forecast_category,
    o.source,
    o.created_at,
    o.expected_close,
    o.closed_on,
    w.close_date,
    o.lost_reason,
    o.currency as currency_document,
    o.amount as amount_document,
    w.tenant_currency as currency_tenant,
    w.tenant_amount as amount_tenant,
    w.group_currency as currency_group,
    w.group_amount as amount_group
from crm.opportunity_worth as w
join crm.opportunity as o on o.tenant_id = w.tenant_id and o.id = w.opportunity_id
join mandant.tenant as t on t.id = w.tenant_id
left join crm.effective_stage as s on s.tenant_id = o.tenant_id and s.code = o.stage;

comment on view report.opportunity is 'Opportunities that you may see, open, won and lost.';
comment on column report.opportunity.tenant_id is 'Key of report.tenant.';
comment on column report.opportunity.tenant is 'Code of the company.';
comment on column report.opportunity.opportunity_id is 'Identifies it, with tenant_id.';
comment on column report.opportunity.name is 'What it is about.';
comment on column report.opportunity.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.opportunity.employee_id is 'Who pursues it, key of report.employee.';
comment on column report.opportunity.team_id is 'Its team, key of report.team.';
comment on column report.opportunity.stage is 'Code of its stage.';
comment on column report.opportunity.stage_name is 'Name of the stage in the company''s language.';
comment on column report.opportunity.outcome is 'open, won or lost.';
comment on column report.opportunity.probability is 'Percent: its own, or its stage''s.';
comment on column report.opportunity.forecast_category is
    'pipeline, best_case, commit, closed or omitted: its own, or its stage''s.';
comment on column report.opportunity.source is 'Where it comes from.';
comment on column report.opportunity.created_at is 'When it was made.';
comment on column report.opportunity.expected_close is 'Day on which the customer is to decide.';
comment on column report.opportunity.closed_on is 'Day on which it was won or lost.';
comment on column report.opportunity.close_date is
    'closed_on, or while it is open expected_close; key of report.date.';
comment on column report.opportunity.lost_reason is 'Why it was lost.';
comment on column report.opportunity.currency_document is 'Currency of the opportunity.';
comment on column report.opportunity.amount_document is
    'What it is worth; adds up within one currency_document only.';
comment on column report.opportunity.currency_tenant is 'Currency of the company.';
comment on column report.opportunity.amount_tenant is
    'At the rate of the day it was closed, or of today; null: no rate. Adds up within one company.';
comment on column report.opportunity.currency_group is 'Currency of the group.';
comment on column report.opportunity.amount_group is
    'At that day''s rate, adds up across companies; null: no rate.';

create view report.pipeline with (security_invoker = true) as
select
    w.tenant_id,
    h.code as tenant,
    w.stage,
    s.name as stage_name,
    s.position as stage_position,
    w.employee_id,
    coalesce(p.full_name, p.name) as employee,
    w.team_id,
    t.name as team,
    w.opportunities,
    w.amount_tenant,
    w.weighted_tenant,
    w.currency_tenant,
    w.amount_group,
    w.weighted_group,
    w.currency_group
from (
    select
        o.tenant_id, o.stage, o.owner_id as employee_id, o.team_id,
        o.tenant_currency as currency_tenant, o.group_currency as currency_group,
        count(*) as opportunities,
        -- a function is asked only where there is no rate: it refuses
        coalesce(sum(case when o.amount is not null and o.tenant_amount is null
            then report.require_amount(
                null, o.amount, o.currency, o.tenant_currency, o.rate_date
            )
            else o.tenant_amount
        end), 0) as amount_tenant,
        coalesce(sum(case when o.amount is not null and o.tenant_amount is null
            then report.require_amount(
                null, o.amount, o.currency, o.tenant_currency, o.rate_date
            )
            else o.tenant_weighted
        end), 0) as weighted_tenant,
        coalesce(sum(case when o.amount is not null and o.group_amount is null
            then report.require_amount(
                null, o.amount, o.currency, o.group_currency, o.rate_date
            )
            else o.group_amount
        end), 0) as amount_group,
        coalesce(sum(case when o.amount is not null and o.group_amount is null
            then report.require_amount(
                null, o.amount, o.currency, o.group_currency, o.rate_date
            )
            else o.group_weighted
        end), 0) as weighted_group
    from crm.opportunity_worth as o
    where o.outcome = 'open'
    group by o.tenant_id, o.stage, o.owner_id, o.team_id, o.tenant_currency, o.group_currency
) as w
join mandant.tenant as h on h.id = w.tenant_id
left join crm.effective_stage as s on s.tenant_id = w.tenant_id and s.code = w.stage
left join mandant.principal as p on p.id = w.employee_id
left join mandant.team as t on t.id = w.team_id;

comment on view report.pipeline is
    'Open opportunities by company, stage and employee.

Refuses (22023) an amount for which there is no exchange rate of today.';
comment on column report.pipeline.tenant_id is 'Key of report.tenant.';
comment on column report.pipeline.tenant is 'Code of the company, such as de.';
comment on column report.pipeline.stage is 'Code of the stage, such as propose.';
comment on column report.pipeline.stage_name is 'Name of the stage in the company''s language.';
comment on column report.pipeline.stage_position is 'Place of the stage, from 1: sorts them.';
comment on column report.pipeline.employee_id is
    'Who pursues them, key of report.employee; null: nobody.';
comment on column report.pipeline.employee is 'Name of the employee, as far as you see it.';
comment on column report.pipeline.team_id is 'Their team, key of report.team; null: none.';
comment on column report.pipeline.team is 'Name of the team, as far as you see it.';
comment on column report.pipeline.opportunities is 'How many are open.';
comment on column report.pipeline.amount_tenant is
    'What they are worth in the company''s currency; adds up within one company.';
comment on column report.pipeline.weighted_tenant is
    'amount_tenant by probability, without what is omitted from the forecast.';
comment on column report.pipeline.currency_tenant is 'The company''s currency (ISO 4217).';
comment on column report.pipeline.amount_group is
    'What they are worth in the group''s currency; adds up across companies.';
comment on column report.pipeline.weighted_group is
    'amount_group by probability, without what is omitted from the forecast.';
comment on column report.pipeline.currency_group is 'The group''s currency.';

create view report.missing_rate with (security_invoker = true) as
select
    d.currency_tenant as from_currency,
    d.currency_group as to_currency,
    (select crm.report_rate_type()) as type,
    case (select crm.report_rate_type())
        when 'daily' then d.document_date
        else (d.month + interval '1 month - 1 day')::date
    end as on_date,
    count(*) as rows
from report.document as d
where d.net_group is null
group by 1, 2, 3, 4
union all
select o.currency, c.to_currency, 'daily', o.rate_date, count(*)
from crm.opportunity_worth as o
cross join lateral (
    values (o.tenant_currency, o.tenant_amount), (o.group_currency, o.group_amount)
) as c (to_currency, amount)
where o.amount is not null and c.amount is null
group by o.currency, c.to_currency, o.rate_date;

comment on view report.missing_rate is
    'Exchange rates that are missing for documents and opportunities that you see.

A ready-made report that needs one of them refuses (22023); facts show null.';
comment on column report.missing_rate.from_currency is 'What is to be converted.';
comment on column report.missing_rate.to_currency is
    'What it is to be converted to: the group''s currency, or the company''s.';
comment on column report.missing_rate.type is
    'daily, closing or average: the type of rate that is missing.';
comment on column report.missing_rate.on_date is
    'Day for which it is missing; of closing and average the last of the month.';
comment on column report.missing_rate.rows is 'How many documents or opportunities need it.';
