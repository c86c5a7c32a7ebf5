-- The demo: a group of three software companies with customers, products and a good half-year of
-- documents, the same in every installation. It is made the way a real group would make it: by its
-- administrator, through the functions. Passwords are "demo"; leave this file out for real work. The
-- file is long because it is data, each part of which builds on those before.

do $$
declare
    login text;
begin
    foreach login in array array['report_us', 'report_de', 'report_hk', 'report_group']
    loop
        -- roles outlive databases: a second database of the cluster finds these there
        if not exists (select from pg_roles where rolname = login) then
            execute format('create role %I login password %L', login, 'demo');
        end if;
    end loop;
end
$$;

select mandant.create_tenant('group', 'Example Group', 'DE', 'EUR', timezone => 'Europe/Berlin');
select mandant.bind_login('mandant_admin', 'group', 'group_admin', 'all', '*');

select mandant.create_tenant(
    'us', 'Example Software Inc.', 'US', 'USD', 'group', timezone => 'America/New_York'
);
select mandant.create_tenant(
    'de', 'Example Software GmbH', 'DE', 'EUR', 'group', timezone => 'Europe/Berlin'
);
select mandant.create_tenant(
    'hk', 'Example Software Ltd.', 'HK', 'HKD', 'group', timezone => 'Asia/Hong_Kong'
);

select mandant.bind_login('report_us', 'us');
select mandant.bind_login('report_de', 'de');
select mandant.bind_login('report_hk', 'hk');
select mandant.bind_login('report_group', 'group', 'group_controller', 'all', '*');

set local role mandant_admin;

select mandant.add_employee('us', 'sales@us.example', 'Emily Carter', 'demo');
select mandant.add_employee('de', 'sales@de.example', 'Jürgen Größmann', 'demo');
select mandant.add_employee('de', 'rep@de.example', 'Lena Vogt', 'demo');
select mandant.add_employee('de', 'lead@de.example', 'Markus Brandt', 'demo');
select mandant.add_employee('hk', 'sales@hk.example', '陳嘉欣 Chan Ka Yan', 'demo');
select mandant.add_employee('group', 'controller@group.example', 'Sabine Köhler', 'demo');
select mandant.grant_role('sales@us.example', 'tenant_sales');
select mandant.grant_role('sales@de.example', 'tenant_sales');
select mandant.grant_role('sales@hk.example', 'tenant_sales');
select mandant.grant_role('rep@de.example', 'sales_rep');
select mandant.grant_role('lead@de.example', 'team_lead');
select mandant.create_team('Vertrieb Süd', 'de');
select mandant.join_team('rep@de.example', 'Vertrieb Süd');
select mandant.join_team('lead@de.example', 'Vertrieb Süd');
-- two stand-ins: one is over, one runs
select mandant.grant_role('lead@de.example', 'tenant_sales', 'us', reason => 'stands in for Emily Carter');
select mandant.revoke_role('lead@de.example', 'tenant_sales', 'us', 'Emily Carter is back');
select mandant.grant_role(
    'lead@de.example', 'reader', 'hk', valid_until => now() + interval '1 year',
    reason => 'stands in for 陳嘉欣 Chan Ka Yan'
);
select mandant.grant_role('controller@group.example', 'group_controller', 'all');
select mandant_internal.set_default_selection('controller@group.example', '*');

-- what the companies say about themselves on their documents
select mandant.set_setting('company_' || s.key, s.value, tenant => s.tenant)
from (values
    ('us', 'street', '350 Fifth Avenue'),
    ('us', 'postal_code', '10118'),
    ('us', 'city', 'New York'),
    ('us', 'region', 'NY'),
    ('de', 'street', 'Lindenstraße 20'),
    ('de', 'postal_code', '20099'),
    ('de', 'city', 'Hamburg'),
    ('de', 'tax_id', 'DE136695976'),
    ('de', 'register', 'Amtsgericht Hamburg, HRB 100001'),
    ('de', 'directors', 'Sabine Köhler'),
    ('hk', 'street', '18/F, 1 Harbour Road, Wan Chai'),
    ('hk', 'city', 'Hong Kong'),
    ('hk', 'tax_id', 'BR 12345678-000-01-26-0')
) as s (tenant, key, value);

