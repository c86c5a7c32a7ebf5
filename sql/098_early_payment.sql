-- The discount for an early payment. Its terms are frozen in the invoice; what it takes off is net
-- and tax of each rate in the invoice's proportions, because the tax on what is not paid is not owed
-- (R-TAX). What is credited afterwards was discounted, too: its part of the discount goes back.

create function crm.discount_left(invoice crm.document) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return round(
        (invoice.gross - invoice.credited) * invoice.early_payment_percent * 0.01,
        (select c.minor_unit from crm.currency as c where c.code = invoice.currency)
    ) - (
        select coalesce(sum(s.amount), 0)
        from crm.settlement as s
        where s.tenant_id = invoice.tenant_id and s.document_id = invoice.id
            and s.purpose = 'discount'
    );
end
$$;

comment on function crm.discount_left(crm.document) is
    'Percent of what was not credited of an invoice, less what was deducted already; null: no terms.';

create function crm.early_discount(invoice crm.document, paid_on date) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if invoice.early_payment_percent is null or invoice.status <> 'posted'
        or paid_on > invoice.document_date + invoice.early_payment_days
    then
        return 0;
    end if;
    return greatest(0, crm.discount_left(invoice));
end
$$;

comment on function crm.early_discount(crm.document, date) is
    'What an invoice''s terms still give for a payment of that day, in its currency.

Never below 0, and 0 after the days; see crm.discount_left.';

create function crm.write_discount(said crm.settlement) returns crm.settlement
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    written crm.settlement;
begin
    said.purpose := 'discount';
    written := crm.write_settlement(said);
    if said.reverses is not null then
        insert into crm.settlement_tax (
            tenant_id, settlement_id, position, document_id, kind, owner_id, team_id, tax_category,
            tax_rate, net, tax
        )
        select t.tenant_id, written.id, t.position, t.document_id, t.kind, t.owner_id, t.team_id,
            t.tax_category, t.tax_rate, -t.net, -t.tax
        from crm.settlement_tax as t
        where t.tenant_id = written.tenant_id and t.settlement_id = said.reverses;
        perform crm.book_settlement(written);
        return written;
    end if;

    insert into crm.settlement_tax (
        tenant_id, settlement_id, position, document_id, kind, owner_id, team_id, tax_category,
        tax_rate, net, tax
    )
    select written.tenant_id, written.id, p.position, written.document_id, written.kind,
        written.owner_id, written.team_id, p.tax_category, p.tax_rate, p.part - x.tax, x.tax
    from (
        -- whole minor units, and one more for those that were cut off most, until it is the amount
        select u.position, u.tax_category, u.tax_rate, u.minor_unit,
            round(
                (
                    floor(u.units) + (
                        row_number() over (order by u.units - floor(u.units) desc, u.position)
                        <= u.amount - sum(floor(u.units)) over ()
                    )::int
                ) / power(10::numeric, u.minor_unit),
                u.minor_unit
            ) as part
        from (
            select t.position, t.tax_category, t.tax_rate, c.minor_unit,
                a.units as amount,
                a.units * (t.net + t.tax - o.net - o.tax)
                    / sum(t.net + t.tax - o.net - o.tax) over () as units
            from crm.document as d
            join crm.currency as c on c.code = d.currency
            cross join lateral (
                select written.amount * power(10::numeric, c.minor_unit)
            ) as a (units)
            join crm.document_tax as t on t.tenant_id = d.tenant_id and t.document_id = d.id
            -- what was credited is discounted no more
            cross join lateral crm.tax_taken_back(d, t.tax_category, t.tax_rate) as o
            where d.tenant_id = written.tenant_id and d.id = written.document_id
        ) as u
    ) as p
    cross join lateral (
        select round(p.part * p.tax_rate / (100 + p.tax_rate), p.minor_unit)
    ) as x (tax)
    where p.part <> 0;
    perform crm.book_settlement(written);
    return written;
end
$$;

comment on function crm.write_discount(crm.settlement) is
    'Settles a part of an invoice as a discount, with its net and tax, and returns the row.';

create function crm.cut_discount(invoice crm.document, settled_on date, reason text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    given crm.settlement;
    counter crm.settlement;
    excess numeric := -crm.discount_left(invoice);
begin
    while excess > 0 loop
        select s.* into given
        from crm.settlement as s
        where s.tenant_id = invoice.tenant_id and s.document_id = invoice.id
            and s.purpose = 'discount' and s.reverses is null
            and not exists (
                select from crm.settlement as r
                where r.tenant_id = s.tenant_id and r.reverses = s.id
            )
        order by s.id desc
        limit 1;
        exit when not found;  -- where the tenant owes nothing was given
        counter := given;
        counter.pair_id := mandant.new_id();
        counter.amount := -given.amount;
        counter.tenant_amount := -given.tenant_amount;
        counter.settled_on := settled_on;
        counter.reverses := given.id;
        counter.reason := reason;
        perform crm.write_discount(counter);
        excess := excess - given.amount;
        if excess < 0 then
            given.amount := -excess;
            given.settled_on := settled_on;
            perform crm.write_discount(given);  -- what is left of it, for the same payment
        end if;
    end loop;
end
$$;

comment on function crm.cut_discount(crm.document, date, text) is
    'Takes back the discount on what was credited of an invoice that the caller has locked.';

alter function crm.discount_left(crm.document) owner to crm_owner;
alter function crm.early_discount(crm.document, date) owner to crm_owner;
alter function crm.write_discount(crm.settlement) owner to crm_owner;
alter function crm.cut_discount(crm.document, date, text) owner to crm_owner;
revoke all on function
    crm.discount_left(crm.document),
    crm.early_discount(crm.document, date),
    crm.write_discount(crm.settlement),
    crm.cut_discount(crm.document, date, text)
    from public;
-- crm.open_item asks for whoever reads it
grant execute on function
    crm.discount_left(crm.document), crm.early_discount(crm.document, date)
    to mandant_user;
