-- A customer who goes to another tenant. He begins there anew as the same party; here he stays
-- behind as moved, because posted documents refer to him, and gets only what settles these. The way
-- back is the same: then he is open here again.

create type crm.customer_move as (
    what text,
    tenant text,
    id uuid,
    kind text,
    number text,
    document_date date,
    currency text,
    amount numeric
);

comment on type crm.customer_move is
    'What a move made, and what it left behind; see crm.move_customer.';

alter type crm.customer_move owner to crm_owner;

-- who has a customer of another tenant to look after in this one: his owner, where he works here
-- by now; the caller, if here is where he works; nobody yet; and the caller, if he may make only
-- his own
create function crm.owner_after_move(customer crm.customer, tenant mandant.tenant) returns uuid
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    owner_id uuid;
begin
    select o.id into owner_id
    from (
        select 1, p.id
        from mandant.principal as p
        where p.id = customer.owner_id and p.tenant_id = tenant.id and p.kind = 'employee'
            and p.state = 'active'
        union all
        select 2, mandant_internal.me()
        from mandant.whoami() as w
        where w.tenant = tenant.code and w.kind = 'employee'
        union all
        values (3, null), (4, mandant_internal.me())
    ) as o (place, id)
    where mandant_internal.has_row_right('customer', 'create', tenant.id, o.id, null, null)
        and mandant_internal.has_row_right('customer', 'read', tenant.id, o.id, null, null)
    order by o.place
    limit 1;
    if not found then
        perform mandant_internal.refuse_right('customer', 'create', tenant.id);
    end if;
    return owner_id;
end
$$;

comment on function crm.owner_after_move(crm.customer, mandant.tenant) is
    'Who looks after a customer in the tenant to which he moves, or refuses (42501).';

create function crm.move_customer(id uuid, tenant text, reason text default null)
    returns setof crm.customer_move
    language plpgsql volatile
    security definer -- writes state and party, which users may not; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
declare
    gone crm.customer;
    there crm.customer;
    from_tenant mandant.tenant;
    to_tenant mandant.tenant;
