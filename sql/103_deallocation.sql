-- Taking back what was settled: by hand, or because a document that takes back another was posted.
-- Rows are only added, so it is settled anew by the opposite amount. What was cancelled meanwhile is
-- balanced again with what cancels it.

create function crm.take_back(
    tenant_id int, pair_id uuid, settled_on date, reason text
) returns uuid
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    counter_id constant uuid := mandant.new_id();
    counter crm.settlement;
    cancelled crm.document;
    balance crm.document;
begin
    for counter in
        select s.*
        from crm.settlement as s
        where s.tenant_id = take_back.tenant_id and s.pair_id = take_back.pair_id
            and s.reverses is null and not exists (
                select from crm.settlement as r
                where r.tenant_id = s.tenant_id and r.reverses = s.id
            )
        order by s.id
    loop
        counter.reverses := counter.id;
        counter.reason := reason;
        counter.pair_id := counter_id;
        counter.amount := -counter.amount;
        counter.tenant_amount := -counter.tenant_amount;
        counter.exchange_difference := -counter.exchange_difference;
        counter.settled_on := settled_on;
        if counter.purpose = 'discount' then
            perform crm.write_discount(counter);
        else
            perform crm.write_settlement(counter);
        end if;
    end loop;

    -- what was cancelled meanwhile is balanced again, as far as its counter-document still can
    for cancelled in
        select d.*
        from crm.document as d
        join crm.settlement as s on s.tenant_id = d.tenant_id and s.document_id = d.id
        where s.tenant_id = take_back.tenant_id and s.pair_id = counter_id
            and s.purpose = 'allocation' and d.status = 'cancelled'
    loop
        select d.* into balance
        from crm.document as d
        where d.tenant_id = cancelled.tenant_id and d.cancels_id = cancelled.id;
        if found and balance.open_amount <> 0 then
            perform crm.balance(crm.lock_item(balance.id), cancelled);
        end if;
    end loop;
    return counter_id;
end
$$;

comment on function crm.take_back(int, uuid, date, text) is
    'Takes back what was settled together, of documents that the caller has locked.

Returns the pair_id of the rows that do it.';

create function crm.balance(one crm.document, other crm.document) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if one.open_amount < 0 and other.open_amount > 0 then
        perform crm.settle(one, other, discount => 0);
    elsif one.open_amount > 0 and other.open_amount < 0 then
        perform crm.settle(other, one, discount => 0);
    end if;
end
$$;

comment on function crm.balance(crm.document, crm.document) is
    'Sets two documents off as far as both are open, which may be nothing.';

create function crm.deallocate(settlement_id uuid, reason text) returns setof crm.settlement
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    settled crm.settlement;
    document crm.document;
    other crm.document;
    counter_id uuid;
begin
    select s.* into settled from crm.settlement as s where s.id = settlement_id;
    if not found then
        raise exception 'no such settlement %', settlement_id
            using errcode = 'no_data_found',
                hint = 'look for it in crm.settlement, with its tenant selected';
    elsif reason is null or reason !~ '\S' then
        raise exception 'to take back an allocation needs a reason'
            using errcode = 'invalid_parameter_value',
                hint = 'say why, such as reason => ''wrong invoice''';
    elsif settled.reverses is not null then
        raise exception 'this settlement takes back another'
            using errcode = 'invalid_parameter_value', hint = 'use crm.allocate to settle anew';
    end if;
    if settled.document_id < settled.by_id then
        document := crm.lock_item(settled.document_id);
        other := crm.lock_item(settled.by_id);
    else
        other := crm.lock_item(settled.by_id);
        document := crm.lock_item(settled.document_id);
    end if;
    if document.cancels_id = other.id or other.cancels_id = document.id then
        raise exception '% % and % % balance each other for ever',
            document.kind, document.number, other.kind, other.number
            using errcode = 'restrict_violation',
                hint = 'one cancels the other; make a new document with crm.create_document';
    elsif not exists (
        select from crm.settlement as s
        where s.tenant_id = settled.tenant_id and s.pair_id = settled.pair_id
            and s.reverses is null and s.purpose = 'allocation'
            and not exists (
                select from crm.settlement as r
                where r.tenant_id = s.tenant_id and r.reverses = s.id
            )
    ) then
        raise exception '% % and % % are taken apart already',
            document.kind, document.number, other.kind, other.number
            using errcode = 'restrict_violation', hint = 'use crm.allocate to settle anew';
    end if;
    counter_id := crm.take_back(
        settled.tenant_id, settled.pair_id,
        crm.settling_day(
            settled.tenant_id, settled.settled_on, crm.today_in(settled.tenant_id)
        ),
        reason
    );
    return query
    select s.*
    from crm.settlement as s
    where s.tenant_id = settled.tenant_id and s.pair_id = counter_id
    order by s.id;
