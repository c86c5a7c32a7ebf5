-- A company that left another database comes into this one: wholly, in one transaction, or not at
-- all. The files go into temporary tables first, where nothing of them counts; what is checked of
-- them is checked there. Rows are then written as a dump writes them, without triggers, and what
-- they refer to is looked for afterwards. For superusers: it writes what nobody else may write.

create function crm.begin_restore(manifest jsonb, out file text, out copy text)
    returns setof record
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    head constant jsonb := coalesce(begin_restore.manifest, '{}');
    here text;
    listed record;
    place int := 0;
begin
    if not (select r.rolsuper from pg_roles as r where r.rolname = current_user) then
        raise exception 'only a superuser restores a company'
            using errcode = 'insufficient_privilege', hint = 'connect as one';
    elsif head ->> 'format' is distinct from '1' then
        raise exception 'the manifest is of format %, and not of 1', coalesce(head ->> 'format', '-')
            using errcode = 'invalid_parameter_value', hint = 'restore a folder of mandant export';
    end if;
    select i.checksum into here from crm.installation as i;
    if head ->> 'version' is distinct from mandant.version()
        or head ->> 'checksum' is distinct from here
    then
        raise exception 'the company comes from version % (%), this is % (%)',
            head ->> 'version', coalesce(left(head ->> 'checksum', 12), '-'),
            mandant.version(), coalesce(left(here, 12), '-')
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'export and restore with the same version, then update';
    elsif exists (
        select from mandant_internal.tenant as t
        where t.code = head #>> '{tenant,code}' and not crm.is_stand_in(t.id)
    ) then
        raise exception 'tenant "%" is here already', head #>> '{tenant,code}'
            using errcode = 'duplicate_object', hint = 'restore it into a database without it';
    end if;

    create temp table restored (
        name text primary key, relation regclass, kind text, source text, tenant_column name,
        condition text, columns name[], key text[], rank int, stage text, rows bigint
    ) on commit drop;
    insert into restored
    select
        e.name, e.relation, e.kind, e.source, e.tenant_column, e.condition, e.columns, e.key, e.rank,
        'restored_' || row_number() over (order by e.name), (f.value ->> 'rows')::bigint
    from crm.exported_table() as e
    left join jsonb_array_elements(head -> 'files') as f on f.value ->> 'table' = e.name
    where e.kind <> 'left out';
    select r.name, f.value into listed
    from restored as r
    full join jsonb_array_elements(head -> 'files') as f on f.value ->> 'table' = r.name
    where r.name is null or f.value is null
        or f.value -> 'columns' is distinct from to_jsonb(r.columns)
        or f.value ->> 'file' is distinct from r.name || '.csv'
    limit 1;
    if found then
        raise exception 'the tables are not those of this database: %',
            coalesce(listed.name, listed.value ->> 'table')
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'it has to be in both, with the same columns';
    end if;
    create temp table restored_head on commit drop as select head as manifest;

    for listed in
        select
            r.*, (
                select string_agg(quote_ident(c), ', ' order by n)
                from unnest(r.columns) with ordinality as u (c, n)
            ) as list
        from restored as r
        order by r.name collate "C"
    loop
        execute format(
            'create temp table %I on commit drop as select %s from %s with no data',
            listed.stage, listed.list, listed.relation
        );
        file := listed.name || '.csv';
        copy := format(
            'copy pg_temp.%I (%s) from stdin (format csv, header match, encoding ''UTF8'')',
            listed.stage, listed.list
        );
        return next;
    end loop;
end
$$;

comment on function crm.begin_restore(jsonb) is
    'Begins to restore a company, and says how each of its files is read.

manifest: of the export. Makes a temporary table for each file; crm.finish_restore does the rest.
Errors: 42501 no superuser; 22023 no manifest; 42710 the company is here already; 55000 another
version, or other tables.';

revoke all on function crm.begin_restore(jsonb) from public;

