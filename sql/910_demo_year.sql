-- A year of the three companies, December to November: offers that become orders, deliveries, invoices
-- and payments, or do not; contracts billed month by month; opportunities won and lost. Simple
-- arithmetic on counters decides who buys what and who pays late, so that it is the same in every
-- installation, and it is made through the functions, as 900_demo.sql is, which it builds on.

set local role mandant_admin;

-- rates for the first month, made up like the others
insert into crm.exchange_rate (currency, type, rate_date, rate, source)
select r.currency, d.type, d.rate_date, r.rate, 'demo'
from (
    select 'daily' as type, generate_series(timestamp '2025-11-28', '2025-12-26', '7 days')::date
        as rate_date
    union all values ('closing', date '2025-11-30'), ('average', '2025-11-30')
) as d
cross join (
    values ('USD', 1.1602), ('HKD', 9.0318), ('GBP', 0.8759), ('CHF', 0.9331), ('CNY', 8.2107),
        ('JPY', 181.15)
) as r (currency, rate);

-- 48 customers more in each company: a place and a trade
insert into crm.customer (
    tenant_id, owner_id, name, street, postal_code, city, region, country, email, language,
    payment_terms_days
)
select
    t.id, e.id, format(p.pattern, p.places[1 + n % 12], p.trades[1 + (n / 12 + n) % 12]),
    format(p.street, 3 + 7 * n % 90), p.codes[1 + n % 12], p.places[1 + n % 12],
    p.regions[1 + n % 12], t.country, format('office%s@%s-customers.example', n, t.code),
    p.language, (array[14, 30, 30, 45])[1 + n % 4]
from (
    values
    (
        'us', '%s %s, Inc.', '%s Main Street', 'en-US',
        array['Albany', 'Boise', 'Dayton', 'Eugene', 'Fresno', 'Laredo', 'Mobile', 'Norfolk',
            'Omaha', 'Reno', 'Tampa', 'Toledo'],
        array['NY', 'ID', 'OH', 'OR', 'CA', 'TX', 'AL', 'VA', 'NE', 'NV', 'FL', 'OH'],
        array['12207', '83702', '45402', '97401', '93721', '78040', '36602', '23510', '68102',
            '89501', '33602', '43604'],
        array['Freight', 'Bakeries', 'Fasteners', 'Optics', 'Roofing', 'Seeds', 'Textiles',
            'Castings', 'Clinics', 'Kitchens', 'Cycles', 'Paper']
    ),
    (
        'de', '%2$s %1$s GmbH', 'Bahnhofstraße %s', 'de-DE',
        array['Aachen', 'Bremen', 'Coburg', 'Dresden', 'Erfurt', 'Fulda', 'Gießen', 'Jena',
            'Köln', 'Lübeck', 'Mainz', 'Nürnberg'],
        array_fill(null::text, array[12]),
        array['52064', '28195', '96450', '01097', '99084', '36037', '35390', '07743', '50667',
            '23552', '55116', '90402'],
        array['Spedition', 'Großbäckerei', 'Schrauben', 'Optik', 'Dachbau', 'Saatgut', 'Weberei',
            'Gießerei', 'Praxisklinik', 'Küchenhaus', 'Fahrradwerk', 'Papiermühle']
    ),
    (
        'hk', '%s %s Ltd.', '%s Nathan Road', 'en-HK',
        array['Causeway Bay', 'Central', 'Chai Wan', 'Jordan', 'Kennedy Town', 'Kwun Tong',
            'Mong Kok', 'North Point', 'Sai Kung', 'Sha Tin', 'Tsuen Wan', 'Yuen Long'],
        array['Hong Kong Island', 'Hong Kong Island', 'Hong Kong Island', 'Kowloon',
            'Hong Kong Island', 'Kowloon', 'Kowloon', 'Hong Kong Island', 'New Territories',
            'New Territories', 'New Territories', 'New Territories'],
        array_fill(null::text, array[12]),
        array['Shipping', 'Tea', 'Watches', 'Optics', 'Interiors', 'Jewellery', 'Textiles',
            'Electronics', 'Clinics', 'Catering', 'Toys', 'Printing']
    )
) as p (tenant, pattern, street, language, places, regions, codes, trades)
join mandant.tenant as t on t.code = p.tenant
join mandant.principal as e on e.name = format('sales@%s.example', t.code)
cross join generate_series(0, 47) as n;

reset role;

-- what follows takes the customers of a company by their place in the alphabet
create temp table demo_company on commit drop as
select t.id, t.code, c.n, e.id as employee,
    array(
        select c.id
        from crm.customer as c
        where c.tenant_id = t.id and c.email like '%-customers.example'
        order by c.name collate "C"
    ) as customers,
    array(
        select p.code from crm.product as p where p.tenant_id = t.id order by p.code collate "C"
    ) as products
from unnest(array['us', 'de', 'hk']) with ordinality as c (code, n)
join mandant.tenant as t on t.code = c.code
join mandant.principal as e on e.name = format('sales@%s.example', t.code);

