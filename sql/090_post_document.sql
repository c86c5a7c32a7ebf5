-- Posting: the one way from draft to posted. It freezes what the document shows for ever, and as
-- the last act of that the document gets its number (mandant.number_column), so that a refusal on
-- the way takes no number and a rollback gives it back; the number's period is the document's date,
-- not the day of posting. What follows from it for other documents comes with it: a credit note
-- settles its invoice, an order accepts its quote, a counter-document cancels.

create function crm.require_lines(document crm.document, lines crm.document_line[])
    returns boolean
    language plpgsql immutable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    seen record;
begin
    select
        coalesce(
            bool_or(l.source_document_id is distinct from document.source_id)
                filter (where l.source_document_id is not null),
            false
        ) as more_sources,
        bool_or(l.tax_category = 'O') as outside_tax,
        bool_or(l.tax_category <> 'O') as inside_tax
    into seen
    from unnest(lines) as l;
    if cardinality(lines) = 0 then
        raise exception 'draft % has no lines', document.id
            using errcode = 'invalid_parameter_value',
                hint = 'give it at least one with crm.change_document(id, lines => ...)';
    elsif seen.outside_tax and seen.inside_tax then
        raise exception '% mixes what is subject to tax with what is not', document.kind
            using errcode = 'invalid_parameter_value',
                hint = 'make two documents: an electronic invoice could not say it (EN 16931)';
    elsif abs(document.gross) >= 1e12 then
        raise exception '% of % is too much', document.kind, document.gross
            using errcode = 'invalid_parameter_value', hint = 'amounts are below 1e12';
    end if;
    return seen.more_sources;
end
$$;

comment on function crm.require_lines(crm.document, crm.document_line[]) is
    'Refuses (22023) a document without lines, or with tax category O beside others (R-DE-10).

true: some are made from other documents than its source.';

create function crm.check_credit_limit(document crm.document, customer crm.customer)
    returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    said constant text :=
        mandant_internal.setting_in(document.tenant_id, 'credit_limit_check');
    open numeric;
begin
    if said = 'ignore' then
        return;
    end if;
    select document.gross + coalesce(sum(d.open_amount), 0) into open
    from crm.document as d
    where d.tenant_id = document.tenant_id and d.customer_id = document.customer_id
        and d.open_amount <> 0 and d.currency = document.currency;
    if open <= customer.credit_limit then
        return;
    elsif said = 'refuse' then
        raise exception 'customer "%" would owe % %, above the credit limit of %',
            customer.name, open, document.currency, customer.credit_limit
            using errcode = 'invalid_parameter_value',
                hint = 'raise it, or set credit_limit_check to warn';
    end if;
    raise warning 'customer "%" owes % %, above the credit limit of %',
        customer.name, open, document.currency, customer.credit_limit
        using hint = 'set credit_limit_check to refuse, and it is not posted';
end
$$;

comment on function crm.check_credit_limit(crm.document, crm.customer) is
    'Warns or refuses (22023) where a customer would owe more than his limit; see the setting.

What the caller sees of his open items counts, in the limit''s currency.';

create function crm.credit_source(document crm.document, source crm.document) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    beyond record;
begin
    -- per category and rate, net and tax: no tax is credited that was not charged
    select t.tax_rate, s.net is null as stranger, s.net, s.tax into beyond
    from crm.document_tax as t
    left join crm.document_tax as s
        on s.tenant_id = t.tenant_id and s.document_id = source.id and s.tax_rate = t.tax_rate
        and s.tax_category is not distinct from t.tax_category
    cross join lateral crm.tax_taken_back(source, t.tax_category, t.tax_rate) as o
    where t.tenant_id = document.tenant_id and t.document_id = document.id
        and (
            s.net is null
            or (t.net + o.net) * sign(s.net) not between 0 and abs(s.net)
            or (t.tax + o.tax) * sign(s.tax) not between 0 and abs(s.tax)
        )
    order by t.position
    limit 1;
    if found and beyond.stranger then
        raise exception '% % has no tax of % %%',
            source.kind, source.number, trim_scale(beyond.tax_rate)
            using errcode = 'invalid_parameter_value',
                hint = 'credit with the tax that was charged; crm.document_tax has it';
    elsif found then
        raise exception '% % has % at % %%, more cannot be credited, nor less than nothing',
            source.kind, source.number, beyond.net, trim_scale(beyond.tax_rate)
            using errcode = 'invalid_parameter_value',
                hint = 'all credit notes of an invoice together are never above it, net and tax';
    end if;
    update crm.document as d
    set credited = d.credited + document.gross
    where d.tenant_id = source.tenant_id and d.id = source.id and document.gross <> 0;
end
$$;

comment on function crm.credit_source(crm.document, crm.document) is
    'Counts a credit note for its invoice, which the caller has locked; refuses (22023) more.';

create function crm.freeze(documents crm.document[]) returns setof crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return query
        update crm.document as d
        set status = 'posted',
            posted_at = now(),
            posted_on = f.posted_on,
            supplied_on = f.supplied_on,
            valid_until = f.valid_until,
            open_amount = f.open_amount,
            exchange_rate = f.exchange_rate,
            tenant_currency = f.tenant_currency,
            tenant_net = f.tenant_net,
            tenant_tax = f.tenant_tax,
            group_currency = f.group_currency,
            group_exchange_rate = f.group_exchange_rate,
            group_net = f.group_net,
            group_tenant_id = f.group_tenant_id,
            billing_address_id = null,
            delivery_address_id = null,
            customer_name = f.customer_name,
            customer_street = f.customer_street,
            customer_postal_code = f.customer_postal_code,
            customer_city = f.customer_city,
            customer_region = f.customer_region,
            customer_country = f.customer_country,
            customer_tax_id = f.customer_tax_id,
            customer_language = f.customer_language,
            delivery_name = f.delivery_name,
            delivery_street = f.delivery_street,
            delivery_postal_code = f.delivery_postal_code,
            delivery_city = f.delivery_city,
            delivery_region = f.delivery_region,
            delivery_country = f.delivery_country,
            payment_terms_days = f.payment_terms_days,
            early_payment_days = f.early_payment_days,
            early_payment_percent = f.early_payment_percent,
            retain_until = f.retain_until,
            texts = f.texts,
            issuer = f.issuer
        from unnest(documents) as f
        where d.tenant_id = f.tenant_id and d.id = f.id
        returning d.*;
