-- What a contract costs for a period, and the invoice of it, in memory: nothing is written here, so
-- that it serves whoever wants to know before as well as the run. A line is billed for the days on
-- which it held and the contract did not rest, by days of its billing period; whole periods are
-- never divided.

create type crm.contract_bill as (
    contract_id uuid,
    first_day date,
    last_day date,
    document crm.document,
    lines crm.document_line[],
    taxes crm.document_tax[],
    sqlstate text,
    message text,
    hint text
);

comment on type crm.contract_bill is
    'A period of a contract with its invoice; without lines: nothing to bill, or refused.';

create function crm.contract_lines(
    contract crm.contract, document crm.document, customer crm.customer, first_day date,
    last_day date, language text
) returns crm.document_line[]
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    period record;
    resting datemultirange;
    digits int;
    item record;
    tax record;
    line crm.document_line;
    lines crm.document_line[] := '{}';
begin
    period := crm.billing_period(contract.billing_anchor, contract.billing_months, first_day);
    resting := coalesce(
        (
            select range_agg(daterange(s.first_day, s.last_day, '[]'))
            from crm.contract_suspension as s
            where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        ),
        '{}'
    );
    digits := (select c.minor_unit from crm.currency as c where c.code = contract.currency);
    for item in
        select h.*, p.name, p.tax_code as product_tax_code, p.tax_rate as product_tax_rate,
            lower(d.days) as from_day, upper(d.days) - lower(d.days) as days
        from (
            -- versions that follow each other and are the same are one
            select l.position, l.product_id, l.description, l.quantity, l.unit, l.unit_price,
                l.discount_percent, l.tax_code, l.tax_rate, range_agg(l.held) as held
            from (
                select l.*, daterange(
                    l.valid_from,
                    lead(l.valid_from) over (partition by l.position order by l.valid_from)
                ) as held
                from crm.contract_line as l
                where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
            ) as l
            where l.quantity > 0
            group by l.position, l.product_id, l.description, l.quantity, l.unit, l.unit_price,
                l.discount_percent, l.tax_code, l.tax_rate
        ) as h
        cross join lateral unnest(
            h.held
                * datemultirange(
                    daterange(contract_lines.first_day, contract_lines.last_day, '[]')
                )
                - resting
        ) as d (days)
        left join crm.product as p
            on p.tenant_id = contract.tenant_id and p.id = h.product_id
        order by h.position, lower(d.days)
    loop
        line := null;
        line.tenant_id := contract.tenant_id;
        line.document_id := document.id;
        line.position := cardinality(lines) + 1;
        line.kind := document.kind;
        line.owner_id := document.owner_id;
        line.team_id := document.team_id;
        line.product_id := item.product_id;
        line.description := format(
            '%s, %s – %s', coalesce(item.description, item.name),
            crm.date_in_language(item.from_day, language),
            crm.date_in_language(item.from_day + item.days - 1, language)
        );
        line.quantity := item.quantity;
        line.unit := item.unit;
        line.unit_price := item.unit_price * contract.billing_months;
        if item.days < period.last_day - period.first_day + 1 then
            line.unit_price := trim_scale(round(
                line.unit_price * item.days
                    / ((period.last_day - period.first_day + 1) * contract.price_months),
                6
            ));
        elsif contract.price_months > 1 then
            line.unit_price := trim_scale(round(line.unit_price / contract.price_months, 6));
        end if;
        line.discount_percent := coalesce(item.discount_percent, customer.discount, 0);
        line.tax_code := case
            when num_nonnulls(item.tax_code, item.tax_rate) > 0 then item.tax_code
            else item.product_tax_code
        end;
        line.tax_rate := case
            when line.tax_code is null then coalesce(item.tax_rate, item.product_tax_rate)
        end;
        if line.tax_code is not null then
            tax := crm.line_tax(document, line.tax_code, null);
            line.tax_rate := tax.rate;
            line.tax_category := tax.category;
        end if;
        -- a division would round here already
        line.net := round(
            line.quantity * line.unit_price * (100 - line.discount_percent) * 0.01, digits
        );
        lines := lines || line;
    end loop;
    return lines;
end
$$;

comment on function crm.contract_lines(
    crm.contract, crm.document, crm.customer, date, date, text
) is
    'The lines of the invoice for days of one billing period; none: nothing is to be billed.

language: how dates are written.';

create function crm.bill_contract(
    contract crm.contract, first_day date, last_day date, as_of date, tenant mandant.tenant,
    kind crm.document_kind
) returns crm.contract_bill
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    document crm.document;
    lines crm.document_line[];
    taxes crm.document_tax[];
