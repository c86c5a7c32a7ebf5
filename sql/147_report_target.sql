-- Targets as reporting tools read them: what was set, whether the parts make up the whole, how far
-- it is reached, who is ahead, and what the forecast adds to it. A reader ranks among those that
-- they see, and learns of nobody else. Sums by day come before the join with targets, of which
-- several cover a day.

create function crm.tenant_below() returns table (ancestor_id int, tenant_id int)
    language plpgsql stable
    security definer -- a tenant between two that are selected need not be selected
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    selected constant int[] := mandant.current_tenants();
begin
    return query
    with recursive above (ancestor_id, tenant_id) as (
        select s.id, s.id from unnest(selected) as s (id)
        union all
        select t.parent_id, a.tenant_id
        from above as a
        join mandant_internal.tenant as t on t.id = a.ancestor_id
        where t.parent_id is not null
    )
    select a.ancestor_id, a.tenant_id from above as a where a.ancestor_id = any (selected);
end
$$;

comment on function crm.tenant_below() is
    'Each selected tenant with itself and all selected ones below it, at whatever depth.';

alter function crm.tenant_below() owner to crm_owner;
revoke all on function crm.tenant_below() from public;
grant execute on function crm.tenant_below() to mandant_user;  -- views ask it as their reader

create view report.target with (security_invoker = true) as
select
    g.tenant_id,
    h.code as tenant,
    g.id as target_id,
    g.scope,
    g.employee_id,
    coalesce(p.full_name, p.name) as employee,
    g.team_id,
    t.name as team,
    g.measure,
    g.period_type,
    g.fiscal_year,
    g.period,
    g.first_day,
    g.last_day,
    g.amount as amount_document,
    g.currency as currency_document,
    g.rate_date,
    g.tenant_amount as amount_tenant,
    g.tenant_currency as currency_tenant,
    g.group_amount as amount_group,
    g.group_currency as currency_group
from crm.target as g
join mandant.tenant as h on h.id = g.tenant_id
left join mandant.principal as p on p.id = g.employee_id
left join mandant.team as t on t.id = g.team_id;

comment on view report.target is
    'The targets that you see, each for one subject, measure and period.

Targets of different scopes and periods contain each other: add up within one of both only.';
comment on column report.target.tenant_id is 'Key of report.tenant.';
comment on column report.target.tenant is 'Code of the company, such as de.';
comment on column report.target.target_id is 'The target, by its id.';
comment on column report.target.scope is
    'employee, team, tenant; group: the company and all below it.';
comment on column report.target.employee_id is
    'Whose it is, key of report.employee; null: nobody''s own.';
comment on column report.target.employee is 'Name of the employee, as far as you see it.';
comment on column report.target.team_id is
    'The team whose it is, or that the employee''s counts for.';
comment on column report.target.team is 'Name of the team, as far as you see it.';
comment on column report.target.measure is
    'revenue: invoices less credit notes, net; bookings: opportunities won.';
comment on column report.target.period_type is 'month, quarter or year.';
comment on column report.target.fiscal_year is 'Of the company.';
comment on column report.target.period is
    'Month or quarter of the fiscal year, from 1; null: year.';
comment on column report.target.first_day is 'First day of the period.';
comment on column report.target.last_day is 'Last day of the period.';
comment on column report.target.amount_document is 'The amount in the currency it was set in.';
comment on column report.target.currency_document is 'The currency it was set in (ISO 4217).';
comment on column report.target.rate_date is 'Day of its exchange rates.';
comment on column report.target.amount_tenant is
    'The amount in the company''s currency; adds up within one company.';
comment on column report.target.currency_tenant is 'The company''s currency when it was set.';
comment on column report.target.amount_group is
    'The amount in the group''s currency; adds up across companies.';
comment on column report.target.currency_group is 'The group''s currency when it was set.';