grant select on demo_company to mandant_admin;
set local role mandant_admin;

-- 90 offers in each company; two of three are accepted within weeks, delivered and billed
do $$
declare
    offer record;
    quote crm.document;
    sold crm.document;
begin
    for offer in
        select c.*, i, date '2025-12-01' + (i * 359 / 90) as day
        from demo_company as c
        cross join generate_series(1, 90) as i
        order by day, c.n
    loop
        quote := crm.create_document(
            offer.customers[1 + (11 * offer.i + offer.n) % 48], 'quote',
            jsonb_build_array(
                jsonb_build_object(
                    'product', offer.products[1 + (3 * offer.i + offer.n) % 8],
                    'quantity', 1 + 7 * offer.i % 3
                ),
                jsonb_build_object(
                    'product', offer.products[1 + (5 * offer.i + offer.n + 3) % 8],
                    'quantity', 1 + 3 * offer.i % 4
                )
            ),
            document_date => offer.day, reference => format('RFQ %s', 7000 + offer.i),
            owner_id => offer.employee
        );
        quote := crm.post_document(quote.id);
        if offer.i % 3 = 0 then
            if offer.i % 2 = 0 then
                perform crm.change_status(quote.id, 'declined', 'decided for another vendor');
            end if;
            continue;
        end if;
        sold := crm.convert_document(quote.id, 'order', null, offer.day + 4 + offer.i % 17);
        sold := crm.post_document(sold.id);
        continue when sold.document_date + 9 > '2026-11-28' or offer.i % 19 = 0;
        sold := crm.convert_document(sold.id, 'delivery_note', null, sold.document_date + 6);
        sold := crm.post_document(sold.id);
        sold := crm.convert_document(sold.id, 'invoice', null, sold.document_date + 3);
        sold := crm.post_document(sold.id);
        if offer.i % 31 = 0 then
            perform crm.cancel_document(sold.id, 'wrong customer', sold.document_date + 2);
        end if;
    end loop;
end
$$;

-- 16 contracts in each company, and support between the companies; some begin in the middle of a
-- month, get dearer in July, rest, or end
do $$
declare
    wanted record;
    made crm.contract;
begin
    for wanted in
        select c.*, i,
            case
                when i % 4 = 0 then date '2025-12-15' + 13 * i
                else date '2025-12-01' + make_interval(months => i % 6)
            end::date as starts_on
        from demo_company as c
        cross join generate_series(1, 16) as i
        order by c.n, i
    loop
        made := crm.create_contract(
            wanted.customers[3 * wanted.i], format('Support %s', wanted.i), wanted.starts_on,
            jsonb_build_array(jsonb_build_object(
                'product', case wanted.code when 'de' then 'WARTUNG' else 'SUP-GOLD' end,
                'quantity', 1 + wanted.i % 3
            )),
            minimum_months => 12, renewal_months => 12, notice_months => 3,
            billing_months => (array[1, 1, 3, 12])[1 + wanted.i % 4],
            billing_anchor => date_trunc('month', wanted.starts_on)::date,
            billed => case wanted.i % 5 when 0 then 'arrears' else 'advance' end,
            price_months => 12, owner_id => wanted.employee
        );
        made := crm.activate_contract(made.id);
        if wanted.i % 3 = 0 then
            perform from crm.change_contract_line(
                made.id, 1, '2026-07-01',
                unit_price => round(1.04 * (
                    select l.unit_price from crm.contract_line as l where l.contract_id = made.id
                ), 2),
                reason => 'index'
            );
        elsif wanted.i = 7 then
            perform crm.suspend_contract(made.id, '2026-06-10', 'site is moving', '2026-07-20');
        elsif wanted.i = 11 then
            perform crm.terminate_contract(made.id, '2026-07-31', reason => 'merged with another');
        end if;
    end loop;

    for wanted in
        select c.id as customer, c.owner_id, v.*
        from (
            values
            ('hk', 'us', 'Second level support in Asian time zones', 8000.00),
            ('hk', 'de', 'Übersetzung ins Chinesische', 5200.00),
            ('us', 'hk', 'Licences for resale', 1550.00)
        ) as v (tenant, company, title, amount)
        join mandant.tenant as t on t.code = v.tenant
        join mandant.tenant as g on g.code = v.company
        join crm.customer as c on c.tenant_id = t.id and c.group_tenant_id = g.id
        order by v.amount
    loop
        made := crm.create_contract(
            wanted.customer, wanted.title, '2026-01-01',
            jsonb_build_array(jsonb_build_object(
                'description', wanted.title, 'quantity', 1, 'unit', 'month',
                'unit_price', wanted.amount, 'tax_code', 'none'
            )),
            notice_days => 30, owner_id => wanted.owner_id
        );
        perform crm.activate_contract(made.id);
    end loop;
end
$$;

select count(r.invoice)
from generate_series(timestamp '2025-12-01', '2026-11-01', '1 month') as month
cross join lateral crm.run_contracts(month::date) as r;

