-- Targets: what an employee, a team, a tenant or the group is to reach in a month, quarter or year
-- of the tenant's fiscal calendar. Days and amounts in the currencies of tenant and group are
-- fixed when a target is set, so that neither a new calendar nor a new rate moves it. An
-- employee's target may name the team that it counts for; report.target_gap shows whether parts
-- make up the whole.

create table crm.target (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    scope text not null,
    employee_id uuid,
    team_id uuid,
    measure text not null,
    period_type text not null,
    fiscal_year int not null,
    period int,
    first_day date not null,
    last_day date not null,
    amount numeric not null,
    currency text not null,
    rate_date date not null,
    tenant_amount numeric not null,
    tenant_currency text not null,
    group_amount numeric not null,
    group_currency text not null,
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    updated_at timestamptz not null default now(),
    constraint target_pkey primary key (tenant_id, id),
    constraint target_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint target_employee_fkey foreign key (employee_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint target_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint target_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint target_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint target_scope_is_known check (scope in ('employee', 'team', 'tenant', 'group')),
    constraint target_subject_fits_scope check (
        case scope
            when 'employee' then employee_id is not null
            when 'team' then employee_id is null and team_id is not null
            else employee_id is null and team_id is null
        end
    ),
    constraint target_measure_is_known check (measure in ('revenue', 'bookings')),
    constraint target_period_type_is_known check (period_type in ('month', 'quarter', 'year')),
    constraint target_period_fits_type check ((period_type = 'year') = (period is null)),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint target_amount_in_range check (amount >= 0 and amount < 1e15)
);

-- one per subject and period, also of two that are set at once
create unique index target_key on crm.target (
    tenant_id, scope, coalesce(employee_id, team_id), measure, period_type, fiscal_year, period
) nulls not distinct;
create index target_id on crm.target (id);  -- a reader of many tenants looks up by id alone
create index target_employee on crm.target (tenant_id, employee_id);
create index target_team on crm.target (tenant_id, team_id);

comment on table crm.target is 'What an employee, a team, a tenant or the group is to reach.';
-- set_target refuses with these words
comment on constraint target_scope_is_known on crm.target is
    'scope must be employee, team, tenant or group';
comment on constraint target_subject_fits_scope on crm.target is
    'an employee''s target names the employee, a team''s the team, any other neither';
comment on constraint target_measure_is_known on crm.target is
    'measure must be revenue or bookings';
comment on constraint target_period_type_is_known on crm.target is
    'period_type must be month, quarter or year';
comment on constraint target_period_fits_type on crm.target is
    'a month or quarter takes its number in period, a year none';
comment on constraint target_amount_in_range on crm.target is
    'amount must be a number from 0 to below 1e15';
comment on column crm.target.scope is
    'Whose it is: employee, team, tenant; group: of the tenant and all below it.';
comment on column crm.target.employee_id is
    'The principal whose target it is; null: nobody''s own.';
comment on column crm.target.team_id is
    'The team whose target it is, or which the employee''s counts for; null: none.';
comment on column crm.target.measure is
    'revenue: posted invoices less credit notes, net; bookings: opportunities won.';
comment on column crm.target.period_type is 'month, quarter or year of the fiscal calendar.';
comment on column crm.target.fiscal_year is 'Of the tenant (mandant.fiscal_period).';
comment on column crm.target.period is
    'The month or quarter of the fiscal year, from 1; null: year.';
comment on column crm.target.first_day is
    'Of the period, by the calendar as it was when the target was set.';
comment on column crm.target.last_day is
    'Of the period, by the calendar as it was when the target was set.';
comment on column crm.target.amount is 'In currency, rounded to its minor unit.';
comment on column crm.target.currency is
    'By default the tenant''s; of a target of the group: the group''s.';
comment on column crm.target.rate_date is
    'Whose daily exchange rates count, by default the day on which it was set.';
comment on column crm.target.tenant_amount is 'The amount in the tenant''s currency.';
comment on column crm.target.tenant_currency is 'The tenant''s currency when it was set.';
comment on column crm.target.group_amount is 'The amount in the group''s currency.';
comment on column crm.target.group_currency is 'Currency of the top tenant when it was set.';

select mandant.protect('crm.target', owner => 'employee_id', team => 'team_id', audit => true);

alter table crm.target owner to crm_owner;
revoke all on crm.target from public;
-- whose it is and for when stays: another is another target
grant select, delete,
    insert (tenant_id, scope, employee_id, team_id, measure, period_type, fiscal_year, period,
        amount, currency, rate_date),
    update (amount, currency, rate_date)
    on crm.target to mandant_user;
select mandant.accept_copy('crm.target');

create function crm.employee_named(employee text) returns mandant.principal
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    named mandant.principal;
begin
    select p.* into named
    from mandant.principal as p
    where p.name = employee_named.employee or p.name = lower(btrim(employee_named.employee))
    order by p.name = employee_named.employee desc
    limit 1;
    if not found then
        raise exception 'no such principal: "%"', employee
            using errcode = 'undefined_object',
                hint = 'select name from mandant.principal, with their tenant selected';
    end if;
    return named;
end
$$;

comment on function crm.employee_named(text) is
    'The employee or login of an e-mail or name, of the selected tenants; else refuses (42704).';

create function crm.team_named(team text) returns mandant.team
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    named mandant.team[];
begin
    named := array(
        select t
        from mandant.team as t
        left join mandant.tenant as h on h.id = t.tenant_id
        where t.name = team or h.code || '/' || t.name = team or t.id::text = team
    );
    if cardinality(named) = 1 then
        return named[1];
    end if;
    raise exception '%', format(
        case cardinality(named)
            when 0 then 'no such team: "%s"'
            else 'there are several teams "%s"'
        end,
        team
    )
        using errcode = case cardinality(named)
                when 0 then 'undefined_object'
                else 'invalid_parameter_value'
            end,
            hint = 'select name from mandant.team; write code/name for a team of one tenant';
end
$$;

comment on function crm.team_named(text) is
    'The team of a name, code/name or id, of the selected tenants; else refuses (42704, 22023).';

create function crm.team_of(tenant_id int, employee_id uuid) returns uuid
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select m.team_id
        from mandant.principal as p
        join mandant.team_member as m on m.principal = p.name
        join mandant.team as t on t.id = m.team_id
        where p.id = team_of.employee_id
            and (t.tenant_id is null or t.tenant_id = team_of.tenant_id)
        order by m.joined_at, m.team_id
        limit 1
    );
