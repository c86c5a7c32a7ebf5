-- What people say of the forecast, beside what follows from the opportunities: the employee whose
-- they are (level owner), and whoever leads (level manager), for a month of the fiscal calendar
-- and a category. What one says later takes the place of what was said before, which the audit
-- knows; the manager's counts before the owner's, and neither changes the other's
-- (report.forecast).

create table crm.forecast_override (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    employee_id uuid not null,
    team_id uuid,
    fiscal_year int not null,
    period int not null,
    category text not null,
    level text not null,
    amount numeric not null,
    currency text not null,
    reason text,
    made_by uuid,
    made_at timestamptz not null default now(),
    constraint forecast_override_pkey primary key (tenant_id, id),
    constraint forecast_override_key unique nulls not distinct
        (tenant_id, employee_id, team_id, fiscal_year, period, category, level),
    constraint forecast_override_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint forecast_override_employee_fkey foreign key (employee_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint forecast_override_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint forecast_override_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint forecast_override_made_by_fkey foreign key (made_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint forecast_override_category_is_known
        check (category in ('pipeline', 'best_case', 'commit')),
    constraint forecast_override_level_is_known check (level in ('owner', 'manager')),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint forecast_override_amount_in_range check (amount >= 0 and amount < 1e15),
    constraint forecast_override_reason_length check (length(reason) <= 500)
);

create index forecast_override_id on crm.forecast_override (id);  -- as of all that is looked up
create index forecast_override_team on crm.forecast_override (tenant_id, team_id);

comment on table crm.forecast_override is
    'What owner and manager say of an employee''s forecast of a month.';
-- override_forecast refuses with these words
comment on constraint forecast_override_category_is_known on crm.forecast_override is
    'category must be pipeline, best_case or commit';
comment on constraint forecast_override_level_is_known on crm.forecast_override is
    'level is owner or manager';
comment on constraint forecast_override_amount_in_range on crm.forecast_override is
    'amount must be a number from 0 to below 1e15';
comment on constraint forecast_override_reason_length on crm.forecast_override is
    'reason must be at most 500 characters';
comment on column crm.forecast_override.employee_id is
    'The principal whose opportunities it is about.';
comment on column crm.forecast_override.team_id is 'The team that it counts for; null: none.';
comment on column crm.forecast_override.period is 'The month of the fiscal year, from 1.';
comment on column crm.forecast_override.category is 'pipeline, best_case or commit.';
comment on column crm.forecast_override.level is
    'owner: the employee says so; manager: somebody else, whose word counts first.';
comment on column crm.forecast_override.amount is
    'What the category is expected to be in that month, in currency.';
comment on column crm.forecast_override.currency is 'The tenant''s, when it was said.';
comment on column crm.forecast_override.reason is 'Why it differs from the opportunities.';
comment on column crm.forecast_override.made_by is 'The principal who said so last.';
comment on column crm.forecast_override.made_at is 'When that was.';

select mandant.protect(
    'crm.forecast_override', object => 'forecast', owner => 'employee_id', team => 'team_id',
    audit => true
);

alter table crm.forecast_override owner to crm_owner;
revoke all on crm.forecast_override from public;
grant select, delete,
    insert (tenant_id, employee_id, team_id, fiscal_year, period, category, amount, reason),
    update (amount, reason)
    on crm.forecast_override to mandant_user;

create function crm.check_forecast_override() returns trigger
    language plpgsql
    security definer -- asks functions that are not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    mine constant boolean := coalesce(
        case tg_op when 'DELETE' then old.employee_id else new.employee_id end
            = mandant_internal.me(),
        false
    );
begin
    if tg_op = 'INSERT' then
        if not mandant_internal.in_tenant('forecast', 'create', new.tenant_id) then
            return new;  -- row security refuses it, whatever else is wrong
        end if;
        perform crm.require_seller(new.tenant_id, new.employee_id, new.team_id),
            crm.fiscal_days(new.tenant_id, new.fiscal_year, 'month', new.period);
        new.level := case when mine then 'owner' else 'manager' end;
        new.currency := (select t.currency from mandant.tenant as t where t.id = new.tenant_id);
    elsif mine <> (old.level = 'owner') and (mine or tg_op = 'UPDATE') then
        raise exception 'that is what the % says of the forecast', old.level
            using errcode = 'insufficient_privilege',
                hint = 'say what you expect with crm.override_forecast: it stands beside the other';
    elsif tg_op = 'UPDATE' then
        perform crm.require_seller(new.tenant_id, new.employee_id, new.team_id);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.amount := round(
        new.amount, (select c.minor_unit from crm.currency as c where c.code = new.currency)
    );
    new.made_by := mandant_internal.me();
    new.made_at := now();
    return new;
end
$$;

comment on function crm.check_forecast_override() is
    'Trigger: who says it decides the level, and changes no other''s.

Errors: 22023 no such employee, team or month; 42501 it is what the other level says. Whoever may
delete the owner''s may; the owner does not delete the manager''s.';

create function crm.override_forecast(
    category text,
    amount numeric,
    fiscal_year int,
    period int,
    employee text default null,
    team text default null,
    reason text default null
) returns crm.forecast_override
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    override crm.forecast_override;
    whose mandant.principal;
    named_team mandant.team;
    missing name;
    broken name;
begin
    if employee is not null then
        whose := crm.employee_named(employee);
    else
        select p.* into whose from mandant.principal as p where p.id = mandant_internal.me();
        if not found then
            raise exception 'no employee is named'
                using errcode = 'invalid_parameter_value',
                    hint = 'employee => an e-mail, or select your own tenant';
        end if;
    end if;
    if team is null then
        override.team_id := crm.team_of(whose.tenant_id, whose.id);
    elsif team <> '' then
        named_team := crm.team_named(team);
        override.team_id := named_team.id;
    end if;
    perform mandant_internal.require_row(
        'forecast', 'create', whose.tenant_id, whose.id, override.team_id, null
    );
    insert into crm.forecast_override (
        tenant_id, employee_id, team_id, fiscal_year, period, category, amount, reason
    ) values (
        whose.tenant_id, whose.id, override.team_id, override_forecast.fiscal_year,
        override_forecast.period, override_forecast.category, override_forecast.amount,
        nullif(override_forecast.reason, '')
    )
    on conflict on constraint forecast_override_key do update
    set amount = excluded.amount, reason = excluded.reason
    returning * into override;
    return override;
exception
    when check_violation or not_null_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%', crm.rule_in_words('crm.forecast_override', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = '\d crm.forecast_override shows what its columns take';
end
$$;

comment on function crm.override_forecast(text, numeric, int, int, text, text, text) is
    'Says what an employee''s forecast of a month is, in place of what one said before.

category: pipeline, best_case or commit. amount: in the tenant''s currency. period: month of the
fiscal year. employee: e-mail or login name, default you; of your own it is the owner''s word, of
others the manager''s, which counts first. team: what it counts for, default the team joined first,
empty for none. Delete the row in crm.forecast_override to take it back. Errors: 22023 bad value, no
such month, or not in the team; 42704 no such employee or team; 42501 no right.';

alter function crm.check_forecast_override() owner to crm_owner;
alter function crm.override_forecast(text, numeric, int, int, text, text, text) owner to crm_owner;
revoke all on function
    crm.check_forecast_override(),
    crm.override_forecast(text, numeric, int, int, text, text, text)
    from public;
grant execute on function crm.override_forecast(text, numeric, int, int, text, text, text)
    to mandant_user;

create trigger forecast_override_check
    before insert or update or delete on crm.forecast_override
    for each row execute function crm.check_forecast_override();

comment on trigger forecast_override_check on crm.forecast_override is
    'Who says it decides the level, and changes no other''s.';
