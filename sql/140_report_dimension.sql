-- What the facts of schema `report` are about: days, tenants, customers, products, people, teams and
-- currencies, with the keys that the facts have. Each shows what its reader may see and has selected;
-- a fact whose dimension is not to be seen keeps its key, so join to the left.

create view report.tenant with (security_invoker = true) as
select
    t.id as tenant_id,
    t.code as tenant,
    t.name,
    t.parent_id,
    p.code as parent,
    t.country,
    t.currency,
    t.timezone,
    t.fiscal_year_start,
    t.state
from mandant.tenant as t
left join mandant.tenant as p on p.id = t.parent_id;

comment on view report.tenant is 'The companies that you may see and have selected.';
comment on column report.tenant.tenant_id is 'Key in all facts and dimensions.';
comment on column report.tenant.tenant is 'Code of the company, such as de.';
comment on column report.tenant.name is 'Its name.';
comment on column report.tenant.parent_id is
    'The company above it; null: it is the top of the group.';
comment on column report.tenant.parent is 'Code of the company above it, if that is selected, too.';
comment on column report.tenant.country is 'ISO 3166 code, such as DE.';
comment on column report.tenant.currency is 'Currency of its books, that of columns with _tenant.';
comment on column report.tenant.timezone is 'Where its days begin, such as Europe/Berlin.';
comment on column report.tenant.fiscal_year_start is 'When its fiscal year begins, such as 04-01.';
comment on column report.tenant.state is 'active or suspended.';

create view report.fiscal_period with (security_invoker = true) as
select
    p.tenant_id,
    t.code as tenant,
    p.fiscal_year,
    p.fiscal_quarter,
    p.period,
    p.first_day,
    p.last_day
from mandant.fiscal_period as p
join mandant.tenant as t on t.id = p.tenant_id;

comment on view report.fiscal_period is
    'Months of the fiscal years of each company, from 2000 until ten years from now.';
comment on column report.fiscal_period.tenant_id is 'Key of report.tenant.';
comment on column report.fiscal_period.tenant is 'Code of the company.';
comment on column report.fiscal_period.fiscal_year is
    'Name of the fiscal year: the calendar year it begins in, unless the company says otherwise.';
comment on column report.fiscal_period.fiscal_quarter is 'Three periods each, from 1.';
comment on column report.fiscal_period.period is 'Counts the periods of the year, from 1.';
comment on column report.fiscal_period.first_day is 'First day of the period.';
comment on column report.fiscal_period.last_day is 'Last day of the period.';

create view report.date with (security_invoker = true) as
select
    p.tenant_id,
    t.code as tenant,
    d.date,
    extract(year from d.date)::int as year,
    extract(quarter from d.date)::int as quarter,
    date_trunc('month', d.date::timestamp)::date as month,
    extract(isoyear from d.date)::int as week_year,
    extract(week from d.date)::int as week,
    extract(isodow from d.date)::int as weekday,
    p.fiscal_year,
    p.fiscal_quarter,
    p.period as fiscal_period
from mandant.fiscal_period as p
join mandant.tenant as t on t.id = p.tenant_id
cross join lateral generate_series(0, p.last_day - p.first_day) as n (days)
cross join lateral (select p.first_day + n.days) as d (date);

comment on view report.date is
    'Every day of each company''s calendar, from 2000 until ten years from now.

Join facts by tenant_id and their day: fiscal years differ between companies.';
comment on column report.date.tenant_id is 'Key of report.tenant.';
comment on column report.date.tenant is 'Code of the company.';
comment on column report.date.date is 'The day.';
comment on column report.date.year is 'Calendar year.';
comment on column report.date.quarter is 'Quarter of the calendar year, from 1.';
comment on column report.date.month is 'First day of the calendar month.';
comment on column report.date.week_year is 'Year that the week belongs to (ISO 8601).';
comment on column report.date.week is 'Week of week_year (ISO 8601), from 1.';
comment on column report.date.weekday is 'Monday is 1, Sunday is 7.';
comment on column report.date.fiscal_year is 'Name of the company''s fiscal year.';
comment on column report.date.fiscal_quarter is 'Quarter of the fiscal year, from 1.';
comment on column report.date.fiscal_period is 'Month of the fiscal year, from 1.';

