-- The run that makes the invoices of contracts. It can be stopped and started at any time: each
-- period is billed once, and what is billed says so in the same transaction. A contract that cannot
-- be billed does not stop the others; why is kept and shown. Invoices are reckoned one by one and
-- written together, which takes half the time.

create function crm.reckon_contract(
    contract crm.contract, as_of date, tenant mandant.tenant, kind crm.document_kind
) returns setof crm.contract_bill
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    bill crm.contract_bill;
    period record;
    billed_until date := (
        select max(b.last_day)
        from crm.contract_period as b
        where b.tenant_id = contract.tenant_id and b.contract_id = contract.id
    );
begin
    loop
        period := crm.next_period(contract, billed_until, as_of);
        exit when period.first_day is null;
        begin
            bill := crm.bill_contract(
                contract, period.first_day, period.last_day, as_of, tenant, kind
            );
        exception when others then
            bill := null;
            bill.contract_id := contract.id;
            bill.first_day := period.first_day;
            bill.last_day := period.last_day;
            get stacked diagnostics bill.sqlstate = returned_sqlstate,
                bill.message = message_text, bill.hint = pg_exception_hint;
        end;
        return next bill;
        exit when bill.sqlstate is not null;  -- later periods wait for this one
        billed_until := period.last_day;
    end loop;
end
$$;

comment on function crm.reckon_contract(
    crm.contract, date, mandant.tenant, crm.document_kind
) is
    'The invoices of a contract for all periods that are due on a day, up to the first refused.';

create function crm.write_bills(
    bills crm.contract_bill[], tenant mandant.tenant, kind crm.document_kind
) returns setof crm.contract_bill
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    bill crm.contract_bill;
    frozen crm.document[];
    place int := 0;
begin
    insert into crm.document (
        tenant_id, id, kind, customer_id, owner_id, team_id, document_date, reference, currency,
        supplied_on, billing_address_id, tax_rounding, net, tax
    )
    select d.tenant_id, d.id, d.kind, d.customer_id, d.owner_id, d.team_id, d.document_date,
        d.reference, d.currency, d.supplied_on, d.billing_address_id, d.tax_rounding, d.net, d.tax
    from unnest(bills) as b
    cross join lateral (select (b.document).*) as d
    where b.lines is not null;
    insert into crm.document_line
    select l.*
    from unnest(bills) as b
    cross join lateral unnest(b.lines) as l;
    insert into crm.document_tax
    select t.*
    from unnest(bills) as b
    cross join lateral unnest(b.taxes) as t;
    perform crm.write_journal(b.document, kind, tenant, null)
    from unnest(bills) as b
    where b.lines is not null;
    frozen := array(
        select f
        from crm.freeze(
            array(select b.document from unnest(bills) as b where b.lines is not null)
        ) as f
        order by f.id
    );
    -- last, so that of two runs one waits here with nothing that the other could need
    insert into crm.contract_period (
        tenant_id, contract_id, first_day, last_day, owner_id, team_id, document_id
    )
    select c.tenant_id, c.id, b.first_day, b.last_day, c.owner_id, c.team_id, (b.document).id
    from unnest(bills) as b
    join crm.contract as c on c.id = b.contract_id;

    foreach bill in array bills loop
        if bill.lines is not null then
            place := place + 1;  -- ids of one session sort as they were made
            bill.document := frozen[place];
        end if;
        return next bill;
    end loop;
end
$$;

comment on function crm.write_bills(
    crm.contract_bill[], mandant.tenant, crm.document_kind
) is
    'Writes and posts invoices of contracts that the caller has locked; returns them with numbers.';

create function crm.issue_bills(
    bills crm.contract_bill[], tenant mandant.tenant, kind crm.document_kind
) returns setof crm.contract_bill
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    bill crm.contract_bill;
    refused uuid[] := '{}';
    broken name;
begin
    begin
        return query select w.* from crm.write_bills(bills, tenant, kind) as w;
        return;
    exception when others then
        if cardinality(bills) > 1 and sqlstate like '40%' then
            raise;  -- to be tried again as a whole
        end if;
    end;
    -- one of them is refused: those that are not, one by one
    foreach bill in array bills loop
        continue when bill.contract_id = any (refused);
        begin
            select w.* into bill from crm.write_bills(array[bill], tenant, kind) as w;
        exception when others then
            if sqlstate like '40%' then
                raise;
            end if;
            get stacked diagnostics bill.sqlstate = returned_sqlstate,
                bill.message = message_text, bill.hint = pg_exception_hint,
                broken = constraint_name;
            if broken = 'contract_period_pkey' then
                raise exception 'a contract was billed by another run meanwhile'
                    using errcode = 'serialization_failure',
                        hint = 'begin a new transaction, which sees that';
            end if;
            bill.document := null;
            refused := refused || bill.contract_id;
        end;
        return next bill;
    end loop;
end
$$;

comment on function crm.issue_bills(
    crm.contract_bill[], mandant.tenant, crm.document_kind
) is
    'As crm.write_bills, but what is refused stops nothing else and comes back with its reason.';

