-- What others expected: snapshots of their forecast read, taken in one's own name, made up or rewritten. AC-01 AC-07 SS-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a copy of the rows, without who may see them, which whoever owns it rewrites
reset session authorization;
create table breach.kept as select o.name, o.amount, o.owner_id from crm.opportunity as o;
grant select, update on breach.kept to mandant_user;
create role breach_seller login;
select from mandant.bind_login('breach_seller', 'de', 'sales_rep');
set local mandant.tenant = '*';
select count(crm.take_forecast_snapshot(t.code, 'breach')) from mandant.tenant as t where t.code in ('de', 'us');
reset mandant.tenant;
select count(*) as all_rows from crm.forecast_snapshot_row \gset
select s.id as theirs from crm.forecast_snapshot as s where s.tenant_id = :us and s.label = 'breach' \gset
set local session authorization breach_de;
select count(*) > 10 as copied from breach.kept;
with changed as (update breach.kept set amount = 1 returning 1) select count(*) > 10 as rewritten from changed;

-- ours: each company's own, and for ever
select count(*) filter (where tenant_id <> :de) as snapshots, count(*) filter (where label = 'breach') as own from crm.forecast_snapshot;
select count(*) filter (where tenant_id <> :de) as rows, count(*) > 0 as own, count(*) < :all_rows as less from crm.forecast_snapshot_row;
select count(*) filter (where tenant <> 'de') as rows from report.forecast_snapshot;
select count(*) filter (where tenant <> 'de') as changes from report.forecast_change;
select count(*) from report.forecast_snapshot where snapshot_id = :'theirs';
\set VERBOSITY sqlstate
select crm.take_forecast_snapshot('us', 'mine') is null \g /dev/null
insert into crm.forecast_snapshot (tenant_id, label, taken_on) values (:us, 'mine', '2026-01-01');
insert into crm.forecast_snapshot (label, taken_on) values ('mine', '2026-01-01');
insert into crm.forecast_snapshot_row (snapshot_id, opportunity_id, customer_id, name, stage, outcome, currency, tenant_currency, group_currency)
values (:'theirs', mandant.new_id(), mandant.new_id(), 'mine', 'won', 'won', 'EUR', 'EUR', 'EUR');
update crm.forecast_snapshot_row set amount = 1;
delete from crm.forecast_snapshot_row;
truncate crm.forecast_snapshot_row;
-- within the company: who sees own opportunities sees those in a snapshot, and takes none of all
reset session authorization;
set local session authorization breach_seller;
select count(*) from report.forecast_snapshot;
select count(*) from report.forecast_change;
select crm.take_forecast_snapshot('de', 'mine') is null \g /dev/null
-- legitimate use: the company's own
reset session authorization;
set local session authorization breach_de;
select label from crm.take_forecast_snapshot('de', 'ours');
select count(*) > 0 as kept from report.forecast_snapshot where label = 'ours';
rollback;
