-- Targets of employees, teams, tenants and the group on the fiscal calendar: set, kept, compared with their parts and with
-- what was reached.
-- SS-01 SS-02 SS-03 SS-06 AC-01 AC-15
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
set datestyle = iso;
begin;

-- a group within the group: tga above tgb (US dollars) and tgc (yen, its year begins in April)
select from mandant.create_tenant('tga', 'Target Holding', 'DE', 'EUR', 'group', timezone => 'Europe/Berlin');
select from mandant.create_tenant('tgb', 'Target Inc.', 'US', 'USD', 'tga', timezone => 'America/New_York');
select from mandant.create_tenant('tgc', 'Target KK', 'JP', 'JPY', 'tga', timezone => 'Asia/Tokyo', fiscal_year_start => '04-01');
create role crm_holder login;
create role crm_boss login;
create role crm_chief login;
create role crm_one login;
create role crm_two login;
create role crm_three login;
create role crm_yen login;
select from mandant.bind_login('crm_holder', 'tga', 'tenant_manager', 'tga/*', '*');
select from mandant.bind_login('crm_boss', 'tgb', 'tenant_sales');
select from mandant.bind_login('crm_chief', 'tgb', 'team_lead');
select from mandant.bind_login('crm_one', 'tgb', 'sales_rep');
select from mandant.bind_login('crm_two', 'tgb', 'sales_rep');
select from mandant.bind_login('crm_three', 'tgb', 'sales_rep');
select from mandant.bind_login('crm_yen', 'tgc', 'tenant_sales');
select from mandant.create_team('East', 'tgb');
select from mandant.create_team('West', 'tgb');
select count(mandant.join_team(who, 'tgb/East')) from unnest(array['crm_chief', 'crm_one', 'crm_two']) as who;
select mandant.join_team('crm_three', 'West');
-- rates that are the same whenever this runs
insert into crm.exchange_rate (currency, rate_date, rate, source)
select r.currency, d.day, r.rate, 'test'
from (values ('USD', 1.25), ('JPY', 160)) as r (currency, rate)
cross join (
    select date '2026-01-02' union select d::date from generate_series('2026-06-08', timestamp '2026-06-12', '1 day') as d
    union select current_date + n from generate_series(-1, 1) as n
) as d (day)
on conflict on constraint exchange_rate_pkey do update set rate = excluded.rate;

create function crm_seen() returns table (target text) language sql as $$
    select concat_ws(' ', tenant, scope, coalesce(employee, team), measure, fiscal_year, period_type, period, first_day, last_day,
        trim_scale(amount_document), currency_document, trim_scale(amount_tenant), currency_tenant, trim_scale(amount_group), currency_group)
    from report.target order by tenant, scope, coalesce(employee, team), measure, first_day, last_day
$$;

-- set for each scope and type of period: days from the tenant's calendar, amounts at the rates of a day
set role crm_holder;
select first_day, last_day, amount, currency, tenant_amount, tenant_currency, group_amount, group_currency, rate_date
from crm.set_target('group', 'tga', 'revenue', 1000000, 2026, rate_date => '2026-01-05');
select first_day, last_day, amount, currency, tenant_amount, tenant_currency, group_amount, group_currency
from crm.set_target('tenant', 'tgb', 'revenue', 800000.005, 2026, rate_date => '2026-01-02');
select first_day, last_day, amount, currency, tenant_amount, tenant_currency, group_amount, group_currency
from crm.set_target('tenant', 'tgc', 'revenue', 50000, 2026, currency => 'EUR', rate_date => '2026-01-02');
select first_day, last_day, amount, currency, group_amount
from crm.set_target('tenant', 'tgc', 'revenue', 2000000.4, 2026, 'quarter', 4, rate_date => '2026-01-02');
set role crm_boss;
select first_day, last_day, amount, team_id is not null as of_team from crm.set_target('team', 'East', 'revenue', 500000, 2026, rate_date => '2026-01-02');
select first_day, last_day, amount, team_id is not null as for_team from crm.set_target('employee', 'crm_one', 'revenue', 300000, 2026, rate_date => '2026-01-02');
-- without a day, the rates of today count; without a team, none
select amount, group_amount, rate_date = (now() at time zone 'America/New_York')::date as today
from crm.set_target('employee', 'crm_two', 'revenue', 150000, 2026);
select scope, team_id from crm.set_target('employee', 'crm_chief', 'revenue', 20000, 2026, team => '', rate_date => '2026-01-02');
select scope, amount from crm.set_target('employee', 'crm_three', 'revenue', 250000, 2026, team => 'tgb/West', rate_date => '2026-01-02');
select first_day, last_day from crm.set_target('employee', 'crm_one', 'revenue', 70000, 2026, 'quarter', 2, rate_date => '2026-01-02');
select first_day, last_day from crm.set_target('employee', 'crm_one', 'revenue', 30000, 2026, 'month', 5, rate_date => '2026-01-02');
select first_day, last_day from crm.set_target('employee', 'crm_one', 'revenue', 25000, 2026, 'month', 6, rate_date => '2026-01-02');
select first_day, last_day from crm.set_target('employee', 'crm_one', 'bookings', 40000, 2026, 'month', 6, rate_date => '2026-01-02');
-- by insert as well, in the selected tenant
insert into crm.target (scope, employee_id, measure, period_type, fiscal_year, period, amount, rate_date)
select 'employee', p.id, 'bookings', 'month', 2026, 6, 10000, '2026-01-02' from mandant.principal as p where p.name = 'crm_three'
returning first_day, last_day, amount, currency, tenant_amount, group_amount;