create function crm.run_contracts(as_of date default null, contracts uuid[] default null)
    returns table (
        tenant text, contract_id uuid, contract text, first_day date, last_day date,
        document_id uuid, invoice text, gross numeric, currency text, sqlstate text, message text,
        hint text
    )
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
#variable_conflict use_column
declare
    size constant int := 500;  -- contracts that are billed together
    invoices constant crm.document_kind := crm.require_kind('invoice');
    home mandant.tenant;
    allowed boolean := false;
    today date;
    day date;
    waiting uuid[];
    taken uuid[];
    bills crm.contract_bill[];
begin
    for home in select t.* from mandant.tenant as t order by t.id loop
        continue when not mandant_internal.has_right('contract', 'update', home.id)
            or not mandant_internal.has_right(invoices.code, 'create', home.id)
            or not mandant_internal.has_right(invoices.code, 'post', home.id);
        allowed := true;
        today := mandant_internal.day_in(home.timezone, now());
        day := coalesce(as_of, today);
        perform crm.require_document_date(day);
        if day > today + 366 then  -- what is posted by a slip of the finger stays posted
            raise exception 'a run for % is more than a year ahead', to_char(day, 'YYYY-MM-DD')
                using errcode = 'invalid_parameter_value',
                    hint = format(
                        'as_of is the date of the invoices; today is %s',
                        to_char(today, 'YYYY-MM-DD')
                    );
        end if;
        if contracts is null then
            waiting := array(select d.contract_id from crm.due_in(home.id, day) as d);
        else
            waiting := array(
                select c.id
                from crm.contract as c
                where c.tenant_id = home.id and c.id = any (contracts)
            );
        end if;
        if cardinality(waiting) > 0 then
            -- who locks the period waits for this, or this sees that it is locked
            perform mandant_internal.hold_settings(home.id);
            perform crm.require_open_period(home.id, day);
        end if;
        while cardinality(waiting) > 0 loop
            -- what another run has, it bills; what it has billed is seen when we have it
            taken := array(
                select c.id
                from crm.contract as c
                where c.tenant_id = home.id and c.id = any (waiting[:size])
                order by c.id
                for no key update skip locked
            );
            waiting := waiting[size + 1:];
            bills := array(
                select b
                from crm.contract as c
                cross join lateral crm.reckon_contract(c, day, home, invoices) as b
                where c.tenant_id = home.id and c.id = any (taken)
            );
            bills := array(
                select b
                from crm.issue_bills(
                    array(select b from unnest(bills) as b where b.sqlstate is null),
                    home, invoices
                ) as b
            ) || array(select b from unnest(bills) as b where b.sqlstate is not null);
            insert into crm.contract_failure as f (
                tenant_id, contract_id, first_day, owner_id, team_id, sqlstate, message, hint
            )
            select c.tenant_id, c.id, b.first_day, c.owner_id, c.team_id, b.sqlstate, b.message,
                nullif(b.hint, '')
            from unnest(bills) as b
            join crm.contract as c on c.tenant_id = home.id and c.id = b.contract_id
            where b.sqlstate is not null
            on conflict on constraint contract_failure_pkey do update
            set failed_at = now(), sqlstate = excluded.sqlstate, message = excluded.message,
                hint = excluded.hint;
            return query
                select home.code, c.id, c.number, b.first_day, b.last_day, (b.document).id,
                    (b.document).number, (b.document).gross, (b.document).currency, b.sqlstate,
                    b.message, nullif(b.hint, '')
                from unnest(bills) as b
                join crm.contract as c on c.tenant_id = home.id and c.id = b.contract_id
                order by c.number, b.first_day;
        end loop;
    end loop;
    if not allowed then
        perform mandant_internal.refuse_right(invoices.code, 'post', home.id);
    end if;
end
$$;

comment on function crm.run_contracts(date, uuid[]) is
    'Makes and posts the invoices that contracts are due for on a day; one row per period.

as_of: the date of the invoices, default today in the tenant. contracts: these alone; null: all of the
selected tenants in which you may change contracts and create and post invoices. A row without
invoice and sqlstate: there was nothing to bill, such as a suspension; with sqlstate: why this
contract was refused, which crm.contract_failure keeps. Running it again makes no invoice twice.
Errors: 23001 the day is in a locked period, 22023 no date for a document, or more than a year ahead,
42501 no right.';

alter function crm.reckon_contract(crm.contract, date, mandant.tenant, crm.document_kind)
    owner to crm_owner;
alter function crm.write_bills(crm.contract_bill[], mandant.tenant, crm.document_kind)
    owner to crm_owner;
alter function crm.issue_bills(crm.contract_bill[], mandant.tenant, crm.document_kind)
    owner to crm_owner;
alter function crm.run_contracts(date, uuid[]) owner to crm_owner;
revoke all on function
    crm.reckon_contract(crm.contract, date, mandant.tenant, crm.document_kind),
    crm.write_bills(crm.contract_bill[], mandant.tenant, crm.document_kind),
    crm.issue_bills(crm.contract_bill[], mandant.tenant, crm.document_kind),
    crm.run_contracts(date, uuid[])
    from public;
grant execute on function crm.run_contracts(date, uuid[]) to mandant_user;
