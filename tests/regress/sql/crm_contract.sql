-- Contracts from draft to end, and the run that bills them: what changes from a day on, what rests, notice in time and too
-- late, pro rata, once and never twice, and what is refused. CF-01 CF-02
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null (null)
set datestyle = iso;
begin;
select from mandant.create_tenant('cta', 'Contract AG', 'DE', 'EUR', timezone => 'Europe/Berlin', parent => 'group');
select count(mandant.set_setting('company_' || k, v, tenant => 'cta')) from (values ('street', 'Weg 1'), ('postal_code', '20095'), ('city', 'Hamburg'),
    ('tax_id', 'DE136695976'), ('register', 'HRB 1'), ('directors', 'A')) as s (k, v);
create role crm_clerk login;
create role crm_seller login;
create role crm_books login;
select from mandant.bind_login('crm_clerk', 'cta', 'tenant_sales', read_only => false);
select from mandant.bind_login('crm_seller', 'cta', 'sales_rep', read_only => false);
select from mandant.bind_login('crm_books', 'cta', 'accountant', read_only => false);
set role crm_clerk;
insert into crm.customer (name, street, postal_code, city, country, language, payment_terms_days, discount)
values ('Kunde GmbH', 'Gasse 2', '10115', 'Berlin', 'DE', 'de', 10, 0) returning id as customer \gset
insert into crm.product (code, name, unit, unit_price, currency, tax_rate, tax_code) values ('CARE', 'Wartung', 'month', 30, 'EUR', 19, 'standard') returning id as product \gset

-- a draft is like any other: changed, deleted, without number
select id as draft from crm.create_contract(:'customer', 'Probe', '2026-01-31', '[{"product": "CARE", "quantity": 1}]') \gset
select title, number, starts_on, billing_anchor, currency, billed, ends_on from crm.contract where id = :'draft';
select starts_on, billing_anchor, minimum_months, renewal_months from crm.change_contract(:'draft', starts_on => '2026-02-01', minimum_months => 6, renewal_months => 0);
select position, valid_from, quantity, unit, unit_price from crm.contract_line where contract_id = :'draft';
select renewal_months from crm.change_contract(:'draft', without_term => true);
delete from crm.contract where id = :'draft' returning title;

-- a year at least, then year by year, three months' notice; billed by calendar months, begun in the middle of one
select id as contract from crm.create_contract(:'customer', 'Wartung Werk 1', '2026-01-17',
    '[{"product": "CARE", "quantity": 2}, {"description": "Leitung", "quantity": 1, "unit_price": 9.99, "tax_rate": 19}]',
    minimum_months => 12, renewal_months => 12, notice_months => 3, billing_anchor => '2026-01-01', reference => 'B-77') \gset
select number, ends_on, activated_at is not null as active from crm.activate_contract(:'contract');
select n.day, e.* from unnest(array['2026-10-16', '2026-10-17', '2027-01-16', '2027-01-17']::date[]) as n (day) cross join lateral crm.contract_end(:'contract', n.day) as e;

-- what it is changes from a day on, for good or for a while
select valid_from, quantity, unit_price from crm.change_contract_line(:'contract', 1, '2026-03-11', unit_price => 36, reason => 'Index');
select valid_from, quantity, unit_price from crm.change_contract_line(:'contract', 1, '2026-06-01', quantity => 3, valid_until => '2026-06-30');
select valid_from, quantity, unit_price from crm.change_contract_line(:'contract', 2, '2026-05-01', quantity => 0);
\echo overlapping changes
select crm.change_contract_line(:'contract', 1, '2026-03-11', unit_price => 40);
\echo :SQLSTATE
select crm.change_contract_line(:'contract', 1, '2026-05-20', unit_price => 40, valid_until => '2026-06-02');
\echo :SQLSTATE
select first_day, last_day, reason from crm.suspend_contract(:'contract', '2026-04-05', 'Umbau');
select crm.suspend_contract(:'contract', '2026-04-20', 'nochmal', '2026-04-21');
\echo :SQLSTATE
select first_day, last_day from crm.resume_contract(:'contract', '2026-05-01');

-- who keeps the books makes contracts for customers that he may only read
reset role;
set role crm_books;
select title, currency from crm.create_contract(:'customer', 'Buchhaltung', '2026-01-01', '[{"product": "CARE", "quantity": 1}]');
reset role;
set role crm_clerk;