create view report.target_gap with (security_invoker = true) as
with target as (
    select
        g.*, coalesce(g.employee_id, g.team_id) as subject_id, coalesce(g.period, 0) as place
    from crm.target as g
), part as (
    -- by scope: the tenants of a group
    select w.id as whole_id, 'tenants' as parts, g.scope, g.tenant_amount, g.group_amount
    from target as w
    join crm.tenant_below() as b on b.ancestor_id = w.tenant_id
    join target as g
        on g.tenant_id = b.tenant_id and g.scope = 'tenant' and g.measure = w.measure
        and g.period_type = w.period_type and g.fiscal_year = w.fiscal_year and g.place = w.place
    where w.scope = 'group'
    union all
    -- the teams of a tenant, and those employees whom no team's target covers
    select w.id, 'teams' as parts, g.scope, g.tenant_amount, g.group_amount
    from target as w
    join target as g
        on g.tenant_id = w.tenant_id and g.measure = w.measure
        and g.period_type = w.period_type and g.fiscal_year = w.fiscal_year and g.place = w.place
    left join target as t
        on g.scope = 'employee' and t.scope = 'team' and t.tenant_id = g.tenant_id
        and t.team_id = g.team_id and t.measure = g.measure
        and t.period_type = g.period_type and t.fiscal_year = g.fiscal_year and t.place = g.place
    where w.scope = 'tenant' and g.scope in ('team', 'employee') and t.id is null
    union all
    -- the employees of a team
    select w.id, 'employees' as parts, g.scope, g.tenant_amount, g.group_amount
    from target as w
    join target as g
        on g.tenant_id = w.tenant_id and g.scope = 'employee' and g.team_id = w.team_id
        and g.measure = w.measure
        and g.period_type = w.period_type and g.fiscal_year = w.fiscal_year and g.place = w.place
    where w.scope = 'team'
    union all
    -- by time: the quarters and months of a year, the months of a quarter
    select w.id, g.period_type || 's', g.scope, g.tenant_amount, g.group_amount
    from target as w
    join target as g
        on g.tenant_id = w.tenant_id and g.scope = w.scope and g.measure = w.measure
        and g.fiscal_year = w.fiscal_year
        and g.subject_id is not distinct from w.subject_id
        and g.first_day >= w.first_day and g.last_day <= w.last_day
        and (
            w.period_type = 'year' and g.period_type in ('quarter', 'month')
            or w.period_type = 'quarter' and g.period_type = 'month'
        )
), total as (
    select
        p.whole_id,
        case when p.parts = 'teams' and bool_and(p.scope = 'employee') then 'employees'
            else p.parts end as parts,
        count(*) as part_count,
        sum(p.tenant_amount) as tenant_amount,
        sum(p.group_amount) as group_amount
    from part as p
    group by p.whole_id, p.parts
)
select
    g.tenant_id,
    g.tenant,
    g.target_id,
    g.scope,
    g.employee_id,
    g.employee,
    g.team_id,
    g.team,
    g.measure,
    g.period_type,
    g.fiscal_year,
    g.period,
    t.parts,
    t.part_count,
    g.amount_tenant,
    case when t.parts <> 'tenants' then t.tenant_amount end as parts_tenant,
    case when t.parts <> 'tenants' then g.amount_tenant - t.tenant_amount end as difference_tenant,
    g.currency_tenant,
    g.amount_group,
    t.group_amount as parts_group,
    g.amount_group - t.group_amount as difference_group,
    g.currency_group
from total as t
join report.target as g on g.target_id = t.whole_id;

comment on view report.target_gap is
    'Targets that have parts, against their sum: by scope, and by shorter periods.

By scope: a group''s against the tenants'', a tenant''s against the teams'' and the employees'' whom
no team''s target covers, a team''s against its employees'', each in the same period. By time: a
year''s against its quarters'' and against its months'', a quarter''s against its months''.';
comment on column report.target_gap.tenant_id is 'Key of report.tenant.';
comment on column report.target_gap.tenant is 'Code of the company, such as de.';
comment on column report.target_gap.target_id is 'The target that has parts, by its id.';
comment on column report.target_gap.scope is
    'employee, team, tenant; group: the company and all below it.';
