-- The demo group, as README and scripts use it.
-- NR-01 MD-01
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

set role mandant_admin;
select t.code, t.name, p.code as parent, t.country, t.currency, t.timezone
from mandant.tenant as t left join mandant.tenant as p on p.id = t.parent_id
order by t.code;
select t.code, p.kind, p.name, p.full_name
from mandant.principal as p join mandant.tenant as t on t.id = p.tenant_id
order by p.name collate "C";
select t.code, s.kind, s.pattern, s.reset, s.policy
from mandant.series as s join mandant.tenant as t on t.id = s.tenant_id order by t.code, s.kind;
select t.code, d.kind, d.status, d.currency, count(*), min(d.number), max(d.number),
    min(d.document_date), max(d.document_date)
from crm.document as d join mandant.tenant as t on t.id = d.tenant_id
group by t.code, d.kind, d.status, d.currency order by t.code, d.kind, d.status, d.currency;
select c.name, c.street, c.postal_code, c.city, c.region, c.country
from crm.customer as c order by c.name collate "C";
select p.code, p.name, p.unit, p.unit_price, p.currency, p.tax_rate
from crm.product as p order by p.currency, p.code collate "C";

-- a company in a currency that nobody knows could not write a document
select from mandant.create_tenant('xx', 'Nowhere Ltd.', 'US', 'XXX', 'group');
\echo :SQLSTATE

-- a new company of the group can work at once, with its country's numbers
select code, currency from mandant.create_tenant('ch', 'Example Schweiz AG', 'CH', 'CHF', 'group');
select s.kind, s.pattern from mandant.series as s join mandant.tenant as t on t.id = s.tenant_id
where t.code = 'ch' order by s.kind;
insert into crm.customer (tenant_id, name, country)
    select t.id, 'Käserei Emmental AG', 'CH' from mandant.tenant as t where t.code = 'ch';
select d.number, d.currency, d.gross
from crm.customer as c,
    crm.create_document(c.id, 'invoice', '[{"description": "Beratung", "quantity": 1,
        "unit_price": 200, "tax_rate": "8.1"}]', '2026-10-20') as draft,
    crm.post_document(draft.id) as d
where c.name = 'Käserei Emmental AG';

rollback;