-- billed: pro rata first period, both prices of March, April but for what rests, then whole months
select number, first_day, last_day from crm.due_contracts('2026-06-30');
reset role;
set role crm_books;
select contract, first_day, last_day, invoice, gross, currency, sqlstate from crm.run_contracts('2026-06-01');
select d.number, d.document_date, d.supplied_on, d.reference, l.position, l.description, l.quantity, l.unit, l.unit_price, l.tax_code, l.tax_category, l.tax_rate, l.net
from crm.contract_period p join crm.document d on d.id = p.document_id join crm.document_line l on l.document_id = d.id
where p.contract_id = :'contract' order by d.number, l.position;
select d.number, d.status, d.net, d.tax, d.gross, d.open_amount, d.due_date, d.exchange_rate, d.tenant_net, d.group_net, d.retain_until, d.customer_name, d.texts ->> 'title' as title,
    (select sum(t.tax) from crm.document_tax t where t.document_id = d.id) as taxes
from crm.contract_period p join crm.document d on d.id = p.document_id where p.contract_id = :'contract' order by d.number;
-- again: nothing; and what is billed is billed
select count(*) from crm.run_contracts('2026-06-01');
select count(*) from crm.run_contracts('2026-06-15');
select state, billed_until, monthly_document from report.contract where contract_id = :'contract';
reset role;
set role crm_clerk;
select crm.change_contract_line(:'contract', 1, '2026-06-30', unit_price => 1);
\echo :SQLSTATE
select crm.withdraw_contract_change(:'contract', 1, '2026-06-01');
\echo :SQLSTATE
select crm.suspend_contract(:'contract', '2026-06-15', 'zu spät');
\echo :SQLSTATE
select crm.withdraw_contract_change(:'contract', 1, '2026-07-01');
select crm.withdraw_contract_change(:'contract', 1, '2026-07-01');
\echo :SQLSTATE

-- notice: too late for the end of the term, it moves to the next; or is refused, by setting
savepoint noticed;
select noticed_on, ends_on from crm.terminate_contract(:'contract', '2026-10-17', reason => 'zu teuer');
select crm.terminate_contract(:'contract', '2026-10-18');
\echo :SQLSTATE
select noticed_on, ends_on from crm.withdraw_termination(:'contract');
select crm.withdraw_termination(:'contract');
\echo :SQLSTATE
select ends_on from crm.terminate_contract(:'contract', '2026-10-16');
rollback to noticed;
reset role;
select from mandant.set_setting('late_notice', 'refuse', tenant => 'cta');
set role crm_clerk;
select crm.terminate_contract(:'contract', '2026-10-17');
\echo :SQLSTATE
\set VERBOSITY default
select crm.terminate_contract(:'contract', '2026-10-17');
\set VERBOSITY terse
select crm.terminate_contract(:'contract', '2026-10-16', '2026-12-31');
\echo :SQLSTATE
select ends_on from crm.terminate_contract(:'contract', '2026-10-17', '2028-01-16');
select noticed_on, ends_on from crm.withdraw_termination(:'contract');
\echo before the start
select crm.terminate_contract(:'contract', '2026-01-16');
\echo :SQLSTATE
select crm.terminate_contract(:'contract', '2026-02-01', '2026-01-01');
\echo :SQLSTATE
\echo by agreement, but not on days that are billed
select crm.terminate_contract(:'contract', '2026-06-20', '2026-06-29', agreed => true);
\echo :SQLSTATE
select crm.terminate_contract(:'contract', '2026-06-20', agreed => true);
\echo :SQLSTATE
select ends_on, end_reason from crm.terminate_contract(:'contract', '2026-06-20', '2026-08-10', 'Einigung', agreed => true);
reset role;
set role crm_books;
-- the last period pro rata, and then no more
select contract, first_day, last_day, gross from crm.run_contracts('2027-01-01');
select count(*) from crm.run_contracts('2027-06-01');
select state, notice_by, next_end from report.contract where contract_id = :'contract';
-- nobody changes what was billed, nor deletes an active contract
reset role;
update crm.contract_period set last_day = last_day - 1;
\echo :SQLSTATE
delete from crm.contract_period;
\echo :SQLSTATE
delete from crm.contract where id = :'contract';
\echo :SQLSTATE
select principal, what, new ->> 'valid_from' as valid_from, new ->> 'ends_on' as ends_on from crm.contract_history(:'contract') where what not like 'insert contract' order by at, what, valid_from;

