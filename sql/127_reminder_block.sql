-- What is not reminded of, for a while or for good: an invoice that is disputed, a customer with whom
-- somebody has agreed something. A posted document stays as it is, so the block is a row beside it;
-- lifting it removes the row, and the audit keeps both.

create table crm.reminder_block (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    document_id uuid,
    customer_id uuid,
    owner_id uuid,
    team_id uuid,
    blocked_until date,
    reason text not null,
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    constraint reminder_block_pkey primary key (tenant_id, id),
    constraint reminder_block_of_one_key
        unique nulls not distinct (tenant_id, document_id, customer_id),
    constraint reminder_block_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint reminder_block_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint reminder_block_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete cascade,
    constraint reminder_block_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint reminder_block_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint reminder_block_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint reminder_block_is_of_one check (num_nonnulls(document_id, customer_id) = 1),
    constraint reminder_block_reason_is_filled check (reason ~ '\S' and length(reason) <= 500)
);

create index reminder_block_customer on crm.reminder_block (tenant_id, customer_id);
create index reminder_block_owner on crm.reminder_block (tenant_id, owner_id);
create index reminder_block_team on crm.reminder_block (tenant_id, team_id);

comment on table crm.reminder_block is 'Invoices and customers that are not to be reminded of.';
comment on constraint reminder_block_reason_is_filled on crm.reminder_block is
    'reason must be more than blanks, of at most 500 characters';
comment on constraint reminder_block_is_of_one on crm.reminder_block is
    'name the document or the customer, one of the two';
comment on column crm.reminder_block.document_id is 'The invoice; null: all of the customer.';
comment on column crm.reminder_block.customer_id is 'The customer; null: one invoice.';
comment on column crm.reminder_block.owner_id is
    'The owner of the invoice or customer when it was blocked.';
comment on column crm.reminder_block.team_id is 'The team of that day.';
comment on column crm.reminder_block.blocked_until is 'The last day; null: until it is lifted.';

select mandant.protect(
    'crm.reminder_block', object => 'reminder', owner => 'owner_id', team => 'team_id',
    audit => true
);

alter table crm.reminder_block owner to crm_owner;
revoke all on crm.reminder_block from public;
grant select on crm.reminder_block to mandant_user;

create function crm.find_reminded(document_id uuid, customer_id uuid, action text)
    returns crm.reminder_block
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
    customer crm.customer;
    block crm.reminder_block;
begin
    if num_nonnulls(document_id, customer_id) <> 1 then
        raise exception 'name the document or the customer, one of the two'
            using errcode = 'invalid_parameter_value',
                hint = 'document_id => ... for one invoice, customer_id => ... for all of his';
    elsif document_id is not null then
        select d.* into document from crm.document as d where d.id = document_id;
        if not found then
            perform crm.refuse_document(document_id);
        elsif document.status = 'draft'
            or not exists (
                select from crm.document_kind as k
                where k.code = document.kind and k.balance_sign = 1
            )
        then
            raise exception 'nobody is reminded of %',
                case document.status
                    when 'draft' then format('%s %s, a draft', document.kind, document.id)
                    else format('%s %s', document.kind, document.number)
                end
                using errcode = 'invalid_parameter_value',
                    hint = 'posted documents of kinds that are to be paid, such as invoices, are';
        end if;
        block.tenant_id := document.tenant_id;
        block.owner_id := document.owner_id;
        block.team_id := document.team_id;
    else
        select c.* into customer from crm.customer as c where c.id = customer_id;
        if not found then
            perform crm.refuse_customer(customer_id);
        end if;
        block.tenant_id := customer.tenant_id;
        block.owner_id := customer.owner_id;
        block.team_id := customer.team_id;
    end if;
    block.document_id := document_id;
    block.customer_id := customer_id;
    perform mandant_internal.require_row(
        'reminder', action, block.tenant_id, block.owner_id, block.team_id, null
    );
    return block;
end
$$;

comment on function crm.find_reminded(uuid, uuid, text) is
    'What is to be blocked, not yet written; refuses what is not there (P0002), not to be reminded of
(22023), or not the caller''s to do it with (42501).';

create function crm.block_reminders(
    document_id uuid default null, until date default null, reason text default null,
    customer_id uuid default null
) returns crm.reminder_block
    language plpgsql volatile
    security definer -- users do not write blocks; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set datestyle = iso  -- messages say dates so
as $$
declare
    wanted crm.reminder_block := crm.find_reminded(document_id, customer_id, 'create');
    block crm.reminder_block;
    broken name;
    missing name;
begin
    if until < crm.today_in(wanted.tenant_id) then
        raise exception '% is over', until
            using errcode = 'invalid_parameter_value',
                hint = 'until is the last day of the block: today or later; left out, it has no end';
    end if;
    insert into crm.reminder_block as b (
        tenant_id, document_id, customer_id, owner_id, team_id, blocked_until, reason
    ) values (
        wanted.tenant_id, wanted.document_id, wanted.customer_id, wanted.owner_id, wanted.team_id,
        until, block_reminders.reason
    )
    on conflict on constraint reminder_block_of_one_key do update
    set blocked_until = excluded.blocked_until, reason = excluded.reason,
        owner_id = excluded.owner_id, team_id = excluded.team_id
    returning * into block;
    return block;
exception
    when check_violation or not_null_violation then
        get stacked diagnostics broken = constraint_name, missing = column_name;
        raise exception '%', crm.rule_in_words('crm.reminder_block', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = 'say why: whoever looks at it later wants to know';
end
$$;

comment on function crm.block_reminders(uuid, date, text, uuid) is
    'Keeps an invoice, or a customer with all of his, out of reminders; returns the block.

until: its last day, default without end. reason: why, such as a dispute. What is blocked already has
the new day and reason from now on. Needs create and, to change one, update on reminder. Errors: P0002
no such document or customer, 22023 until is over, no reason, neither or both named, or not a posted
document that is to be paid; 42501 no right.';

create function crm.unblock_reminders(document_id uuid default null, customer_id uuid default null)
    returns crm.reminder_block
    language plpgsql volatile
    security definer -- users do not write blocks; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    wanted crm.reminder_block := crm.find_reminded(document_id, customer_id, 'delete');
    block crm.reminder_block;
begin
    delete from crm.reminder_block as b
    where b.tenant_id = wanted.tenant_id and b.document_id is not distinct from wanted.document_id
        and b.customer_id is not distinct from wanted.customer_id
    returning * into block;
    if not found then
        raise exception 'reminders are not blocked for %', coalesce(document_id, customer_id)
            using errcode = 'no_data_found', hint = 'crm.reminder_block has what is blocked';
    end if;
    return block;
end
$$;

comment on function crm.unblock_reminders(uuid, uuid) is
    'Lifts the block of an invoice or of a customer, and returns what it was.

Needs delete on reminder. Errors: P0002 no such document or customer, or not blocked; 22023 neither or
both named; 42501 no right.';

alter function crm.find_reminded(uuid, uuid, text) owner to crm_owner;
alter function crm.block_reminders(uuid, date, text, uuid) owner to crm_owner;
alter function crm.unblock_reminders(uuid, uuid) owner to crm_owner;
revoke all on function
    crm.find_reminded(uuid, uuid, text),
    crm.block_reminders(uuid, date, text, uuid),
    crm.unblock_reminders(uuid, uuid)
    from public;
grant execute on function
    crm.block_reminders(uuid, date, text, uuid), crm.unblock_reminders(uuid, uuid)
    to mandant_user;
