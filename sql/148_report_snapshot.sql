-- Reports as they were: rows of a ready-made report, kept for ever under a label, so that last year's
-- report is last year's whatever became since of customers, teams, rates and forecasts. Each company
-- keeps its own rows, and whoever may read them reads those of a group together, as in the report.

create table crm.report_snapshot (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    report text not null,
    label text not null,
    taken_at timestamptz not null default now(),
    taken_by uuid default mandant_internal.me(),
    constraint report_snapshot_pkey primary key (tenant_id, id),
    constraint report_snapshot_label_key unique (tenant_id, report, label),
    constraint report_snapshot_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint report_snapshot_taken_by_fkey foreign key (taken_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint report_snapshot_label_is_filled check (label ~ '\S'),
    constraint report_snapshot_label_length check (length(label) <= 200)
);

comment on table crm.report_snapshot is 'Reports that were kept, by company.';
comment on column crm.report_snapshot.report is 'Name of the view in schema report.';
comment on column crm.report_snapshot.label is 'What it is called, such as Year 2026.';
comment on column crm.report_snapshot.taken_by is 'The principal who kept it.';
comment on constraint report_snapshot_label_is_filled on crm.report_snapshot is
    'label must be more than blanks';
comment on constraint report_snapshot_label_length on crm.report_snapshot is
    'label must be at most 200 characters';

create table crm.report_snapshot_row (
    tenant_id int not null default mandant.current_tenant(),
    snapshot_id uuid not null,
    position int not null,
    data jsonb not null,
    constraint report_snapshot_row_pkey primary key (tenant_id, snapshot_id, position),
    constraint report_snapshot_row_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint report_snapshot_row_snapshot_fkey foreign key (tenant_id, snapshot_id)
        references crm.report_snapshot (tenant_id, id) on delete restrict
);

comment on table crm.report_snapshot_row is 'The rows of kept reports.';
comment on column crm.report_snapshot_row.position is 'Counts the rows of a snapshot, from 1.';
comment on column crm.report_snapshot_row.data is 'Values of the row by column of the report.';

-- they are never changed, so there is nothing to audit
select mandant.protect('crm.report_snapshot', object => 'report_snapshot');
select mandant.protect('crm.report_snapshot_row', object => 'report_snapshot');

alter table crm.report_snapshot owner to crm_owner;
alter table crm.report_snapshot_row owner to crm_owner;
revoke all on crm.report_snapshot, crm.report_snapshot_row from public;
grant select on crm.report_snapshot, crm.report_snapshot_row to mandant_user;

create function crm.keep_report_snapshot() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'a report that was kept stays as it is'
        using errcode = 'restrict_violation',
            hint = 'keep it anew with crm.take_report_snapshot, under another label';
end
$$;

comment on function crm.keep_report_snapshot() is
    'Trigger: refuses (23001) to change, delete or truncate kept reports, whoever asks.';

create trigger report_snapshot_keep before update or delete or truncate on crm.report_snapshot
    for each statement execute function crm.keep_report_snapshot();
create trigger report_snapshot_row_keep
    before update or delete or truncate on crm.report_snapshot_row
    for each statement execute function crm.keep_report_snapshot();

comment on trigger report_snapshot_keep on crm.report_snapshot is 'What was kept stays as it was.';
comment on trigger report_snapshot_row_keep on crm.report_snapshot_row is
    'What was kept stays as it was.';

create function crm.take_report_snapshot(report text, label text) returns setof crm.report_snapshot
    language plpgsql volatile
    security definer -- users do not write what is kept; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant int;
    missing name;
    broken name;
begin
    if to_regclass('report.' || quote_ident(report || '_kept')) is null then
        raise exception 'no report "%" to keep', coalesce(report, '')
            using errcode = 'undefined_object',
                hint = 'these can be kept: ' || (
                    select string_agg(
                        regexp_replace(c.relname, '_kept$', ''), ', ' order by c.relname
                    )
                    from pg_class as c
                    where c.relnamespace = 'report'::regnamespace and c.relname like '%\_kept'
                        and to_regclass(
                            'report.' || regexp_replace(c.relname, '_kept$', '')
                        ) is not null
                );
    end if;
    foreach tenant in array mandant.current_tenants() loop
        -- part of a report must not pass for the whole
        perform mandant_internal.require_whole('report_snapshot', 'create', tenant);
        perform mandant_internal.require_whole('document', 'read', tenant);
        perform mandant_internal.require_whole('opportunity', 'read', tenant);
    end loop;
    return query execute format(
        'with line as materialized (
            select r.tenant_id, row_number() over (partition by r.tenant_id) as position,
                to_jsonb(r) as data
            from report.%I as r
        ), taken as (
            insert into crm.report_snapshot (tenant_id, report, label)
            select t.id, $1, $2 from unnest($3) as t (id)
            returning *
        ), kept as (
            insert into crm.report_snapshot_row (tenant_id, snapshot_id, position, data)
            select t.tenant_id, t.id, l.position, l.data
            from taken as t
            join line as l on l.tenant_id = t.tenant_id
        )
        select * from taken',
        report
    ) using report, label, mandant.current_tenants();
