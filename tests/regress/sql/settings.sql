-- Settings: definitions, levels, times, types, history; read as they hold for whoever asks. ST-01 ST-02 ST-03 ST-04
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null (null)
begin;
select code from mandant.create_tenant('sg', 'Settings Group', 'DE', 'EUR', timezone => 'Europe/Berlin');
select code from mandant.create_tenant('s1', 'Settings One', 'DE', 'EUR', parent => 'sg');
select code from mandant.create_tenant('s11', 'Below One', 'US', 'USD', parent => 's1', timezone => 'America/New_York');
select code from mandant.create_tenant('s2', 'Settings Two', 'HK', 'HKD', parent => 'sg', timezone => 'Asia/Hong_Kong');
create role s_admin login;
create role s_one login;
create role s_reads login;
select from mandant.bind_login('s_admin', 'sg', 'group_admin', 'all', '*');
select from mandant.bind_login('s_one', 's1', 'tenant_manager');
select from mandant.bind_login('s_reads', 's1', 'reader');
select from mandant.add_employee('s1', 'anna@s1.example', 'Anna');
set local role s_admin;

-- definitions, checked when they are made
select mandant.define_setting('t_days', 'integer', 'Days', '30', array['group', 'tenant', 'team', 'employee'], minimum => 0, maximum => 365);
select mandant.define_setting('t_share', 'number', 'A share', '0.25', minimum => 0, maximum => 1);
select mandant.define_setting('t_flag', 'boolean', 'A flag', 'no');
select mandant.define_setting('t_day', 'date', 'A day');
select mandant.define_setting('t_mode', 'text', 'A mode', 'soft', array['group', 'tenant'], choices => array['soft', 'hard']);
select mandant.define_setting('t_code', 'text', 'A code', pattern => '^[A-Z]{2}$');
select mandant.define_setting('t_words', 'texts', 'Words', '{"en": "Hello", "de": "Guten Tag"}');
select mandant.define_setting('T', 'text', 'x');
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'money', 'x');
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'text', 'x', levels => array['planet']);
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'text', 'x', minimum => 1);
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'integer', 'x', '7', minimum => 10);
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'text', 'x', pattern => '[');
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'text', null);
\echo :SQLSTATE
select mandant.define_setting('token_hours', 'text', 'mine');
\echo :SQLSTATE
select count(*) from mandant.effective_setting where key = 't_bad';

-- defaults, typed readers, and readers of another type
set local mandant.tenant = 's1';
select mandant.setting('t_days'), mandant.setting_number('t_days'), mandant.setting_number('t_share'), mandant.setting_boolean('t_flag'),
  mandant.setting_date('t_day'), mandant.setting_texts('t_words') ->> 'de', mandant.setting('t_code');
select mandant.setting_number('t_mode');
\echo :SQLSTATE
select mandant.setting_boolean('t_days');
\echo :SQLSTATE
select mandant.setting('t_none');
\echo :SQLSTATE
select mandant.setting(null);
\echo :SQLSTATE
select mandant.setting('t_days', tenant => 'nowhere');
\echo :SQLSTATE
set local mandant.tenant = 's1,s2';
select mandant.setting('t_days');
\echo :SQLSTATE
select mandant.setting('t_days', tenant => 's2');
set local mandant.tenant = 's1';

-- values that cannot be: nothing is said
do $$
declare
  attempt record;
  hint text;
begin
  for attempt in select * from (values
      ('t_days', '366'), ('t_days', '-1'), ('t_days', '1.5'), ('t_days', 'ten'), ('t_days', ''), ('t_days', null), ('t_days', 'NaN'), ('t_days', '1e2'),
      ('t_share', '1.01'), ('t_share', 'Infinity'), ('t_flag', 'perhaps'), ('t_day', '31.12.2026'), ('t_day', '2026-02-30'), ('t_day', 'infinity'),
      ('t_day', 'today'), ('t_mode', 'Hard'), ('t_code', 'deu'), ('t_words', 'Hello'), ('t_words', '{}'), ('t_words', '["x"]'),
      ('t_words', '{"en": 1}'), ('t_words', '{"English": "x"}'), ('t_words', '{"en": " "}')) as v (key, value) loop
    begin
      perform mandant.set_setting(attempt.key, attempt.value);
      raise notice 'taken: % %', attempt.key, attempt.value;
    exception when invalid_parameter_value then
      get stacked diagnostics hint = pg_exception_hint;
      raise notice '% (%)', sqlerrm, hint;
    end;
  end loop;
