-- Setting off: what the customer owes against what he has paid or is owed, as much as both have
-- open. Whoever settles locks all documents that it takes in the order of their ids, before a number
-- is drawn: two who want the same wait for each other, and neither for ever. That nobody settles more
-- than is open is thus the same at every isolation level.

create function crm.lock_item(document_id uuid) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document := crm.lock_document(document_id, 'update');
begin
    -- what row security asks of who adds rows that are seen as the document is
    perform mandant_internal.require_row(
        'document', 'create', document.tenant_id, document.owner_id, document.team_id, document.kind
    );
    return document;
end
$$;

comment on function crm.lock_item(uuid) is
    'Locks a document to settle it, or refuses: not there (P0002), not allowed (42501).';

create function crm.lock_settled(document_id uuid) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform d.id
    from crm.document as d
    where d.id = lock_settled.document_id or d.id in (
        select s.by_id from crm.settlement as s where s.document_id = lock_settled.document_id
    )
    order by d.id
    for update;
end
$$;

comment on function crm.lock_settled(uuid) is
    'Locks a document and all that it settled, as far as the caller may; before any of them alone.';

create function crm.settling_day(tenant_id int, one date, other date) returns date
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    -- who locks the period waits for this, or this sees that it is locked
    perform mandant_internal.hold_settings(tenant_id);
    return greatest(
        one, other, mandant_internal.setting_in(tenant_id, 'locked_until')::date + 1
    );
end
$$;

comment on function crm.settling_day(int, date, date) is
    'The later of two days, or the first that is not locked.';

create function crm.surviving_customer(tenant_id int, customer_id uuid) returns uuid
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select c.merged_into
            from crm.customer as c
            where c.tenant_id = surviving_customer.tenant_id
                and c.id = surviving_customer.customer_id
        ),
        customer_id
    );
end
$$;

comment on function crm.surviving_customer(int, uuid) is
    'Whom the documents of a customer count for: himself, or who he turned out to be.';

create function crm.require_pair(credit crm.document, debit crm.document) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    draft constant crm.document := case when credit.status = 'draft' then credit else debit end;
begin
    if credit.tenant_id <> debit.tenant_id then
        raise exception '% % and % % belong to different tenants',
            credit.kind, credit.number, debit.kind, debit.number
            using errcode = 'invalid_parameter_value',
                hint = 'what is open is settled within one tenant';
    elsif draft.status = 'draft' then
        raise exception '% % is not posted', draft.kind, draft.id
            using errcode = 'invalid_parameter_value',
                hint = 'post it first with crm.post_document(id)';
    elsif credit.currency <> debit.currency then
        raise exception '% % is in %, % % in %',
            credit.kind, credit.number, credit.currency, debit.kind, debit.number, debit.currency
            using errcode = 'invalid_parameter_value',
                hint = format('record the payment in %s', debit.currency);
    elsif crm.surviving_customer(credit.tenant_id, credit.customer_id)
        <> crm.surviving_customer(debit.tenant_id, debit.customer_id)
    then
        raise exception '% % and % % are of different customers',
            credit.kind, credit.number, debit.kind, debit.number
            using errcode = 'invalid_parameter_value',
                hint = 'if they are the same, merge them with crm.merge_customers';
    elsif credit.open_amount >= 0 then
        raise exception '% % has nothing to give', credit.kind, credit.number
            using errcode = 'invalid_parameter_value',
                hint = 'name a payment or credit note whose open_amount is below 0';
    elsif debit.open_amount <= 0 then
        raise exception 'nothing is open of % %', debit.kind, debit.number
            using errcode = 'invalid_parameter_value',
                hint = 'name an invoice whose open_amount is above 0';
    end if;
end
$$;

comment on function crm.require_pair(crm.document, crm.document) is
    'Refuses (22023) to set off two documents that do not belong together, or are not open.';

create function crm.require_settling_amount(amount numeric, currency text, name text)
    returns numeric
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    minor_unit int := (select c.minor_unit from crm.currency as c where c.code = currency);
begin
    -- NaN is above every number, so an upper bound keeps it out as well
    if (amount > 0 and amount < 1e12) is not true then
        raise exception '% must be a number above 0, below 1e12, not %',
            name, coalesce(amount::text, 'null')
            using errcode = 'invalid_parameter_value',
                hint = 'say what is settled, without sign';
    elsif amount <> round(amount, minor_unit) then
        raise exception '% % has more decimals than %', name, trim_scale(amount), currency
            using errcode = 'invalid_parameter_value',
                hint = format('%s has %s', currency, minor_unit);
    end if;
    return round(amount, minor_unit);
end
$$;

comment on function crm.require_settling_amount(numeric, text, text) is
    'The amount with the decimals of its currency; refuses (22023) what is none.';

create function crm.settle(
    credit crm.document, debit crm.document, amount numeric default null,
    discount numeric default null
) returns crm.settlement
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    terms numeric := 0;
    given crm.settlement;
    taken crm.settlement;