end
$$;

comment on function crm.team_of(int, uuid) is
    'Of the teams that somebody is in, in a tenant or across, the one joined first; null: none.';

create function crm.require_seller(tenant_id int, employee_id uuid, team_id uuid) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    code text := (select t.code from mandant.tenant as t where t.id = tenant_id);
    employee mandant.principal;
    team mandant.team;
begin
    if employee_id is not null then
        select p.* into employee
        from mandant.principal as p
        where p.id = employee_id and p.tenant_id = require_seller.tenant_id;
        if not found then
            raise exception 'no employee % of tenant "%"', employee_id, code
                using errcode = 'invalid_parameter_value',
                    hint = 'name one of its own: select id, name from mandant.principal';
        end if;
    end if;
    if team_id is not null then
        select t.* into team
        from mandant.team as t
        where t.id = team_id and (t.tenant_id is null or t.tenant_id = require_seller.tenant_id);
        if not found then
            raise exception 'no team % of tenant "%"', team_id, code
                using errcode = 'invalid_parameter_value',
                    hint = 'name one of its own, or across tenants: select id, name from'
                        ' mandant.team';
        end if;
    end if;
    if employee_id is not null and team_id is not null and not exists (
        select from mandant.team_member as m
        where m.team_id = team.id and m.principal = employee.name
    ) then
        raise exception '"%" is not in team "%"', employee.name, team.name
            using errcode = 'invalid_parameter_value',
                hint = 'name a team of theirs: select team from mandant.team_member';
    end if;
end
$$;

comment on function crm.require_seller(int, uuid, uuid) is
    'Refuses (22023) an employee or team of another tenant, or who is not in the team.

So nobody who sees a team only says what others are to reach.';

