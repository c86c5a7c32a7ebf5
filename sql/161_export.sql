-- A company with all that is its own, and what that refers to, as rows that can leave the
-- database. They are read as whoever exports, so row security holds; the tables of the extension,
-- which nobody may read, by a function that asks for the right and gives rows of the one company
-- only.

-- Nothing of a company is left out silently because somebody may see only part of it, or has not
-- selected it.
create function crm.require_export(tenant text) returns int
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    company int;
    object text;
begin
    select t.id into company
    from mandant_internal.tenant as t
    where t.code = require_export.tenant and mandant_internal.has_right('tenant', 'read', t.id);
    if not found then
        raise exception 'tenant "%" is not available to you', tenant
            using errcode = 'insufficient_privilege',
                hint = 'available: ' || (
                    select array_to_string(w.available[1:20], ', ') from mandant.whoami() as w
                );
    end if;
    for object in
        select distinct p.object from mandant_internal.protected_table as p
        union
        select unnest(array[
            'tenant', 'principal', 'access_grant', 'team', 'series', 'number', 'setting'
        ])
        order by 1
    loop
        perform mandant_internal.require_whole(object, 'export', company);
        perform mandant_internal.require_whole(object, 'read', company);
    end loop;
    if mandant.current_tenants() <> array[company] then
        raise exception 'tenant "%" is not the one that is selected', tenant
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('set mandant.tenant = %L', tenant);
    end if;
    return company;
end
$$;

comment on function crm.require_export(text) is
    'The id of a company that may be exported as a whole, else refuses.

Errors: 42501 not available, or no right to read and export every object of the whole company; 55000
it is not selected, or not alone.';

alter function crm.require_export(text) owner to crm_owner;
revoke all on function crm.require_export(text) from public;

