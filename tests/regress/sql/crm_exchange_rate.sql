-- Exchange rates: both files of the European Central Bank, what is refused in them, and what one
-- currency is in another on a day.
-- MD-02 RP-02 R-CUR-01
\set ON_ERROR_ROLLBACK on
set datestyle = iso;
begin;

create role crm_rates login;
create role crm_rates_de login;
select from mandant.bind_login('crm_rates', 'group', 'master_data', 'all', '*');
select from mandant.bind_login('crm_rates_de', 'de', 'master_data');

-- the history: newest day first, N/A where there is none, a comma at each line's end; as it may
-- come: with byte order mark, CR LF and blank lines
set role crm_rates;
select E'\uFEFFDate,USD,JPY,CYP,HKD,\r\n'
    '2025-11-20,1.0856,163.15,N/A,8.4499,\r\n\r\n'
    '2025-11-19,1.0800,162.00,N/A,8.4000,\r\n'
    '2007-12-31,1.4721,164.93,0.585274,11.4800,\r\n  \r\n' as history \gset
select * from crm.load_exchange_rates(:'history');
select currency, rate_date, rate, source from crm.exchange_rate
where source = 'ECB' and type = 'daily' order by rate_date, currency;

-- once more: nothing changes, and the audit has nothing new
select count(*) as audited from mandant.audit_log where "table" = 'crm.exchange_rate' and at >= now() \gset
select * from crm.load_exchange_rates(:'history');
select count(*) - :audited as more from mandant.audit_log where "table" = 'crm.exchange_rate' and at >= now();

-- the other file: one day, written in English; a rate that is another is changed, and the audit says so
select E'Date, USD, JPY, HKD, \n20 November 2025, 1.0857, 163.15, 8.4499, \n' as daily \gset
set datestyle = german;
select * from crm.load_exchange_rates(:'daily');
set datestyle = iso;
select key, action, old, new, login from mandant.audit_log
where "table" = 'crm.exchange_rate' and action = 'update' and at >= now();
select * from crm.load_exchange_rates(E'Date,USD\n2025-11-30,1.09', 'closing', 'group treasury');
select * from crm.load_exchange_rates(E'Date,USD\n');

-- any error names its place, and nothing is loaded
\set VERBOSITY terse
select crm.load_exchange_rates(E'Date,USD,ABC\n2025-11-21,1.08,2');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,EUR\n2025-11-21,1.08,1');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY,USD\n2025-11-21,1.08,163,1.08');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Day,USD\n2025-11-21,1.08');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,,JPY\n2025-11-21,1.08,,163');
\echo :SQLSTATE
select crm.load_exchange_rates(E'\nDate,USD,JPY\n2025-11-21,1.08,163\n2025-11-31,1.08,163');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD\n21.11.2025,1.08');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD\n31 November 2025,1.08');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD\n21 Brumaire 2025,1.08');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD\n2025-11-21,1.08\n2025-11-24,1.08\n2025-11-21,1.09');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-21,1.08,zehn');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-21,1.08,0.000');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-21,-1.08,163');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-21,,163');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-21,NaN,1e3');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date;USD;JPY\n2025-11-21;1,08;163');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-24,1.08,163\n2025-11-21,1.08');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,JPY\n2025-11-21,1.08,163,9');
\echo :SQLSTATE
select crm.load_exchange_rates(E'Date,USD,\n2025-11-21,1.08,9');
\echo :SQLSTATE
select format(E'Date,USD\n%s,1.08', (now() at time zone 'UTC')::date + 2) as ahead \gset
\set VERBOSITY sqlstate
select crm.load_exchange_rates(:'ahead');
select :'LAST_ERROR_MESSAGE' ~ '^line 2, column 1 \(Date\): "[0-9-]+" is in the future$' as said;
\set VERBOSITY default
select crm.load_exchange_rates('');
select crm.load_exchange_rates(null);
\set VERBOSITY terse
select crm.load_exchange_rates(:'history', source => ' ');
\echo :SQLSTATE
select crm.load_exchange_rates(:'history', 'weekly');
\echo :SQLSTATE
select crm.load_exchange_rates(:'history', null);
\echo :SQLSTATE
select count(*) from crm.exchange_rate where source in ('ECB', 'group treasury');

-- who has the right in one company only keeps what all share as little as who only reads
set role crm_rates_de;
select crm.load_exchange_rates(:'history');
\echo :SQLSTATE
set role report_group;
select crm.load_exchange_rates(:'history');
\echo :SQLSTATE
insert into crm.exchange_rate (currency, rate_date, rate, source) values ('USD', '2025-11-21', 1, 'me');
\echo :SQLSTATE

-- across the euro, the last rate on or before the day; whoever may read may ask
select crm.exchange_rate_on('EUR', 'USD', '2025-11-20') as eur_usd,
    round(crm.exchange_rate_on('USD', 'EUR', '2025-11-20'), 6) as usd_eur,
    round(crm.exchange_rate_on('USD', 'JPY', '2025-11-20'), 6) as usd_jpy,
    crm.exchange_rate_on('HKD', 'HKD', '1900-01-01') as hkd_hkd;
select crm.exchange_rate_on('EUR', 'USD', '2025-11-19') as day_before,
    crm.exchange_rate_on('EUR', 'USD', '2025-11-27') as week_later;
select crm.exchange_rate_on('EUR', 'CYP', '2007-12-31') as withdrawn_since,
    crm.exchange_rate_on('EUR', 'USD', '2025-12-01', 'closing') as closing;
select crm.exchange_rate_on('EUR', 'USD', '2025-11-28');
\echo :SQLSTATE
select crm.exchange_rate_on('JPY', 'EUR', '2025-11-18');
\echo :SQLSTATE
select crm.exchange_rate_on('EUR', 'USD', '2025-11-20', 'average');
\echo :SQLSTATE
select crm.exchange_rate_on('EUR', 'USD', null);
\echo :SQLSTATE
select crm.exchange_rate_on('EUR', 'EURO', '2025-11-20');
\echo :SQLSTATE
select crm.exchange_rate_on(null, null, '2025-11-20');
\echo :SQLSTATE
select crm.exchange_rate_on('XAU', 'EUR', '2025-11-20');
\echo :SQLSTATE
select crm.exchange_rate_on('EUR', 'USD', '2025-11-20', 'weekly');
\echo :SQLSTATE

-- how old a rate may be is a setting of the group; one company's selection does not change it
set role mandant_admin;
select mandant.set_setting('exchange_rate_days', '10', level => 'group');
set role report_de;
select crm.exchange_rate_on('EUR', 'USD', '2025-11-30');
set role mandant_admin;
select mandant.set_setting('exchange_rate_days', '0', level => 'group');
set role report_de;
select crm.exchange_rate_on('EUR', 'USD', '2025-11-21');
\echo :SQLSTATE
set role mandant_admin;
select mandant.set_setting('exchange_rate_days', '5', tenant => 'de');
\echo :SQLSTATE

rollback;
