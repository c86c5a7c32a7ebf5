-- Documents of another system are history: they stay as they were, with the number, tax and total that
-- they had. Their numbers enter the register as imported; what was cancelled there leaves its number
-- as void, and nothing else. Tax is an amount there: the rate is derived, and the code with that rate
-- taken. What was paid there is settled; of what was not, the books open with what is owed.

create function crm.reckon_lines(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    -- a discount or freight of the whole document is a line as well
    insert into crm.import_row (run_id, entity, file, line, id, data, print, document, amounts)
    select run.id, 'line', d.file, d.line, d.id,
        jsonb_build_object('description', x.description, 'position', 1e9, 'quantity', 1), '',
        d.id, jsonb_build_object('net', x.net, 'tax', 0)
    from crm.import_row as d
    left join crm.currency as c on c.code = d.currency
    cross join lateral (
        select -coalesce((d.data ->> 'discount')::numeric, 0)
            - round(
                coalesce((d.data ->> 'discount_percent')::numeric, 0) * 0.01
                    * coalesce((
                        select sum(
                            (l.data ->> 'amount')::numeric
                                - coalesce((l.data ->> 'tax')::numeric, 0)
                        )
                        from crm.import_row as l
                        where l.run_id = run.id and l.entity = 'line' and l.document = d.id
                    ), 0),
                coalesce(c.minor_unit, 2)
            ) as discount
    ) as s
    cross join lateral (
        values ('Discount', s.discount), ('Freight', (d.data ->> 'freight')::numeric)
    ) as x (description, net)
    where d.run_id = run.id and d.entity in ('quote', 'order', 'invoice') and not d.broken
        and x.net <> 0;

    with line as materialized (
        select l.seq, l.data, d.tenant, t.country, coalesce(c.minor_unit, 2) as digits,
            (d.data ->> 'date')::date as date,
            coalesce((l.amounts ->> 'tax')::numeric, (l.data ->> 'tax')::numeric, 0) as tax,
            (l.data ->> 'quantity')::numeric as quantity, (l.data ->> 'price')::numeric as price,
            coalesce((l.data ->> 'discount')::numeric, 0)
                + coalesce((l.data ->> 'volume_discount')::numeric, 0) as discount,
            coalesce(
                (l.amounts ->> 'net')::numeric,
                (l.data ->> 'amount')::numeric - coalesce((l.data ->> 'tax')::numeric, 0)
            ) as net
        from crm.import_row as l
        join crm.import_row as d
            on d.run_id = run.id and d.id = l.document
            and d.entity in ('quote', 'order', 'invoice') and not d.broken
        join mandant.tenant as t on t.id = d.tenant
        left join crm.currency as c on c.code = coalesce(d.currency, t.currency)
        where l.run_id = run.id and l.entity = 'line'
    ), amount as materialized (
        select l.*, coalesce(l.net, round(l.quantity * l.price - l.discount, l.digits)) as amount
        from line as l
    ), rate as materialized (
        -- those that hold that day, looked up once for each
        select k.country, k.date, c.code, c.category, r.rate,
            count(*) filter (where r.rate = 0) over (partition by k.country, k.date) as free
        from (select distinct a.country, a.date from amount as a) as k
        join crm.tax_code as c on c.country = k.country
        cross join lateral (
            select r.rate
            from crm.tax_rate as r
            where r.country = c.country and r.code = c.code and r.valid_from <= k.date
            order by r.valid_from desc
            limit 1
        ) as r
    )
    update crm.import_row as r
    set amounts = jsonb_strip_nulls(jsonb_build_object(
        'net', a.amount, 'tax', a.tax, 'code', c.code, 'category', c.category,
        'rate', coalesce(
            c.rate, case when a.amount <> 0 then round(a.tax * 100 / a.amount, 4) else 0 end
        ),
        'price', coalesce(a.price, a.amount / nullif(a.quantity, 0)),
        'discount', case
            when a.discount <> 0 and a.quantity * a.price <> 0
                then round(a.discount * 100 / (a.quantity * a.price), 6)
            else 0
        end
    ))
    from amount as a
    left join lateral (
        select k.code, k.category, k.rate
        from rate as k
        where k.country = a.country and k.date = a.date
            and case
                when a.tax = 0 then k.rate = 0 and k.free = 1
                else k.rate > 0
                    and abs(round(a.amount * k.rate * 0.01, a.digits) - a.tax)
                        <= power(0.1::numeric, a.digits)
            end
        order by abs(a.amount * k.rate * 0.01 - a.tax), k.code
        limit 1
    ) as c on true
    where r.run_id = run.id and r.seq = a.seq;

    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, w.level, l.file, l.line, w.field, w.message
    from crm.import_row as l
    join crm.import_row as d
        on d.run_id = run.id and d.id = l.document and d.entity in ('quote', 'order', 'invoice')
    cross join lateral (
        values
            ('error', 'quantity', 'it has no quantity',
                coalesce((l.data ->> 'quantity')::numeric, 0) = 0),
            ('error', 'amount', 'it has neither amount nor price', l.amounts ->> 'net' is null),
            ('error', 'tax', 'there is tax, and nothing that is taxed',
                (l.amounts ->> 'net')::numeric = 0 and (l.amounts ->> 'tax')::numeric <> 0),
            ('error', 'tax', 'the tax is not between 0 and 100 percent',
                (l.amounts ->> 'rate')::numeric not between 0 and 100),
            ('warning', 'tax',
                format('tax %s of %s, %s %%, is no tax code''s rate: it stays as it is',
                    l.amounts ->> 'tax', l.amounts ->> 'net', trim_scale((l.amounts ->> 'rate')::numeric)),
                (l.amounts ->> 'tax')::numeric <> 0 and l.amounts ->> 'code' is null)
    ) as w (level, field, message, applies)
    where l.run_id = run.id and l.entity = 'line' and not l.broken and not d.broken
        and l.print <> '' and w.applies
    order by l.seq;
    perform crm.check_totals(run);
end
$$;

comment on function crm.reckon_lines(crm.import_run) is
    'Net, tax, rate and tax code of each line; notes what fits no code (warning) or cannot be.';

create function crm.check_totals(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    with document as materialized (
        select d.seq, d.file, d.line, (d.data ->> 'total')::numeric as total,
            (d.data ->> 'tax')::numeric as said_tax, d.data ? 'date' as dated,
            d.data ? 'number' as numbered, d.data ->> 'state' as state, l.lines, l.net, l.tax
        from crm.import_row as d
        cross join lateral (
            select count(*) as lines, sum((l.amounts ->> 'net')::numeric) as net,
                sum((l.amounts ->> 'tax')::numeric) as tax
            from crm.import_row as l
            where l.run_id = run.id and l.entity = 'line' and l.document = d.id and not l.broken
        ) as l
        where d.run_id = run.id and d.entity in ('quote', 'order', 'invoice') and not d.broken
    ), wrong as (
        select d.seq, d.file, d.line, w.field, w.message
        from document as d
        cross join lateral (
            values
                ('date', 'it has no date', not d.dated),
                ('number', 'it has no number', not d.numbered),
                ('line', 'it has no lines', d.lines = 0 and d.state is distinct from 'cancelled'),
                ('tax', format('its lines have tax %s, it says %s', d.tax, d.said_tax),
                    d.lines > 0 and d.said_tax <> d.tax),
                ('total',
                    format('its lines and their tax are %s, it says %s', d.net + d.tax, d.total),
                    d.lines > 0 and d.total <> d.net + d.tax)
        ) as w (field, message, applies)
        where w.applies
    ), marked as (
        update crm.import_row as r
        set broken = true
        from wrong as w
        where r.run_id = run.id and r.seq = w.seq
    )
    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, 'error', w.file, w.line, w.field, w.message
    from wrong as w
    order by w.seq;
end
$$;

comment on function crm.check_totals(crm.import_run) is
    'Notes documents that are not what their lines are, to the cent, or lack date, number or lines.';

create function crm.imported_lines(document crm.document, source crm.import_row)
    returns crm.document_line[]
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return array(
        select (
            document.tenant_id, document.id,
            row_number() over (
                order by coalesce(
                    (l.data ->> 'position')::numeric, (l.data ->> 'sequence')::numeric
                ), l.seq
            ),
            document.kind, document.owner_id, null,
            p.id,
            coalesce(
                l.data ->> 'description', r.name, l.data ->> 'text', l.data ->> 'product', '-'
            ),
            (l.data ->> 'quantity')::numeric, l.unit,
            trim_scale((l.amounts ->> 'price')::numeric), null,
            (l.amounts ->> 'discount')::numeric, (l.amounts ->> 'rate')::numeric,
            l.amounts ->> 'code', l.amounts ->> 'category', (l.amounts ->> 'net')::numeric,
            null, null, null, null
        )::crm.document_line
        from crm.import_row as l
        left join crm.imported as p
            on p.tenant_id = document.tenant_id and p.entity = 'product'
            and p.source_id = l.product
            and p.source = (select i.source from crm.import_run as i where i.id = l.run_id)
        left join crm.product as r on r.tenant_id = document.tenant_id and r.id = p.id
        where l.run_id = source.run_id and l.entity = 'line' and l.document = source.id
            and not l.broken
        order by coalesce(
            (l.data ->> 'position')::numeric, (l.data ->> 'sequence')::numeric
        ), l.seq
    );
end
$$;

comment on function crm.imported_lines(crm.document, crm.import_row) is
    'The lines of a document that is imported, in their order.';

create function crm.rate_there(run crm.import_run, source crm.import_row, currency text)
    returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    -- units of the document's currency for one of the base currency, whose own rate is 1
    if (source.data ->> 'rate')::numeric > 0 and currency = (
        select upper(r.data ->> 'code')
        from crm.import_row as r
        where r.run_id = run.id and r.entity = 'currency' and (r.data ->> 'rate')::numeric = 1
        order by r.seq
        limit 1
    ) then
        return trim_scale(round(1 / (source.data ->> 'rate')::numeric, 12));
    end if;
    return null;
end
$$;

comment on function crm.rate_there(crm.import_run, crm.import_row, text) is
    'The exchange rate of a document into a currency, where that is the base currency of its source.';

create function crm.imported_document(
    run crm.import_run, source crm.import_row, tenant mandant.tenant, kind crm.document_kind
) returns crm.document
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    document crm.document;
    data constant jsonb := source.data;
begin
    select c.* into customer
    from crm.customer as c
    join crm.imported as i on i.tenant_id = c.tenant_id and i.id = c.id
    where i.tenant_id = tenant.id and i.source = run.source and i.entity = 'customer'
        and i.source_id = source.customer;
    if not found then
        raise exception 'its customer is not imported'
            using errcode = 'no_data_found', hint = 'mend the customer''s row first';
    end if;
    document.tenant_id := tenant.id;
    document.id := source.target;
    document.kind := kind.code;
    document.customer_id := customer.id;
    document.owner_id := source.owner;
    document.document_date := (data ->> 'date')::date;
    document.reference := data ->> 'name';
    document.takes_back := false;
    document.revision := 1;
    document.tax_rounding := 'line';
    document.currency := coalesce(source.currency, tenant.currency);
    document.supplied_on := coalesce((data ->> 'supplied_on')::date, document.document_date);
    document.valid_until := (data ->> 'valid_until')::date;
    document.source_id := (
        select d.id
        from crm.imported as i
        join crm.document as d on d.tenant_id = i.tenant_id and d.id = i.id
        where i.tenant_id = tenant.id and i.source = run.source
            and i.entity in ('quote', 'order') and i.source_id = source.document
            and d.status <> 'draft'
    );
    if document.currency <> tenant.currency then
        document.exchange_rate := crm.rate_there(run, source, tenant.currency);
    end if;
    document.customer_name := coalesce(data ->> 'billing_name', customer.name);
    if data ? 'billing_city' then
        document.customer_street := data ->> 'billing_street';
        document.customer_postal_code := data ->> 'billing_postal_code';
        document.customer_city := data ->> 'billing_city';
        document.customer_region := data ->> 'billing_region';
        document.customer_country := coalesce(source.country, customer.country);
    else
        document.customer_street := customer.street;
        document.customer_postal_code := customer.postal_code;
        document.customer_city := customer.city;
        document.customer_region := customer.region;
        document.customer_country := customer.country;
    end if;
    document.customer_tax_id := customer.tax_id;
    document.customer_language := customer.language;
    document.group_tenant_id := customer.group_tenant_id;
    document.payment_terms_days := greatest(coalesce(
        (data ->> 'due_date')::date - document.document_date,
        split_part(data ->> 'terms', '/', 1)::int, 0
    ), 0);
    document.posted_on := document.document_date;
    document.posted_at := document.document_date + time '12:00' at time zone tenant.timezone;
    document.retain_until := crm.retain_until(
        tenant, kind.record_class, document.document_date, document.document_date
    );
    document.texts := jsonb_build_object(
        'layout', 0, 'language', 'en', 'locale', 'en', 'title', kind.name
    );
    return document;
end
$$;

comment on function crm.imported_document(
    crm.import_run, crm.import_row, mandant.tenant, crm.document_kind
) is
    'A document as it was there, without amounts.';

create function crm.load_documents(run crm.import_run, seqs bigint[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    source crm.import_row;
    tenant mandant.tenant;
    kind crm.document_kind;
begin
    for source in
        select r.*
        from crm.import_row as r
        where r.run_id = run.id and r.seq = any (seqs)
        order by r.place
    loop
        if tenant.id is distinct from source.tenant then
            select t.* into tenant from mandant.tenant as t where t.id = source.tenant;
        end if;
        if kind.code is distinct from source.entity then
            select k.* into kind from crm.document_kind as k where k.code = source.entity;
        end if;
        perform crm.load_document(run, source, tenant, kind);
    end loop;
end
$$;

comment on function crm.load_documents(crm.import_run, bigint[]) is
    'Loads quotes, orders and invoices with their lines, numbers and taxes.';

create function crm.load_document(
    run crm.import_run, source crm.import_row, tenant mandant.tenant, kind crm.document_kind
) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    state constant text := coalesce(source.data ->> 'state', 'posted');
    number constant text := source.data ->> 'number';
    document crm.document;
    lines crm.document_line[];
    taxes crm.document_tax[];
    settled numeric := 0;
begin
    if source.action = 'changed' then
        delete from crm.document as d
        where d.tenant_id = tenant.id and d.id = source.target and d.status = 'draft';
        if not found then
            raise exception '% % is posted here, and has changed where it comes from',
                source.entity, number
                using errcode = 'restrict_violation',
                    hint = 'it stays: record its payment, or cancel it here';
        end if;
    end if;
    if state <> 'draft' then
        perform mandant.import_number(
            kind.code, number, (source.data ->> 'date')::date, tenant => tenant.code,
            document => case when state <> 'cancelled' then source.target end,
            reason => format('imported from %s', run.source)
        );
    end if;
    if state = 'cancelled' then
        perform mandant.void_number(
            kind.code, number, format('cancelled in %s', run.source), tenant.code
        );
        return;
    end if;

    document := crm.imported_document(run, source, tenant, kind);
    lines := crm.imported_lines(document, source);
    taxes := array(
        select (
            tenant.id, document.id, row_number() over (order by t.category, t.rate), kind.code,
            document.owner_id, null, t.category, t.rate, t.net, t.tax, null, null
        )::crm.document_tax
        from (
            select l.amounts ->> 'category' as category, (l.amounts ->> 'rate')::numeric as rate,
                sum((l.amounts ->> 'net')::numeric) as net,
                sum((l.amounts ->> 'tax')::numeric) as tax
            from crm.import_row as l
            where l.run_id = run.id and l.entity = 'line' and l.document = source.id
                and not l.broken
            group by 1, 2
        ) as t
    );
    select sum(t.net), sum(t.tax), sum(t.net) + sum(t.tax)
    into document.net, document.tax, document.gross
    from unnest(taxes) as t;
    if state <> 'draft' then
        document := crm.with_rates(document, tenant, null);
        if document.group_net is null then
            document.group_exchange_rate :=
                crm.rate_there(run, source, document.group_currency);
            document.group_net := round(
                document.net * document.group_exchange_rate,
                (select c.minor_unit from crm.currency as c where c.code = document.group_currency)
            );
        end if;
        lines := crm.share_lines(document, lines);
        if document.currency <> document.tenant_currency then
            taxes := crm.share_taxes(document, taxes);
        end if;
    end if;
    if state = 'paid' then
        settled := document.gross * kind.balance_sign;
    end if;

    insert into crm.document (
        tenant_id, id, kind, customer_id, owner_id, team_id, document_date, reference, source_id,
        currency, supplied_on, valid_until, tax_rounding, net, tax, settled_before
    ) values (
        tenant.id, document.id, kind.code, document.customer_id, document.owner_id, null,
        document.document_date, document.reference, document.source_id, document.currency,
        document.supplied_on, document.valid_until, document.tax_rounding, document.net,
        document.tax, settled
    );
    insert into crm.document_line select l.* from unnest(lines) as l;
    insert into crm.document_tax select t.* from unnest(taxes) as t;
    if state = 'draft' then
        return;
    end if;
    update crm.document as d
    set status = 'posted',
        number = source.data ->> 'number',
        posted_at = document.posted_at,
        posted_on = document.posted_on,
        open_amount = document.gross * kind.balance_sign - settled,
        exchange_rate = document.exchange_rate,
        tenant_currency = document.tenant_currency,
        tenant_net = document.tenant_net,
        tenant_tax = document.tenant_tax,
        group_currency = document.group_currency,
        group_exchange_rate = document.group_exchange_rate,
        group_net = document.group_net,
        group_tenant_id = document.group_tenant_id,
        customer_name = document.customer_name,
        customer_street = document.customer_street,
        customer_postal_code = document.customer_postal_code,
        customer_city = document.customer_city,
        customer_region = document.customer_region,
        customer_country = document.customer_country,
        customer_tax_id = document.customer_tax_id,
        customer_language = document.customer_language,
        payment_terms_days = document.payment_terms_days,
        retain_until = document.retain_until,
        texts = document.texts,
        issuer = '{}'
    where d.tenant_id = tenant.id and d.id = document.id;
    if state in ('accepted', 'declined') then
        update crm.document as d
        set status = state,
            status_reason = case when state = 'declined' then source.data ->> 'reason' end
        where d.tenant_id = tenant.id and d.id = document.id;
    end if;
    if document.gross * kind.balance_sign <> settled then
        perform crm.open_books(document, kind, tenant);
    end if;
end
$$;

comment on function crm.load_document(
    crm.import_run, crm.import_row, mandant.tenant, crm.document_kind
) is
    'Loads a document as it was. Errors: those of mandant.import_number, 23001 it is posted here.';

create function crm.open_books(
    document crm.document, kind crm.document_kind, tenant mandant.tenant
) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    chart constant record := crm.chart_on(tenant.country, document.document_date);
    own constant text := mandant_internal.setting_in(tenant.id, 'own_accounts');
    receivable constant text := crm.account_for(chart.chart, chart.since, own, 'receivable');
    opening constant text := crm.account_for(chart.chart, chart.since, own, 'opening');
    owed constant boolean := document.gross * kind.balance_sign > 0;
begin
    insert into crm.journal_line (
        tenant_id, document_id, position, kind, owner_id, team_id, entry, entry_date,
        debit_account, credit_account, currency, amount, tenant_currency, tenant_amount
    ) values (
        tenant.id, document.id, 1, kind.code, document.owner_id, null, 'opening',
        document.document_date, case when owed then receivable else opening end,
        case when owed then opening else receivable end, document.currency, abs(document.gross),
        document.tenant_currency, abs(document.tenant_net + document.tenant_tax)
    );
end
$$;

comment on function crm.open_books(crm.document, crm.document_kind, mandant.tenant) is
    'Books what is open of a document that was posted elsewhere: its revenue is in other books.';

alter function crm.reckon_lines(crm.import_run) owner to crm_owner;
alter function crm.check_totals(crm.import_run) owner to crm_owner;
alter function crm.imported_lines(crm.document, crm.import_row) owner to crm_owner;
alter function crm.rate_there(crm.import_run, crm.import_row, text) owner to crm_owner;
alter function crm.imported_document(
    crm.import_run, crm.import_row, mandant.tenant, crm.document_kind
) owner to crm_owner;
alter function crm.load_documents(crm.import_run, bigint[]) owner to crm_owner;
alter function crm.load_document(
    crm.import_run, crm.import_row, mandant.tenant, crm.document_kind
) owner to crm_owner;
alter function crm.open_books(crm.document, crm.document_kind, mandant.tenant)
    owner to crm_owner;
revoke all on function
    crm.reckon_lines(crm.import_run),
    crm.check_totals(crm.import_run),
    crm.imported_lines(crm.document, crm.import_row),
    crm.rate_there(crm.import_run, crm.import_row, text),
    crm.imported_document(
        crm.import_run, crm.import_row, mandant.tenant, crm.document_kind
    ),
    crm.load_documents(crm.import_run, bigint[]),
    crm.load_document(
        crm.import_run, crm.import_row, mandant.tenant, crm.document_kind
    ),
    crm.open_books(crm.document, crm.document_kind, mandant.tenant)
    from public;
