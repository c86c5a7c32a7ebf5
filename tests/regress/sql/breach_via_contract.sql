-- Contracts of others read, changed, ended, billed, or learnt from runs, keys and refusals. AC-01 AC-07 CF-01 CF-02
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a job with the rights of its owner bills whatever is due, for whoever starts it
reset session authorization;
create table breach.agreement (id int primary key, tenant_id int not null, customer text not null, amount numeric not null, billed boolean not null default false);
create function breach.run() returns table (customer text, amount numeric) language sql security definer
    as 'update breach.agreement set billed = true where not billed returning customer, amount';
insert into breach.agreement values (1, :de, 'theirs', 10), (2, :us, 'ours', 90);
select id as de_customer from crm.customer where tenant_id = :de and state = 'active' order by id limit 1 \gset
select id as us_customer from crm.customer where tenant_id = :us and state = 'active' order by id limit 1 \gset
create role breach_biller login;
create role breach_seller login;
select from mandant.bind_login('breach_biller', 'de', 'accountant', read_only => false) as biller, mandant.bind_login('breach_seller', 'de', 'sales_rep', read_only => false) as seller;
set local mandant.tenant = '*';
select id as theirs from crm.create_contract(:'us_customer', 'qx secret', '2026-10-01', '[{"description": "qx service", "quantity": 1, "unit_price": 7777, "tax_rate": 0}]', minimum_months => 1, renewal_months => 0) \gset
select from crm.activate_contract(:'theirs');
select from crm.suspend_contract(:'theirs', '2026-10-20', 'qx pause', '2026-10-21');
select id as own from crm.create_contract(:'de_customer', 'own', '2026-10-01', '[{"description": "service", "quantity": 1, "unit_price": 5, "tax_rate": 19}]', minimum_months => 1, renewal_months => 0) \gset
select from crm.activate_contract(:'own');
reset mandant.tenant;
set local session authorization breach_biller;
select * from breach.run() order by amount;

-- ours: nothing of theirs is seen, and nothing done to it, in whatever way it is named
select count(*) filter (where tenant_id <> :de) as contracts from crm.contract;
select count(*) filter (where tenant_id <> :de) as lines from crm.contract_line;
select count(*) filter (where tenant_id <> :de) as rests from crm.contract_suspension;
select count(*) filter (where tenant <> 'de') as reported from report.contract;
select count(*) filter (where tenant_id <> :de) as due from crm.due_contracts('2026-10-31');
\set VERBOSITY sqlstate
set local mandant.tenant = 'us';
select count(*) from crm.due_contracts('2026-10-31');
set local mandant.tenant = '';
select crm.contract_end(:'theirs');
select crm.contract_history(:'theirs');
select crm.change_contract(:'theirs', title => 'mine');
select crm.change_contract_line(:'theirs', 1, '2026-10-05', unit_price => 0);
select crm.add_contract_line(:'theirs', '2026-10-05', '{"description": "mine", "quantity": 1, "unit_price": 0, "tax_rate": 0}');
select crm.withdraw_contract_change(:'theirs', 1, '2026-10-05');
select crm.suspend_contract(:'theirs', '2026-10-05', 'mine');
select crm.resume_contract(:'theirs', '2026-10-20');
select crm.terminate_contract(:'theirs', '2026-10-05', '2026-10-06', agreed => true);
select crm.withdraw_termination(:'theirs');
select crm.activate_contract(:'theirs');
select crm.create_contract(:'us_customer', 'mine', '2026-10-01');
select count(*) as billed from crm.run_contracts('2026-10-31', array[:'theirs']::uuid[]);
update crm.contract set title = 'mine' where id = :'theirs' returning title;
delete from crm.contract where id = :'theirs' returning title;
-- the tables themselves are not to be written, not even with own rows
insert into crm.contract (customer_id, title, currency, starts_on, billing_anchor) values (:'de_customer', 'by hand', 'EUR', '2026-10-01', '2026-10-01');
insert into crm.contract_line (contract_id, position, valid_from, quantity, unit_price) values (:'own', 2, '2026-10-01', 1, 0);
insert into crm.contract_period (contract_id, first_day, last_day) values (:'own', '2026-10-01', '2026-10-31');
delete from crm.contract_period;
update crm.contract set ends_on = '2026-10-02', billed = 'arrears';
-- what a run reckons with is not for callers: no invoice is made of a bill that one has made up
select crm.write_bills(array[null]::crm.contract_bill[], null, null);
select crm.issue_bills(array[null]::crm.contract_bill[], null, null);
select crm.freeze(array[null]::crm.document[]);
-- within the company: whoever sees own ones alone has none of others, and bills none
reset session authorization;
set local session authorization breach_seller;
select count(*) as contracts from crm.contract;
select crm.run_contracts('2026-10-31');
select crm.contract_end(:'own');
-- legitimate use: the company's own, once
reset session authorization;
set local session authorization breach_biller;
select contract is not null as contract, first_day, last_day, gross from crm.run_contracts('2026-10-31', array[:'own']::uuid[]);
select count(*) as again from crm.run_contracts('2026-10-31', array[:'own']::uuid[]);
reset session authorization;
select count(*) filter (where c.title = 'qx secret') as billed_of_theirs, (select title from crm.contract where id = :'theirs') as theirs
from crm.contract_period p join crm.contract c on c.id = p.contract_id;
rollback;
