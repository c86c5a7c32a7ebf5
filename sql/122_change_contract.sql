-- What changes of an active contract: lines from a day on, and days on which it rests. Nothing is
-- changed on days that are billed already.

create function crm.lock_active_contract(contract_id uuid) returns crm.contract
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract := crm.lock_contract(contract_id, 'update');
begin
    if contract.activated_at is null then
        raise exception 'contract "%" is a draft', contract.title
            using errcode = 'invalid_parameter_value',
                hint = 'change it with crm.change_contract, or activate it first';
    end if;
    return contract;
end
$$;

comment on function crm.lock_active_contract(uuid) is
    'Locks a contract that is active, or refuses: P0002, 42501, a draft (22023).';

create function crm.require_unbilled(contract crm.contract, from_day date) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    billed_until date := (
        select max(p.last_day)
        from crm.contract_period as p
        where p.tenant_id = contract.tenant_id and p.contract_id = contract.id
    );
begin
    if from_day <= billed_until then
        raise exception 'contract % is billed until %',
            contract.number, to_char(billed_until, 'YYYY-MM-DD')
            using errcode = 'restrict_violation',
                hint = format(
                    'change it from %s on, and credit what was billed before',
                    to_char(billed_until + 1, 'YYYY-MM-DD')
                );
    end if;
end
$$;

comment on function crm.require_unbilled(crm.contract, date) is
    'Refuses (23001) to change what a contract is from a day on that is billed.';

create function crm.days_in_words(first_day date, last_day date) returns text
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return 'from ' || to_char(first_day, 'YYYY-MM-DD')
        || coalesce(' to ' || to_char(last_day, 'YYYY-MM-DD'), ' on');

comment on function crm.days_in_words(date, date) is 'Days as messages say them; last_day null: on.';

create function crm.require_contract_day(contract crm.contract, from_day date) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if from_day is null then
        raise exception 'the day of the change is missing'
            using errcode = 'invalid_parameter_value', hint = 'say the first day of it';
    elsif from_day < contract.starts_on or from_day > contract.ends_on then
        raise exception 'contract % is %', contract.number,
            crm.days_in_words(contract.starts_on, contract.ends_on)
            using errcode = 'invalid_parameter_value', hint = 'change it on a day of it';
    end if;
    perform crm.require_unbilled(contract, from_day);
end
$$;

comment on function crm.require_contract_day(crm.contract, date) is
    'Refuses a day for a change: none or outside of the contract (22023), billed (23001).';

create function crm.change_contract_line(
    contract_id uuid,
    "position" int,
    valid_from date,
    quantity numeric default null,
    unit_price numeric default null,
    discount_percent numeric default null,
    valid_until date default null,
    reason text default null
) returns setof crm.contract_line
    language plpgsql volatile
    security definer -- writes lines, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    before crm.contract_line;
    after crm.contract_line;
    other date;
    missing name;
    broken name;
begin
    perform crm.require_contract_day(contract, valid_from);
    if valid_until < valid_from then
        raise exception 'a change does not end before it starts'
            using errcode = 'invalid_parameter_value', hint = 'valid_until is its last day';
    elsif num_nonnulls(quantity, unit_price, discount_percent) = 0 then
        raise exception 'nothing is to be changed'
            using errcode = 'invalid_parameter_value',
                hint = 'say quantity, unit_price or discount_percent; quantity 0 ends the line';
    end if;
    select l.* into before
    from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = change_contract_line.position
        and l.valid_from <= change_contract_line.valid_from
    order by l.valid_from desc
    limit 1;
    if not found then
        raise exception 'contract % has no line %', contract.number, position
            using errcode = 'no_data_found', hint = 'crm.contract_line has its lines';
    end if;
    select l.valid_from into other
    from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = before.position
        and (
            l.valid_from = change_contract_line.valid_from
                and l.valid_from > contract.starts_on
            or l.valid_from > change_contract_line.valid_from
                and l.valid_from <= change_contract_line.valid_until
        )
    order by l.valid_from
    limit 1;
    if found then
        raise exception 'line % of contract % changes on % already',
            before.position, contract.number, to_char(other, 'YYYY-MM-DD')
            using errcode = 'duplicate_object',
                hint = 'end this change before, or take that one back with'
                    ' crm.withdraw_contract_change';
    end if;

    after := before;
    after.valid_from := valid_from;
    after.quantity := coalesce(change_contract_line.quantity, before.quantity);
    after.unit_price := coalesce(change_contract_line.unit_price, before.unit_price);
    after.discount_percent :=
        coalesce(change_contract_line.discount_percent, before.discount_percent);
    after.reason := nullif(change_contract_line.reason, '');
    before.valid_from := valid_until + 1;
    insert into crm.contract_line as l select after.*
    on conflict on constraint contract_line_pkey do update  -- on its first day
    set quantity = excluded.quantity, unit_price = excluded.unit_price,
        discount_percent = excluded.discount_percent, reason = excluded.reason;
    if valid_until is not null and not exists (
        select from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
            and l.position = before.position and l.valid_from = before.valid_from
    ) then
        insert into crm.contract_line select before.*;
    end if;
    return query
        select l.*
        from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
            and l.position = before.position and l.valid_from >= after.valid_from
        order by l.valid_from;
