-- Reminders of others read, run, withdrawn, kept from being sent, or learnt from runs, keys and refusals. AC-01 AC-07 CF-05
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a nightly job with the rights of its owner reminds whoever owes, for whoever starts it
reset session authorization;
create table breach.debt (id int primary key, tenant_id int not null, customer text not null, amount numeric not null, blocked boolean not null default false, level int not null default 0);
create function breach.remind() returns table (customer text, amount numeric) language sql security definer
    as 'update breach.debt set level = level + 1 where not blocked returning customer, amount';
insert into breach.debt values (1, :de, 'theirs', 10), (2, :us, 'ours', 90);
create role breach_books login;
create role breach_seller login;
create role breach_clerk login;
select from mandant.bind_login('breach_books', 'de', 'accountant', read_only => false) as books, mandant.bind_login('breach_seller', 'de', 'sales_rep', read_only => false) as seller;
-- one who may make reminders and lacks nothing, but sees own ones alone: to him everything would seem not yet reminded of
select from mandant.define_role('breach_role', 'own reminders');
select count(mandant.allow('breach_role', v.object, v.actions, v.depth)) from (values ('reminder', array['read', 'create', 'update', 'post'], 'own'),
    ('tenant', '{read}', 'tenant'), ('document', '{read}', 'tenant'), ('customer', '{read}', 'tenant')) as v (object, actions, depth);
select from mandant.bind_login('breach_clerk', 'de', 'breach_role', read_only => false);
-- one who sees all reminders and invoices, but no payments: to him everybody would seem to owe the whole
create role breach_blind login;
select from mandant.define_role('breach_blind_role', 'all reminders, no payments');
select count(mandant.allow('breach_blind_role', v.object, v.actions, 'tenant')) from (values ('reminder', array['read', 'create', 'update', 'post']),
    ('tenant', '{read}'), ('invoice', '{read}'), ('customer', '{read}')) as v (object, actions);
select from mandant.bind_login('breach_blind', 'de', 'breach_blind_role', read_only => false);
set local mandant.tenant = '*';
select count(*) > 0 as sent from crm.run_reminders('2026-11-01', 'us');
select id as theirs from crm.reminder where tenant_id = :us order by number limit 1 \gset
select document_id as their_invoice from crm.reminder_item where reminder_id = :'theirs' limit 1 \gset
select customer_id as their_customer from crm.reminder where id = :'theirs' \gset
select count(*) as blocked from crm.block_reminders(customer_id => :'their_customer', reason => 'qx secret');
select id as our_invoice, customer_id as our_customer from crm.document where tenant_id = :de and kind = 'invoice' and open_amount > 0 order by number limit 1 \gset
reset mandant.tenant;
set local session authorization breach_books;
select * from breach.remind() order by amount;

-- ours: nothing of theirs is seen, and nothing done to it, in whatever way it is named
select count(*) filter (where tenant_id <> :de) as reminders from crm.reminder;
select count(*) filter (where tenant_id <> :de) as items from crm.reminder_item;
select count(*) filter (where tenant_id <> :de) as blocks from crm.reminder_block;
select count(*) filter (where tenant_id <> :de) as levels, count(*) > 0 as some from crm.effective_reminder_level;
select count(*) filter (where tenant <> 'de') as reported from report.reminder;
select count(*) filter (where tenant <> 'de') as reported from report.reminder_item;
select count(*) filter (where tenant <> 'de' or reminded_on is not null) as reminded from report.open_item;
select count(*) filter (where tenant <> 'de') as due, count(*) > 0 as some from crm.due_reminders('2026-11-29');
\set VERBOSITY sqlstate
set local mandant.tenant = 'us';
select count(*) from crm.due_reminders('2026-11-29');
select count(*) from crm.run_reminders('2026-11-29');
set local mandant.tenant = '';
select count(*) from crm.run_reminders('2026-11-29', 'us');
select crm.render_reminder(:'theirs');
select crm.withdraw_reminder(:'theirs', 'mine');
select crm.block_reminders(:'their_invoice', reason => 'mine');
select crm.block_reminders(customer_id => :'their_customer', reason => 'mine');
select crm.unblock_reminders(customer_id => :'their_customer');
select count(*) from crm.define_reminder_levels('[]', 'us');
-- the tables themselves are not to be written, not even with own rows
insert into crm.reminder (customer_id, reminder_date, level, currency, amount, credit, fee, payment_days, customer_name, customer_country, texts, issuer) values (:'our_customer', '2026-11-01', 1, 'EUR', 1, 0, 0, 7, 'x', 'DE', '{}', '{}');
insert into crm.reminder_item (reminder_id, position, document_id, number, document_date, due_date, gross, open_amount, level, days_overdue, reminder_date) values (:'theirs', 9, :'our_invoice', 'x', '2026-01-01', '2026-01-01', 1, 1, 1, 1, '2026-11-01');
insert into crm.reminder_block (document_id, reason) values (:'our_invoice', 'by hand');
insert into crm.reminder_level (level, days_overdue, days_since_last, payment_days, titles, texts) values (1, 1, 1, 1, '{"en": "x"}', '{"en": "x"}');
insert into crm.default_reminder_level values (4, 90, 7, 7, 0, '{"en": "x"}', '{"en": "x"}');
update crm.reminder set fee = 99;
delete from crm.reminder_block;
-- what a run reckons with is not for callers: no letter is written of what one has made up
select crm.write_reminder(null, null, null);
select crm.reckon_reminders(null, null);
select crm.fill_reminder(null, null);
-- within the company: whoever sees own ones alone has none of others, and makes none, though he may make his
reset session authorization;
set local session authorization breach_seller;
select count(*) as reminders from crm.reminder;
select count(*) as due from crm.due_reminders('2026-11-29');
select count(*) from crm.run_reminders('2026-11-29');
reset session authorization;
set local session authorization breach_clerk;
select count(*) as due from crm.due_reminders('2026-11-29');
select count(*) from crm.run_reminders('2026-11-29');
reset session authorization;
set local session authorization breach_blind;
select count(*) > 0 as invoices, count(*) filter (where kind <> 'invoice') as others from crm.document;
select count(*) > 0 as levels from crm.effective_reminder_level;
select count(*) as due from crm.due_reminders('2026-11-29');
select count(*) from crm.run_reminders('2026-11-29');
-- who may read all documents, by that name, sees payments too
reset session authorization;
select count(mandant.allow('breach_blind_role', 'document', '{read}', 'tenant'));
set local session authorization breach_blind;
select count(*) > 0 as due from crm.due_reminders('2026-11-29');
-- legitimate use: the company's own, once, and what is blocked not
reset session authorization;
set local session authorization breach_books;
select reason from crm.block_reminders(:'our_invoice', reason => 'disputed');
select count(*) > 5 as reminded, count(*) filter (where tenant_code <> 'de' or sqlstate is not null) as others, count(*) filter (where customer_id = :'our_customer') as blocked from crm.run_reminders('2026-11-29');
select count(*) as again from crm.run_reminders('2026-11-29');
reset session authorization;
select count(*) filter (where reminder_date = '2026-11-29') as theirs_since, count(*) filter (where withdrawn_at is not null) as withdrawn from crm.reminder where tenant_id = :us;
select reason from crm.reminder_block where customer_id = :'their_customer';
rollback;
