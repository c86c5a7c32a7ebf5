-- What is to be done with a customer, what was done, and what is worth knowing: tasks, calls,
-- meetings, e-mails and notes in one table. An activity belongs to a customer, and may be about one
-- of his opportunities or documents. It has an owner of its own, who does it; what the owner of an
-- opportunity has on it goes with it to the next one, what a colleague has stays the colleague's.

create table crm.activity (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    customer_id uuid not null,
    opportunity_id uuid,
    document_id uuid,
    kind text not null,
    subject text not null,
    body text,
    due_at timestamptz,
    done_at timestamptz,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    updated_at timestamptz not null default now(),
    constraint activity_pkey primary key (tenant_id, id),
    constraint activity_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint activity_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete restrict,
    -- what happened with a customer outlives what it was about
    constraint activity_opportunity_fkey foreign key (tenant_id, opportunity_id)
        references crm.opportunity (tenant_id, id) on delete set null (opportunity_id),
    constraint activity_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete set null (document_id),
    constraint activity_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint activity_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint activity_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint activity_kind_is_known
        check (kind in ('task', 'call', 'meeting', 'email', 'note')),
    constraint activity_subject_is_filled check (subject ~ '\S'),
    constraint activity_subject_length check (length(subject) <= 500),
    constraint activity_due_at_is_finite check (isfinite(due_at)),
    constraint activity_done_at_is_finite check (isfinite(done_at)),
    constraint activity_note_is_not_done
        check (kind <> 'note' or due_at is null and done_at is null)
);

create index activity_id on crm.activity (id);  -- a reader of many tenants looks up by id alone
create index activity_customer on crm.activity (tenant_id, customer_id);
create index activity_opportunity on crm.activity (tenant_id, opportunity_id);
create index activity_document on crm.activity (tenant_id, document_id);
create index activity_owner on crm.activity (tenant_id, owner_id);
create index activity_team on crm.activity (tenant_id, team_id);
create index activity_open on crm.activity (tenant_id, due_at)
    where done_at is null and kind <> 'note';

comment on table crm.activity is 'Tasks, calls, meetings, e-mails and notes about customers.';
comment on constraint activity_kind_is_known on crm.activity is
    'kind must be task, call, meeting, email or note';
comment on constraint activity_subject_is_filled on crm.activity is
    'subject must be more than blanks';
comment on constraint activity_subject_length on crm.activity is
    'subject must be at most 500 characters';
comment on constraint activity_due_at_is_finite on crm.activity is 'due_at must be a time';
comment on constraint activity_done_at_is_finite on crm.activity is 'done_at must be a time';
comment on constraint activity_note_is_not_done on crm.activity is
    'a note is never due and never done';
comment on column crm.activity.customer_id is
    'By default the customer of the opportunity or document.';
comment on column crm.activity.opportunity_id is
    'The opportunity that it is about; null: none, or it was deleted.';
comment on column crm.activity.document_id is
    'The document that it is about; null: none, or the draft was deleted.';
comment on column crm.activity.kind is 'task, call, meeting, email or note.';
comment on column crm.activity.subject is 'What it is, in a line.';
comment on column crm.activity.body is 'What there is to say about it.';
comment on column crm.activity.due_at is 'When it is to be done, or begins; null: some time.';
comment on column crm.activity.done_at is 'When it was done; null: it is still to be done.';
comment on column crm.activity.owner_id is 'The principal who does it, or keeps the note.';
comment on column crm.activity.team_id is 'The team it belongs to.';

select mandant.protect('crm.activity', owner => 'owner_id', team => 'team_id', audit => true);

alter table crm.activity owner to crm_owner;
revoke all on crm.activity from public;
grant select, delete,
    insert (tenant_id, customer_id, opportunity_id, document_id, kind, subject, body, due_at,
        done_at, owner_id, team_id),
    update (opportunity_id, document_id, kind, subject, body, due_at, done_at, owner_id, team_id)
    on crm.activity to mandant_user;
select mandant.accept_copy('crm.activity');

create view crm.open_activity with (security_invoker = true) as
select
    a.tenant_id,
    a.id,
    a.kind,
    a.subject,
    a.due_at,
    coalesce(a.due_at < now(), false) as overdue,
    a.customer_id,
    c.name as customer_name,
    a.opportunity_id,
    a.document_id,
    a.owner_id,
    a.team_id
from crm.activity as a
left join crm.customer as c on c.tenant_id = a.tenant_id and c.id = a.customer_id
where a.done_at is null and a.kind <> 'note';

