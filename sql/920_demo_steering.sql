-- What is done beside the year's documents of 910_demo_year.sql: people and teams who share the
-- customers, sales in other currencies and between the companies, reminders of what is not paid, what
-- is to be reached and expected by whom, and the reports that were kept. Made as 900 and 910 are:
-- through the functions, and by arithmetic.

set local role mandant_admin;

-- a second seller in the United States and in Hong Kong, and a team in each
select mandant.add_employee('us', 'rep@us.example', 'Marcus Reed', 'demo');
select mandant.add_employee('hk', 'rep@hk.example', '李偉文 Lee Wai Man', 'demo');
select mandant.grant_role('rep@us.example', 'sales_rep');
select mandant.grant_role('rep@hk.example', 'sales_rep');
select mandant.create_team('West', 'us'), mandant.create_team('新界隊 New Territories', 'hk');
select mandant.join_team('rep@us.example', 'West'),
    mandant.join_team('rep@hk.example', '新界隊 New Territories');

-- customers abroad, in their money: of the new sellers, and in Germany of the team in the south
insert into crm.customer (
    tenant_id, owner_id, team_id, name, street, postal_code, city, region, country, email, language,
    currency, payment_terms_days
)
select t.id, e.id, m.id, c.name, c.street, c.postal_code, c.city, c.region, c.country,
    c.mail || '.example', c.language, c.currency, c.days
from (
    values
    ('us', 'rep@us.example', 'West', 'Thames Valley Instruments Ltd.', '14 Kings Road', 'RG1 3BN',
        'Reading', null, 'GB', 'ledger@thames-instruments', 'en-GB', 'GBP', 30),
    ('us', 'rep@us.example', 'West', 'Kobe Harbour Cranes K.K.', '2-4 Hatoba-cho', '650-0042',
        'Kobe', 'Hyogo', 'JP', 'keiri@kobe-cranes', 'en', 'JPY', 45),
    ('de', 'rep@de.example', 'Vertrieb Süd', 'Bodensee Yachten AG', 'Hafenstrasse 11', '9320',
        'Arbon', null, 'CH', 'buero@bodensee-yachten', 'de-CH', 'CHF', 30),
    ('de', 'lead@de.example', 'Vertrieb Süd', 'Leeds Loom Works Ltd.', '80 Armley Road', 'LS12 2QF',
        'Leeds', null, 'GB', 'accounts@leeds-looms', 'en-GB', 'GBP', 30),
    ('hk', 'rep@hk.example', '新界隊 New Territories', '深圳南山精密電子有限公司', '南山區科技路9號',
        '518057', '深圳', '廣東', 'CN', 'caiwu@nanshan-precision', 'zh-Hant', 'CNY', 30),
    ('hk', 'rep@hk.example', '新界隊 New Territories', 'Pearl River Marine Pte. Ltd.',
        '31 Harbour Drive', '117406', 'Singapore', null, 'SG', 'ap@pearl-marine', 'en', 'USD', 30)
) as c (tenant, email, team, name, street, postal_code, city, region, country, mail, language,
    currency, days)
join mandant.tenant as t on t.code = c.tenant
join mandant.principal as e on e.name = c.email
join mandant.team as m on m.name = c.team;

-- and Germany charges the others for what it develops
insert into crm.customer (
    tenant_id, owner_id, name, street, postal_code, city, region, country, email, language,
    group_tenant_id
)
select t.id, e.id, g.name, c.street, c.postal_code, c.city, c.region, g.country,
    format('accounting@%s-software.example', g.code), c.language, g.id
from (
    values
    ('us', '350 Fifth Avenue', '10118', 'New York', 'NY', 'en-US'),
    ('hk', '18/F, 1 Harbour Road, Wan Chai', null, 'Hong Kong', 'Hong Kong Island', 'en-HK')
) as c (company, street, postal_code, city, region, language)
join mandant.tenant as t on t.code = 'de'
join mandant.tenant as g on g.code = c.company
join mandant.principal as e on e.name = 'sales@de.example';

-- an invoice a month to each customer abroad, one a quarter to each company; every fifth is not paid
do $$
declare
    sale record;
    invoice crm.document;
begin
    for sale in
        select c.id as customer, c.owner_id, c.group_tenant_id is not null as of_group,
            c.payment_terms_days as days, i,
            date '2025-12-10' + case
                when c.group_tenant_id is null then 29 * (i - 1) + (3 * c.n) % 9
                else 91 * (i - 1) + 15
            end::int as day,
            case
                when c.group_tenant_id is not null then 9800 + 1400 * c.n
                when c.currency = 'JPY' then 180000 + 35000 * (i % 4)
                else 1400 + 650 * ((i + c.n) % 5)
            end as amount
        from (
            select c.*, row_number() over (order by c.name collate "C") as n
            from crm.customer as c
            join mandant.tenant as t on t.id = c.tenant_id
            where c.currency <> t.currency or t.code = 'de' and c.group_tenant_id is not null
        ) as c
        cross join generate_series(1, case when c.group_tenant_id is null then 12 else 4 end) as i
        order by day, c.n
    loop
        invoice := crm.create_document(
            sale.customer, 'invoice',
            jsonb_build_array(jsonb_build_object(
                'description', case
                    when sale.of_group then 'Entwicklungsleistungen im Quartal'
                    else 'Remote administration, monthly'
                end,
                'quantity', 1, 'unit', 'month', 'unit_price', sale.amount, 'tax_rate', 0
            )),
            document_date => sale.day, reference => format('RA-%s', sale.i),
            owner_id => sale.owner_id
        );
        invoice := crm.post_document(invoice.id);
        if sale.i % 5 <> 0 and invoice.due_date < '2026-11-12' then
            perform crm.record_payment(
                sale.customer, invoice.gross, invoice.due_date + (7 * sale.i % 15)::int - 3,
                reference => invoice.number, currency => invoice.currency,
                allocations => jsonb_build_array(jsonb_build_object('number', invoice.number))
            );
        end if;
    end loop;
