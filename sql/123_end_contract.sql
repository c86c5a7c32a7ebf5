-- How a contract ends: when it can, by notice or agreement, and what it has been through.

create function crm.contract_end(
    contract_id uuid, noticed_on date default null,
    out ends_on date, out notice_by date, out term_ends_on date
)
    language plpgsql stable
    security definer -- asks a function that is not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract;
begin
    select c.* into contract from crm.contract as c where c.id = contract_id;
    if not found then
        perform crm.refuse_contract(contract_id);
    end if;
    noticed_on := coalesce(noticed_on, crm.today_in(contract.tenant_id));
    term_ends_on := crm.term_end(
        contract.starts_on, contract.minimum_months, contract.renewal_months, noticed_on
    );
    ends_on := crm.term_end(
        contract.starts_on, contract.minimum_months, contract.renewal_months,
        crm.notice_reaches(noticed_on, contract.notice_months, contract.notice_days)
    );
    notice_by := crm.notice_by(term_ends_on, contract.notice_months, contract.notice_days);
    if contract.ends_on is not null then  -- agreed, noticed, or by itself
        ends_on := least(ends_on, contract.ends_on);
        term_ends_on := least(term_ends_on, contract.ends_on);
    end if;
end
$$;

comment on function crm.contract_end(uuid, date) is
    'When a contract ends at the earliest if notice is received on a day, default today.

ends_on: its last day then. term_ends_on: the end of the term that the day is in; notice_by: the last
day for a notice to that end. Errors: P0002 no such contract.';

create function crm.terminate_contract(
    contract_id uuid, noticed_on date default null, ends_on date default null,
    reason text default null, agreed boolean default false
) returns crm.contract
    language plpgsql volatile
    security definer -- writes the end, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
    wanted date;
    possible date;
    missing name;
    broken name;