exception
    when not_null_violation or check_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        perform crm.refuse_by_rule('crm.contract_line', broken, missing, sqlerrm);
end
$$;

comment on function crm.change_contract_line(
    uuid, int, date, numeric, numeric, numeric, date, text
) is
    'Changes a line of an active contract from a day on; rows: the line from then on.

quantity: 0 ends the line. unit_price: net, for price_months. discount_percent: of this line. What is
null stays. valid_until: the last day, after which it is as before; null: for good. Errors: P0002 no
such contract or line, 22023 bad value, a draft, or a day outside of the contract, 23001 the day is
billed, 42710 it overlaps another change of the line, 42501 no right.';

create function crm.add_contract_line(
    contract_id uuid, valid_from date, line jsonb, reason text default null
) returns crm.contract_line
    language plpgsql volatile
    security definer -- writes lines, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    last int := (
        select max(l.position)
        from crm.contract_line as l
        where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
    );
    added crm.contract_line;
begin
    perform crm.require_contract_day(contract, valid_from);
    perform crm.write_contract_lines(
        contract, jsonb_build_array(line), valid_from, last + 1, reason
    );
    select l.* into added
    from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = last + 1;
    return added;
end
$$;

comment on function crm.add_contract_line(uuid, date, jsonb, text) is
    'Gives an active contract another line from a day on, and returns it.

line: as an element of lines of crm.create_contract; its price is by default that of valid_from, the
first day. Errors: P0002 no such contract or product, 22023 bad value, a draft, or a day outside of the
contract, 23001 the day is billed, 42501 no right.';

create function crm.withdraw_contract_change(contract_id uuid, "position" int, valid_from date)
    returns void
    language plpgsql volatile
    security definer -- writes lines, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
begin
    perform crm.require_unbilled(contract, valid_from);
    delete from crm.contract_line as l
    where l.tenant_id = contract.tenant_id and l.contract_id = contract.id
        and l.position = withdraw_contract_change.position
        and l.valid_from = withdraw_contract_change.valid_from
        and l.valid_from > contract.starts_on;
    if not found then
        raise exception 'line % of contract % does not change on %', position, contract.number,
            coalesce(to_char(valid_from, 'YYYY-MM-DD'), 'no day')
            using errcode = 'no_data_found',
                hint = 'crm.contract_line says on which days; the first one stays';
    end if;
end
$$;

comment on function crm.withdraw_contract_change(uuid, int, date) is
    'Takes a change of a line back that begins on a day, with the days not billed yet.

Errors: P0002 no such contract or change, 22023 a draft, 23001 the day is billed, 42501 no right.';

create function crm.suspend_contract(
    contract_id uuid, first_day date, reason text, last_day date default null
) returns crm.contract_suspension
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    suspension crm.contract_suspension;
    missing name;
    broken name;