create function crm.check_restored() returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    company constant int := (select (h.manifest #>> '{tenant,id}')::int from restored_head as h);
    listed record;
    found_rows bigint;
    strange boolean;
begin
    for listed in select r.* from restored as r order by r.name loop
        execute format('select count(*) from %I', listed.stage) into found_rows;
        if found_rows is distinct from listed.rows then
            perform crm.refuse_restore(
                format('%s has %s rows, and %s in the manifest', listed.name, found_rows, listed.rows),
                'export it anew'
            );
        elsif listed.kind = 'tenant' and listed.tenant_column is not null and listed.name not in (
            'mandant_internal.principal'
        ) then
            execute format('select exists (select from %I s where s.%I <> $1)', listed.stage,
                listed.tenant_column) into strange using company;
            if strange then
                perform crm.refuse_restore(
                    format('%s has a row of another company', listed.name), 'export it anew'
                );
            end if;
        end if;
    end loop;
end
$$;

comment on function crm.check_restored() is
    'Refuses (55000) other rows than the manifest''s, and one of another company.';

revoke all on function crm.check_restored() from public;

create function crm.check_references(company int) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    listed record;
    lost boolean;
begin
    for listed in
        select
            k.conname, k.conrelid::regclass as relation, r.source, k.confrelid::regclass as other,
            case when r.condition ~ '\$[23]' then 'true' else r.condition end as condition,
            string_agg(format('x.%I is not null', a.attname), ' and ') as filled,
            string_agg(format('y.%I = x.%I', b.attname, a.attname), ' and ') as same
        from pg_constraint as k
        join restored as r on r.relation = k.conrelid and r.kind = 'tenant'
        cross join unnest(k.conkey, k.confkey) as pair (own, other)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = pair.own
        join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = pair.other
        where k.contype = 'f'
        group by k.oid, r.source, r.condition
        order by k.conname
    loop
        execute format(
            'select exists (select from %s as x where (%s) and %s and not exists'
            ' (select from %s as y where %s)) and $1 is not null',
            listed.source, listed.condition, listed.filled, listed.other, listed.same
        ) into lost using company;
        if lost then
            perform crm.refuse_restore(
                format('a row of %s refers to what is not there: %s', listed.relation, listed.conname),
                'export it anew'
            );
        end if;
    end loop;
end
$$;

comment on function crm.check_references(int) is
    'Refuses (55000) rows of a company that refer to what is not there.';

revoke all on function crm.check_references(int) from public;

create function crm.finish_restore(keep_shared boolean default false) returns setof text
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    head constant jsonb := (select h.manifest from restored_head as h);
    came constant int := head #>> '{tenant,id}';
    company int;
    written bigint;
    broken record;
begin
    perform crm.check_restored();
    return query select s from crm.restore_shared(keep_shared) as s;
    perform set_config('session_replication_role', 'replica', true); -- rows as they are
    company := crm.restore_company();
    return query
        select format('%s stands for a company of another database, suspended', t.code)
        from company_map as m
        join mandant_internal.tenant as t on t.id = m.new
        where crm.is_stand_in(t.id)
        order by t.code;
    return query select p from crm.restore_people(company) as p;
    written := crm.restore_rows(company);
    if company <> came or exists (select from id_map) then
        return query select c from crm.chain_anew(company) as c;
    end if;
    perform set_config('session_replication_role', 'origin', true);
    perform crm.check_references(company);
    for broken in
        select v.* from mandant.verify_numbers(tenant => head #>> '{tenant,code}') as v
        where not v.intact
    loop
        return next format('%s, period %s: the chain is broken at %s, as it came',
            broken.kind, broken.period, broken.broken);
    end loop;
    perform mandant_internal.record(
        'restore_tenant', null, company, head #>> '{tenant,code}',
        format('%s rows, exported %s by %s', written, head ->> 'exported_at', head ->> 'exported_by')
    );
    -- every session reads its rights anew
    update mandant_internal.tenant as t set code = t.code where t.id = company;
    return next format('%s rows of %s restored.', written, head #>> '{tenant,code}');
end
$$;

comment on function crm.finish_restore(boolean) is
    'Makes a company of what was copied since crm.begin_restore.

Gives lines that say what came of it.

keep_shared: whether shared rows that are otherwise here stay as they are; else they are refused.
People are matched by id, else by e-mail or name, and made without password where they are missing.
Ids of companies and series stay unless they are taken. Errors: 55000 rows are missing or of another
company, refer to what is not there, or shared data differs.';

revoke all on function crm.finish_restore(boolean) from public;
