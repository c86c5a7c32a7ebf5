-- What a company that comes from another database refers to: what all share, itself and the
-- companies beside it, people and teams. Each is found here, or made. See 164_restore.sql.

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
    'Whether it only stands for a company that restored rows refer to.';

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
    'Makes the company, gives its id, and maps ids of those that its rows refer to.

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
    'Makes people and teams that are missing, and maps the ids of those that are here.

company: its id here. They are found by id, then by e-mail or name. People come without password; of
other companies inactive.';

revoke all on function crm.restore_people(int) from public;