insert into crm.product (tenant_id, code, name, unit, unit_price, currency, tax_rate)
select t.id, p.code, p.name, p.unit, p.unit_price, t.currency, p.tax_rate
from mandant.tenant as t
join (
    values
    ('us', 'CRM-STD', 'CRM Standard, one user', 'year', 468.00, 8.875),
    ('us', 'CRM-PRO', 'CRM Professional, one user', 'year', 1140.00, 8.875),
    ('us', 'ERP-CORE', 'ERP Core, company licence', 'year', 14900.00, 8.875),
    ('us', 'SUP-GOLD', 'Gold support', 'year', 3900.00, 8.875),
    ('us', 'CONSULT', 'Consulting', 'hour', 195.00, 0),
    ('us', 'TRAIN', 'Training, on site', 'day', 1650.00, 0),
    ('us', 'MIGRATE', 'Data migration', 'day', 1720.00, 0),
    ('us', 'BOOK', 'Administrator''s handbook', 'piece', 59.95, 8.875),
    ('de', 'CRM-STD', 'CRM Standard, ein Arbeitsplatz', 'year', 420.00, 19),
    ('de', 'CRM-PRO', 'CRM Professional, ein Arbeitsplatz', 'year', 990.00, 19),
    ('de', 'ERP-KERN', 'ERP-Kern, Firmenlizenz', 'year', 12900.00, 19),
    ('de', 'WARTUNG', 'Wartung und Störungsdienst', 'year', 3200.00, 19),
    ('de', 'BERATUNG', 'Beratung', 'hour', 145.00, 19),
    ('de', 'SCHULUNG', 'Schulung vor Ort', 'day', 1280.00, 19),
    ('de', 'UMSTIEG', 'Datenübernahme', 'day', 1360.00, 19),
    ('de', 'BUCH', 'Handbuch für Administratoren', 'piece', 46.64, 7),
    ('hk', 'CRM-STD', 'CRM 標準版（每用戶） CRM Standard, one user', 'year', 3600.00, 0),
    ('hk', 'CRM-PRO', 'CRM 專業版（每用戶） CRM Professional, one user', 'year', 8880.00, 0),
    ('hk', 'ERP-CORE', 'ERP 核心系統 ERP Core, company licence', 'year', 116000.00, 0),
    ('hk', 'SUP-GOLD', '金級技術支援 Gold support', 'year', 29800.00, 0),
    ('hk', 'CONSULT', '顧問服務 Consulting', 'hour', 1480.00, 0),
    ('hk', 'TRAIN', '到場培訓 Training, on site', 'day', 11800.00, 0),
    ('hk', 'MIGRATE', '數據遷移 Data migration', 'day', 12800.00, 0),
    ('hk', 'BOOK', '管理員手冊 Administrator''s handbook', 'piece', 468.00, 0)
) as p (tenant, code, name, unit, unit_price, tax_rate) on p.tenant = t.code;

-- what the group's consolidated figures need: made up, but near what rates are
insert into crm.exchange_rate (currency, type, rate_date, rate, source)
select r.currency, m.type, m.rate_date, r.rate, 'demo'
from (values
    (date '2025-12-31', 'closing', 1.1750, 9.1427, 0.87260, 0.9314, 8.2391, 184.09),
    ('2025-12-31', 'average', 1.1763, 9.1527, 0.87356, 0.9324, 8.2482, 184.29),
    ('2026-01-31', 'closing', 1.1684, 9.1077, 0.86980, 0.9278, 8.1613, 182.75),
    ('2026-01-31', 'average', 1.1720, 9.1269, 0.87134, 0.9298, 8.2041, 183.49),
    ('2026-02-28', 'closing', 1.1812, 9.2275, 0.86710, 0.9252, 8.2306, 183.92),
    ('2026-02-28', 'average', 1.1742, 9.1616, 0.86859, 0.9266, 8.1925, 183.28),
    ('2026-03-31', 'closing', 1.1765, 9.1838, 0.87130, 0.9301, 8.1779, 181.40),
    ('2026-03-31', 'average', 1.1791, 9.2078, 0.86899, 0.9274, 8.2069, 182.79),
    ('2026-04-30', 'closing', 1.1598, 9.0859, 0.87420, 0.9346, 8.0884, 179.86),
    ('2026-04-30', 'average', 1.1690, 9.1397, 0.87261, 0.9321, 8.1376, 180.71),
    ('2026-05-31', 'closing', 1.1642, 9.1285, 0.86850, 0.9330, 8.1378, 181.15),
    ('2026-05-31', 'average', 1.1618, 9.1051, 0.87164, 0.9339, 8.1106, 180.44),
    ('2026-06-30', 'closing', 1.1720, 9.1990, 0.86540, 0.9288, 8.1595, 183.28),
    ('2026-06-30', 'average', 1.1677, 9.1602, 0.86711, 0.9311, 8.1475, 182.11),
    ('2026-07-31', 'closing', 1.1688, 9.1692, 0.86300, 0.9265, 8.1208, 184.60),
    ('2026-07-31', 'average', 1.1706, 9.1856, 0.86432, 0.9278, 8.1421, 183.87),
    ('2026-08-31', 'closing', 1.1571, 9.0589, 0.86670, 0.9297, 8.0476, 182.94),
    ('2026-08-31', 'average', 1.1635, 9.1196, 0.86467, 0.9279, 8.0879, 183.85),
    ('2026-09-30', 'closing', 1.1635, 9.0962, 0.87020, 0.9322, 8.0759, 183.77),
    ('2026-09-30', 'average', 1.1600, 9.0757, 0.86828, 0.9308, 8.0603, 183.31),
    ('2026-10-31', 'closing', 1.1702, 9.1322, 0.86890, 0.9305, 8.1095, 184.31),
    ('2026-10-31', 'average', 1.1665, 9.1124, 0.86962, 0.9314, 8.0910, 184.01)
) as m (rate_date, type, usd, hkd, gbp, chf, cny, jpy)
cross join lateral (values
    ('USD', m.usd), ('HKD', m.hkd), ('GBP', m.gbp), ('CHF', m.chf), ('CNY', m.cny), ('JPY', m.jpy)
) as r (currency, rate);

