-- How a draft comes about and changes. The tenant is the customer's, never the selection's: who
-- works in two companies cannot put a document into the wrong one. What is not said follows the
-- customer (currency, addresses) and the tenant (currency, date); its lines, see 079_write_lines.sql.

create function crm.check_document_currency() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.require_currency(new.currency, new.document_date);
    -- NaN is above every number, so an upper bound keeps it out as well
    if not (new.exchange_rate > 0 and new.exchange_rate < 1e12) then
        raise exception 'exchange rate % is none', new.exchange_rate
            using errcode = 'invalid_parameter_value',
                hint = 'units of the tenant''s currency for one of the document''s, above 0';
    end if;
    return new;
end
$$;

comment on function crm.check_document_currency() is
    'Trigger: refuses (22023) a currency not in use on the date, or what is no exchange rate.';

create trigger document_check_currency
    before insert or update of currency, document_date, exchange_rate
    on crm.document for each row execute function crm.check_document_currency();

comment on trigger document_check_currency on crm.document is
    'The currency is one of its date, the exchange rate a rate.';

create function crm.require_kind(kind text) returns crm.document_kind
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    found_kind crm.document_kind;
begin
    select k.* into found_kind from crm.document_kind as k where k.code = kind;
    if not found then
        raise exception 'no document kind "%"', kind
            using errcode = 'invalid_parameter_value',
                hint = 'the kinds are the codes in crm.document_kind';
    end if;
    return found_kind;
end
$$;

comment on function crm.require_kind(text) is 'The kind of that code; refuses (22023) another.';

create function crm.require_open_customer(
    customer crm.customer, kind text, source_id uuid default null
) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if customer.state = 'merged' then
        raise exception 'customer "%" is merged into another', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format('make the document for customer %s', customer.merged_into);
    elsif customer.state = 'active' then
        return;
    elsif exists (
            select from crm.document_kind as k where k.code = kind and k.for_blocked_customer
        )
        or exists (
            select from crm.document as s
            join crm.document_conversion as c
                on c.from_kind = s.kind and c.to_kind = require_open_customer.kind
            where s.tenant_id = customer.tenant_id and s.id = require_open_customer.source_id
                and c.for_blocked_customer
        )
    then
        return;
    elsif customer.state = 'moved' then
        raise exception 'customer "%" has moved to another tenant', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format(
                    'make it for %s, and delete what is a draft here; or set his state to active,'
                    ' if he is a customer here as well', crm.moved_to(customer)
                );
    end if;
    raise exception 'customer "%" is blocked', customer.name
        using errcode = 'invalid_parameter_value',
            hint = 'set the customer''s state to active first';
end
$$;

comment on function crm.require_open_customer(crm.customer, text, uuid) is
    'Refuses (22023) a document for a customer who gets none of this kind.

source_id: the document that it is made from, of which some are finished for everybody.';

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

create function crm.today_in(tenant_id int) returns date
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select mandant_internal.day_in(t.timezone, now())
        from mandant.tenant as t
        where t.id = tenant_id
    );
end
$$;

comment on function crm.today_in(int) is 'The day that it is in a tenant.';

create function crm.lock_document(document_id uuid, action text) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
begin
    select d.* into document from crm.document as d where d.id = document_id for update;
    if not found then
        -- he may see it and not change it
        select d.* into document from crm.document as d where d.id = document_id;
        if not found then
            perform crm.refuse_document(document_id);
        end if;
        perform mandant_internal.require_row(
            'document', a.action, document.tenant_id, document.owner_id, document.team_id,
            document.kind
        )
        from unnest(array[lock_document.action, 'update']) as a (action);
    end if;
    perform mandant_internal.require_row(
        'document', action, document.tenant_id, document.owner_id, document.team_id, document.kind
    );
    return document;
end
$$;

comment on function crm.lock_document(uuid, text) is
    'Locks a document, or refuses: not there (P0002), not allowed (42501).';

create function crm.require_reference(reference text) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if length(reference) > 500 then
        raise exception 'a reference of % characters', length(reference)
            using errcode = 'invalid_parameter_value', hint = 'it has at most 500';
    end if;
end
$$;

comment on function crm.require_reference(text) is 'Refuses (22023) what is too long to refer to.';

create function crm.only_address(customer crm.customer, kind text) returns uuid
    language plpgsql stable -- not sql, which would be planned anew at each call
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select min(a.id::text)::uuid
        from crm.customer_address as a
        where a.tenant_id = customer.tenant_id and a.customer_id = customer.id
            and a.kind = only_address.kind
        having count(*) = 1
    );
end
$$;

comment on function crm.only_address(crm.customer, text) is
    'The address of a kind that a customer has besides his own; null: none, or several.';

