-- The forecast in five columns by month of the fiscal calendar, what owner and manager say beside it, and what it adds to targets.
-- SS-01 SS-05 SS-06 RP-02 AC-01 AC-15
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
set datestyle = iso;
begin;

-- tga above tgb (US dollars) and tgc (yen, its year begins in April)
select from mandant.create_tenant('tga', 'Forecast Holding', 'DE', 'EUR', 'group', timezone => 'Europe/Berlin');
select from mandant.create_tenant('tgb', 'Forecast Inc.', 'US', 'USD', 'tga', timezone => 'America/New_York');
select from mandant.create_tenant('tgc', 'Forecast KK', 'JP', 'JPY', 'tga', timezone => 'Asia/Tokyo', fiscal_year_start => '04-01');
create role crm_holder login;
create role crm_boss login;
create role crm_chief login;
create role crm_one login;
create role crm_two login;
create role crm_yen login;
select from mandant.bind_login('crm_holder', 'tga', 'group_controller', 'tga/*', '*');
select from mandant.bind_login('crm_boss', 'tgb', 'tenant_sales');
select from mandant.bind_login('crm_chief', 'tgb', 'team_lead');
select from mandant.bind_login('crm_one', 'tgb', 'sales_rep');
select from mandant.bind_login('crm_two', 'tgb', 'sales_rep');
select from mandant.bind_login('crm_yen', 'tgc', 'tenant_sales');
select from mandant.create_team('East', 'tgb');
select from mandant.create_team('West', 'tgb');
select count(mandant.join_team(who, 'East')) from unnest(array['crm_chief', 'crm_one']) as who;
select mandant.join_team('crm_two', 'West');
-- rates that are the same whenever this runs
insert into crm.exchange_rate (currency, rate_date, rate, source)
select r.currency, d.day, r.rate, 'test'
from (values ('USD', 1.25), ('JPY', 160)) as r (currency, rate)
cross join (select date '2026-01-02' union select date '2026-06-12' union select current_date + n from generate_series(-1, 1) as n) as d (day)
on conflict on constraint exchange_rate_pkey do update set rate = excluded.rate;

create function crm_forecast() returns table (forecast text) language sql as $$
    select concat_ws(' ', tenant, fiscal_year, fiscal_quarter, period, month, employee, team, '#' || opportunities, currency_tenant,
        trim_scale(pipeline), trim_scale(weighted), trim_scale(best_case), trim_scale(commit), trim_scale(closed), currency_group,
        trim_scale(pipeline_group), trim_scale(weighted_group), trim_scale(best_case_group), trim_scale(commit_group), trim_scale(closed_group))
    from report.forecast order by tenant, month, employee, team
$$;
create function crm_said() returns table (said text) language sql as $$
    select concat_ws(' | ', concat_ws(' ', tenant, month, employee, team),
        concat_ws(' ', trim_scale(pipeline), 'owner', coalesce(trim_scale(pipeline_owner)::text, '-'), 'manager', coalesce(trim_scale(pipeline_manager)::text, '-'),
            'counts', trim_scale(pipeline_counted), trim_scale(pipeline_counted_group)),
        concat_ws(' ', trim_scale(best_case), 'owner', coalesce(trim_scale(best_case_owner)::text, '-'), 'manager', coalesce(trim_scale(best_case_manager)::text, '-'),
            'counts', trim_scale(best_case_counted), trim_scale(best_case_counted_group)),
        concat_ws(' ', trim_scale(commit), 'owner', coalesce(trim_scale(commit_owner)::text, '-'), 'manager', coalesce(trim_scale(commit_manager)::text, '-'),
            'counts', trim_scale(commit_counted), trim_scale(commit_counted_group)))
    from report.forecast order by tenant, month, employee, team
$$;