end
$$;

comment on function crm.deallocate(uuid, text) is
    'Takes an allocation back, both sides, its discount too; returns the rows that do it.

settlement_id: of any of its rows. Both documents are open again by what it had settled; exchange
differences are taken back as well. reason: is kept with the rows. They are of today in the tenant''s
time zone, or of the first day that is not locked. Needs update and create on both kinds. Errors:
P0002 no such settlement, or its other document is not seen, 23001 taken back already, or one document
cancels the other, 22023 no reason, 42501 no right.';

create function crm.set_off(document crm.document, source_id uuid) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    source crm.document;
    pair record;
    reason constant text := format('%s %s', document.kind, document.number);
    settled_on date;
begin
    if document.open_amount = 0 then
        return document;
    end if;
    source := crm.lock_item(source_id);
    settled_on := crm.settling_day(
        document.tenant_id, document.document_date, source.document_date
    );
    if source.kind = document.kind then
        -- what is taken back pays nothing: the last first, and what is left over pays nothing anyway
        while abs(source.open_amount) < abs(document.open_amount) loop
            select s.pair_id, s.by_id into pair
            from crm.settlement as s
            left join crm.document as o on o.tenant_id = s.tenant_id and o.id = s.by_id
            where s.tenant_id = source.tenant_id and s.document_id = source.id
                and s.reverses is null
                and not coalesce(o.source_id = source.id or o.id = source.source_id, false)
                and not exists (
                    select from crm.settlement as r
                    where r.tenant_id = s.tenant_id and r.reverses = s.id
                )
            order by s.id desc
            limit 1;
            exit when not found;
            perform crm.lock_item(pair.by_id);  -- or refuses, where the caller does not see it
            perform crm.take_back(source.tenant_id, pair.pair_id, settled_on, reason);
            source := crm.lock_item(source_id);
        end loop;
    else
        perform crm.cut_discount(source, settled_on, reason);
        source := crm.lock_item(source_id);
    end if;
    perform crm.balance(document, source);
    select d.* into document
    from crm.document as d
    where d.tenant_id = source.tenant_id and d.id = document.id;
    return document;
end
$$;

comment on function crm.set_off(crm.document, uuid) is
    'What a posted document that takes back another settles of it; returns the document.

A payment taken back pays nothing any more: its allocations are taken back first, as many as it
needs. An early-payment discount on what was credited is taken back as well.';

alter function crm.take_back(int, uuid, date, text) owner to crm_owner;
alter function crm.balance(crm.document, crm.document) owner to crm_owner;
alter function crm.deallocate(uuid, text) owner to crm_owner;
alter function crm.set_off(crm.document, uuid) owner to crm_owner;
revoke all on function
    crm.take_back(int, uuid, date, text),
    crm.balance(crm.document, crm.document),
    crm.deallocate(uuid, text),
    crm.set_off(crm.document, uuid)
    from public;
grant execute on function crm.deallocate(uuid, text) to mandant_user;