create view report.customer with (security_invoker = true) as
select
    c.tenant_id,
    t.code as tenant,
    c.id as customer_id,
    c.name,
    c.postal_code,
    c.city,
    c.region,
    c.country,
    c.language,
    c.state,
    coalesce(c.merged_into, c.id) as became_id,
    c.party_id,
    c.owner_id as employee_id,
    c.team_id,
    c.group_tenant_id
from crm.customer as c
join mandant.tenant as t on t.id = c.tenant_id;

comment on view report.customer is 'Customers that you may see, as they are today.';
comment on column report.customer.tenant_id is 'Key of report.tenant.';
comment on column report.customer.tenant is 'Code of the company whose customer it is.';
comment on column report.customer.customer_id is 'Key in the facts, with tenant_id.';
comment on column report.customer.name is 'Name of the customer.';
comment on column report.customer.postal_code is 'Postal code of the own address.';
comment on column report.customer.city is 'City of the own address.';
comment on column report.customer.region is 'State or province, where addresses have one.';
comment on column report.customer.country is 'ISO 3166 code, such as DE.';
comment on column report.customer.language is 'BCP 47 code, such as de; null: the company''s.';
comment on column report.customer.state is 'active, blocked, merged or moved.';
comment on column report.customer.became_id is
    'Of one that was merged the customer_id it goes on as; of all others its own.';
comment on column report.customer.party_id is
    'Same in all companies whose customer the same party is; counts it once in the group.';
comment on column report.customer.employee_id is 'Who looks after it, key of report.employee.';
comment on column report.customer.team_id is 'Team it belongs to, key of report.team.';
comment on column report.customer.group_tenant_id is
    'The company of the group that it is; null: it is none.';

create view report.product with (security_invoker = true) as
select
    p.tenant_id,
    t.code as tenant,
    p.id as product_id,
    p.code,
    p.name,
    p.unit,
    p.active
from crm.product as p
join mandant.tenant as t on t.id = p.tenant_id;

comment on view report.product is 'Products that you may see, as they are today.';
comment on column report.product.tenant_id is 'Key of report.tenant.';
comment on column report.product.tenant is 'Code of the company that sells it.';
comment on column report.product.product_id is 'Key in the facts, with tenant_id.';
comment on column report.product.code is
    'The company''s short name for it; may be the same in others.';
comment on column report.product.name is 'Name of the product.';
comment on column report.product.unit is 'What quantity one counts, such as hour.';
comment on column report.product.active is 'false: no longer sold.';

create view report.employee with (security_invoker = true) as
select
    p.id as employee_id,
    p.tenant_id,
    t.code as tenant,
    p.name,
    coalesce(p.full_name, p.name) as full_name,
    p.kind,
    p.state
from mandant.principal as p
join mandant.tenant as t on t.id = p.tenant_id;

comment on view report.employee is 'Employees that you may see, and logins that act like one.';
comment on column report.employee.employee_id is 'Key in the facts, of who looks after the row.';
comment on column report.employee.tenant_id is 'The company that employs them.';
comment on column report.employee.tenant is 'Code of that company.';
comment on column report.employee.name is 'E-mail of an employee, name of a login.';
comment on column report.employee.full_name is 'Name of an employee, or of a login.';
comment on column report.employee.kind is 'employee or login.';
comment on column report.employee.state is 'active or inactive.';

create view report.team with (security_invoker = true) as
select
    m.id as team_id,
    m.tenant_id,
    t.code as tenant,
    m.name
from mandant.team as m
left join mandant.tenant as t on t.id = m.tenant_id;

comment on view report.team is 'Teams that you may see.';
comment on column report.team.team_id is 'Key in the facts.';
comment on column report.team.tenant_id is 'The company whose team it is; null: across companies.';
comment on column report.team.tenant is 'Code of that company.';
comment on column report.team.name is 'Name of the team.';

create view report.currency with (security_invoker = true) as
select c.code as currency, c.name, c.minor_unit
from crm.currency as c
where c.minor_unit is not null;

comment on view report.currency is 'Currencies in which amounts can be.';
comment on column report.currency.currency is 'ISO 4217 code, such as EUR; key in the facts.';
comment on column report.currency.name is 'English name in ISO 4217.';
comment on column report.currency.minor_unit is 'Decimals of an amount: EUR 2, JPY 0, KWD 3.';