-- in arrears, quarterly at prices by the month; suspended throughout: nothing, and said so; ends by itself
set role crm_clerk;
select id as quarterly from crm.create_contract(:'customer', 'Quartal', '2026-01-01', '[{"description": "Hosting", "quantity": 3, "unit_price": 10, "tax_code": "standard"}]',
    minimum_months => 9, renewal_months => 0, billing_months => 3, billed => 'arrears') \gset
select ends_on from crm.activate_contract(:'quarterly');
select from crm.suspend_contract(:'quarterly', '2026-04-01', 'Pause', '2026-06-30');
select count(*) from crm.due_contracts('2026-03-30');
select ends_on, notice_by, term_ends_on from crm.contract_end(:'quarterly', '2026-02-01');
reset role;
set role crm_books;
select first_day, last_day, invoice is not null as billed, gross, sqlstate from crm.run_contracts('2026-03-31');
select first_day, last_day, invoice is not null as billed, gross, sqlstate from crm.run_contracts('2026-12-31');
select l.quantity, l.unit_price, l.net from crm.contract_period p join crm.document_line l on l.document_id = p.document_id where p.contract_id = :'quarterly' order by p.first_day;

-- parts of a period are the whole, whatever the month has
reset role;
set role crm_clerk;
select id as parts from crm.create_contract(:'customer', 'Teile', '2026-01-01', '[{"description": "Teil", "quantity": 7, "unit_price": 123.45, "tax_rate": 0}]') \gset
select from crm.activate_contract(:'parts');
select count(distinct l.valid_from) from generate_series('2026-01-02'::date, '2026-01-31', '1 day') as d cross join lateral crm.change_contract_line(:'parts', 1, d::date, quantity => 7) as l;
reset role;
set role crm_books;
select gross, 7 * 123.45 as whole from crm.run_contracts('2026-01-01');

-- one that cannot be billed stops no other, says why, and is billed when it can be
reset role;
set role crm_clerk;
insert into crm.customer (name, street, postal_code, city, country, language) values ('Gesperrt', 'Gasse 3', '10115', 'Berlin', 'DE', 'de') returning id as blocked \gset
select id as refused from crm.create_contract(:'blocked', 'gesperrt', '2026-02-01', '[{"product": "CARE", "quantity": 1}]') \gset
select from crm.activate_contract(:'refused');
select id as yen from crm.create_contract(:'customer', 'ohne Kurs', '2026-02-01', '[{"description": "x", "quantity": 1, "unit_price": 10, "tax_rate": 0}]', currency => 'KWD') \gset
select from crm.activate_contract(:'yen');
select id as fine from crm.create_contract(:'customer', 'geht', '2026-02-01', '[{"product": "CARE", "quantity": 1}]') \gset
select from crm.activate_contract(:'fine');
update crm.customer set state = 'blocked' where id = :'blocked';
select crm.create_contract(:'blocked', 'noch einer', '2026-02-01', '[{"product": "CARE", "quantity": 1}]');
\echo :SQLSTATE
reset role;
set role crm_books;
select r.first_day, r.invoice is not null as billed, r.gross, r.sqlstate, r.message, r.hint is not null as hint
from crm.run_contracts('2026-03-01') as r join crm.contract c on c.id = r.contract_id where c.title <> 'Teile' order by c.title, r.first_day;
select first_day, sqlstate, message from crm.contract_failure order by message;
reset role;
set role crm_clerk;
update crm.customer set state = 'active' where id = :'blocked';
reset role;
set role crm_books;
select r.first_day, r.last_day, r.invoice is not null as billed, r.sqlstate from crm.run_contracts('2026-03-01', array[:'refused']::uuid[]) as r;