-- a change of the amount is an update, at the same rates, and audited; the rest stays
update crm.target set amount = 20000 where scope = 'employee' and amount = 10000 returning amount, group_amount, rate_date;
update crm.target set currency = 'EUR' where amount = 20000 and measure = 'bookings' returning amount, currency, tenant_amount, group_amount;
update crm.target set currency = 'USD', rate_date = '2026-06-12' where currency = 'EUR' returning amount, currency, tenant_amount, group_amount, rate_date;
update crm.target set first_day = '2020-01-01';
\echo :SQLSTATE
update crm.target set employee_id = null;
\echo :SQLSTATE
update crm.target set tenant_amount = 1;
\echo :SQLSTATE
select action, count(*) from mandant.audit_log where "table" = 'crm.target' and tenant_id = mandant.current_tenant() group by action order by action;

-- neither another calendar nor another rate moves it
reset role;
select from mandant.change_tenant('tgc', fiscal_year_start => '07-01');
update crm.exchange_rate set rate = 200 where currency = 'JPY';
set role crm_yen;
select * from crm_seen();
-- what would overlap under the new calendar is refused
select crm.set_target('tenant', 'tgc', 'revenue', 1, 2026, 'quarter', 3);
\echo :SQLSTATE
select first_day, last_day from crm.set_target('tenant', 'tgc', 'revenue', 1, 2026, 'quarter', 4);
select first_day, last_day from crm.set_target('tenant', 'tgc', 'bookings', 1, 2026, 'quarter', 3);
delete from crm.target where amount = 1 returning first_day, measure;
reset role;
select from mandant.change_tenant('tgc', fiscal_year_start => '04-01');
update crm.exchange_rate set rate = 160 where currency = 'JPY';

-- refused
set role crm_boss;
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2026);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2026, team => '');
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2026, 'quarter', 5);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2026, 'month', 0);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2026, 'month');
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, 'year', 1);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 1999);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2147483647);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, null);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, 'week', 1);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'profit', 1, 2025);
\echo :SQLSTATE
select crm.set_target('galaxy', 'crm_one', 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target(null, 'crm_one', 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'nobody', 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target('employee', null, 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_yen', 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target('team', 'South', 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target('team', 'East', 'revenue', 1, 2025, team => 'West');
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, team => 'West');
\echo :SQLSTATE
select crm.set_target('tenant', 'tgc', 'revenue', 1, 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', -0.01, 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 'NaN', 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 'Infinity', 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1e15, 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', null, 2025);
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, currency => 'XXX');
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, currency => 'euro');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, currency => 'BRL');
\set VERBOSITY terse
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, rate_date => '2019-01-01');
\echo :SQLSTATE
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025, rate_date => 'infinity');
\echo :SQLSTATE
update crm.target set rate_date = '2019-01-01' where measure = 'bookings';
\echo :SQLSTATE
update crm.target set amount = 'NaN' where measure = 'bookings';
\echo :SQLSTATE
insert into crm.target (scope, measure, period_type, fiscal_year, amount) values ('employee', 'revenue', 'year', 2025, 1);
\echo :SQLSTATE
insert into crm.target (scope, team_id, measure, period_type, fiscal_year, amount)
select 'tenant', t.id, 'revenue', 'year', 2025, 1 from mandant.team as t where t.name = 'East';
\echo :SQLSTATE
insert into crm.target (tenant_id, scope, measure, period_type, fiscal_year, amount) values (1, 'tenant', 'x', 'x', 0, 'NaN');
\echo :SQLSTATE
-- an employee or team of another tenant, by its id, which one may know: even who sees both
set role crm_holder;
select id as yen from mandant.principal where name = 'crm_yen' \gset
select id as tgb from mandant.tenant where code = 'tgb' \gset
\set VERBOSITY sqlstate
insert into crm.target (tenant_id, scope, employee_id, measure, period_type, fiscal_year, amount) values (:tgb, 'employee', :'yen', 'revenue', 'year', 2025, 1);
select id as east from mandant.team where name = 'East' \gset
insert into crm.target (tenant_id, scope, team_id, measure, period_type, fiscal_year, amount)
select t.id, 'team', :'east', 'revenue', 'year', 2025, 1 from mandant.tenant as t where t.code = 'tgc';
\set VERBOSITY terse

