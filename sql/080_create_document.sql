-- How a draft comes about and changes. The tenant is the customer's, never the selection's: who
-- works in two companies cannot put a document into the wrong one. What is not said follows the
-- product (price, tax rate), the customer (currency, price list, discount), the tenant (currency,
-- date).

create function crm.check_document_currency() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.require_currency(new.currency, new.document_date);
    return new;
end
$$;

comment on function crm.check_document_currency() is
    'Trigger: refuses (22023) a currency that no amount can be in on that date.';

create trigger document_check_currency before insert or update of currency, document_date
    on crm.document for each row execute function crm.check_document_currency();

comment on trigger document_check_currency on crm.document is
    'The currency is one of its date.';

create function crm.require_open_customer(customer crm.customer, kind text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if customer.state = 'merged' then
        raise exception 'customer "%" is merged into another', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format('make the document for customer %s', customer.merged_into);
    elsif customer.state = 'blocked' and not exists (
        select from crm.document_kind as k where k.code = kind and k.for_blocked_customer
    ) then
        raise exception 'customer "%" is blocked', customer.name
            using errcode = 'invalid_parameter_value',
                hint = 'set the customer''s state to active first';
    end if;
end
$$;

comment on function crm.require_open_customer(crm.customer, text) is
    'Refuses (22023) a document for a customer who gets none of this kind.';

create function crm.require_document_date(document_date date) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
    set datestyle = iso  -- messages say dates so
as $$
begin
    if document_date not between '1900-01-01' and '9999-12-31' then
        raise exception 'no document is of %', document_date
            using errcode = 'invalid_parameter_value',
                hint = 'a date from 1900-01-01 to 9999-12-31';
    end if;
end
$$;

comment on function crm.require_document_date(date) is
    'Refuses (22023) a date that no document has.';

create function crm.write_lines(document crm.document, lines jsonb) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    minor_unit int;
    standing_discount numeric;
    place text := 'lines';
    stranger text;
    missing name;
    broken name;
    item record;
    product crm.product;
    list_price numeric;
    tax record;
begin
    if jsonb_typeof(lines) is distinct from 'array'
        or jsonb_path_exists(lines, 'strict $[*] ? (@.type() != "object")')
    then
        raise exception 'lines must be an array of objects'
            using errcode = 'invalid_parameter_value',
                hint = 'write [{"product": "...", "quantity": 1}]';
    end if;

    select key into stranger
    from jsonb_array_elements(lines) as line, jsonb_object_keys(line) as key
    where key not in
        ('product_id', 'product', 'description', 'quantity', 'unit', 'unit_price', 'discount',
            'discount_percent', 'tax_rate', 'tax_code')
    limit 1;
    if found then
        raise exception 'a line has no field "%"', stranger
            using errcode = 'invalid_parameter_value',
                hint = 'the fields are product_id or product (its code), description, quantity,'
                    ' unit, unit_price, discount (its code) or discount_percent, and tax_rate'
                    ' or tax_code';
    end if;

    select c.* into customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    if not found then  -- without him the prices would be others
        raise exception 'no such customer %', document.customer_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.customer, with its tenant selected';
    end if;
    -- a payment is what was paid
    select case when k.balance_sign = 0 or k.revenue_sign <> 0 then customer.discount else 0 end
    into standing_discount
    from crm.document_kind as k
    where k.code = document.kind;
    select c.minor_unit into minor_unit from crm.currency as c where c.code = document.currency;

    delete from crm.document_line as l
    where l.tenant_id = document.tenant_id and l.document_id = document.id;

    for item in
        select line.*
        from rows from (
            jsonb_to_recordset(lines) as (
                product_id uuid, product text, description text, quantity numeric, unit text,
                unit_price numeric, discount text, discount_percent numeric, tax_rate numeric,
                tax_code text
            )
        ) with ordinality as line (
            product_id, product, description, quantity, unit, unit_price, discount,
            discount_percent, tax_rate, tax_code, position
        )
    loop
        place := format('line %s', item.position);
        product := null;
        list_price := null;
        if item.product_id is not null or item.product is not null then
            select p.* into product
            from crm.product as p
            where p.tenant_id = document.tenant_id
                and p.id = coalesce(item.product_id, p.id)
                and p.code = coalesce(item.product, p.code);
            if not found then
                raise exception '%: no such product "%"',
                    place, coalesce(item.product, item.product_id::text)
                    using errcode = 'no_data_found',
                        hint = 'look for it in crm.product, among those of the customer''s tenant';
            elsif not product.active then
                raise exception '%: product "%" is no longer sold', place, product.code
                    using errcode = 'invalid_parameter_value',
                        hint = 'choose another product, or set active on this one';
            end if;
            if item.unit_price is null and customer.price_list_id is not null then
                perform mandant_internal.require('price_list', 'read', document.tenant_id);
                list_price := crm.list_price(
                    document.tenant_id, customer.price_list_id, product.id, document.currency,
                    document.document_date
                );
            end if;
            if coalesce(item.unit_price, list_price) is null
                and product.currency <> document.currency
            then
                raise exception '%: product "%" has its price in %, the document is in %',
                    place, product.code, product.currency, document.currency
                    using errcode = 'invalid_parameter_value',
                        hint = format('give the line a unit_price in %s', document.currency);
            end if;
        end if;

        if item.unit is not null then
            perform crm.require_unit(item.unit, place);
        end if;
        if num_nonnulls(item.discount, item.discount_percent) = 2 then
            raise exception '%: either discount or discount_percent', place
                using errcode = 'invalid_parameter_value',
                    hint = 'discount is a code in crm.discount, and brings its own percentage';
        elsif item.discount is not null then
            item.discount_percent :=
                crm.discount_on(item.discount, document.document_date, place);
        end if;

        -- a rate that is said counts; else a tax code's on the document's date; else the product's
        if num_nonnulls(item.tax_rate, item.tax_code) = 0 then
            item.tax_code := product.tax_code;
        end if;
        if item.tax_code is null then
            item.tax_rate := coalesce(item.tax_rate, product.tax_rate);
        end if;
        select t.* into tax from crm.line_tax(document, item.tax_code, item.tax_rate) as t;

        item.unit_price := coalesce(item.unit_price, list_price, product.unit_price);
        item.discount_percent := coalesce(item.discount_percent, standing_discount);
        insert into crm.document_line (
            tenant_id, document_id, position, kind, owner_id, team_id, product_id, description,
            quantity, unit, unit_price, discount, discount_percent, tax_rate, tax_code,
            tax_category, net
        ) values (
            document.tenant_id, document.id, item.position, document.kind, document.owner_id,
            document.team_id, product.id, coalesce(item.description, product.name),
            item.quantity, coalesce(item.unit, product.unit), item.unit_price,
            item.discount, item.discount_percent, tax.rate, item.tax_code, tax.category,
            -- a division would round here already
            round(
                item.quantity * item.unit_price * (100 - item.discount_percent) * 0.01, minor_unit
            )
        );
    end loop;

    return crm.total_document(document);
exception
    when not_null_violation or check_violation or invalid_text_representation
        or numeric_value_out_of_range
    then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%: %', place, coalesce(
            (
                select obj_description(c.oid, 'pg_constraint')
                from pg_constraint as c
                where c.conrelid = 'crm.document_line'::regclass and c.conname = broken
            ),
            nullif(missing, '') || ' is missing',
            sqlerrm
        )
            using errcode = 'invalid_parameter_value',
                hint = 'without a product a line needs description, quantity, unit_price and'
                    ' tax_rate (percent); with one, quantity; numbers are decimals, as in 1234.50';
