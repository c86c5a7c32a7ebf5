-- The run that makes reminders. It can be run as often as one likes: each level comes once, which a
-- unique index decides between two runs. Whoever runs it must see all reminders of the tenant, or he
-- would remind of what others have.

create function crm.fill_reminder(reminder crm.reminder, tenant mandant.tenant)
    returns crm.reminder
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    level crm.effective_reminder_level;
    wanted text[];
    language text;
    locale text;
    digits constant int := (
        select c.minor_unit from crm.currency as c where c.code = reminder.currency
    );
begin
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = reminder.tenant_id and c.id = reminder.customer_id;
    if not found then
        perform crm.refuse_customer(reminder.customer_id);
    end if;
    reminder.owner_id := customer.owner_id;
    reminder.team_id := customer.team_id;
    customer := crm.addressed(customer, crm.only_address(customer, 'billing'));
    reminder.customer_name := customer.name;
    reminder.customer_street := customer.street;
    reminder.customer_postal_code := customer.postal_code;
    reminder.customer_city := customer.city;
    reminder.customer_region := customer.region;
    reminder.customer_country := customer.country;

    select l.* into level
    from crm.effective_reminder_level as l
    where l.tenant_id = reminder.tenant_id and l.level = reminder.level;
    reminder.payment_days := level.payment_days;
    select c.* into wanted, language, locale
    from crm.choose_language(level.titles, customer.language, tenant.locale) as c;
    reminder.texts := jsonb_strip_nulls(jsonb_build_object(
        'layout', 1,
        'language', language,
        'locale', locale,
        'label_set', crm.label_set_of(language),
        'title', crm.in_language(level.titles, variadic wanted),
        'text', replace(
            replace(
                replace(
                    replace(
                        crm.in_language(level.texts, variadic wanted),
                        '{days}', level.payment_days::text
                    ),
                    '{date}', crm.date_in_language(
                        reminder.reminder_date + level.payment_days, locale
                    )
                ),
                '{amount}', concat(
                    crm.amount_in_language(
                        reminder.amount - reminder.credit + reminder.fee, digits, locale
                    ),
                    ' ', reminder.currency
                )
            ),
            '{fee}',
            concat(crm.amount_in_language(reminder.fee, digits, locale), ' ', reminder.currency)
        ),
        'countries', crm.country_names(tenant.country, reminder.customer_country)
    ));
    reminder.issuer := crm.letterhead(tenant);
    return reminder;
end
$$;

comment on function crm.fill_reminder(crm.reminder, mandant.tenant) is
    'A reminder of which the amounts are known, with address, days and texts as they are now.';

create function crm.write_reminder(due crm.due_reminder, tenant mandant.tenant, day date)
    returns uuid
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
    set datestyle = iso  -- messages say dates so
as $$
declare
    reminder crm.reminder;
begin
    if due.fee is null then
        raise exception 'no exchange rate of % on % for the fee, which is in %',
            due.currency, day, tenant.currency
            using errcode = 'invalid_parameter_value',
                hint = 'load it with crm.load_exchange_rates, or set exchange_rate_days';
    end if;
    reminder.tenant_id := due.tenant_id;
    reminder.id := mandant.new_id();
    reminder.customer_id := due.customer_id;
    reminder.reminder_date := day;
    reminder.level := due.level;
    reminder.currency := due.currency;
    reminder.amount := due.amount;
    reminder.credit := due.credit;
    reminder.fee := due.fee;
    reminder := crm.fill_reminder(reminder, tenant);
    perform mandant_internal.require_row(
        'reminder', action, due.tenant_id, reminder.owner_id, reminder.team_id, null
    )
    from unnest(array['create', 'update', 'post']) as action;
    insert into crm.reminder (
        tenant_id, id, customer_id, owner_id, team_id, reminder_date, level, currency, amount,
        credit, fee, payment_days, customer_name, customer_street, customer_postal_code,
        customer_city, customer_region, customer_country, texts, issuer
    )
    select r.tenant_id, r.id, r.customer_id, r.owner_id, r.team_id, r.reminder_date, r.level,
        r.currency, r.amount, r.credit, r.fee, r.payment_days, r.customer_name,
        r.customer_street, r.customer_postal_code, r.customer_city, r.customer_region,
        r.customer_country, r.texts, r.issuer
    from (select (reminder).*) as r;
    -- here the second of two runs waits for the first, with nothing that the first could need
    insert into crm.reminder_item (
        tenant_id, reminder_id, position, owner_id, team_id, document_id, number, document_date,
        due_date, gross, open_amount, level, days_overdue, reminder_date
    )
    select i.tenant_id, reminder.id, i.position, reminder.owner_id, reminder.team_id,
        i.document_id, i.number, i.document_date, i.due_date, i.gross, i.open_amount, i.level,
        i.days_overdue, i.reminder_date
    from unnest(due.items) with ordinality as i (
        tenant_id, reminder_id, place, owner_id, team_id, document_id, number, document_date,
        due_date, gross, open_amount, level, days_overdue, reminder_date, withdrawn, position
    )
    order by i.position;
    return reminder.id;
