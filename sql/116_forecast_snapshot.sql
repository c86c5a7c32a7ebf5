-- Snapshots of the forecast: every opportunity of a tenant as it was at a moment, so that one sees
-- later what was expected, and what has changed since (report.forecast_change). Nobody changes
-- them, not even the owner of the tables. A snapshot itself says no more than when it was taken;
-- its rows are seen by whoever saw such opportunities: they keep the owner and team of that day,
-- and refer to nothing that may go.

create table crm.forecast_snapshot (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    label text,
    taken_on date not null,
    taken_at timestamptz not null default now(),
    taken_by uuid default mandant_internal.me(),
    constraint forecast_snapshot_pkey primary key (tenant_id, id),
    constraint forecast_snapshot_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint forecast_snapshot_taken_by_fkey foreign key (taken_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint forecast_snapshot_label_is_filled check (label ~ '\S'),
    constraint forecast_snapshot_label_length check (length(label) <= 500)
);

create index forecast_snapshot_id on crm.forecast_snapshot (id);  -- as of all that is looked up

comment on table crm.forecast_snapshot is 'When the forecast was kept as it was.';
-- take_forecast_snapshot refuses with these words
comment on constraint forecast_snapshot_label_is_filled on crm.forecast_snapshot is
    'label must be more than blanks';
comment on constraint forecast_snapshot_label_length on crm.forecast_snapshot is
    'label must be at most 500 characters';
comment on column crm.forecast_snapshot.label is 'What it is called, such as KW 48; null: nothing.';
comment on column crm.forecast_snapshot.taken_on is 'The day in the tenant''s time zone.';
comment on column crm.forecast_snapshot.taken_by is 'The principal who took it.';

-- what nobody changes needs no audit
select mandant.protect('crm.forecast_snapshot');

alter table crm.forecast_snapshot owner to crm_owner;
revoke all on crm.forecast_snapshot from public;
grant select on crm.forecast_snapshot to mandant_user;

create table crm.forecast_snapshot_row (
    tenant_id int not null default mandant.current_tenant(),
    snapshot_id uuid not null,
    opportunity_id uuid not null,
    customer_id uuid not null,
    name text not null,
    owner_id uuid,
    team_id uuid,
    stage text not null,
    outcome text not null,
    category text,
    probability numeric,
    amount numeric,
    currency text not null,
    tenant_amount numeric,
    tenant_currency text not null,
    group_amount numeric,
    group_currency text not null,
    expected_close date,
    closed_on date,
    constraint forecast_snapshot_row_pkey primary key (tenant_id, snapshot_id, opportunity_id),
    constraint forecast_snapshot_row_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint forecast_snapshot_row_snapshot_fkey foreign key (tenant_id, snapshot_id)
        references crm.forecast_snapshot (tenant_id, id) on delete restrict,
    constraint forecast_snapshot_row_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict
);

comment on table crm.forecast_snapshot_row is 'Opportunities as they were at a snapshot.';
comment on column crm.forecast_snapshot_row.opportunity_id is
    'The opportunity, which may be gone by now.';
comment on column crm.forecast_snapshot_row.owner_id is 'The principal who pursued it then.';
comment on column crm.forecast_snapshot_row.team_id is
    'The team that it belonged to then, and which may be gone by now.';
comment on column crm.forecast_snapshot_row.category is
    'Where the forecast counted it: pipeline, best_case, commit, closed (won) or omitted.';
comment on column crm.forecast_snapshot_row.probability is
    'Percent: its own, or that of its stage then.';
comment on column crm.forecast_snapshot_row.amount is
    'What it was worth, in currency; null: not known.';
comment on column crm.forecast_snapshot_row.tenant_amount is
    'In the tenant''s currency, at the rate of the snapshot''s day, or of closing; null: no rate.';
comment on column crm.forecast_snapshot_row.group_amount is
    'In the group''s currency, at the rate of the snapshot''s day, or of closing; null: no rate.';
comment on column crm.forecast_snapshot_row.group_currency is 'Currency of the top tenant then.';

select mandant.protect(
    'crm.forecast_snapshot_row', object => 'opportunity', owner => 'owner_id', team => 'team_id'
);

alter table crm.forecast_snapshot_row owner to crm_owner;
revoke all on crm.forecast_snapshot_row from public;
grant select on crm.forecast_snapshot_row to mandant_user;

create function crm.keep_forecast_snapshot() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and crm.changes_hands(to_jsonb(old), to_jsonb(new)) then
        return null;  -- a successor takes over what is, not what was
    end if;
    raise exception 'a snapshot of the forecast stays as it is'
        using errcode = 'restrict_violation', hint = 'take another: crm.take_forecast_snapshot';
end
$$;

comment on function crm.keep_forecast_snapshot() is
    'Trigger: refuses (23001) to change, delete or truncate a snapshot, whoever asks.

Another owner or team leaves it as it is without a word: that comes from handing over all of somebody.';

create function crm.take_forecast_snapshot(tenant text default null, label text default null)
    returns crm.forecast_snapshot
    language plpgsql volatile
    security definer -- users do not write snapshots; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    home mandant.tenant := crm.tenant_or_selected(tenant);
    group_currency text;
    today date;
    snapshot crm.forecast_snapshot;
begin
    if label !~ '\S' or length(label) > 500 then
        raise exception 'label must be from 1 to 500 characters, not only blanks'
            using errcode = 'invalid_parameter_value', hint = 'leave it out, or give it a name';
    end if;
    perform mandant_internal.require_whole('forecast_snapshot', 'create', home.id),
        mandant_internal.require_whole('stage', 'read', home.id),
        mandant_internal.require_whole('opportunity', 'read', home.id),
        mandant_internal.require_whole('opportunity', 'create', home.id);
    group_currency := crm.group_currency(home.id);
    today := mandant_internal.day_in(home.timezone, now());

    insert into crm.forecast_snapshot (tenant_id, label, taken_on)
    values (home.id, take_forecast_snapshot.label, today)
    returning * into snapshot;
    with opportunity as materialized (
        select o.*, coalesce(o.closed_on, today) as rate_date
        from crm.opportunity as o
        where o.tenant_id = home.id
    ), rate as materialized (
        -- once for each day and currency, not for each opportunity
        select d.currency, d.rate_date,
            crm.find_rate_for_euro(home.currency, d.rate_date, 'daily')
                / crm.find_rate_for_euro(d.currency, d.rate_date, 'daily') as to_tenant,
            crm.find_rate_for_euro(group_currency, d.rate_date, 'daily')
                / crm.find_rate_for_euro(d.currency, d.rate_date, 'daily') as to_group
        from (select distinct o.currency, o.rate_date from opportunity as o) as d
    )
    insert into crm.forecast_snapshot_row (
        tenant_id, snapshot_id, opportunity_id, customer_id, name, owner_id, team_id, stage,
        outcome, category, probability, amount, currency, tenant_amount, tenant_currency,
        group_amount, group_currency, expected_close, closed_on
    )
    select
        o.tenant_id, snapshot.id, o.id, o.customer_id, o.name, o.owner_id, o.team_id, o.stage,
        o.outcome, coalesce(o.forecast_category, s.forecast_category),
        coalesce(o.probability, s.probability), o.amount, o.currency,
        case o.currency
            when home.currency then o.amount
            else round(o.amount * r.to_tenant, t.minor_unit)
        end,
        home.currency,
        case o.currency
            when group_currency then o.amount
            else round(o.amount * r.to_group, g.minor_unit)
        end,
        group_currency, o.expected_close, o.closed_on
    from opportunity as o
    left join crm.effective_stage as s on s.tenant_id = home.id and s.code = o.stage
    left join rate as r on r.currency = o.currency and r.rate_date = o.rate_date
    left join crm.currency as t on t.code = home.currency
    left join crm.currency as g on g.code = group_currency;
    return snapshot;
end
$$;

comment on function crm.take_forecast_snapshot(text, text) is
    'Keeps every opportunity of a tenant as it is now, dated today, for ever.

tenant: code of one that is selected, default the only one. label: what it is to be called, such as
KW 48. Needs the right create on forecast_snapshot, and read and create on all opportunities of the
tenant, since the snapshot is of all. Errors: 42501 no right, or tenant not available; 22023 bad
label; 55000 no tenant is named and not exactly one selected.';

alter function crm.keep_forecast_snapshot() owner to crm_owner;
alter function crm.take_forecast_snapshot(text, text) owner to crm_owner;
revoke all on function crm.keep_forecast_snapshot(), crm.take_forecast_snapshot(text, text)
    from public;
grant execute on function crm.take_forecast_snapshot(text, text) to mandant_user;

create trigger forecast_snapshot_keep before update or delete on crm.forecast_snapshot
    for each row execute function crm.keep_forecast_snapshot();
create trigger forecast_snapshot_keep_table before truncate on crm.forecast_snapshot
    for each statement execute function crm.keep_forecast_snapshot();
create trigger forecast_snapshot_row_keep before update or delete on crm.forecast_snapshot_row
    for each row execute function crm.keep_forecast_snapshot();
create trigger forecast_snapshot_row_keep_table before truncate on crm.forecast_snapshot_row
    for each statement execute function crm.keep_forecast_snapshot();

comment on trigger forecast_snapshot_keep on crm.forecast_snapshot is
    'A snapshot stays as it is.';
comment on trigger forecast_snapshot_keep_table on crm.forecast_snapshot is 'Snapshots stay.';
comment on trigger forecast_snapshot_row_keep_table on crm.forecast_snapshot_row is
    'What was expected stays.';
comment on trigger forecast_snapshot_row_keep on crm.forecast_snapshot_row is
    'What was expected stays as it was.';