begin
    select t.* into to_tenant from mandant.tenant as t where t.code = move_customer.tenant;
    -- who comes back is locked, too, in the one order of all who lock two
    select c.* into there
    from crm.customer as c
    where c.tenant_id = to_tenant.id and c.state = 'moved' and c.party_id = (
        select o.party_id from crm.customer as o where o.id = move_customer.id
    );
    if there.id < move_customer.id then
        there := crm.lock_customer(there.id, 'update');
    end if;
    gone := crm.lock_customer(move_customer.id, 'update', 'delete');
    if there.id > move_customer.id then
        there := crm.lock_customer(there.id, 'update');
    end if;

    if to_tenant.id is null then
        if move_customer.tenant in (select unnest(w.available) from mandant.whoami() as w) then
            raise exception 'tenant "%" is not selected', move_customer.tenant
                using errcode = 'insufficient_privilege',
                    hint = format(
                        'select both, with set mandant.tenant = ''%s,%s''',
                        (select t.code from mandant.tenant as t where t.id = gone.tenant_id),
                        move_customer.tenant
                    );
        end if;
        raise exception 'tenant "%" is not available to you', move_customer.tenant
            using errcode = 'insufficient_privilege',
                hint = 'available are the codes in mandant.tenant';
    elsif to_tenant.id = gone.tenant_id then
        raise exception 'customer "%" belongs to tenant "%" already', gone.name, to_tenant.code
            using errcode = 'invalid_parameter_value', hint = 'name another tenant';
    elsif gone.state = 'merged' then
        raise exception 'customer "%" is merged into another', gone.name
            using errcode = 'invalid_parameter_value',
                hint = format('move customer %s, which it became', gone.merged_into);
    elsif gone.state = 'moved' then
        raise exception 'customer "%" has moved to another tenant', gone.name
            using errcode = 'invalid_parameter_value',
                hint = format('he is %s now', crm.moved_to(gone));
    elsif gone.group_tenant_id = to_tenant.id then
        raise exception 'customer "%" is tenant "%"', gone.name, to_tenant.code
            using errcode = 'invalid_parameter_value',
                hint = 'no company is its own customer: clear group_tenant_id, if that is wrong';
    end if;
    perform mandant_internal.require('customer', 'create', to_tenant.id);

    select t.* into from_tenant from mandant.tenant as t where t.id = gone.tenant_id;
    -- the same party is there already, or was, or is made
    select c.* into there
    from crm.customer as c
    where c.tenant_id = to_tenant.id and c.party_id = gone.party_id and c.state <> 'merged';
    if there.state = 'moved' then
        update crm.customer as c
        set state = gone.state
        where c.tenant_id = there.tenant_id and c.id = there.id;
        if not found then
            perform mandant_internal.refuse_right('customer', 'update', there.tenant_id);
        end if;
    elsif there.id is null then
        begin
            insert into crm.customer (
                tenant_id, name, street, postal_code, city, region, country, email, tax_id,
                language, currency, credit_limit, owner_id, team_id, state, party_id,
                group_tenant_id
            ) values (
                to_tenant.id, gone.name, gone.street, gone.postal_code, gone.city, gone.region,
                gone.country, gone.email, gone.tax_id, gone.language, gone.currency,
                -- without one he could owe whatever he likes, in another currency it is no limit
                case when gone.currency is not null or to_tenant.currency = from_tenant.currency
                    then gone.credit_limit end,
                crm.owner_after_move(gone, to_tenant), null, gone.state, gone.party_id,
                gone.group_tenant_id
            ) returning * into there;
            insert into crm.contact
                (tenant_id, customer_id, name, function, email, phone, language, is_primary)
            select there.tenant_id, there.id, c.name, c.function, c.email, c.phone, c.language,
                c.is_primary
            from crm.contact as c
            where c.tenant_id = gone.tenant_id and c.customer_id = gone.id
            order by c.id;
            insert into crm.customer_address (
                tenant_id, customer_id, kind, label, name, street, postal_code, city, region,
                country
            )
            select there.tenant_id, there.id, a.kind, a.label, a.name, a.street, a.postal_code,
                a.city, a.region, a.country
            from crm.customer_address as a
            where a.tenant_id = gone.tenant_id and a.customer_id = gone.id
            order by a.id;
        exception
            when unique_violation then
                -- somebody has just made him, or he is whom the caller does not see
                select c.* into there
                from crm.customer as c
                where c.tenant_id = to_tenant.id and c.party_id = gone.party_id
                    and c.state not in ('merged', 'moved');
                if not found then
                    raise exception 'customer "%" is there already, out of your sight', gone.name
                        using errcode = 'invalid_parameter_value',
                            hint = 'let somebody move it who sees all customers of that tenant';
                end if;
        end;
    end if;

    update crm.customer as c
    set state = 'moved', moved_at = now(),
        move_reason = case when move_customer.reason ~ '\S' then move_customer.reason end
    where c.tenant_id = gone.tenant_id and c.id = gone.id;

    -- who posts one of the drafts waits for the move, or the move for him
    perform from crm.document as d
    where d.tenant_id = gone.tenant_id and d.customer_id = gone.id and d.status = 'draft'
    order by d.id
    for update;
    return next row(
        'customer', to_tenant.code, there.id, null, null, null, there.currency, null
    )::crm.customer_move;
    return query
        select
            case d.status when 'draft' then 'draft' else 'open_item' end, from_tenant.code, d.id,
            d.kind, d.number, d.document_date, d.currency,
            case d.status when 'draft' then d.gross else d.open_amount end
        from crm.document as d
        where d.tenant_id = gone.tenant_id and d.customer_id = gone.id
            and (d.status = 'draft' or d.open_amount <> 0)
        order by d.status <> 'draft', d.document_date, d.number, d.id;
    return query
        select 'opportunity', from_tenant.code, o.id, null::text, null::text, o.expected_close,
            o.currency, o.amount
        from crm.opportunity as o
        where o.tenant_id = gone.tenant_id and o.customer_id = gone.id and o.outcome = 'open'
        order by o.expected_close, o.id;
    return query
        select 'contract', from_tenant.code, c.id, null::text, c.number, c.ends_on, c.currency,
            null::numeric
        from crm.contract as c
        where c.tenant_id = gone.tenant_id and c.customer_id = gone.id
            and (c.ends_on is null or c.ends_on >= crm.today_in(c.tenant_id))
        order by c.number, c.id;
end
$$;

comment on function crm.move_customer(uuid, text, text) is
    'Moves a customer to another tenant; rows: the customer there, and what stays here.

tenant: its code; both tenants are to be selected. what: customer, as he is there; draft, which can
only be posted here if it settles something, else is to be made there and deleted here; open_item,
which stays here with all that is posted, and is settled here (amount: what is open); opportunity, an
open one, which stays here until it is lost and made there; contract, which is no longer billed here,
and is to be ended and made there. Of these you see what you may read.
Name, address, e-mail, tax id, language, currency, group_tenant_id, contacts and addresses are
copied, the credit limit where it stays in the same currency. Price list, discount and payment terms
are not: they were agreed with the company that he leaves, and the new one makes its own. He belongs to his owner, if that is an
employee there; else to you, if you are one; else to nobody, until mandant.assign says whose he is.
If the party is a customer there already, he is that one, unchanged; whoever moved away from there
is open again. crm.party shows that the two are the same.
Needs update and delete on the customer, create and read there, and update to open one again.
Errors: P0002 no such customer, 42501 no right, or tenant not available or not selected, 22023 the
tenant is his already, or he is it, or he is merged or has moved, or is there out of your sight.';

alter function crm.owner_after_move(crm.customer, mandant.tenant) owner to crm_owner;
alter function crm.move_customer(uuid, text, text) owner to crm_owner;
revoke all on function
    crm.owner_after_move(crm.customer, mandant.tenant), crm.move_customer(uuid, text, text)
    from public;
grant execute on function crm.move_customer(uuid, text, text) to mandant_user;