-- most is paid, some late, some in part; of every eleventh invoice nothing has come so far
do $$
declare
    owed record;
begin
    for owed in
        select i.*, least(i.due_date + (13 * i.n % 31)::int - 9, date '2026-11-27') as paid_on
        from (
            select d.*, row_number() over (partition by d.tenant_id order by d.number) as n
            from crm.document as d
            where d.kind = 'invoice' and d.status = 'posted' and d.open_amount > 0
                and (d.reference like 'RFQ %' or d.reference like 'CT-%')
        ) as i
        where i.n % 11 <> 0 and i.due_date + (13 * i.n % 31)::int - 9 <= '2026-11-27'
            and i.document_date < i.due_date + (13 * i.n % 31)::int - 9
        order by paid_on, i.tenant_id, i.n
    loop
        perform crm.record_payment(
            owed.customer_id,
            case owed.n % 23 when 0 then round(owed.gross * 0.6) else owed.gross end,
            owed.paid_on, reference => owed.number,
            allocations => jsonb_build_array(jsonb_build_object('number', owed.number))
        );
    end loop;
end
$$;

-- what was credited: a tenth of some invoices
do $$
declare
    credited record;
    note crm.document;
begin
    for credited in
        select d.*
        from crm.document as d
        join demo_company as c on c.id = d.tenant_id
        where d.kind = 'invoice' and d.status = 'posted' and d.reference like 'RFQ %'
            and d.open_amount = d.gross
        order by c.n, d.number
        limit 12
    loop
        note := crm.create_document(
            credited.customer_id, 'credit_note',
            (
                select jsonb_agg(jsonb_build_object(
                    'description', l.description, 'quantity', 1,
                    'unit_price', round(l.net / 10, 2), 'tax_rate', l.tax_rate
                ) order by l.position)
                from crm.document_line as l
                where l.tenant_id = credited.tenant_id and l.document_id = credited.id
            ),
            document_date => credited.document_date + 12, reference => credited.number,
            owner_id => credited.owner_id
        );
        perform crm.post_document(note.id);
    end loop;
end
$$;

-- 40 opportunities in each company, through the stages that it has
do $$
declare
    pursued record;
    stages text[];
    opportunity crm.opportunity;
    result text;
begin
    for pursued in
        select c.*, i, date '2026-01-10' + 10 * i as closes
        from demo_company as c
        cross join generate_series(1, 40) as i
        order by c.n, i
    loop
        stages := array(
            select s.code
            from crm.effective_stage as s
            where s.tenant_id = pursued.id and s.active and s.outcome = 'open'
            order by s.position, s.code collate "C"
        );
        opportunity := crm.create_opportunity(
            pursued.customers[1 + (7 * pursued.i + pursued.n) % 48],
            format('%s %s', pursued.products[1 + (5 * pursued.i) % 8], pursued.i),
            (array[4800, 12500, 31000, 67000])[1 + pursued.i % 4]
                * case pursued.code when 'hk' then 8 else 1 end,
            expected_close => pursued.closes,
            source => (array['trade fair', 'website', 'referral', null])[1 + pursued.i % 4],
            owner_id => pursued.employee
        );
        for step in 2 .. least(1 + pursued.i % cardinality(stages), cardinality(stages)) loop
            update crm.opportunity as o
            set stage = stages[step]
            where o.tenant_id = opportunity.tenant_id and o.id = opportunity.id;
        end loop;
        continue when pursued.closes > '2026-11-20';
        result := case when pursued.i % 3 = 1 then 'lost' else 'won' end;
        update crm.opportunity as o
        set stage = (
                select s.code
                from crm.effective_stage as s
                where s.tenant_id = o.tenant_id and s.active and s.outcome = result
                order by s.position
                limit 1
            )
        where o.tenant_id = opportunity.tenant_id and o.id = opportunity.id;
        if result = 'lost' then
            update crm.opportunity as o
            set lost_reason = (array['price', 'no decision', 'went with a local vendor'])
                [1 + pursued.i % 3]
            where o.tenant_id = opportunity.tenant_id and o.id = opportunity.id;
        end if;
    end loop;
end
$$;

reset role;

-- nothing says when something was closed but the moment: the year is told after the fact
update crm.opportunity as o
set closed_on = o.expected_close,
    closed_at = (o.expected_close + time '12:00') at time zone t.timezone
from mandant_internal.tenant as t
where t.id = o.tenant_id and o.outcome <> 'open' and o.name ~ ' [0-9]+$';

set local role mandant_admin;

-- month by month what everybody is to win, and what is kept of today
select count(crm.set_target(
    'employee', format('sales@%s.example', c.code), 'bookings',
    case c.code when 'hk' then 620000 else 80000 end, 2026, 'month', month,
    rate_date => '2026-01-02'
))
from demo_company as c
cross join generate_series(1, 9) as month;

select count(crm.take_forecast_snapshot(c.code, 'End of the year')) from demo_company as c;

reset role;