begin
    perform crm.require_contract_day(contract, first_day);
    select s.* into suspension
    from crm.contract_suspension as s
    where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        and s.first_day <= coalesce(suspend_contract.last_day, 'infinity')
        and coalesce(s.last_day, 'infinity') >= suspend_contract.first_day
    order by s.first_day
    limit 1;
    if found then
        raise exception 'contract % is suspended % already', contract.number,
            crm.days_in_words(suspension.first_day, suspension.last_day)
            using errcode = 'duplicate_object', hint = 'resume it first with crm.resume_contract';
    end if;
    insert into crm.contract_suspension (
        tenant_id, contract_id, first_day, last_day, owner_id, team_id, reason
    ) values (
        contract.tenant_id, contract.id, suspend_contract.first_day, suspend_contract.last_day,
        contract.owner_id, contract.team_id, suspend_contract.reason
    ) returning * into suspension;
    return suspension;
exception
    when not_null_violation or check_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        perform crm.refuse_by_rule('crm.contract_suspension', broken, missing, sqlerrm);
end
$$;

comment on function crm.suspend_contract(uuid, date, text, date) is
    'Has a contract rest from a day on: what is suspended is not billed. Its term goes on.

last_day: null until crm.resume_contract. Errors: P0002 no such contract, 22023 bad value, a draft, or
a day outside of it, 23001 the day is billed, 42710 suspended then already, 42501 no right.';

create function crm.resume_contract(contract_id uuid, resumes_on date)
    returns crm.contract_suspension
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    suspension crm.contract_suspension;
begin
    select s.* into suspension
    from crm.contract_suspension as s
    where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        and s.first_day <= resumes_on and coalesce(s.last_day, 'infinity') >= resumes_on;
    if not found then
        raise exception 'contract % is not suspended on %', contract.number,
            coalesce(to_char(resumes_on, 'YYYY-MM-DD'), 'no day')
            using errcode = 'no_data_found', hint = 'crm.contract_suspension says when it is';
    end if;
    perform crm.require_unbilled(contract, resumes_on);
    if suspension.first_day = resumes_on then
        delete from crm.contract_suspension as s
        where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
            and s.first_day = suspension.first_day;
        return null;
    end if;
    update crm.contract_suspension as s
    set last_day = resumes_on - 1
    where s.tenant_id = contract.tenant_id and s.contract_id = contract.id
        and s.first_day = suspension.first_day
    returning s.* into suspension;
    return suspension;
end
$$;

comment on function crm.resume_contract(uuid, date) is
    'Ends a suspension with the day before; returns it, null if no day of it is left.

Errors: P0002 no such contract, or not suspended that day, 22023 a draft, 23001 the day is billed,
42501 no right.';

alter function crm.lock_active_contract(uuid) owner to crm_owner;
alter function crm.require_unbilled(crm.contract, date) owner to crm_owner;
alter function crm.days_in_words(date, date) owner to crm_owner;
alter function crm.require_contract_day(crm.contract, date) owner to crm_owner;
alter function crm.add_contract_line(uuid, date, jsonb, text) owner to crm_owner;
alter function crm.change_contract_line(uuid, int, date, numeric, numeric, numeric, date, text)
    owner to crm_owner;
alter function crm.withdraw_contract_change(uuid, int, date) owner to crm_owner;
alter function crm.suspend_contract(uuid, date, text, date) owner to crm_owner;
alter function crm.resume_contract(uuid, date) owner to crm_owner;
revoke all on function
    crm.lock_active_contract(uuid),
    crm.require_unbilled(crm.contract, date),
    crm.days_in_words(date, date),
    crm.require_contract_day(crm.contract, date),
    crm.add_contract_line(uuid, date, jsonb, text),
    crm.change_contract_line(uuid, int, date, numeric, numeric, numeric, date, text),
    crm.withdraw_contract_change(uuid, int, date),
    crm.suspend_contract(uuid, date, text, date),
    crm.resume_contract(uuid, date)
    from public;
grant execute on function
    crm.add_contract_line(uuid, date, jsonb, text),
    crm.change_contract_line(uuid, int, date, numeric, numeric, numeric, date, text),
    crm.withdraw_contract_change(uuid, int, date),
    crm.suspend_contract(uuid, date, text, date),
    crm.resume_contract(uuid, date)
    to mandant_user;