create function crm.make_draft(draft crm.document, kind crm.document_kind, customer crm.customer)
    returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant mandant.tenant;
begin
    perform mandant_internal.require_row(
        'document', 'create', customer.tenant_id, draft.owner_id, draft.team_id, kind.code
    );
    perform crm.require_open_customer(customer, kind.code, draft.source_id);
    perform crm.require_reference(draft.reference);
    perform crm.require_document_date(d.day)
    from unnest(array[draft.document_date, draft.supplied_on, draft.valid_until]) as d (day);
    select t.* into tenant from mandant.tenant as t where t.id = customer.tenant_id;

    insert into crm.document (
        tenant_id, kind, customer_id, owner_id, team_id, document_date, reference, currency,
        supplied_on, valid_until, exchange_rate, billing_address_id, delivery_address_id,
        source_id, takes_back, cancels_id, revises_id, revision
    ) values (
        customer.tenant_id, kind.code, customer.id, draft.owner_id, draft.team_id,
        coalesce(draft.document_date, (now() at time zone tenant.timezone)::date),
        nullif(draft.reference, ''), coalesce(draft.currency, customer.currency, tenant.currency),
        draft.supplied_on, draft.valid_until, draft.exchange_rate,
        coalesce(
            draft.billing_address_id,
            -- what is to be paid, or no longer, goes to who pays
            case when kind.revenue_sign <> 0 then crm.only_address(customer, 'billing') end
        ),
        coalesce(
            draft.delivery_address_id,
            case when kind.supplies or kind.balance_sign = 0 then
                crm.only_address(customer, 'delivery')
            end
        ),
        draft.source_id, coalesce(draft.takes_back, false), draft.cancels_id, draft.revises_id,
        coalesce(draft.revision, 1)
    ) returning * into draft;
    return draft;
end
$$;

comment on function crm.make_draft(crm.document, crm.document_kind, crm.customer) is
    'Inserts a draft for a customer; what it leaves out is filled in. Asks for the right to create.';

create function crm.create_document(
    customer_id uuid,
    kind text,
    lines jsonb default '[]',
    document_date date default null,
    reference text default null,
    currency text default null,
    owner_id uuid default null,
    supplied_on date default null,
    valid_until date default null,
    exchange_rate numeric default null,
    billing_address_id uuid default null,
    delivery_address_id uuid default null
) returns crm.document
    language plpgsql volatile
    security definer -- writes amounts, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    customer crm.customer;
    document_kind crm.document_kind;
    draft crm.document;
begin
    select c.* into customer from crm.customer as c where c.id = create_document.customer_id;
    if not found then
        perform crm.refuse_customer(customer_id);
    end if;
    document_kind := crm.require_kind(kind);
    draft.document_date := document_date;
    draft.reference := reference;
    draft.currency := currency;
    draft.owner_id := coalesce(owner_id, mandant_internal.me());
    draft.team_id := coalesce(mandant_internal.my_team(), customer.team_id);
    draft.supplied_on := supplied_on;
    draft.valid_until := valid_until;
    draft.exchange_rate := exchange_rate;
    draft.billing_address_id := billing_address_id;
    draft.delivery_address_id := delivery_address_id;
    return crm.write_lines(crm.make_draft(draft, document_kind, customer), lines);
end
$$;

comment on function crm.create_document(
    uuid, text, jsonb, date, text, text, uuid, date, date, numeric, uuid, uuid
) is
    'Makes a draft for a customer, in the customer''s tenant, and returns it.

lines: [{"product": "code" | "product_id": "uuid", "description", "quantity", "unit", "unit_price",
"discount": "code" | "discount_percent", "tax_rate" | "tax_code", "source_document_id" with
"source_position"}]; what a line leaves out comes from the line it is made from, else from its product,
the price from the customer''s price list first, the discount from the customer; rates and discounts
are percentages.
document_date: default today in the tenant''s time zone. currency: default the customer''s, or the
tenant''s. owner_id: default you. supplied_on: day of supply, whose tax rates count; default the
document''s date. valid_until: of a quote. exchange_rate: units of the tenant''s currency for one of
the document''s; default that of the document''s date. billing_address_id, delivery_address_id: in
crm.customer_address; default the customer''s only one. Errors: P0002 no such customer, address or
product, 22023 bad value, 42501 no right to create documents of this kind.';

create function crm.change_document(
    id uuid,
    lines jsonb default null,
    document_date date default null,
    reference text default null,
    supplied_on date default null,
    valid_until date default null,
    exchange_rate numeric default null,
    billing_address_id uuid default null,
    delivery_address_id uuid default null
) returns crm.document
    language plpgsql volatile
    security definer -- writes amounts, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    document crm.document;