create function crm.fiscal_days(
    tenant_id int, fiscal_year int, period_type text, period int,
    out first_day date, out last_day date
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    calendar record;
begin
    if fiscal_year is null or period_type in ('month', 'quarter', 'year') is not true then
        raise exception '%', case
            when fiscal_year is null then 'fiscal_year is missing'
            else 'period_type must be month, quarter or year'
        end
            using errcode = 'invalid_parameter_value',
                hint = 'such as fiscal_year => 2026, period_type => ''quarter'', period => 1';
    end if;
    select min(p.first_day), max(p.last_day) into first_day, last_day
    from mandant.fiscal_period as p
    where p.tenant_id = fiscal_days.tenant_id and p.fiscal_year = fiscal_days.fiscal_year
        and case period_type
            when 'year' then fiscal_days.period is null
            when 'quarter' then p.fiscal_quarter = fiscal_days.period
            when 'month' then p.period = fiscal_days.period
        end;
    if first_day is null then
        select min(p.fiscal_year) as first_year, max(p.fiscal_year) as last_year,
            max(p.period) filter (where p.fiscal_year = fiscal_days.fiscal_year) as months,
            max(p.fiscal_quarter) filter (where p.fiscal_year = fiscal_days.fiscal_year) as quarters
        into calendar
        from mandant.fiscal_period as p
        where p.tenant_id = fiscal_days.tenant_id;
        raise exception 'no % in fiscal year %',
            concat_ws(' ', period_type, period), fiscal_year
            using errcode = 'invalid_parameter_value',
                hint = case
                    when calendar.months is null then format(
                        'the calendar goes from %s to %s', calendar.first_year, calendar.last_year
                    )
                    else format('it has months 1 to %s, quarters 1 to %s, and the year, which'
                        ' takes no number', calendar.months, calendar.quarters)
                end;
    end if;
end
$$;

comment on function crm.fiscal_days(int, int, text, int) is
    'The days of a month, quarter or year of a tenant''s fiscal calendar.

period: the number of the month or quarter; null for the year. Errors: 22023 no such period, or the
year is not from 2000 to ten years ahead.';

create function crm.check_target() returns trigger
    language plpgsql
    security definer -- asks who is above the tenant; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set datestyle = iso  -- messages say dates so
as $$
declare
    tenant mandant.tenant;
    other crm.target;
begin
    if tg_op = 'INSERT' and not mandant_internal.in_tenant('target', 'create', new.tenant_id) then
        return new;  -- row security refuses it, whatever else is wrong
    end if;
    select t.* into tenant from mandant.tenant as t where t.id = new.tenant_id;
    if tg_op = 'INSERT' then
        select d.first_day, d.last_day into new.first_day, new.last_day
        from crm.fiscal_days(new.tenant_id, new.fiscal_year, new.period_type, new.period) as d;
        new.rate_date := coalesce(
            new.rate_date, mandant_internal.day_in(tenant.timezone, now())
        );
        new.tenant_currency := tenant.currency;
        new.group_currency := crm.group_currency(tenant.id);
        new.currency := coalesce(
            new.currency,
            case new.scope when 'group' then new.group_currency else tenant.currency end
        );
    end if;

    if tg_op = 'INSERT' or (new.employee_id, new.team_id) is distinct from
        (old.employee_id, old.team_id)
    then
        perform crm.require_seller(new.tenant_id, new.employee_id, new.team_id);
        select t.* into other
        from crm.target as t
        where t.tenant_id = new.tenant_id and t.id <> new.id
            and (t.scope, t.measure, t.period_type) = (new.scope, new.measure, new.period_type)
            and coalesce(t.employee_id, t.team_id)
                is not distinct from coalesce(new.employee_id, new.team_id)
            and t.first_day <= new.last_day and t.last_day >= new.first_day
        limit 1;
        if found then
            raise exception 'there is a target of % % from % to % already',
                other.amount, other.currency, other.first_day, other.last_day
                using errcode = 'duplicate_object',
                    hint = format('update its amount in crm.target where id = %L', other.id);
        end if;
    end if;

    perform crm.require_currency(new.currency);
    new.amount := round(
        new.amount, (select c.minor_unit from crm.currency as c where c.code = new.currency)
    );
    new.tenant_amount := round(
        new.amount * crm.exchange_rate_on(new.currency, new.tenant_currency, new.rate_date),
        (select c.minor_unit from crm.currency as c where c.code = new.tenant_currency)
    );
    new.group_amount := round(
        new.amount * crm.exchange_rate_on(new.currency, new.group_currency, new.rate_date),
        (select c.minor_unit from crm.currency as c where c.code = new.group_currency)
    );
    return new;
end
$$;

comment on function crm.check_target() is
    'Trigger: gives a target its days and its amounts in the currencies of tenant and group.

Errors: 22023 no such employee, team or period, or no exchange rate; 42710 it overlaps another of
the same subject, measure and type of period.';

create function crm.set_target(
    scope text,
    subject text,
    measure text,
    amount numeric,
    fiscal_year int,
    period_type text default 'year',
    period int default null,
    currency text default null,
    team text default null,
    rate_date date default null
) returns crm.target
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    target crm.target;
    employee mandant.principal;
    named_team mandant.team;
    missing name;
    broken name;
begin
    if team is not null and scope <> 'employee' then
        raise exception 'only an employee''s target counts for a team'
            using errcode = 'invalid_parameter_value',
                hint = 'the target of a team is set_target(''team'', name, ...)';
    end if;
    case scope
        when 'employee' then
            employee := crm.employee_named(subject);
            target.tenant_id := employee.tenant_id;
            target.employee_id := employee.id;
            if team is null then
                target.team_id := crm.team_of(employee.tenant_id, employee.id);
            elsif team <> '' then
                named_team := crm.team_named(team);
                target.team_id := named_team.id;
            end if;
        when 'team' then
            named_team := crm.team_named(subject);
            target.tenant_id := coalesce(named_team.tenant_id, mandant.current_tenant());
            target.team_id := named_team.id;
        when 'tenant', 'group' then
            select t.id into target.tenant_id from mandant.tenant as t where t.code = subject;
            if not found then
                raise exception 'tenant "%" is not available to you', subject
                    using errcode = 'insufficient_privilege',
                        hint = 'select it: set mandant.tenant; mandant.whoami() says what there is';
            end if;
        else
            raise exception 'no scope %', coalesce('"' || scope || '"', 'is named')
                using errcode = 'invalid_parameter_value',
                    hint = 'the scopes are employee, team, tenant and group';
    end case;
    perform mandant_internal.require_row(
        'target', 'create', target.tenant_id, target.employee_id, target.team_id, null
    );
    insert into crm.target (
        tenant_id, scope, employee_id, team_id, measure, period_type, fiscal_year, period, amount,
        currency, rate_date
    ) values (
        target.tenant_id, set_target.scope, target.employee_id, target.team_id, set_target.measure,
        set_target.period_type, set_target.fiscal_year, set_target.period, set_target.amount,
        set_target.currency, set_target.rate_date
    ) returning * into target;
    return target;
exception
    when unique_violation then
        raise exception 'there is a target for this period already'
            using errcode = 'duplicate_object',
                hint = 'ask whoever sees it to update its amount in crm.target';
    when check_violation or not_null_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%', crm.rule_in_words('crm.target', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = '\d crm.target shows what its columns take';
end
$$;

comment on function crm.set_target(
    text, text, text, numeric, int, text, int, text, text, date
) is
    'Sets a target for a month, quarter or year of the fiscal calendar, and returns it.

scope: employee, team, tenant, or group, which is a tenant and all below it. subject: e-mail or
login name, name of a team, or code of a tenant, among those selected. measure: revenue (posted
invoices less credit notes) or bookings (opportunities won). period: number of the month or quarter.
currency: default the tenant''s, or the group''s. team: what an employee''s target counts for,
default the team joined first, empty for none. rate_date: default today. Update amount in crm.target
to change it. Errors: 22023 bad value, no such period, no exchange rate; 42710 overlaps another
target; 42704 no such employee or team; 42501 no right, or tenant not available.';

alter function crm.employee_named(text) owner to crm_owner;
alter function crm.team_named(text) owner to crm_owner;
alter function crm.team_of(int, uuid) owner to crm_owner;
alter function crm.require_seller(int, uuid, uuid) owner to crm_owner;
alter function crm.fiscal_days(int, int, text, int) owner to crm_owner;
alter function crm.check_target() owner to crm_owner;
alter function crm.set_target(text, text, text, numeric, int, text, int, text, text, date)
    owner to crm_owner;
revoke all on function
    crm.employee_named(text),
    crm.team_named(text),
    crm.team_of(int, uuid),
    crm.require_seller(int, uuid, uuid),
    crm.fiscal_days(int, int, text, int),
    crm.check_target(),
    crm.set_target(text, text, text, numeric, int, text, int, text, text, date)
    from public;
-- what set_target and override_forecast call, their caller calls
grant execute on function
    crm.employee_named(text),
    crm.team_named(text),
    crm.team_of(int, uuid),
    crm.set_target(text, text, text, numeric, int, text, int, text, text, date)
    to mandant_user;

create trigger target_check
    before insert or update of employee_id, team_id, amount, currency, rate_date on crm.target
    for each row execute function crm.check_target();
create trigger target_touch before update on crm.target
    for each row execute function crm.touch();

comment on trigger target_check on crm.target is
    'Days and amounts follow; what overlaps another target is refused.';
comment on trigger target_touch on crm.target is 'updated_at is the time of the last change.';