-- what documents in other currencies are posted at: at the year's end and on Fridays, the last closing
-- rate
insert into crm.exchange_rate (currency, type, rate_date, rate, source)
select distinct on (r.currency, f.day) r.currency, 'daily', f.day::date, r.rate, 'demo'
from (
    select timestamp '2025-12-31'
    union all
    -- and to today, which what is open is worth
    select generate_series(
        timestamp '2026-01-02', greatest('2026-12-25', now()::timestamp), '7 days'
    )
) as f (day)
join crm.exchange_rate as r on r.type = 'closing' and r.rate_date <= f.day
order by r.currency, f.day, r.rate_date desc;

insert into crm.discount (code, names, percent, valid_from, valid_until) values
    ('VOLUME', '{"de": "Mengenrabatt", "en": "Volume discount", "zh-Hant": "批量折扣"}', 5,
        '2026-01-01', null),
    ('SUMMER26', '{"de": "Sommeraktion", "en": "Summer campaign", "zh-Hant": "夏季優惠"}', 10,
        '2026-06-01', '2026-09-01');

insert into crm.price_list (tenant_id, code, name, currency)
select t.id, 'PARTNER', p.name, t.currency
from mandant.tenant as t
join (values ('us', 'Partners'), ('de', 'Partner'), ('hk', '合作夥伴 Partners')) as p (tenant, name)
    on p.tenant = t.code;

-- a fifth off the two products that partners resell
insert into crm.price (tenant_id, price_list_id, product_id, valid_from, unit_price)
select l.tenant_id, l.id, p.id, '2026-01-01', round(p.unit_price * 0.8, 2)
from crm.price_list as l
join crm.product as p on p.tenant_id = l.tenant_id and p.code in ('CRM-STD', 'CRM-PRO');

insert into crm.customer (
    tenant_id, owner_id, name, street, postal_code, city, region, country, email, tax_id, language,
    payment_terms_days
)
select
    t.id, e.id, c.name, c.street, c.postal_code, c.city, c.region, 'US', c.mail || '.example', null,
    'en-US', c.days
from mandant.tenant as t
join mandant.principal as e on e.name = 'sales@us.example'
cross join (
    values
    ('Appalachian Outfitters LLC', '212 Haywood Road', '28806', 'Asheville', 'NC',
        'ap@appalachian-outfitters', 30),
    ('Blue Ridge Logistics, Inc.', '4800 Statesville Avenue', '28269', 'Charlotte', 'NC',
        'invoices@blueridge-logistics', 30),
    ('Cascade Timber Products', '1150 NW Front Street', '97209', 'Portland', 'OR',
        'accounting@cascade-timber', 45),
    ('Golden Gate Medical Supply', '590 Harbor Way', '94080', 'South San Francisco', 'CA',
        'payables@goldengate-medical', 30),
    ('Hudson Valley Dental Group', '77 Main Street, Suite 300', '12601', 'Poughkeepsie', 'NY',
        'office@hudsonvalley-dental', 15),
    ('Lakeshore Credit Union', '1401 W Lake Street', '60607', 'Chicago', 'IL',
        'vendors@lakeshore-cu', 30),
    ('Lone Star Drilling Services', '9330 Kirby Drive', '77054', 'Houston', 'TX',
        'ap@lonestar-drilling', 60),
    ('Magnolia Foods Company', '325 Peachtree Street NE', '30308', 'Atlanta', 'GA',
        'finance@magnolia-foods', 30),
    ('North Shore Marine, Inc.', '18 Commercial Street', '01930', 'Gloucester', 'MA',
        'billing@northshore-marine', 30),
    ('O''Brien & Daughters Printing', '641 Passyunk Avenue', '19147', 'Philadelphia', 'PA',
        'hello@obrien-printing', 15),
    ('Sonoran Solar Corp.', '2600 E Camelback Road', '85016', 'Phoenix', 'AZ',
        'accounts@sonoran-solar', 30),
    ('Twin Cities Robotics', '820 Washington Avenue N', '55401', 'Minneapolis', 'MN',
        'ap@twincities-robotics', 30)
) as c (name, street, postal_code, city, region, mail, days)
where t.code = 'us';

insert into crm.customer (
    tenant_id, owner_id, name, street, postal_code, city, region, country, email, tax_id, language,
    payment_terms_days
)
select
    t.id, e.id, c.name, c.street, c.postal_code, c.city, null, c.country, c.mail || '.example',
    c.tax_id, c.language, c.days