begin
    perform crm.require_document_date(d.day)
    from unnest(array[document_date, supplied_on, valid_until]) as d (day);
    perform crm.require_reference(reference);
    document := crm.lock_document(id, 'update');
    -- if it is posted, this is refused (23001)
    update crm.document as d
    set document_date = coalesce(change_document.document_date, d.document_date),
        reference = nullif(coalesce(change_document.reference, d.reference), ''),
        supplied_on = coalesce(change_document.supplied_on, d.supplied_on),
        valid_until = coalesce(change_document.valid_until, d.valid_until),
        exchange_rate = coalesce(change_document.exchange_rate, d.exchange_rate),
        billing_address_id = coalesce(change_document.billing_address_id, d.billing_address_id),
        delivery_address_id = coalesce(change_document.delivery_address_id, d.delivery_address_id)
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into document;
    if lines is not null then
        -- its lines go, and others come
        perform mandant_internal.require_row(
            'document', action, document.tenant_id, document.owner_id, document.team_id,
            document.kind
        )
        from unnest(array['create', 'delete']) as action;
        document := crm.write_lines(document, lines);
    elsif num_nonnulls(change_document.document_date, change_document.supplied_on) > 0 then
        document := crm.rate_lines(document);  -- tax codes have the rates of the new date
    end if;
    return document;
end
$$;

comment on function crm.change_document(
    uuid, jsonb, date, text, date, date, numeric, uuid, uuid
) is
    'Changes a draft and returns it; what is null stays as it is.

lines: as for crm.create_document, they replace all lines. reference: the empty text removes it. The
others as there. New lines take the rights create and delete besides update. Errors: P0002 no such
document, address or product, 23001 posted, 22023 bad value, 42501 no right.';

create function crm.check_document_addresses() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    stranger text;
begin
    select s.kind into stranger
    from (values
        ('billing', new.billing_address_id), ('delivery', new.delivery_address_id)
    ) as s (kind, id)
    where s.id is not null and not exists (
        select from crm.customer_address as a
        where a.tenant_id = new.tenant_id and a.id = s.id and a.kind = s.kind
            and a.customer_id = new.customer_id
    )
    limit 1;
    if found then
        raise exception 'the customer has no such % address', stranger
            using errcode = 'no_data_found',
                hint = 'his addresses are in crm.customer_address';
    end if;
    return null;
end
$$;

comment on function crm.check_document_addresses() is
    'Trigger: addresses are the customer''s own, of the right kind (P0002).

After the row, when row security has refused another tenant''s.';

create trigger document_check_addresses
    after insert or update of billing_address_id, delivery_address_id on crm.document
    for each row
    when (num_nonnulls(new.billing_address_id, new.delivery_address_id) > 0)
    execute function crm.check_document_addresses();

comment on trigger document_check_addresses on crm.document is
    'Addresses are the customer''s.';

alter function crm.check_document_currency() owner to crm_owner;
alter function crm.check_document_addresses() owner to crm_owner;
alter function crm.require_kind(text) owner to crm_owner;
alter function crm.require_open_customer(crm.customer, text, uuid) owner to crm_owner;
alter function crm.require_document_date(date) owner to crm_owner;
alter function crm.today_in(int) owner to crm_owner;
alter function crm.lock_document(uuid, text) owner to crm_owner;
alter function crm.require_reference(text) owner to crm_owner;
alter function crm.only_address(crm.customer, text) owner to crm_owner;
alter function crm.make_draft(crm.document, crm.document_kind, crm.customer) owner to crm_owner;
alter function crm.create_document(
    uuid, text, jsonb, date, text, text, uuid, date, date, numeric, uuid, uuid
) owner to crm_owner;
alter function crm.change_document(uuid, jsonb, date, text, date, date, numeric, uuid, uuid)
    owner to crm_owner;
revoke all on function
    crm.check_document_currency(),
    crm.check_document_addresses(),
    crm.require_kind(text),
    crm.require_open_customer(crm.customer, text, uuid),
    crm.require_document_date(date),
    crm.today_in(int),
    crm.lock_document(uuid, text),
    crm.require_reference(text),
    crm.only_address(crm.customer, text),
    crm.make_draft(crm.document, crm.document_kind, crm.customer),
    crm.create_document(
        uuid, text, jsonb, date, text, text, uuid, date, date, numeric, uuid, uuid
    ),
    crm.change_document(uuid, jsonb, date, text, date, date, numeric, uuid, uuid)
    from public;
-- whoever writes a document is asked for its customer
grant execute on function
    crm.require_open_customer(crm.customer, text, uuid),
    crm.create_document(
        uuid, text, jsonb, date, text, text, uuid, date, date, numeric, uuid, uuid
    ),
    crm.change_document(uuid, jsonb, date, text, date, date, numeric, uuid, uuid)
    to mandant_user;
