-- Snapshots of the forecast: every opportunity as it was on a day, for ever; and what has changed since the last.
-- SS-07 AC-01
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
set datestyle = iso;
begin;

-- tgb (US dollars), in a time zone where it is another day than in tgc's
select from mandant.create_tenant('tga', 'Snapshot Holding', 'DE', 'EUR', 'group', timezone => 'Europe/Berlin');
select from mandant.create_tenant('tgb', 'Snapshot Inc.', 'US', 'USD', 'tga', timezone => 'Pacific/Pago_Pago');
select from mandant.create_tenant('tgc', 'Snapshot KK', 'JP', 'JPY', 'tga', timezone => 'Pacific/Kiritimati');
create role crm_both login;
create role crm_boss login;
create role crm_one login;
create role crm_two login;
create role crm_chief login;
select from mandant.bind_login('crm_both', 'tga', 'tenant_manager', 'tga/*', '*');
select from mandant.bind_login('crm_boss', 'tgb', 'tenant_sales');
select from mandant.bind_login('crm_chief', 'tgb', 'team_lead');
select from mandant.bind_login('crm_one', 'tgb', 'sales_rep');
select from mandant.bind_login('crm_two', 'tgb', 'sales_rep');
select from mandant.create_team('East', 'tgb');
select count(mandant.join_team(who, 'East')) from unnest(array['crm_chief', 'crm_one']) as who;
insert into crm.exchange_rate (currency, rate_date, rate, source)
select r.currency, d.day, r.rate, 'test'
from (values ('USD', 1.25), ('JPY', 160)) as r (currency, rate)
cross join (select current_date + n as day from generate_series(-2, 1) as n) as d
on conflict on constraint exchange_rate_pkey do update set rate = excluded.rate;

set role crm_one;
insert into crm.customer (name, country) values ('Mine', 'US') returning id as one \gset
select id as stays from crm.create_opportunity(:'one', '1 stays', 1000, expected_close => '2026-12-01') \gset
select id as grows from crm.create_opportunity(:'one', '2 grows', 2000, 'EUR', '2026-12-01', 'propose', 55) \gset
select id as wins from crm.create_opportunity(:'one', '3 is won', 3000, expected_close => '2026-12-01') \gset
select id as loses from crm.create_opportunity(:'one', '4 is lost', 4000, expected_close => '2026-12-01') \gset
select id as opens from crm.create_opportunity(:'one', '5 is opened again', 5000, expected_close => '2026-12-01') \gset
select id as goes from crm.create_opportunity(:'one', '6 is deleted', 6000, expected_close => '2026-12-01') \gset
select id as moves from crm.create_opportunity(:'one', '7 changes hands', 7000) \gset
select id as blank from crm.create_opportunity(:'one', '8 without amount') \gset
update crm.opportunity set stage = 'lost' where id = :'opens';

-- nothing to compare with yet
set role crm_boss;
select count(*) from report.forecast_change;
select label, taken_on = (now() at time zone 'Pacific/Pago_Pago')::date as today_there, taken_at = now() as now, taken_by = mandant_internal.me() as by_me
from crm.take_forecast_snapshot('tgb', 'Week 49');
select opportunity, label, stage, outcome, category, trim_scale(probability) as probability, expected_close, closed_on is not null as closed,
    amount_document, currency_document, amount_tenant, currency_tenant, amount_group, currency_group
from report.forecast_snapshot order by opportunity;
select count(*) from report.forecast_change;

-- what happens then does not reach it
set role crm_one;
update crm.opportunity set amount = 2500, expected_close = '2027-01-15', forecast_category = 'commit' where id = :'grows';
update crm.opportunity set stage = 'won' where id = :'wins';
update crm.opportunity set stage = 'lost', lost_reason = 'price' where id = :'loses';
update crm.opportunity set stage = 'develop' where id = :'opens';
delete from crm.opportunity where id = :'goes';
select from crm.create_opportunity(:'one', '9 is new', 9000, expected_close => '2026-12-24', stage => 'negotiate');
set role crm_boss;
select mandant.assign('crm.opportunity', :'moves', 'crm_two', '');
reset role;
create function crm_changes() returns table (change text) language sql as $$
    select concat_ws(' ', c.label, '|', c.opportunity, '|', c.change, '|', coalesce(b.name, '-'), '>', coalesce(a.name, '-'), '|', coalesce(stage_before, '-'), '>', coalesce(stage_after, '-'), '|',
        coalesce(category_before, '-'), '>', coalesce(category_after, '-'), '|', coalesce(expected_close_before::text, '-'), '>', coalesce(expected_close_after::text, '-'), '|',
        coalesce(amount_before_document::text, '-'), currency_before_document, '>', coalesce(amount_after_document::text, '-'), currency_after_document)
    from report.forecast_change as c
    left join mandant.principal as b on b.id = c.employee_id_before
    left join mandant.principal as a on a.id = c.employee_id_after
    order by c.opportunity, c.change