from mandant.tenant as t
join mandant.principal as e on e.name = 'sales@de.example'
cross join (
    values
    ('Alpenländische Seilbahn AG', 'Bergstraße 4', '87561', 'Oberstdorf', 'DE',
        'rechnung@alpen-seilbahn', 'DE100000008', 'de-DE', 30),
    ('Bäckerei Größinger KG', 'Am Mühlbach 12', '94032', 'Passau', 'DE',
        'buero@baeckerei-groessinger', 'DE100000016', 'de-DE', 14),
    ('Gebrüder Weiß Bauunternehmung GmbH', 'Königstraße 118', '70173', 'Stuttgart', 'DE',
        'einkauf@weiss-bau', 'DE100000024', 'de-DE', 30),
    ('Hanseatische Kühlhaus GmbH & Co. KG', 'Großer Grasbrook 9', '20457', 'Hamburg', 'DE',
        'kreditoren@hansekuehlhaus', 'DE100000032', 'de-DE', 30),
    ('Jäger & Söhne Maschinenbau GmbH', 'Industriestraße 31', '58095', 'Hagen', 'DE',
        'rechnung@jaeger-maschinenbau', 'DE100000049', 'de-DE', 30),
    ('Klinikum Fürstenwald gGmbH', 'Lindenallee 1', '15517', 'Fürstenwalde/Spree', 'DE',
        'rechnungseingang@klinikum-fuerstenwald', 'DE100000057', 'de-DE', 30),
    ('Meißner Porzellanhandel OHG', 'Elbstraße 22', '01662', 'Meißen', 'DE',
        'laden@meissner-porzellanhandel', 'DE100000065', 'de-DE', 14),
    ('Öko-Energie Münsterland eG', 'Windthorststraße 65', '48143', 'Münster', 'DE',
        'verwaltung@oeko-muensterland', 'DE100000073', 'de-DE', 30),
    ('Rheinische Prüftechnik GmbH', 'Kölner Straße 240', '40227', 'Düsseldorf', 'DE',
        'buchhaltung@rheinpruef', 'DE100000081', 'de-DE', 30),
    ('Salzburger Käsekontor GmbH', 'Getreidegasse 40', '5020', 'Salzburg', 'AT',
        'office@kaesekontor', 'ATU10000005', 'de-AT', 30),
    ('Überlandwerk Saale GmbH', 'Am Stadtgraben 7', '06108', 'Halle (Saale)', 'DE',
        'rechnung@ueberlandwerk-saale', 'DE100000104', 'de-DE', 45),
    ('Zürichsee Treuhand AG', 'Seestraße 302', '8810', 'Horgen', 'CH',
        'kreditoren@zuerichsee-treuhand', 'CHE-100.000.006 MWST', 'de-CH', 30)
) as c (name, street, postal_code, city, country, mail, tax_id, language, days)
where t.code = 'de';

insert into crm.customer (
    tenant_id, owner_id, name, street, postal_code, city, region, country, email, tax_id, language,
    payment_terms_days
)
select
    t.id, e.id, c.name, c.street, null, 'Hong Kong', c.region, 'HK', c.mail || '.example', null,
    c.language, c.days
from mandant.tenant as t
join mandant.principal as e on e.name = 'sales@hk.example'
cross join (
    values
    ('Aberdeen Boat Works Ltd.', '6 Ap Lei Chau Drive', 'Hong Kong Island',
        'office@aberdeen-boatworks', 'en-HK', 30),
    ('Kowloon Precision Instruments Ltd.', '9/F, 33 Hung To Road, Kwun Tong', 'Kowloon',
        'accounts@kowloon-precision', 'en-HK', 30),
    ('Lantau Trading Company', '12 Mui Wo Ferry Pier Road', 'New Territories',
        'trade@lantau-trading', 'en-HK', 45),
    ('Victoria Peak Capital Partners', '28/F, 15 Queen''s Road Central', 'Hong Kong Island',
        'finance@victoriapeak-capital', 'en-HK', 30),
    ('九龍城茶行有限公司', '九龍城福佬村道25號地下', 'Kowloon',
        'shop@kc-tea', 'zh-Hant-HK', 14),
    ('大嶼山酒店集團有限公司', '大嶼山東涌達東路18號', 'New Territories',
        'ap@lantau-hotels', 'zh-Hant-HK', 30),
    ('恒豐電子科技有限公司 Hang Fung Electronics', '新界葵涌大連排道132號8樓', 'New Territories',
        'account@hangfung', 'zh-Hant-HK', 30),
    ('新界建築材料有限公司', '新界元朗青山公路210號', 'New Territories',
        'office@nt-building', 'zh-Hant-HK', 60),
    ('旺角書局 Mong Kok Books', '九龍旺角西洋菜南街64號2樓', 'Kowloon',
        'books@mongkok-books', 'zh-Hant-HK', 30),
    ('港島物流有限公司 Island Logistics Ltd.', '香港柴灣嘉業街12號', 'Hong Kong Island',
        'billing@island-logistics', 'zh-Hant-HK', 30),
    ('維多利亞醫療用品有限公司', '香港灣仔軒尼詩道302號15樓', 'Hong Kong Island',
        'order@victoria-medical', 'zh-Hant-HK', 30),
    ('陳李張律師事務所 Chan, Li & Cheung', '香港中環德輔道中88號21樓', 'Hong Kong Island',
        'accounts@clc-law', 'zh-Hant-HK', 30)
) as c (name, street, region, mail, language, days)
where t.code = 'hk';

