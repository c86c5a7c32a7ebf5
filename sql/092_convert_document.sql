-- From document to document: quote, order, delivery note, invoice, credit note. A document that is
-- made from another takes over what was agreed there, line by line, as much as is left or as is
-- said. What is posted is cancelled by a counter-document with its own number (R-IMM-02).

create function crm.convert_document(
    id uuid,
    kind text,
    lines jsonb default null,
    document_date date default null,
    reference text default null
) returns crm.document
    language plpgsql volatile
    security definer -- writes amounts, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
begin
    return crm.make_from(id, kind, lines, document_date, reference, null);
end
$$;

comment on function crm.convert_document(uuid, text, jsonb, date, text) is
    'Makes a draft from a posted document: order, delivery note, invoice, credit note; returns it.

id: of the document it is made from. kind: what is to be made (crm.document_conversion says what can).
lines: [{"source_position": 1, "quantity": 6}], default all that is left; further fields as for
crm.create_document, further documents by source_document_id; where something is taken back, lines
without source credit an amount. document_date: default today in the tenant''s time zone. reference:
default that of the document. Customer, owner and team are those of the document. Errors: P0002 no
such document or line, 22023 it cannot be made from that, or more than is left, 42501 no right.';

create function crm.make_from(
    source_id uuid, kind text, lines jsonb, document_date date, reference text, cancels_id uuid
) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    source crm.document;
    customer crm.customer;
    conversion crm.document_conversion;
    document_kind crm.document_kind := crm.require_kind(kind);
    draft crm.document;
begin
    select d.* into source from crm.document as d where d.id = make_from.source_id;
    if not found then
        perform crm.refuse_document(source_id);
    end if;
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = source.tenant_id and c.id = source.customer_id;
    if customer.state = 'merged' then
        select c.* into customer
        from crm.customer as c
        where c.tenant_id = source.tenant_id and c.id = customer.merged_into;
    end if;
    if customer.id is null then
        perform crm.refuse_customer(source.customer_id);
    end if;

    draft.tenant_id := source.tenant_id;
    draft.kind := kind;
    draft.source_id := source.id;
    draft.cancels_id := cancels_id;
    draft.customer_id := customer.id;
    draft.owner_id := source.owner_id;
    draft.team_id := source.team_id;
    draft.document_date := document_date;
    draft.reference := coalesce(reference, source.reference);
    draft.currency := source.currency;
    conversion := crm.require_source(draft, source, kind);
    draft.takes_back := conversion.counts_as = 'reversed';
    if draft.takes_back then
        -- as posting does, before its lines
        perform crm.lock_settled(source.id);
        perform crm.lock_document(source.id, 'update');
    end if;
    -- what is supplied now is supplied now; what is billed was
    if document_kind.revenue_sign <> 0 then
        draft.supplied_on := source.supplied_on;
    end if;
    if draft.takes_back then
        draft.exchange_rate := source.exchange_rate;  -- so that both are zero together
    end if;
    draft := crm.make_draft(draft, document_kind, customer);

    if lines is null then
        select jsonb_agg(
            jsonb_build_object('source_document_id', l.document_id, 'source_position', l.position)
                || case when cancels_id is null then jsonb '{}'
                    else jsonb_build_object('quantity', l.quantity * conversion.sign) end
            order by l.position
        ) into lines
        from crm.document_line as l
        left join crm.line_progress as p
            on p.tenant = l.tenant_id and p.document_id = l.document_id
            and p.position = l.position
        where l.tenant_id = source.tenant_id and l.document_id = source.id
            -- a cancellation asks for all of it, and is refused where something became of it
            and (cancels_id is not null
                or coalesce(crm.room_of(p, conversion.counts_as), abs(l.quantity)) > 0);
        if lines is null then
            raise exception '% % is wholly %', source.kind, source.number, conversion.counts_as
                using errcode = 'invalid_parameter_value',
                    hint = format(
                        'crm.open_lines(%L) shows what became of it; drafts count, too', source.id
                    );
        end if;
    elsif jsonb_typeof(lines) = 'array' then
        select jsonb_agg(
            case when l.line ? 'source_position' then
                jsonb_build_object('source_document_id', source.id) || l.line
            else l.line end
            order by l.place
        ) into lines
        from jsonb_array_elements(lines) with ordinality as l (line, place);
        lines := coalesce(lines, '[]');
    end if;
    return crm.write_lines(draft, lines);
end
$$;

comment on function crm.make_from(uuid, text, jsonb, date, text, uuid) is
    'Makes a draft from a document, to cancel it or not; see crm.convert_document.';

create function crm.accept_quote(quote crm.document) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if quote.status = 'posted' then
        quote := crm.lock_document(quote.id, 'update');
        update crm.document as d
        set status = 'accepted'
        where d.tenant_id = quote.tenant_id and d.id = quote.id and d.status = 'posted';
    end if;
end
$$;

comment on function crm.accept_quote(crm.document) is 'An order that is posted accepts its quote.';

create function crm.follow_sources(document crm.document) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    source crm.document;
    conversion crm.document_conversion;