comment on column report.target_gap.employee_id is
    'Whose it is, key of report.employee; null: nobody''s own.';
comment on column report.target_gap.employee is 'Name of the employee, as far as you see it.';
comment on column report.target_gap.team_id is 'The team whose it is, or that it counts for.';
comment on column report.target_gap.team is 'Name of the team, as far as you see it.';
comment on column report.target_gap.measure is
    'revenue: invoices less credit notes, net; bookings: opportunities won.';
comment on column report.target_gap.period_type is 'month, quarter or year.';
comment on column report.target_gap.fiscal_year is 'Of the company.';
comment on column report.target_gap.period is
    'Month or quarter of the fiscal year, from 1; null: year.';
comment on column report.target_gap.parts is
    'What it is compared with: tenants, teams, employees; quarters, months.

Where a company has employees whom no team''s target covers, they are among its teams.';
comment on column report.target_gap.part_count is 'How many such targets you see.';
comment on column report.target_gap.amount_tenant is 'The target in the company''s currency.';
comment on column report.target_gap.parts_tenant is
    'Sum of the parts in the company''s currency; null: of several companies.';
comment on column report.target_gap.difference_tenant is
    'amount_tenant less parts_tenant: above 0 the parts do not suffice.';
comment on column report.target_gap.currency_tenant is 'The company''s currency (ISO 4217).';
comment on column report.target_gap.amount_group is 'The target in the group''s currency.';
comment on column report.target_gap.parts_group is
    'Sum of the parts in the group''s currency, each at its own rate_date.';
comment on column report.target_gap.difference_group is
    'amount_group less parts_group: above 0 the parts do not suffice.';
comment on column report.target_gap.currency_group is 'The group''s currency.';