insert into crm.contact (
    tenant_id, customer_id, name, function, email, phone, language, is_primary
)
select c.tenant_id, c.id, p.name, p.function, p.email, p.phone, p.language, p.is_primary
from (
    values
    ('Blue Ridge Logistics, Inc.', 'Dana Whitaker', 'Accounts payable',
        'dana@blueridge-logistics.example', '+1 704 555 0134', null, true),
    ('Lakeshore Credit Union', 'Miguel Ortega', 'IT director',
        'miguel@lakeshore-cu.example', '+1 312 555 0178', null, true),
    ('Jäger & Söhne Maschinenbau GmbH', 'Ulrike Jäger', 'Geschäftsführerin',
        'u.jaeger@jaeger-maschinenbau.example', '+49 2331 555 010', null, true),
    ('Jäger & Söhne Maschinenbau GmbH', 'Piotr Zieliński', 'Einkauf',
        'einkauf@jaeger-maschinenbau.example', null, 'pl', false),
    ('Zürichsee Treuhand AG', 'Reto Bächtold', 'Partner',
        'baechtold@zuerichsee-treuhand.example', '+41 44 555 01 20', null, true),
    ('恒豐電子科技有限公司 Hang Fung Electronics', '黃志明 Wong Chi Ming', '採購經理',
        'cm.wong@hangfung.example', '+852 5550 0123', null, true),
    ('Aberdeen Boat Works Ltd.', 'Fiona Leung', 'Office manager',
        'fiona@aberdeen-boatworks.example', '+852 5550 0178', null, true)
) as p (customer, name, function, email, phone, language, is_primary)
join crm.customer as c on c.name = p.customer;

insert into crm.customer_address (
    tenant_id, customer_id, kind, label, name, street, postal_code, city, region, country
)
select c.tenant_id, c.id, a.kind, a.label, a.name, a.street, a.postal_code, a.city, a.region, a.country
from (
    values
    ('Blue Ridge Logistics, Inc.', 'delivery', 'Warehouse 2', null,
        '1900 Sardis Church Road', '28079', 'Indian Trail', 'NC', 'US'),
    ('Jäger & Söhne Maschinenbau GmbH', 'delivery', 'Werk II', null,
        'Zum Hüttenwerk 5', '58119', 'Hagen', null, 'DE'),
    ('Klinikum Fürstenwald gGmbH', 'billing', 'Rechnungsprüfung', 'Klinikverbund Spree gGmbH',
        'Zentralstraße 3', '15230', 'Frankfurt (Oder)', null, 'DE'),
    ('恒豐電子科技有限公司 Hang Fung Electronics', 'delivery', '廠房', null,
        '廣東省深圳市龍崗區工業路8號', '518116', '深圳', '廣東', 'CN')
) as a (customer, kind, label, name, street, postal_code, city, region, country)
join crm.customer as c on c.name = a.customer;

-- per company 25 invoices, 6 quotes, a credit note, 3 drafts; simple arithmetic picks who buys what
do $$
declare
    company record;
    employee uuid;
    customers uuid[];
    products text[];
    draft record;
    document crm.document;
