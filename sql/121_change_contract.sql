-- How a contract comes about, changes and ends. All of it locks the contract first, so that nothing
-- changes while it is being billed, and nothing is changed on days that are billed already.

create function crm.lock_contract(contract_id uuid, action text) returns crm.contract
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract;
begin
    select c.* into contract from crm.contract as c where c.id = contract_id for update;
    if not found then
        -- he may see it and not change it
        select c.* into contract from crm.contract as c where c.id = contract_id;
        if not found then
            raise exception 'no such contract %', contract_id
                using errcode = 'no_data_found',
                    hint = 'look for it in crm.contract, with its tenant selected';
        end if;
        perform mandant_internal.require_row(
            'contract', 'update', contract.tenant_id, contract.owner_id, contract.team_id, null
        );
    end if;
    perform mandant_internal.require_row(
        'contract', action, contract.tenant_id, contract.owner_id, contract.team_id, null
    );
    return contract;
end
$$;

comment on function crm.lock_contract(uuid, text) is
    'Locks a contract, or refuses: not there (P0002), not allowed (42501).';

create function crm.lock_active_contract(contract_id uuid) returns crm.contract
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract := crm.lock_contract(contract_id, 'update');
begin
    if contract.activated_at is null then
        raise exception 'contract "%" is a draft', contract.title
            using errcode = 'invalid_parameter_value',
                hint = 'change it with crm.change_contract, or activate it first';
    end if;
    return contract;
end
$$;

comment on function crm.lock_active_contract(uuid) is
    'Locks a contract that is active, or refuses: P0002, 42501, a draft (22023).';

create function crm.require_unbilled(contract crm.contract, from_day date) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    billed_until date := (
        select max(p.last_day)
        from crm.contract_period as p
        where p.tenant_id = contract.tenant_id and p.contract_id = contract.id
    );
begin
    if from_day <= billed_until then
        raise exception 'contract % is billed until %',
            contract.number, to_char(billed_until, 'YYYY-MM-DD')
            using errcode = 'restrict_violation',
                hint = format(
                    'change it from %s on, and credit what was billed before',
                    to_char(billed_until + 1, 'YYYY-MM-DD')
                );
    end if;
end
$$;

comment on function crm.require_unbilled(crm.contract, date) is
    'Refuses (23001) to change what a contract is from a day on that is billed.';

create function crm.days_in_words(first_day date, last_day date) returns text
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return 'from ' || to_char(first_day, 'YYYY-MM-DD')
        || coalesce(' to ' || to_char(last_day, 'YYYY-MM-DD'), ' on');

comment on function crm.days_in_words(date, date) is 'Days as messages say them; last_day null: on.';

create function crm.refuse_contract(relation regclass, broken name, missing name, otherwise text)
    returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    raise exception '%', crm.rule_in_words(relation, broken, missing, otherwise)
        using errcode = 'invalid_parameter_value',
            hint = format('\d %s shows what its columns take', relation);
end
$$;

comment on function crm.refuse_contract(regclass, name, name, text) is
    'Refuses (22023) in the words of a constraint; arguments as of crm.rule_in_words.';

create function crm.write_contract_lines(contract crm.contract, lines jsonb) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    priced crm.document;  -- what asks for prices
    place text := 'lines';
    stranger text;
    missing name;
    broken name;
    item record;
    sold record;
    line crm.contract_line;
