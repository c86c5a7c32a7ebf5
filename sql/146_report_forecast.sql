-- The forecast: what is open by where it is counted, what people say beside it, what was won, and
-- what has changed since the last snapshot. report.opportunity has the rows behind it. The file is
-- long because each of its columns says what it is.

create view report.forecast with (security_invoker = true) as
with home as materialized (
    select
        t.id, t.code, t.currency, g.currency as group_currency, c.minor_unit as group_minor_unit,
        case when t.currency <> g.currency then
            crm.find_rate_for_euro(g.currency, d.today, 'daily')
                / crm.find_rate_for_euro(t.currency, d.today, 'daily')
        end as to_group
    from mandant.tenant as t
    cross join lateral (select report.group_currency(t.id) as currency) as g
    cross join lateral (select mandant_internal.day_in(t.timezone, now()) as today) as d
    left join crm.currency as c on c.code = g.currency
), day as (
    -- NaN: an amount without rate, which makes a sum unknown
    select
        o.tenant_id, o.owner_id as employee_id, o.team_id, o.category, o.close_date,
        count(*) as opportunities,
        sum(case when o.amount is null then 0
            else coalesce(o.tenant_amount, 'NaN') end) as computed,
        sum(case when o.amount is null then 0
            else coalesce(o.group_amount, 'NaN') end) as computed_group,
        sum(case when o.amount is null or o.category = 'closed' then 0
            else coalesce(o.tenant_weighted, 'NaN') end) as weighted,
        sum(case when o.amount is null or o.category = 'closed' then 0
            else coalesce(o.group_weighted, 'NaN') end) as weighted_group
    from crm.opportunity_worth as o
    where o.category <> 'omitted'
    group by o.tenant_id, o.owner_id, o.team_id, o.category, o.close_date
), period as (
    -- by the calendar months that a period touches, which days are looked up by
    select p.*, m.month::date as touches
    from mandant.fiscal_period as p
    cross join lateral generate_series(
        date_trunc('month', p.first_day::timestamp), p.last_day::timestamp, '1 month'
    ) as m (month)
), said as (
    -- the latest word of each level
    select distinct on (
        o.tenant_id, o.fiscal_year, o.period, o.employee_id, o.category, o.level
    )
        o.tenant_id, o.fiscal_year, o.period, o.employee_id, o.team_id, o.category, o.level,
        o.amount,
        case h.group_currency
            when o.currency then o.amount
            else coalesce(
                case o.currency
                    when h.currency then round(o.amount * h.to_group, h.group_minor_unit)
                end,
                'NaN'
            )
        end as amount_group
    from crm.forecast_override as o
    join home as h on h.id = o.tenant_id
    order by o.tenant_id, o.fiscal_year, o.period, o.employee_id, o.category, o.level,
        o.made_at desc, o.id desc
), part as (
    select
        d.tenant_id, p.fiscal_year, p.fiscal_quarter, p.period, p.first_day, d.employee_id,
        d.team_id, d.category, d.opportunities, d.computed, d.computed_group, d.weighted,
        d.weighted_group,
        null::numeric as owner, null::numeric as owner_group,
        null::numeric as manager, null::numeric as manager_group
    from day as d
    left join period as p
        on p.tenant_id = d.tenant_id
        and p.touches = date_trunc('month', d.close_date::timestamp)::date
        and d.close_date between p.first_day and p.last_day
    union all
    select
        s.tenant_id, p.fiscal_year, p.fiscal_quarter, p.period, p.first_day, s.employee_id,
        s.team_id, s.category, 0, 0, 0, 0, 0,
        case s.level when 'owner' then s.amount end,
        case s.level when 'owner' then s.amount_group end,
        case s.level when 'manager' then s.amount end,
        case s.level when 'manager' then s.amount_group end
    from said as s
    join mandant.fiscal_period as p
        on p.tenant_id = s.tenant_id and p.fiscal_year = s.fiscal_year and p.period = s.period
), cell as (
    select
        p.tenant_id, p.fiscal_year, p.fiscal_quarter, p.period, p.first_day, p.employee_id,
        p.team_id, p.category,
        sum(p.opportunities)::bigint as opportunities,
        sum(p.computed) as computed, sum(p.computed_group) as computed_group,
        sum(p.weighted) as weighted, sum(p.weighted_group) as weighted_group,
        max(p.owner) as owner, max(p.owner_group) as owner_group,
        max(p.manager) as manager, max(p.manager_group) as manager_group
    from part as p
    group by p.tenant_id, p.fiscal_year, p.fiscal_quarter, p.period, p.first_day, p.employee_id,
        p.team_id, p.category
), counted as (
    -- what is said of an employee replaces all that is computed for them, in whatever team
    select
        c.*,
        case
            when count(c.manager) over whole > 0 then coalesce(c.manager, 0)
            when count(c.owner) over whole > 0 then coalesce(c.owner, 0)
            else c.computed
        end as counted,
        case
            when count(c.manager) over whole > 0 then coalesce(c.manager_group, 0)
            when count(c.owner) over whole > 0 then coalesce(c.owner_group, 0)
            else c.computed_group
        end as counted_group
    from cell as c
    window whole as (
        partition by c.tenant_id, c.fiscal_year, c.period, c.employee_id, c.category
    )
), forecast as (
    select
        c.tenant_id, c.fiscal_year, c.fiscal_quarter, c.period, c.first_day, c.employee_id,
        c.team_id,
        sum(c.opportunities)::bigint as opportunities,
        coalesce(max(c.computed) filter (where c.category = 'pipeline'), 0) as pipeline,
        sum(c.weighted) as weighted,
        coalesce(max(c.computed) filter (where c.category = 'best_case'), 0) as best_case,
        coalesce(max(c.computed) filter (where c.category = 'commit'), 0) as commit,
        coalesce(max(c.computed) filter (where c.category = 'closed'), 0) as closed,
        max(c.owner) filter (where c.category = 'pipeline') as pipeline_owner,
        max(c.owner) filter (where c.category = 'best_case') as best_case_owner,
        max(c.owner) filter (where c.category = 'commit') as commit_owner,
        max(c.manager) filter (where c.category = 'pipeline') as pipeline_manager,
        max(c.manager) filter (where c.category = 'best_case') as best_case_manager,
        max(c.manager) filter (where c.category = 'commit') as commit_manager,
        coalesce(max(c.counted) filter (where c.category = 'pipeline'), 0) as pipeline_counted,
        coalesce(max(c.counted) filter (where c.category = 'best_case'), 0) as best_case_counted,
        coalesce(max(c.counted) filter (where c.category = 'commit'), 0) as commit_counted,
        coalesce(max(c.computed_group) filter (where c.category = 'pipeline'), 0)
            as pipeline_group,
        sum(c.weighted_group) as weighted_group,
        coalesce(max(c.computed_group) filter (where c.category = 'best_case'), 0)
            as best_case_group,
        coalesce(max(c.computed_group) filter (where c.category = 'commit'), 0) as commit_group,
        coalesce(max(c.computed_group) filter (where c.category = 'closed'), 0) as closed_group,
        coalesce(max(c.counted_group) filter (where c.category = 'pipeline'), 0)
            as pipeline_counted_group,
        coalesce(max(c.counted_group) filter (where c.category = 'best_case'), 0)
            as best_case_counted_group,
        coalesce(max(c.counted_group) filter (where c.category = 'commit'), 0)
            as commit_counted_group
    from counted as c
    group by c.tenant_id, c.fiscal_year, c.fiscal_quarter, c.period, c.first_day, c.employee_id,
        c.team_id
)
select
    f.tenant_id,
    h.code as tenant,
    f.fiscal_year,
    f.fiscal_quarter,
    f.period,
    f.first_day as month,
    f.employee_id,
    coalesce(p.full_name, p.name) as employee,
    f.team_id,
    t.name as team,
    f.opportunities,
    h.currency as currency_tenant,
    nullif(f.pipeline, 'NaN') as pipeline,
    nullif(f.weighted, 'NaN') as weighted,
    nullif(f.best_case, 'NaN') as best_case,
    nullif(f.commit, 'NaN') as commit,
    nullif(f.closed, 'NaN') as closed,
    f.pipeline_owner,
    f.best_case_owner,
    f.commit_owner,
    f.pipeline_manager,
    f.best_case_manager,
    f.commit_manager,
    nullif(f.pipeline_counted, 'NaN') as pipeline_counted,
    nullif(f.best_case_counted, 'NaN') as best_case_counted,
    nullif(f.commit_counted, 'NaN') as commit_counted,
    h.group_currency as currency_group,
    nullif(f.pipeline_group, 'NaN') as pipeline_group,
    nullif(f.weighted_group, 'NaN') as weighted_group,
    nullif(f.best_case_group, 'NaN') as best_case_group,
    nullif(f.commit_group, 'NaN') as commit_group,
    nullif(f.closed_group, 'NaN') as closed_group,
    nullif(f.pipeline_counted_group, 'NaN') as pipeline_counted_group,
    nullif(f.best_case_counted_group, 'NaN') as best_case_counted_group,
    nullif(f.commit_counted_group, 'NaN') as commit_counted_group