begin
    noticed_on := coalesce(terminate_contract.noticed_on, crm.today_in(contract.tenant_id));
    if contract.noticed_on is not null then
        raise exception 'contract % ends on % already', contract.number,
            to_char(contract.ends_on, 'YYYY-MM-DD')
            using errcode = 'duplicate_object',
                hint = 'crm.withdraw_termination takes that back';
    elsif noticed_on < contract.starts_on then
        raise exception 'notice of %, and contract % starts on %',
            to_char(noticed_on, 'YYYY-MM-DD'), contract.number,
            to_char(contract.starts_on, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = 'notice is given from the first day on; end it by agreement:'
                    ' noticed_on => its first day, ends_on => ..., agreed => true';
    elsif terminate_contract.ends_on < contract.starts_on then
        raise exception 'contract % starts on %, and cannot end before',
            contract.number, to_char(contract.starts_on, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value', hint = 'ends_on is its last day';
    elsif agreed and terminate_contract.ends_on is null then
        raise exception 'an agreed end needs its day'
            using errcode = 'invalid_parameter_value', hint = 'say ends_on, the last day';
    end if;

    possible := crm.term_end(
        contract.starts_on, contract.minimum_months, contract.renewal_months,
        crm.notice_reaches(noticed_on, contract.notice_months, contract.notice_days)
    );
    if agreed then
        wanted := terminate_contract.ends_on;
        possible := wanted;
    elsif terminate_contract.ends_on is null then
        wanted := case
            when contract.renewal_months is null then possible
            else crm.term_end(
                contract.starts_on, contract.minimum_months, contract.renewal_months, noticed_on
            )
        end;
    else
        wanted := terminate_contract.ends_on;
        possible := crm.term_end(
            contract.starts_on, contract.minimum_months, contract.renewal_months,
            greatest(
                wanted,
                crm.notice_reaches(noticed_on, contract.notice_months, contract.notice_days)
            )
        );
    end if;
    if contract.ends_on is not null and not agreed then  -- by itself, which no notice puts off
        possible := least(possible, contract.ends_on);
    end if;
    if possible > wanted
        and mandant_internal.setting_in(contract.tenant_id, 'late_notice') = 'refuse'
    then
        raise exception 'contract % cannot end on % by a notice of %', contract.number,
            to_char(wanted, 'YYYY-MM-DD'), to_char(noticed_on, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = format(
                    'its next possible end is %s: say ends_on, or set late_notice to move',
                    to_char(possible, 'YYYY-MM-DD')
                );
    end if;
    perform crm.require_unbilled(contract, possible + 1);
    update crm.contract as c
    set noticed_on = terminate_contract.noticed_on, ends_on = possible,
        end_reason = nullif(terminate_contract.reason, '')
    where c.tenant_id = contract.tenant_id and c.id = contract.id
    returning c.* into contract;
    return contract;
exception
    when not_null_violation or check_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        perform crm.refuse_by_rule('crm.contract', broken, missing, sqlerrm);
end
$$;

comment on function crm.terminate_contract(uuid, date, date, text, boolean) is
    'Ends an active contract by notice or agreement, and returns it with its last day, ends_on.

noticed_on: the day on which notice was received, default today. ends_on: what it is meant for,
default the end of the term that it falls into. A notice too late for that ends the contract with the
next possible day, or is refused, by the setting late_notice. agreed: true for an end on any day, by
both. Errors: P0002 no such contract, 22023 a draft, before its start, too late, or bad value, 23001
billed beyond that day, 42710 it was ended before, 42501 no right.';

create function crm.withdraw_termination(contract_id uuid) returns crm.contract
    language plpgsql volatile
    security definer -- writes the end, which users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract := crm.lock_active_contract(contract_id);
begin
    if contract.noticed_on is null then
        raise exception 'contract % was not ended', contract.number
            using errcode = 'invalid_parameter_value',
                hint = 'what ends by itself ends by its renewal_months, which are 0';
    elsif contract.ends_on < crm.today_in(contract.tenant_id) then
        raise exception 'contract % has ended on %', contract.number,
            to_char(contract.ends_on, 'YYYY-MM-DD')
            using errcode = 'restrict_violation', hint = 'make a new one';
    end if;
    update crm.contract as c
    set noticed_on = null, end_reason = null,
        ends_on = case
            when c.renewal_months = 0
            then crm.term_end(c.starts_on, c.minimum_months, 0, c.starts_on)
        end
    where c.tenant_id = contract.tenant_id and c.id = contract.id
    returning c.* into contract;
    return contract;
end
$$;

comment on function crm.withdraw_termination(uuid) is
    'Takes back that a contract was ended, as long as it has not; returns it.

Errors: P0002 no such contract, 22023 a draft or not ended, 23001 it has ended, 42501 no right.';

create function crm.contract_history(contract_id uuid)
    returns table (
        at timestamptz, principal text, what text, key text, old jsonb, new jsonb
    )
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    contract crm.contract;
begin
    select c.* into contract from crm.contract as c where c.id = contract_id;
    if not found then
        perform crm.refuse_contract(contract_id);
    end if;
    return query
        select a.at, a.principal, a.action || ' ' || split_part(a."table", '.', 2), a.key, a.old,
            a.new
        from mandant.audit_log as a
        where a.tenant_id = contract.tenant_id
            and (
                a."table" = 'crm.contract' and a.key = contract_id::text
                or a."table" in ('crm.contract_line', 'crm.contract_suspension')
                    and a.key like contract_id || ',%'
            )
        order by a.at, a."table", a.key;
end
$$;

comment on function crm.contract_history(uuid) is
    'Who changed what of a contract, its lines and suspensions, and when; the oldest first.

key: of the row. old, new: the changed columns. Errors: P0002 no such contract.';

alter function crm.contract_end(uuid, date) owner to crm_owner;
alter function crm.terminate_contract(uuid, date, date, text, boolean) owner to crm_owner;
alter function crm.withdraw_termination(uuid) owner to crm_owner;
alter function crm.contract_history(uuid) owner to crm_owner;
revoke all on function
    crm.contract_end(uuid, date),
    crm.terminate_contract(uuid, date, date, text, boolean),
    crm.withdraw_termination(uuid),
    crm.contract_history(uuid)
    from public;
grant execute on function
    crm.contract_end(uuid, date),
    crm.terminate_contract(uuid, date, date, text, boolean),
    crm.withdraw_termination(uuid),
    crm.contract_history(uuid)
    to mandant_user;
