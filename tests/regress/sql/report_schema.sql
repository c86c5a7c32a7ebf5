-- Schema report as reporting tools find it: run as their reader, plain types, a comment everywhere; and calendars. RP-01 RP-04
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;
select c.relname from pg_class c
where c.relnamespace = 'report'::regnamespace
    and (c.relkind <> 'v' or c.reloptions is distinct from '{security_invoker=true}' or (obj_description(c.oid) ~ '^[^\n]{1,80}(\n|$)') is not true)
order by 1;
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relkind = 'v' and col_description(c.oid, a.attnum) is null order by 1, 2;
select distinct format_type(a.atttypid, a.atttypmod) from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relkind = 'v' order by 1;
-- an amount says in which currency it is, which stands beside it
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relkind = 'v' and a.attname ~ '_(document|tenant|group)$' and a.attname !~ '^currency' and a.atttypid = 'numeric'::regtype
    and not exists (select from pg_attribute o where o.attrelid = c.oid and o.attname ~ ('^currency(_before|_after)?_' || regexp_replace(a.attname, '^.*_', '') || '$'))
order by 1, 2;
select c.relname, string_agg(a.attname, ', ' order by a.attnum) from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relkind = 'v' group by 1 order by 1;

-- facts join their dimensions: no key leads nowhere, for a company and for the group
create function lost(fact text, dimension text, key text) returns table (fact_ text, dimension_ text, lost bigint) language plpgsql as $$
begin
    return query execute format('select %L, %L, count(*) from report.%I f left join report.%I d using (%s) where f.%I is not null and d.tenant_id is null',
        fact, dimension, fact, dimension, key, split_part(key, ', ', 2));
end $$;
set role report_group;
select (lost(f, 'customer', 'tenant_id, customer_id')).* from unnest(array['document', 'invoice_line', 'quote_line', 'order_line', 'delivery_line', 'payment', 'open_item', 'opportunity']) f;
select (lost(f, 'product', 'tenant_id, product_id')).* from unnest(array['invoice_line', 'quote_line']) f;
select count(*) from report.document f left join report.employee e using (employee_id) where f.employee_id is not null and e.employee_id is null;
select count(*) from report.document f left join report.date d on d.tenant_id = f.tenant_id and d.date = f.document_date where d.date is null;

-- each company has its own calendar
select tenant, fiscal_year, period, first_day, last_day from report.fiscal_period where fiscal_year = 2026 and period in (1, 12) order by tenant, period;
select tenant, fiscal_year, fiscal_quarter, fiscal_period, year, month, week, weekday from report.date where date = '2026-11-23' order by tenant;
set role report_hk;
select count(distinct tenant), min(date), max(date) > now() + interval '10 years' as far from report.date;
select d.fiscal_year, d.fiscal_quarter, sum(l.net_tenant) from report.invoice_line l join report.date d on d.tenant_id = l.tenant_id and d.date = l.document_date
group by 1, 2 order by 1, 2;
set role mandant_admin;
select code from mandant.create_tenant('retail', 'Retail', 'US', 'USD', parent => 'us', fiscal_year_start => 'sunday nearest 02-01');
select code from mandant.define_fiscal_year('hk', 2027, '2027-01-01', '01-01');
select t.code, fiscal_year, count(*) as periods, max(fiscal_quarter) as quarters, min(first_day) as first_day, max(last_day) as last_day
from mandant.fiscal_period p join mandant.tenant t on t.id = p.tenant_id
where t.code in ('retail', 'hk') and fiscal_year between 2025 and 2028 group by 1, 2 order by 1, 2;
select period, first_day, last_day - first_day + 1 as days from mandant.fiscal_period p join mandant.tenant t on t.id = p.tenant_id
where t.code = 'retail' and fiscal_year = 2028 order by 1;

-- receivables: ageing is the sum of open items, those of what customers owe
set role report_group;
select tenant, currency_document, sum(open_document) as open, sum(not_due_document + overdue_30_document + overdue_60_document + overdue_90_document + overdue_more_document) as parts
from report.ageing group by 1, 2 order by 1, 2;
select count(*) from (select t.code as tenant, b.currency, sum(b.open - b.credit) as open from crm.customer_balance b join mandant.tenant t on t.id = b.tenant_id group by 1, 2) b
full join (select tenant, currency_document as currency, sum(open_document) as open from report.open_item group by 1, 2) o using (tenant, currency) where b.open is distinct from o.open;
-- taxes: what the documents have, less what early payments took off
select tenant, sum(net_tenant) as net, sum(tax_tenant) as tax from report.tax_summary group by 1 order by 1;
select d.tenant, sum(d.tax_tenant * d.revenue_sign) - coalesce((select sum(round(x.tax * i.exchange_rate, 2)) from crm.settlement_tax x
    join crm.document i on i.tenant_id = x.tenant_id and i.id = x.document_id where x.tenant_id = d.tenant_id), 0) as tax
from report.document d group by d.tenant, d.tenant_id order by 1;
-- the register and its gaps; a company's reader proves its own numbers
select tenant, kind, count(*), min(n), max(n) from report.number_register where period in (0, 2026) group by 1, 2 order by 1, 2;
select * from report.number_gap;
rollback;