from forecast as f
join home as h on h.id = f.tenant_id
left join mandant.principal as p on p.id = f.employee_id
left join mandant.team as t on t.id = f.team_id;

comment on view report.forecast is
    'The forecast by company, month of its fiscal calendar, employee and team.

Each open opportunity counts in one of pipeline, best_case and commit in the month of its
expected_close (none: without a month), unless it is omitted; what is won counts in closed in the
month in which it was. report.opportunity has the rows behind it. Amounts without suffix are in
currency_tenant, to be added up within one company only; a sum that lacks an exchange rate is
null.';
comment on column report.forecast.tenant_id is 'Key of report.tenant.';
comment on column report.forecast.tenant is 'Code of the company, such as de.';
comment on column report.forecast.fiscal_year is 'Of the company; null: no day is expected yet.';
comment on column report.forecast.fiscal_quarter is 'Quarter of the fiscal year, from 1.';
comment on column report.forecast.period is 'Month of the fiscal year, from 1.';
comment on column report.forecast.month is 'First day of that month.';
comment on column report.forecast.employee_id is
    'Who pursues them, key of report.employee; null: nobody.';
comment on column report.forecast.employee is 'Name of the employee, as far as you see it.';
comment on column report.forecast.team_id is 'Their team, key of report.team; null: none.';
comment on column report.forecast.team is 'Name of the team, as far as you see it.';
comment on column report.forecast.opportunities is 'How many are open or won; omitted ones aside.';
comment on column report.forecast.currency_tenant is
    'The company''s currency, of all amounts without suffix.';
