-- What others are to reach: their targets read, set, changed, or learnt from ranks, sums, keys and refusals. AC-01 AC-07 SS-01 SS-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: the list of who is ahead is of everybody
reset session authorization;
create table breach.goal (tenant_id int not null, employee text not null, amount numeric not null, reached numeric not null);
create view breach.ranking as select employee, rank() over (order by reached / amount desc) as rank, sum(amount) over () as total from breach.goal;
grant select on breach.ranking to mandant_user;
insert into breach.goal values (:de, 'a@de.example', 100, 10), (:us, 'a@us.example', 100, 90);
create role breach_seller login;
create role breach_other login;
select from mandant.bind_login('breach_seller', 'de', 'sales_rep') as seller, mandant.bind_login('breach_other', 'de', 'sales_rep') as other;
set local mandant.tenant = '*';
select count(crm.set_target(v.scope, v.subject, 'revenue', v.amount, 2027, rate_date => '2026-01-02'))
from (values ('employee', 'breach_seller', 100), ('employee', 'breach_other', 900), ('employee', 'breach_us', 7777), ('tenant', 'us', 8888), ('group', 'group', 99999)) as v (scope, subject, amount);
reset mandant.tenant;
select id as theirs, tenant_id = :us as of_us from crm.target where amount = 7777 \gset
select id as us_person from mandant.principal where name = 'breach_us' \gset
set local session authorization breach_de;
select * from breach.ranking order by rank;

-- ours: nothing of the other company, nor of the group above, in any report
select tenant, scope, employee, target_tenant, rank from report.attainment where fiscal_year = 2027 order by employee;
select count(*) filter (where tenant <> 'de') as targets from report.target;
select count(*) filter (where tenant <> 'de') as gaps from report.target_gap;
select count(*) filter (where tenant <> 'de') as forecasts from report.forecast_against_target;
select count(*) as belows from crm.tenant_below() where tenant_id <> :de or ancestor_id <> :de;
\set VERBOSITY sqlstate
-- nor is one set, in whatever way the other is named
select crm.set_target('employee', 'breach_us', 'revenue', 1, 2027) is null \g /dev/null
select crm.set_target('tenant', 'us', 'revenue', 1, 2027) is null \g /dev/null
select crm.set_target('group', 'group', 'revenue', 1, 2027) is null \g /dev/null
insert into crm.target (tenant_id, scope, measure, period_type, fiscal_year, amount) values (:us, 'tenant', 'revenue', 'year', 2027, 1);
insert into crm.target (scope, employee_id, measure, period_type, fiscal_year, amount) values ('employee', :'us_person', 'revenue', 'year', 2027, 1);
insert into crm.target (scope, employee_id, measure, period_type, fiscal_year, amount) values ('employee', mandant.new_id(), 'revenue', 'year', 2027, 1);
update crm.target set amount = 1 where id = :'theirs' returning amount;
delete from crm.target where id = :'theirs' returning amount;
select mandant.assign('crm.target', :'theirs', 'breach_de');
-- a key that would collide with theirs does not: what is free here is free
insert into crm.target (tenant_id, scope, measure, period_type, fiscal_year, amount) values (:de, 'tenant', 'revenue', 'year', 2027, 5) returning amount;
-- within the company: who sees own ones ranks alone, and neither sees nor sets another's
reset session authorization;
set local session authorization breach_seller;
select employee, target_tenant, rank from report.attainment;
select count(*) as gaps from report.target_gap;
select sum(amount_tenant) as total from report.target;
select crm.set_target('employee', 'breach_other', 'bookings', 1, 2027) is null \g /dev/null
select crm.set_target('employee', 'breach_seller', 'bookings', 1, 2027) is null \g /dev/null
update crm.target set amount = 1 returning amount;
-- legitimate use: the company's own
reset session authorization;
set local session authorization breach_de;
select amount from crm.set_target('employee', 'breach_seller', 'bookings', 100, 2027);
select employee, target_tenant from report.attainment where measure = 'bookings' and fiscal_year = 2027;
rollback;