-- each open one counts in one category, its own or its stage's, in the month of its expected close
set role crm_one;
insert into crm.customer (name, country) values ('Mine', 'US') returning id as one \gset
select id as pipeline from crm.create_opportunity(:'one', 'Pipeline', 1000, expected_close => '2026-12-01') \gset
select from crm.create_opportunity(:'one', 'Pipeline too', 2000.01, expected_close => '2026-12-31', stage => 'develop', probability => 33.3);
select from crm.create_opportunity(:'one', 'Best case', 4000, expected_close => '2026-12-15', stage => 'propose');
select from crm.create_opportunity(:'one', 'Commit, in euro', 8000, 'EUR', '2026-12-15', 'negotiate');
insert into crm.opportunity (customer_id, name, amount, expected_close, stage, forecast_category)
values (:'one', 'Early, but committed', 500, '2026-12-15', 'qualify', 'commit'), (:'one', 'Omitted', 9999, '2026-12-15', 'negotiate', 'omitted');
select from crm.create_opportunity(:'one', 'Next month', 700, expected_close => '2027-01-01');
select from crm.create_opportunity(:'one', 'Some time', 300);
select from crm.create_opportunity(:'one', 'Unknown amount', expected_close => '2026-12-15');
select id as lost from crm.create_opportunity(:'one', 'Lost', 5000, expected_close => '2026-12-15') \gset
select id as won from crm.create_opportunity(:'one', 'Won', 10000, expected_close => '2026-12-15') \gset
select id as euro from crm.create_opportunity(:'one', 'Won in euro', 100, 'EUR', '2026-12-15') \gset
update crm.opportunity set stage = 'lost' where id = :'lost';
update crm.opportunity set stage = 'won' where id in (:'won', :'euro');
set role crm_two;
insert into crm.customer (name, country) values ('Two', 'US') returning id as two \gset
select from crm.create_opportunity(:'two', 'Another''s', 2500, expected_close => '2026-12-24', stage => 'negotiate');
set role crm_yen;
insert into crm.customer (name, country) values ('Yen', 'JP') returning id as yen \gset
select from crm.create_opportunity(:'yen', 'In dollars', 100, 'USD', '2027-03-31', 'propose');
select from crm.create_opportunity(:'yen', 'In yen, too', 8000, expected_close => '2026-12-30', stage => 'negotiate');
select from crm.create_opportunity(:'yen', 'In yen', 160000, expected_close => '2027-04-01', stage => 'negotiate');
reset role;
set session_replication_role = replica; -- on a day that is the same whenever this runs
update crm.opportunity set closed_on = '2026-06-12' where id in (:'won', :'euro', :'lost');
reset session_replication_role;
set role crm_one;
select * from crm_forecast();
set role crm_yen;
select * from crm_forecast();
-- the rows behind it say the same
set role crm_boss;
with summed as (
    select fiscal_year, period, sum(pipeline) as pipeline, sum(best_case) as best_case, sum(commit) as commit, sum(closed) as closed, sum(closed_group) as closed_group
    from report.forecast group by 1, 2
), behind as (
    select p.fiscal_year, p.period,
        coalesce(sum(o.amount_tenant) filter (where o.forecast_category = 'pipeline'), 0) as pipeline,
        coalesce(sum(o.amount_tenant) filter (where o.forecast_category = 'best_case'), 0) as best_case,
        coalesce(sum(o.amount_tenant) filter (where o.forecast_category = 'commit'), 0) as commit,
        coalesce(sum(o.amount_tenant) filter (where o.forecast_category = 'closed'), 0) as closed,
        coalesce(sum(o.amount_group) filter (where o.forecast_category = 'closed'), 0) as closed_group
    from report.opportunity as o
    left join report.fiscal_period as p on p.tenant_id = o.tenant_id and o.close_date between p.first_day and p.last_day
    where o.forecast_category <> 'omitted' group by 1, 2
)
select (select count(*) from summed) as months, count(*) as otherwise from (table summed except table behind union all (table behind except table summed)) as d;
-- each sees own ones, the team's, the company's, the group's
set role crm_two;
select * from crm_forecast();
set role crm_chief;
select count(*), count(distinct employee) from report.forecast;
set role crm_boss;
select count(*), count(distinct employee) from report.forecast;
set role crm_holder;
select * from crm_forecast();
select sum(pipeline_group) as pipeline, sum(weighted_group) as weighted, sum(best_case_group) as best_case, sum(commit_group) as commit, sum(closed_group) as closed
from report.forecast;