comment on column report.forecast.pipeline is
    'Pipeline: open, and may be won. What the opportunities say.';
comment on column report.forecast.weighted is
    'Bewertet: all that is open and not omitted, by its probability.';
comment on column report.forecast.best_case is
    'Bestenfalls: open, and won if all goes well. What the opportunities say.';
comment on column report.forecast.commit is
    'Bestätigen: open, and will be won. What the opportunities say.';
comment on column report.forecast.closed is 'Tatsächlich: won in this month.';
comment on column report.forecast.pipeline_owner is
    'What the employee says pipeline is; null: nothing.';
comment on column report.forecast.best_case_owner is
    'What the employee says best_case is; null: nothing.';
comment on column report.forecast.commit_owner is
    'What the employee says commit is; null: nothing.';
comment on column report.forecast.pipeline_manager is
    'What whoever leads says pipeline is; null: nothing.';
comment on column report.forecast.best_case_manager is
    'What whoever leads says best_case is; null: nothing.';
comment on column report.forecast.commit_manager is
    'What whoever leads says commit is; null: nothing.';
comment on column report.forecast.pipeline_counted is
    'What counts: the manager''s word, else the owner''s, else pipeline.

Where something is said of an employee''s month, it replaces all teams of theirs in it.';
comment on column report.forecast.best_case_counted is
    'What counts: the manager''s word, else the owner''s, else best_case.';
comment on column report.forecast.commit_counted is
    'What counts: the manager''s word, else the owner''s, else commit.';
comment on column report.forecast.currency_group is
    'The group''s currency, of all amounts that end in _group.';
comment on column report.forecast.pipeline_group is
    'pipeline in the group''s currency; adds up across companies.';
comment on column report.forecast.weighted_group is
    'weighted in the group''s currency; adds up across companies.';
comment on column report.forecast.best_case_group is
    'best_case in the group''s currency; adds up across companies.';
comment on column report.forecast.commit_group is
    'commit in the group''s currency; adds up across companies.';
