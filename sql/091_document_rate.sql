-- The exchange rates that a document keeps: into its tenant's currency, without which it is not
-- posted, and into the group's, which is the top tenant's, for consolidated figures. Lines and taxes
-- have their shares of both. Nothing is computed anew later (R-CUR-01).

create function crm.group_currency(tenant_id int) returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    tenant record;
begin
    loop
        select t.parent_id, t.currency into tenant
        from mandant_internal.tenant as t
        where t.id = tenant_id;
        exit when tenant.parent_id is null;
        tenant_id := tenant.parent_id;
    end loop;
    return tenant.currency;
end
$$;

comment on function crm.group_currency(int) is
    'The currency of the tenant at the top of the tree that a tenant is in.';

create function crm.document_rates(
    document crm.document, tenant mandant.tenant, taken_back crm.document,
    out exchange_rate numeric, out tenant_net numeric, out tenant_tax numeric,
    out group_currency text, out group_exchange_rate numeric, out group_net numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    digits int;
    -- what is of the same kind takes back by its sign
    sign constant int := case document.kind when taken_back.kind then -1 else 1 end;
    before record;
begin
    if taken_back.id is not null then
        if document.exchange_rate <> taken_back.exchange_rate then
            raise exception 'exchange rate %, where % % has %',
                trim_scale(document.exchange_rate), taken_back.kind, taken_back.number,
                trim_scale(taken_back.exchange_rate)
                using errcode = 'invalid_parameter_value',
                    hint = 'what takes back has the rate of what it takes back';
        end if;
        document.exchange_rate := taken_back.exchange_rate;
    end if;
    if document.currency = tenant.currency then
        if document.exchange_rate <> 1 then
            raise exception 'exchange rate % in a document in the tenant''s own currency',
                trim_scale(document.exchange_rate)
                using errcode = 'invalid_parameter_value',
                    hint = format('%s is 1 %s', tenant.currency, tenant.currency);
        end if;
        exchange_rate := 1;
        tenant_net := document.net;
        tenant_tax := document.tax;
    else
        digits := (select c.minor_unit from crm.currency as c where c.code = tenant.currency);
        exchange_rate := coalesce(
            document.exchange_rate,
            crm.exchange_rate_on(document.currency, tenant.currency, document.document_date)
        );
        tenant_net := round(document.net * exchange_rate, digits);
        tenant_tax := round(document.tax * exchange_rate, digits);
    end if;

    group_currency := coalesce(taken_back.group_currency, crm.group_currency(tenant.id));
    if taken_back.id is not null then
        group_exchange_rate := taken_back.group_exchange_rate;
    elsif group_currency = document.currency then
        group_exchange_rate := 1;
    elsif group_currency = tenant.currency then
        group_exchange_rate := exchange_rate;  -- as the tenant reckons it
    else
        group_exchange_rate := trim_scale(
            crm.find_rate_for_euro(group_currency, document.document_date, 'daily')
            / crm.find_rate_for_euro(document.currency, document.document_date, 'daily')
        );
    end if;
    group_net := case group_currency
        when document.currency then document.net
        when tenant.currency then tenant_net
        else round(
            document.net * group_exchange_rate,
            (select c.minor_unit from crm.currency as c where c.code = group_currency)
        )
    end;

    if taken_back.id is not null and document.currency <> tenant.currency
        or taken_back.group_exchange_rate <> 1
    then
        -- what takes back the last of it takes the rest, so that all of it is taken back to the cent
        select coalesce(sum(d.net), 0) as net, coalesce(sum(d.tax), 0) as tax,
            coalesce(sum(d.tenant_net), 0) as tenant_net,
            coalesce(sum(d.tenant_tax), 0) as tenant_tax,
            coalesce(sum(d.group_net), 0) as group_net
        into before
        from crm.document as d
        where d.tenant_id = taken_back.tenant_id and d.source_id = taken_back.id
            and d.kind = document.kind and d.status <> 'draft';
        if before.net + document.net = taken_back.net * sign
            and before.tax + document.tax = taken_back.tax * sign
        then
            tenant_net := taken_back.tenant_net * sign - before.tenant_net;
            tenant_tax := taken_back.tenant_tax * sign - before.tenant_tax;
            group_net := taken_back.group_net * sign - before.group_net;
        end if;
    end if;
end
$$;

comment on function crm.document_rates(crm.document, mandant.tenant, crm.document) is
    'What a document is in the currencies of its tenant and the group, rounded to their minor units.

The rate into the tenant''s is what the draft says, else that of its date; without one it refuses
(22023). The rate into the group''s may be missing: then its amount is null, never another. taken_back:
what it takes back, whose rates it has, so that both sum to zero; null: nothing.';

create function crm.with_rates(
    document crm.document, tenant mandant.tenant, taken_back crm.document
) returns crm.document
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    rates record := crm.document_rates(document, tenant, taken_back);
begin
    document.exchange_rate := rates.exchange_rate;
    document.tenant_currency := tenant.currency;
    document.tenant_net := rates.tenant_net;
    document.tenant_tax := rates.tenant_tax;
    document.group_currency := rates.group_currency;
    document.group_exchange_rate := rates.group_exchange_rate;
    document.group_net := rates.group_net;
    return document;
end
$$;

comment on function crm.with_rates(crm.document, mandant.tenant, crm.document) is
    'A draft with what crm.document_rates says of it.';

create function crm.share_lines(document crm.document, lines crm.document_line[])
    returns crm.document_line[]
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant_digits int :=
        (select c.minor_unit from crm.currency as c where c.code = document.tenant_currency);
    group_digits int :=
        (select c.minor_unit from crm.currency as c where c.code = document.group_currency);
    tenant_rate numeric := document.exchange_rate;
    group_rate numeric := document.group_exchange_rate;
    upto numeric := 0;
begin
    -- exact enough for the last running sum to be rounded to the whole
    if document.net <> 0 then
        tenant_rate := document.tenant_net / document.net;
        group_rate := document.group_net / document.net;
    end if;
    for i in 1 .. cardinality(lines) loop
        if document.tenant_currency <> document.currency then
            lines[i].tenant_net := round((upto + lines[i].net) * tenant_rate, tenant_digits)
                - round(upto * tenant_rate, tenant_digits);
        end if;
        if document.group_currency <> document.currency then
            lines[i].group_net := round((upto + lines[i].net) * group_rate, group_digits)
                - round(upto * group_rate, group_digits);
        end if;
        upto := upto + lines[i].net;
    end loop;
    return lines;
end
$$;

comment on function crm.share_lines(crm.document, crm.document_line[]) is
    'Lines with their shares of what their document is in other currencies.

Running sums are rounded, not the shares, which so add up to the document to the cent. document: with
the rates and amounts of crm.document_rates.';

create function crm.share_taxes(document crm.document, taxes crm.document_tax[])
    returns crm.document_tax[]
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    digits int :=
        (select c.minor_unit from crm.currency as c where c.code = document.tenant_currency);
    net_rate numeric := document.exchange_rate;
    tax_rate numeric := document.exchange_rate;
    net_upto numeric := 0;
    tax_upto numeric := 0;
begin
    if document.net <> 0 then
        net_rate := document.tenant_net / document.net;
    end if;
    if document.tax <> 0 then
        tax_rate := document.tenant_tax / document.tax;
    end if;
    for i in 1 .. cardinality(taxes) loop
        taxes[i].tenant_net := round((net_upto + taxes[i].net) * net_rate, digits)
            - round(net_upto * net_rate, digits);
        taxes[i].tenant_tax := round((tax_upto + taxes[i].tax) * tax_rate, digits)
            - round(tax_upto * tax_rate, digits);
        net_upto := net_upto + taxes[i].net;
        tax_upto := tax_upto + taxes[i].tax;
    end loop;
    return taxes;
end
$$;

comment on function crm.share_taxes(crm.document, crm.document_tax[]) is
    'As crm.share_lines, of the taxes of a document that is not in the tenant''s currency.';

create function crm.share_out(document crm.document, lines crm.document_line[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    taxes crm.document_tax[];
begin
    if document.currency = document.tenant_currency and document.currency = document.group_currency
    then
        return;
    end if;
    update crm.document_line as l
    set tenant_net = s.tenant_net, group_net = s.group_net
    from unnest(crm.share_lines(document, lines)) as s
    where l.tenant_id = document.tenant_id and l.document_id = document.id
        and l.position = s.position;
    if document.tenant_currency <> document.currency then
        taxes := array(
            select t
            from crm.document_tax as t
            where t.tenant_id = document.tenant_id and t.document_id = document.id
            order by t.position
        );
        update crm.document_tax as t
        set tenant_net = s.tenant_net, tenant_tax = s.tenant_tax
        from unnest(crm.share_taxes(document, taxes)) as s
        where t.tenant_id = document.tenant_id and t.document_id = document.id
            and t.position = s.position;
    end if;
end
$$;

comment on function crm.share_out(crm.document, crm.document_line[]) is
    'Gives lines and taxes of a draft their shares; does nothing where all currencies are one.';

alter function crm.group_currency(int) owner to crm_owner;
alter function crm.document_rates(crm.document, mandant.tenant, crm.document) owner to crm_owner;
alter function crm.with_rates(crm.document, mandant.tenant, crm.document) owner to crm_owner;
alter function crm.share_lines(crm.document, crm.document_line[]) owner to crm_owner;
alter function crm.share_taxes(crm.document, crm.document_tax[]) owner to crm_owner;
alter function crm.share_out(crm.document, crm.document_line[]) owner to crm_owner;
revoke all on function
    crm.group_currency(int),
    crm.document_rates(crm.document, mandant.tenant, crm.document),
    crm.with_rates(crm.document, mandant.tenant, crm.document),
    crm.share_lines(crm.document, crm.document_line[]),
    crm.share_taxes(crm.document, crm.document_tax[]),
    crm.share_out(crm.document, crm.document_line[])
    from public;