begin
    for company in
        select t.id, t.code, c.n
        from unnest(array['us', 'de', 'hk']) with ordinality as c (code, n)
        join mandant.tenant as t on t.code = c.code
        order by c.n
    loop
        employee := (select p.id from mandant.principal as p
                     where p.name = format('sales@%s.example', company.code));
        customers := array(select c.id from crm.customer as c
                           where c.tenant_id = company.id order by c.name collate "C");
        products := array(select p.code from crm.product as p
                          where p.tenant_id = company.id order by p.code collate "C");
        for draft in
            select 'invoice' as kind, i, date '2026-01-08' + 11 * (i - 1) as day, true as post
            from generate_series(1, 25) as i
            union all
            select 'quote', i, date '2026-02-03' + 38 * (i - 1), true
            from generate_series(1, 6) as i
            union all
            select 'credit_note', 11, date '2026-06-15', true
            union all
            select 'invoice', i, date '2026-10-05' + i, false from generate_series(1, 2) as i
            union all
            select 'quote', 3, date '2026-10-12', false
            order by day, kind
        loop
            document := crm.create_document(
                customers[1 + (5 * draft.i + company.n) % 12],
                draft.kind,
                jsonb_build_array(
                    jsonb_build_object(
                        'product', products[1 + (3 * draft.i + company.n) % 8],
                        'quantity', 1 + 7 * draft.i % 4
                    ),
                    jsonb_build_object(
                        'product', products[1 + (5 * draft.i + company.n + 1) % 8],
                        'quantity', 1 + 3 * draft.i % 5
                    )
                ),
                document_date => draft.day,
                reference => format('PO %s', 4100 + 7 * draft.i),
                owner_id => employee
            );
            if draft.post then
                perform crm.post_document(document.id);
            end if;
        end loop;
    end loop;

    -- Hong Kong also sells in US dollars: reports show both, and add neither to the other; who
    -- buys so is rewarded for paying early
    update crm.customer
    set early_payment_days = 10, early_payment_percent = 2
    where name = 'Victoria Peak Capital Partners';
    document := crm.create_document(
        (select c.id from crm.customer as c where c.name = 'Victoria Peak Capital Partners'),
        'invoice',
        '[{"description": "Consulting, investor reporting", "quantity": 40, "unit": "hour",
           "unit_price": "190.00", "tax_rate": 0}]',
        document_date => '2026-09-30',
        currency => 'USD',
        owner_id => employee
    );
    perform crm.post_document(document.id);
end
$$;

-- the first 14 invoices of each company are paid, then one in part and one with too much; a payment
-- came back, the credit note is set off, and the dollars are paid early
do $$
declare
    company record;
    invoice record;
    payment crm.document;
    bounced crm.document;
begin
    for company in
        select t.id, c.n
        from unnest(array['us', 'de', 'hk']) with ordinality as c (code, n)
        join mandant.tenant as t on t.code = c.code
        order by c.n
    loop
        for invoice in
            select i.*, i.due_date + (7 * i.n % 11)::int - 6 as paid_on,
                case i.n when 15 then round(i.gross / 2) when 16 then i.gross + 100 else i.gross end
                    as paid
            from (
                select d.*, row_number() over (order by d.number) as n
                from crm.document as d
                where d.tenant_id = company.id and d.kind = 'invoice' and d.status = 'posted'
            ) as i
            where i.n <= 16
            order by paid_on, i.n
        loop
            payment := crm.record_payment(
                invoice.customer_id, invoice.paid, invoice.paid_on, reference => invoice.number,
                allocations => jsonb_build_array(jsonb_build_object('number', invoice.number))
            );
            if invoice.n = 14 then
                bounced := payment;
            end if;
        end loop;
        perform crm.cancel_document(bounced.id, 'returned by the bank', '2026-07-22');
        perform crm.allocate(c.id, d.id)
        from crm.document as c
        join crm.document as d on d.tenant_id = c.tenant_id and d.customer_id = c.customer_id
        where c.tenant_id = company.id and c.kind = 'credit_note' and c.status = 'posted'
            and d.kind = 'invoice' and d.open_amount > 0;
    end loop;

    perform crm.record_payment(d.customer_id, d.gross * 0.98, '2026-10-07', currency => 'USD')
    from crm.document as d
    where d.tenant_id = company.id and d.currency = 'USD';
end
$$;

-- the companies are customers of each other, and charge at year's end: no revenue of the group
insert into crm.customer (
    tenant_id, owner_id, name, street, postal_code, city, region, country, email, language,
    group_tenant_id
)
select
    t.id, e.id, g.name, c.street, c.postal_code, c.city, c.region, g.country,
    format('accounting@%s-software.example', g.code), c.language, g.id
from (
    values
    ('us', 'hk', '18/F, 1 Harbour Road, Wan Chai', null, 'Hong Kong', 'Hong Kong Island', 'en-HK'),
    ('hk', 'de', 'Lindenstraße 20', '20099', 'Hamburg', null, 'de-DE'),
    ('hk', 'us', '350 Fifth Avenue', '10118', 'New York', 'NY', 'en-US')
) as c (tenant, company, street, postal_code, city, region, language)
join mandant.tenant as t on t.code = c.tenant
join mandant.tenant as g on g.code = c.company
join mandant.principal as e on e.name = format('sales@%s.example', c.tenant);

select count((crm.post_document((crm.create_document(
    i.customer_id, 'invoice',
    jsonb_build_array(jsonb_build_object(
        'description', i.description, 'quantity', 1, 'unit', 'year', 'unit_price', i.amount,
        'tax_code', 'none'
    )),
    document_date => '2025-12-31', owner_id => i.owner_id
)).id)).id)
from (
    select c.id as customer_id, c.owner_id, v.description, v.amount
    from (
        values
        ('us', 'hk', 'Licences for resale 2025', 18500.00),
        ('hk', 'de', 'Übersetzung ins Chinesische 2025', 64000.00),
        ('hk', 'us', 'Second level support in Asian time zones 2025', 96000.00)
    ) as v (tenant, company, description, amount)
    join mandant.tenant as t on t.code = v.tenant
    join mandant.tenant as g on g.code = v.company
    join crm.customer as c on c.tenant_id = t.id and c.group_tenant_id = g.id
    order by v.amount
) as i;

