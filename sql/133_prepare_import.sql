-- An import is prepared: what cannot be is told, users are added, and rows that follow from others: a
-- person who buys is a customer, a lead is one with an opportunity, a customer or product of several
-- tenants is there in each. Then each row knows its tenant and id, and whether it has changed.

create function crm.refuse_twins(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    with twin as (
        select r.seq, lag(r.file) over same as file, lag(r.line) over same as line
        from crm.import_row as r
        where r.run_id = run.id
        window same as (partition by r.entity, r.id order by r.seq)
    ), marked as (
        update crm.import_row as r
        set broken = true
        from twin as t
        where r.run_id = run.id and r.seq = t.seq and t.line is not null
        returning r.file, r.line, t.file as first_file, t.line as first_line
    )
    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, 'error', m.file, m.line, 'id',
        format('the same id as line %s of %s', m.first_line, m.first_file)
    from marked as m
    order by m.file, m.line;
end
$$;

comment on function crm.refuse_twins(crm.import_run) is 'Notes ids that are there twice.';

create function crm.refuse_circles(run crm.import_run, entity text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    with recursive word as (
        select distinct on (w.word) w.word, r.id
        from crm.import_row as r
        cross join lateral (values (r.id::text), (lower(r.data ->> 'name'))) as w (word)
        where r.run_id = run.id and r.entity = refuse_circles.entity
        order by w.word, r.seq
    ), child as (
        select r.seq, r.id, w.id as parent
        from crm.import_row as r
        left join word as w on w.word = lower(r.data ->> 'parent')
        where r.run_id = run.id and r.entity = refuse_circles.entity and not r.broken
    ), below as (
        select c.id from child as c where c.parent is null
        union
        select c.id from child as c join below as b on c.parent = b.id
    )
    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, 'error', r.file, r.line, 'parent', 'its parents go round in a circle'
    from child as c
    join crm.import_row as r on r.run_id = run.id and r.seq = c.seq
    where c.id not in (select b.id from below as b);
end
$$;

comment on function crm.refuse_circles(crm.import_run, text) is
    'Notes rows that are their own parent, directly or by others, and those below them.';

create function crm.load_users(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    person crm.import_row;
    known record;
begin
    for person in
        select r.*
        from crm.import_row as r
        where r.run_id = run.id and r.entity = 'user' and not r.broken
        order by r.seq
    loop
        begin
            person.tenant := crm.tenant_of_unit(
                run, coalesce(person.data ->> 'tenant', person.data ->> 'unit')
            );
            person.owner := crm.principal_of_user(run, person.id::text);
            person.action := 'same';
            if person.owner is null then
                if person.data ->> 'email' is null then
                    -- such as those that Dynamics has for itself: nothing may be theirs
                    perform crm.note_problem(
                        person, 'email', 'it has no e-mail address, and is left out', 'warning'
                    );
                    person.action := 'skipped';
                elsif person.tenant is null then
                    perform crm.note_problem(person, 'unit', crm.no_tenant(person));
                else
                    select p.* into known
                    from mandant.add_employee(
                        (select t.code from mandant.tenant as t where t.id = person.tenant),
                        person.data ->> 'email',
                        coalesce(person.data ->> 'name', person.data ->> 'email')
                    ) as p;
                    person.owner := known.id;
                    person.action := 'new';
                    if (person.data ->> 'inactive')::boolean then
                        perform mandant.deactivate_employee(
                            person.data ->> 'email', format('inactive in %s', run.source)
                        );
                    end if;
                end if;
            end if;
        exception when others then
            perform crm.note_problem(person, '', sqlerrm);
        end;
        update crm.import_row as r
        set tenant = person.tenant, owner = person.owner, action = person.action, loaded = true
        where r.run_id = run.id and r.seq = person.seq;
    end loop;
    update crm.import_row as r
    set loaded = true
    where r.run_id = run.id and r.entity in ('unit', 'user', 'currency');
end
$$;

comment on function crm.load_users(crm.import_run) is
    'Adds employees, without password or right, who are not there yet.';

create function crm.no_tenant(target crm.import_row) returns text
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return case
        when target.data ? 'tenant' or target.data ? 'unit' then format(
            'no tenant that is selected for "%s": say in [tenants] which it is',
            coalesce(target.data ->> 'tenant', target.data ->> 'unit')
        )
        else 'nothing says to which tenant it belongs: say [default] tenant'
    end;

comment on function crm.no_tenant(crm.import_row) is 'What is wrong with a row that has no tenant.';

create function crm.add_rows(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    -- a person without a company is a customer, and his own contact no more
    update crm.import_row as r
    set entity = 'customer'
    where r.run_id = run.id and r.entity = 'contact' and not r.data ? 'customer';
    -- what became of a qualified lead is there as customer and opportunity
    update crm.import_row as r
    set loaded = true, action = 'skipped'
    where r.run_id = run.id and r.entity = 'lead'
        and (r.broken or r.data ->> 'state' = 'qualified');
    insert into crm.import_row (run_id, entity, file, line, id, key, data, print)
    select r.run_id, 'customer', r.file, r.line, r.id, r.key,
        r.data - array['amount', 'expected_close', 'source', 'state', 'reason', 'name', 'person']
            || jsonb_build_object('name', coalesce(r.data ->> 'company', r.data ->> 'person')),
        r.print
    from crm.import_row as r
    where r.run_id = run.id and r.entity = 'lead' and not r.loaded
    order by r.seq;
    update crm.import_row as r
    set entity = 'opportunity',
        data = r.data || jsonb_build_object('customer', r.id)
            || case when r.data ? 'source' then '{}' else '{"source": "lead"}'::jsonb end
    where r.run_id = run.id and r.entity = 'lead' and not r.loaded;
end
$$;

comment on function crm.add_rows(crm.import_run) is
    'Adds the rows that follow from others of their own: customers from persons and leads.';

create function crm.prepare_import(run_id uuid) returns bigint
    language plpgsql volatile
    security definer -- writes the staging
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    run constant crm.import_run := crm.import_under_way(run_id);
begin
    analyze crm.import_row;
    perform crm.refuse_twins(run);
    perform crm.refuse_circles(run, 'unit');
    perform crm.refuse_circles(run, 'customer');
    perform crm.load_users(run);
    perform crm.add_rows(run);
    perform crm.look_up_said(run);
    update crm.import_row as r
    set customer = f.found
    from crm.look_up_rows(run, 'customer', '{contact}', '{customer}') as f
    where r.run_id = run.id and r.seq = f.seq;
    update crm.import_row as r
    set customer = f.found
    from crm.look_up_rows(
        run, 'customer', '{opportunity,quote,order,invoice}', '{customer,contact}'
    ) as f
    where r.run_id = run.id and r.seq = f.seq;
    update crm.import_row as r
    set document = f.found
    from crm.look_up_rows(run, 'document', '{line}', '{quote,order,invoice}') as f
    where r.run_id = run.id and r.seq = f.seq;
    update crm.import_row as r
    set document = f.found
    from crm.look_up_rows(run, 'source', '{order}', '{quote}') as f
    where r.run_id = run.id and r.seq = f.seq;
    update crm.import_row as r
    set document = f.found
    from crm.look_up_rows(run, 'source', '{invoice}', '{order}') as f
    where r.run_id = run.id and r.seq = f.seq;
    update crm.import_row as r
    set product = f.found
    from crm.look_up_rows(run, 'product', '{line}', '{product}') as f
    where r.run_id = run.id and r.seq = f.seq;
    analyze crm.import_row;
    perform crm.place_rows(run);
    perform crm.reckon_lines(run);
    perform crm.find_changes(run);
    perform crm.tell_duplicates(run);
    analyze crm.import_row;
    return (select count(*) from crm.import_row as r where r.run_id = run.id and r.place > 0);
end
$$;

comment on function crm.prepare_import(uuid) is
    'Looks up what the rows of an import refer to, adds users, and returns how many are to be loaded.

What is wrong is in crm.import_problems then. Errors: P0002 no such import.';

create function crm.place_rows(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    -- contacts are where their customers are; the others, too, where nothing says otherwise
    update crm.import_row as r
    set tenant = c.tenant
    from crm.import_row as c
    where r.run_id = run.id and c.run_id = run.id and c.entity = 'customer' and c.id = r.customer
        and not c.broken and c.tenant is not null
        and (r.entity = 'contact' or r.tenant is null
            or not (r.data ? 'tenant' or r.data ? 'unit'));
    update crm.import_row as r
    set tenant = i.tenant_id
    from crm.imported as i
    where r.run_id = run.id and r.customer is not null and r.tenant is null
        and i.source = run.source and i.entity = 'customer' and i.source_id = r.customer;
    -- a customer whom another tenant works for is one there as well
    insert into crm.import_row (
        run_id, entity, file, line, id, key, data, print, tenant, owner, currency, country, amounts
    )
    select distinct on (r.tenant, c.id) run.id, c.entity, c.file, c.line, c.id, c.key, c.data, c.print,
        r.tenant, c.owner, c.currency, c.country, '{"copy": true}'::jsonb
    from crm.import_row as r
    join crm.import_row as c
        on c.run_id = run.id and c.entity = 'customer' and c.id = r.customer and not c.broken
    where r.run_id = run.id and r.tenant <> c.tenant and not r.broken
    order by r.tenant, c.id;
    -- products are of nobody there, and of each tenant here
    with home as (
        select distinct r.tenant
        from crm.import_row as r
        where r.run_id = run.id and r.entity <> 'product' and r.tenant is not null
    ), first as (
        update crm.import_row as r
        set tenant = (select min(h.tenant) from home as h)
        where r.run_id = run.id and r.entity = 'product' and not r.data ? 'tenant'
            and exists (select from home)
        returning r.*
    )
    insert into crm.import_row (
        run_id, entity, file, line, id, key, data, print, broken, tenant, currency, unit, amounts
    )
    select f.run_id, f.entity, f.file, f.line, f.id, f.key, f.data, f.print, f.broken, h.tenant,
        f.currency, f.unit, '{"copy": true}'::jsonb
    from first as f
    cross join home as h
    where h.tenant <> (select min(h.tenant) from home as h);

    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, 'error', r.file, r.line, 'unit', crm.no_tenant(r)
    from crm.import_row as r
    where r.run_id = run.id and r.tenant is null and not r.broken and not r.loaded
        and r.entity <> 'line' and (r.customer is not null or not r.data ? 'customer')
    order by r.seq;
    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, 'error', r.file, r.line, 'customer', 'it is for nobody'
    from crm.import_row as r
    where r.run_id = run.id and not r.broken and not r.data ? 'customer'
        and r.entity in ('opportunity', 'quote', 'order', 'invoice')
    order by r.seq;
    -- what lacks anything is not tried: it would be told twice
    update crm.import_row as r
    set broken = true
    where r.run_id = run.id and not r.broken and not r.loaded and r.entity <> 'line'
        and (
            r.tenant is null
            or r.customer is null
                and r.entity in ('contact', 'opportunity', 'quote', 'order', 'invoice')
            or r.owner is null and r.data ? 'owner'
            or r.currency is null and r.data ? 'currency'
        );
end
$$;

comment on function crm.place_rows(crm.import_run) is
    'Says of each row to which tenant it comes; customers and products come to several.';

create function crm.find_changes(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    -- a chosen id could be that of a row of a company that one does not see: functions would find two
    keeps_ids constant boolean := not exists (
        select from mandant_internal.tenant as t
        where not mandant_internal.has_whole_right('import', 'create', t.id)
    );
begin
    -- a document is what its lines are
    update crm.import_row as r
    set print = md5(r.print || coalesce(l.prints, ''))
    from (
        select d.seq, string_agg(l.print, ' ' order by l.print) as prints
        from crm.import_row as d
        left join crm.import_row as l
            on l.run_id = run.id and l.entity = 'line' and l.document = d.id
        where d.run_id = run.id and d.entity in ('quote', 'order', 'invoice')
        group by d.seq
    ) as l
    where r.run_id = run.id and r.seq = l.seq;
    update crm.import_row as r
    set target = coalesce(
            i.id,
            case
                when keeps_ids and not coalesce(r.amounts ? 'copy', false) then r.id
                else md5(concat_ws(' ', run.source, r.entity, r.id, r.tenant))::uuid
            end
        ),
        action = case
            when i.id is null then 'new'
            when i.print = r.print then 'same'
            else 'changed'
        end,
        loaded = i.print is not distinct from r.print
    from crm.import_row as s
    left join crm.imported as i
        on i.tenant_id = s.tenant and i.source = run.source and i.entity = s.entity
        and i.source_id = s.id
    where r.run_id = run.id and s.run_id = run.id and s.seq = r.seq
        and not r.loaded and not r.broken and r.entity <> 'line';
    update crm.import_row as r
    set loaded = true
    where r.run_id = run.id and (r.entity = 'line' or r.broken);
    -- each after what it refers to; numbers go up within a tenant
    update crm.import_row as r
    set place = o.place
    from (
        select r.seq, row_number() over (
            order by array_position(
                array['product', 'customer', 'contact', 'opportunity', 'quote', 'order', 'invoice'],
                r.entity
            ), r.amounts ? 'copy', r.tenant, r.data ->> 'date', r.data ->> 'number', r.seq
        ) as place
        from crm.import_row as r
        where r.run_id = run.id and not r.loaded
    ) as o
    where r.run_id = run.id and r.seq = o.seq;
end
$$;

comment on function crm.find_changes(crm.import_run) is
    'Says of each row which id it has here, and whether it is new, changed or the same.

Its own, where whoever imports does so for all tenants; else one that follows from it.';

create function crm.tell_duplicates(run crm.import_run) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
    set enable_nestloop = off
as $$
begin
    insert into crm.import_problem (run_id, level, file, line, field, message)
    select run.id, 'warning', d.file, d.line, 'name',
        format('a customer "%s" is %s: merge the two if they are one', d.name, d.place)
    from (
        select distinct on (n.seq) n.file, n.line, n.seq, n.data ->> 'name' as name, case
                when c.id is not null then 'there already'
                else format('in line %s of %s as well', f.line, f.file)
            end as place
        from crm.import_row as n
        left join crm.customer as c
            on c.tenant_id = n.tenant and lower(c.name) = lower(n.data ->> 'name')
            and c.state in ('active', 'blocked') and c.id <> n.target
            and coalesce(c.postal_code = n.data ->> 'postal_code', true)
        left join (
            select r.tenant, lower(r.data ->> 'name') as name, r.data ->> 'postal_code' as code,
                min(r.seq) as seq, min(r.line) as line, min(r.file) as file
            from crm.import_row as r
            where r.run_id = run.id and r.entity = 'customer' and not r.broken
            group by 1, 2, 3
        ) as f
            on f.tenant = n.tenant and f.name = lower(n.data ->> 'name')
            and f.code is not distinct from n.data ->> 'postal_code' and f.seq < n.seq
        where n.run_id = run.id and n.entity = 'customer' and n.action = 'new'
            and (c.id is not null or f.seq is not null)
        order by n.seq
    ) as d
    order by d.seq;
end
$$;

comment on function crm.tell_duplicates(crm.import_run) is
    'Notes (warning) new customers who are there already, by name and, if both have one, postal code.';

alter function crm.refuse_twins(crm.import_run) owner to crm_owner;
alter function crm.refuse_circles(crm.import_run, text) owner to crm_owner;
alter function crm.load_users(crm.import_run) owner to crm_owner;
alter function crm.no_tenant(crm.import_row) owner to crm_owner;
alter function crm.add_rows(crm.import_run) owner to crm_owner;
alter function crm.prepare_import(uuid) owner to crm_owner;
alter function crm.place_rows(crm.import_run) owner to crm_owner;
alter function crm.find_changes(crm.import_run) owner to crm_owner;
alter function crm.tell_duplicates(crm.import_run) owner to crm_owner;
revoke all on function
    crm.refuse_twins(crm.import_run),
    crm.refuse_circles(crm.import_run, text),
    crm.load_users(crm.import_run),
    crm.no_tenant(crm.import_row),
    crm.add_rows(crm.import_run),
    crm.prepare_import(uuid),
    crm.place_rows(crm.import_run),
    crm.find_changes(crm.import_run),
    crm.tell_duplicates(crm.import_run)
    from public;
grant execute on function crm.prepare_import(uuid) to mandant_user;