-- a locked period, no series, no right, nonsense: nothing is half done
reset role;
select from mandant.set_setting('locked_until', '2026-05-31', tenant => 'cta');
set role crm_books;
select crm.run_contracts('2026-05-31');
\echo :SQLSTATE
select count(*) from crm.contract_period where first_day >= '2026-04-01' and contract_id in (:'fine', :'refused');
reset role;
set role crm_seller;
select count(*) from crm.contract;
select crm.run_contracts('2026-06-01');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.create_contract(:'customer', 'nicht meiner', '2026-02-01');
\set VERBOSITY terse
reset role;
set role crm_clerk;
select crm.create_contract('00000000-0000-7000-8000-000000000000', 'x', '2026-01-01');
\echo :SQLSTATE
select crm.create_contract(:'customer', ' ', '2026-01-01');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', null);
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', billing_months => 0);
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', minimum_months => -1);
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', renewal_months => 0);
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', notice_months => 999);
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', billed => 'sometimes');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', currency => 'XXY');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '{"product": "CARE"}');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"produkt": "CARE"}]');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"product": "NONE", "quantity": 1}]');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"product": "CARE"}]');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"product": "CARE", "quantity": -1}]');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"product": "CARE", "quantity": "viel"}]');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"description": "x", "quantity": 1, "unit_price": 1}]');
\echo :SQLSTATE
select crm.create_contract(:'customer', 'x', '2026-01-01', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_code": "nope"}]');
\echo :SQLSTATE
select id as empty from crm.create_contract(:'customer', 'leer', '2026-01-01') \gset
select crm.activate_contract(:'empty');
\echo :SQLSTATE
select crm.terminate_contract(:'empty');
\echo :SQLSTATE
select crm.change_contract(:'fine', title => 'anders');
\echo :SQLSTATE
select crm.activate_contract(:'fine');
\echo :SQLSTATE
select crm.change_contract_line(:'fine', 9, '2027-01-01', unit_price => 1);
\echo :SQLSTATE
select crm.change_contract_line(:'fine', 1, '2027-01-01');
\echo :SQLSTATE
select crm.change_contract_line(:'fine', 1, '2027-01-01', quantity => 'NaN');
\echo :SQLSTATE
select crm.change_contract_line(:'fine', 1, '2027-01-01', quantity => 1, valid_until => '2026-12-31');
\echo :SQLSTATE
select crm.change_contract_line(:'fine', 1, '2026-01-01', quantity => 1);
\echo :SQLSTATE
\echo a line is added from a day on, and taken back
select position, valid_from, quantity, unit_price, reason from crm.add_contract_line(:'fine', '2027-01-01', '{"product": "CARE", "quantity": 4}', 'mehr');
select crm.withdraw_contract_change(:'fine', 2, '2027-01-01');
select crm.add_contract_line(:'fine', '2025-12-31', '{"product": "CARE", "quantity": 4}');
\echo :SQLSTATE
select crm.add_contract_line(:'fine', null, '{"product": "CARE", "quantity": 4}');
\echo :SQLSTATE
select crm.add_contract_line(:'fine', '2027-01-01', '{"product": "CARE"}');
\echo :SQLSTATE
select crm.add_contract_line(:'fine', '2027-01-01', '[1]');
\echo :SQLSTATE
select crm.suspend_contract(:'fine', '2027-01-01', ' ');
\echo :SQLSTATE
select crm.suspend_contract(:'fine', '2027-01-01', 'x', '2026-12-31');
\echo :SQLSTATE
select crm.resume_contract(:'fine', '2027-01-01');
\echo :SQLSTATE
select crm.contract_end('00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE
select count(*) from crm.contract where title in ('x', 'anders');
update crm.contract set reference = '' where id = :'fine';
\echo :SQLSTATE
\echo a slip of the finger would bill two centuries
select crm.run_contracts('2226-11-29');
\echo :SQLSTATE
update crm.contract set starts_on = '2020-01-01';
\echo :SQLSTATE
insert into crm.contract_line (contract_id, position, valid_from, quantity, unit_price) values (:'fine', 2, '2026-01-01', 1, 1);
\echo :SQLSTATE
update crm.contract set title = 'anders benannt', reference = 'B-78' where id = :'fine' returning title, reference;
reset role;
select from mandant.close_series('cta', 'contract', '2026-01-01');
set role crm_clerk;
select title from crm.change_contract(:'empty', '[{"product": "CARE", "quantity": 1}]');
select crm.activate_contract(:'empty');
\echo :SQLSTATE
-- who merges two customers has the contracts of both
reset role;
select state from crm.merge_customers(:'blocked', :'customer', 'derselbe');
select c.customer_id = :'customer' as survivors from crm.contract c where c.id = :'refused';
rollback;
