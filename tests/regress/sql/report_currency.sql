-- Currencies stand side by side; what adds up across companies is in the group's; a missing rate is never 1. RP-02 RP-03 RP-06
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;
-- the group's currency is told of selected companies
select id as us from mandant_internal.tenant where code = 'us' \gset
set role report_de;
select report.group_currency(:us) as of_us, report.group_currency(mandant.current_tenant()) as of_de;
set role report_group;

-- every report is the sum of the same documents, to the cent, whatever it is grouped by
select tenant, sum(net_tenant) as tenant_currency, sum(net_group) as group_currency from report.revenue_by_month group by tenant order by tenant;
select count(*) as differences
from (select tenant, month, sum(net_tenant) as net_tenant, sum(net_group) as net_group from report.revenue_by_month group by 1, 2) m
full join (select tenant, month, sum(net_tenant), sum(net_group) from report.revenue_by_customer group by 1, 2) c (tenant, month, ct, cg) using (tenant, month)
full join (select tenant, month, sum(net_tenant), sum(net_group) from report.revenue_by_product group by 1, 2) p (tenant, month, pt, pg) using (tenant, month)
full join (select tenant, month, sum(net_tenant), sum(net_group) from report.revenue_by_team group by 1, 2) e (tenant, month, et, eg) using (tenant, month)
full join (select tenant, month, sum(revenue_group) from report.consolidated_revenue group by 1, 2) s (tenant, month, sg) using (tenant, month)
full join (select tenant, month, sum(net_tenant), sum(net_group) from report.invoice_line group by 1, 2) l (tenant, month, lt, lg) using (tenant, month)
full join (select tenant, month, sum(net_tenant * revenue_sign), sum(net_group * revenue_sign) from report.document where revenue_sign <> 0 group by 1, 2)
    d (tenant, month, dt, dg) using (tenant, month)
where (m.net_tenant, m.net_group) is distinct from (ct, cg) or (ct, cg) is distinct from (pt, pg) or (pt, pg) is distinct from (et, eg)
    or (et, eg) is distinct from (lt, lg) or (lt, lg) is distinct from (dt, dg) or dg is distinct from sg;

-- the group is the sum of its companies less what they bill each other; alone, a company has all its revenue
select tenant, sum(revenue_group) as revenue, sum(intercompany_group) as intercompany, sum(consolidated_group) as consolidated
from report.consolidated_revenue group by rollup (tenant) order by tenant;
select tenant, buyer, month, currency_document, net_document, net_group, eliminated from report.intercompany order by tenant, buyer, month;
set mandant.tenant = 'hk';
select tenant, sum(revenue_group) as revenue, sum(intercompany_group) as intercompany, sum(consolidated_group) as consolidated
from report.consolidated_revenue group by tenant;
select tenant, buyer, net_group, eliminated from report.intercompany order by net_group;
set mandant.tenant = 'hk,us';
select tenant, sum(intercompany_group) as intercompany from report.consolidated_revenue group by tenant order by tenant;
reset mandant.tenant;

-- what a customer was at posting counts: one that joins the group later was not in it before
set role mandant_admin;
select count(crm.set_group_tenant(id, null)) from crm.customer c where group_tenant_id is not null;
set role report_group;
select sum(intercompany_group) as intercompany from report.consolidated_revenue;

-- lines in other currencies: shares of what is frozen, and the running sum is rounded, not the share
set role mandant_admin;
set mandant.tenant = 'hk';
select id as customer from crm.customer where state = 'active' and group_tenant_id is null order by name collate "C" limit 1 \gset
select id as invoice from crm.create_document(:'customer', 'invoice',
    '[{"description": "a third", "quantity": 1, "unit_price": 33.33, "tax_rate": 0}, {"description": "a third", "quantity": 1, "unit_price": 33.33, "tax_rate": 0},
      {"description": "the rest", "quantity": 1, "unit_price": 33.34, "tax_rate": 0}, {"description": "less", "quantity": -1, "unit_price": 0.01, "tax_rate": 0}]',
    '2026-10-23', currency => 'USD', exchange_rate => 7.77777) \gset
