-- What rows of an import refer to is looked up, by id or by name, among the rows themselves, in what was
-- imported before, and in what the options say. What is said often is looked up once.

create function crm.row_said(run crm.import_run, entity text, said text) returns crm.import_row
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    found crm.import_row;
begin
    select r.* into found
    from crm.import_row as r
    where r.run_id = run.id and r.entity = row_said.entity
        and (r.id::text = said or lower(r.data ->> 'name') = lower(said))
    order by r.seq
    limit 1;
    return found;
end
$$;

comment on function crm.row_said(crm.import_run, text, text) is
    'The first row of an entity, of which there are few, that has an id or name; null: none.';

create function crm.tenant_of_unit(run crm.import_run, said text) returns int
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    unit constant crm.import_row := crm.row_said(run, 'unit', said);
begin
    return (
        select t.id
        from mandant.tenant as t
        cross join (
            select coalesce(
                run.options -> 'tenants' ->> said,
                run.options -> 'tenants' ->> (unit.data ->> 'name'),
                run.options -> 'tenants' ->> unit.id::text,
                case when said is null then run.options #>> '{default,tenant}' end
            ) as code
        ) as o
        where t.code = o.code
            or o.code is null
                and lower(coalesce(unit.data ->> 'name', said)) in (t.code, lower(t.name))
        order by t.id
        limit 1
    );
end
$$;

comment on function crm.tenant_of_unit(crm.import_run, text) is
    'The tenant that a business unit, by name or id, comes to; null: none, or not selected.';

create function crm.principal_of_user(run crm.import_run, said text) returns uuid
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    person constant crm.import_row := crm.row_said(run, 'user', said);
begin
    return (
        select p.id
        from mandant.principal as p
        where p.name = lower(coalesce(
            run.options -> 'users' ->> said,
            run.options -> 'users' ->> (person.data ->> 'name'),
            run.options -> 'users' ->> person.id::text,
            person.data ->> 'email',
            case when said is null then run.options #>> '{default,owner}' else said end
        ))
    );
end
$$;

comment on function crm.principal_of_user(crm.import_run, text) is
    'The principal that a user, by name, id or e-mail, is here; null: none.';

create function crm.currency_said(run crm.import_run, said text) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select c.code
        from crm.currency as c
        where c.code = coalesce(
            upper((crm.row_said(run, 'currency', said)).data ->> 'code'), upper(said)
        )
    );
end
$$;

comment on function crm.currency_said(crm.import_run, text) is
    'The code of a currency, by name, id or code; null: there is none.';

create function crm.country_said(run crm.import_run, said text) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select c.code
        from crm.country as c
        where c.code = run.options -> 'countries' ->> said
            or upper(said) in (c.code, c.alpha3) or lower(said) = lower(c.name)
        order by c.code = (run.options -> 'countries' ->> said) desc nulls last
        limit 1
    );
end
$$;

comment on function crm.country_said(crm.import_run, text) is
    'The code of a country, by name or code; null: there is none.';

create function crm.unit_said(run crm.import_run, said text) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select u.code
        from crm.unit as u
        where u.code = case
                when said is null then run.options #>> '{default,unit}'
                else run.options -> 'units' ->> said
            end
            or lower(said) = u.code
            or exists (
                select from jsonb_each_text(u.names) as n where lower(n.value) = lower(said)
            )
        order by u.code = (run.options -> 'units' ->> said) desc nulls last
        limit 1
    );
end
$$;

comment on function crm.unit_said(crm.import_run, text) is
    'The code of a unit of measure, by name or code; null: there is none.';

