-- Payments: what a customer paid, or was paid out. A payment is a document like others, with its
-- own number, one line without tax, and an open amount: what of it pays nothing yet. Recording one
-- also says what it pays; what is left over stays open on it and can be allocated later.

create function crm.read_allocations(tenant_id int, allocations jsonb)
    returns table (document_id uuid, amount numeric, discount numeric)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    place text := 'allocations';
    stranger text;
    item record;
    ids uuid[];
begin
    if jsonb_typeof(allocations) is distinct from 'array'
        or jsonb_path_exists(allocations, 'strict $[*] ? (@.type() != "object")')
    then
        raise exception 'allocations must be an array of objects'
            using errcode = 'invalid_parameter_value',
                hint = 'write [{"number": "...", "amount": 100}]';
    end if;
    select key into stranger
    from jsonb_array_elements(allocations) as a, jsonb_object_keys(a) as key
    where key not in ('document_id', 'number', 'amount', 'discount')
    limit 1;
    if found then
        raise exception 'an allocation has no field "%"', stranger
            using errcode = 'invalid_parameter_value',
                hint = 'the fields are document_id or number, amount and discount';
    end if;

    for item in
        select said.*
        from rows from (
            jsonb_to_recordset(allocations)
                as (document_id uuid, number text, amount numeric, discount numeric)
        ) with ordinality as said (document_id, number, amount, discount, position)
    loop
        place := format('allocation %s', item.position);
        if item.document_id is not null then
            ids := array(
                select d.id
                from crm.document as d
                where d.tenant_id = read_allocations.tenant_id and d.id = item.document_id
                    and (item.number is null or d.number = item.number)
            );
        else
            ids := array(
                select d.id
                from crm.document_kind as k
                join crm.document as d on d.kind = k.code
                where d.tenant_id = read_allocations.tenant_id and d.number = item.number
                    and k.balance_sign <> 0
                limit 2
            );
        end if;
        if cardinality(ids) = 0 then
            raise exception '%: no such document %', place,
                coalesce(item.number, item.document_id::text, 'without document_id or number')
                using errcode = 'no_data_found',
                    hint = 'name invoices of the customer by document_id or number, as in'
                        ' crm.open_item';
        elsif cardinality(ids) > 1 then
            raise exception '%: several documents have the number %', place, item.number
                using errcode = 'invalid_parameter_value', hint = 'name it by document_id';
        end if;
        document_id := ids[1];
        amount := item.amount;
        discount := item.discount;
        return next;
    end loop;
exception
    when invalid_text_representation or numeric_value_out_of_range then
        raise exception '%: %', place, sqlerrm
            using errcode = 'invalid_parameter_value',
                hint = 'document_id is a uuid, amount and discount are decimals, as in 1234.50';
end
$$;

comment on function crm.read_allocations(int, jsonb) is
    'The documents that a payment is said to pay; refuses (P0002, 22023) what is none.';

create function crm.record_payment(
    customer_id uuid,
    amount numeric,
    paid_on date default null,
    currency text default null,
    reference text default null,
    allocations jsonb default null,
    exchange_rate numeric default null
) returns crm.document
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    payment crm.document;
    item record;
    other crm.document;
    ids uuid[];
    settled crm.settlement;
begin
    select c.* into customer from crm.customer as c where c.id = record_payment.customer_id;
    if not found then
        perform crm.refuse_customer(customer_id);
    -- NaN is above every number, so an upper bound keeps it out as well
    elsif (amount <> 0 and abs(amount) < 1e12) is not true then
        raise exception 'amount must be a number other than 0, below 1e12, not %',
            coalesce(amount::text, 'null')
            using errcode = 'invalid_parameter_value',
                hint = 'what the customer paid; below 0 what was paid out to him';
    end if;

    -- it belongs to whoever looks after the customer, who sees then what is paid
    payment := crm.create_document(
        customer.id, 'payment',
        jsonb_build_array(jsonb_build_object(
            'description', (
                select coalesce(
                    crm.in_language(k.titles, variadic array_remove(
                        array[customer.language, t.locale], null
                    )),
                    k.name
                )
                from crm.document_kind as k
                join mandant.tenant as t on t.id = customer.tenant_id
                where k.code = 'payment'
            ),
            'quantity', sign(amount), 'unit_price', abs(amount), 'tax_rate', 0
        )),
        document_date => paid_on, reference => reference, currency => currency,
        owner_id => customer.owner_id, exchange_rate => exchange_rate
    );
    perform crm.require_settling_amount(abs(amount), payment.currency, 'amount');

    if allocations is null then
        ids := array(
            select d.id
            from crm.document as d
            where d.tenant_id = payment.tenant_id and d.currency = payment.currency
                and d.open_amount <> 0 and sign(d.open_amount) = sign(amount)
                and d.status <> 'draft'
                and d.customer_id in (
                    select c.id
                    from crm.customer as c
                    where c.tenant_id = customer.tenant_id
                        and (c.id = customer.id or c.merged_into = customer.id)
                )
            order by d.id
            for update
        );
    else
        for item in
            select distinct a.document_id
            from crm.read_allocations(payment.tenant_id, allocations) as a
            order by a.document_id
        loop
            perform crm.require_posted(item.document_id);
            perform crm.lock_item(item.document_id);
        end loop;
    end if;
    payment := crm.post_document(payment.id);

    for item in
        select a.document_id, a.amount, a.discount
        from crm.read_allocations(payment.tenant_id, coalesce(allocations, '[]')) as a
        union all
        (
            select d.id, null, null
            from crm.document as d
            where d.tenant_id = payment.tenant_id and d.id = any(ids)
            -- what it pays exactly, else what is due first
            order by d.open_amount = amount desc,
                d.open_amount - crm.early_discount(d, payment.document_date) = amount desc,
                d.due_date, d.document_date, d.id
        )
    loop
        exit when payment.open_amount = 0 and allocations is null;
        select d.* into other
        from crm.document as d
        where d.tenant_id = payment.tenant_id and d.id = item.document_id;
        if amount > 0 then
            settled := crm.settle(payment, other, item.amount, item.discount);
            payment.open_amount := payment.open_amount - settled.amount;
        else
            settled := crm.settle(other, payment, item.amount, item.discount);
            payment.open_amount := payment.open_amount + settled.amount;
        end if;
    end loop;
    return payment;
end
$$;

comment on function crm.record_payment(uuid, numeric, date, text, text, jsonb, numeric) is
    'Records what a customer paid, as a posted payment, says what it pays, and returns it.

amount: below 0 was paid out to the customer. paid_on: default today in the tenant''s time zone.
currency: default the customer''s, or the tenant''s. exchange_rate: units of the tenant''s currency
for one of the payment''s; default that of the day. allocations: [{"document_id" | "number", "amount",
"discount"}], amount and discount as for crm.allocate; null: what it pays exactly, with or without the
discount for early payment, else what is due first, as far as it goes; []: nothing. What is left stays
open on the payment. Needs create, update and post on payments, update and create on what it pays;
without them a payment with allocations null pays nothing. Errors: P0002 no such customer or document,
22023 bad value, no exchange rate, more than is open, 23001 the period is locked, 42501 no right.';

alter function crm.read_allocations(int, jsonb) owner to crm_owner;
alter function crm.record_payment(uuid, numeric, date, text, text, jsonb, numeric)
    owner to crm_owner;
revoke all on function
    crm.read_allocations(int, jsonb),
    crm.record_payment(uuid, numeric, date, text, text, jsonb, numeric)
    from public;
grant execute on function
    crm.record_payment(uuid, numeric, date, text, text, jsonb, numeric)
    to mandant_user;