select net, tenant_net, group_net from crm.post_document(:'invoice');
select position, net, tenant_net, group_net from crm.document_line where document_id = :'invoice' order by position;
select id as credit from crm.cancel_document(:'invoice', 'test') \gset
select position, net_document, net_tenant, net_group from report.invoice_line where document_id in (:'invoice', :'credit') order by kind, position;
select sum(net_tenant) as tenant, sum(net_group) as group from report.invoice_line where document_id in (:'invoice', :'credit');
select id as nothing from crm.create_document(:'customer', 'invoice',
    '[{"description": "up", "quantity": 1, "unit_price": 50, "tax_rate": 0}, {"description": "down", "quantity": -1, "unit_price": 50, "tax_rate": 0}]',
    '2026-10-23', currency => 'USD') \gset
select net, tenant_net, group_net from crm.post_document(:'nothing');
select position, net, tenant_net from crm.document_line where document_id = :'nothing' order by position;
-- taxes have shares, too
select count(*) from crm.document d join crm.document_tax t on t.tenant_id = d.tenant_id and t.document_id = d.id
where d.currency <> d.tenant_currency and d.status <> 'draft' and (t.tenant_net is null or t.tenant_tax is null);
reset mandant.tenant;

-- by the average or closing rates of the months
select mandant.set_setting('report_rate_type', 'weekly', level => 'group');
\echo :SQLSTATE
insert into crm.exchange_rate (currency, type, rate_date, rate, source) values ('USD', 'average', '2026-11-30', 1.16, 'test'), ('HKD', 'average', '2026-11-30', 9.05, 'test');
select count(mandant.set_setting('report_rate_type', 'average', level => 'group'));
set role report_group;
select tenant, month, currency_tenant, sum(net_tenant) as net_tenant, sum(net_group) as net_group, min(currency_group) as currency_group
from report.revenue_by_month where month = '2026-02-01' group by 1, 2, 3 order by 1;
select count(*) as differences
from (select tenant, month, sum(net_group) as m from report.revenue_by_month group by 1, 2) m
full join (select tenant, month, sum(net_group) as l from report.invoice_line group by 1, 2) l using (tenant, month)
full join (select tenant, month, sum(revenue_group) as s from report.consolidated_revenue group by 1, 2) s using (tenant, month)
where m is distinct from l or l is distinct from s;
select tenant, translation_rate, net_tenant * translation_rate = net_group as translated
from report.document where document_date between '2026-02-01' and '2026-02-28' and kind = 'invoice' group by 1, 2, 3 order by 1;

-- a rate that is missing: facts are null, the list names it, a ready-made report refuses, and only where the group's currency is asked for
set role mandant_admin;
delete from crm.exchange_rate where currency = 'HKD' and type = 'average' and rate_date = '2026-03-31';
set role report_group;
select * from report.missing_rate;
select count(*) > 0 as has_null from report.document where net_group is null;
select sum(net_group) from report.revenue_by_month;
\echo :SQLSTATE
\set VERBOSITY default
select sum(consolidated_group) from report.consolidated_revenue;
\set VERBOSITY terse
select count(*) > 0 as fine from (select tenant, net_tenant from report.revenue_by_month) r;
select sum(net_group) is not null as fine from report.revenue_by_month where month = '2026-04-01';
set role mandant_admin;
select count(mandant.set_setting('report_rate_type', 'daily', level => 'group'));
-- no rate at posting: null, and once the rate is there it counts
select id as customer from crm.customer c where tenant_id = (select id from mandant.tenant where code = 'us') and state = 'active' order by name limit 1 \gset
select id as early from crm.create_document(:'customer', 'invoice', '[{"description": "early", "quantity": 1, "unit_price": 100, "tax_rate": 0}]', '2024-05-05') \gset
select group_currency, group_net from crm.post_document(:'early');
set role report_group;
select * from report.missing_rate;
select net_group from report.invoice_line where document_id = :'early';
select sum(net_group) from report.revenue_by_product;
\echo :SQLSTATE
set role mandant_admin;
insert into crm.exchange_rate (currency, type, rate_date, rate, source) values ('USD', 'daily', '2024-05-03', 1.25, 'test');
set role report_group;
select net_group from report.invoice_line where document_id = :'early';
select net_group from report.revenue_by_month where month = '2024-05-01';
select * from report.missing_rate;

-- reports only read
rollback;
begin read only;
set local role report_group;
select count(*) > 0 as reads from report.revenue_by_month;
select count(*) > 0 as reads from report.ageing;
rollback;