begin
    if jsonb_typeof(lines) is distinct from 'array'
        or jsonb_path_exists(lines, 'strict $[*] ? (@.type() != "object")')
    then
        raise exception 'lines must be an array of objects'
            using errcode = 'invalid_parameter_value',
                hint = 'write [{"product": "...", "quantity": 1}]';
    end if;
    select key into stranger
    from jsonb_array_elements(lines) as l, jsonb_object_keys(l) as key
    where key not in ('product_id', 'product', 'description', 'quantity', 'unit', 'unit_price',
        'discount_percent', 'tax_rate', 'tax_code')
    limit 1;
    if found then
        raise exception 'a line has no field "%"', stranger
            using errcode = 'invalid_parameter_value',
                hint = 'the fields are product_id or product (its code), description, quantity,'
                    ' unit, unit_price, discount_percent, tax_rate or tax_code';
    end if;
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = contract.tenant_id and c.id = contract.customer_id;
    priced.tenant_id := contract.tenant_id;
    priced.currency := contract.currency;
    priced.document_date := contract.starts_on;

    delete from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id;
    for item in
        select said.*
        from rows from (
            jsonb_to_recordset(lines) as (
                product_id uuid, product text, description text, quantity numeric, unit text,
                unit_price numeric, discount_percent numeric, tax_rate numeric, tax_code text
            )
        ) with ordinality as said (
            product_id, product, description, quantity, unit, unit_price, discount_percent,
            tax_rate, tax_code, position
        )
    loop
        place := format('line %s', item.position);
        line := null;
        if num_nonnulls(item.product_id, item.product) > 0 then
            sold := crm.line_product(
                priced, customer, item.product_id, item.product, item.unit_price, place
            );
            line.product_id := (sold.product).id;
            line.unit_price := sold.price;
            line.unit := (sold.product).unit;
        end if;
        if item.unit is not null then
            perform crm.require_unit(item.unit, place);
        end if;
        if item.tax_code is not null then
            perform crm.line_tax(priced, item.tax_code, item.tax_rate);
        end if;
        insert into crm.contract_line (
            tenant_id, contract_id, position, valid_from, owner_id, team_id, product_id,
            description, quantity, unit, unit_price, discount_percent, tax_code, tax_rate
        ) values (
            contract.tenant_id, contract.id, item.position, contract.starts_on, contract.owner_id,
            contract.team_id, line.product_id, item.description, item.quantity,
            coalesce(item.unit, line.unit), coalesce(item.unit_price, line.unit_price),
            item.discount_percent, item.tax_code,
            case when item.tax_code is null then item.tax_rate end
        );
    end loop;
