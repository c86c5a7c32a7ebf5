-- The exchange rates that a document keeps: into its tenant's currency, without which it is not
-- posted, and into the group's, which is the top tenant's, for consolidated figures. Nothing is
-- computed anew later (R-CUR-01).

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

alter function crm.group_currency(int) owner to crm_owner;
alter function crm.document_rates(crm.document, mandant.tenant, crm.document) owner to crm_owner;
revoke all on function
    crm.group_currency(int), crm.document_rates(crm.document, mandant.tenant, crm.document)
    from public;