begin
    for source in
        select d.*
        from crm.document as d
        where d.tenant_id = document.tenant_id and d.id is distinct from document.source_id
            and d.id in (
                select l.source_document_id
                from crm.document_line as l
                where l.tenant_id = document.tenant_id and l.document_id = document.id
            )
        order by d.id
    loop
        conversion := crm.require_source(document, source, document.kind);
        if conversion.counts_as = 'ordered' then
            perform crm.accept_quote(source);
        end if;
    end loop;
end
$$;

comment on function crm.follow_sources(crm.document) is
    'Asks of the further documents that a draft is made from what is asked of the first.';

create function crm.replace_quote(document crm.document) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    revised crm.document := crm.lock_document(document.revises_id, 'update');
begin
    perform crm.require_unordered(revised);
    update crm.document as d
    set status = 'replaced'
    where d.tenant_id = revised.tenant_id and d.id = revised.id;
end
$$;

comment on function crm.replace_quote(crm.document) is
    'A revision that is posted takes the place of what it revises.';

create function crm.require_unordered(quote crm.document) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if exists (
        select from crm.line_progress as p
        where p.tenant = quote.tenant_id and p.document_id = quote.id and p.ordered > 0
    ) then
        raise exception '% % is ordered', quote.kind, quote.number
            using errcode = 'restrict_violation',
                hint = 'cancel its orders first, and delete their drafts';
    end if;
end
$$;

comment on function crm.require_unordered(crm.document) is
    'Refuses (23001) what cannot be once something of a quote is ordered.';

create function crm.cancel_document(id uuid, reason text, document_date date default null)
    returns crm.document
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    document crm.document;
    counter crm.document;
    counter_kind text;