begin
    perform crm.require_pair(credit, debit);
    -- a credit note is no early payment
    if debit.early_payment_percent is not null and exists (
        select from crm.document_kind as k where k.code = credit.kind and k.revenue_sign = 0
    ) then
        terms := crm.early_discount(debit, credit.document_date);
    end if;

    if discount is null then
        discount := case
            when terms > 0
                and coalesce(amount, -credit.open_amount) = debit.open_amount - terms then terms
            else 0
        end;
    elsif discount <> 0 then
        discount := crm.require_settling_amount(discount, debit.currency, 'discount');
        amount := coalesce(amount, least(-credit.open_amount, debit.open_amount - discount));
        if amount + discount < debit.open_amount then
            -- a part that is paid gives its part of the discount
            terms := least(terms, round(
                amount * debit.early_payment_percent
                    / nullif(100 - debit.early_payment_percent, 0),
                (select c.minor_unit from crm.currency as c where c.code = debit.currency)
            ));
        end if;
        if discount > terms then
            raise exception '% % gives a discount of % to % paid on %, not %',
                debit.kind, debit.number, terms, amount,
                to_char(credit.document_date, 'YYYY-MM-DD'), discount
                using errcode = 'invalid_parameter_value',
                    hint = 'for more than its terms give, post a credit note';
        end if;
    end if;
    amount := coalesce(amount, least(-credit.open_amount, debit.open_amount - discount));
    amount := crm.require_settling_amount(amount, debit.currency, 'amount');
    if amount > -credit.open_amount then
        raise exception 'only % of % % is left, not %',
            -credit.open_amount, credit.kind, credit.number, amount
            using errcode = 'invalid_parameter_value',
                hint = 'its open_amount in crm.open_item says what it can give';
    elsif amount + discount > debit.open_amount then
        raise exception 'only % of % % is open, not %',
            debit.open_amount, debit.kind, debit.number, amount + discount
            using errcode = 'invalid_parameter_value',
                hint = 'what is paid above that stays open on the payment';
    end if;

    given.tenant_id := credit.tenant_id;
    given.document_id := credit.id;
    given.by_id := debit.id;
    given.pair_id := mandant.new_id();
    given.purpose := 'allocation';
    given.amount := -amount;
    given.settled_on := crm.settling_day(
        credit.tenant_id, credit.document_date, debit.document_date
    );
    taken := given;
    taken.document_id := debit.id;
    taken.by_id := credit.id;
    given := crm.write_settlement(given);
    if discount > 0 then
        taken.amount := discount;
        perform crm.write_discount(taken);
    end if;
    taken.amount := amount;
    perform crm.write_settlement(taken, -given.tenant_amount);
    return given;
end
$$;

comment on function crm.settle(crm.document, crm.document, numeric, numeric) is
    'Sets two documents off that the caller has locked; returns the row of the first.

See crm.allocate.';

create function crm.allocate(
    credit_id uuid, debit_id uuid, amount numeric default null, discount numeric default null
) returns setof crm.settlement
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    credit crm.document;
    debit crm.document;
    settled crm.settlement;
begin
    -- who posts a draft waits for what it settles: nobody waits here for a draft
    perform crm.require_posted(credit_id);
    perform crm.require_posted(debit_id);
    if credit_id < debit_id then
        credit := crm.lock_item(credit_id);
        debit := crm.lock_item(debit_id);
    else
        debit := crm.lock_item(debit_id);
        credit := crm.lock_item(credit_id);
    end if;
    settled := crm.settle(credit, debit, amount, discount);
    return query
    select s.*
    from crm.settlement as s
    where s.tenant_id = settled.tenant_id and s.pair_id = settled.pair_id
    order by s.id;
end
$$;

comment on function crm.allocate(uuid, uuid, numeric, numeric) is
    'Sets a payment or credit note off against an invoice; returns a row for each side.

credit_id: what has an open_amount below 0; debit_id: above 0; of one tenant, customer and currency,
where the documents of a merged customer are those of who he became. amount: what is set off, default
as much as both have open. discount: for an early payment, taken besides the amount, with a row of its
own; default what the invoice''s terms give to a payment of that day, if the amount (or all that the
payment has left) pays the rest of the invoice exactly, else none. Needs update and create on both
kinds, which is what row security asks. Errors: P0002 no such document, 22023 they do not belong
together, more than is open, more discount than the terms give, no amount of the currency, 42501 no
right.';

create function crm.require_posted(document_id uuid) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if exists (select from crm.document as d where d.id = document_id and d.status = 'draft') then
        raise exception 'draft % is not posted', document_id
            using errcode = 'invalid_parameter_value',
                hint = 'post it first with crm.post_document(id)';
    end if;
end
$$;

comment on function crm.require_posted(uuid) is
    'Refuses (22023) a draft, without waiting for it.';

alter function crm.lock_item(uuid) owner to crm_owner;
alter function crm.lock_settled(uuid) owner to crm_owner;
alter function crm.settling_day(int, date, date) owner to crm_owner;
alter function crm.surviving_customer(int, uuid) owner to crm_owner;
alter function crm.require_pair(crm.document, crm.document) owner to crm_owner;
alter function crm.require_settling_amount(numeric, text, text) owner to crm_owner;
alter function crm.settle(crm.document, crm.document, numeric, numeric) owner to crm_owner;
alter function crm.allocate(uuid, uuid, numeric, numeric) owner to crm_owner;
alter function crm.require_posted(uuid) owner to crm_owner;
revoke all on function
    crm.lock_item(uuid),
    crm.lock_settled(uuid),
    crm.settling_day(int, date, date),
    crm.surviving_customer(int, uuid),
    crm.require_pair(crm.document, crm.document),
    crm.require_settling_amount(numeric, text, text),
    crm.settle(crm.document, crm.document, numeric, numeric),
    crm.allocate(uuid, uuid, numeric, numeric),
    crm.require_posted(uuid)
    from public;
grant execute on function crm.allocate(uuid, uuid, numeric, numeric) to mandant_user;