end
$$;

comment on function crm.write_reminder(crm.due_reminder, mandant.tenant, date) is
    'Writes a reminder with its items, still without number, and returns its id.';

create function crm.run_reminders(as_of date default null, tenant text default null)
    returns table (
        tenant_code text, reminder_id uuid, number text, customer_id uuid, customer text,
        level int, currency text, amount numeric, credit numeric, fee numeric, total numeric,
        sqlstate text, message text, hint text
    )
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    home mandant.tenant;
    allowed boolean := false;
    day date;
    due crm.due_reminder;
    written crm.due_reminder[];
    refused crm.due_reminder[];
    made uuid[];
    made_id uuid;
    state text;
    said text;
    advice text;
    broken name;
begin
    perform crm.require_document_date(as_of);
    if run_reminders.tenant is not null then
        perform crm.tenant_or_selected(run_reminders.tenant);
    end if;
    for home in
        select t.* from mandant.tenant as t
        where coalesce(t.code = run_reminders.tenant, true)
        order by t.id
    loop
        continue when not mandant_internal.has_right('reminder', 'create', home.id)
            or not mandant_internal.has_right('reminder', 'update', home.id)
            or not mandant_internal.has_right('reminder', 'post', home.id)
            or not mandant_internal.has_whole_right('reminder', 'read', home.id)
            or not crm.sees_credits(home.id);
        allowed := true;
        day := coalesce(as_of, mandant_internal.day_in(home.timezone, now()));
        written := '{}';
        refused := '{}';
        made := '{}';
        begin
            for due in select d.* from crm.reckon_reminders(home, day) as d loop
                begin
                    made := made || crm.write_reminder(due, home, day);
                    written := written || due;
                exception when others then
                    get stacked diagnostics due.sqlstate = returned_sqlstate,
                        due.message = message_text, due.hint = pg_exception_hint,
                        broken = constraint_name;
                    if due.sqlstate like '40%' then
                        raise;  -- to be tried again as a whole
                    elsif broken = 'reminder_item_once' then
                        due.sqlstate := '42710';
                        due.message := 'another run has reminded of it meanwhile';
                        due.hint := 'nothing is to be done: crm.reminder has it';
                    end if;
                    refused := refused || due;
                end;
            end loop;
            -- last, so that nobody waits for numbers while this waits for others
            foreach made_id in array made loop
                update crm.reminder as r
                set issued_at = now()
                where r.tenant_id = home.id and r.id = made_id;
            end loop;
        exception when others then  -- without numbers this tenant has none, and others have theirs
            get stacked diagnostics state = returned_sqlstate, said = message_text,
                advice = pg_exception_hint;
            if state like '40%' then
                raise;
            end if;
            made := '{}';
            foreach due in array written loop
                due.sqlstate := state;
                due.message := said;
                due.hint := advice;
                refused := refused || due;
            end loop;
        end;
        return query
            select home.code, null::uuid, null::text, d.customer_id, c.name, d.level, d.currency,
                d.amount, d.credit, d.fee, d.amount - d.credit + d.fee, d.sqlstate, d.message,
                nullif(d.hint, '')
            from unnest(refused) with ordinality as d
            left join crm.customer as c on c.tenant_id = home.id and c.id = d.customer_id
            order by d.ordinality;
        return query
            select home.code, r.id, r.number, r.customer_id, c.name, r.level, r.currency, r.amount,
                r.credit, r.fee, r.total, null::text, null::text, null::text
            from crm.reminder as r
            join crm.customer as c on c.tenant_id = r.tenant_id and c.id = r.customer_id
            where r.tenant_id = home.id and r.id = any (made)
            order by r.number;
    end loop;
    if not allowed then
        perform mandant_internal.refuse_right('reminder', 'create', home.id);
    end if;