end
$$;
select count(*) from mandant.setting_history where key like 't\_%';
select mandant.set_setting('t_none', '1');
\echo :SQLSTATE
select mandant.set_setting('tenant_currency', 'USD');
\echo :SQLSTATE
\set VERBOSITY default
select mandant.set_setting('tenant_timezone', 'UTC');
\set VERBOSITY terse

-- kept in one spelling
select mandant.set_setting('t_flag', 'YES');
select mandant.set_setting('t_days', ' +014 ');
select mandant.set_setting('t_words', '{"zh-Hant": "您好", "en": "Hi"}');
select mandant.setting('t_flag'), mandant.setting('t_days'), mandant.setting('t_words');
select mandant.unset_setting('t_days');

-- the nearest level counts: group, a tenant above, the tenant, the team, the employee; the first reading shows that what is kept follows
select mandant.setting('t_days');
select mandant.set_setting('t_days', '20', 'group', reason => 'the group pays sooner');
select mandant.setting('t_days');
select mandant.set_setting('t_days', '21', tenant => 'sg');
select mandant.set_setting('t_days', '22', tenant => 's1');
select tenant, value, level, place, reason from mandant.effective_setting where key = 't_days';
select mandant.setting('t_days', tenant => 'sg') as sg, mandant.setting('t_days', tenant => 's1') as s1, mandant.setting('t_days', tenant => 's11') as s11,
  mandant.setting('t_days', tenant => 's2') as s2, mandant.setting('t_days', tenant => 'de') as de;
select name from mandant.create_team('South', 's1');
select from mandant.join_team('s_one', 'South');
select mandant.set_setting('t_days', '23', 'team', team => 's1/South');
select mandant.set_setting('t_days', '24', 'employee', employee => 'anna@s1.example');
select mandant.setting('t_days');
reset role;
set local role s_one;
select mandant.setting('t_days'), level, place from mandant.effective_setting where key = 't_days';
select mandant.set_setting('t_days', '25', 'employee');
select mandant.setting('t_days'), level, place from mandant.effective_setting where key = 't_days';
select mandant.unset_setting('t_days', 'employee', reason => 'as the team');
select mandant.setting('t_days');
reset role;
set local role s_reads;
select mandant.setting('t_days'), level, place from mandant.effective_setting where key = 't_days';

-- who may: the tenant's manager in it, everybody for themselves, nobody else
select mandant.set_setting('t_days', '1');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'group');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'team', team => 'South');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'employee', employee => 'anna@s1.example');
\echo :SQLSTATE
select mandant.unset_setting('t_days');
\echo :SQLSTATE
select mandant.define_setting('t_mine', 'text', 'x');
\echo :SQLSTATE
select mandant.define_country('DE', 'Europe/Berlin');
\echo :SQLSTATE
select mandant.set_setting('t_days', '26', 'employee');
select mandant.setting('t_days');
reset role;
set local role s_one;
select mandant.set_setting('t_days', '1', tenant => 's11');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'group');
\echo :SQLSTATE
select mandant.set_setting('t_days', '27', reason => 'by the manager');
reset role;
set local role s_admin;

-- levels and places that do not belong together
select mandant.set_setting('t_mode', 'hard', 'team', team => 'South');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'planet');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'group', tenant => 's1');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'tenant', team => 'South');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', 'team', team => 'North');
\echo :SQLSTATE
select mandant.set_setting('t_days', '1', null);
\echo :SQLSTATE