-- each sees what its depth reaches: own, the team's, the tenant's, all
set role crm_one;
select * from crm_seen();
set role crm_three;
select * from crm_seen();
set role crm_chief;
select * from crm_seen();
set role crm_yen;
select * from crm_seen();
set role crm_holder;
select * from crm_seen();
set mandant.tenant = 'tga';
select * from crm_seen();
reset mandant.tenant;
-- who sees own ones sets none; a lead sets those of the team, and of nobody else
set role crm_one;
select crm.set_target('employee', 'crm_one', 'revenue', 1, 2025);
\echo :SQLSTATE
update crm.target set amount = 1 returning amount;
delete from crm.target returning amount;
set role crm_chief;
select amount from crm.set_target('employee', 'crm_one', 'bookings', 5000, 2026, 'month', 7, rate_date => '2026-01-02');
update crm.target set amount = 6000 where amount = 5000 returning amount;
delete from crm.target where amount = 6000 returning amount;
select crm.set_target('employee', 'crm_three', 'bookings', 5000, 2026, 'month', 7, rate_date => '2026-01-02');
\echo :SQLSTATE
select crm.set_target('employee', 'crm_three', 'bookings', 5000, 2026, 'month', 7, team => 'East', rate_date => '2026-01-02');
\echo :SQLSTATE
select crm.set_target('tenant', 'tgb', 'bookings', 5000, 2026, 'month', 7, rate_date => '2026-01-02');
\echo :SQLSTATE
-- nor what would tell more than there is: one that is there already but out of sight
reset role;
select from mandant.join_team('crm_three', 'East');
set role crm_chief;
select crm.set_target('employee', 'crm_three', 'revenue', 5000, 2026, team => 'East', rate_date => '2026-01-02');
\echo :SQLSTATE
reset role;
select from mandant.leave_team('crm_three', 'East');

-- SS-03: the parts of a target, and what is missing
create function crm_gaps() returns table (gap text) language sql as $$
    select concat_ws(' ', tenant, scope, coalesce(employee, team), measure, period_type, period, '=', part_count, parts, ':',
        trim_scale(amount_tenant), '-', trim_scale(parts_tenant), '=', trim_scale(difference_tenant), currency_tenant, '|',
        trim_scale(amount_group), '-', trim_scale(parts_group), '=', trim_scale(difference_group), currency_group)
    from report.target_gap order by tenant, scope, coalesce(employee, team), measure, period_type, period, parts
$$;
set role crm_holder;
select * from crm_gaps();
set role crm_boss;
select * from crm_gaps();
-- with a target of its own, the other team covers its employees; without one of theirs, a team's is not compared
select amount from crm.set_target('team', 'West', 'revenue', 240000, 2026, rate_date => '2026-01-02');
select * from crm_gaps() where gap like 'tgb t%';
set role crm_chief;
select * from crm_gaps();
set role crm_one;
select * from crm_gaps();

-- SS-06: invoices less credit notes by owner, team and company; opportunities won
insert into crm.customer (name, country) values ('Mine', 'US') returning id as one \gset
reset role;
select mandant_internal.me() is null as superuser, p.id as who_one from mandant.principal as p where p.name = 'crm_one' \gset
select p.id as who_two from mandant.principal as p where p.name = 'crm_two' \gset
select p.id as who_three from mandant.principal as p where p.name = 'crm_three' \gset
select t.id as west from mandant.team as t where t.name = 'West' \gset
insert into crm.customer (tenant_id, name, country, owner_id)
select t.id, 'Yen', 'JP', :'yen' from mandant.tenant as t where t.code = 'tgc' returning id as yen_customer \gset
create function crm_sell(customer uuid, owner uuid, team uuid, kind text, amount numeric, day date, currency text default null) returns text language plpgsql as $$
declare
    made crm.document;
begin
    made := crm.create_document(customer, kind, jsonb_build_array(jsonb_build_object('description', 'x', 'quantity', 1, 'unit_price', amount,
        'tax_rate', 0)), document_date => day, owner_id => owner, currency => currency);
    update crm.document as d set team_id = team where d.id = made.id;
    made := crm.post_document(made.id);
    return concat_ws(' ', made.kind, made.net, made.tenant_net, made.group_net);