create view report.attainment with (security_invoker = true) as
with span as materialized (
    select min(g.first_day) as first_day, max(g.last_day) as last_day from crm.target as g
), actual as materialized (
    -- by day for each employee, each team, and each tenant as a whole
    select
        'revenue' as measure, d.tenant_id, d.document_date as day,
        case grouping(d.employee_id, d.team_id) when 1 then 'employee' when 2 then 'team'
            else 'tenant' end as level,
        case grouping(d.employee_id, d.team_id) when 1 then d.employee_id when 2 then d.team_id
            else '00000000-0000-0000-0000-000000000000' end as subject_id,
        sum(d.net_tenant * d.revenue_sign) as amount_tenant,
        null::text as currency_missed_tenant, null::date as day_missed_tenant,
        sum(d.net_group * d.revenue_sign) as amount_group,
        min(d.currency_tenant) filter (where d.net_group is null) as currency_missed_group,
        min(d.document_date) filter (where d.net_group is null) as day_missed_group
    from report.document as d
    where d.revenue_sign <> 0
        and d.document_date >= (select s.first_day from span as s)
        and d.document_date <= (select s.last_day from span as s)
    group by grouping sets (
        (d.tenant_id, d.document_date, d.employee_id),
        (d.tenant_id, d.document_date, d.team_id),
        (d.tenant_id, d.document_date)
    )
    union all
    select
        'bookings' as measure, o.tenant_id, o.closed_on,
        case grouping(o.owner_id, o.team_id) when 1 then 'employee' when 2 then 'team'
            else 'tenant' end,
        case grouping(o.owner_id, o.team_id) when 1 then o.owner_id when 2 then o.team_id
            else '00000000-0000-0000-0000-000000000000' end,
        sum(o.tenant_amount),
        min(o.currency) filter (where o.tenant_amount is null and o.amount is not null),
        min(o.closed_on) filter (where o.tenant_amount is null and o.amount is not null),
        sum(o.group_amount),
        min(o.currency) filter (where o.group_amount is null and o.amount is not null),
        min(o.closed_on) filter (where o.group_amount is null and o.amount is not null)
    from crm.opportunity_worth as o
    where o.outcome = 'won'
        and o.closed_on >= (select s.first_day from span as s)
        and o.closed_on <= (select s.last_day from span as s)
    group by grouping sets (
        (o.tenant_id, o.closed_on, o.owner_id),
        (o.tenant_id, o.closed_on, o.team_id),
        (o.tenant_id, o.closed_on)
    )
), reach as (
    -- the tenants whose figures count for a target
    select
        g.id, g.tenant_id, g.scope as level, g.measure, g.first_day, g.last_day,
        case g.scope when 'employee' then g.employee_id when 'team' then g.team_id
            else '00000000-0000-0000-0000-000000000000' end as subject_id
    from crm.target as g
    where g.scope <> 'group'
    union all
    select
        g.id, b.tenant_id, 'tenant' as level, g.measure, g.first_day, g.last_day,
        '00000000-0000-0000-0000-000000000000'::uuid as subject_id
    from crm.target as g
    join crm.tenant_below() as b on b.ancestor_id = g.tenant_id
    where g.scope = 'group'
), reached as (
    select
        r.id,
        count(distinct r.tenant_id) as companies,
        coalesce(sum(a.amount_tenant), 0) as amount_tenant,
        min(a.currency_missed_tenant) as currency_missed_tenant,
        min(a.day_missed_tenant) as day_missed_tenant,
        coalesce(sum(a.amount_group), 0) as amount_group,
        min(a.currency_missed_group) as currency_missed_group,
        min(a.day_missed_group) as day_missed_group
    from reach as r
    left join actual as a
        on a.tenant_id = r.tenant_id and a.level = r.level and a.subject_id = r.subject_id
        and a.measure = r.measure and a.day between r.first_day and r.last_day
    group by r.id
), figure as (
    select
        r.id,
        r.companies,
        case
            when g.scope = 'group' then null
            when r.day_missed_tenant is null then r.amount_tenant
            else report.require_amount(
                null, r.amount_tenant, r.currency_missed_tenant, g.tenant_currency,
                r.day_missed_tenant
            )
        end as amount_tenant,
        case
            when r.day_missed_group is null then r.amount_group
            else report.require_amount(
                null, r.amount_group, r.currency_missed_group, g.group_currency,
                r.day_missed_group
            )
        end as amount_group
    from reached as r
    join crm.target as g on g.id = r.id
)
select
    g.tenant_id,
    g.tenant,
    g.target_id,
    g.scope,
    g.employee_id,
    g.employee,
    g.team_id,
    g.team,
    g.measure,
    g.period_type,
    g.fiscal_year,
    g.period,
    g.first_day,
    g.last_day,
    f.companies,
    g.amount_tenant as target_tenant,
    f.amount_tenant as actual_tenant,
    f.amount_tenant - g.amount_tenant as difference_tenant,
    g.currency_tenant,
    g.amount_group as target_group,
    f.amount_group as actual_group,
    f.amount_group - g.amount_group as difference_group,
    g.currency_group,
    p.percent as attainment_percent,
    rank() over (
        partition by
            case when g.scope in ('employee', 'team') then g.tenant_id end,
            g.scope, g.measure, g.period_type, g.fiscal_year, g.period
        order by p.percent desc nulls last
    ) as rank
from report.target as g
join figure as f on f.id = g.target_id
cross join lateral (
    select case g.scope
        when 'group' then round(100 * f.amount_group / nullif(g.amount_group, 0), 2)
        else round(100 * f.amount_tenant / nullif(g.amount_tenant, 0), 2)
    end as percent
) as p;

comment on view report.attainment is
    'How far each target is reached, and its rank among those that you see.