end
$$;

comment on function crm.write_lines(crm.document, jsonb) is
    'Replaces the lines of a draft that the caller has locked, and its amounts.';

create function crm.total_document(document crm.document) returns crm.document
    language plpgsql volatile -- not sql, which would be planned anew at each call
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    update crm.document as d
    set tax_rounding = mandant_internal.setting_in(d.tenant_id, 'tax_rounding')
    where d.tenant_id = document.tenant_id and d.id = document.id
        and d.tax_rounding <> mandant_internal.setting_in(d.tenant_id, 'tax_rounding');

    update crm.document as d
    set (net, tax) = (
        select coalesce(sum(t.net), 0), coalesce(sum(t.tax), 0)
        from crm.document_tax as t
        where t.tenant_id = d.tenant_id and t.document_id = d.id
    )
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into document;
    return document;
end
$$;

comment on function crm.total_document(crm.document) is
    'Sums up the lines of a draft that the caller has locked.';

create function crm.lock_document(document_id uuid, action text) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
begin
    select d.* into document from crm.document as d where d.id = document_id;
    if found then
        perform mandant_internal.require_row(
            'document', action, document.tenant_id, document.owner_id, document.team_id,
            document.kind
        );
        select d.* into document
        from crm.document as d
        where d.tenant_id = document.tenant_id and d.id = document_id
        for update;
    end if;
    if not found then
        raise exception 'no such document %', document_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.document, with its tenant selected';
    end if;
    return document;
end
$$;

comment on function crm.lock_document(uuid, text) is
    'Locks a document, or refuses: not there (P0002), not allowed (42501).';