comment on view crm.open_activity is 'What is still to be done, of what you see.';
comment on column crm.open_activity.overdue is 'Whether it should have been done by now.';
comment on column crm.open_activity.customer_name is 'Null if you do not see the customer.';

alter view crm.open_activity owner to crm_owner;
revoke all on crm.open_activity from public;
grant select on crm.open_activity to mandant_user;

create function crm.check_activity() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    opportunity crm.opportunity;
    document crm.document;
    about crm.customer;
begin
    -- what does not change need not be seen, such as by whoever deletes the other
    if new.opportunity_id is not null
        and (tg_op = 'INSERT' or new.opportunity_id is distinct from old.opportunity_id)
    then
        select o.* into opportunity
        from crm.opportunity as o
        where o.tenant_id = new.tenant_id and o.id = new.opportunity_id;
        if not found then
            raise exception 'no such opportunity %', new.opportunity_id
                using errcode = 'no_data_found',
                    hint = 'look for it in crm.opportunity, with its tenant selected';
        end if;
        new.customer_id := coalesce(new.customer_id, opportunity.customer_id);
        if opportunity.customer_id <> new.customer_id then
            raise exception 'opportunity "%" is another customer''s', opportunity.name
                using errcode = 'invalid_parameter_value',
                    hint = 'leave customer_id out: it follows';
        end if;
    end if;
    if new.document_id is not null
        and (tg_op = 'INSERT' or new.document_id is distinct from old.document_id)
    then
        select d.* into document
        from crm.document as d
        where d.tenant_id = new.tenant_id and d.id = new.document_id;
        if not found then
            perform crm.refuse_document(new.document_id);
        end if;
        -- a posted document stays with a merged customer, what is said of it is the survivor's
        about.merged_into := document.customer_id;
        loop
            select c.* into about
            from crm.customer as c
            where c.tenant_id = new.tenant_id and c.id = about.merged_into;
            if not found then
                perform crm.refuse_customer(coalesce(about.id, document.customer_id));
            end if;
            exit when about.state <> 'merged';
        end loop;
        new.customer_id := coalesce(new.customer_id, about.id);
        if about.id <> new.customer_id then
            raise exception 'document % is another customer''s',
                coalesce(document.number, document.id::text)
                using errcode = 'invalid_parameter_value',
                    hint = 'leave customer_id out: it follows';
        end if;
    end if;
    -- the foreign key sees more than the writer, and would tell what is out of sight from nothing
    if tg_op = 'INSERT' and new.customer_id is not null
        and mandant_internal.in_tenant('activity', 'create', new.tenant_id)
        and not exists (
            select from crm.customer as c
            where c.tenant_id = new.tenant_id and c.id = new.customer_id
        )
    then
        perform crm.refuse_customer(new.customer_id);
    end if;
    return new;
end
$$;

comment on function crm.check_activity() is
    'Trigger: opportunity and document are the customer''s, who follows from them.

Errors: P0002 if one is not to be seen, 22023 if it is another customer''s.';

create function crm.hand_over_activities() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform mandant_internal.give_row(
        'crm.activity', a.id::text, true, new.owner_id, true, new.team_id
    )
    from crm.activity as a
    where a.tenant_id = new.tenant_id and a.opportunity_id = new.id and a.owner_id = old.owner_id;
    return null;
end
$$;

comment on function crm.hand_over_activities() is
    'Trigger: what the owner of an opportunity has on it goes to its new owner and team.

Takes the right to assign these, as far as the opportunity''s (42501).';

alter function crm.check_activity() owner to crm_owner;
alter function crm.hand_over_activities() owner to crm_owner;
revoke all on function crm.check_activity(), crm.hand_over_activities() from public;

create trigger activity_check
    before insert or update of opportunity_id, document_id on crm.activity
    for each row execute function crm.check_activity();
create trigger activity_of_customer after insert or update of customer_id on crm.activity
    for each row execute function crm.stay_with_customer();
create trigger activity_touch before update on crm.activity
    for each row execute function crm.touch();
-- last of the opportunity's triggers: give_row ends the assignment that it is called from
create trigger opportunity_pass_on after update of owner_id, team_id on crm.opportunity
    for each row
    when (old.owner_id is distinct from new.owner_id or old.team_id is distinct from new.team_id)
    execute function crm.hand_over_activities();

comment on trigger activity_check on crm.activity is
    'Opportunity and document are its customer''s.';
comment on trigger activity_of_customer on crm.activity is 'Merged and moved customers get no activities.';
comment on trigger activity_touch on crm.activity is 'updated_at is the time of the last change.';
comment on trigger opportunity_pass_on on crm.opportunity is
    'What its owner has to do for it goes to the new owner.';
