-- Reminders: the letter that asks a customer for what is overdue, one for all his invoices of a
-- currency. What it says is frozen in it and stays, like a posted document; it can only be withdrawn,
-- and then nothing counts as reminded of by it. That an invoice is reminded of once at each level is a
-- unique index, whoever runs it how often. A reminder belongs to whom its customer belonged that day.

create table crm.reminder (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    number text,
    customer_id uuid not null,
    owner_id uuid,
    team_id uuid,
    reminder_date date not null,
    level int not null,
    currency text not null,
    amount numeric not null,
    credit numeric not null,
    fee numeric not null,
    total numeric not null generated always as (amount - credit + fee) stored,
    payment_days int not null,
    pay_until date not null generated always as (reminder_date + payment_days) stored,
    customer_name text not null,
    customer_street text,
    customer_postal_code text,
    customer_city text,
    customer_region text,
    customer_country text not null,
    texts jsonb not null,
    issuer jsonb not null,
    issued_at timestamptz,
    issued_by uuid default mandant_internal.me(),
    withdrawn_at timestamptz,
    withdrawn_by uuid,
    withdrawn_reason text,
    constraint reminder_pkey primary key (tenant_id, id),
    constraint reminder_number_key unique (tenant_id, number),
    constraint reminder_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint reminder_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete restrict,
    constraint reminder_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint reminder_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint reminder_issued_by_fkey foreign key (issued_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint reminder_withdrawn_by_fkey foreign key (withdrawn_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint reminder_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint reminder_date_in_range check (reminder_date between '1900-01-01' and '9998-12-31'),
    constraint reminder_asks_for_something check (credit >= 0 and fee >= 0 and amount > credit),
    constraint reminder_issued_has_number check ((issued_at is null) = (number is null)),
    constraint reminder_withdrawn_has_reason
        check ((withdrawn_at is null) = (withdrawn_reason is null)),
    constraint reminder_withdrawn_reason_is_filled
        check (withdrawn_reason ~ '\S' and length(withdrawn_reason) <= 500)
);

create index reminder_id on crm.reminder (id);  -- a reader of many tenants looks up by id alone
create index reminder_customer on crm.reminder (tenant_id, customer_id);
create index reminder_owner on crm.reminder (tenant_id, owner_id);
create index reminder_team on crm.reminder (tenant_id, team_id);

comment on table crm.reminder is 'Reminders of overdue invoices, as they were sent.';
comment on constraint reminder_withdrawn_reason_is_filled on crm.reminder is
    'reason must be more than blanks, of at most 500 characters';
comment on column crm.reminder.number is 'From the tenant''s series reminder.';
comment on column crm.reminder.owner_id is 'The customer''s owner that day, until it is assigned to another.';
comment on column crm.reminder.team_id is 'The customer''s team that day.';
comment on column crm.reminder.level is 'The highest of its items.';
comment on column crm.reminder.currency is 'Of its invoices, and of all its amounts.';
comment on column crm.reminder.amount is 'What was open of its items.';
comment on column crm.reminder.credit is
    'What the customer was owed: payments and credit notes left over in its currency.';
comment on column crm.reminder.fee is
    'Of its level, by the rate of its day; 0: none. The letter asks for it, no receivable is made of it.

What is paid of it is left over from the payment, until an invoice is made of it or it is paid back.';
comment on column crm.reminder.total is 'What it asks for: amount less credit, and the fee.';
comment on column crm.reminder.customer_name is
    'With the other customer_ columns where it was sent.';
comment on column crm.reminder.texts is
    'Title and text as filled in, in the customer''s language, and what the page needs beside them.';
comment on column crm.reminder.issuer is
    'What the tenant said of itself that day: name, address, bank account and so on.';
comment on column crm.reminder.issued_at is 'When it was made, and got its number.';
comment on column crm.reminder.issued_by is 'The principal who ran it.';
comment on column crm.reminder.withdrawn_at is
    'When it was withdrawn: its items count as not reminded of by it; null: it counts.';

-- what nobody changes needs no audit; who withdrew it, when and why it says itself
select mandant.protect('crm.reminder', owner => 'owner_id', team => 'team_id');
select mandant.number_column('crm.reminder', 'number', 'reminder', 'issued_at', 'reminder_date');

alter table crm.reminder owner to crm_owner;
revoke all on crm.reminder from public;
grant select on crm.reminder to mandant_user;

create table crm.reminder_item (
    tenant_id int not null default mandant.current_tenant(),
    reminder_id uuid not null,
    position int not null,
    owner_id uuid,
    team_id uuid,
    document_id uuid not null,
    number text not null,
    document_date date not null,
    due_date date not null,
    gross numeric not null,
    open_amount numeric not null,
    level int not null,
    days_overdue int not null,
    reminder_date date not null,
    withdrawn boolean not null default false,
    constraint reminder_item_pkey primary key (tenant_id, reminder_id, position),
    constraint reminder_item_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint reminder_item_reminder_fkey foreign key (tenant_id, reminder_id)
        references crm.reminder (tenant_id, id) on delete restrict,
    constraint reminder_item_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint reminder_item_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint reminder_item_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint reminder_item_is_open check (open_amount > 0),
    constraint reminder_item_is_overdue check (days_overdue > 0)
);

-- each level once, whoever runs it how often; and what was reminded of last
create unique index reminder_item_once on crm.reminder_item (tenant_id, document_id, level)
    include (reminder_date) where not withdrawn;

comment on table crm.reminder_item is 'The invoices of reminders, as they were that day.';
comment on index crm.reminder_item_once is 'An invoice is reminded of once at each level.';
comment on column crm.reminder_item.position is 'Its place in the letter, from 1: by due date.';
comment on column crm.reminder_item.owner_id is 'The reminder''s owner.';
comment on column crm.reminder_item.team_id is 'The reminder''s team.';
comment on column crm.reminder_item.document_id is 'The invoice.';
comment on column crm.reminder_item.number is 'The invoice''s number.';
comment on column crm.reminder_item.gross is 'Of the invoice, in the reminder''s currency.';
comment on column crm.reminder_item.open_amount is 'What of it was open.';
comment on column crm.reminder_item.level is 'How often it was reminded of with this, from 1.';
comment on column crm.reminder_item.days_overdue is 'From due date to reminder date.';
comment on column crm.reminder_item.reminder_date is 'The reminder''s date.';
comment on column crm.reminder_item.withdrawn is 'Whether its reminder is.';

select mandant.protect(
    'crm.reminder_item', object => 'reminder', owner => 'owner_id', team => 'team_id'
);

alter table crm.reminder_item owner to crm_owner;
revoke all on crm.reminder_item from public;
grant select on crm.reminder_item to mandant_user;

create function crm.keep_reminder() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    computed constant text[] := array['total', 'pay_until'];  -- computed later
    withdrawal constant text[] := array['withdrawn_at', 'withdrawn_by', 'withdrawn_reason'];
    before jsonb;
    after jsonb;
begin
    if tg_op = 'UPDATE' then
        before := to_jsonb(old) - computed;
        after := to_jsonb(new) - computed;
        if crm.changes_hands(before, after)
            or before ->> 'withdrawn_at' is null and after ->> 'withdrawn_at' is not null
                and before - withdrawal = after - withdrawal
            or before ->> 'withdrawn' = 'false' and after = before || '{"withdrawn": true}'
                and exists (
                    select from crm.reminder as r
                    where r.tenant_id = new.tenant_id
                        and r.id = (after ->> 'reminder_id')::uuid and r.withdrawn_at is not null
                )
        then
            return new;
        end if;
    end if;
    raise exception 'a reminder stays as it was sent'
        using errcode = 'restrict_violation',
            hint = 'withdraw it: crm.withdraw_reminder(id, reason)';
end
$$;

comment on function crm.keep_reminder() is
    'Trigger: refuses (23001) to change, delete or truncate reminders and their items.

Withdrawing is what becomes of it; an item is withdrawn with its reminder.';

create function crm.reminder_follow_owner() returns trigger
    language plpgsql
    security definer -- users do not write what belongs to a reminder
    set search_path = pg_catalog, pg_temp
as $$
begin
    update crm.reminder_item as i
    set owner_id = new.owner_id, team_id = new.team_id
    where i.tenant_id = new.tenant_id and i.reminder_id = new.id;
    return null;
end
$$;

comment on function crm.reminder_follow_owner() is
    'Trigger: the items of a reminder have its owner and team.';

alter function crm.keep_reminder() owner to crm_owner;
alter function crm.reminder_follow_owner() owner to crm_owner;
revoke all on function crm.keep_reminder(), crm.reminder_follow_owner() from public;

create trigger reminder_keep before update or delete on crm.reminder
    for each row when (old.issued_at is not null) execute function crm.keep_reminder();
create trigger reminder_item_keep before update or delete on crm.reminder_item
    for each row execute function crm.keep_reminder();
create trigger reminder_keep_table before truncate on crm.reminder
    for each statement execute function crm.keep_reminder();
create trigger reminder_item_keep_table before truncate on crm.reminder_item
    for each statement execute function crm.keep_reminder();
create trigger reminder_follow_owner after update of owner_id, team_id on crm.reminder
    for each row
    when (old.owner_id is distinct from new.owner_id or old.team_id is distinct from new.team_id)
    execute function crm.reminder_follow_owner();

comment on trigger reminder_keep on crm.reminder is 'What was sent stays as it was.';
comment on trigger reminder_item_keep on crm.reminder_item is 'What was sent stays as it was.';
comment on trigger reminder_keep_table on crm.reminder is 'Reminders stay.';
comment on trigger reminder_item_keep_table on crm.reminder_item is 'Reminders stay.';
comment on trigger reminder_follow_owner on crm.reminder is
    'Items follow to the new owner and team.';
