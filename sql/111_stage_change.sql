-- The way of an opportunity through the stages: a row for each change, the first when it is made,
-- with what it was worth then. Written by a trigger and changed by nobody; it repeats owner and
-- team of the opportunity, so that whoever sees that sees its history, and leaves with it only.

create table crm.stage_change (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    opportunity_id uuid not null,
    owner_id uuid,
    team_id uuid,
    from_stage text,
    to_stage text not null,
    outcome text not null,
    probability numeric not null,
    amount numeric,
    currency text not null,
    changed_at timestamptz not null default now(),
    changed_by uuid default mandant_internal.me(),
    constraint stage_change_pkey primary key (tenant_id, id),
    constraint stage_change_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint stage_change_opportunity_fkey foreign key (tenant_id, opportunity_id)
        references crm.opportunity (tenant_id, id) on delete cascade,
    constraint stage_change_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint stage_change_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint stage_change_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint stage_change_changed_by_fkey foreign key (changed_by)
        references mandant_internal.principal (id) on delete restrict
);

create index stage_change_opportunity on crm.stage_change (tenant_id, opportunity_id, id);

comment on table crm.stage_change is
    'Every change of an opportunity''s stage, in the order of their ids.';
comment on column crm.stage_change.owner_id is 'The opportunity''s owner.';
comment on column crm.stage_change.team_id is 'The opportunity''s team.';
comment on column crm.stage_change.from_stage is 'Where it came from; null: it was made.';
comment on column crm.stage_change.to_stage is 'The stage that it entered.';
comment on column crm.stage_change.outcome is 'open, won or lost: what that stage means.';
comment on column crm.stage_change.probability is
    'Percent at that moment: the opportunity''s own, or the stage''s.';
comment on column crm.stage_change.amount is 'What it was worth at that moment, in currency.';
comment on column crm.stage_change.changed_by is 'The principal who moved it.';

-- its own history needs no audit
select mandant.protect(
    'crm.stage_change', object => 'opportunity', owner => 'owner_id', team => 'team_id'
);

alter table crm.stage_change owner to crm_owner;
revoke all on crm.stage_change from public;
grant select on crm.stage_change to mandant_user;

create function crm.write_stage_change() returns trigger
    language plpgsql
    security definer -- users do not write history; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    insert into crm.stage_change (
        tenant_id, opportunity_id, owner_id, team_id, from_stage, to_stage, outcome, probability,
        amount, currency
    ) values (
        new.tenant_id, new.id, new.owner_id, new.team_id,
        case when tg_op = 'UPDATE' then old.stage end,
        new.stage,
        new.outcome,
        coalesce(new.probability, (
            select s.probability
            from crm.effective_stage as s
            where s.tenant_id = new.tenant_id and s.code = new.stage
        )),
        new.amount,
        new.currency
    );
    return null;
end
$$;

comment on function crm.write_stage_change() is
    'Trigger: writes down which stage an opportunity enters.

That is a new row of the opportunity: it takes the right to create one, besides that to update.';

create function crm.keep_stage_change() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and crm.changes_hands(to_jsonb(old), to_jsonb(new)) then
        return new;  -- follows its opportunity
    elsif tg_op = 'DELETE' and not exists (
        select from crm.opportunity as o
        where o.tenant_id = old.tenant_id and o.id = old.opportunity_id
    ) then
        return old;  -- leaves with its opportunity
    end if;
    raise exception 'the history of opportunities stays as it is'
        using errcode = 'restrict_violation',
            hint = 'move the opportunity: update its stage in crm.opportunity';
end
$$;

comment on function crm.keep_stage_change() is
    'Trigger: refuses (23001) to change, delete or truncate the history of an opportunity.';

create function crm.follow_opportunity() returns trigger
    language plpgsql
    security definer -- users do not write history; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    update crm.stage_change as c
    set owner_id = new.owner_id, team_id = new.team_id
    where c.tenant_id = new.tenant_id and c.opportunity_id = new.id;
    return null;
end
$$;

comment on function crm.follow_opportunity() is
    'Trigger: the history has the owner and team of its opportunity.';

alter function crm.write_stage_change() owner to crm_owner;
alter function crm.keep_stage_change() owner to crm_owner;
alter function crm.follow_opportunity() owner to crm_owner;
revoke all on function
    crm.write_stage_change(), crm.keep_stage_change(), crm.follow_opportunity()
    from public;

create trigger opportunity_begin after insert on crm.opportunity
    for each row execute function crm.write_stage_change();
create trigger opportunity_move after update of stage on crm.opportunity
    for each row when (old.stage is distinct from new.stage)
    execute function crm.write_stage_change();
create trigger opportunity_follow_owner after update of owner_id, team_id on crm.opportunity
    for each row
    when (old.owner_id is distinct from new.owner_id or old.team_id is distinct from new.team_id)
    execute function crm.follow_opportunity();
create trigger stage_change_keep before update or delete on crm.stage_change
    for each row execute function crm.keep_stage_change();
create trigger stage_change_keep_table before truncate on crm.stage_change
    for each statement execute function crm.keep_stage_change();

comment on trigger opportunity_begin on crm.opportunity is
    'The history begins with the first stage.';
comment on trigger opportunity_move on crm.opportunity is 'The history has every change of stage.';
comment on trigger opportunity_follow_owner on crm.opportunity is
    'The history follows to the new owner and team.';
comment on trigger stage_change_keep on crm.stage_change is 'What happened stays as it was.';
comment on trigger stage_change_keep_table on crm.stage_change is 'What happened stays.';
