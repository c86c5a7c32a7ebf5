-- The stages that an opportunity goes through. The group has some; a tenant that has any of its own
-- uses its own and none of the group's, all others inherit, so that what the group changes shows in
-- them at once. A code and its outcome stay what they are, because opportunities and their history
-- name them; whoever wants others makes another stage and takes the old one out of use.

create table crm.default_stage (
    code text not null,
    names jsonb not null,
    position int not null,
    probability numeric not null,
    forecast_category text not null,
    outcome text not null default 'open',
    active boolean not null default true,
    constraint default_stage_pkey primary key (code),
    constraint default_stage_code_is_word check (code ~ '^[a-z]+(_[a-z0-9]+)*$'),
    constraint default_stage_code_length check (length(code) <= 63),
    constraint default_stage_names_are_texts check (crm.is_texts(names)),
    constraint default_stage_position_in_range check (position > 0),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint default_stage_probability_is_percent check (probability between 0 and 100),
    constraint default_stage_outcome_is_known check (outcome in ('open', 'won', 'lost')),
    constraint default_stage_forecast_category_fits_outcome check (
        case outcome
            when 'won' then probability = 100 and forecast_category = 'closed'
            when 'lost' then probability = 0 and forecast_category = 'omitted'
            else forecast_category in ('pipeline', 'best_case', 'commit', 'omitted')
        end
    )
);

comment on table crm.default_stage is
    'The stages of the group, for tenants that have none of their own.';
comment on column crm.default_stage.code is 'What an opportunity names it by, such as qualify.';
comment on column crm.default_stage.names is 'Name by language, at least English.';
comment on column crm.default_stage.position is 'Its place among the stages, from 1.';
comment on column crm.default_stage.probability is
    'Percent of opportunities that are won from here: 20 stands for 20 %.';
comment on column crm.default_stage.forecast_category is
    'Where the forecast counts it: pipeline, best_case, commit, closed (won), omitted (lost).';
comment on column crm.default_stage.outcome is
    'open; won or lost: an opportunity that enters it is closed. Stays as it is.';
comment on column crm.default_stage.active is
    'false: nothing enters it any more; what is in it stays until it is moved.';

alter table crm.default_stage owner to crm_owner;
select mandant.share('crm.default_stage', 'shared_data');
revoke all on crm.default_stage from public;
-- neither delete nor code nor outcome: whoever keeps these does not see who uses them
grant select,
    insert (code, names, position, probability, forecast_category, outcome, active),
    update (names, position, probability, forecast_category, active)
    on crm.default_stage to mandant_user;

insert into crm.default_stage (
    code, position, probability, forecast_category, outcome, names
) values
    ('qualify', 1, 10, 'pipeline', 'open',
        '{"de": "Qualifizieren", "en": "Qualify", "zh-Hant": "評估"}'),
    ('develop', 2, 30, 'pipeline', 'open',
        '{"de": "Entwickeln", "en": "Develop", "zh-Hant": "發展"}'),
    ('propose', 3, 60, 'best_case', 'open',
        '{"de": "Anbieten", "en": "Propose", "zh-Hant": "提案"}'),
    ('negotiate', 4, 80, 'commit', 'open',
        '{"de": "Verhandeln", "en": "Negotiate", "zh-Hant": "議價"}'),
    ('won', 5, 100, 'closed', 'won',
        '{"de": "Gewonnen", "en": "Won", "zh-Hant": "成交"}'),
    ('lost', 6, 0, 'omitted', 'lost',
        '{"de": "Verloren", "en": "Lost", "zh-Hant": "失去"}');

create table crm.stage (
    tenant_id int not null default mandant.current_tenant(),
    code text not null,
    names jsonb not null,
    position int not null,
    probability numeric not null,
    forecast_category text not null,
    outcome text not null default 'open',
    active boolean not null default true,
    constraint stage_pkey primary key (tenant_id, code),
    constraint stage_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint stage_code_is_word check (code ~ '^[a-z]+(_[a-z0-9]+)*$'),
    constraint stage_code_length check (length(code) <= 63),
    constraint stage_names_are_texts check (crm.is_texts(names)),
    constraint stage_position_in_range check (position > 0),
    constraint stage_probability_is_percent check (probability between 0 and 100),
    constraint stage_outcome_is_known check (outcome in ('open', 'won', 'lost')),
    constraint stage_forecast_category_fits_outcome check (
        case outcome
            when 'won' then probability = 100 and forecast_category = 'closed'
            when 'lost' then probability = 0 and forecast_category = 'omitted'
            else forecast_category in ('pipeline', 'best_case', 'commit', 'omitted')
        end
    )
);

comment on table crm.stage is
    'A tenant''s own stages; if it has any, the group''s do not count for it.';
comment on constraint stage_code_is_word on crm.stage is
    'code must be small letters, digits and single underscores';
comment on constraint stage_code_length on crm.stage is 'code must be at most 63 characters';
comment on constraint stage_names_are_texts on crm.stage is
    'names must be texts by language, at least English';
comment on constraint stage_position_in_range on crm.stage is 'position must be above 0';
comment on constraint stage_probability_is_percent on crm.stage is
    'probability must be from 0 to 100';
comment on constraint stage_outcome_is_known on crm.stage is 'outcome must be open, won or lost';
comment on constraint stage_forecast_category_fits_outcome on crm.stage is
    'won takes 100 and closed, lost takes 0 and omitted, open any but closed';
