-- Which tables hold something of a company, and which rows of them are its own. The catalogue says
-- so: whatever has its id. What is otherwise, and what stays in the database for good, is said
-- once, here.

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
    ('mandant_internal.purge_request', 'left out', null, null, 'what was asked for and is not done'),
    ('mandant_internal.purge_certificate', 'left out', null, null, 'of companies that are gone'),
    ('mandant_internal.on_create_tenant', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.on_clone_tenant', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.retention_column', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.protected_table', 'left out', null, null, 'made by the installation'),
    ('mandant_internal.unprotected_table', 'left out', null, null, 'made by the installation'),
    ('crm.import_run', 'left out', null, null, 'an import may be of several companies'),
    ('crm.import_row', 'left out', null, null, 'what is under way'),
    ('crm.import_problem', 'left out', null, null, 'what is under way'),
    ('crm.installation', 'left out', null, null, 'made by the installation, named in the manifest'),
    ('crm.country_pack', 'left out', null, null,
        'what was loaded there, and when; what it says is in the tables that it fills');
end;

comment on function crm.export_rule() is
    'What the catalogue does not say: which rows are a company''s, and what stays here.

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
                or c.relname in ('protected_table', 'unprotected_table'))
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

kind: tenant, shared or left out; tenant_column: with the company''s id; condition: which rows x are
the company''s, whose id is $1; source: what to read them from; columns: those that leave the
database; key: what a row is known by; ordered: how they are written; by_owner: the CRM reads it for
whoever exports, else they read it themselves; rank: of shared tables, after what they refer to;
reason: why something is left out.
Errors: 55000 nothing says what of a table is a company''s.';

alter function crm.exported_table() owner to crm_owner;
revoke all on function crm.exported_table(), crm.export_rule() from public;
grant execute on function crm.export_rule() to crm_owner;