comment on column report.forecast.closed_group is
    'closed in the group''s currency; adds up across companies.';
comment on column report.forecast.pipeline_counted_group is
    'pipeline_counted in the group''s currency; adds up across companies.';
comment on column report.forecast.best_case_counted_group is
    'best_case_counted in the group''s currency; adds up across companies.';
comment on column report.forecast.commit_counted_group is
    'commit_counted in the group''s currency; adds up across companies.';

create view report.forecast_snapshot with (security_invoker = true) as
select
    r.tenant_id,
    t.code as tenant,
    s.id as snapshot_id,
    s.label,
    s.taken_on,
    s.taken_at,
    r.opportunity_id,
    r.name as opportunity,
    r.customer_id,
    r.owner_id as employee_id,
    r.team_id,
    r.stage,
    r.outcome,
    r.category,
    r.probability,
    r.expected_close,
    r.closed_on,
    coalesce(r.closed_on, r.expected_close) as close_date,
    r.amount as amount_document,
    r.currency as currency_document,
    r.tenant_amount as amount_tenant,
    r.tenant_currency as currency_tenant,
    r.group_amount as amount_group,
    r.group_currency as currency_group
from crm.forecast_snapshot_row as r
join crm.forecast_snapshot as s on s.tenant_id = r.tenant_id and s.id = r.snapshot_id
join mandant.tenant as t on t.id = r.tenant_id;

comment on view report.forecast_snapshot is
    'Opportunities as they were when a snapshot of the forecast was taken.

You see those that were yours, your team''s or your company''s then.';
comment on column report.forecast_snapshot.tenant_id is 'Key of report.tenant.';
comment on column report.forecast_snapshot.tenant is 'Code of the company, such as de.';
comment on column report.forecast_snapshot.snapshot_id is
    'The snapshot, by its id; a later id is later.';
comment on column report.forecast_snapshot.label is 'What the snapshot is called; null: nothing.';
comment on column report.forecast_snapshot.taken_on is
    'Day of the snapshot in the company''s time zone.';
comment on column report.forecast_snapshot.taken_at is 'When the snapshot was taken.';
comment on column report.forecast_snapshot.opportunity_id is
    'The opportunity, which may be gone by now.';
comment on column report.forecast_snapshot.opportunity is 'What it was about.';
comment on column report.forecast_snapshot.customer_id is
    'Its customer then, key of report.customer.';
comment on column report.forecast_snapshot.employee_id is 'Who pursued it then; null: nobody.';
comment on column report.forecast_snapshot.team_id is 'The team it belonged to then; null: none.';
comment on column report.forecast_snapshot.stage is 'Code of its stage then.';
comment on column report.forecast_snapshot.outcome is 'open, won or lost.';
comment on column report.forecast_snapshot.category is
    'pipeline, best_case, commit, closed (won) or omitted.';
comment on column report.forecast_snapshot.probability is 'Percent, its own or of its stage then.';
comment on column report.forecast_snapshot.expected_close is
    'Day on which the customer was to decide; null: not known.';
comment on column report.forecast_snapshot.closed_on is 'Day on which it was won or lost.';
comment on column report.forecast_snapshot.close_date is
    'Puts it into a period: closed_on, or expected_close while it was open.';
comment on column report.forecast_snapshot.amount_document is
    'What it was worth net, in its own currency; null: not known.';
comment on column report.forecast_snapshot.currency_document is 'Its own currency (ISO 4217).';
comment on column report.forecast_snapshot.amount_tenant is
    'What it was worth in the company''s currency; adds up within one company.';
comment on column report.forecast_snapshot.currency_tenant is 'The company''s currency then.';
comment on column report.forecast_snapshot.amount_group is
    'What it was worth in the group''s currency; adds up across companies.';
comment on column report.forecast_snapshot.currency_group is 'The group''s currency then.';

