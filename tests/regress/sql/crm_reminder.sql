-- Reminders of what is overdue: levels with texts and fees, what is left out, one letter per customer and currency, once and
-- never twice, withdrawn, printed in the customer's language, and what is refused. CF-05 R-NUM-06
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null (null)
set datestyle = iso;
begin;
select from mandant.create_tenant('rma', 'Reminder AG', 'DE', 'EUR', timezone => 'Europe/Berlin', parent => 'group');
select count(mandant.set_setting('company_' || k, v, tenant => 'rma')) from (values ('street', 'Weg 1'), ('postal_code', '20095'), ('city', 'Hamburg'),
    ('tax_id', 'DE136695976'), ('register', 'HRB 1'), ('directors', 'A'), ('bank_account', 'IBAN DE02')) as s (k, v);
create role crm_books login;
create role crm_seller login;
create role crm_other login;
select from mandant.bind_login('crm_books', 'rma', 'accountant', read_only => false);
select from mandant.bind_login('crm_seller', 'rma', 'sales_rep', read_only => false);
select from mandant.bind_login('crm_other', 'rma', 'tenant_sales', read_only => false);
select id as seller from mandant.principal where name = 'crm_seller' \gset
select id as rma from mandant.tenant where code = 'rma' \gset
select kind, pattern from mandant.series where tenant_id = :rma and kind = 'reminder';
insert into crm.customer (tenant_id, owner_id, name, street, postal_code, city, country, language, payment_terms_days)
select :rma, case when name like 'A%' then :'seller'::uuid end, name, 'Gasse 2', '10115', 'Berlin', country, language, 10
from (values ('Amsel GmbH', 'DE', 'de'), ('Bussard Ltd.', 'GB', 'en'), ('Chan 公司', 'HK', 'zh-Hant-HK'), ('Dohle KG', 'DE', 'fr')) as c (name, country, language);
select id as amsel from crm.customer where name = 'Amsel GmbH' \gset
select id as bussard from crm.customer where name = 'Bussard Ltd.' \gset
select id as chan from crm.customer where name = 'Chan 公司' \gset
select id as dohle from crm.customer where name = 'Dohle KG' \gset
create function crm_invoice(customer uuid, day date, amount numeric, currency text default null) returns uuid language sql as $$
    select (crm.post_document((crm.create_document(customer, 'invoice', jsonb_build_array(jsonb_build_object('description', 'Ware', 'quantity', 1,
        'unit_price', amount, 'tax_rate', 0)), day, currency => crm_invoice.currency, owner_id => (select c.owner_id from crm.customer c where c.id = $1))).id)).id
$$;
select crm_invoice(:'amsel', '2026-08-01', 100) as a1, crm_invoice(:'amsel', '2026-09-10', 40.5) as a2, crm_invoice(:'amsel', '2026-10-25', 7) as a3, -- 11 Aug, 20 Sep, 4 Nov
    crm_invoice(:'amsel', '2026-08-01', 200, 'USD') as a4, crm_invoice(:'bussard', '2026-09-01', 60, 'GBP') as b1, crm_invoice(:'chan', '2026-09-01', 70) as c1,
    crm_invoice(:'dohle', '2026-09-01', 80) as d1, crm_invoice(:'dohle', '2026-09-02', 90) as d2 \gset
set role crm_books;

