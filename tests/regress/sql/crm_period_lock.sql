-- A locked period: nothing is posted in it and nothing is put there; its documents are corrected
-- in one that is open.
-- CF-06 R-IMM-02
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
create role crm_sales_us login;
select from mandant.bind_login('crm_sales_us', 'us', 'tenant_sales');
create role crm_manager_de login;
select from mandant.bind_login('crm_manager_de', 'de', 'tenant_manager');
create function crm_draft(customer text, kind text, day date) returns uuid
    language sql as $$
    select id from crm.create_document(
        (select c.id from crm.customer as c where c.name = customer), kind,
        '[{"description": "x", "quantity": 1, "unit_price": 100, "tax_rate": 0}]', day)
$$;

set role crm_sales_de;
select crm_draft('Bäckerei Größinger KG', 'invoice', '2026-09-30') as last_day \gset
select crm_draft('Bäckerei Größinger KG', 'invoice', '2026-09-29') as other \gset
select crm_draft('Bäckerei Größinger KG', 'invoice', '2026-10-01') as first_day \gset
select number as original from crm.post_document(crm_draft('Bäckerei Größinger KG', 'invoice',
    '2026-09-01')) \gset

-- who sells does not lock, who manages does
select mandant.set_setting('locked_until', '2026-09-30');
\echo :SQLSTATE
set role crm_manager_de;
select from mandant.set_setting('locked_until', '2026-02-30');
\echo :SQLSTATE
select from mandant.set_setting('locked_until', '2026-09-30', reason => 'third quarter reported');

-- nothing is posted there any more, to the day; the number stays free
set role crm_sales_de;
\set SHOW_CONTEXT never
\set VERBOSITY default
select crm.post_document(:'last_day');
\set VERBOSITY terse
\echo :SQLSTATE
select number, status from crm.document where id = :'last_day';
select number, document_date from crm.post_document(:'first_day');

-- nor put there: made, moved or written
select crm_draft('Bäckerei Größinger KG', 'quote', '2026-09-30');
\echo :SQLSTATE
select crm_draft('Bäckerei Größinger KG', 'quote', '2026-10-01') as open \gset
select crm.change_document(:'open', document_date => '2026-09-15');
\echo :SQLSTATE
update crm.document set document_date = '2026-01-01' where id = :'open';
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency)
select 'quote', c.id, '2026-09-30', 'EUR' from crm.customer as c
where c.name = 'Bäckerei Größinger KG';
\echo :SQLSTATE

-- a draft that lies there may change, leave or go
select document_date, reference from crm.change_document(:'last_day', reference => 'too late');
select document_date, net from crm.change_document(:'last_day',
    '[{"description": "y", "quantity": 1, "unit_price": 50, "tax_rate": 0}]');
select document_date from crm.change_document(:'last_day', document_date => '2026-09-15');
\echo :SQLSTATE
select document_date from crm.change_document(:'last_day', document_date => '2026-10-02');
select number from crm.post_document(:'last_day');
delete from crm.document where id = :'other' returning status;

-- what was posted there before stays as it is, and is corrected where it is open
select crm.post_document(id) from crm.document where number = :'original' and kind = 'invoice';
\echo :SQLSTATE
select kind, number, document_date, open_amount
from crm.post_document(crm_draft('Bäckerei Größinger KG', 'credit_note', '2026-10-01'));

-- another company is not concerned
set role crm_sales_us;
select kind, document_date from crm.post_document(crm_draft('Lakeshore Credit Union', 'invoice',
    '2026-09-30'));

-- a day later, everything until then; unlocked, it is open again, and the history tells
set role crm_manager_de;
select from mandant.set_setting('locked_until', '2026-10-31');
select crm.post_document(:'open');
\echo :SQLSTATE
select from mandant.set_setting('locked_until', '2026-09-30', reason => 'October again');
select number from crm.post_document(:'open');
select from mandant.unset_setting('locked_until');
select number from crm.post_document(crm_draft('Bäckerei Größinger KG', 'invoice', '2026-09-30'));
select tenant, value, set_by, reason from mandant.setting_history
where key = 'locked_until' order by set_at;

-- the group locks for all
reset role;
set role mandant_admin;
select from mandant.set_setting('locked_until', '2026-08-31', level => 'group');
set role crm_sales_us;
select crm_draft('Lakeshore Credit Union', 'invoice', '2026-08-31');
\echo :SQLSTATE
select crm_draft('Lakeshore Credit Union', 'invoice', '2026-09-01') is not null as open;

rollback;