Revenue is that of posted invoices less credit notes by the document''s owner, team and company,
bookings are opportunities won. Only what you see counts, so a target of the group is met by the
companies that you have selected. Refuses (22023) an amount for which there is no exchange rate.';
comment on column report.attainment.tenant_id is 'Key of report.tenant.';
comment on column report.attainment.tenant is 'Code of the company, such as de.';
comment on column report.attainment.target_id is 'The target, by its id.';
comment on column report.attainment.scope is
    'employee, team, tenant; group: the company and all below it.';
comment on column report.attainment.employee_id is
    'Whose it is, key of report.employee; null: nobody''s own.';
comment on column report.attainment.employee is 'Name of the employee, as far as you see it.';
comment on column report.attainment.team_id is 'The team whose it is, or that it counts for.';
comment on column report.attainment.team is 'Name of the team, as far as you see it.';
comment on column report.attainment.measure is
    'revenue: invoices less credit notes, net; bookings: opportunities won.';
comment on column report.attainment.period_type is 'month, quarter or year.';
comment on column report.attainment.fiscal_year is 'Of the company.';
comment on column report.attainment.period is
    'Month or quarter of the fiscal year, from 1; null: year.';
comment on column report.attainment.first_day is 'First day of the period.';
comment on column report.attainment.last_day is 'Last day of the period.';
comment on column report.attainment.companies is
    'How many companies the actual figure is of.

For a target of the group: those of its companies that you have selected.';
comment on column report.attainment.target_tenant is
    'What is to be reached in the company''s currency; adds up within one company.';
comment on column report.attainment.actual_tenant is
    'What is reached in the company''s currency; null: of several companies.';
comment on column report.attainment.difference_tenant is
    'actual_tenant less target_tenant: below 0 it is still missing.';
comment on column report.attainment.currency_tenant is 'The company''s currency (ISO 4217).';
comment on column report.attainment.target_group is
    'What is to be reached in the group''s currency; adds up across companies.';
comment on column report.attainment.actual_group is
    'What is reached in the group''s currency; adds up across companies.';
comment on column report.attainment.difference_group is
    'actual_group less target_group: below 0 it is still missing.';
comment on column report.attainment.currency_group is 'The group''s currency.';
comment on column report.attainment.attainment_percent is
    'Percent of the target that is reached; null: the target is 0.

In the company''s currency; of a target of the group in the group''s.';
comment on column report.attainment.rank is
    'Place by percent among those that you see, from 1; equals share one.

Employees and teams rank within their company, companies among each other, each with the same
measure and period.';

