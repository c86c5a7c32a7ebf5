-- A company that left another database comes into this one: wholly, in one transaction, or not at all.
-- The files go into temporary tables first, where nothing of them counts; what is checked of them is
-- checked there. Rows are then written as a dump writes them, without triggers, and what they refer to
-- is looked for afterwards. For superusers: it writes what nobody else may write.

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
    'Begins to restore a company in this transaction, and says how each of its files is read.

manifest: of the export. Makes a temporary table for each file; crm.finish_restore does the rest.
Errors: 42501 no superuser; 22023 no manifest; 42710 the company is here already; 55000 another
version, or other tables.';

revoke all on function crm.begin_restore(jsonb) from public;

-- What rows of a restored company refer to, of which the company itself is elsewhere.
create function crm.is_stand_in(company int) returns boolean
    language sql stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select exists (
        select from mandant_internal.tenant t
        where t.id = company and t.state = 'suspended'
            and t.state_reason = 'stands for a company of another database'
    ) and not exists (
        select from mandant_internal.series_tenant s where s.tenant_id = company
    );
end;

comment on function crm.is_stand_in(int) is
    'Whether it only stands for a company of another database that restored rows refer to.';

revoke all on function crm.is_stand_in(int) from public;

create function crm.refuse_restore(problem text, fix text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%', problem
        using errcode = 'object_not_in_prerequisite_state', hint = fix;
end
$$;

comment on function crm.refuse_restore(text, text) is 'Refuses (55000) to restore, with a hint.';

revoke all on function crm.refuse_restore(text, text) from public;

create function crm.restore_shared(keep_shared boolean) returns setof text
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    listed record;
    key text;
    list text;
    added bigint;
    differs bigint;
    example text;
    all_differ text;
begin
    create temp table label_map (old int primary key, new int not null) on commit drop;
    create temp table new_role on commit drop as select r.name from mandant_internal.role as r limit 0;
    for listed in select r.* from restored as r where r.kind = 'shared' order by r.rank, r.name loop
        list := (select string_agg(quote_ident(c), ', ') from unnest(listed.columns) as c);
        if listed.relation = 'crm.label_set'::regclass then
            -- documents keep the number of their set, which can be another one here
            execute format(
                'insert into crm.label_set (language, labels) select s.language, s.labels from %I s'
                ' where not exists (select from crm.label_set l'
                ' where (l.language, l.labels) = (s.language, s.labels)) order by s.id', listed.stage
            );
            get diagnostics added = row_count;
            execute format(
                'insert into label_map select s.id, max(l.id) from %I s join crm.label_set l'
                ' on (l.language, l.labels) = (s.language, s.labels) group by s.id', listed.stage
            );
            differs := 0;
        else
            if listed.relation = 'mandant_internal.role'::regclass then
                execute format(
                    'insert into new_role select s.name from %I s where not exists'
                    ' (select from mandant_internal.role r where r.name = s.name)', listed.stage
                );
            end if;
            key := 'row(' || array_to_string(listed.key, ', ') || ')::text';
            execute format(
                'select count(*), min(s.k) from (select %1$s as k, * from %2$I) s'
                ' left join (select %1$s as k, true as here, * from %3$s) t using (k)'
                ' where t.here and (%4$s) is distinct from (%5$s) or t.here is null and not (%6$s)',
                key, listed.stage, listed.relation,
                (select string_agg('s.' || quote_ident(c), ', ') from unnest(listed.columns) as c),
                (select string_agg('t.' || quote_ident(c), ', ') from unnest(listed.columns) as c),
                -- a role that is here gets no right that it does not have here
                case when listed.relation = 'mandant_internal.role_right'::regclass
                    then 's.role in (select n.name from new_role n)' else 'true' end
            ) into differs, example;
            execute format(
                'insert into %1$s (%2$s) select %2$s from (select %3$s as k, * from %4$I) s'
                ' where not exists (select from (select %3$s as k from %1$s) t where t.k = s.k)%5$s',
                listed.relation, list, key, listed.stage,
                case when listed.relation = 'mandant_internal.role_right'::regclass
                    then ' and s.role in (select n.name from new_role n)' else '' end
            );
            get diagnostics added = row_count;
        end if;
        if added > 0 then
            return next format('%s: %s rows added', listed.name, added);
        end if;
        if differs > 0 then
            all_differ := concat_ws(', ', all_differ, format('%s %s %s', differs, listed.name, example));
            return next format('%s: %s rows are otherwise here, and stay so: %s',
                listed.name, differs, example || case when differs > 1 then ' and others' else '' end);
        end if;
    end loop;
    if all_differ is not null and not coalesce(keep_shared, false) then
        perform crm.refuse_restore(
            'shared data is otherwise here: ' || all_differ,
            'make it the same, or restore with --keep-shared, which leaves it as it is here'
        );
    end if;
end
$$;

comment on function crm.restore_shared(boolean) is
    'Adds what is missing of shared data, and says what was added and what differs.

keep_shared: whether rows that differ stay as they are here; else they are refused (55000).';

revoke all on function crm.restore_shared(boolean) from public;

-- The next ids come after all that are in the folder, so that none of these is taken by another of them.
create function crm.count_from(relation regclass, id int) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    sequence constant text := pg_get_serial_sequence(relation::text, 'id');
    last bigint;
begin
    execute format('select last_value from %s', sequence) into last;
    if last < id then
        perform setval(sequence, id);
    end if;
end
$$;

comment on function crm.count_from(regclass, int) is
    'Has the ids that a table gives come after one.';

revoke all on function crm.count_from(regclass, int) from public;

create function crm.free_id(relation regclass, id int) returns int
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    taken boolean;
begin
    execute format('select exists (select from %s where id = $1)', relation) into taken using id;
    return case when taken then nextval(pg_get_serial_sequence(relation::text, 'id')) else id end;
end
$$;

comment on function crm.free_id(regclass, int) is
    'The id for a restored row: its own, or if that is taken the next. After crm.count_from.';

revoke all on function crm.free_id(regclass, int) from public;

create function crm.restore_company() returns int
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    head constant jsonb := (select h.manifest -> 'tenant' from restored_head as h);
    other record;
    company mandant_internal.tenant;
    known int;
begin
    create temp table company_map (old int primary key, new int not null) on commit drop;
    create temp table staged_company on commit drop as select * from mandant_internal.tenant limit 0;
    execute format(
        'insert into staged_company (id, code, name, parent_id, country, currency, timezone, locale,'
        ' fiscal_year_start, state, state_reason, created_at) overriding system value'
        ' select id, code, name, parent_id, country, currency, timezone, locale, fiscal_year_start,'
        ' state, state_reason, created_at from %I',
        (select r.stage from restored as r where r.name = 'mandant_internal.tenant')
    );
    select c.* into company
    from staged_company as c
    where c.id = (head ->> 'id')::int and c.code = head ->> 'code';
    if not found then
        perform crm.refuse_restore(
            format('the company "%s" of the manifest is not in its file', head ->> 'code'),
            'export it anew'
        );
    end if;
    perform crm.count_from('mandant_internal.tenant', (select max(c.id) from staged_company as c));
    for other in select c.* from staged_company as c where c.id <> company.id order by c.id loop
        select t.id into known from mandant_internal.tenant as t where t.code = other.code;
        if known is null then
            known := crm.free_id('mandant_internal.tenant', other.id);
            insert into mandant_internal.tenant (
                id, code, name, country, currency, timezone, locale, state, state_reason
            )
            overriding system value
            values (
                known, other.code, other.name, coalesce(other.country, company.country),
                coalesce(other.currency, company.currency), 'UTC', 'en', 'suspended',
                'stands for a company of another database'
            );
        end if;
        insert into company_map values (other.id, known);
    end loop;
    select t.id into known from mandant_internal.tenant as t where t.code = company.code;
    insert into company_map
    values (company.id, coalesce(known, crm.free_id('mandant_internal.tenant', company.id)))
    returning new into known;
    if exists (select from mandant_internal.tenant as t where t.id = known) then
        update mandant_internal.tenant as t
        set (name, parent_id, country, currency, timezone, locale, fiscal_year_start, state,
                state_reason, created_at) = (
            company.name,
            (select m.new from company_map as m where m.old = company.parent_id),
            company.country, company.currency, company.timezone, company.locale,
            company.fiscal_year_start, company.state, company.state_reason, company.created_at)
        where t.id = known;
    else
        insert into mandant_internal.tenant
        overriding system value
        values (
            known, company.code, company.name,
            (select m.new from company_map as m where m.old = company.parent_id),
            company.country, company.currency, company.timezone, company.locale,
            company.fiscal_year_start, company.state, company.state_reason, company.created_at
        );
    end if;
    return known;
end
$$;

comment on function crm.restore_company() is
    'Makes the company, gives its id, and maps ids of companies that its rows refer to.

Of those that are not here, each gets a suspended company that stands for it.';

revoke all on function crm.restore_company() from public;

create function crm.restore_people(company int) returns setof text
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    here bigint;
begin
    create temp table id_map (old uuid primary key, new uuid not null) on commit drop;
    create temp table person on commit drop as
        select p.*, null::boolean as elsewhere from mandant_internal.principal as p limit 0;
    execute format(
        'insert into person (id, kind, name, full_name, tenant_id, default_selection, state,'
        ' state_reason, created_at) select id, kind, name, full_name, tenant_id, default_selection,'
        ' state, state_reason, created_at from %I',
        (select r.stage from restored as r where r.name = 'mandant_internal.principal')
    );
    insert into id_map
    select s.id, p.id
    from person as s
    join mandant_internal.principal as p on p.name = s.name
    where not exists (select from mandant_internal.principal as q where q.id = s.id);
    update person as s
    set tenant_id = m.new,
        -- a selection of companies that are not here would keep them out
        default_selection = (
            select s.default_selection
            where s.default_selection = '*' or not exists (
                select from regexp_split_to_table(s.default_selection, '\s*,\s*') as code
                where not exists (select from mandant_internal.tenant as t where t.code = code)
            )
        )
    from company_map as m
    where m.old = s.tenant_id;
    -- people of a company that was only stood for are these
    update mandant_internal.principal as p
    set full_name = s.full_name, default_selection = s.default_selection, state = s.state,
        state_reason = s.state_reason, created_at = s.created_at
    from person as s
    where p.id = coalesce((select m.new from id_map as m where m.old = s.id), s.id)
        and s.tenant_id = company and p.tenant_id = company;
    update person as s
    set elsewhere = true
    from mandant_internal.principal as p
    where p.id = coalesce((select m.new from id_map as m where m.old = s.id), s.id)
        and p.tenant_id <> company;
    insert into mandant_internal.principal (
        id, kind, name, full_name, tenant_id, default_selection, state, state_reason, created_at
    )
    select
        s.id, s.kind, s.name, s.full_name, s.tenant_id, s.default_selection, s.state, s.state_reason,
        coalesce(s.created_at, now())
    from person as s
    where not exists (
        select from mandant_internal.principal as p
        where p.id = coalesce((select m.new from id_map as m where m.old = s.id), s.id)
    );
    select count(*) into here from person as s where s.elsewhere and s.tenant_id = company;
    if here > 0 then
        return next format(
            'of people of the company who belong to another one here (%s), their rights at home and'
            ' what was set for them stay behind', here
        );
    end if;
    -- teams across companies are those of the name, a company's come with it
    execute format(
        'insert into id_map select s.id, t.id from %1$I s join mandant_internal.team t'
        ' on t.name = s.name and t.tenant_id is null where s.tenant_id is null and t.id <> s.id;'
        ' insert into mandant_internal.team (id, tenant_id, name, created_at)'
        ' select s.id, case when s.tenant_id is not null then %2$s end, s.name, s.created_at from %1$I s'
        ' where s.tenant_id is not null or not exists (select from mandant_internal.team t'
        ' where t.tenant_id is null and t.name = s.name)',
        (select r.stage from restored as r where r.name = 'mandant_internal.team'), company
    );
    delete from id_map as m where m.old = m.new;
end
$$;

comment on function crm.restore_people(int) is
    'Makes people and teams that are missing, and maps the ids of those that are here by e-mail or name.

company: its id here. People come without password; of other companies inactive.';

revoke all on function crm.restore_people(int) from public;

create function crm.restored_column(relation regclass, column_name name, tenant_column name)
    returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
    return (
        select case
            when column_name = tenant_column
                then format('case when s.%I is not null then $1 end', column_name)
            when relation = 'mandant_internal.series'::regclass and column_name = 'id'
                or a.atttypid = 'int'::regtype and column_name = 'series_id'
                then format('(select m.new from series_map m where m.old = s.%I)', column_name)
            when a.atttypid = 'int'::regtype and exists (
                select from pg_constraint as k
                where k.contype = 'f' and k.conrelid = relation and a.attnum = any (k.conkey)
                    and k.confrelid = 'mandant_internal.tenant'::regclass
            )
                then format('(select m.new from company_map m where m.old = s.%I)', column_name)
            when a.atttypid = 'uuid'::regtype
                then format(
                    'coalesce((select m.new from id_map m where m.old = s.%1$I), s.%1$I)', column_name
                )
            when relation = 'crm.report_snapshot_row'::regclass and column_name = 'data'
                then 'case when s.data ? ''tenant_id'' then s.data || jsonb_build_object(''tenant_id'', $1)'
                    ' else s.data end'
            when a.atttypid = 'jsonb'::regtype and column_name = 'texts'
                then format(
                    'coalesce((select jsonb_set(s.%1$I, ''{label_set}'', to_jsonb(m.new))'
                    ' from label_map m where m.old <> m.new'
                    ' and to_jsonb(m.old) = s.%1$I -> ''label_set''), s.%1$I)', column_name
                )
            else format('s.%I', column_name)
        end
        from pg_attribute as a
        where a.attrelid = relation and a.attname = column_name
    );

comment on function crm.restored_column(regclass, name, name) is
    'What a column of a restored row is here: ids of companies, series, people and labels.';

revoke all on function crm.restored_column(regclass, name, name) from public;

create function crm.restore_rows(company int) returns bigint
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    listed record;
    written bigint;
    total bigint := 0;
begin
    create temp table series_map (old int primary key, new int not null) on commit drop;
    execute format(
        'select crm.count_from(''mandant_internal.series'', max(s.id)) from %1$I s having count(*) > 0;'
        ' insert into series_map select s.id, crm.free_id(''mandant_internal.series'', s.id)'
        ' from %1$I s',
        (select r.stage from restored as r where r.name = 'mandant_internal.series')
    );
    for listed in
        select r.* from restored as r
        where r.kind = 'tenant' and r.name not in (
            'mandant_internal.tenant', 'mandant_internal.principal', 'mandant_internal.team')
        order by r.name
    loop
        execute format(
            'insert into %s (%s) overriding system value select %s from %I s%s order by s.ctid%s',
            listed.relation,
            (select string_agg(quote_ident(c), ', ') from unnest(listed.columns) as c),
            (
                select string_agg(
                    crm.restored_column(listed.relation, c, listed.tenant_column), ', ')
                from unnest(listed.columns) as c
            ),
            listed.stage,
            case listed.name
                when 'mandant_internal.access_grant' then
                    ' where s.scope <> ''home'' or s.principal_id not in'
                    ' (select p.id from person p where p.elsewhere)'
                when 'mandant_internal.setting_value' then
                    ' where s.principal_id is null or s.principal_id not in'
                    ' (select p.id from person p where p.elsewhere)'
                else ''
            end,
            case when listed.name = 'mandant_internal.team_member' then ' on conflict do nothing'
                else '' end
        ) using company;
        get diagnostics written = row_count;
        total := total + written;
    end loop;
    return total;
end
$$;

comment on function crm.restore_rows(int) is
    'Writes the rows of the company, and says how many. company: its id here.';

revoke all on function crm.restore_rows(int) from public;

create function crm.number_hash(before bytea, given mandant_internal.number) returns bytea
    language sql stable
    set search_path = pg_catalog, pg_temp
    return sha256(before || convert_to(concat_ws(chr(31),
        given.tenant_id, given.kind, given.branch, given.period, given.n, given.number,
        to_char(given.document_date, 'YYYY-MM-DD'),
        coalesce(replace(given.document::text, '-', ''), ''),
        mandant_internal.microseconds(given.issued_at),
        coalesce(replace(given.issued_by::text, '-', ''), '')
    ), 'UTF8'));

comment on function crm.number_hash(bytea, mandant_internal.number) is
    'The chain of a row of the register, after that of the one before, as the register says.';

create function crm.event_hash(before bytea, given mandant_internal.number_event) returns bytea
    language sql stable
    set search_path = pg_catalog, pg_temp
    return sha256(before || convert_to(concat_ws(chr(31),
        given.tenant_id, given.seq, given.period, given.n, given.event,
        coalesce(replace(given.document::text, '-', ''), ''),
        coalesce(replace(given.reservation::text, '-', ''), ''),
        coalesce(mandant_internal.microseconds(given.expires_at)::text, ''),
        coalesce(given.holder, ''), coalesce(given.reason, ''),
        mandant_internal.microseconds(given.at),
        coalesce(replace(given.by_principal::text, '-', ''), ''), given.by_login
    ), 'UTF8'));

comment on function crm.event_hash(bytea, mandant_internal.number_event) is
    'The chain of an event of the register, after that of the one before, as the register says.';

revoke all on function
    crm.number_hash(bytea, mandant_internal.number),
    crm.event_hash(bytea, mandant_internal.number_event)
    from public;

-- The chain has the company's id in it, and that of whoever drew. Where these are others here, each row
-- is first checked as it came, and then chained as it is here; both ends are recorded.
create function crm.chain_anew(company int) returns setof text
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    came mandant_internal.number;
    came_event mandant_internal.number_event;
    is_now mandant_internal.number;
    is_now_event mandant_internal.number_event;
    place text;
    before text;
    old_head bytea;
    new_head bytea;
    chains int := 0;
begin
    for came in execute format('select * from %I s order by s.series_id, s.period, s.n',
        (select r.stage from restored as r where r.name = 'mandant_internal.number'))
    loop
        place := format('%s%s, period %s', came.kind, nullif('/' || came.branch, '/'), came.period);
        if place is distinct from before then
            perform mandant_internal.record('chain_numbers_anew', null, company, before, format(
                'head there %s, here %s', encode(old_head, 'hex'), encode(new_head, 'hex')))
            where before is not null;
            old_head := '';
            new_head := '';
            before := place;
            chains := chains + 1;
        end if;
        old_head := crm.number_hash(old_head, came);
        if old_head <> came.chain then
            perform crm.refuse_restore(
                format('the register that came is not intact: %s does not follow', came.number),
                'mandant.verify_numbers shows it where the company comes from'
            );
        end if;
        select n.* into is_now
        from mandant_internal.number as n
        join series_map as m on m.new = n.series_id
        where m.old = came.series_id and n.period = came.period and n.tenant_id = company
            and n.n = came.n;
        new_head := crm.number_hash(new_head, is_now);
        update mandant_internal.number as n
        set chain = new_head
        where (n.series_id, n.period, n.tenant_id, n.n)
            = (is_now.series_id, is_now.period, company, is_now.n);
    end loop;
    perform mandant_internal.record('chain_numbers_anew', null, company, before, format(
        'head there %s, here %s', encode(old_head, 'hex'), encode(new_head, 'hex')))
    where before is not null;
    before := null;
    for came_event in execute format('select * from %I s order by s.series_id, s.seq',
        (select r.stage from restored as r where r.name = 'mandant_internal.number_event'))
    loop
        place := (
            select format('%s%s (events)', u.kind, nullif('/' || u.branch, '/'))
            from mandant_internal.series_tenant as u
            join series_map as m on m.new = u.series_id
            where m.old = came_event.series_id and u.tenant_id = company
        );
        if place is distinct from before then
            perform mandant_internal.record('chain_numbers_anew', null, company, before, format(
                'head there %s, here %s', encode(old_head, 'hex'), encode(new_head, 'hex')))
            where before is not null;
            old_head := '';
            new_head := '';
            before := place;
            chains := chains + 1;
        end if;
        old_head := crm.event_hash(old_head, came_event);
        if old_head <> came_event.chain then
            perform crm.refuse_restore(
                format('the register that came is not intact: event %s of %s does not follow',
                    came_event.seq, place),
                'mandant.verify_numbers shows it where the company comes from'
            );
        end if;
        select n.* into is_now_event
        from mandant_internal.number_event as n
        join series_map as m on m.new = n.series_id
        where m.old = came_event.series_id and n.tenant_id = company and n.seq = came_event.seq;
        new_head := crm.event_hash(new_head, is_now_event);
        update mandant_internal.number_event as n
        set chain = new_head
        where (n.series_id, n.tenant_id, n.seq) = (is_now_event.series_id, company, is_now_event.seq);
    end loop;
    perform mandant_internal.record('chain_numbers_anew', null, company, before, format(
        'head there %s, here %s', encode(old_head, 'hex'), encode(new_head, 'hex')))
    where before is not null;
    if chains > 0 then
        return next format(
            '%s chains of numbers were intact and begin anew, because ids are others here;'
            ' mandant.access_history has both heads of each', chains
        );
    end if;
end
$$;

comment on function crm.chain_anew(int) is
    'Checks the register as it came, chains it as it is here, and records the heads of both.

company: its id here. Errors: 55000 the register that came is not intact.';

revoke all on function crm.chain_anew(int) from public;

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
    'Refuses (55000) files that have not the rows of the manifest, or a row of another company.';

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
    'Refuses (55000) rows of a company that refer to what is not there: they came without triggers.';

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
    'Makes a company of what was copied since crm.begin_restore, and says in lines what came of it.

keep_shared: whether shared rows that are otherwise here stay as they are; else they are refused.
People are matched by id, else by e-mail or name, and made without password where they are missing.
Ids of companies and series stay unless they are taken. Errors: 55000 rows are missing or of another
company, refer to what is not there, or shared data differs.';

revoke all on function crm.finish_restore(boolean) from public;