create function crm.create_document(
    customer_id uuid,
    kind text,
    lines jsonb default '[]',
    document_date date default null,
    reference text default null,
    currency text default null,
    owner_id uuid default null
) returns crm.document
    language plpgsql volatile
    security definer -- writes amounts, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    tenant mandant.tenant;
    document_kind crm.document_kind;
    document crm.document;
begin
    select c.* into customer from crm.customer as c where c.id = create_document.customer_id;
    if not found then
        raise exception 'no such customer %', customer_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.customer, with its tenant selected';
    end if;

    select k.* into document_kind from crm.document_kind as k where k.code = create_document.kind;
    if not found then
        raise exception 'no document kind "%"', kind
            using errcode = 'invalid_parameter_value',
                hint = 'the kinds are the codes in crm.document_kind';
    end if;
    perform mandant_internal.require(kind, 'create', customer.tenant_id);
    perform crm.require_open_customer(customer, kind);
    perform crm.require_document_date(document_date);

    select t.* into tenant from mandant.tenant as t where t.id = customer.tenant_id;
    currency := coalesce(currency, customer.currency, tenant.currency);

    insert into crm.document (
        tenant_id, kind, customer_id, owner_id, team_id, document_date, reference, currency
    ) values (
        customer.tenant_id, kind, customer.id, coalesce(owner_id, mandant_internal.me()),
        coalesce(mandant_internal.my_team(), customer.team_id),
        coalesce(document_date, (now() at time zone tenant.timezone)::date),
        nullif(reference, ''), currency
    ) returning * into document;

    return crm.write_lines(document, lines);
end
$$;

comment on function crm.create_document(uuid, text, jsonb, date, text, text, uuid) is
    'Makes a draft for a customer, in the customer''s tenant, and returns it.

lines: [{"product": "code" | "product_id": "uuid", "description", "quantity", "unit", "unit_price",
"discount": "code" | "discount_percent", "tax_rate" | "tax_code"}]; what a line leaves out comes from
its product, the price from the customer''s price list first, the discount from the customer; rates
and discounts are percentages.
document_date: default today in the tenant''s time zone. currency: default the customer''s, or the
tenant''s. owner_id: default you. Errors: P0002 no such customer or product, 22023 bad value,
42501 no right to create documents of this kind.';

create function crm.change_document(
    id uuid,
    lines jsonb default null,
    document_date date default null,
    reference text default null
) returns crm.document
    language plpgsql volatile
    security definer -- writes amounts, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
begin
    perform crm.require_document_date(document_date);
    document := crm.lock_document(id, 'update');
    -- if it is posted, this is refused (23001)
    update crm.document as d
    set document_date = coalesce(change_document.document_date, d.document_date),
        reference = nullif(coalesce(change_document.reference, d.reference), '')
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into document;
    if lines is not null then
        document := crm.write_lines(document, lines);
    elsif change_document.document_date is not null then
        document := crm.rate_lines(document);  -- tax codes have the rates of the new date
    end if;
    return document;
end
$$;

comment on function crm.change_document(uuid, jsonb, date, text) is
    'Changes a draft and returns it; what is null stays as it is.

lines: as for crm.create_document, they replace all lines. reference: the empty text removes it.
Errors: P0002 no such document or product, 23001 posted, 22023 bad value, 42501 no right.';

alter function crm.check_document_currency() owner to crm_owner;
alter function crm.require_open_customer(crm.customer, text) owner to crm_owner;
alter function crm.require_document_date(date) owner to crm_owner;
alter function crm.write_lines(crm.document, jsonb) owner to crm_owner;
alter function crm.total_document(crm.document) owner to crm_owner;
alter function crm.lock_document(uuid, text) owner to crm_owner;
alter function crm.create_document(uuid, text, jsonb, date, text, text, uuid) owner to crm_owner;
alter function crm.change_document(uuid, jsonb, date, text) owner to crm_owner;
revoke all on function
    crm.check_document_currency(),
    crm.require_open_customer(crm.customer, text),
    crm.require_document_date(date),
    crm.write_lines(crm.document, jsonb),
    crm.total_document(crm.document),
    crm.lock_document(uuid, text),
    crm.create_document(uuid, text, jsonb, date, text, text, uuid),
    crm.change_document(uuid, jsonb, date, text)
    from public;
-- whoever writes a document is asked for its customer
grant execute on function
    crm.require_open_customer(crm.customer, text),
    crm.create_document(uuid, text, jsonb, date, text, text, uuid),
    crm.change_document(uuid, jsonb, date, text)
    to mandant_user;
