-- What comes from another system, such as Microsoft Dynamics CRM: staged as it was read, looked up, and
-- loaded, all in one transaction of the caller's, so that an import is there as a whole or not at all,
-- and a dry run is a run that is rolled back. What is imported again is known by its id there, is
-- left alone where its source has not changed, and is changed where it has.
-- The command line reads the files (mandant import); nobody but these functions reads the staging.

create table crm.import_run (
    id uuid not null default mandant.new_id(),
    source text not null,
    options jsonb not null,
    begun_at timestamptz not null default now(),
    begun_by uuid default mandant_internal.me(),
    ended_at timestamptz,
    constraint import_run_pkey primary key (id),
    constraint import_run_begun_by_fkey foreign key (begun_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint import_run_source_is_word check (source ~ '^[a-z][a-z0-9_]{0,30}$')
);

comment on table crm.import_run is 'Imports, one row each; for functions alone.';
comment on column crm.import_run.source is 'Whose ids these are, such as dynamics.';
comment on column crm.import_run.options is
    'What stands for what there: tenants, users, units, countries, stages, default.';

-- neither logged nor kept: it ends with its transaction
create unlogged table crm.import_row (
    run_id uuid not null,
    seq bigint not null generated always as identity,
    entity text not null,
    file text not null,
    line int not null,
    id uuid not null,
    key text,
    data jsonb not null,
    print text not null,
    broken boolean not null default false,
    loaded boolean not null default false,
    tenant int,
    target uuid,
    owner uuid,
    customer uuid,
    document uuid,
    product uuid,
    currency text,
    country text,
    unit text,
    amounts jsonb,
    action text,
    place bigint,
    constraint import_row_pkey primary key (run_id, seq)
);

create index import_row_id on crm.import_row (run_id, entity, id);
create index import_row_name on crm.import_row (run_id, entity, lower(data ->> 'name'));
create index import_row_place on crm.import_row (run_id, place);
create index import_row_document on crm.import_row (run_id, document) where entity = 'line';

comment on table crm.import_row is 'Rows of files that are being imported; for functions alone.';
comment on column crm.import_row.id is 'The GUID that it has in its source.';
comment on column crm.import_row.key is 'What it is called there where it has no GUID.';
comment on column crm.import_row.data is 'Its fields, of which those that are lookups say id or name.';
comment on column crm.import_row.print is 'A fingerprint, by which a row that has changed is known.';
comment on column crm.import_row.tenant is 'The id of the tenant that it comes to.';
comment on column crm.import_row.target is 'The id that it has here.';
comment on column crm.import_row.customer is 'The customer''s id in the source; so document and product.';
comment on column crm.import_row.amounts is 'What was reckoned of it.';
comment on column crm.import_row.place is 'The order in which rows are loaded; null: it is not to be.';
comment on column crm.import_row.action is 'new, changed, same, or void: only its number is kept.';

create unlogged table crm.import_problem (
    run_id uuid not null,
    seq bigint not null generated always as identity,
    level text not null,
    file text,
    line int,
    field text,
    message text not null,
    constraint import_problem_pkey primary key (run_id, seq)
);

comment on table crm.import_problem is 'What is wrong with rows; for functions alone.';

create table crm.imported (
    tenant_id int not null default mandant.current_tenant(),
    source text not null,
    entity text not null,
    source_id uuid not null,
    id uuid not null,
    print text not null,
    imported_at timestamptz not null default now(),
    constraint imported_pkey primary key (tenant_id, source, entity, source_id),
    constraint imported_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict
);

create index imported_source on crm.imported (source, entity, source_id);

comment on table crm.imported is 'What was imported: which row of a source is which row here.';
comment on column crm.imported.source is 'Where it comes from, such as dynamics.';
comment on column crm.imported.entity is 'What it is: customer, contact, product, invoice, ...';
comment on column crm.imported.source_id is 'Its id there.';
comment on column crm.imported.id is 'Its id here: the same, but for copies in further tenants.';
comment on column crm.imported.print is 'A fingerprint of the row as it was read.';

-- what nobody but an import changes needs no audit
select mandant.protect('crm.imported', object => 'import');

alter table crm.import_run owner to crm_owner;
alter table crm.import_row owner to crm_owner;
alter table crm.import_problem owner to crm_owner;
alter table crm.imported owner to crm_owner;
revoke all on crm.import_run, crm.import_row, crm.import_problem, crm.imported from public;
grant select on crm.imported to mandant_user;

create function crm.import_under_way(run_id uuid) returns crm.import_run
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    run crm.import_run;
begin
    select r.* into run
    from crm.import_run as r
    where r.id = run_id and r.begun_by is not distinct from mandant_internal.me()
        and r.ended_at is null;
    if not found then
        raise exception 'no import % is under way', run_id
            using errcode = 'no_data_found',
                hint = 'begin one with crm.begin_import, and end it in the same transaction';
    end if;
    return run;
end
$$;

comment on function crm.import_under_way(uuid) is
    'An import of the caller''s, or refuses (P0002).';

create function crm.begin_import(source text, options jsonb default '{}') returns uuid
    language plpgsql volatile
    security definer -- writes the staging; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    run_id uuid;
begin
    if not exists (
        select from mandant.tenant as t
        where mandant_internal.has_whole_right('import', 'create', t.id)
    ) then
        perform mandant_internal.refuse_right('import', 'create');
    end if;
    insert into crm.import_run (source, options)
    values (begin_import.source, begin_import.options)
    returning id into run_id;
    return run_id;
exception
    when check_violation or not_null_violation then
        raise exception 'source must be a short word, such as dynamics'
            using errcode = 'invalid_parameter_value', hint = 'whose ids these are';
end
$$;

comment on function crm.begin_import(text, jsonb) is
    'Begins an import, and returns its id; all of it belongs into one transaction.

source: whose ids these are. options: {"tenants": {"unit": "code"}, "users": {"name": "e-mail"},
"units": {"name": "code"}, "countries": {"name": "DE"}, "stages": {"phase": "code"}, "default":
{"tenant": "code", "owner": "e-mail", "unit": "code", "tax_code": "standard"}}. Then crm.stage_rows,
crm.prepare_import, crm.load_rows until it gives 0, crm.import_problems, crm.import_summary,
crm.end_import. Needs create on import at depth tenant. Errors: 22023 bad source, 42501 no right.';

create function crm.stage_rows(run_id uuid, entity text, file text, rows jsonb) returns void
    language plpgsql volatile
    security definer -- writes the staging
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    run constant crm.import_run := crm.import_under_way(run_id);
begin
    insert into crm.import_row (run_id, entity, file, line, id, key, data, broken, print)
    select run.id, stage_rows.entity, stage_rows.file, r.line, r.id, r.key, r.data,
        coalesce(r.broken, false), md5(r.data::text)
    from jsonb_to_recordset(rows) as r (line int, id uuid, key text, data jsonb, broken boolean);
end
$$;

comment on function crm.stage_rows(uuid, text, text, jsonb) is
    'Stages rows of a file: [{"line": 2, "id": "uuid", "key": "text", "data": {...}, "broken": false}].

entity: unit, user, currency, product, customer, contact, lead, opportunity, quote, order, invoice or
line. data: fields of it, dates as YYYY-MM-DD, numbers with a point. broken: it is looked up, but not
loaded. Errors: P0002 no such import.';

create function crm.note_problem(
    target crm.import_row, field text, message text, level text default 'error'
) returns void
    language sql volatile
    set search_path = pg_catalog, mandant, pg_temp
begin atomic
    insert into crm.import_problem (run_id, level, file, line, field, message)
    values (target.run_id, level, target.file, target.line, field, message);
end;

comment on function crm.note_problem(crm.import_row, text, text, text) is
    'Notes what is wrong with a row. level: error, which lets nothing be imported, or warning.';

create function crm.import_problems(run_id uuid)
    returns table (level text, file text, line int, field text, message text)
    language plpgsql stable
    security definer -- reads the staging
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    run constant crm.import_run := crm.import_under_way(run_id);
begin
    return query
        select p.level, p.file, p.line, p.field, p.message
        from crm.import_problem as p
        where p.run_id = run.id
        order by p.level, p.file, p.line, p.seq;
end
$$;

comment on function crm.import_problems(uuid) is
    'What is wrong with the rows of an import, errors first.

line: of the file, the header is 1. field: ours. Errors: P0002 no such import.';

create function crm.end_import(run_id uuid) returns void
    language plpgsql volatile
    security definer -- writes the staging
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    run constant crm.import_run := crm.import_under_way(run_id);
    errors constant bigint := (
        select count(*) from crm.import_problem as p where p.run_id = run.id and p.level = 'error'
    );
begin
    if errors > 0
        or exists (select from crm.import_row as r where r.run_id = run.id and not r.loaded)
    then
        raise exception 'the import has % errors, or rows that are not loaded yet', errors
            using errcode = 'invalid_parameter_value',
                hint = 'crm.import_problems has the errors; roll back, mend them and begin anew';
    end if;
    delete from crm.import_row as r where r.run_id = run.id;
    delete from crm.import_problem as p where p.run_id = run.id;
    update crm.import_run as r set ended_at = now() where r.id = run.id;
end
$$;

comment on function crm.end_import(uuid) is
    'Ends an import without errors; commit it then.

Errors: P0002 no such import, 22023 errors or rows that are not loaded.';

alter function crm.import_under_way(uuid) owner to crm_owner;
alter function crm.begin_import(text, jsonb) owner to crm_owner;
alter function crm.stage_rows(uuid, text, text, jsonb) owner to crm_owner;
alter function crm.note_problem(crm.import_row, text, text, text) owner to crm_owner;
alter function crm.import_problems(uuid) owner to crm_owner;
alter function crm.end_import(uuid) owner to crm_owner;
revoke all on function
    crm.import_under_way(uuid),
    crm.begin_import(text, jsonb),
    crm.stage_rows(uuid, text, text, jsonb),
    crm.note_problem(crm.import_row, text, text, text),
    crm.import_problems(uuid),
    crm.end_import(uuid)
    from public;
grant execute on function
    crm.begin_import(text, jsonb),
    crm.stage_rows(uuid, text, text, jsonb),
    crm.import_problems(uuid),
    crm.end_import(uuid)
    to mandant_user;