create view report.forecast_change with (security_invoker = true) as
with last as (
    select distinct on (s.tenant_id) s.tenant_id, t.code, s.id, s.label, s.taken_on
    from crm.forecast_snapshot as s
    join mandant.tenant as t on t.id = s.tenant_id
    order by s.tenant_id, s.id desc
), before as (
    select r.*
    from last as l
    join crm.forecast_snapshot_row as r on r.tenant_id = l.tenant_id and r.snapshot_id = l.id
), now as (
    select o.*, coalesce(o.forecast_category, s.forecast_category) as category
    from last as l
    join crm.opportunity as o on o.tenant_id = l.tenant_id
    left join crm.effective_stage as s on s.tenant_id = o.tenant_id and s.code = o.stage
), pair as (
    select
        coalesce(n.tenant_id, b.tenant_id) as tenant_id,
        coalesce(n.id, b.opportunity_id) as opportunity_id,
        coalesce(n.name, b.name) as opportunity,
        coalesce(n.customer_id, b.customer_id) as customer_id,
        case
            when b.opportunity_id is null then 'new'
            when n.id is null then 'gone'
            when n.outcome = b.outcome then 'changed'
            when n.outcome = 'open' then 'reopened'
            else n.outcome
        end as change,
        b.owner_id as employee_id_before, n.owner_id as employee_id_after,
        b.stage as stage_before, n.stage as stage_after,
        b.category as category_before, n.category as category_after,
        b.expected_close as expected_close_before, n.expected_close as expected_close_after,
        b.amount as amount_before_document, b.currency as currency_before_document,
        n.amount as amount_after_document, n.currency as currency_after_document
    from before as b
    full join now as n on n.tenant_id = b.tenant_id and n.id = b.opportunity_id
)
select
    p.tenant_id,
    l.code as tenant,
    l.id as snapshot_id,
    l.label,
    l.taken_on,
    p.opportunity_id,
    p.opportunity,
    p.customer_id,
    p.change,
    p.employee_id_before,
    p.employee_id_after,
    p.stage_before,
    p.stage_after,
    p.category_before,
    p.category_after,
    p.expected_close_before,
    p.expected_close_after,
    p.amount_before_document,
    p.currency_before_document,
    p.amount_after_document,
    p.currency_after_document
from pair as p
join last as l on l.tenant_id = p.tenant_id
where p.employee_id_before is distinct from p.employee_id_after
    or p.stage_before is distinct from p.stage_after
    or p.category_before is distinct from p.category_after
    or p.expected_close_before is distinct from p.expected_close_after
    or p.amount_before_document is distinct from p.amount_after_document
    or p.currency_before_document is distinct from p.currency_after_document;

comment on view report.forecast_change is
    'What has changed in opportunities since their company''s last snapshot.';
comment on column report.forecast_change.tenant_id is 'Key of report.tenant.';
comment on column report.forecast_change.tenant is 'Code of the company, such as de.';
comment on column report.forecast_change.snapshot_id is 'The last snapshot of the company.';
comment on column report.forecast_change.label is 'What the snapshot is called; null: nothing.';
comment on column report.forecast_change.taken_on is 'Day of the snapshot.';
comment on column report.forecast_change.opportunity_id is
    'Key of report.opportunity, with tenant_id.';
comment on column report.forecast_change.opportunity is 'What it is about.';
comment on column report.forecast_change.customer_id is 'Key of report.customer, with tenant_id.';
comment on column report.forecast_change.change is
    'new, won, lost, reopened, changed; gone: deleted, or no longer yours to see.

new: made since, or yours to see only since.';
comment on column report.forecast_change.employee_id_before is 'Who pursued it at the snapshot.';
comment on column report.forecast_change.employee_id_after is 'Who pursues it.';
comment on column report.forecast_change.stage_before is 'Code of its stage at the snapshot.';
comment on column report.forecast_change.stage_after is 'Code of its stage.';
comment on column report.forecast_change.category_before is
    'Where the forecast counted it at the snapshot.';
comment on column report.forecast_change.category_after is 'Where the forecast counts it.';
comment on column report.forecast_change.expected_close_before is
    'Day on which the customer was to decide, at the snapshot.';
comment on column report.forecast_change.expected_close_after is
    'Day on which the customer is to decide.';
comment on column report.forecast_change.amount_before_document is
    'What it was worth at the snapshot, in currency_before_document.';
comment on column report.forecast_change.currency_before_document is
    'Its currency at the snapshot (ISO 4217).';
comment on column report.forecast_change.amount_after_document is
    'What it is worth, in currency_after_document.';
comment on column report.forecast_change.currency_after_document is 'Its currency (ISO 4217).';