exception
    when not_null_violation or check_violation or invalid_text_representation
        or numeric_value_out_of_range
    then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%: %',
            place, crm.rule_in_words('crm.contract_line', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = 'without a product a line needs description, quantity, unit_price and'
                    ' tax_rate (percent) or tax_code; with one, quantity';
end
$$;

comment on function crm.write_contract_lines(crm.contract, jsonb) is
    'Replaces the lines of a draft that the caller has locked.';

create function crm.create_contract(
    customer_id uuid,
    title text,
    starts_on date,
    lines jsonb default '[]',
    minimum_months int default 0,
    renewal_months int default null,
    notice_months int default 0,
    notice_days int default 0,
    billing_months int default 1,
    billing_anchor date default null,
    billed text default 'advance',
    price_months int default 1,
    reference text default null,
    currency text default null,
    owner_id uuid default null
) returns crm.contract
    language plpgsql volatile
    security definer -- writes lines, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    customer crm.customer;
    contract crm.contract;
    missing name;
    broken name;
begin
    select c.* into customer
    from crm.customer as c
    where c.id = create_contract.customer_id;
    if not found then
        perform crm.refuse_customer(customer_id);
    end if;
    perform crm.require_open_customer(customer, 'invoice');
    contract.currency := coalesce(
        create_contract.currency, customer.currency,
        (select t.currency from mandant.tenant as t where t.id = customer.tenant_id)
    );
    perform crm.require_currency(contract.currency, create_contract.starts_on);
    contract.owner_id := coalesce(create_contract.owner_id, mandant_internal.me());
    contract.team_id := coalesce(mandant_internal.my_team(), customer.team_id);
    perform mandant_internal.require_row(
        'contract', 'create', customer.tenant_id, contract.owner_id, contract.team_id, null
    );
    begin
        insert into crm.contract (
            tenant_id, customer_id, owner_id, team_id, title, reference, currency, starts_on,
            minimum_months, renewal_months, notice_months, notice_days, billing_months,
            billing_anchor, billed, price_months
        ) values (
            customer.tenant_id, customer.id, contract.owner_id, contract.team_id,
            create_contract.title, nullif(create_contract.reference, ''), contract.currency,
            create_contract.starts_on, create_contract.minimum_months,
            create_contract.renewal_months, create_contract.notice_months,
            create_contract.notice_days, create_contract.billing_months,
            coalesce(create_contract.billing_anchor, create_contract.starts_on),
            create_contract.billed, create_contract.price_months
        ) returning * into contract;
    exception
        when not_null_violation or check_violation then
            get stacked diagnostics missing = column_name, broken = constraint_name;
            perform crm.refuse_contract('crm.contract', broken, missing, sqlerrm);
    end;
    perform crm.write_contract_lines(contract, lines);
    return contract;
end
$$;

comment on function crm.create_contract(
    uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
) is
    'Makes the draft of a contract for a customer, in the customer''s tenant, and returns it.

lines: [{"product": "code" | "product_id": "uuid", "description", "quantity", "unit", "unit_price",
"discount_percent", "tax_rate" | "tax_code"}]; the price, for price_months, is by default the
customer''s or the product''s of the first day, and stays until crm.change_contract_line. minimum_months:
before which it cannot end. renewal_months: by which it goes on; 0 not at all, null to end any day.
notice_months, notice_days: from notice to end. billing_months: what an invoice is for; billing_anchor:
a day on which such a period begins, default the first day. billed: advance or arrears. currency:
default the customer''s, or the tenant''s. owner_id: default you. Errors: P0002 no such customer or
product, 22023 bad value, or the customer is blocked, 42501 no right.';

create function crm.change_contract(
    id uuid,
    lines jsonb default null,
    title text default null,
    starts_on date default null,
    minimum_months int default null,
    renewal_months int default null,
    notice_months int default null,
    notice_days int default null,
    billing_months int default null,
    billing_anchor date default null,
    billed text default null,
    price_months int default null,
    without_term boolean default null
) returns crm.contract
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract := crm.lock_contract(id, 'update');
    missing name;
    broken name;
begin
    if contract.activated_at is not null then
        raise exception 'contract % is active, cannot change', contract.number
            using errcode = 'restrict_violation',
                hint = 'crm.change_contract_line changes a line from a day on,'
                    ' crm.terminate_contract ends it';
    end if;
    begin
        update crm.contract as c
        set title = coalesce(change_contract.title, c.title),
            starts_on = coalesce(change_contract.starts_on, c.starts_on),
            minimum_months = coalesce(change_contract.minimum_months, c.minimum_months),
            renewal_months = case
                when without_term then null
                else coalesce(change_contract.renewal_months, c.renewal_months)
            end,
            notice_months = coalesce(change_contract.notice_months, c.notice_months),
            notice_days = coalesce(change_contract.notice_days, c.notice_days),
            billing_months = coalesce(change_contract.billing_months, c.billing_months),
            billing_anchor = coalesce(
                change_contract.billing_anchor,
                case when c.billing_anchor = c.starts_on then change_contract.starts_on end,
                c.billing_anchor
            ),
            billed = coalesce(change_contract.billed, c.billed),
            price_months = coalesce(change_contract.price_months, c.price_months)
        where c.tenant_id = contract.tenant_id and c.id = contract.id
        returning c.* into contract;
    exception
        when not_null_violation or check_violation then
            get stacked diagnostics missing = column_name, broken = constraint_name;
            perform crm.refuse_contract('crm.contract', broken, missing, sqlerrm);
    end;
    if lines is not null then
        perform crm.write_contract_lines(contract, lines);
    else
        update crm.contract_line as l
        set valid_from = contract.starts_on
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
            and l.valid_from <> contract.starts_on;
    end if;
    return contract;
end
$$;

comment on function crm.change_contract(
    uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
) is
    'Changes the draft of a contract and returns it; what is null stays as it is.

lines: as for crm.create_contract, they replace all lines; prices of lines that stay are not looked up
again. without_term: true for renewal_months null. Errors: P0002 no such contract, 23001 it is active,
22023 bad value, 42501 no right.';

create function crm.activate_contract(id uuid) returns crm.contract
    language plpgsql volatile
    security definer -- writes number and time, which users may not; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract := crm.lock_contract(id, 'post');
    customer crm.customer;
begin
    if contract.activated_at is not null then
        raise exception 'contract % is active already', contract.number
            using errcode = 'restrict_violation', hint = 'end it with crm.terminate_contract';
    elsif not exists (
        select from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
    ) then
        raise exception 'contract "%" has no lines', contract.title
            using errcode = 'invalid_parameter_value',
                hint = 'give it at least one with crm.change_contract(id, lines => ...)';
    end if;
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = contract.tenant_id and c.id = contract.customer_id;
    if not found then
        perform crm.refuse_customer(contract.customer_id);
    end if;
    perform crm.require_open_customer(customer, 'invoice');
    update crm.contract as c
    set activated_at = now(),
        ends_on = case
            when c.renewal_months = 0
            then crm.term_end(c.starts_on, c.minimum_months, 0, c.starts_on)
        end
    where c.tenant_id = contract.tenant_id and c.id = contract.id
    returning c.* into contract;
    return contract;
end
$$;

comment on function crm.activate_contract(uuid) is
    'Makes a draft hold: gives it its number, and returns it; from then on it is billed.

Needs the rights update and post on contracts. Errors: P0002 no such contract, 23001 active already,
22023 no lines, or the customer is blocked, 42704 no series contract, 42501 no right.';

create function crm.change_contract_line(
    contract_id uuid,
    "position" int,
    valid_from date,
    quantity numeric default null,
    unit_price numeric default null,
    discount_percent numeric default null,
    valid_until date default null,
    reason text default null
) returns setof crm.contract_line
    language plpgsql volatile
    security definer -- writes lines, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    before crm.contract_line;
    after crm.contract_line;
    other date;
    missing name;
    broken name;
begin
    if valid_from is null then
        raise exception 'valid_from is missing'
            using errcode = 'invalid_parameter_value', hint = 'the first day of the change';
    elsif valid_from < contract.starts_on or valid_from > contract.ends_on then
        raise exception 'contract % is %', contract.number,
            crm.days_in_words(contract.starts_on, contract.ends_on)
            using errcode = 'invalid_parameter_value', hint = 'change it on a day of it';
    elsif valid_until < valid_from then
        raise exception 'a change does not end before it starts'
            using errcode = 'invalid_parameter_value', hint = 'valid_until is its last day';
    elsif num_nonnulls(quantity, unit_price, discount_percent) = 0 then
        raise exception 'nothing is to be changed'
            using errcode = 'invalid_parameter_value',
                hint = 'say quantity, unit_price or discount_percent; quantity 0 ends the line';
    end if;
    perform crm.require_unbilled(contract, valid_from);
    select l.* into before
    from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = change_contract_line.position
        and l.valid_from <= change_contract_line.valid_from
    order by l.valid_from desc
    limit 1;
    if not found then
        raise exception 'contract % has no line %', contract.number, position
            using errcode = 'no_data_found', hint = 'crm.contract_line has its lines';
    end if;
    select l.valid_from into other
    from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = before.position
        and (
            l.valid_from = change_contract_line.valid_from
                and l.valid_from > contract.starts_on
            or l.valid_from > change_contract_line.valid_from
                and l.valid_from <= change_contract_line.valid_until
        )
    order by l.valid_from
    limit 1;
    if found then
        raise exception 'line % of contract % changes on % already',
            before.position, contract.number, to_char(other, 'YYYY-MM-DD')
            using errcode = 'duplicate_object',
                hint = 'end this change before, or take that one back with'
                    ' crm.withdraw_contract_change';
    end if;

    after := before;
    after.valid_from := valid_from;
    after.quantity := coalesce(change_contract_line.quantity, before.quantity);
    after.unit_price := coalesce(change_contract_line.unit_price, before.unit_price);
    after.discount_percent :=
        coalesce(change_contract_line.discount_percent, before.discount_percent);
    after.reason := nullif(change_contract_line.reason, '');
    before.valid_from := valid_until + 1;
    insert into crm.contract_line as l select after.*
    on conflict on constraint contract_line_pkey do update  -- on its first day
    set quantity = excluded.quantity, unit_price = excluded.unit_price,
        discount_percent = excluded.discount_percent, reason = excluded.reason;
    if valid_until is not null and not exists (
        select from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
            and l.position = before.position and l.valid_from = before.valid_from
    ) then
        insert into crm.contract_line select before.*;
    end if;
    return query
        select l.*
        from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
            and l.position = before.position and l.valid_from >= after.valid_from
        order by l.valid_from;
exception
    when not_null_violation or check_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        perform crm.refuse_contract('crm.contract_line', broken, missing, sqlerrm);
end
$$;

comment on function crm.change_contract_line(
    uuid, int, date, numeric, numeric, numeric, date, text
) is
    'Changes a line of an active contract from a day on; rows: the line from then on.

quantity: 0 ends the line. unit_price: net, for price_months. discount_percent: of this line. What is
null stays. valid_until: the last day, after which it is as before; null: for good. Errors: P0002 no
such contract or line, 22023 bad value, a draft, or a day outside of the contract, 23001 the day is
billed, 42710 it overlaps another change of the line, 42501 no right.';

create function crm.withdraw_contract_change(contract_id uuid, "position" int, valid_from date)
    returns void
    language plpgsql volatile
    security definer -- writes lines, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
begin
    perform crm.require_unbilled(contract, valid_from);
    delete from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = withdraw_contract_change.position
        and l.valid_from = withdraw_contract_change.valid_from
        and l.valid_from > contract.starts_on;
    if not found then
        raise exception 'line % of contract % does not change on %', position, contract.number,
            coalesce(to_char(valid_from, 'YYYY-MM-DD'), 'no day')
            using errcode = 'no_data_found',
                hint = 'crm.contract_line says on which days; the first one stays';
    end if;
end
$$;

comment on function crm.withdraw_contract_change(uuid, int, date) is
    'Takes a change of a line back that begins on a day, with the days not billed yet.

Errors: P0002 no such contract or change, 22023 a draft, 23001 the day is billed, 42501 no right.';

create function crm.suspend_contract(
    contract_id uuid, first_day date, reason text, last_day date default null
) returns crm.contract_suspension
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    suspension crm.contract_suspension;
    missing name;
    broken name;
begin
    if first_day < contract.starts_on or first_day > contract.ends_on then
        raise exception 'contract % is %', contract.number,
            crm.days_in_words(contract.starts_on, contract.ends_on)
            using errcode = 'invalid_parameter_value', hint = 'suspend it on days of it';
    end if;
    perform crm.require_unbilled(contract, first_day);
    select s.* into suspension
    from crm.contract_suspension as s
    where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        and s.first_day <= coalesce(suspend_contract.last_day, 'infinity')
        and coalesce(s.last_day, 'infinity') >= suspend_contract.first_day
    order by s.first_day
    limit 1;
    if found then
        raise exception 'contract % is suspended % already', contract.number,
            crm.days_in_words(suspension.first_day, suspension.last_day)
            using errcode = 'duplicate_object', hint = 'resume it first with crm.resume_contract';
    end if;
    insert into crm.contract_suspension (
        tenant_id, contract_id, first_day, last_day, owner_id, team_id, reason
    ) values (
        contract.tenant_id, contract.id, suspend_contract.first_day, suspend_contract.last_day,
        contract.owner_id, contract.team_id, suspend_contract.reason
    ) returning * into suspension;
    return suspension;
exception
    when not_null_violation or check_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        perform crm.refuse_contract('crm.contract_suspension', broken, missing, sqlerrm);
end
$$;

comment on function crm.suspend_contract(uuid, date, text, date) is
    'Has a contract rest from a day on: what is suspended is not billed. Its term goes on.

last_day: null until crm.resume_contract. Errors: P0002 no such contract, 22023 bad value, a draft, or
a day outside of it, 23001 the day is billed, 42710 suspended then already, 42501 no right.';

create function crm.resume_contract(contract_id uuid, resumes_on date)
    returns crm.contract_suspension
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    suspension crm.contract_suspension;
begin
    select s.* into suspension
    from crm.contract_suspension as s
    where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        and s.first_day <= resumes_on and coalesce(s.last_day, 'infinity') >= resumes_on;
    if not found then
        raise exception 'contract % is not suspended on %', contract.number,
            coalesce(to_char(resumes_on, 'YYYY-MM-DD'), 'no day')
            using errcode = 'no_data_found', hint = 'crm.contract_suspension says when it is';
    end if;
    perform crm.require_unbilled(contract, resumes_on);
    if suspension.first_day = resumes_on then
        delete from crm.contract_suspension as s
        where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
            and s.first_day = suspension.first_day;
        return null;
    end if;
    update crm.contract_suspension as s
    set last_day = resumes_on - 1
    where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        and s.first_day = suspension.first_day
    returning s.* into suspension;
    return suspension;
end
$$;

comment on function crm.resume_contract(uuid, date) is
    'Ends a suspension with the day before; returns it, null if no day of it is left.

Errors: P0002 no such contract, or not suspended that day, 22023 a draft, 23001 the day is billed,
42501 no right.';

create function crm.contract_end(
    contract_id uuid, noticed_on date default null,
    out ends_on date, out notice_by date, out term_ends_on date
)
    language plpgsql stable
    security definer -- asks a function that is not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract;
begin
    select c.* into contract from crm.contract as c where c.id = contract_id;
    if not found then
        raise exception 'no such contract %', contract_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.contract, with its tenant selected';
    end if;
    noticed_on := coalesce(noticed_on, crm.today_in(contract.tenant_id));
    term_ends_on := crm.term_end(
        contract.starts_on, contract.minimum_months, contract.renewal_months, noticed_on
    );
    ends_on := crm.term_end(
        contract.starts_on, contract.minimum_months, contract.renewal_months,
        crm.notice_reaches(noticed_on, contract.notice_months, contract.notice_days)
    );
    notice_by := crm.notice_by(term_ends_on, contract.notice_months, contract.notice_days);
    if contract.ends_on is not null then  -- agreed, noticed, or by itself
        ends_on := least(ends_on, contract.ends_on);
        term_ends_on := least(term_ends_on, contract.ends_on);
    end if;
end
$$;

comment on function crm.contract_end(uuid, date) is
    'When a contract ends at the earliest if notice is received on a day, default today.

ends_on: its last day then. term_ends_on: the end of the term that the day is in; notice_by: the last
day for a notice to that end. Errors: P0002 no such contract.';

create function crm.terminate_contract(
    contract_id uuid, noticed_on date default null, ends_on date default null,
    reason text default null, agreed boolean default false
) returns crm.contract
    language plpgsql volatile
    security definer -- writes the end, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    wanted date;
    possible date;
    missing name;
    broken name;
begin
    noticed_on := coalesce(terminate_contract.noticed_on, crm.today_in(contract.tenant_id));
    if contract.noticed_on is not null then
        raise exception 'contract % ends on % already', contract.number,
            to_char(contract.ends_on, 'YYYY-MM-DD')
            using errcode = 'duplicate_object',
                hint = 'crm.withdraw_termination takes that back';
    elsif noticed_on < contract.starts_on then
        raise exception 'notice of %, and contract % starts on %',
            to_char(noticed_on, 'YYYY-MM-DD'), contract.number,
            to_char(contract.starts_on, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = 'notice is given from the first day on; end it by agreement:'
                    ' noticed_on => its first day, ends_on => ..., agreed => true';
    elsif terminate_contract.ends_on < contract.starts_on then
        raise exception 'contract % starts on %, and cannot end before',
            contract.number, to_char(contract.starts_on, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value', hint = 'ends_on is its last day';
    elsif agreed and terminate_contract.ends_on is null then
        raise exception 'an agreed end needs its day'
            using errcode = 'invalid_parameter_value', hint = 'say ends_on, the last day';
    end if;

    possible := crm.term_end(
        contract.starts_on, contract.minimum_months, contract.renewal_months,
        crm.notice_reaches(noticed_on, contract.notice_months, contract.notice_days)
    );
    if agreed then
        wanted := terminate_contract.ends_on;
        possible := wanted;
    elsif terminate_contract.ends_on is null then
        wanted := case
            when contract.renewal_months is null then possible
            else crm.term_end(
                contract.starts_on, contract.minimum_months, contract.renewal_months, noticed_on
            )
        end;
    else
        wanted := terminate_contract.ends_on;
        possible := crm.term_end(
            contract.starts_on, contract.minimum_months, contract.renewal_months,
            greatest(
                wanted,
                crm.notice_reaches(noticed_on, contract.notice_months, contract.notice_days)
            )
        );
    end if;
    if contract.ends_on is not null and not agreed then  -- by itself, which no notice puts off
        possible := least(possible, contract.ends_on);
    end if;
    if possible > wanted
        and mandant_internal.setting_in(contract.tenant_id, 'late_notice') = 'refuse'
    then
        raise exception 'contract % cannot end on % by a notice of %', contract.number,
            to_char(wanted, 'YYYY-MM-DD'), to_char(noticed_on, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = format(
                    'its next possible end is %s: say ends_on, or set late_notice to move',
                    to_char(possible, 'YYYY-MM-DD')
                );
    end if;
    perform crm.require_unbilled(contract, possible + 1);
    update crm.contract as c
    set noticed_on = terminate_contract.noticed_on, ends_on = possible,
        end_reason = nullif(terminate_contract.reason, '')
    where c.tenant_id = contract.tenant_id and c.id = contract.id
    returning c.* into contract;
    return contract;
exception
    when not_null_violation or check_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        perform crm.refuse_contract('crm.contract', broken, missing, sqlerrm);
end
$$;

comment on function crm.terminate_contract(uuid, date, date, text, boolean) is
    'Ends an active contract by notice or agreement, and returns it with its last day, ends_on.

noticed_on: the day on which notice was received, default today. ends_on: what it is meant for,
default the end of the term that it falls into. A notice too late for that ends the contract with the
next possible day, or is refused, by the setting late_notice. agreed: true for an end on any day, by
both. Errors: P0002 no such contract, 22023 a draft, before its start, too late, or bad value, 23001
billed beyond that day, 42710 it was ended before, 42501 no right.';

create function crm.withdraw_termination(contract_id uuid) returns crm.contract
    language plpgsql volatile
    security definer -- writes the end, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
begin
    if contract.noticed_on is null then
        raise exception 'contract % was not ended', contract.number
            using errcode = 'invalid_parameter_value',
                hint = 'what ends by itself ends by its renewal_months, which are 0';
    elsif contract.ends_on < crm.today_in(contract.tenant_id) then
        raise exception 'contract % has ended on %', contract.number,
            to_char(contract.ends_on, 'YYYY-MM-DD')
            using errcode = 'restrict_violation', hint = 'make a new one';
    end if;
    update crm.contract as c
    set noticed_on = null, end_reason = null,
        ends_on = case
            when c.renewal_months = 0
            then crm.term_end(c.starts_on, c.minimum_months, 0, c.starts_on)
        end
    where c.tenant_id = contract.tenant_id and c.id = contract.id
    returning c.* into contract;
    return contract;
end
$$;

comment on function crm.withdraw_termination(uuid) is
    'Takes back that a contract was ended, as long as it has not; returns it.

Errors: P0002 no such contract, 22023 a draft or not ended, 23001 it has ended, 42501 no right.';

create function crm.contract_history(contract_id uuid)
    returns table (
        at timestamptz, principal text, what text, key text, old jsonb, new jsonb
    )
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract;
begin
    select c.* into contract from crm.contract as c where c.id = contract_id;
    if not found then
        raise exception 'no such contract %', contract_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.contract, with its tenant selected';
    end if;
    return query
        select a.at, a.principal, a.action || ' ' || split_part(a."table", '.', 2), a.key, a.old,
            a.new
        from mandant.audit_log as a
        where a.tenant_id = contract.tenant_id
            and (
                a."table" = 'crm.contract' and a.key = contract_id::text
                or a."table" in ('crm.contract_line', 'crm.contract_suspension')
                    and a.key like contract_id || ',%'
            )
        order by a.at, a."table", a.key;
end
$$;

comment on function crm.contract_history(uuid) is
    'Who changed what of a contract, its lines and suspensions, and when; the oldest first.

key: of the row. old, new: the changed columns. Errors: P0002 no such contract.';

alter function crm.lock_contract(uuid, text) owner to crm_owner;
alter function crm.lock_active_contract(uuid) owner to crm_owner;
alter function crm.require_unbilled(crm.contract, date) owner to crm_owner;
alter function crm.days_in_words(date, date) owner to crm_owner;
alter function crm.refuse_contract(regclass, name, name, text) owner to crm_owner;
alter function crm.write_contract_lines(crm.contract, jsonb) owner to crm_owner;
alter function crm.create_contract(
    uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
) owner to crm_owner;
alter function crm.change_contract(
    uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
) owner to crm_owner;
alter function crm.activate_contract(uuid) owner to crm_owner;
alter function crm.change_contract_line(uuid, int, date, numeric, numeric, numeric, date, text)
    owner to crm_owner;
alter function crm.withdraw_contract_change(uuid, int, date) owner to crm_owner;
alter function crm.suspend_contract(uuid, date, text, date) owner to crm_owner;
alter function crm.resume_contract(uuid, date) owner to crm_owner;
alter function crm.contract_end(uuid, date) owner to crm_owner;
alter function crm.terminate_contract(uuid, date, date, text, boolean) owner to crm_owner;
alter function crm.withdraw_termination(uuid) owner to crm_owner;
alter function crm.contract_history(uuid) owner to crm_owner;
revoke all on function
    crm.lock_contract(uuid, text),
    crm.lock_active_contract(uuid),
    crm.require_unbilled(crm.contract, date),
    crm.days_in_words(date, date),
    crm.refuse_contract(regclass, name, name, text),
    crm.write_contract_lines(crm.contract, jsonb),
    crm.create_contract(
        uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
    ),
    crm.change_contract(
        uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
    ),
    crm.activate_contract(uuid),
    crm.change_contract_line(uuid, int, date, numeric, numeric, numeric, date, text),
    crm.withdraw_contract_change(uuid, int, date),
    crm.suspend_contract(uuid, date, text, date),
    crm.resume_contract(uuid, date),
    crm.contract_end(uuid, date),
    crm.terminate_contract(uuid, date, date, text, boolean),
    crm.withdraw_termination(uuid),
    crm.contract_history(uuid)
    from public;
grant execute on function
    crm.create_contract(
        uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
    ),
    crm.change_contract(
        uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
    ),
    crm.activate_contract(uuid),
    crm.change_contract_line(uuid, int, date, numeric, numeric, numeric, date, text),
    crm.withdraw_contract_change(uuid, int, date),
    crm.suspend_contract(uuid, date, text, date),
    crm.resume_contract(uuid, date),
    crm.contract_end(uuid, date),
    crm.terminate_contract(uuid, date, date, text, boolean),
    crm.withdraw_termination(uuid),
    crm.contract_history(uuid)
    to mandant_user;