-- the group's levels, until the tenant has its own; the fee by setting, none unless said
select level, days_overdue, days_since_last, payment_days, fee, titles ->> 'de' as title, inherited from crm.effective_reminder_level order by level;
select tenant, customer, currency, level, days_overdue, amount, credit, fee, total, (select string_agg(concat(i ->> 'number', ' ', i ->> 'level', ' ', i ->> 'days_overdue'), ', ') from jsonb_array_elements(items) i) as items
from crm.due_reminders('2026-09-30');
\echo levels that are none
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "titles": {"en": "One"}, "texts": {"en": "1"}}, {"days_overdue": 10, "titles": {"en": "Two"}, "texts": {"en": "2"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "titles": {"en": "One"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "titles": {"de": "Eins"}, "texts": {"en": "1"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "fee": -1, "titles": {"en": "One"}, "texts": {"en": "1"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "fee": "NaN", "titles": {"en": "One"}, "texts": {"en": "1"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "days_since_last": 0, "titles": {"en": "One"}, "texts": {"en": "1"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": "soon", "titles": {"en": "One"}, "texts": {"en": "1"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"days_overdue": 1e10, "titles": {"en": "One"}, "texts": {"en": "1"}}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[{"day_overdue": 10}]');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('{"days_overdue": 10}');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels(null);
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[]', 'us');
\echo :SQLSTATE
select count(*) from crm.define_reminder_levels('[]', 'nowhere');
\echo :SQLSTATE
insert into crm.reminder_level values (:rma, 1, 1, 1, 1, 1, '{"en": "x"}', '{"en": "x"}');
\echo :SQLSTATE
\echo nothing half done
select count(*) filter (where inherited) as inherited, count(*) from crm.effective_reminder_level;
\set VERBOSITY default
select count(*) from crm.define_reminder_levels('[{"days_overdue": 10, "titles": {"en": "One"}, "texts": {"en": "1"}}, {"days_overdue": 9, "titles": {"en": "Two"}, "texts": {"en": "2"}}]');
\set VERBOSITY terse
reset role;
\echo whoever keeps what all share
insert into crm.default_reminder_level values (5, 90, 7, 7, 0, '{"en": "x"}', '{"en": "x"}');
\echo :SQLSTATE
delete from crm.default_reminder_level where level = 1;
\echo :SQLSTATE
update crm.default_reminder_level set fee = 5;
\echo :SQLSTATE
select mandant.set_setting('reminder_fee', '-1', tenant => 'rma') is null;
\echo :SQLSTATE

-- the tenant's own: the second costs what the setting says, the third its own
select level, days_overdue, days_since_last, payment_days, fee from crm.define_reminder_levels('[
    {"days_overdue": 5, "payment_days": 10, "fee": 0, "titles": {"de": "Erinnerung", "en": "Reminder", "zh-Hant": "提示"}, "texts": {"de": "Bitte {amount} bis {date}.", "en": "Please pay {amount} by {date}.", "zh-Hant": "請於 {date} 支付 {amount}"}},
    {"days_overdue": 20, "days_since_last": 10, "titles": {"de": "Mahnung", "en": "Second reminder"}, "texts": {"de": "{amount}, davon {fee}, in {days} Tagen", "en": "{amount} with {fee} in {days} days"}},
    {"days_overdue": 30, "days_since_last": 10, "fee": "12.50", "titles": {"en": "Last reminder"}, "texts": {"en": "{amount}"}}]', 'rma');
select from mandant.set_setting('reminder_fee', '5', tenant => 'rma');
set role crm_books;

-- blocked: until a day, for ever, a customer with all of his; changed by saying it again
select document_id = :'d1' as d1, customer_id, blocked_until, reason from crm.block_reminders(:'d1', reason => 'strittig');
select customer_id = :'chan' as chan, blocked_until from crm.block_reminders(customer_id => :'chan', until => '2999-12-31', reason => 'Absprache');
select blocked_until from crm.block_reminders(customer_id => :'chan', until => '2999-12-01', reason => 'Absprache, neu');
select count(*) from crm.reminder_block;
\echo blocks that are none
select crm.block_reminders(:'d2', '2020-01-01', 'vorbei');
\echo :SQLSTATE
select crm.block_reminders(:'d2');
\echo :SQLSTATE
select crm.block_reminders(:'d2', reason => ' ');
\echo :SQLSTATE
select crm.block_reminders(reason => 'was?');
\echo :SQLSTATE
select crm.block_reminders(:'d2', customer_id => :'chan', reason => 'beides');
\echo :SQLSTATE
select crm.block_reminders('00000000-0000-0000-0000-000000000000', reason => 'x');
\echo :SQLSTATE
select crm.block_reminders(customer_id => '00000000-0000-0000-0000-000000000000', reason => 'x');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.unblock_reminders(:'d2');
\set VERBOSITY terse
\echo :SQLSTATE
-- what is paid, cancelled, a draft or owed to the customer is left out
select from crm.record_payment(:'dohle', 20, '2026-09-20');
reset role;
select id as draft from crm.create_document(:'dohle', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 0}]', '2026-08-01') \gset
select crm_invoice(:'dohle', '2026-08-03', 1000) as gone, crm_invoice(:'dohle', '2026-08-04', 500) as paid \gset
select status from crm.cancel_document(:'gone', 'Irrtum', '2026-08-05');
select from crm.record_payment(:'dohle', 500, '2026-08-20', allocations => jsonb_build_array(jsonb_build_object('document_id', :'paid')));
savepoint drafted;
\set VERBOSITY sqlstate
select crm.block_reminders(:'draft', reason => 'ein Entwurf');
\set VERBOSITY terse
rollback to drafted;
select crm.block_reminders((select id from crm.document where customer_id = :'dohle' and kind = 'payment' limit 1), reason => 'keine Rechnung') is null;
\echo :SQLSTATE
set role crm_books;

-- due, and run: one for each customer and currency; what cannot be does not stop the others
select customer, currency, level, amount, credit, fee, total, jsonb_array_length(items) as items from crm.due_reminders('2026-09-30');
select tenant_code, number, customer, level, currency, amount, credit, fee, total, sqlstate from crm.run_reminders('2026-09-30');
select r.number, r.reminder_date, r.pay_until, r.issued_at is not null as issued, r.owner_id = :'seller' as sellers, r.customer_name, r.customer_country, r.texts ->> 'language' as language,
    r.texts ->> 'title' as title, r.texts ->> 'text' as text, r.issuer ->> 'bank_account' as account from crm.reminder r order by r.number;
select r.number, i.position, i.document_date, i.due_date, i.gross, i.open_amount, i.level, i.days_overdue from crm.reminder r join crm.reminder_item i on i.reminder_id = r.id order by 1, 2;
-- again: nothing, that day, the days after, and on a day before
select count(*) from crm.run_reminders('2026-09-30');
select count(*) from crm.run_reminders('2026-10-04');
select count(*) from crm.run_reminders('2026-09-20');
select count(*) from crm.run_reminders('2000-01-01');

-- the next level when its days have passed: the fee of the highest, in the currency of the letter; what came later is at its own level
reset role;
delete from crm.exchange_rate where currency = 'GBP' and rate_date between '2026-09-20' and '2026-10-12';
set role crm_books;
select count(*) from crm.due_reminders('2026-10-09');
select customer, currency, level, fee, total from crm.due_reminders('2026-10-10');
select number, customer, level, currency, amount, fee, total, sqlstate, message, hint from crm.run_reminders('2026-10-10');
select i.level, i.days_overdue, i.open_amount from crm.reminder r join crm.reminder_item i on i.reminder_id = r.id where r.number = 'MA-2026-00005' order by i.position;
select r.texts ->> 'text' as text from crm.reminder r where r.number in ('MA-2026-00005', 'MA-2026-00006', 'MA-2026-00007') order by number;
-- the block is over, or lifted
select reason from crm.unblock_reminders(customer_id => :'chan');
select number, customer, level, total, currency from crm.run_reminders('2026-10-20', 'rma');
select level from crm.reminder where customer_id = :'amsel' and currency = 'EUR' order by number;
-- after the last level to none
select number, customer, level, total, currency, sqlstate from crm.run_reminders('2026-11-20');
select number, customer, level, total, currency, sqlstate from crm.run_reminders('2027-02-20');
select count(*) from crm.run_reminders('2027-08-20');

-- a reminder stays as it was sent; withdrawn, it counts as not sent
reset role;
update crm.reminder set fee = 0;
\echo :SQLSTATE
delete from crm.reminder;
\echo :SQLSTATE
update crm.reminder_item set open_amount = 1;
\echo :SQLSTATE
update crm.reminder_item set withdrawn = true;
\echo :SQLSTATE
delete from crm.reminder_item;
\echo :SQLSTATE
truncate crm.reminder cascade;
\echo :SQLSTATE
set role crm_books;
select id as last, md5(crm.render_reminder(id)) as paper from crm.reminder where customer_id = :'dohle' order by number desc limit 1 \gset
select crm.withdraw_reminder(:'last', ' ');
\echo :SQLSTATE
select number, withdrawn_at is not null as withdrawn, withdrawn_reason from crm.withdraw_reminder(:'last', 'bezahlt, nur falsch gebucht');
select crm.withdraw_reminder(:'last', 'noch einmal');
\echo :SQLSTATE
select crm.withdraw_reminder('00000000-0000-0000-0000-000000000000', 'x');
\echo :SQLSTATE
select md5(crm.render_reminder(:'last')) = :'paper' as same_paper;
select customer, level from crm.due_reminders('2027-02-20');
select level, customer, sqlstate from crm.run_reminders('2027-02-20');
select reminder_level, reminded_on from report.open_item where document_id = :'d2';

-- the letter, in the customer's language
select crm.render_reminder((select id from crm.reminder where number = 'MA-2026-00005')) as page \gset
select regexp_replace(regexp_replace(:'page', '<style>.*</style>', ''), '<[^>]*>', ' ', 'g') ~ 'Mahnung MA-2026-00005.*145,50 EUR, davon 5,00 EUR.*RE-2026-00001.*Mahngebühr\s+5,00' as german;
select crm.render_reminder((select id from crm.reminder where customer_id = :'chan' order by number limit 1)) ~ '催款通知編號.*提示 MA-2026.*請於 2026年10月30日 支付 70.00 EUR' as chinese,
    crm.render_reminder((select id from crm.reminder where customer_id = :'bussard' order by number limit 1)) ~ '<html lang="en">.*Reminder number.*Please pay 60.00 GBP by 10 October 2026' as english;
select crm.render_reminder('00000000-0000-0000-0000-000000000000');
\echo :SQLSTATE

-- who owes nothing on balance is not reminded
reset role;
select from crm.record_payment(:'dohle', 1000, '2027-02-21');
select sum(open_amount) from crm.document where customer_id = :'dohle' and open_amount < 0;
select from crm_invoice(:'dohle', '2027-02-22', 800);
set role crm_books;
select count(*) from crm.due_reminders('2027-04-20') where customer = 'Dohle KG';
reset role;
select from crm_invoice(:'dohle', '2027-02-22', 100);
set role crm_books;
-- and who does is asked for the balance
select level, amount, credit, fee, total from crm.run_reminders('2027-04-20') where customer = 'Dohle KG';
select crm.render_reminder((select id from crm.reminder where customer_id = :'dohle' order by number desc limit 1)) ~ 'Abzüglich Ihres Guthabens</td><td class="figure">-850,00<' as letter;

-- reports: in three currencies, and what of open items was reminded of
select number, level, withdrawn, documents, currency_document, amount_document, credit_document, fee_document, total_document, currency_tenant, total_tenant from report.reminder order by number limit 8;
select count(*) as items, count(*) filter (where withdrawn) as withdrawn from report.reminder_item;
select tenant, sum(total_group) = (select sum(total_tenant) from report.reminder) as same from report.reminder group by tenant;

-- the numbers: all used, none missing
select state, count(*), min(number), max(number) from report.number_register where kind = 'reminder' group by 1;
select count(*) from report.number_gap where kind = 'reminder';

-- who may: whoever makes them; a seller sees those of his customers; others nothing
reset role;
set role crm_seller;
select count(*) as reminders, count(*) filter (where customer_id <> :'amsel') as of_others from crm.reminder;
select count(distinct reminder_id) from report.reminder_item;
select crm.render_reminder((select id from crm.reminder order by number limit 1)) like '%Erinnerung MA-2026-00001%' as his;
select count(*) from crm.effective_reminder_level;
select count(*) from crm.due_reminders('2027-03-20');
select crm.run_reminders('2027-03-20');
\echo :SQLSTATE
select crm.run_reminders('2027-03-20', 'rma');
\echo :SQLSTATE
select crm.withdraw_reminder((select id from crm.reminder order by number limit 1), 'x');
\echo :SQLSTATE
select crm.block_reminders(:'a1', reason => 'mein Kunde');
\echo :SQLSTATE
select crm.define_reminder_levels('[]');
\echo :SQLSTATE
reset role;
set role crm_other;
select count(*) > 5 as reads from crm.reminder;
select crm.run_reminders('2027-03-20');
\echo :SQLSTATE
reset role;
set role crm_books;
select crm.run_reminders('2027-03-20', 'us');
\echo :SQLSTATE
select crm.run_reminders('2027-03-20', 'nowhere');
\echo :SQLSTATE
select crm.run_reminders('infinity');
\echo :SQLSTATE
\set VERBOSITY default
select crm.run_reminders('2027-03-20', 'nowhere');
\set VERBOSITY terse
-- handed over: whose it is may change, what it says not
reset role;
select count(*) from mandant.assign('crm.reminder', (select id::text from crm.reminder where customer_id = :'bussard' order by number limit 1), 'crm_seller');
set role crm_seller;
select count(distinct r.customer_id) as customers, bool_and(exists (select from crm.reminder_item i where i.reminder_id = r.id)) as with_items from crm.reminder r;

-- a tenant without a series: nothing is made there, and elsewhere what is due
reset role;
select id as a9 from crm_invoice(:'amsel', '2027-01-01', 33) as id \gset
select from mandant.close_series('rma', 'reminder', '2027-03-01');
select from mandant.create_tenant('rmz', 'Nach ihr AG', 'DE', 'EUR', timezone => 'Europe/Berlin', parent => 'group');
select count(mandant.set_setting('company_' || k, v, tenant => 'rmz')) from (values ('street', 'Weg 1'), ('postal_code', '20095'), ('city', 'Hamburg'),
    ('tax_id', 'DE136695976'), ('register', 'HRB 1'), ('directors', 'A'), ('bank_account', 'IBAN DE02')) as s (k, v);
with c as (insert into crm.customer (tenant_id, name, street, postal_code, city, country, payment_terms_days)
    select id, 'Zeisig', 'Gasse 2', '10115', 'Berlin', 'DE', 10 from mandant.tenant where code = 'rmz' returning id)
select id as zeisig from c \gset
select from crm_invoice(:'zeisig', '2027-01-01', 33);
select count(*) from crm.reminder where tenant_id = :rma \gset before_
set role crm_books;
select tenant_code, reminder_id, number, customer, level, total, sqlstate, message, hint from crm.run_reminders('2027-03-20');
reset role;
select tenant_code, number, customer, level, total, sqlstate, message from crm.run_reminders('2027-03-20') where tenant_code in ('rma', 'rmz');
select count(*) = :before_count as nothing_made from crm.reminder where tenant_id = :rma;
select count(*) from crm.due_reminders('2027-03-20') where tenant in ('rma', 'rmz');

-- of a merged customer the one reminds him whose he became; and a block of the one that is gone still holds
select count(*) from crm.due_reminders('2027-03-20') where customer = 'Amsel GmbH';
select customer_id = :'amsel' as amsel from crm.block_reminders(customer_id => :'amsel', reason => 'wird zusammengelegt');
select from crm.merge_customers(:'amsel', :'chan', 'eine Gruppe');
select count(*) from crm.due_reminders('2027-03-20') where customer_id = :'chan' and currency = 'EUR' and level = 1;
select count(*) from crm.unblock_reminders(customer_id => :'amsel');
select count(*) from crm.due_reminders('2027-03-20') where customer_id = :'chan' and currency = 'EUR' and level = 1;
-- levels of the group again
select count(*) from crm.define_reminder_levels('[]', 'rma');
select bool_and(inherited) from crm.effective_reminder_level where tenant_id = :rma;
-- whatever has changed since: the paper that was sent
update crm.customer set name = 'Umbenannt', language = 'en', street = 'anderswo' where id = :'dohle';
select from crm.define_labels('de', '{"level": "Stufe"}');
select md5(crm.render_reminder(:'last')) = :'paper' as same_paper;
rollback;
