-- What others expect to sell: their forecast read, overridden in their name or above their heads, or counted into one's own. AC-01 AC-07 SS-05
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a word on the forecast says itself whose it is and how much it counts
reset session authorization;
create table breach.word (tenant_id int not null, employee text not null, level text not null, amount numeric not null);
grant select, insert, update on breach.word to mandant_user;
insert into breach.word values (:us, 'a@us.example', 'owner', 100);
create role breach_seller login;
create role breach_other login;
select from mandant.bind_login('breach_seller', 'de', 'sales_rep') as seller, mandant.bind_login('breach_other', 'de', 'sales_rep') as other;
set local mandant.tenant = '*';
select count(crm.override_forecast('commit', v.amount, 2026, 12, v.who)) from (values ('breach_us', 7777), ('breach_other', 900), ('breach_seller', 100)) as v (who, amount);
reset mandant.tenant;
select id as theirs from crm.forecast_override where amount = 7777 \gset
select id as us_person from mandant.principal where name = 'breach_us' \gset
set local session authorization breach_de;
update breach.word set level = 'manager', amount = 1 returning employee, level, amount;

-- ours: nothing of the other company
select count(*) filter (where tenant_id <> :de) as words from crm.forecast_override;
select count(*) filter (where tenant <> 'de') as forecasts, count(*) filter (where commit_manager = 7777) as theirs from report.forecast;
select count(*) filter (where tenant <> 'de') as stages from report.pipeline;
select count(*) filter (where tenant_id <> :de) as worth from crm.opportunity_worth;
\set VERBOSITY sqlstate
select crm.override_forecast('commit', 1, 2026, 12, 'breach_us') is null \g /dev/null
insert into crm.forecast_override (tenant_id, employee_id, fiscal_year, period, category, amount) values (:us, :'us_person', 2026, 12, 'commit', 1);
insert into crm.forecast_override (employee_id, fiscal_year, period, category, amount) values (:'us_person', 2026, 12, 'commit', 1);
update crm.forecast_override set amount = 1 where id = :'theirs' returning amount;
delete from crm.forecast_override where id = :'theirs' returning amount;
-- within the company: no word for another, none in the manager's place
reset session authorization;
set local session authorization breach_seller;
select level, amount from crm.forecast_override;
select crm.override_forecast('commit', 1, 2026, 12, 'breach_other') is null \g /dev/null
update crm.forecast_override set amount = 1;
delete from crm.forecast_override;
insert into crm.forecast_override (employee_id, fiscal_year, period, category, amount, level) select mandant_internal.me(), 2026, 12, 'pipeline', 1, 'manager';
select employee, commit_owner, commit_manager, commit_counted from report.forecast;
-- legitimate use: one's own word, beside the manager's
select level, amount from crm.override_forecast('commit', 150, 2026, 12);
select employee, commit_owner, commit_manager, commit_counted from report.forecast;
rollback;
