-- How long a document is to be kept: by the law of its tenant's country, known from posting on.
-- CF-09 R-RET-01 R-DE-14 R-HK-02 R-US-06 R-US-07
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
\pset null -
begin;

select from mandant.create_tenant('fr', 'Exemple SARL', 'FR', 'EUR', 'group');
select from mandant.create_tenant('hk2', 'Further Ltd.', 'HK', 'HKD', 'group', fiscal_year_start => '01-01');
select from mandant.create_tenant('us2', 'Weeks Inc.', 'US', 'USD', 'group',
    fiscal_year_start => 'sunday nearest 02-01');
insert into crm.customer (tenant_id, name, street, postal_code, city, country)
select t.id, 'Kept in ' || t.code, '1 Street', '10115', 'City', t.country from mandant.tenant as t;

create function crm_posted(tenant text, kind text, day date) returns crm.document
    language plpgsql as $$
begin
    return crm.post_document((crm.create_document(
        (select c.id from crm.customer as c where c.name = 'Kept in ' || tenant), kind,
        '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 0}]', day)).id);
end
$$;
set role mandant_admin;
-- what the companies have not said about themselves is no concern here
set client_min_messages = error;

-- Germany: from the end of the calendar year, vouchers 8 years, letters 6
select k.code, k.record_class, d.document_date, d.retain_until
from crm.document_kind as k, crm_posted('de', k.code, '2026-03-01') as d order by k.code;
select d.document_date, d.retain_until
from unnest(array['2026-01-01', '2026-12-31']::date[]) as day, crm_posted('de', 'invoice', day) as d
order by d.document_date;

-- Hong Kong and the United States: 7 years from the end of the financial year, which differs
select t.code, t.fiscal_year_start, d.document_date, d.retain_until
from unnest(array['hk', 'hk2', 'us', 'us2']) as c
join mandant.tenant as t on t.code = c
cross join unnest(array['2026-03-31', '2026-04-01']::date[]) as day
cross join crm_posted(t.code, 'invoice', day) as d
order by t.code, d.document_date;

-- a country that says nothing: the tenant's own setting
select d.document_date, d.retain_until from crm_posted('fr', 'quote', '2026-03-01') as d;
select from mandant.set_setting('retention_years', '12', tenant => 'fr');
select d.document_date, d.retain_until from crm_posted('fr', 'quote', '2026-03-01') as d;

-- a law of today counts from today on, and what is posted keeps what it was posted with
reset role;
insert into crm.retention_rule values
    ('DE', 'voucher', 5, 'transaction_date', '2026-02-01', 'R-DE-14', 'a later law');
set role mandant_admin;
select d.document_date, d.retain_until from crm_posted('de', 'invoice', '2026-03-01') as d;
select document_date, retain_until, count(*) from crm.document
where kind = 'invoice' and document_date = '2026-03-01'
    and tenant_id = (select id from mandant.tenant where code = 'de')
group by document_date, retain_until order by retain_until;
update crm.document set retain_until = '2026-01-01' where kind = 'invoice';
\echo :SQLSTATE
delete from crm.document where number = 'RE-2026-00001';
\echo :SQLSTATE

-- the day of posting is that of the company, wherever it is posted from
set timezone = 'Pacific/Kiritimati';
select t.code, d.posted_on = (now() at time zone t.timezone)::date as today_there
from mandant.tenant as t, crm_posted(t.code, 'quote', '2026-05-05') as d
where t.code in ('de', 'us', 'hk') order by t.code;
reset timezone;
-- a draft is kept as long as one likes
select retain_until, posted_on, texts, early_payment_days from crm.document
where status = 'draft' limit 1;

-- terms: the customer's, else the tenant's; rewards for early payment where money is asked for
select from mandant.set_setting('payment_terms_days', '21', tenant => 'de');
select from mandant.set_setting('early_payment_days', '7', tenant => 'de');
select from mandant.set_setting('early_payment_percent', '2', tenant => 'de');
select d.kind, d.payment_terms_days, d.due_date, d.early_payment_days, d.early_payment_percent
from unnest(array['invoice', 'credit_note', 'payment', 'quote']) as kind,
    crm_posted('de', kind, '2026-06-01') as d order by d.kind;
update crm.customer set payment_terms_days = 7 where name = 'Kept in de';
select d.payment_terms_days, d.due_date, d.early_payment_days
from crm_posted('de', 'invoice', '2026-06-01') as d;
select from mandant.set_setting('payment_terms_days', '366', tenant => 'de');
\echo :SQLSTATE

-- tax line by line, where one reckons so; a posted document keeps its way
select id as customer from crm.customer where name = 'Kept in us' \gset
select id as by_document from crm.create_document(:'customer', 'invoice',
    '[{"description": "a", "quantity": 1, "unit_price": "0.10", "tax_rate": "5"},
      {"description": "b", "quantity": 1, "unit_price": "0.10", "tax_rate": "5"},
      {"description": "c", "quantity": 1, "unit_price": "-0.10", "tax_rate": "6"}]', '2026-06-01') \gset
select tax_rounding, net, tax, gross from crm.post_document(:'by_document');
select from mandant.set_setting('tax_rounding', 'line', tenant => 'us');
select id as by_line from crm.create_document(:'customer', 'invoice',
    '[{"description": "a", "quantity": 1, "unit_price": "0.10", "tax_rate": "5"},
      {"description": "b", "quantity": 1, "unit_price": "0.10", "tax_rate": "5"},
      {"description": "c", "quantity": 1, "unit_price": "-0.10", "tax_rate": "6"}]', '2026-06-01') \gset
select tax_rounding, net, tax, gross from crm.post_document(:'by_line');
select d.tax_rounding, t.tax_rate, t.net, t.tax
from crm.document as d join crm.document_tax as t on t.document_id = d.id
where d.id in (:'by_document', :'by_line') order by d.tax_rounding, t.tax_rate;

rollback;
