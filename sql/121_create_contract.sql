-- The draft of a contract, until it is activated. All that changes a contract locks it first, so
-- that nothing changes while it is being billed.

create function crm.refuse_contract(contract_id uuid) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'no such contract %', contract_id
        using errcode = 'no_data_found',
            hint = 'look for it in crm.contract, with its tenant selected';
end
$$;

comment on function crm.refuse_contract(uuid) is
    'Refuses (P0002) a contract that is not there for the caller.';

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
            perform crm.refuse_contract(contract_id);
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

create function crm.refuse_by_rule(relation regclass, broken name, missing name, otherwise text)
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

comment on function crm.refuse_by_rule(regclass, name, name, text) is
    'Refuses (22023) in the words of a constraint; arguments as of crm.rule_in_words.';

create function crm.write_contract_lines(
    contract crm.contract, lines jsonb, from_day date, first_position int default 1,
    reason text default null
) returns void
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
    priced.document_date := from_day;

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
        place := format('line %s', first_position + item.position - 1);
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
            description, quantity, unit, unit_price, discount_percent, tax_code, tax_rate, reason
        ) values (
            contract.tenant_id, contract.id, first_position + item.position - 1, from_day,
            contract.owner_id, contract.team_id, line.product_id, item.description, item.quantity,
            coalesce(item.unit, line.unit), coalesce(item.unit_price, line.unit_price),
            item.discount_percent, item.tax_code,
            case when item.tax_code is null then item.tax_rate end,
            nullif(write_contract_lines.reason, '')
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

comment on function crm.write_contract_lines(crm.contract, jsonb, date, int, text) is
    'Gives a contract that the caller has locked lines from a day on, at positions from one on.';

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
            perform crm.refuse_by_rule('crm.contract', broken, missing, sqlerrm);
    end;
    perform crm.write_contract_lines(contract, lines, contract.starts_on);
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
            perform crm.refuse_by_rule('crm.contract', broken, missing, sqlerrm);
    end;
    if lines is not null then
        delete from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id;
        perform crm.write_contract_lines(contract, lines, contract.starts_on);
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

alter function crm.refuse_contract(uuid) owner to crm_owner;
alter function crm.lock_contract(uuid, text) owner to crm_owner;
alter function crm.refuse_by_rule(regclass, name, name, text) owner to crm_owner;
alter function crm.write_contract_lines(crm.contract, jsonb, date, int, text) owner to crm_owner;
alter function crm.create_contract(
    uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
) owner to crm_owner;
alter function crm.change_contract(
    uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
) owner to crm_owner;
alter function crm.activate_contract(uuid) owner to crm_owner;
revoke all on function
    crm.refuse_contract(uuid),
    crm.lock_contract(uuid, text),
    crm.refuse_by_rule(regclass, name, name, text),
    crm.write_contract_lines(crm.contract, jsonb, date, int, text),
    crm.create_contract(
        uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
    ),
    crm.change_contract(
        uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
    ),
    crm.activate_contract(uuid)
    from public;
grant execute on function
    crm.refuse_contract(uuid),  -- what runs as its caller refuses as its caller
    crm.create_contract(
        uuid, text, date, jsonb, int, int, int, int, int, date, text, int, text, text, uuid
    ),
    crm.change_contract(
        uuid, jsonb, text, date, int, int, int, int, int, date, text, int, boolean
    ),
    crm.activate_contract(uuid)
    to mandant_user;