end
$$;

comment on function crm.freeze(crm.document[]) is
    'Posts drafts that are checked and complete: they get their numbers, and stay as they are.';

create function crm.post_document(id uuid) returns crm.document
    language plpgsql volatile
    security definer -- writes number and status, which users may not; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    document crm.document;
    lines crm.document_line[];
    customer crm.customer;
    tenant mandant.tenant;
    kind crm.document_kind;
    source crm.document;
    taken_back crm.document;
    conversion crm.document_conversion;
    more_sources boolean;
begin
    document := crm.lock_document(id, 'post');
    if document.status <> 'draft' then
        raise exception '% % is posted, cannot change', document.kind, document.number
            using errcode = 'restrict_violation',
                hint = 'post a counter-document, such as a credit note for an invoice';
    end if;
    if document.takes_back then
        -- others take back, too, or settle what this does: before the number is drawn
        perform crm.lock_settled(document.source_id);
        source := crm.lock_document(document.source_id, 'update');
    end if;
    document := crm.rate_lines(document);
    -- who locks the period waits for this, or this sees that it is locked
    perform mandant_internal.hold_settings(document.tenant_id);
    perform crm.require_open_period(document.tenant_id, document.document_date);
    lines := crm.lines_of(document);
    more_sources := crm.require_lines(document, lines);

    select c.* into customer
    from crm.customer as c
    where c.tenant_id = document.tenant_id and c.id = document.customer_id;
    if not found then
        perform crm.refuse_customer(document.customer_id);
    end if;
    perform crm.require_open_customer(customer, document.kind, document.source_id);
    select t.* into tenant from mandant.tenant as t where t.id = document.tenant_id;
    select k.* into kind from crm.document_kind as k where k.code = document.kind;
    document := crm.complete_draft(document, customer, tenant, kind, lines);
    perform crm.require_fields(document, customer, tenant, lines);
    if kind.balance_sign = 1 and customer.credit_limit is not null
        and document.currency = coalesce(customer.currency, tenant.currency)
    then
        perform crm.check_credit_limit(document, customer);
    end if;

    if document.source_id is not null then
        if not document.takes_back then
            select d.* into source
            from crm.document as d
            where d.tenant_id = document.tenant_id and d.id = document.source_id;
        end if;
        conversion := crm.require_source(document, source, document.kind);
        if document.takes_back then
            taken_back := source;
            perform crm.release_sources(document);
            if kind.revenue_sign <> 0 then
                perform crm.credit_source(document, source);
            end if;
        elsif conversion.counts_as = 'ordered' then
            perform crm.accept_quote(source);
        end if;
    end if;
    if more_sources then
        perform crm.follow_sources(document);
    end if;
    document := crm.with_rates(document, tenant, taken_back);
    perform crm.share_out(document, lines);
    if kind.revenue_sign <> 0 or kind.balance_sign <> 0 then
        perform crm.write_journal(document, kind, tenant, taken_back);
    end if;
    document.group_tenant_id := case
        when taken_back.id is null then customer.group_tenant_id
        else taken_back.group_tenant_id
    end;
    document.open_amount := document.gross * kind.balance_sign;
    document.posted_on := (now() at time zone tenant.timezone)::date;
    document.retain_until := crm.retain_until(
        tenant, kind.record_class, document.document_date, document.posted_on
    );
    select f.* into document from crm.freeze(array[document]) as f;

    if document.takes_back then
        document := crm.set_off(document, source.id);
    end if;
    if document.revises_id is not null then
        perform crm.replace_quote(document);
    end if;
    return document;
end
$$;

comment on function crm.post_document(uuid) is
    'Posts a draft: gives it its number, freezes it, and returns it.

Name, address and payment terms are the customer''s of this moment, texts, exchange rates and the
years to keep it those of the tenant and its country. An order accepts its quote, a revision replaces
it, a credit note is set off against its invoice; what is revenue or money is booked. Posting needs
the rights update and post on the document''s kind, create as well if it is booked, update on a quote
or invoice that it changes so, and create on what it is set off against. Errors: P0002 no such
document, 23001 already posted or its period is locked, 22023 no lines, no exchange rate, more
credited than invoiced, more owed than the credit limit, or something that the country wants is
missing, 42704 the tenant has no series for the kind or its chart no account, 42501 no right, 55P03
the series is busy.';

alter function crm.require_lines(crm.document, crm.document_line[]) owner to crm_owner;
alter function crm.check_credit_limit(crm.document, crm.customer) owner to crm_owner;
alter function crm.credit_source(crm.document, crm.document) owner to crm_owner;
alter function crm.freeze(crm.document[]) owner to crm_owner;
alter function crm.post_document(uuid) owner to crm_owner;
revoke all on function
    crm.require_lines(crm.document, crm.document_line[]),
    crm.check_credit_limit(crm.document, crm.customer),
    crm.credit_source(crm.document, crm.document),
    crm.freeze(crm.document[]),
    crm.post_document(uuid)
    from public;
grant execute on function crm.post_document(uuid) to mandant_user;