create function crm.look_up_said(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    with row as materialized (
        select r.seq, r.data ->> 'owner' as owner, r.data ->> 'currency' as currency,
            coalesce(r.data ->> 'billing_country', r.data ->> 'country') as country,
            r.data ->> 'uom' as uom,
            coalesce(r.data ->> 'tenant', r.data ->> 'unit') as unit
        from crm.import_row as r
        where r.run_id = run.id and not r.loaded
    ), person as materialized (
        select s.said, crm.principal_of_user(run, s.said) as id,
            (crm.row_said(run, 'user', s.said)).data ->> 'unit' as unit
        from (select distinct r.owner as said from row as r) as s
    ), home as materialized (
        select s.said, crm.tenant_of_unit(run, s.said) as id
        from (
            select distinct coalesce(r.unit, p.unit) as said
            from row as r
            left join person as p on p.said is not distinct from r.owner
        ) as s
    ), money as materialized (
        select s.said, crm.currency_said(run, s.said) as code
        from (select distinct r.currency as said from row as r) as s
    ), land as materialized (
        select s.said, crm.country_said(run, s.said) as code
        from (select distinct r.country as said from row as r) as s
    ), measure as materialized (
        select s.said, crm.unit_said(run, s.said) as code
        from (select distinct r.uom as said from row as r) as s
    )
    update crm.import_row as r
    set owner = p.id, tenant = h.id, currency = m.code, country = l.code, unit = u.code
    from row as s
    left join person as p on coalesce(p.said, '') = coalesce(s.owner, '')
    left join home as h on coalesce(h.said, '') = coalesce(s.unit, p.unit, '')
    left join money as m on m.said = s.currency
    left join land as l on l.said = s.country
    left join measure as u on coalesce(u.said, '') = coalesce(s.uom, '')
    where r.run_id = run.id and r.seq = s.seq;

    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, case p.field when 'uom' then 'warning' else 'error' end, r.file, r.line,
        p.field, p.message
    from crm.import_row as r
    cross join lateral (
        values
            ('owner', r.owner is null, r.data ->> 'owner',
                'nobody is "%s": import the users as well, or say in [users] who it is'),
            ('currency', r.currency is null, r.data ->> 'currency',
                'no currency "%s": import the currencies as well, or write its code'),
            ('country', r.country is null,
                coalesce(r.data ->> 'billing_country', r.data ->> 'country'),
                'no country "%s": say in [countries] which it is'),
            ('uom', r.unit is null, r.data ->> 'uom',
                'no unit "%s": it is left out; say in [units] which it is')
    ) as c (field, lacks, said, told)
    cross join lateral (select c.field, format(c.told, c.said) as message) as p
    where r.run_id = run.id and not r.loaded and not r.broken and c.lacks and c.said is not null
    order by r.seq;
end
$$;

comment on function crm.look_up_said(crm.import_run) is
    'Looks up owner, tenant, currency, country and unit of all rows; notes what there is not.';

create function crm.look_up_rows(run crm.import_run, field text, entities text[], within text[])
    returns table (seq bigint, found uuid)
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
    set enable_nestloop = off  -- nobody knows how many words there are: it would be their square
as $$
#variable_conflict use_column
begin
    return query
        with said as materialized (
            select distinct r.data ->> field as said
            from crm.import_row as r
            where r.run_id = run.id and r.entity = any (entities) and r.data ? field
        ), word as materialized (
            -- a contact stands for his company
            select case r.entity when 'contact' then r.customer else r.id end as id, w.word
            from crm.import_row as r
            cross join lateral (
                values
                    (r.id::text), (lower(r.data ->> 'name')), (lower(r.key)),
                    (lower(r.data ->> 'number')), (lower(r.data ->> 'code'))
            ) as w (word)
            where r.run_id = run.id and r.entity = any (within) and w.word is not null
            union all
            select i.source_id, i.source_id::text
            from crm.imported as i
            where i.source = run.source and i.entity = any (within)
        ), known as materialized (
            select s.said, array_agg(distinct w.id) filter (where w.id is not null) as ids
            from said as s
            left join word as w on w.word = lower(s.said)
            group by s.said
        ), told as (
            insert into crm.import_problem (run_id, level, file, line, field, message)
            select run.id, 'error', r.file, r.line, field,
                case
                    when k.ids is null then format('there is no %s "%s"', field, k.said)
                    else format('%s are called "%s"', cardinality(k.ids), k.said)
                end
            from crm.import_row as r
            join known as k on k.said = r.data ->> field
            where r.run_id = run.id and r.entity = any (entities) and not r.broken
                and coalesce(cardinality(k.ids), 0) <> 1
            order by r.seq
        )
        select r.seq, k.ids[1]
        from crm.import_row as r
        join known as k on k.said = r.data ->> field
        where r.run_id = run.id and r.entity = any (entities) and cardinality(k.ids) = 1;
end
$$;

comment on function crm.look_up_rows(crm.import_run, text, text[], text[]) is
    'What rows of some entities mean by a field: the source ids of rows of others.

By id, name, key, number or code, among the rows and what was imported before; notes (error) what there
is not, and what is called alike.';

alter function crm.row_said(crm.import_run, text, text) owner to crm_owner;
alter function crm.tenant_of_unit(crm.import_run, text) owner to crm_owner;
alter function crm.principal_of_user(crm.import_run, text) owner to crm_owner;
alter function crm.currency_said(crm.import_run, text) owner to crm_owner;
alter function crm.country_said(crm.import_run, text) owner to crm_owner;
alter function crm.unit_said(crm.import_run, text) owner to crm_owner;
alter function crm.look_up_said(crm.import_run) owner to crm_owner;
alter function crm.look_up_rows(crm.import_run, text, text[], text[]) owner to crm_owner;
revoke all on function
    crm.row_said(crm.import_run, text, text),
    crm.tenant_of_unit(crm.import_run, text),
    crm.principal_of_user(crm.import_run, text),
    crm.currency_said(crm.import_run, text),
    crm.country_said(crm.import_run, text),
    crm.unit_said(crm.import_run, text),
    crm.look_up_said(crm.import_run),
    crm.look_up_rows(crm.import_run, text, text[], text[])
    from public;
