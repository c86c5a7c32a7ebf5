-- Rows of a company that comes from another database, as they are here. Ids are other ones where
-- its own are taken; then the register, whose chains have them in it, is proved as it came and
-- chained anew.

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
    'What a column of a restored row is here: ids can be other ones.';

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
    'The chain of a row of the register, after that of the one before.';

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
    'The chain of an event of the register, after that of the one before.';

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
    'Checks the register as it came, chains it as it is here, and records both heads.

company: its id here. Errors: 55000 the register that came is not intact.';

revoke all on function crm.chain_anew(int) from public;
