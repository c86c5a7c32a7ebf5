-- A company with all that is its own, and what that refers to, as rows that can leave the database. Which
-- tables are a company's the catalogue says: whatever has its id. What is otherwise, and what stays
-- here for good, is said once, in crm.export_rule. Rows are read as whoever exports, so row security
-- holds; the tables of the extension, which nobody may read, by functions that ask for the right.

create function crm.export_rule(
    out relation text, out kind text, out condition text, out columns text[], out reason text
)
    returns setof record
    language sql immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    values
    -- $1: the company's id, $2: people and teams that its rows name, $3: companies that they name
    ('mandant_internal.tenant', 'tenant', 'x.id = $1 or x.id = any ($3)', '{}'::text[],
        'of others that its rows refer to: code, name, country and currency'),
    (
        'mandant_internal.principal', 'tenant', 'x.tenant_id = $1 or x.id = any ($2)',
        '{password_hash,tokens_ended_at}',
        'secrets stay, people choose a password anew; of others that its rows name: the name'
    ),
    ('mandant_internal.team', 'tenant',
        'x.tenant_id = $1 or x.tenant_id is null and x.id = any ($2)', '{}', null),
    (
        'mandant_internal.team_member', 'tenant',
        'exists (select from mandant_internal.team t where t.id = x.team_id and (t.tenant_id = $1'
        ' or t.tenant_id is null and exists (select from mandant_internal.principal p'
        ' where p.id = x.principal_id and p.tenant_id = $1)))', '{}', null
    ),
    (
        'mandant_internal.access_grant', 'tenant',
        'x.tenant_id = $1 or x.scope = ''home'' and exists (select from mandant_internal.principal p'
        ' where p.id = x.principal_id and p.tenant_id = $1)', '{}', null
    ),
    (
        'mandant_internal.setting_value', 'tenant',
        'x.tenant_id = $1 or exists (select from mandant_internal.team t where t.id = x.team_id'
        ' and t.tenant_id = $1) or exists (select from mandant_internal.principal p'
        ' where p.id = x.principal_id and p.tenant_id = $1)', '{n}',
        'n is the order, which the file has; what was said for the group and for companies above'
        ' is theirs'
    ),
    (
        'mandant_internal.series', 'tenant',
        'x.tenant_id = $1 or exists (select from mandant_internal.series_tenant u'
        ' where u.series_id = x.id and u.tenant_id = $1)', '{}', null
    ),
    (
        'mandant_internal.series_version', 'tenant',
        'exists (select from mandant_internal.series s where s.id = x.series_id and (s.tenant_id = $1'
        ' or exists (select from mandant_internal.series_tenant u where u.series_id = s.id'
        ' and u.tenant_id = $1)))', '{}', null
    ),
    ('mandant_internal.audit', 'tenant', 'x.tenant_id = $1', '{id}',
        'id is the order, which the file has'),
    ('mandant_internal.role', 'shared', null, '{}', null),
    ('mandant_internal.role_right', 'shared', null, '{}', null),
    ('mandant_internal.setting', 'shared', null, '{}', null),
    ('mandant_internal.country_default', 'shared', null, '{}', null),
    ('mandant_internal.login', 'left out', null, null,
        'logins are roles of a server: bind them where the company goes, with what they had:'
        ' mandant.bind_login(''report_de'', ''de'', role => null, employee => ''report_de'')'),
    ('mandant_internal.token', 'left out', null, null, 'tokens of people who are signed in'),
    ('mandant_internal.ended_token', 'left out', null, null, 'tokens that were ended'),
    ('mandant_internal.issuer', 'left out', null, null, 'whom a database trusts it says itself'),
    ('mandant_internal.issuer_subject', 'left out', null, null,
        'bound to an issuer: mandant.bind_subject binds them where the company goes'),
    ('mandant_internal.request', 'left out', null, null,
        'idempotency keys and answers of the last day'),
    ('mandant_internal.sign_in_attempt', 'left out', null, null, 'fingerprints of failed sign-ins'),
    ('mandant_internal.installed', 'left out', null, null, 'made by the extension'),
    ('mandant_internal.number_column', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.on_create_tenant', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.protected_table', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.unprotected_table', 'left out', null, null, 'made by the installation'),
    ('crm.installation', 'left out', null, null, 'made by the installation, named in the manifest'),
    ('crm.country_pack', 'left out', null, null,
        'what was loaded there, and when; what it says is in the tables that it fills');
end;

comment on function crm.export_rule() is
    'Tables of which the catalogue does not say what of them is a company''s, and what stays here.

kind: tenant, shared or left out; condition: which rows are the company''s; columns: those that stay;
reason: why.';

-- so much of the extension's tables do functions of the CRM read for it
do $$
declare
    listed record;
begin
    for listed in
        select c.oid::regclass as relation, string_agg(quote_ident(a.attname), ', ') as columns
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join crm.export_rule() as r on r.relation = 'mandant_internal.' || c.relname
        where c.relnamespace = 'mandant_internal'::regnamespace and c.relkind = 'r'
            and (r.kind is distinct from 'left out'
                or c.relname in ('protected_table', 'unprotected_table', 'number_column'))
            and not (r.relation is not null and a.attname in ('password_hash', 'tokens_ended_at'))
        group by c.oid
    loop
        execute format('grant select (%s) on %s to crm_owner', listed.columns, listed.relation);
    end loop;
end
$$;

create function crm.exported_table(
    out relation regclass, out name text, out source text, out kind text, out tenant_column name,
    out condition text, out columns name[], out key text[], out ordered text, out by_owner boolean,
    out rank int, out reason text
)
    returns setof record
    language plpgsql stable
    security definer -- reads which tables are protected
    set search_path = pg_catalog, pg_temp
as $$
begin
    for relation, name, source, kind, tenant_column, condition, columns, key, ordered, by_owner, rank,
        reason in
    with recursive candidate as (
        select
            c.oid, c.relkind, n.nspname || '.' || c.relname as called, r.kind, r.condition,
            coalesce(r.columns, '{}') as stays, r.reason, r.relation is not null as ruled,
            coalesce(u.shared, false) as shared, p.relation is not null as protected,
            c.relowner in ('crm_owner'::regrole, 'mandant_owner'::regrole) as ours,
            (
                select a.attname
                from (
                    select a.attname, 1 as place
                    from pg_attribute as a
                    where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
                    union all
                    select a.attname, 2
                    from pg_constraint as k
                    cross join unnest(k.conkey, k.confkey) as pair (own, other)
                    join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = pair.own
                    join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = pair.other
                    where k.contype = 'f' and k.conrelid = c.oid and b.attname = 'tenant_id'
                ) as a
                order by a.place, a.attname
                limit 1
            ) as tenant_column
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        left join mandant_internal.protected_table as p on p.relation = c.oid
        left join mandant_internal.unprotected_table as u on u.relation = c.oid
        left join crm.export_rule() as r on r.relation = n.nspname || '.' || c.relname
        where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
            and (p.relation is not null or u.relation is not null
                or n.nspname = 'mandant_internal')
    ),
    sorted as (
        select
            d.*,
            case
                when d.ruled then d.kind
                when d.tenant_column is not null then 'tenant'
                when d.shared then 'shared'
                when not d.ours then 'left out' -- private to another
            end as becomes
        from candidate as d
    ),
    -- what is shared goes in after what it refers to
    above (oid, level) as (
        select s.oid, 0 from sorted as s where s.becomes = 'shared'
        union
        select k.conrelid, a.level + 1
        from above as a
        join pg_constraint as k
            on k.confrelid = a.oid and k.contype = 'f' and k.conrelid <> k.confrelid
        join sorted as s on s.oid = k.conrelid and s.becomes = 'shared'
    )
    select
        s.oid::regclass, s.called,
        case when s.relkind = 'r' then 'only ' else '' end || s.oid::regclass, s.becomes,
        s.tenant_column,
        coalesce(s.condition, case
            when s.becomes = 'tenant' then format('x.%I = $1', s.tenant_column) else 'true' end),
        array(
            select a.attname
            from pg_attribute as a
            where a.attrelid = s.oid and a.attnum > 0 and not a.attisdropped
                and a.attgenerated = '' and a.attname <> all (s.stays)
                -- when, and by whom, it came into a database is no part of what is shared
                and not (s.becomes = 'shared' and a.atthasdef
                    and a.atttypid in ('timestamptz'::regtype, 'uuid'::regtype))
            order by a.attnum
        ),
        coalesce(i.key, '{}'),
        coalesce(
            (select string_agg(format('x.%I', a.attname), ', ')
                from unnest(s.stays) as left_out
                join pg_attribute as a on a.attrelid = s.oid and a.attname = left_out
                where a.attidentity <> ''),
            array_to_string(i.key, ', '), 'x::text'
        ),
        s.ours, (select max(a.level) from above as a where a.oid = s.oid),
        case when s.becomes = 'left out' and not s.ruled
            then 'private to its owner, and no company''s' else s.reason end
    from sorted as s
    left join lateral (
        select array(
            select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) as k
        ) as key
        from pg_index as i
        where i.indrelid = s.oid and i.indisunique and i.indpred is null
        order by i.indisprimary desc, i.indexrelid
        limit 1
    ) as i on true
    order by s.called collate "C"
    loop
        if kind is null then
            raise exception 'nothing says of % whether it is a company''s', relation
                using errcode = 'object_not_in_prerequisite_state',
                    hint = 'give it tenant_id, share it, or name it in crm.export_rule';
        end if;
        return next;
    end loop;
end
$$;

comment on function crm.exported_table() is
    'Every table that can hold something of a company, as the catalogue has it.

kind: tenant, shared or left out; tenant_column: with the company''s id; condition: which rows x are the
company''s, whose id is $1; source: what to read them from; columns: those that leave the database; key: what a row is known by;
ordered: how they are written; by_owner: the CRM reads it for whoever exports, else they read it
themselves; rank: of shared tables, after what they refer to; reason: why something is left out.
Errors: 55000 nothing says what of a table is a company''s.';

alter function crm.exported_table() owner to crm_owner;
revoke all on function crm.exported_table(), crm.export_rule() from public;
grant execute on function crm.export_rule() to crm_owner;

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
    'People, teams and companies that the rows of a company name, wherever they belong.';

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
    'How a column is written: of other companies and their people only what they are known by.

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
    'Rows of one table that a company is exported with: its own, or what all companies share.

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
    'What the manifest of an export says besides its files: version, company, when and by whom.

tenant: code of the company, which must be selected alone. Rights and errors as crm.export_files.';

alter function crm.export_head(text) owner to crm_owner;
revoke all on function crm.export_head(text) from public;
grant execute on function crm.export_head(text) to mandant_user;