begin
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = contract.tenant_id and c.id = contract.customer_id;
    if not found then
        perform crm.refuse_customer(contract.customer_id);
    end if;
    perform mandant_internal.require_row(
        'document', action, contract.tenant_id, contract.owner_id, contract.team_id, kind.code
    )
    from unnest(array['create', 'post']) as action;
    document.tenant_id := contract.tenant_id;
    document.id := mandant.new_id();
    document.kind := kind.code;
    document.customer_id := customer.id;
    document.owner_id := contract.owner_id;
    document.team_id := contract.team_id;
    document.document_date := as_of;
    document.reference := coalesce(contract.reference, contract.number);
    document.currency := contract.currency;
    document.takes_back := false;
    document.revision := 1;
    -- of a period the last day is the day of supply, whose tax rate counts for all of it
    document.supplied_on := last_day;
    document.tax_rounding := mandant_internal.setting_in(tenant.id, 'tax_rounding');
    document.billing_address_id := crm.only_address(customer, 'billing');
    lines := crm.contract_lines(
        contract, document, customer, first_day, last_day,
        coalesce(customer.language, tenant.locale)
    );
    if cardinality(lines) = 0 then
        return (contract.id, first_day, last_day, null, null, null, null, null, null)::crm.contract_bill;
    end if;
    perform crm.require_open_customer(customer, kind.code);

    taxes := array(
        select (
            document.tenant_id, document.id, t.position, document.kind, document.owner_id,
            document.team_id, t.tax_category, t.tax_rate, t.net, t.tax, null, null
        )::crm.document_tax
        from crm.reckon_taxes(
            document, lines, document.tax_rounding,
            (select c.minor_unit from crm.currency as c where c.code = document.currency)
        ) as t
        order by t.position
    );
    select sum(t.net), sum(t.tax), sum(t.net) + sum(t.tax)
    into document.net, document.tax, document.gross
    from unnest(taxes) as t;
    perform crm.require_lines(document, lines);
    document := crm.complete_draft(document, customer, tenant, kind, lines);
    perform crm.require_fields(document, customer, tenant, lines);
    if customer.credit_limit is not null
        and document.currency = coalesce(customer.currency, tenant.currency)
    then
        perform crm.check_credit_limit(document, customer);
    end if;
    document := crm.with_rates(document, tenant, null);
    if document.currency <> document.tenant_currency
        or document.currency <> document.group_currency
    then
        lines := crm.share_lines(document, lines);
    end if;
    if document.currency <> document.tenant_currency then
        taxes := crm.share_taxes(document, taxes);
    end if;
    document.group_tenant_id := customer.group_tenant_id;
    document.open_amount := document.gross * kind.balance_sign;
    document.posted_on := (now() at time zone tenant.timezone)::date;
    document.retain_until := crm.retain_until(
        tenant, kind.record_class, document.document_date, document.posted_on
    );
    return (contract.id, first_day, last_day, document, lines, taxes, null, null, null)::crm.contract_bill;
end
$$;

comment on function crm.bill_contract(
    crm.contract, date, date, date, mandant.tenant, crm.document_kind
) is
    'The invoice of a contract for days of one billing period, checked and complete as for posting.

as_of: its date. kind: that of invoices. Errors: those of crm.post_document.';

create function crm.next_period(
    contract crm.contract, billed_until date, as_of date, out first_day date, out last_day date
)
    language plpgsql immutable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    first_day := coalesce(billed_until + 1, contract.starts_on);
    if contract.activated_at is not null and first_day <= least(as_of, contract.ends_on) then
        last_day := least(
            (crm.billing_period(contract.billing_anchor, contract.billing_months, first_day)).last_day,
            contract.ends_on
        );
    end if;
    if last_day is null or contract.billed = 'arrears' and last_day > as_of then
        first_day := null;
        last_day := null;
    end if;
end
$$;

comment on function crm.next_period(crm.contract, date, date) is
    'What is to be billed next of a contract on a day; null: nothing yet.

billed_until: the last day that is billed; null: none. The first and last period of a contract may be
a part of a billing period.';

create function crm.due_in(tenant_id int, as_of date)
    returns table (
        contract_id uuid, number text, customer_id uuid, first_day date, last_day date
    )
    language sql stable
    set search_path = pg_catalog, mandant, pg_temp
begin atomic
    select c.id, c.number, c.customer_id, p.first_day, p.last_day
    from crm.contract as c
    cross join lateral (
        select max(b.last_day) as last_day
        from crm.contract_period as b
        where b.tenant_id = c.tenant_id and b.contract_id = c.id
        offset 0  -- asked once, not wherever it is used
    ) as billed
    cross join lateral crm.next_period(c, billed.last_day, as_of) as p
    where c.tenant_id = due_in.tenant_id and c.activated_at is not null
        and coalesce(billed.last_day < as_of, true) and p.first_day is not null;
end;

comment on function crm.due_in(int, date) is
    'The contracts of a tenant to be billed on a day, each with its next period.';

create function crm.due_contracts(as_of date default null)
    returns table (
        tenant_id int, contract_id uuid, number text, customer_id uuid, first_day date,
        last_day date
    )
    language plpgsql stable
    security definer -- asks functions that are not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return query
        select t.id, d.*
        from mandant.tenant as t
        cross join lateral crm.due_in(
            t.id, coalesce(as_of, mandant_internal.day_in(t.timezone, now()))
        ) as d
        order by t.id, d.contract_id;
end
$$;

comment on function crm.due_contracts(date) is
    'The contracts to be billed on a day, default today in the tenant, each with its next period.

first_day, last_day: of the period, the first and last of a contract pro rata.';

alter function crm.contract_lines(crm.contract, crm.document, crm.customer, date, date, text)
    owner to crm_owner;
alter type crm.contract_bill owner to crm_owner;
alter function crm.bill_contract(
    crm.contract, date, date, date, mandant.tenant, crm.document_kind
) owner to crm_owner;
alter function crm.next_period(crm.contract, date, date) owner to crm_owner;
alter function crm.due_in(int, date) owner to crm_owner;
alter function crm.due_contracts(date) owner to crm_owner;
revoke all on function
    crm.contract_lines(crm.contract, crm.document, crm.customer, date, date, text),
    crm.bill_contract(crm.contract, date, date, date, mandant.tenant, crm.document_kind),
    crm.next_period(crm.contract, date, date),
    crm.due_in(int, date),
    crm.due_contracts(date)
    from public;
grant execute on function crm.due_contracts(date) to mandant_user;
