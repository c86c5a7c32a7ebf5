-- From 0.1.0 to 0.1.1: a tenant that has no number for reminders stops the run of no other.

alter type crm.due_reminder
    add attribute sqlstate text,
    add attribute message text,
    add attribute hint text;

comment on type crm.due_reminder is
    'A reminder that is due, of one customer in one currency; fee null: no exchange rate.

sqlstate, message and hint: why it was refused.';

create or replace function crm.reckon_reminders(tenant mandant.tenant, as_of date)
    returns setof crm.due_reminder
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        with open as materialized (
            select o.document_id, o.customer_id, o.kind, o.number, o.document_date, o.due_date,
                o.currency, o.gross, o.open_amount
            from crm.open_item as o
            where o.tenant_id = tenant.id
        ), level as materialized (
            select l.level, l.days_overdue, l.days_since_last, l.fee
            from crm.effective_reminder_level as l
            -- who does not see what a customer is owed would ask for too much
            where l.tenant_id = tenant.id and crm.sees_credits(tenant.id)
        ), item as (
            select o.*, l.level, as_of - o.due_date as days_overdue
            from open as o
            join crm.document_kind as k on k.code = o.kind and k.balance_sign = 1
            left join lateral (
                select i.level, i.reminder_date
                from crm.reminder_item as i
                where i.tenant_id = tenant.id and i.document_id = o.document_id and not i.withdrawn
                order by i.level desc
                limit 1
            ) as last on true
            join level as l on l.level = coalesce(last.level, 0) + 1
                and l.days_overdue <= as_of - o.due_date
                and coalesce(as_of - last.reminder_date >= l.days_since_last, true)
            where o.open_amount > 0
                and not exists (
                    select from crm.reminder_block as b
                    left join crm.customer as c
                        on c.tenant_id = b.tenant_id and c.id = b.customer_id
                    where b.tenant_id = tenant.id
                        and coalesce(b.blocked_until >= as_of, true)
                        and (
                            b.document_id = o.document_id
                            or coalesce(c.merged_into, b.customer_id) = o.customer_id
                        )
                )
        ), credit as (
            select o.customer_id, o.currency, -sum(o.open_amount) as amount
            from open as o
            where o.open_amount < 0
            group by o.customer_id, o.currency
        )
        select
            tenant.id, i.customer_id, i.currency, i.level, i.days_overdue, i.amount, i.credit,
            crm.fee_in(
                coalesce(
                    l.fee, mandant_internal.setting_in(tenant.id, 'reminder_fee')::numeric, 0
                ),
                tenant.currency, i.currency, as_of
            ),
            i.items, null::text, null::text, null::text
        from (
            select
                i.customer_id, i.currency, max(i.level) as level,
                max(i.days_overdue) as days_overdue, sum(i.open_amount) as amount,
                coalesce(min(c.amount), 0) as credit,
                array_agg(
                    (
                        tenant.id, null, null, null, null, i.document_id, i.number, i.document_date,
                        i.due_date, i.gross, i.open_amount, i.level, i.days_overdue, as_of, false
                    )::crm.reminder_item
                    order by i.due_date, i.number
                ) as items
            from item as i
            left join credit as c on c.customer_id = i.customer_id and c.currency = i.currency
            group by i.customer_id, i.currency
        ) as i
        join level as l on l.level = i.level
        left join crm.customer as c on c.tenant_id = tenant.id and c.id = i.customer_id
        where i.amount > i.credit
        order by c.name collate "C", i.customer_id, i.currency;
end
$$;

create or replace function crm.run_reminders(as_of date default null, tenant text default null)
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