create view report.forecast_against_target with (security_invoker = true) as
with forecast as materialized (
    -- NaN: an amount without rate, which makes a sum unknown
    select
        f.tenant_id, f.month,
        case grouping(f.employee_id, f.team_id) when 1 then 'employee' when 2 then 'team'
            else 'tenant' end as level,
        case grouping(f.employee_id, f.team_id) when 1 then f.employee_id when 2 then f.team_id
            else '00000000-0000-0000-0000-000000000000' end as subject_id,
        sum(coalesce(f.pipeline_counted, 'NaN')) as pipeline,
        sum(coalesce(f.weighted, 'NaN')) as weighted,
        sum(coalesce(f.best_case_counted, 'NaN')) as best_case,
        sum(coalesce(f.commit_counted, 'NaN')) as commit,
        sum(coalesce(f.pipeline_counted_group, 'NaN')) as pipeline_group,
        sum(coalesce(f.weighted_group, 'NaN')) as weighted_group,
        sum(coalesce(f.best_case_counted_group, 'NaN')) as best_case_group,
        sum(coalesce(f.commit_counted_group, 'NaN')) as commit_group
    from report.forecast as f
    where f.month is not null
    group by grouping sets (
        (f.tenant_id, f.month, f.employee_id),
        (f.tenant_id, f.month, f.team_id),
        (f.tenant_id, f.month)
    )
), reach as (
    select
        g.id, g.tenant_id, g.scope as level, g.first_day, g.last_day,
        case g.scope when 'employee' then g.employee_id when 'team' then g.team_id
            else '00000000-0000-0000-0000-000000000000' end as subject_id
    from crm.target as g
    where g.scope <> 'group'
    union all
    select
        g.id, b.tenant_id, 'tenant' as level, g.first_day, g.last_day,
        '00000000-0000-0000-0000-000000000000'::uuid as subject_id
    from crm.target as g
    join crm.tenant_below() as b on b.ancestor_id = g.tenant_id
    where g.scope = 'group'
), expected as (
    select
        r.id,
        coalesce(sum(f.pipeline), 0) as pipeline,
        coalesce(sum(f.weighted), 0) as weighted,
        coalesce(sum(f.best_case), 0) as best_case,
        coalesce(sum(f.commit), 0) as commit,
        coalesce(sum(f.pipeline_group), 0) as pipeline_group,
        coalesce(sum(f.weighted_group), 0) as weighted_group,
        coalesce(sum(f.best_case_group), 0) as best_case_group,
        coalesce(sum(f.commit_group), 0) as commit_group
    from reach as r
    left join forecast as f
        on f.tenant_id = r.tenant_id and f.level = r.level and f.subject_id = r.subject_id
        and f.month between r.first_day and r.last_day
    group by r.id
), figure as (
    select
        a.*,
        case when a.scope <> 'group' then nullif(e.pipeline, 'NaN') end as pipeline_tenant,
        case when a.scope <> 'group' then nullif(e.weighted, 'NaN') end as weighted_tenant,
        case when a.scope <> 'group' then nullif(e.best_case, 'NaN') end as best_case_tenant,
        case when a.scope <> 'group' then nullif(e.commit, 'NaN') end as commit_tenant,
        nullif(e.pipeline_group, 'NaN') as pipeline_group,
        nullif(e.weighted_group, 'NaN') as weighted_group,
        nullif(e.best_case_group, 'NaN') as best_case_group,
        nullif(e.commit_group, 'NaN') as commit_group,
        -- refuses, where an amount lacks its rate; asked only then
        case when a.scope <> 'group'
            and e.pipeline + e.weighted + e.best_case + e.commit = 'NaN'
        then (
            select report.require_amount(null, o.amount, o.currency, o.tenant_currency, o.rate_date)
            from crm.opportunity_worth as o
            where o.amount is not null and o.tenant_amount is null and o.category <> 'omitted'
            limit 1
        ) else 0 end as found_tenant,
        case when e.pipeline_group + e.weighted_group + e.best_case_group + e.commit_group = 'NaN'
        then coalesce((
            select report.require_amount(null, o.amount, o.currency, o.group_currency, o.rate_date)
            from crm.opportunity_worth as o
            where o.amount is not null and o.group_amount is null and o.category <> 'omitted'
            limit 1
        ), report.require_amount(null, 0, a.currency_tenant, a.currency_group, current_date))
        else 0 end as found_group
    from report.attainment as a
    join expected as e on e.id = a.target_id
)
select
    f.tenant_id,
    f.tenant,
    f.target_id,
    f.scope,
    f.employee_id,
    f.employee,
    f.team_id,
    f.team,
    f.measure,
    f.period_type,
    f.fiscal_year,
    f.period,
    f.first_day,
    f.last_day,
    f.companies,
    f.target_tenant,
    f.actual_tenant,
    f.commit_tenant + f.found_tenant as commit_tenant,
    f.best_case_tenant + f.found_tenant as best_case_tenant,
    f.pipeline_tenant + f.found_tenant as pipeline_tenant,
    f.weighted_tenant + f.found_tenant as weighted_tenant,
    f.target_tenant - f.actual_tenant - f.commit_tenant + f.found_tenant as missing_tenant,
    f.currency_tenant,
    f.target_group,
    f.actual_group,
    f.commit_group + f.found_group as commit_group,
    f.best_case_group + f.found_group as best_case_group,
    f.pipeline_group + f.found_group as pipeline_group,
    f.weighted_group + f.found_group as weighted_group,
    f.target_group - f.actual_group - f.commit_group + f.found_group as missing_group,
    f.currency_group