-- what is open, by stage
select tenant, stage, stage_position as position, employee, team, opportunities, amount_tenant, weighted_tenant, currency_tenant, amount_group, weighted_group
from report.pipeline order by tenant, stage_position, employee, amount_tenant;

-- what the owner says, and says later
set role crm_one;
select level, amount, currency, team_id is not null as for_team, reason, made_by = employee_id as by_owner
from crm.override_forecast('commit', 9000.005, 2026, 12, reason => 'two more will sign');
select level, amount, reason from crm.override_forecast('commit', 9500, 2026, 12);
select level, amount from crm.override_forecast('pipeline', 2000, 2026, 12);
select count(*) as words from crm.forecast_override;
select * from crm_said();
-- what the lead says counts first; neither changes the other's
set role crm_chief;
select level, amount, made_by <> employee_id as by_another from crm.override_forecast('commit', 8000, 2026, 12, 'crm_one', reason => 'one of them');
select level, amount from crm.override_forecast('best_case', 3000, 2026, 11, 'crm_one');
select level, amount from crm.override_forecast('commit', 1, 2026, 12);
select * from crm_said();
update crm.forecast_override set amount = 1 where level = 'owner' and employee_id <> made_by;
update crm.forecast_override set amount = 1 where level = 'owner';
\echo :SQLSTATE
delete from crm.forecast_override where amount = 1 returning level;
set role crm_one;
update crm.forecast_override set amount = 1 where level = 'manager';
\echo :SQLSTATE
delete from crm.forecast_override where level = 'manager';
\echo :SQLSTATE
insert into crm.forecast_override (employee_id, fiscal_year, period, category, amount)
select p.id, 2026, 10, 'commit', 100 from mandant.principal as p where p.name = 'crm_one' returning level, currency, amount;
insert into crm.forecast_override (employee_id, fiscal_year, period, category, amount, level)
select p.id, 2026, 10, 'pipeline', 100, 'manager' from mandant.principal as p where p.name = 'crm_one';
\echo :SQLSTATE
delete from crm.forecast_override where period = 10 returning amount;
-- taken back, the other counts again
set role crm_chief;
delete from crm.forecast_override where level = 'manager' and category = 'commit' returning amount;
set role crm_one;
select * from crm_said() where said like '%2026-12%';
delete from crm.forecast_override where level = 'owner' and category = 'commit' returning amount;
select * from crm_said() where said like '%2026-12%';
select from crm.override_forecast('commit', 9500, 2026, 12);
-- what is said of somebody replaces all that they have, in whatever team
reset role;
set session_replication_role = replica;
update crm.opportunity set team_id = null where id = :'pipeline';
reset session_replication_role;
set role crm_boss;
select * from crm_said() where said like '%2026-12%';
-- of two words of one level for different teams, the later counts
reset role;
select mandant.join_team('crm_one', 'West');
set role crm_boss;
select level from crm.override_forecast('pipeline', 555, 2026, 12, 'crm_one');
select level from crm.override_forecast('pipeline', 666, 2026, 12, 'crm_one', 'West');
select sum(pipeline_counted) as counted from report.forecast where employee = 'crm_one' and month = '2026-12-01';
delete from crm.forecast_override where amount in (555, 666);
-- in yen, to the yen; the fiscal month is the tenant's: March is the twelfth
set role crm_yen;
select amount, currency from crm.override_forecast('best_case', 12345.6, 2026, 12);
select * from crm_said();

