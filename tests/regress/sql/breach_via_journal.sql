-- Books of another company: read, written, changed, or learnt from balances, names of accounts and refusals. AC-01 AC-07 R-IMM-01 R-DE-18
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a ledger with debit and credit rows, filtered by a variable, that whoever posts can also correct
reset session authorization;
create table breach.ledger (tenant_id int not null, account text not null, debit numeric not null, credit numeric not null);
alter table breach.ledger enable row level security;
create policy ledger on breach.ledger using (tenant_id = current_setting('breach.tenant')::int);
grant select, insert, update, delete on breach.ledger to mandant_user;
insert into breach.ledger values (:de, '1200', 119, 0), (:de, '4400', 0, 119), (:us, '1200', 777, 0), (:us, '4000', 0, 777);
select id as theirs from crm.document where number = 'INV-2026-00003' and tenant_id = :us \gset
select id as own from crm.document where number = 'RE-2026-00003' and tenant_id = :de \gset
set local session authorization breach_de;
update breach.ledger set credit = 100 where account = '4400' returning account, credit;
set local breach.tenant = :us;
select account, debit, credit from breach.ledger order by account;
delete from breach.ledger where account = '4000' returning account;
-- ours: nothing of the other company, whatever it is asked by
select count(*) filter (where tenant_id <> :de) as lines, count(*) > 0 as own from crm.journal_line;
select count(*) filter (where tenant <> 'de') as entries from report.journal;
select count(*) filter (where tenant <> 'de') as balances, sum(balance_tenant) as sum from report.trial_balance;
select count(*) filter (where tenant_id <> :de) as accounts from crm.chart;
select count(*) as lines from crm.journal_line where document_id = :'theirs';
select count(*) as settled from crm.journal_line as j join crm.settlement as s on s.id = j.settlement_id where s.tenant_id <> :de;
\set VERBOSITY sqlstate
set local mandant.tenant = 'us';
select count(*) from report.trial_balance;
reset mandant.tenant;
-- nor is a row written, changed or removed, of anybody's
insert into crm.journal_line (tenant_id, document_id, position, kind, entry, entry_date, debit_account, credit_account, currency, amount, tenant_currency, tenant_amount)
  values (:us, :'theirs', 99, 'invoice', 'revenue', '2026-11-02', '1200', '4000', 'USD', 1, 'USD', 1);
insert into crm.journal_line (tenant_id, document_id, position, kind, entry, entry_date, debit_account, credit_account, currency, amount, tenant_currency, tenant_amount)
  values (:de, :'own', 99, 'invoice', 'revenue', '2026-11-02', '1200', '4400', 'EUR', 1, 'EUR', 1);
update crm.journal_line set amount = 1 where document_id = :'own';
update crm.journal_line set credit_account = '4300';
delete from crm.journal_line where document_id = :'own';
truncate crm.journal_line;
select crm.write_journal(null, null, null, null);
select crm.book_settlement(null);
-- nor the other company's accounts, or those of the chart that all share
select mandant.set_setting('own_accounts', '4000=9999', tenant => 'us');
update crm.account set code = '9999' where country = 'US';
reset session authorization;
\set VERBOSITY terse
-- not even by the owner of the table, who may otherwise do anything with it
set local session authorization default;
set local role crm_owner;
\set VERBOSITY sqlstate
update crm.journal_line set amount = 1;
delete from crm.journal_line;
truncate crm.journal_line;
\set VERBOSITY terse
reset role;
update crm.journal_line set amount = 1 where document_id = :'theirs';
delete from crm.journal_line where document_id = :'theirs';
-- within the company: who sees own documents learns no balance of others
create role breach_seller login;
select from mandant.bind_login('breach_seller', 'de', 'sales_rep');
set local session authorization breach_seller;
select (select count(*) from report.journal) as entries, (select count(*) from report.trial_balance) as balances;
-- legitimate use: the company's own books, and its own accounts
reset session authorization;
set local session authorization breach_de;
select from mandant.set_setting('own_accounts', '4400=4410 Software', tenant => 'de');
select p.id as made from crm.document d, crm.create_document(d.customer_id, 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 100, "tax_rate": 19}]', '2026-11-02') as n,
  crm.post_document(n.id) as p where d.id = :'own' \gset
select entry, debit_account, credit_account, amount from crm.journal_line where document_id = :'made' order by position;
select sum(balance_tenant) as zero from report.trial_balance;
rollback;