exception
    when unique_violation then
        raise exception 'report % was kept as "%" already', report, label
            using errcode = 'duplicate_object', hint = 'choose another label';
    when check_violation or not_null_violation then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%', crm.rule_in_words('crm.report_snapshot', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value', hint = 'a label is like Year 2026';
end
$$;

comment on function crm.take_report_snapshot(text, text) is
    'Keeps the rows of a ready-made report for ever, of each selected company, and returns what it kept.

report: name of a view in schema report that has one with _kept beside it; label: what it is to
be called. Needs create on report_snapshot, and read on all documents and opportunities. Errors:
42704 no such report, 42710 the label is taken, 22023 bad label or a rate is missing, 42501 no right.';

alter function crm.keep_report_snapshot() owner to crm_owner;
alter function crm.take_report_snapshot(text, text) owner to crm_owner;
revoke all on function crm.keep_report_snapshot(), crm.take_report_snapshot(text, text) from public;
grant execute on function crm.take_report_snapshot(text, text) to mandant_user;

-- which of them last is the question that reporting tools ask
do $$
declare
    kept record;
begin
    for kept in
        select
            c.oid, c.relname,
            string_agg(
                format(
                    '(r.data ->> %L)::%s as %I', a.attname, format_type(a.atttypid, a.atttypmod),
                    a.attname
                ),
                ', ' order by a.attnum
            ) as columns
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 'report'::regnamespace and c.relname = any (array[
            'revenue_by_month', 'revenue_by_customer', 'revenue_by_product', 'revenue_by_team',
            'consolidated_revenue', 'intercompany', 'open_item', 'ageing', 'tax_summary',
            'trial_balance',
            'pipeline', 'forecast', 'attainment'
        ])
        group by c.oid, c.relname
    loop
        execute format(
            'create view report.%I with (security_invoker = true) as select s.label, s.taken_at, %s'
                ' from crm.report_snapshot as s join crm.report_snapshot_row as r'
                ' on r.tenant_id = s.tenant_id and r.snapshot_id = s.id where s.report = %L',
            kept.relname || '_kept', kept.columns, kept.relname
        );
        execute format(
            'comment on view report.%I is %L', kept.relname || '_kept',
            format('report.%s as it was kept, by crm.take_report_snapshot.', kept.relname)
        );
        execute format(
            'comment on column report.%I.label is %L', kept.relname || '_kept',
            'What the snapshot is called; choose one, or rows are counted several times.'
        );
        execute format(
            'comment on column report.%I.taken_at is %L', kept.relname || '_kept',
            'When it was kept.'
        );
        execute (
            select string_agg(
                format(
                    'comment on column report.%I.%I is %L', kept.relname || '_kept', a.attname,
                    col_description(kept.oid, a.attnum)
                ),
                '; '
            )
            from pg_attribute as a
            where a.attrelid = kept.oid and a.attnum > 0
        );
    end loop;
end
$$;