end
$$;

-- reminders on the tenth of each month: not of the companies, nor of what is disputed
select mandant.set_setting('reminder_fee', f.fee, tenant => f.tenant)
from (values ('de', '5.00'), ('us', '15.00'), ('hk', '100.00')) as f (tenant, fee);
select count((crm.block_reminders(customer_id => c.id, reason => 'company of the group')).id)
from crm.customer as c
where c.group_tenant_id is not null;
select count((crm.block_reminders(d.id, reason => 'says that hours are missing')).id)
from (
    select distinct on (d.tenant_id) d.id
    from crm.document as d
    where d.kind = 'invoice' and d.open_amount = d.gross and d.due_date < '2026-09-30'
        and d.reference like 'RFQ %'
    order by d.tenant_id, d.number
) as d;
select count(r.number)
from generate_series(timestamp '2026-01-10', '2026-11-10', '1 month') as month
cross join lateral crm.run_reminders(month::date) as r;
select count((crm.withdraw_reminder(r.id, 'the cheque had come')).id)
from (
    select distinct on (r.tenant_id) r.id
    from crm.reminder as r
    where r.level = 1
    order by r.tenant_id, r.number desc
) as r;

-- a number that was drawn for a form and not used
select n.number
from mandant.next_number('delivery_note', '2026-05-18', tenant => 'hk') as drawn (number)
cross join lateral mandant.void_number('delivery_note', drawn.number, 'misprinted form', 'hk') as n;

-- what the owners of opportunities did for them, and have to do
insert into crm.activity (
    tenant_id, customer_id, opportunity_id, kind, subject, due_at, done_at, owner_id, team_id
)
select
    o.tenant_id, o.customer_id, o.id, a.kind, a.subject,
    (o.expected_close - a.days + time '10:00') at time zone t.timezone,
    case
        when o.expected_close - a.days < '2026-11-20'
            then (o.expected_close - a.days + time '11:15') at time zone t.timezone
    end,
    o.owner_id, o.team_id
from crm.opportunity as o
join mandant.tenant as t on t.id = o.tenant_id
cross join (
    values
    ('call', 'First call', 60), ('meeting', 'Demonstration', 30), ('task', 'Send the offer', 14)
) as a (kind, subject, days)
where o.name ~ ' [0-9]+$'
order by o.tenant_id, o.expected_close, o.name collate "C", a.days desc;

-- what teams, sellers and the group are to reach besides, and what management expects
select count(crm.set_target(
    t.scope, t.subject, t.measure, t.amount, 2026, t.period_type, t.period,
    rate_date => '2026-01-02'
))
from (
    values
    ('group', 'group', 'bookings', 'year', null::int, 2400000),
    ('tenant', 'us', 'revenue', 'quarter', 1, 130000),
    ('tenant', 'us', 'revenue', 'quarter', 2, 140000),
    ('tenant', 'us', 'revenue', 'quarter', 3, 140000),
    ('tenant', 'us', 'revenue', 'quarter', 4, 150000),
    ('tenant', 'hk', 'revenue', 'quarter', 1, 900000),
    ('tenant', 'hk', 'revenue', 'quarter', 2, 950000),
    ('tenant', 'hk', 'revenue', 'quarter', 3, 1000000),
    ('tenant', 'hk', 'revenue', 'quarter', 4, 1050000),
    ('team', 'West', 'revenue', 'year', null, 60000),
    ('team', '新界隊 New Territories', 'revenue', 'year', null, 300000),
    ('employee', 'rep@us.example', 'revenue', 'year', null, 60000),
    ('employee', 'rep@hk.example', 'revenue', 'year', null, 300000)
) as t (scope, subject, measure, period_type, period, amount);
select count(crm.override_forecast(f.category, f.amount, 2026, f.period, f.email, reason => f.reason))
from (
    values
    ('sales@us.example', 11, 'commit', 70000, 'two of three signed'),
    ('sales@de.example', 11, 'best_case', 64000, 'Messe lief besser als gedacht'),
    ('sales@de.example', 12, 'commit', 90000, 'Rahmenvertrag ist zugesagt'),
    ('sales@hk.example', 8, 'commit', 260000, '兩個項目延至下季')
) as f (email, period, category, amount, reason);

-- reports as they were before the last moves
select count(r.id)
from pg_catalog.pg_class as c
cross join lateral crm.take_report_snapshot(
    regexp_replace(c.relname, '_kept$', ''), 'November 2026'
) as r
where c.relnamespace = 'report'::regnamespace and c.relname like '%\_kept';

-- since the last snapshot of the forecast: some went on, some are worth more, one is new
update crm.opportunity as o
set amount = o.amount * 1.1, expected_close = o.expected_close + 14
from (
    select o.tenant_id, o.id,
        row_number() over (partition by o.tenant_id order by o.expected_close, o.name) as n
    from crm.opportunity as o
    where o.outcome = 'open' and o.name ~ ' [0-9]+$'
) as c
where o.tenant_id = c.tenant_id and o.id = c.id and c.n % 2 = 1;
select count((crm.create_opportunity(
    c.id, 'Remote administration, whole fleet', 24000, expected_close => '2027-02-15',
    source => 'referral', owner_id => c.owner_id
)).id)
from crm.customer as c
where c.name in ('Kobe Harbour Cranes K.K.', 'Bodensee Yachten AG', 'Pearl River Marine Pte. Ltd.');

reset role;
