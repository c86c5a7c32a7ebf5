-- The lines of a draft are written together, because its amounts follow from all of them. What a
-- line does not say comes from the line it is made from, else from its product, price list and
-- customer.

create function crm.line_product(
    document crm.document, customer crm.customer, product_id uuid, code text, unit_price numeric,
    place text, out product crm.product, out price numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    select p.* into product
    from crm.product as p
    where p.tenant_id = document.tenant_id
        and p.id = coalesce(line_product.product_id, p.id)
        and p.code = coalesce(line_product.code, p.code);
    if not found then
        raise exception '%: no such product "%"', place, coalesce(code, product_id::text)
            using errcode = 'no_data_found',
                hint = 'look for it in crm.product, among those of the customer''s tenant';
    elsif not product.active then
        raise exception '%: product "%" is no longer sold', place, product.code
            using errcode = 'invalid_parameter_value',
                hint = 'choose another product, or set active on this one';
    end if;
    price := unit_price;
    if price is null and customer.price_list_id is not null then
        perform mandant_internal.require('price_list', 'read', document.tenant_id);
        price := crm.list_price(
            document.tenant_id, customer.price_list_id, product.id, document.currency,
            document.document_date
        );
    end if;
    if price is null and product.currency <> document.currency then
        raise exception '%: product "%" has its price in %, the document is in %',
            place, product.code, product.currency, document.currency
            using errcode = 'invalid_parameter_value',
                hint = format('give the line a unit_price in %s', document.currency);
    end if;
    price := coalesce(price, product.unit_price);
end
$$;

comment on function crm.line_product(crm.document, crm.customer, uuid, text, numeric, text) is
    'The product of a line, by id or code, and its price: what was said, the list''s, its own.';

create function crm.refused_line(lines crm.document_line[]) returns text
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    line crm.document_line;
begin
    foreach line in array lines
    loop
        insert into crm.document_line select line.*;
    end loop;
    return 'lines';
exception
    when not_null_violation or check_violation then
        return format('line %s', line.position);
end
$$;

comment on function crm.refused_line(crm.document_line[]) is
    'Which of the lines that were refused together it was; tries them one by one.';

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
    source crm.document;
    conversion crm.document_conversion;
    taken record;
    takes_back boolean;
    sold record;
    line crm.document_line;
    written crm.document_line[];
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
    from jsonb_array_elements(lines) as l, jsonb_object_keys(l) as key
    where key not in
        ('product_id', 'product', 'description', 'quantity', 'unit', 'unit_price', 'discount',
            'discount_percent', 'tax_rate', 'tax_code', 'source_document_id', 'source_position')
    limit 1;
    if found then
        raise exception 'a line has no field "%"', stranger
            using errcode = 'invalid_parameter_value',
                hint = 'the fields are product_id or product (its code), description, quantity,'
                    ' unit, unit_price, discount (its code) or discount_percent, tax_rate or'
                    ' tax_code, and source_document_id with source_position';
    end if;

    select c.* into customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    if not found then  -- without him the prices would be others
        perform crm.refuse_customer(document.customer_id);
    end if;
    -- a payment is what was paid
    select case when k.balance_sign = 0 or k.revenue_sign <> 0 then customer.discount else 0 end
    into standing_discount
    from crm.document_kind as k
    where k.code = document.kind;
    select c.minor_unit into minor_unit from crm.currency as c where c.code = document.currency;

    if document.source_id is not null
        or jsonb_path_exists(lines, '$[*].source_document_id')
    then
        -- who makes something of the same lines does it in the same order
        perform from crm.line_progress as p
        where p.tenant = document.tenant_id and (p.document_id, p.position) in (
            select l.source_document_id, l.source_position
            from crm.document_line as l
            where l.tenant_id = document.tenant_id and l.document_id = document.id
            union
            select l.source_document_id, l.source_position
            from jsonb_to_recordset(lines) as l (source_document_id uuid, source_position int)
        )
        order by p.document_id, p.position
        for update;
    end if;
    delete from crm.document_line as l
    where l.tenant_id = document.tenant_id and l.document_id = document.id;

    for item in
        select said.*
        from rows from (
            jsonb_to_recordset(lines) as (
                product_id uuid, product text, description text, quantity numeric, unit text,
                unit_price numeric, discount text, discount_percent numeric, tax_rate numeric,
                tax_code text, source_document_id uuid, source_position int
            )
        ) with ordinality as said (
            product_id, product, description, quantity, unit, unit_price, discount,
            discount_percent, tax_rate, tax_code, source_document_id, source_position, position
        )
    loop
        place := format('line %s', item.position);
        line := null;
        takes_back := false;
        if num_nonnulls(item.source_document_id, item.source_position) > 0 then
            if source.id is null or source.id is distinct from item.source_document_id then
                select d.* into source
                from crm.document as d
                where d.tenant_id = document.tenant_id and d.id = item.source_document_id;
                if not found then
                    raise exception '%: no such document %', place,
                        coalesce(item.source_document_id::text, '(source_document_id is missing)')
                        using errcode = 'no_data_found',
                            hint = 'say source_document_id and source_position, of a document of'
                                ' the tenant';
                end if;
                conversion := crm.require_source(document, source, place);
            end if;
            taken := crm.line_from(
                source, conversion, item.source_position, item.quantity, place
            );
            line := taken.line;
            takes_back := conversion.counts_as = 'reversed';
            if takes_back and num_nonnulls(
                item.product_id, item.product, item.unit, item.unit_price, item.discount,
                item.discount_percent, item.tax_rate, item.tax_code
            ) > 0 then
                raise exception '%: what is taken back keeps its price, discount and tax', place
                    using errcode = 'invalid_parameter_value',
                        hint = 'say the quantity alone; to credit an amount, add a line without'
                            ' source';
            end if;
        end if;
        if num_nonnulls(item.product_id, item.product) > 0 then
            sold := crm.line_product(
                document, customer, item.product_id, item.product, item.unit_price, place
            );
            line.product_id := (sold.product).id;
            line.description := (sold.product).name;
            line.unit := (sold.product).unit;
            line.unit_price := sold.price;
            line.tax_code := (sold.product).tax_code;
            line.tax_rate := (sold.product).tax_rate;
        end if;

        if item.unit is not null then
            perform crm.require_unit(item.unit, place);
        end if;
        line.description := coalesce(item.description, line.description);
        line.quantity := coalesce(item.quantity, line.quantity);
        line.unit := coalesce(item.unit, line.unit);
        line.unit_price := coalesce(item.unit_price, line.unit_price);

        if num_nonnulls(item.discount, item.discount_percent) = 2 then
            raise exception '%: either discount or discount_percent', place
                using errcode = 'invalid_parameter_value',
                    hint = 'discount is a code in crm.discount, and brings its own percentage';
        elsif item.discount is not null then
            line.discount := item.discount;
            line.discount_percent :=
                crm.discount_on(item.discount, document.document_date, place);
        elsif item.discount_percent is not null then
            line.discount := null;
            line.discount_percent := item.discount_percent;
        else
            line.discount_percent := coalesce(line.discount_percent, standing_discount);
        end if;

        -- a rate that is said counts; else a tax code's on the day of supply; else the product's
        if not takes_back then
            if num_nonnulls(item.tax_rate, item.tax_code) > 0 then
                line.tax_code := item.tax_code;
                line.tax_rate := item.tax_rate;
            elsif line.tax_code is not null then
                line.tax_rate := null;
            end if;
            select t.* into tax from crm.line_tax(document, line.tax_code, line.tax_rate) as t;
            line.tax_rate := tax.rate;
            line.tax_category := tax.category;
            if document.takes_back and line.tax_code is null then
                -- an amount that is credited has the tax that was charged
                select l.tax_code, l.tax_category into line.tax_code, line.tax_category
                from crm.document_line as l
                where l.tenant_id = document.tenant_id and l.document_id = document.source_id
                    and l.tax_rate = line.tax_rate
                order by l.position
                limit 1;
            end if;
        end if;

        line.tenant_id := document.tenant_id;
        line.document_id := document.id;
        line.position := item.position;
        line.kind := document.kind;
        line.owner_id := document.owner_id;
        line.team_id := document.team_id;
        line.net := round(
            -- a division would round here already
            line.quantity * line.unit_price * (100 - line.discount_percent) * 0.01, minor_unit
        );
        if takes_back then
            line.net := coalesce(taken.rest_net, line.net);
        end if;
        written := written || line;
    end loop;

    place := null;
    insert into crm.document_line select l.* from unnest(written) as l;
    return crm.total_document(document);
exception
    when not_null_violation or check_violation or invalid_text_representation
        or numeric_value_out_of_range
    then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        if place is null then
            place := crm.refused_line(written);
        end if;
        raise exception '%: %', place, crm.rule_in_words('crm.document_line', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = 'without a product a line needs description, quantity, unit_price and'
                    ' tax_rate (percent); with one, quantity; numbers are decimals, as in 1234.50';
end
$$;

comment on function crm.write_lines(crm.document, jsonb) is
    'Replaces the lines of a draft that the caller has locked, and its amounts.';

alter function crm.line_product(crm.document, crm.customer, uuid, text, numeric, text)
    owner to crm_owner;
alter function crm.refused_line(crm.document_line[]) owner to crm_owner;
alter function crm.write_lines(crm.document, jsonb) owner to crm_owner;
revoke all on function
    crm.line_product(crm.document, crm.customer, uuid, text, numeric, text),
    crm.refused_line(crm.document_line[]),
    crm.write_lines(crm.document, jsonb)
    from public;