-- refused
set role crm_one;
select crm.override_forecast('commit', 1, 2026, 13);
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2199, 1);
\echo :SQLSTATE
select crm.override_forecast('commit', 1, null, 1);
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, null);
\echo :SQLSTATE
select crm.override_forecast('closed', 1, 2026, 12);
\echo :SQLSTATE
select crm.override_forecast('weighted', 1, 2026, 12);
\echo :SQLSTATE
select crm.override_forecast(null, 1, 2026, 12);
\echo :SQLSTATE
select crm.override_forecast('commit', null, 2026, 12);
\echo :SQLSTATE
select crm.override_forecast('commit', -1, 2026, 12);
\echo :SQLSTATE
select crm.override_forecast('commit', 'NaN', 2026, 12);
\echo :SQLSTATE
select crm.override_forecast('commit', 'Infinity', 2026, 12);
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, 12, reason => repeat('ä', 501));
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, 12, 'nobody');
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, 12, 'crm_yen');
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, 12, 'crm_two');
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, 12, team => 'North');
\echo :SQLSTATE
set role crm_chief;
select crm.override_forecast('commit', 1, 2026, 12, 'crm_two');
\echo :SQLSTATE
select crm.override_forecast('commit', 1, 2026, 12, 'crm_two', 'East');
\echo :SQLSTATE
set role crm_holder; -- reads only
select crm.override_forecast('commit', 1, 2026, 12, 'crm_one');
\echo :SQLSTATE
reset role;
select crm.override_forecast('commit', 1, 2026, 12);
\echo :SQLSTATE

-- what the forecast adds to what is reached, and what is then missing
set role crm_boss;
select count(crm.set_target(v.scope, v.subject, v.measure, v.amount, 2026, v.type, v.period, rate_date => '2026-01-02'))
from (values ('employee', 'crm_one', 'bookings', 'month', 12, 20000), ('employee', 'crm_one', 'bookings', 'year', null::int, 30000), ('team', 'East', 'bookings', 'quarter', 4, 25000),
    ('tenant', 'tgb', 'bookings', 'year', null, 40000)) as v (scope, subject, measure, type, period, amount);
reset role;
select from crm.set_target('group', 'tga', 'bookings', 50000, 2026, rate_date => '2026-01-02');
create function crm_expected() returns table (expected text) language sql as $$
    select concat_ws(' ', tenant, scope, coalesce(employee, team), period_type, period, ':', trim_scale(target_tenant), currency_tenant, 'actual', trim_scale(actual_tenant),
        'commit', trim_scale(commit_tenant), 'best case', trim_scale(best_case_tenant), 'pipeline', trim_scale(pipeline_tenant), 'weighted', trim_scale(weighted_tenant),
        'missing', trim_scale(missing_tenant), '|', trim_scale(target_group), currency_group, trim_scale(actual_group), trim_scale(commit_group), trim_scale(best_case_group),
        trim_scale(pipeline_group), trim_scale(weighted_group), trim_scale(missing_group), companies)
    from report.forecast_against_target order by tenant, scope, coalesce(employee, team), period_type, period
$$;
set role crm_holder;
select * from crm_expected();
set role crm_one;
select * from crm_expected();

-- without a rate the forecast is unknown where it is needed, and the ready-made report refuses there
reset role;
delete from crm.exchange_rate where currency = 'JPY' and rate_date > current_date - 30;
set role crm_yen;
select * from crm_forecast();
select * from crm_said();
\set VERBOSITY sqlstate
select amount_tenant from report.pipeline;
select amount_group from report.pipeline;
set role crm_holder;
select commit_group from report.forecast_against_target where scope = 'group' and fiscal_year = 2026;
\set VERBOSITY terse
select count(*) from report.forecast_against_target where tenant = 'tgb' and commit_group is not null;
select commit_tenant, best_case_tenant from report.forecast_against_target where tenant = 'tgb' and scope = 'tenant';
-- audited
set role crm_boss;
select action, count(*) from mandant.audit_log where "table" = 'crm.forecast_override' group by action order by action;
rollback;

begin transaction read only;
set local role report_group;
select count(*) > 0 as some from report.forecast;
select count(*) > 0 as some from report.pipeline;
select count(*) > 0 as some from report.forecast_against_target;
select count(*) = 0 as none from report.forecast_change;
rollback;
