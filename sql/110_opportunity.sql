-- Opportunities: what a customer may buy, how much, when, and how likely it is. One belongs to its
-- customer's tenant and goes through that tenant's stages (crm.effective_stage); moving it is an
-- ordinary update of its stage, which closes or reopens it and is written to crm.stage_change.
-- Probability and forecast category are the stage's, unless the opportunity has its own.

create table crm.opportunity (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    customer_id uuid not null,
    name text not null,
    stage text not null,
    outcome text not null default 'open',
    probability numeric,
    forecast_category text,
    amount numeric,
    currency text not null,
    expected_close date,
    source text,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    closed_at timestamptz,
    closed_on date,
    lost_reason text,
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    updated_at timestamptz not null default now(),
    constraint opportunity_pkey primary key (tenant_id, id),
    constraint opportunity_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint opportunity_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete restrict,
    constraint opportunity_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint opportunity_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint opportunity_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint opportunity_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint opportunity_name_is_filled check (name ~ '\S'),
    constraint opportunity_name_length check (length(name) <= 500),
    constraint opportunity_outcome_is_known check (outcome in ('open', 'won', 'lost')),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint opportunity_probability_is_percent check (probability between 0 and 100),
    constraint opportunity_forecast_category_is_known
        check (forecast_category in ('pipeline', 'best_case', 'commit', 'omitted')),
    constraint opportunity_amount_in_range check (amount >= 0 and amount < 1e15),
    constraint opportunity_expected_close_in_range
        check (expected_close between '1900-01-01' and '9999-12-31'),
    constraint opportunity_closed_is_whole check (
        (outcome = 'open') = (closed_at is null) and (outcome = 'open') = (closed_on is null)
    ),
    constraint opportunity_closed_is_certain
        check (outcome = 'open' or probability is null and forecast_category is null),
    constraint opportunity_lost_reason_of_lost check (lost_reason is null or outcome = 'lost')
);

create index opportunity_id on crm.opportunity (id);  -- who reads many tenants looks up by id alone
create index opportunity_customer on crm.opportunity (tenant_id, customer_id);
create index opportunity_owner on crm.opportunity (tenant_id, owner_id);
create index opportunity_team on crm.opportunity (tenant_id, team_id);
create index opportunity_stage on crm.opportunity (tenant_id, stage);
create index opportunity_expected_close on crm.opportunity (tenant_id, expected_close)
    where outcome = 'open';
create index opportunity_closed_on on crm.opportunity (tenant_id, closed_on)
    where outcome <> 'open';

comment on table crm.opportunity is 'What customers may buy, and how likely it is.';
-- create_opportunity refuses with these words
comment on constraint opportunity_name_is_filled on crm.opportunity is
    'name must be more than blanks';
comment on constraint opportunity_name_length on crm.opportunity is
    'name must be at most 500 characters';
comment on constraint opportunity_amount_in_range on crm.opportunity is
    'amount must be a number from 0 to below 1e15';
comment on constraint opportunity_probability_is_percent on crm.opportunity is
    'probability must be from 0 to 100';
comment on constraint opportunity_expected_close_in_range on crm.opportunity is
    'expected_close must be from 1900-01-01 to 9999-12-31';
comment on constraint opportunity_outcome_is_known on crm.opportunity is
    'outcome must be open, won or lost';
comment on constraint opportunity_forecast_category_is_known on crm.opportunity is
    'forecast_category must be pipeline, best_case, commit or omitted';
comment on constraint opportunity_closed_is_whole on crm.opportunity is
    'what is won or lost was so at a time';
comment on constraint opportunity_closed_is_certain on crm.opportunity is
    'what is won or lost has no probability or forecast_category';
comment on constraint opportunity_lost_reason_of_lost on crm.opportunity is
    'lost_reason is for what is lost';

comment on column crm.opportunity.name is 'What it is about, such as ERP for the second plant.';
comment on column crm.opportunity.stage is
    'Code in crm.effective_stage; when it is made without one: the first that is open.';
comment on column crm.opportunity.outcome is 'open, won or lost, as its stage has it.';
comment on column crm.opportunity.probability is
    'Its own percentage; null: the stage''s. Closing takes it away.';
comment on column crm.opportunity.forecast_category is
    'Its own: pipeline, best_case, commit or omitted; null: the stage''s. Closing takes it away.';