-- times: what held stays; a later value waits; one for a time is an exception, and two of those do not overlap
select mandant.set_setting('t_share', '0.3', valid_from => '2020-01-01');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select mandant.set_setting('t_share', '0.3', valid_until => '2020-01-01');
\set VERBOSITY terse
select mandant.set_setting('t_share', '0.3', valid_from => 'infinity');
\echo :SQLSTATE
select mandant.set_setting('t_share', '0.4', valid_from => '2100-01-01');
select mandant.set_setting('t_share', '0.5', valid_from => '2100-03-01', valid_until => '2100-04-01', reason => 'spring');
select mandant.set_setting('t_share', '0.6', valid_from => '2100-03-15');
\echo :SQLSTATE
select mandant.set_setting('t_share', '0.6', valid_from => '2100-02-01', valid_until => '2100-03-02');
\echo :SQLSTATE
select mandant.set_setting('t_share', '0.6', valid_from => '2100-02-01', valid_until => '2100-03-01');
select mandant.set_setting('t_share', '0.7', valid_from => '2100-03-31 22:00+00');
\echo :SQLSTATE
select mandant.set_setting('t_share', '0.7', valid_from => '2101-01-01');
select d as as_of, mandant.setting('t_share', d::timestamptz)
  from unnest(array['2026-01-01', '2099-12-31', '2100-01-01', '2100-02-15', '2100-03-10', '2100-04-01', '2101-06-01', 'infinity', '-infinity']) as d;
-- taken back from a moment on, with all that was to begin later
select mandant.unset_setting('t_share', valid_from => '2100-03-10');
select d as as_of, mandant.setting('t_share', d::timestamptz) from unnest(array['2100-01-01', '2100-03-09', '2100-03-10', '2101-06-01']) as d;
select mandant.unset_setting('t_share', valid_from => '2100-03-11');
\echo :SQLSTATE
select mandant.unset_setting('t_share', 'group');
\echo :SQLSTATE
-- and said anew
select mandant.set_setting('t_share', '0.8', valid_from => '2100-03-20', valid_until => '2100-03-25');
select mandant.setting('t_share', '2100-03-21'), mandant.setting('t_share', '2100-03-25');

-- history says all of it, and stays
select level, tenant, value, valid_from >= set_at - interval '1 minute' as from_then, valid_until::date, set_by, reason from mandant.setting_history where key = 't_days' order by set_at;
select level, tenant, team, employee, value, set_by from mandant.setting_history where level in ('team', 'employee') order by set_at;
reset role;
update mandant_internal.setting_value set value = '99' where false;
set local role mandant_owner;
update mandant_internal.setting_value set value = '99';
\echo :SQLSTATE
delete from mandant_internal.setting_value;
\echo :SQLSTATE
truncate mandant_internal.setting_value;
\echo :SQLSTATE
reset role;
set local role s_admin;

-- a definition that no longer fits what was said
select mandant.define_setting('t_days', 'integer', 'Days', '30', array['group', 'tenant', 'team', 'employee'], minimum => 0, maximum => 22);
\echo :SQLSTATE
select mandant.define_setting('t_days', 'integer', 'Days', '30', array['group', 'tenant']);
\echo :SQLSTATE
select mandant.define_setting('t_days', 'number', 'Days, now in parts', '30', array['group', 'tenant', 'team', 'employee'], minimum => 0, maximum => 365);
select type, description from mandant.effective_setting where key = 't_days';

-- of several levels the highest or lowest counts, or none of a tenant above; at one level what began last
select mandant.define_setting('t_high', 'date', 'Highest', levels => array['group', 'tenant', 'employee'], counts => 'highest', held => true);
select mandant.define_setting('t_low', 'number', 'Lowest', '100', counts => 'lowest');
select mandant.define_setting('t_own', 'text', 'Own', 'none', counts => 'own');
select mandant.define_setting('t_bad', 'text', 'x', counts => 'highest');
\echo :SQLSTATE
select mandant.define_setting('t_bad', 'number', 'x', counts => 'sum');
\echo :SQLSTATE
select mandant.set_setting('t_high', v.value, v.level, v.tenant), mandant.set_setting('t_low', v.low, v.level, v.tenant)
  from (values ('2026-06-30', '9', 'group', null), ('2026-05-31', '10', 'tenant', 's1'), ('2026-07-31', '2.5', 'tenant', 's11')) as v (value, low, level, tenant);