end
$$;

comment on function crm.run_reminders(date, text) is
    'Makes the reminders that are due on a day, one per customer and currency; a row for each.

as_of: their date, default today in the tenant. tenant: code of one that is selected, default all of
those in which you may create, update and post reminders and read all of them, and all payments and
credit notes. The level is the highest of the items. With sqlstate: why this customer was refused;
the others are not, unless the tenant has no number for them (42704): then it gets none, and other
tenants theirs. Running it again makes nothing twice: an invoice comes to its next level when the days
of that level have passed since the last reminder, and after the last level to none. Errors: 22023 no
such date, 42501 no right, or tenant not available.';

create function crm.withdraw_reminder(id uuid, reason text) returns crm.reminder
    language plpgsql volatile
    security definer -- users do not write reminders; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    reminder crm.reminder;
begin
    select r.* into reminder from crm.reminder as r where r.id = withdraw_reminder.id;
    if not found then
        perform crm.refuse_reminder(id);
    end if;
    perform mandant_internal.require_row(
        'reminder', 'update', reminder.tenant_id, reminder.owner_id, reminder.team_id, null
    );
    if reason ~ '\S' is not true or length(reason) > 500 then
        raise exception 'reason must be more than blanks, of at most 500 characters'
            using errcode = 'invalid_parameter_value', hint = 'say why it is withdrawn';
    end if;
    update crm.reminder as r
    set withdrawn_at = now(), withdrawn_by = mandant_internal.me(), withdrawn_reason = reason
    where r.tenant_id = reminder.tenant_id and r.id = reminder.id and r.withdrawn_at is null
    returning * into reminder;
    if not found then
        raise exception 'reminder is withdrawn already'
            using errcode = 'restrict_violation', hint = 'crm.reminder says when, by whom and why';
    end if;
    update crm.reminder_item as i
    set withdrawn = true
    where i.tenant_id = reminder.tenant_id and i.reminder_id = reminder.id;
    return reminder;
end
$$;

comment on function crm.withdraw_reminder(uuid, text) is
    'Withdraws a reminder: its invoices count as not reminded of by it; returns it.

It keeps its number and stays as it was sent. Needs update on reminder. Errors: P0002 no such
reminder, 23001 withdrawn already, 22023 no reason, 42501 no right.';

create function crm.refuse_reminder(reminder_id uuid) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'no such reminder %', reminder_id
        using errcode = 'no_data_found',
            hint = 'look for it in crm.reminder, with its tenant selected';
end
$$;

comment on function crm.refuse_reminder(uuid) is
    'Refuses (P0002) a reminder that is not there or not to be seen.';

alter function crm.fill_reminder(crm.reminder, mandant.tenant) owner to crm_owner;
alter function crm.write_reminder(crm.due_reminder, mandant.tenant, date) owner to crm_owner;
alter function crm.run_reminders(date, text) owner to crm_owner;
alter function crm.withdraw_reminder(uuid, text) owner to crm_owner;
alter function crm.refuse_reminder(uuid) owner to crm_owner;
revoke all on function
    crm.fill_reminder(crm.reminder, mandant.tenant),
    crm.write_reminder(crm.due_reminder, mandant.tenant, date),
    crm.run_reminders(date, text),
    crm.withdraw_reminder(uuid, text),
    crm.refuse_reminder(uuid)
    from public;
-- what runs as its caller refuses as its caller
grant execute on function
    crm.run_reminders(date, text), crm.withdraw_reminder(uuid, text), crm.refuse_reminder(uuid)
    to mandant_user;