comment on column crm.opportunity.amount is
    'What it is worth net, in its currency, rounded to the minor unit; null: not known yet.';
comment on column crm.opportunity.currency is 'By default the customer''s, or the tenant''s.';
comment on column crm.opportunity.expected_close is 'Day on which the customer is to decide.';
comment on column crm.opportunity.source is 'Where it comes from, such as trade fair.';
comment on column crm.opportunity.owner_id is 'The principal who pursues it.';
comment on column crm.opportunity.team_id is 'The team it belongs to.';
comment on column crm.opportunity.closed_at is 'When it was won or lost; null: it is open.';
comment on column crm.opportunity.closed_on is 'That day in the tenant''s time zone.';
comment on column crm.opportunity.lost_reason is
    'Why it was lost; goes when it is opened again.';

select mandant.protect('crm.opportunity', owner => 'owner_id', team => 'team_id', audit => true);

alter table crm.opportunity owner to crm_owner;
revoke all on crm.opportunity from public;
-- not id, outcome and closing, which follow; it stays its customer's, merges apart
grant select, delete,
    insert (tenant_id, customer_id, name, stage, probability, forecast_category, amount, currency,
        expected_close, source, owner_id, team_id, lost_reason),
    update (name, stage, probability, forecast_category, amount, currency, expected_close, source,
        owner_id, team_id, lost_reason)
    on crm.opportunity to mandant_user;
select mandant.accept_copy('crm.opportunity');

create function crm.enter_stage(opportunity crm.opportunity, was crm.opportunity)
    returns crm.opportunity
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    entered record;
    stages text;
begin
    select s.code, s.outcome into entered
    from crm.effective_stage as s
    where s.tenant_id = opportunity.tenant_id and s.active
        and (s.code = opportunity.stage
            or opportunity.stage is null and was is null and s.outcome = 'open')
    order by s.position, s.code collate "C"
    limit 1;
    if not found then
        stages := (
            select string_agg(s.code, ', ' order by s.position, s.code collate "C")
            from crm.effective_stage as s
            where s.tenant_id = opportunity.tenant_id and s.active
        );
        if stages is null then
            perform mandant_internal.require_whole('stage', 'read', opportunity.tenant_id);
        end if;
        raise exception 'no stage %', coalesce('"' || opportunity.stage || '"', 'to begin with')
            using errcode = 'invalid_parameter_value',
                hint = coalesce('the tenant''s stages are: ' || stages,
                    'give the tenant stages in crm.stage');
    end if;

    opportunity.stage := entered.code;
    opportunity.outcome := entered.outcome;
    if was.outcome = 'lost' and entered.outcome <> 'lost' then
        opportunity.lost_reason := null;
    end if;
    if entered.outcome = 'open' then
        opportunity.closed_at := null;
        opportunity.closed_on := null;
    else
        opportunity.probability := null;
        opportunity.forecast_category := null;
        if entered.outcome is distinct from was.outcome then
            -- said by an import only, as it is made
            if was is not null or opportunity.closed_on is null then
                opportunity.closed_at := now();
                opportunity.closed_on := mandant_internal.day_in(
                    (select t.timezone from mandant.tenant as t where t.id = opportunity.tenant_id),
                    now()
                );
            end if;
        end if;
    end if;
    return opportunity;
end
$$;

comment on function crm.enter_stage(crm.opportunity, crm.opportunity) is
    'What an opportunity is in its stage, or refuses (22023) one that its tenant has not.';

create function crm.check_opportunity() returns trigger
    language plpgsql
    security definer -- asks a function that is not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
begin
    if tg_op = 'INSERT' then
        if not mandant_internal.in_tenant('opportunity', 'create', new.tenant_id) then
            return new;  -- row security refuses it, whatever else is wrong
        end if;
        -- the foreign key sees more than the writer, and would tell what is out of sight from nothing
        select c.* into customer
        from crm.customer as c
        where c.tenant_id = new.tenant_id and c.id = new.customer_id;
        if not found and new.customer_id is not null then
            perform crm.refuse_customer(new.customer_id);
        end if;
        new.currency := coalesce(
            new.currency,
            customer.currency,
            (select t.currency from mandant.tenant as t where t.id = new.tenant_id)
        );
        new := crm.enter_stage(new, null);
    elsif new.stage <> old.stage then
        new := crm.enter_stage(new, old);
    end if;

    if tg_op = 'INSERT' or new.currency <> old.currency then
        perform crm.require_currency(new.currency, current_date);
    end if;
    if new.amount is not null then
        new.amount := round(
            new.amount, (select c.minor_unit from crm.currency as c where c.code = new.currency)
        );
    end if;
    return new;