begin
    perform crm.lock_settled(id);
    document := crm.lock_document(id, 'void');
    if reason is null or reason !~ '\S' then
        raise exception 'a cancellation needs a reason'
            using errcode = 'invalid_parameter_value',
                hint = 'say why, such as reason => ''wrong customer''';
    elsif document.status = 'draft' then
        raise exception 'draft % was not posted', document.id
            using errcode = 'invalid_parameter_value', hint = 'delete it';
    elsif document.takes_back then
        raise exception '% % takes something back, and is never cancelled',
            document.kind, document.number
            using errcode = 'restrict_violation',
                hint = 'make anew what it took back';
    elsif not exists (
        select from crm.document_transition as t
        where t.kind = document.kind and t.from_status = document.status
            and t.to_status = 'cancelled'
    ) then
        raise exception '% % is %, cannot become cancelled',
            document.kind, document.number, document.status
            using errcode = 'restrict_violation',
                hint = 'what it can become is in crm.document_transition';
    elsif document.credited <> 0 then
        raise exception '% % is credited already with %',
            document.kind, document.number, document.credited
            using errcode = 'restrict_violation',
                hint = 'credit the rest with crm.convert_document(id, ''credit_note'')';
    elsif cancel_document.document_date < document.document_date then
        raise exception '% % is of %, cannot be cancelled on %',
            document.kind, document.number, to_char(document.document_date, 'YYYY-MM-DD'),
            to_char(cancel_document.document_date, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value', hint = 'give a later date, or none';
    end if;
    select c.to_kind into counter_kind
    from crm.document_conversion as c
    where c.from_kind = document.kind and c.counts_as = 'reversed';

    counter := crm.make_from(
        document.id, counter_kind, null,
        coalesce(
            cancel_document.document_date,
            greatest(document.document_date, crm.today_in(document.tenant_id))
        ),
        null, document.id
    );
    counter := crm.post_document(counter.id);
    update crm.document as d
    set status = 'cancelled', status_reason = cancel_document.reason
    where d.tenant_id = document.tenant_id and d.id = document.id;
    return counter;
end
$$;

comment on function crm.cancel_document(uuid, text, date) is
    'Cancels a posted document by a counter-document, which it posts and returns.

Both stay, and sum to zero; what the document had delivered or billed can be delivered or billed
anew. What was paid for an invoice is left on its credit note, what a payment had paid is open again.
reason: is kept with the document. document_date: of the counter-document, default today in the
tenant''s time zone, or the document''s own if that is later; its period must be open. Needs void and
update on the document, create, update and post on the kind that cancels it, create and update on
what a payment had paid. Errors: P0002 no such document, 23001 cancelled or credited already, it takes
something back itself, or its kind is never cancelled, 22023 no reason, a draft, or something was made
from it, 42501 no right.';

create function crm.revise_quote(id uuid, document_date date default null) returns crm.document
    language plpgsql volatile
    security definer -- writes amounts, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    quote crm.document;
    customer crm.customer;
    draft crm.document;
    revision crm.document;
begin
    quote := crm.lock_document(id, 'update');
    if not exists (
        select from crm.document_transition as t
        where t.kind = quote.kind and t.from_status = quote.status and t.to_status = 'replaced'
    ) then
        raise exception '% % is %, cannot be revised',
            quote.kind, coalesce(quote.number, quote.id::text), quote.status
            using errcode = 'restrict_violation',
                hint = case quote.status
                    when 'draft' then 'change it with crm.change_document'
                    else 'make a new one with crm.create_document'
                end;
    end if;
    perform crm.require_unordered(quote);
    select d.* into revision
    from crm.document as d
    where d.tenant_id = quote.tenant_id and d.revises_id = quote.id;
    if found then
        raise exception '% % is being revised already', quote.kind, quote.number
            using errcode = 'restrict_violation',
                hint = format('change or delete the draft %s', revision.id);
    end if;
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = quote.tenant_id and c.id = quote.customer_id;
    if not found then
        perform crm.refuse_customer(quote.customer_id);
    end if;

    draft.owner_id := quote.owner_id;
    draft.team_id := quote.team_id;
    draft.document_date := document_date;
    draft.reference := quote.reference;
    draft.currency := quote.currency;
    draft.revises_id := quote.id;
    draft.revision := quote.revision + 1;
    draft := crm.make_draft(draft, crm.require_kind(quote.kind), customer);

    insert into crm.document_line (
        tenant_id, document_id, position, kind, owner_id, team_id, product_id, description, quantity,
        unit, unit_price, discount, discount_percent, tax_rate, tax_code, tax_category, net
    )
    select l.tenant_id, draft.id, l.position, l.kind, l.owner_id, l.team_id, l.product_id,
        l.description, l.quantity, l.unit, l.unit_price, l.discount, l.discount_percent, l.tax_rate,
        l.tax_code, l.tax_category, l.net
    from crm.document_line as l
    where l.tenant_id = quote.tenant_id and l.document_id = quote.id;
    return crm.total_document(draft);
exception
    when unique_violation then
        raise exception '% % is being revised already', quote.kind, quote.number
            using errcode = 'restrict_violation', hint = 'by somebody whose draft you do not see';
end
$$;

comment on function crm.revise_quote(uuid, date) is
    'Makes the next revision of a posted quote: a draft with the same lines; returns it.

Once posted, it takes the place of the quote, which is replaced then. Change it before with
crm.change_document. document_date: default today in the tenant''s time zone. Errors: P0002 no such
document, 23001 it is a draft, accepted, replaced, no quote, or being revised already, 42501 no right.';

create function crm.change_status(id uuid, status text, reason text default null)
    returns crm.document
    language plpgsql volatile
    security definer -- writes the status, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    document crm.document;
begin
    document := crm.lock_document(id, 'update');
    if not exists (
        select from crm.document_transition as t
        where t.kind = document.kind and t.from_status = document.status
            and t.to_status = change_status.status and t.by_hand
    ) then
        raise exception '% % is %, cannot become % by hand',
            document.kind, coalesce(document.number, document.id::text), document.status,
            coalesce(status, 'null')
            using errcode = 'restrict_violation',
                hint = coalesce(
                    (
                        select 'it can become ' || string_agg(t.to_status, ', ' order by t.to_status)
                        from crm.document_transition as t
                        where t.kind = document.kind and t.from_status = document.status
                            and t.by_hand
                    ),
                    'functions such as crm.post_document and crm.cancel_document change it'
                );
    end if;
    if status <> 'accepted' then
        perform crm.require_unordered(document);
    end if;
    update crm.document as d
    set status = change_status.status, status_reason = change_status.reason
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into document;
    return document;
end
$$;

comment on function crm.change_status(uuid, text, text) is
    'Says what became of a posted document, such as a quote accepted or declined; returns it.

status: one that crm.document_transition allows by hand. reason: is kept with the document. Errors:
P0002 no such document, 23001 it cannot become that, 42501 no right.';

alter function crm.convert_document(uuid, text, jsonb, date, text) owner to crm_owner;
alter function crm.make_from(uuid, text, jsonb, date, text, uuid) owner to crm_owner;
alter function crm.accept_quote(crm.document) owner to crm_owner;
alter function crm.follow_sources(crm.document) owner to crm_owner;
alter function crm.replace_quote(crm.document) owner to crm_owner;
alter function crm.require_unordered(crm.document) owner to crm_owner;
alter function crm.cancel_document(uuid, text, date) owner to crm_owner;
alter function crm.revise_quote(uuid, date) owner to crm_owner;
alter function crm.change_status(uuid, text, text) owner to crm_owner;
revoke all on function
    crm.convert_document(uuid, text, jsonb, date, text),
    crm.make_from(uuid, text, jsonb, date, text, uuid),
    crm.accept_quote(crm.document),
    crm.follow_sources(crm.document),
    crm.replace_quote(crm.document),
    crm.require_unordered(crm.document),
    crm.cancel_document(uuid, text, date),
    crm.revise_quote(uuid, date),
    crm.change_status(uuid, text, text)
    from public;
grant execute on function
    crm.convert_document(uuid, text, jsonb, date, text),
    crm.cancel_document(uuid, text, date),
    crm.revise_quote(uuid, date),
    crm.change_status(uuid, text, text)
    to mandant_user;
