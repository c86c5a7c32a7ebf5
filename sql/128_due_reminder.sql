-- What is due to be reminded of, on which day and how much of it. An invoice comes to its next level
-- only when the days of that level have passed since the last. Of invoices one sees what one sees; who
-- does not see all that customers are owed gets none, or he would ask for what is not owed.

create type crm.due_reminder as (
    tenant_id int,
    customer_id uuid,
    currency text,
    level int,
    days_overdue int,
    amount numeric,
    credit numeric,
    fee numeric,
    items crm.reminder_item[],
    sqlstate text,
    message text,
    hint text
);

comment on type crm.due_reminder is
    'A reminder that is due, of one customer in one currency; fee null: no exchange rate.

sqlstate, message and hint: why it was refused.';

create function crm.fee_in(
    fee numeric, from_currency text, to_currency text, on_date date
) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if fee = 0 then
        return 0;  -- in any currency
    end if;
    return round(
        crm.convert(fee, from_currency, to_currency, on_date),
        (select c.minor_unit from crm.currency as c where c.code = to_currency)
    );
end
$$;

comment on function crm.fee_in(numeric, text, text, date) is
    'A fee in another currency by the rate of a day, rounded to its minor unit; null: no rate.';

create function crm.sees_credits(tenant_id int) returns boolean
    language sql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
    select bool_and(mandant_internal.has_whole_right(k.code, 'read', sees_credits.tenant_id))
    from crm.document_kind as k
    where k.balance_sign = -1
$$;

comment on function crm.sees_credits(int) is
    'Whether you may read all payments and credit notes of a tenant.';

create function crm.reckon_reminders(tenant mandant.tenant, as_of date)
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

comment on function crm.reckon_reminders(mandant.tenant, date) is
    'The reminders of a tenant that are due on a day, in the order in which they are made.

Who is owed as much as he owes is not reminded.';

create function crm.due_reminders(as_of date default null)
    returns table (
        tenant_id int, tenant text, customer_id uuid, customer text, currency text, level int,
        days_overdue int, amount numeric, credit numeric, fee numeric, total numeric, items jsonb
    )
    language plpgsql stable
    security definer -- asks functions that are not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
begin
    perform crm.require_document_date(as_of);
    return query
        select d.tenant_id, t.code, d.customer_id, c.name, d.currency, d.level, d.days_overdue,
            d.amount, d.credit, d.fee, d.amount - d.credit + d.fee,
            (
                select jsonb_agg(
                    jsonb_build_object(
                        'document_id', i.document_id, 'number', i.number,
                        'due_date', i.due_date, 'open_amount', i.open_amount::text, 'level', i.level,
                        'days_overdue', i.days_overdue
                    )
                    order by i.due_date, i.number
                )
                from unnest(d.items) as i
            )
        from mandant.tenant as t
        cross join lateral crm.reckon_reminders(
            t, coalesce(as_of, mandant_internal.day_in(t.timezone, now()))
        ) as d
        left join crm.customer as c on c.tenant_id = d.tenant_id and c.id = d.customer_id
        order by t.code, c.name, d.currency, d.customer_id;
end
$$;

comment on function crm.due_reminders(date) is
    'What crm.run_reminders would remind of on a day, default today in the tenant; nothing is done.

A row for each customer and currency. level: the highest of its items; amount: open of its items;
credit: what the customer is owed; fee: null where there is no exchange rate for it; items: the
invoices. Paid, cancelled, blocked and not yet due ones are left out. Only of tenants of which you may
read all reminders, payments and credit notes. Errors: 22023 no such date.';

alter type crm.due_reminder owner to crm_owner;
alter function crm.fee_in(numeric, text, text, date) owner to crm_owner;
alter function crm.sees_credits(int) owner to crm_owner;
alter function crm.reckon_reminders(mandant.tenant, date) owner to crm_owner;
alter function crm.due_reminders(date) owner to crm_owner;
revoke all on function
    crm.fee_in(numeric, text, text, date),
    crm.sees_credits(int),
    crm.reckon_reminders(mandant.tenant, date),
    crm.due_reminders(date)
    from public;
grant execute on function crm.due_reminders(date) to mandant_user;