-- some customers, with all their documents, are looked after by the team in the south
select mandant.assign('crm.customer', c.id::text, e.email, 'Vertrieb Süd'),
    (select count(mandant.assign('crm.document', d.id::text, e.email, 'Vertrieb Süd'))
     from crm.document as d where d.customer_id = c.id)
from (values
    ('Alpenländische Seilbahn AG', 'rep@de.example'),
    ('Bäckerei Größinger KG', 'rep@de.example'),
    ('Gebrüder Weiß Bauunternehmung GmbH', 'lead@de.example'),
    ('Zürichsee Treuhand AG', 'lead@de.example')
) as e (customer, email)
join crm.customer as c on c.name = e.customer;

-- Hong Kong sells in stages of its own, the others in those of the group
insert into crm.stage (
    tenant_id, code, position, probability, forecast_category, outcome, names
)
select t.id, s.code, s.position, s.probability, s.forecast_category, s.outcome, s.names
from mandant.tenant as t
cross join (
    values
    ('contact', 1, 10, 'pipeline', 'open', jsonb '{"en": "First contact", "zh-Hant": "初步接觸"}'),
    ('demo', 2, 40, 'pipeline', 'open', '{"en": "Demonstration", "zh-Hant": "產品演示"}'),
    ('quoted', 3, 70, 'best_case', 'open', '{"en": "Quoted", "zh-Hant": "已報價"}'),
    ('signed', 4, 100, 'closed', 'won', '{"en": "Signed", "zh-Hant": "已簽約"}'),
    ('dropped', 5, 0, 'omitted', 'lost', '{"en": "Dropped", "zh-Hant": "已放棄"}')
) as s (code, position, probability, forecast_category, outcome, names)
where t.code = 'hk';

-- each begins in the first stage, and goes through the others to where it is
do $$
declare
    pursued record;
    opportunity crm.opportunity;
    entered text;
begin
    for pursued in
        select e.id as employee, c.id as customer, o.*
        from (
            values
            ('sales@us.example', 'Lone Star Drilling Services', 'ERP for three rigs', 74500.00,
                date '2026-12-18', 'trade fair', 'develop propose', null),
            ('sales@us.example', 'Twin Cities Robotics', 'CRM Professional, 40 users', 45600.00,
                '2026-11-27', 'website', 'develop propose negotiate', null),
            ('sales@us.example', 'Magnolia Foods Company', 'Gold support', 3900.00,
                '2026-10-02', null, 'negotiate won', null),
            ('sales@us.example', 'Hudson Valley Dental Group', 'CRM Standard, 12 users', 5616.00,
                '2026-09-15', 'website', 'propose lost', 'went with a local vendor'),
            ('sales@us.example', 'Cascade Timber Products', 'Move to one ERP', null,
                '2027-03-31', 'referral', '', null),
            ('sales@de.example', 'Klinikum Fürstenwald gGmbH', 'CRM für die Zuweiser', 38500.00,
                '2026-12-11', 'Empfehlung', 'develop', null),
            ('sales@de.example', 'Hanseatische Kühlhaus GmbH & Co. KG', 'ERP für Werk Altona',
                52000.00, '2027-01-29', 'Messe', 'develop propose', null),
            ('sales@de.example', 'Jäger & Söhne Maschinenbau GmbH', 'Wartung Gold', 3500.00,
                '2026-09-30', null, 'negotiate won', null),
            ('rep@de.example', 'Bäckerei Größinger KG', 'CRM für acht Filialen', 3840.00,
                '2026-11-20', 'Website', 'propose negotiate', null),
            ('rep@de.example', 'Alpenländische Seilbahn AG', 'Kassenanbindung', 18900.00,
                '2027-02-26', 'Messe', '', null),
            ('lead@de.example', 'Zürichsee Treuhand AG', 'CRM Professional, 25 Nutzer', 26500.00,
                '2026-10-30', 'Empfehlung', 'propose lost', 'Budget gestrichen'),
            ('sales@hk.example', '恒豐電子科技有限公司 Hang Fung Electronics', '生產線 ERP 系統', 420000.00,
                '2026-12-31', '展覽', 'demo quoted', null),
            ('sales@hk.example', '大嶼山酒店集團有限公司', '會員 CRM', 168000.00,
                '2027-01-15', '轉介', 'demo', null),
            ('sales@hk.example', 'Victoria Peak Capital Partners', 'Investor portal', 250000.00,
                '2026-09-30', null, 'quoted signed', null),
            ('sales@hk.example', '旺角書局 Mong Kok Books', '門市收銀', 36000.00,
                '2026-10-15', null, 'demo dropped', '暫緩計劃')
        ) as o (email, customer_name, name, amount, expected_close, source, way, lost_reason)
        join mandant.principal as e on e.name = o.email
        join crm.customer as c on c.name = o.customer_name
    loop
        opportunity := crm.create_opportunity(
            pursued.customer, pursued.name, pursued.amount,
            expected_close => pursued.expected_close, source => pursued.source,
            owner_id => pursued.employee
        );
        foreach entered in array string_to_array(pursued.way, ' ') loop
            update crm.opportunity as o
            set stage = entered
            where o.tenant_id = opportunity.tenant_id and o.id = opportunity.id;
        end loop;
        update crm.opportunity as o
        set lost_reason = pursued.lost_reason
        where o.tenant_id = opportunity.tenant_id and o.id = opportunity.id
            and pursued.lost_reason is not null;
    end loop;
