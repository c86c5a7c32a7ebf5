-- A company that is configured as another: its series and settings, stages and reminder levels; nothing that it has. LC-05
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
\set VERBOSITY terse
set datestyle = iso;
begin;
set client_min_messages = error;
create role clone_admin login;
create role clone_reader login;
select from mandant.bind_login('clone_admin', 'group', 'group_admin', 'group/*', '*', read_only => false);
select from mandant.bind_login('clone_reader', 'group', 'reader', 'all', '*');
set role clone_admin;
select code from mandant.create_tenant('model', 'Model GmbH', 'DE', 'EUR', parent => 'group', fiscal_year_start => '07-01');
-- series that were changed, of a branch, closed, changed later, shared
select kind from mandant.alter_series('model', 'invoice', '2026-01-01', pattern => 'M-{yyyy}-{n:6}', start => 100);
select kind from mandant.alter_series('model', 'invoice', '2031-01-01', pattern => 'N-{yyyy}-{n:6}');
select kind from mandant.define_series('model', 'invoice', 'B2-{yyyy}-{n:3}', 'year', branch => 'B2', last => 900, warn_at => 800);
select kind from mandant.close_series('model', 'delivery_note', '2026-01-01');
select kind from mandant.define_series('model', 'ticket', 'T-{n:5}', policy => 'unique', manual => true);
select kind from mandant.define_series('us', 'common', 'C-{n:5}', shared_with => '{model}');
select mandant.next_number('invoice', '2026-03-01', tenant => 'model'), mandant.next_number('common', tenant => 'model');
select from mandant.define_fiscal_year('model', 2028, '2027-10-01', '10-01');
-- settings: said, for a time, to come, taken back, of the company itself, of what is closed
select mandant.set_setting('payment_terms_days', '14', tenant => 'model');
select mandant.set_setting('quote_valid_days', '60', tenant => 'model', valid_from => now() + interval '30 days');
select mandant.set_setting('early_payment_days', '8', tenant => 'model', valid_until => now() + interval '90 days');
select mandant.set_setting('retention_years', '12', tenant => 'model');
select mandant.unset_setting('retention_years', tenant => 'model');
select mandant.set_setting('company_bank_account', 'DE02 1203 0000 0000 2020 51', tenant => 'model');
select mandant.set_setting('locked_until', '2026-06-30', tenant => 'model');
select mandant.set_setting('document_closing', '{"en": "Thank you."}', tenant => 'model');
set mandant.tenant = 'model';
insert into crm.stage (code, names, position, probability, forecast_category, outcome)
  values ('talk', '{"en": "Talk"}', 1, 20, 'pipeline', 'open'), ('won', '{"en": "Won"}', 2, 100, 'closed', 'won'), ('lost', '{"en": "Lost"}', 3, 0, 'omitted', 'lost');
select level, fee from crm.define_reminder_levels('[{"days_overdue": 7, "fee": "5.00", "titles": {"en": "Reminder"}, "texts": {"en": "Please pay {amount}."}}]');
insert into crm.customer (name, country) values ('Of the model', 'DE');
select email from (values ('m@model.example')) v (email), mandant.add_employee('model', email, 'M');
reset mandant.tenant;

select code, name, country, currency, timezone, locale, fiscal_year_start, state, parent_id = (select id from mandant.tenant where code = 'group') as below_the_same
  from mandant.clone_tenant('model', 'copy', 'Copy GmbH');
select current_setting('mandant.tenant') as selection_stays;
set mandant.tenant = 'copy';
select kind, branch, pattern, policy, start, regexp_replace(next_preview, '-\d{4}-', '-year-') as next_preview, last, warn_at, manual, valid_from, next_change, shared_from from mandant.series
  where kind in ('invoice', 'delivery_note', 'ticket', 'common', 'quote') order by kind, branch nulls first;
select kind, valid_from, pattern, start from mandant.series_version where kind = 'invoice' and branch is null order by valid_from nulls first;
select mandant.next_number('common', tenant => 'copy'), mandant.next_number('invoice', '2026-03-01', tenant => 'copy');
select fiscal_year, min(first_day) from mandant.fiscal_period where fiscal_year between 2026 and 2029 group by 1 order by 1;
select key, value, valid_until is not null as for_a_time, valid_from > now() + interval '1 day' as to_come, reason from mandant.setting_history where level = 'tenant' order by key, value;
select key, value, level from mandant.effective_setting where key in ('payment_terms_days', 'retention_years', 'company_bank_account', 'locked_until', 'document_closing') order by key;
select code, probability from crm.stage order by position;
select level, days_overdue, fee, titles from crm.reminder_level;
select (select count(*) from crm.customer) as customers, (select count(*) from mandant.principal) as people, (select count(*) from mandant.issued_number) as numbers;
select intact, rows from mandant.verify_numbers();
reset mandant.tenant;
select event, tenant, subject, details from mandant.access_history where event = 'clone_tenant';
-- another currency, another place, another year; a copy of one that is archived; what the country would say, and the source does not
select state from mandant.archive_tenant('model', 'sold');
select code, country, currency, timezone, fiscal_year_start from mandant.clone_tenant('model', 'copy_hk', 'Copy Ltd.', 'HK', 'HKD', parent => 'copy', timezone => 'Asia/Hong_Kong', fiscal_year_start => '04-01');
set mandant.tenant = 'copy_hk';
select level, fee from crm.reminder_level;
select fiscal_year, min(first_day) from mandant.fiscal_period where fiscal_year = 2028 group by 1;
select key, value, level from mandant.effective_setting where key in ('tax_rounding', 'payment_terms_days');
reset mandant.tenant;
-- refused as create_tenant refuses; and nobody clones what they may not read
select from mandant.clone_tenant('model', 'copy', 'Again');
\echo :SQLSTATE
select from mandant.clone_tenant('model', 'Bad Code', 'Bad');
\echo :SQLSTATE
select from mandant.clone_tenant('nowhere', 'copy2', 'Copy');
\echo :SQLSTATE
select from mandant.clone_tenant('group', 'top', 'Another group');
\echo :SQLSTATE
set role clone_reader;
select from mandant.clone_tenant('copy', 'copy2', 'Copy');
\echo :SQLSTATE
-- nor part of it, where they would not see the rest
reset role;
create role clone_maker login;
select name from mandant.define_role('clone_maker', 'Makes companies, and sees no stages');
select mandant.allow('clone_maker', object, array['read', 'create']) from unnest(array['tenant', 'series', 'setting', 'reminder']) as object;
select mandant.allow('clone_maker', 'stage', array['create']), mandant.allow('clone_maker', 'setting', array['update']);
select from mandant.bind_login('clone_maker', 'group', 'clone_maker', 'all', '*', read_only => false);
set role clone_maker;
select from mandant.clone_tenant('copy', 'copy2', 'Copy');
\echo :SQLSTATE
set role clone_admin;
select mandant.on_clone_tenant('crm.clone_configuration(int,int)', remove => true);
\echo :SQLSTATE
reset role;
select mandant.on_clone_tenant('crm.clone_configuration(int,int)', remove => true);
set role clone_admin;
select code from mandant.clone_tenant('copy', 'copy2', 'Copy');
set mandant.tenant = 'copy2';
select count(*) as stages from crm.stage;
rollback;