$$;
set role crm_boss;
select * from crm_changes();
select opportunity, stage, category, expected_close, amount_document from report.forecast_snapshot order by opportunity;
-- each sees what was theirs, their team's; what has gone to another is gone for who gave it, and new for who has it
set role crm_one;
select opportunity, change from report.forecast_change order by opportunity;
select count(*) from report.forecast_snapshot;
set role crm_chief;
select count(*) from report.forecast_snapshot;
set role crm_two;
select opportunity, change from report.forecast_change order by opportunity;
select count(*) from report.forecast_snapshot;
-- when it was taken, everybody may know who has a forecast
select label from crm.forecast_snapshot;

-- the next: what has changed since that
set role crm_boss;
select label from crm.take_forecast_snapshot(label => 'Week 50');
select count(*) from report.forecast_change;
update crm.opportunity set name = 'renamed', probability = 12 where id = :'stays';
select count(*) from report.forecast_change;
update crm.opportunity set amount = 1 where id = :'stays';
select * from crm_changes();
select label, count(*), sum(amount_group) as amount_group from report.forecast_snapshot group by label order by label;

-- one tenant at a time, each by itself
set role crm_both;
select crm.take_forecast_snapshot();
\echo :SQLSTATE
select label, taken_on - (now() at time zone 'Pacific/Kiritimati')::date as days from crm.take_forecast_snapshot('tgc');
select count(*), count(distinct tenant) as tenants from report.forecast_snapshot;
select s.label, t.code from crm.forecast_snapshot as s join mandant.tenant as t on t.id = s.tenant_id order by s.id;
select change, tenant from report.forecast_change;

-- refused
set role crm_boss;
select crm.take_forecast_snapshot('tgc');
\echo :SQLSTATE
select crm.take_forecast_snapshot('nowhere');
\echo :SQLSTATE
select crm.take_forecast_snapshot('tgb', ' ');
\echo :SQLSTATE
select crm.take_forecast_snapshot('tgb', '');
\echo :SQLSTATE
select crm.take_forecast_snapshot('tgb', repeat('x', 501));
\echo :SQLSTATE
-- who does not see all takes none; nor who only reads
set role crm_one;
select crm.take_forecast_snapshot('tgb', 'mine');
\echo :SQLSTATE
set role crm_chief;
select crm.take_forecast_snapshot('tgb', 'mine');
\echo :SQLSTATE
reset role;
select from mandant.allow('team_lead', 'forecast_snapshot', array['create']);
set role crm_chief;
select crm.take_forecast_snapshot('tgb', 'mine');
\echo :SQLSTATE
set role report_group;
select crm.take_forecast_snapshot('tgb', 'mine');
\echo :SQLSTATE
select count(*) from report.forecast_snapshot where label = 'mine';

-- nobody changes it: not who took it, not the owner of the table, not a superuser
set role crm_boss;
update crm.forecast_snapshot set label = 'x';
\echo :SQLSTATE
delete from crm.forecast_snapshot_row;
\echo :SQLSTATE
insert into crm.forecast_snapshot (taken_on) values ('2020-01-01');
\echo :SQLSTATE
reset role;
update crm.forecast_snapshot set label = 'x';
\echo :SQLSTATE
update crm.forecast_snapshot_row set amount = 1;
\echo :SQLSTATE
update crm.forecast_snapshot_row set amount = 1, owner_id = null;
\echo :SQLSTATE
delete from crm.forecast_snapshot_row;
\echo :SQLSTATE
delete from crm.forecast_snapshot;
\echo :SQLSTATE
truncate crm.forecast_snapshot_row;
\echo :SQLSTATE
truncate crm.forecast_snapshot cascade;
\echo :SQLSTATE
-- a successor takes over what is, not what was; a team and a customer may go
update crm.forecast_snapshot_row set owner_id = null;
set role mandant_admin;
select from mandant.add_employee('tgb', 'crm.snap@tgb.example', 'Snap', 'demo demo demo');
select from mandant.grant_role('crm.snap@tgb.example', 'sales_rep');
select mandant.assign('crm.opportunity', :'stays', 'crm.snap@tgb.example', '');
select label from crm.take_forecast_snapshot('tgb', 'Week 51');
select from mandant.move_employee('crm.snap@tgb.example', 'tgc', 'crm_one', 'end');
select count(*) from crm.forecast_snapshot_row as r join mandant.principal as p on p.id = r.owner_id where p.name = 'crm.snap@tgb.example';
select mandant.leave_team('crm_one', 'East');
select count(mandant.assign('crm.opportunity', o.id::text, team => '')) > 0 as given from crm.opportunity as o join mandant.team as t on t.id = o.team_id and t.name = 'East';
select count(mandant.assign('crm.customer', c.id::text, team => '')) > 0 as given from crm.customer as c join mandant.team as t on t.id = c.team_id and t.name = 'East';
select mandant.drop_team('East');
select count(*) > 0 as still_there from report.forecast_snapshot where label = 'Week 49';
rollback;