comment on column crm.stage.code is 'What an opportunity names it by, such as qualify.';
comment on column crm.stage.names is 'Name by language, at least English.';
comment on column crm.stage.position is 'Its place among the stages, from 1.';
comment on column crm.stage.probability is
    'Percent of opportunities that are won from here: 20 stands for 20 %.';
comment on column crm.stage.forecast_category is
    'Where the forecast counts it: pipeline, best_case, commit, closed (won), omitted (lost).';
comment on column crm.stage.outcome is
    'open; won or lost: an opportunity that enters it is closed. Stays as it is.';
comment on column crm.stage.active is
    'false: nothing enters it any more, and no open opportunity is in it.';

select mandant.protect('crm.stage', audit => true);

alter table crm.stage owner to crm_owner;
revoke all on crm.stage from public;
grant select, delete,
    insert (tenant_id, code, names, position, probability, forecast_category, outcome, active),
    update (names, position, probability, forecast_category, active)
    on crm.stage to mandant_user;
select mandant.accept_copy('crm.stage');

create view crm.effective_stage with (security_invoker = true) as
select
    t.id as tenant_id,
    s.code,
    s.names,
    crm.in_language(s.names, t.locale) as name,
    s.position,
    s.probability,
    s.forecast_category,
    s.outcome,
    s.inherited,
    s.active
from mandant.tenant as t
cross join lateral (
    select
        o.code, o.names, o.position, o.probability, o.forecast_category, o.outcome, o.active,
        false as inherited
    from crm.stage as o
    where o.tenant_id = t.id
    union all
    select
        d.code, d.names, d.position, d.probability, d.forecast_category, d.outcome, d.active,
        true
    from crm.default_stage as d
    where not exists (select from crm.stage as o where o.tenant_id = t.id)
) as s
-- who may not see a tenant's own stages must not take the group's for them
where mandant_internal.in_whole_tenant('stage', 'read', t.id);

comment on view crm.effective_stage is
    'The stages of each tenant that you have selected: its own, or the group''s.

Opportunities enter those that are active.';
comment on column crm.effective_stage.name is 'Its name in the tenant''s language.';
comment on column crm.effective_stage.position is 'Its place among the stages, from 1.';
comment on column crm.effective_stage.probability is 'Percent: 20 stands for 20 %.';
comment on column crm.effective_stage.forecast_category is
    'pipeline, best_case, commit, closed or omitted.';
comment on column crm.effective_stage.outcome is 'open, won or lost.';
comment on column crm.effective_stage.inherited is
    'true: the group''s, because the tenant has none of its own.';

alter view crm.effective_stage owner to crm_owner;
revoke all on crm.effective_stage from public;
grant select on crm.effective_stage to mandant_user;

create function crm.keep_stages_in_use() returns trigger
    language plpgsql
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    changed_tenant int;
    in_use record;
begin
    for changed_tenant in select distinct c.tenant_id from changed as c loop
        -- who does not see all opportunities cannot know of those that a stage is needed for
        perform mandant_internal.require_whole('opportunity', 'read', changed_tenant);
        select o.stage, o.outcome, o.opportunities into in_use
        from (
            select o.stage, o.outcome, count(*) as opportunities
            from crm.opportunity as o
            where o.tenant_id = changed_tenant
            group by o.stage, o.outcome
        ) as o
        left join crm.effective_stage as s
            on s.tenant_id = changed_tenant and s.code = o.stage and s.outcome = o.outcome
        where s.code is null or not s.active and o.outcome = 'open'
        order by o.stage collate "C"
        limit 1;
        if found then
            raise exception 'stage "%" has opportunities (%: %)',
                in_use.stage, in_use.outcome, in_use.opportunities
                using errcode = 'restrict_violation',
                    hint = case tg_op
                        when 'INSERT' then format('insert all stages in one statement, "%s" among'
                            ' them, or move the opportunities first', in_use.stage)
                        else 'move them to another stage first; where only closed ones are in it,'
                            ' set active to false instead of deleting it'
                    end;
        end if;
    end loop;
    return null;
end
$$;

comment on function crm.keep_stages_in_use() is
    'Trigger: refuses (23001) to leave opportunities in a stage that there is not.

Nor may open ones be in a stage that is not active. That holds for a tenant''s first own stages,
too, which take the place of the group''s. Needs to see all opportunities of the tenant (42501).';

alter function crm.keep_stages_in_use() owner to crm_owner;
revoke all on function crm.keep_stages_in_use() from public;

create trigger stage_keep_in_use_insert after insert on crm.stage
    referencing new table as changed
    for each statement execute function crm.keep_stages_in_use();
create trigger stage_keep_in_use_update after update on crm.stage
    referencing new table as changed
    for each statement execute function crm.keep_stages_in_use();
create trigger stage_keep_in_use_delete after delete on crm.stage
    referencing old table as changed
    for each statement execute function crm.keep_stages_in_use();

comment on trigger stage_keep_in_use_insert on crm.stage is
    'The first own stages have a place for every opportunity.';
comment on trigger stage_keep_in_use_update on crm.stage is
    'Open opportunities are in active stages.';
comment on trigger stage_keep_in_use_delete on crm.stage is
    'A stage that opportunities are in stays.';