create function crm.named_by(company int, out people uuid[], out companies int[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    listed record;
    ids uuid[];
    found uuid[] := '{}';
begin
    for listed in
        select
            e.*,
            (
                select string_agg(format('(x.%I)', a.attname), ', ')
                from pg_attribute as a
                where a.attrelid = e.relation and a.attname = any (e.columns)
                    and a.atttypid = 'uuid'::regtype
                    -- not what it is itself, or what of the company it refers to
                    and a.attname <> 'id'
                    and not exists (
                        select from pg_constraint as k
                        where k.contype = 'f' and k.conrelid = e.relation and a.attnum = any (k.conkey)
                            and k.confrelid not in (
                                'mandant_internal.principal'::regclass,
                                'mandant_internal.team'::regclass)
                    )
            ) as ids,
            (
                select string_agg(format('(x.%I)', a.attname), ', ')
                from pg_constraint as k
                join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
                where k.contype = 'f' and k.conrelid = e.relation
                    and k.confrelid = 'mandant_internal.tenant'::regclass
                    and a.attname is distinct from e.tenant_column
            ) as companies
        from crm.exported_table() as e
        where e.kind = 'tenant' and e.by_owner
            and e.relation not in (
                'mandant_internal.principal'::regclass, 'mandant_internal.team'::regclass,
                'mandant_internal.tenant'::regclass)
    loop
        if listed.ids is not null then
            execute format(
                'select array_agg(distinct v.id) from %s x cross join lateral (values %s) v (id)'
                ' where %s', listed.source, listed.ids, listed.condition
            ) into ids using company;
            found := array(
                select p.id from mandant_internal.principal as p where p.id = any (ids)
                union
                select t.id from mandant_internal.team as t where t.id = any (ids)
                union
                select unnest(found)
            );
        end if;
        if listed.companies is not null then
            execute format(
                'select array(select distinct v.id from %s x cross join lateral (values %s) v (id)'
                ' where (%s) and v.id is not null union select unnest($2))',
                listed.source, listed.companies, listed.condition
            ) into companies using company, companies;
        end if;
    end loop;
    people := found;
    companies := array(
        select unnest(companies)
        union
        select t.parent_id from mandant_internal.tenant as t
        where t.id = company and t.parent_id is not null
        union
        select p.tenant_id from mandant_internal.principal as p where p.id = any (found)
    );
end
$$;

comment on function crm.named_by(int) is
    'People, teams and companies that a company''s rows name, wherever they belong.';

alter function crm.named_by(int) owner to crm_owner;
revoke all on function crm.named_by(int) from public;

create function crm.exported_column(relation regclass, column_name name) returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
    return case relation
        when 'mandant_internal.tenant'::regclass then case
            when column_name = 'id' then 'x.id'
            when column_name in ('code', 'name', 'country', 'currency') then format(
                'case when mandant_internal.has_right(''tenant'', ''read'', x.id) then x.%I'
                ' else %s end',
                column_name,
                case column_name
                    when 'code' then '''company-'' || x.id'
                    when 'name' then '''another company'''
                    else 'null'
                end
            )
            else format('case when x.id = $1 then x.%I end', column_name)
        end
        when 'mandant_internal.principal'::regclass then case
            when column_name in ('id', 'kind', 'name', 'full_name', 'tenant_id')
                then format('x.%I', column_name)
            when column_name = 'state'
                then 'case when x.tenant_id = $1 then x.state else ''inactive'' end'
            else format('case when x.tenant_id = $1 then x.%I end', column_name)
        end
        when 'mandant_internal.series'::regclass
            then case column_name when 'tenant_id' then '$1' else format('x.%I', column_name) end
        else format('x.%I', column_name)
    end;

comment on function crm.exported_column(regclass, name) is
    'How a column is written; of other companies only what they are known by.

A company that whoever exports may not read is called company-<id>. A series that another company
manages is the company''s where it goes.';

alter function crm.exported_column(regclass, name) owner to crm_owner;
revoke all on function crm.exported_column(regclass, name) from public;

create function crm.exported_rows("row" anyelement, tenant text) returns setof anyelement
    language plpgsql stable
    -- reads the extension's tables, each with a condition; of the CRM's, row security sees the caller
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    company constant int := crm.require_export(tenant);
    listed record;
    people uuid[];
    companies int[];
begin
    select e.* into listed
    from crm.exported_table() as e
    join pg_type as t on t.typrelid = e.relation
    where t.oid = pg_typeof("row") and e.by_owner and e.kind in ('tenant', 'shared');
    if not found then
        raise exception '% is no table of which rows are exported', pg_typeof("row")
            using errcode = 'invalid_parameter_value', hint = 'crm.export_files lists them';
    end if;
    if listed.condition ~ '\$[23]' then
        select n.people, n.companies into people, companies from crm.named_by(company) as n;
    end if;
    return query execute format(
        -- the last condition says what is given, of which some tables need less
        'select %s from %s as x where (%s) and ($1, $2, $3) is distinct from (0, $2, $3)'
        ' order by %s',
        (
            select string_agg(
                case
                    when a.attname = any (listed.columns)
                        then crm.exported_column(listed.relation, a.attname)
                    else format('null::%s', format_type(a.atttypid, a.atttypmod))
                end,
                ', ' order by a.attnum
            )
            from pg_attribute as a
            where a.attrelid = listed.relation and a.attnum > 0 and not a.attisdropped
        ),
        listed.source, listed.condition, listed.ordered
    ) using company, people, companies;
end
$$;

comment on function crm.exported_rows(anyelement, text) is
    'Rows of one table that a company is exported with: its own, or what all share.

row: null of the table''s row type, such as null::crm.customer; tenant: code of the company, which must
be selected alone. Columns that stay in the database are null. Needs the rights read and export on
every object of the whole company. Errors: 42501 no right, or not available; 55000 not selected; 22023
a table that is not exported.';

alter function crm.exported_rows(anyelement, text) owner to crm_owner;
revoke all on function crm.exported_rows(anyelement, text) from public;
grant execute on function crm.exported_rows(anyelement, text) to mandant_user;

create function crm.export_files(
    tenant text, out file text, out "table" text, out kind text, out columns text[], out copy text,
    out reason text
)
    returns setof record
    language plpgsql stable
    security definer -- reads which tables are protected
    set search_path = pg_catalog, pg_temp
as $$
declare
    company constant int := crm.require_export(tenant);
begin
    return query
    select
        case when e.kind <> 'left out' then e.name || '.csv' end, e.name, e.kind, e.columns::text[],
        case
            when e.kind = 'left out' then null
            when e.by_owner then format(
                'copy (select %s from crm.exported_rows(null::%s, %L)) to stdout'
                ' (format csv, header, encoding ''UTF8'')', c.list, e.relation, tenant
            )
            else format(
                'copy (select %s from %s as x where %s order by %s) to stdout'
                ' (format csv, header, encoding ''UTF8'')', c.list, e.source,
                replace(e.condition, '$1', company::text), e.ordered
            )
        end,
        e.reason
    from crm.exported_table() as e
    cross join lateral (
        select string_agg(quote_ident(n.column_name), ', ' order by n.place) as list
        from unnest(e.columns) with ordinality as n (column_name, place)
    ) as c
    order by e.name collate "C";
end
$$;

comment on function crm.export_files(text) is
    'What a company is exported with: a file per table, and how it is read.

tenant: code of the company, which must be selected alone. kind: tenant (rows of the company and what
they name), shared (rows of all), or left out, with the reason; copy: the statement that gives the
file. Needs the rights read and export on every object of the whole company. Errors: 42501 no right,
or not available; 55000 not selected.';

alter function crm.export_files(text) owner to crm_owner;
revoke all on function crm.export_files(text) from public;
grant execute on function crm.export_files(text) to mandant_user;

create function crm.export_head(tenant text) returns jsonb
    language plpgsql stable
    security definer -- reads the company, which whoever exports it may
    set search_path = pg_catalog, pg_temp
as $$
declare
    company constant int := crm.require_export(tenant);
begin
    return (
        select jsonb_build_object(
            'version', mandant.version(),
            'checksum', (select i.checksum from crm.installation as i),
            'tenant', jsonb_build_object(
                'id', t.id, 'code', t.code, 'name', t.name, 'country', t.country,
                'currency', t.currency, 'timezone', t.timezone, 'locale', t.locale,
                'fiscal_year_start', t.fiscal_year_start
            ),
            'exported_at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'exported_by', (select coalesce(w.principal, w.login) from mandant.whoami() as w)
        )
        from mandant_internal.tenant as t
        where t.id = company
    );
end
$$;

comment on function crm.export_head(text) is
    'What a manifest says besides its files: version, company, when and by whom.

tenant: code of the company, which must be selected alone. Rights and errors as crm.export_files.';

alter function crm.export_head(text) owner to crm_owner;
revoke all on function crm.export_head(text) from public;
grant execute on function crm.export_head(text) to mandant_user;