select mandant.set_setting('t_own', 'of s1', tenant => 's1');
select t as tenant, mandant.setting_date('t_high', tenant => t), mandant.setting('t_low', tenant => t), mandant.setting('t_own', tenant => t)
  from unnest(array['sg', 's1', 's11', 's2']) t;
select mandant.set_setting('t_high', '2026-01-31', 'group'), mandant.set_setting('t_own', 'of all', 'group');
select t as tenant, mandant.setting_date('t_high', tenant => t), mandant.setting('t_own', tenant => t) from unnest(array['sg', 's1', 's11', 's2']) t;

-- what would be refused is known before
select mandant_internal.check_setting('t_days', '7', 'tenant');
select mandant_internal.check_setting('t_days', 'x', 'tenant');
\echo :SQLSTATE
select mandant_internal.check_setting('t_mode', 'hard', 'team');
\echo :SQLSTATE
select mandant_internal.check_setting('tenant_currency', 'EUR', 'tenant');
\echo :SQLSTATE
select mandant_internal.check_setting('t_none', 'x', 'tenant');
\echo :SQLSTATE
select mandant_internal.check_pattern('A-{n:3}', 'never');
select mandant_internal.check_pattern('A-{n:99}', 'never');
\echo :SQLSTATE
select mandant_internal.check_pattern(repeat('A', 70) || '{n}', 'never');
\echo :SQLSTATE
-- too long, or too late
select mandant.set_setting('t_own', repeat('x', 100001));
\echo :SQLSTATE
select mandant.set_setting('t_own', 'x', valid_from => '294276-12-31');
\echo :SQLSTATE
select mandant.unset_setting('t_own', valid_from => 'infinity');
\echo :SQLSTATE
select mandant.setting('t_own');
-- a first reading long ago or far ahead is none of now
select mandant.setting('t_flag', 'infinity', 's2'), mandant.setting('t_flag', '2000-01-01', 's2'), mandant.setting('t_flag', tenant => 's2');

-- what was defined is in the history of rights
select event, subject, details from mandant.access_history where subject in ('t_own', 't_high') order by at;
-- of a tenant above that one may not see only that it was set there
reset role;
set local role s_one;
select mandant.set_setting('t_low', '1', tenant => 's1');
reset role;
set local role s_admin;
select mandant.set_setting('t_mode', 'hard', tenant => 'sg', reason => 'nobody''s business');
reset role;
set local role s_one;
select key, value, level, place, set_by, reason from mandant.effective_setting where key in ('t_mode', 't_low') order by key;
reset role;
set local role s_admin;
select mandant.unset_setting('t_mode', tenant => 'sg');

-- the tenant's own facts, read like settings
set local mandant.tenant = 's1,s11';
select tenant, key, value, level, place, editable from mandant.effective_setting where key in ('tenant_currency', 'tenant_timezone', 'tenant_name') order by 1, 2;
select mandant.setting('tenant_currency', tenant => 's11');
select name from mandant.change_tenant('s11', name => 'Renamed');
select mandant.setting('tenant_name', tenant => 's11');

-- a rollback takes it back for whoever reads, as does a savepoint
savepoint before;
select mandant.set_setting('t_mode', 'hard', tenant => 's1');
select mandant.setting('t_mode', tenant => 's1');
rollback to before;
select mandant.setting('t_mode', tenant => 's1');

-- what a new tenant of a country has
select mandant.define_country('AU', 'Australia/Sydney', 'en-AU', '07-01');
select mandant.define_country('AU', 'Mars/Olympus');
\echo :SQLSTATE
select mandant.define_country('au');
\echo :SQLSTATE
select timezone, locale, fiscal_year_start from mandant.create_tenant('s3', 'Sydney', 'AU', 'AUD', parent => 'sg');
select timezone, locale, fiscal_year_start from mandant.create_tenant('s4', 'Perth', 'AU', 'AUD', parent => 'sg', timezone => 'Australia/Perth', fiscal_year_start => '01-01');
rollback;