from figure as f;

comment on view report.forecast_against_target is
    'What is reached of targets, what the forecast adds, and what is then missing.

The forecast is what counts after overrides (report.forecast), of the months that begin in the
target''s period. Only what you see counts. Refuses (22023) an amount without exchange rate.';
comment on column report.forecast_against_target.tenant_id is 'Key of report.tenant.';
comment on column report.forecast_against_target.tenant is 'Code of the company, such as de.';
comment on column report.forecast_against_target.target_id is 'The target, by its id.';
comment on column report.forecast_against_target.scope is
    'employee, team, tenant; group: the company and all below it.';
comment on column report.forecast_against_target.employee_id is
    'Whose it is, key of report.employee; null: nobody''s own.';
comment on column report.forecast_against_target.employee is
    'Name of the employee, as far as you see it.';
comment on column report.forecast_against_target.team_id is
    'The team whose it is, or that it counts for.';
comment on column report.forecast_against_target.team is 'Name of the team, as far as you see it.';
comment on column report.forecast_against_target.measure is
    'revenue: invoices less credit notes, net; bookings: opportunities won.';
comment on column report.forecast_against_target.period_type is 'month, quarter or year.';
comment on column report.forecast_against_target.fiscal_year is 'Of the company.';
comment on column report.forecast_against_target.period is
    'Month or quarter of the fiscal year, from 1; null: year.';
comment on column report.forecast_against_target.first_day is 'First day of the period.';
comment on column report.forecast_against_target.last_day is 'Last day of the period.';
comment on column report.forecast_against_target.companies is
    'How many companies the figures are of.

For a target of the group: those of its companies that you have selected.';
comment on column report.forecast_against_target.target_tenant is
    'What is to be reached in the company''s currency; adds up within one company.';
comment on column report.forecast_against_target.actual_tenant is
    'What is reached, as in report.attainment; null: of several companies.';
comment on column report.forecast_against_target.commit_tenant is
    'Bestätigen: open, and will be won, in the company''s currency.';
comment on column report.forecast_against_target.best_case_tenant is
    'Bestenfalls: open, and won if all goes well, in the company''s currency.';
comment on column report.forecast_against_target.pipeline_tenant is
    'Pipeline: open, and may be won, in the company''s currency.';
comment on column report.forecast_against_target.weighted_tenant is
    'Bewertet: all that is open, by its probability, in the company''s currency.';
comment on column report.forecast_against_target.missing_tenant is
    'target_tenant less actual_tenant and commit_tenant; below 0: it is passed.';
comment on column report.forecast_against_target.currency_tenant is
    'The company''s currency (ISO 4217).';
comment on column report.forecast_against_target.target_group is
    'What is to be reached in the group''s currency; adds up across companies.';
comment on column report.forecast_against_target.actual_group is
    'What is reached in the group''s currency; adds up across companies.';
comment on column report.forecast_against_target.commit_group is
    'commit in the group''s currency; adds up across companies.';
comment on column report.forecast_against_target.best_case_group is
    'best_case in the group''s currency; adds up across companies.';
comment on column report.forecast_against_target.pipeline_group is
    'pipeline in the group''s currency; adds up across companies.';
comment on column report.forecast_against_target.weighted_group is
    'weighted in the group''s currency; adds up across companies.';
comment on column report.forecast_against_target.missing_group is
    'target_group less actual_group and commit_group; below 0: it is passed.';
comment on column report.forecast_against_target.currency_group is 'The group''s currency.';