end
$$;

-- what their owners have to do for them, did, and know
insert into crm.activity (
    tenant_id, customer_id, opportunity_id, kind, subject, body, due_at, done_at, owner_id, team_id
)
select
    o.tenant_id, o.customer_id, o.id, a.kind, a.subject, a.body,
    a.due_at at time zone t.timezone, a.done_at at time zone t.timezone, o.owner_id, o.team_id
from (
    values
    ('ERP for three rigs', 'meeting', 'Walk through the Houston yard', null,
        timestamp '2026-11-18 10:00', null::timestamp),
    ('ERP for three rigs', 'note', 'CFO signs above 50,000', 'Ask for her calendar early.', null, null),
    ('CRM Professional, 40 users', 'call', 'Clear the last legal points', null,
        '2026-11-16 14:30', null),
    ('CRM für die Zuweiser', 'task', 'Referenzen an Frau Dr. Lenz schicken', null,
        '2026-11-13 12:00', null),
    ('ERP für Werk Altona', 'meeting', 'Vorführung im Kühlhaus', null,
        '2026-10-21 09:30', '2026-10-21 11:45'),
    ('CRM für acht Filialen', 'email', 'Angebot nachgefasst', 'Antwort bis Freitag zugesagt.',
        null, '2026-10-28 16:20'),
    ('CRM für acht Filialen', 'task', 'Vertrag vorbereiten', null, '2026-11-17 09:00', null),
    ('生產線 ERP 系統', 'meeting', '工廠參觀', '與黃經理確認時間', '2026-11-20 15:00', null),
    ('會員 CRM', 'note', '決策人為集團總經理', null, null, null)
) as a (opportunity, kind, subject, body, due_at, done_at)
join crm.opportunity as o on o.name = a.opportunity
join mandant.tenant as t on t.id = o.tenant_id;

-- what everybody is to reach in the fiscal year, at the rates of its first days; in Germany the
-- parts do not make up the whole
select count(crm.set_target(
    t.scope, t.subject, t.measure, t.amount, 2026, t.period_type, t.period,
    rate_date => '2026-01-02'
))
from (
    values
    ('group', 'group', 'revenue', 'year', null::int, 1400000),
    ('tenant', 'us', 'revenue', 'year', null, 560000),
    ('tenant', 'de', 'revenue', 'year', null, 480000),
    ('tenant', 'de', 'revenue', 'quarter', 1, 100000),
    ('tenant', 'de', 'revenue', 'quarter', 2, 130000),
    ('tenant', 'de', 'revenue', 'quarter', 3, 130000),
    ('tenant', 'de', 'revenue', 'quarter', 4, 110000),
    ('tenant', 'hk', 'revenue', 'year', null, 3900000),
    ('team', 'Vertrieb Süd', 'revenue', 'year', null, 90000),
    ('employee', 'sales@us.example', 'revenue', 'year', null, 560000),
    ('employee', 'sales@de.example', 'revenue', 'year', null, 380000),
    ('employee', 'rep@de.example', 'revenue', 'year', null, 50000),
    ('employee', 'lead@de.example', 'revenue', 'year', null, 40000),
    ('employee', 'sales@hk.example', 'revenue', 'year', null, 3900000),
    ('employee', 'sales@us.example', 'bookings', 'quarter', 4, 90000),
    ('employee', 'rep@de.example', 'bookings', 'quarter', 4, 8000),
    ('employee', 'lead@de.example', 'bookings', 'quarter', 4, 25000)
) as t (scope, subject, measure, period_type, period, amount);

-- what management expects, where it is not what the opportunities say
select count(crm.override_forecast(
    f.category, f.amount, 2026, f.period, f.email, reason => f.reason
))
from (
    values
    ('sales@us.example', 12, 'best_case', 50000, 'two of the three rigs'),
    ('rep@de.example', 11, 'commit', 3500, 'sieben Filialen, die achte schließt'),
    ('sales@hk.example', 9, 'best_case', 380000, '客戶要求折扣')  -- December: its year begins in April
) as f (email, period, category, amount, reason);

select count(crm.take_forecast_snapshot(code, 'Demo'))
from unnest(array['us', 'de', 'hk']) as code;

reset role;