end
$$;

comment on function crm.check_opportunity() is
    'Trigger: customer, stage and currency are there; closes, reopens, rounds.

Errors: P0002 a customer whom its writer does not see, 22023 no such stage or currency.';

create function crm.stay_with_customer() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
begin
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = new.tenant_id and c.id = new.customer_id;
    if not found then
        perform crm.refuse_customer(new.customer_id);
    elsif customer.state = 'merged' then
        raise exception 'customer "%" is merged into another', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format('make it for customer %s', customer.merged_into);
    elsif customer.state = 'moved' then
        raise exception 'customer "%" has moved to another tenant', customer.name
            using errcode = 'invalid_parameter_value',
                hint = format('make it for %s', crm.moved_to(customer));
    end if;
    return null;
end
$$;

comment on function crm.stay_with_customer() is
    'Trigger: it is for a customer whom its writer sees (P0002), not merged nor moved (22023).

After the row, when the foreign key has waited for a merge or move under way.';

create function crm.create_opportunity(
    customer_id uuid,
    name text,
    amount numeric default null,
    currency text default null,
    expected_close date default null,
    stage text default null,
    probability numeric default null,
    source text default null,
    owner_id uuid default null
) returns crm.opportunity
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    opportunity crm.opportunity;
    missing name;
    broken name;
begin
    select c.* into customer from crm.customer as c where c.id = create_opportunity.customer_id;
    if not found then
        perform crm.refuse_customer(customer_id);
    end if;
    insert into crm.opportunity (
        tenant_id, customer_id, name, amount, currency, expected_close, stage, probability, source,
        owner_id, team_id
    ) values (
        customer.tenant_id, customer.id, create_opportunity.name, create_opportunity.amount,
        create_opportunity.currency, create_opportunity.expected_close, create_opportunity.stage,
        create_opportunity.probability, nullif(create_opportunity.source, ''),
        coalesce(create_opportunity.owner_id, mandant_internal.me()),
        coalesce(mandant_internal.my_team(), customer.team_id)
    ) returning * into opportunity;
    return opportunity;
exception
    when check_violation or not_null_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%', crm.rule_in_words('crm.opportunity', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = '\d crm.opportunity shows what its columns take';
end
$$;

comment on function crm.create_opportunity(
    uuid, text, numeric, text, date, text, numeric, text, uuid
) is
    'Makes an opportunity for a customer, in the customer''s tenant, and returns it.

amount: net, in currency, which is by default the customer''s, or the tenant''s. stage: a code of
crm.effective_stage, default the first that is open. probability: percent, default the stage''s.
owner_id: default you. Errors: P0002 no such customer, 22023 bad value or a merged customer, 42501
no right to create opportunities there.';

alter function crm.enter_stage(crm.opportunity, crm.opportunity) owner to crm_owner;
alter function crm.check_opportunity() owner to crm_owner;
alter function crm.stay_with_customer() owner to crm_owner;
alter function crm.create_opportunity(uuid, text, numeric, text, date, text, numeric, text, uuid)
    owner to crm_owner;
revoke all on function
    crm.enter_stage(crm.opportunity, crm.opportunity),
    crm.check_opportunity(),
    crm.stay_with_customer(),
    crm.create_opportunity(uuid, text, numeric, text, date, text, numeric, text, uuid)
    from public;
grant execute on function
    crm.create_opportunity(uuid, text, numeric, text, date, text, numeric, text, uuid)
    to mandant_user;

create trigger opportunity_check before insert or update of stage, amount, currency
    on crm.opportunity for each row execute function crm.check_opportunity();
create trigger opportunity_of_customer after insert or update of customer_id on crm.opportunity
    for each row execute function crm.stay_with_customer();
create trigger opportunity_touch before update on crm.opportunity
    for each row execute function crm.touch();

comment on trigger opportunity_check on crm.opportunity is
    'Stage and currency are there, and the stage says whether it is closed.';
comment on trigger opportunity_of_customer on crm.opportunity is
    'Merged and moved customers get no opportunities.';
comment on trigger opportunity_touch on crm.opportunity is
    'updated_at is the time of the last change.';
