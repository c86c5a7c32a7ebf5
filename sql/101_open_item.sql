-- What is open, by document and by customer: what he owes, and what he is owed. The documents of a
-- merged customer count for who he became. Each row is in one currency, and none adds two.

create view crm.open_item with (security_invoker = true) as
select
    d.tenant_id,
    coalesce(c.merged_into, d.customer_id) as customer_id,
    d.id as document_id,
    d.kind,
    d.number,
    d.reference,
    d.document_date,
    d.due_date,
    d.currency,
    d.gross,
    d.open_amount,
    case when d.open_amount > 0 then greatest(0, n.today - d.due_date) else 0 end as days_overdue,
    case when e.discount > 0 then d.document_date + d.early_payment_days end
        as early_payment_until,
    case when e.discount > 0 then d.open_amount - e.discount end as early_payment_amount,
    d.owner_id,
    d.team_id,
    d.group_tenant_id,
    d.tenant_currency,
    case d.open_amount
        when d.gross then d.tenant_gross
        when -d.gross then -d.tenant_gross
        else round(
            d.open_amount * d.exchange_rate,
            (select u.minor_unit from crm.currency as u where u.code = d.tenant_currency)
        )
    end as tenant_open_amount,
    d.group_currency,
    round(
        d.open_amount * d.group_exchange_rate,
        (select u.minor_unit from crm.currency as u where u.code = d.group_currency)
    ) as group_open_amount
from crm.document as d
join mandant.tenant as t on t.id = d.tenant_id
left join crm.customer as c on c.tenant_id = d.tenant_id and c.id = d.customer_id
cross join lateral (select (now() at time zone t.timezone)::date) as n (today)
cross join lateral (
    select case
        when d.open_amount > 0 and d.early_payment_percent is not null
            then crm.early_discount(d, n.today)
    end
) as e (discount)
where d.open_amount <> 0 and d.status <> 'draft';

comment on view crm.open_item is
    'Posted documents of which something is open, that you may see and have selected.';
comment on column crm.open_item.customer_id is
    'The document''s customer, or who he became when he was merged.';
comment on column crm.open_item.reference is 'What the customer calls it.';
comment on column crm.open_item.gross is 'Of the document, as it is printed.';
comment on column crm.open_item.open_amount is
    'Above 0 the customer owes it; below 0 he is owed it: a payment or credit note left over.';
comment on column crm.open_item.days_overdue is
    'Days since due_date, today in the tenant''s time zone; 0: not due, or the tenant owes.';
comment on column crm.open_item.early_payment_until is
    'The last day for a discount; null: there is none, or no more.';
comment on column crm.open_item.early_payment_amount is
    'What settles it until then: open_amount less the discount.';

comment on column crm.open_item.group_tenant_id is
    'The company of the group that the customer was at posting; null: none.';
comment on column crm.open_item.tenant_currency is 'The tenant''s currency at posting.';
comment on column crm.open_item.tenant_open_amount is
    'open_amount at the rate frozen at posting.';
comment on column crm.open_item.group_currency is 'Currency of the top tenant at posting.';
comment on column crm.open_item.group_open_amount is
    'open_amount at the group''s rate of posting; null: there was none.';

alter view crm.open_item owner to crm_owner;
revoke all on crm.open_item from public;
grant select on crm.open_item to mandant_user;

create view crm.customer_balance with (security_invoker = true) as
select
    o.tenant_id,
    o.customer_id,
    o.currency,
    coalesce(sum(o.open_amount) filter (where o.open_amount > 0), 0) as open,
    coalesce(sum(o.open_amount) filter (where o.days_overdue > 0), 0) as overdue,
    coalesce(-sum(o.open_amount) filter (where o.open_amount < 0), 0) as credit
from crm.open_item as o
group by o.tenant_id, o.customer_id, o.currency;

comment on view crm.customer_balance is
    'What customers owe and are owed, by currency; from the documents that you see.';
comment on column crm.customer_balance.currency is 'Of the amounts; add up within one only.';
comment on column crm.customer_balance.open is 'What the customer owes.';
comment on column crm.customer_balance.overdue is 'What of it should have been paid before today.';
comment on column crm.customer_balance.credit is
    'What he is owed: payments and credit notes left over.';

alter view crm.customer_balance owner to crm_owner;
revoke all on crm.customer_balance from public;
grant select on crm.customer_balance to mandant_user;