end
$$;
set mandant.tenant = '*';
select crm_sell(:'one', :'who_one', :'east', 'invoice', 20000, '2026-06-08');
select crm_sell(:'one', :'who_one', :'east', 'invoice', 10000, '2026-06-09', 'EUR');
select crm_sell(:'one', :'who_one', :'east', 'credit_note', 2500, '2026-06-12');
select crm_sell(:'one', :'who_one', :'east', 'quote', 99999, '2026-06-12');
select crm_sell(:'one', :'who_two', :'east', 'invoice', 15000, '2026-06-12');
select crm_sell(:'one', :'who_three', :'west', 'invoice', 25000, '2026-06-12');
select crm_sell(:'one', null, null, 'invoice', 1000, '2026-06-12');
select crm_sell(:'yen_customer', :'yen', null, 'invoice', 1600000, '2026-01-02');
select crm_sell(:'yen_customer', :'yen', null, 'invoice', 800000, '2026-06-12');
reset mandant.tenant;
create function crm_reached() returns table (reached text) language sql as $$
    select concat_ws(' ', rank || '.', tenant, scope, coalesce(employee, team), measure, period_type, period, trim_scale(actual_tenant), 'of',
        trim_scale(target_tenant), currency_tenant, '|', trim_scale(actual_group), 'of', trim_scale(target_group), currency_group, '=',
        trim_scale(attainment_percent) || '%', companies)
    from report.attainment order by measure, scope, period_type, fiscal_year, period, tenant, rank, coalesce(employee, team)
$$;
set role crm_holder;
select * from crm_reached();
-- each learns of those that they see
set role crm_boss;
select * from crm_reached();
set role crm_chief;
select * from crm_reached();
set role crm_three;
select * from crm_reached();
-- equals share a rank; a target of 0 is neither reached nor ahead
set role crm_boss;
update crm.target set amount = 0 where scope = 'employee' and amount = 250000 returning amount;
update crm.target set amount = 165000 where scope = 'employee' and amount = 150000 returning amount;
select * from crm_reached() where reached like '%employee%year%';
-- a part of the group is what the target is met by, and says so
set role crm_holder;
set mandant.tenant = 'tga,tgc';
select * from crm_reached();
reset mandant.tenant;

-- bookings: what was won, on the day it was won
set role crm_one;
select id as won from crm.create_opportunity(:'one', 'Won', 30000) \gset
select id as euro from crm.create_opportunity(:'one', 'Won in euro', 8000, 'EUR') \gset
select id as open from crm.create_opportunity(:'one', 'Open', 5000) \gset
update crm.opportunity set stage = 'won' where id in (:'won', :'euro');
reset role;
set session_replication_role = replica; -- on a day that is the same whenever this runs
update crm.opportunity set closed_on = '2026-06-10' where id in (:'won', :'euro');
reset session_replication_role;
set role crm_boss;
select * from crm_reached() where reached like '%bookings%';
-- without a rate: refused naming currency and day, unless only what has one is asked for
reset role;
delete from crm.exchange_rate where currency = 'USD' and rate_date > '2026-05-29' and rate_date < '2026-06-19';
set role crm_boss;
\set VERBOSITY default
select actual_group from report.attainment where measure = 'bookings';
\set VERBOSITY terse
\echo :SQLSTATE
select actual_tenant from report.attainment where measure = 'revenue' and scope = 'tenant' and period_type = 'year';

-- copied in, days and amounts follow as well; read in a read-only transaction
insert into crm.target_copy (scope, measure, period_type, fiscal_year, amount, rate_date) values ('tenant', 'bookings', 'year', 2027, 5, '2026-01-02');
select first_day, last_day, amount, currency, group_amount from crm.target where fiscal_year = 2027;
-- who leaves keeps the targets, and a team that has some stays
reset role;
select from mandant.add_employee('tgb', 'leaver@tgb.example', 'Leaver');
select from mandant.grant_role('leaver@tgb.example', 'sales_rep');
set role crm_boss;
select amount from crm.set_target('employee', 'leaver@tgb.example', 'revenue', 7, 2026, rate_date => '2026-01-02');
set role mandant_admin;
select from mandant.move_employee('leaver@tgb.example', 'tgc', 'crm_two', 'end');
set role crm_boss;
select scope, amount from crm.target where amount = 7;
select employee_id from crm.set_target('employee', 'leaver@tgb.example', 'revenue', 7, 2027, rate_date => '2026-01-02');
\echo :SQLSTATE
reset role;
select mandant.drop_team('West');
\echo :SQLSTATE
rollback;

begin transaction read only;
set local role report_group;
select count(*) > 0 as some from report.target;
select count(*) > 0 as some from report.target_gap;
select count(*) > 0 as some from report.attainment;
rollback;

-- what a reporting tool shows as help: nothing without
select c.relname, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relname in ('target', 'target_gap', 'attainment', 'forecast_against_target', 'forecast',
    'pipeline', 'forecast_snapshot', 'forecast_change')
    and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null
        or length(split_part(col_description(c.oid, a.attnum), e'\n', 1)) > 80)
order by 1, 2;
