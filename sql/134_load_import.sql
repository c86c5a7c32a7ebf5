-- Rows of an import become products, customers, contacts and opportunities: inserted where they are
-- new, changed where their source has changed. Some hundred at a time; where one is refused, one by
-- one, so that each says for itself what is wrong with it.

create function crm.mark_imported(run crm.import_run, seqs bigint[]) returns void
    language sql volatile
    set search_path = pg_catalog, mandant, pg_temp
begin atomic
    insert into crm.imported as i (tenant_id, source, entity, source_id, id, print)
    select r.tenant, run.source, r.entity, r.id, r.target, r.print
    from crm.import_row as r
    where r.run_id = run.id and r.seq = any (seqs)
    on conflict on constraint imported_pkey do update
    set print = excluded.print, imported_at = now();
end;

comment on function crm.mark_imported(crm.import_run, bigint[]) is
    'Remembers rows that were loaded, so that they are known when they come again.';

create function crm.load_products(run crm.import_run, seqs bigint[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    insert into crm.product as p (
        tenant_id, id, code, name, unit, unit_price, currency, tax_rate, tax_code, active
    )
    select r.tenant, r.target,
        regexp_replace(
            coalesce(r.data ->> 'code', r.key, r.data ->> 'name'), '\s+', '-', 'g'
        ),
        r.data ->> 'name', coalesce(r.unit, 'piece'),
        coalesce((r.data ->> 'price')::numeric, 0), coalesce(r.currency, t.currency),
        coalesce(crm.tax_rate_on(t.country, c.code, crm.today_in(t.id)), 0), c.code,
        r.data ->> 'state' is distinct from 'inactive'
    from crm.import_row as r
    join mandant.tenant as t on t.id = r.tenant
    left join lateral (
        -- what was said, else standard, else the only one that there is
        select c.code
        from crm.tax_code as c
        where c.country = t.country
            and (c.code in (r.data ->> 'tax_code', run.options #>> '{default,tax_code}', 'standard')
                or (select count(*) = 1 from crm.tax_code as o where o.country = t.country))
        order by array_position(
            array[r.data ->> 'tax_code', run.options #>> '{default,tax_code}', 'standard'], c.code
        )
        limit 1
    ) as c on true
    where r.run_id = run.id and r.seq = any (seqs)
    on conflict on constraint product_pkey do update
    set code = excluded.code, name = excluded.name, unit = excluded.unit,
        unit_price = excluded.unit_price, currency = excluded.currency, active = excluded.active;
end
$$;

comment on function crm.load_products(crm.import_run, bigint[]) is
    'Loads products. Their tax code is that of the source, else standard.';

create function crm.load_customers(run crm.import_run, seqs bigint[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    insert into crm.customer as c (
        tenant_id, id, party_id, name, street, postal_code, city, region, country, email, tax_id,
        language, currency, payment_terms_days, early_payment_days, early_payment_percent,
        credit_limit, owner_id, team_id, state
    )
    select r.tenant, r.target, r.id, coalesce(r.data ->> 'name', p.name),
        nullif(concat_ws(
            e'\n', r.data ->> 'street', r.data ->> 'street2', r.data ->> 'street3'
        ), ''),
        r.data ->> 'postal_code', r.data ->> 'city', r.data ->> 'region',
        coalesce(r.country, t.country), r.data ->> 'email', r.data ->> 'tax_id',
        r.data ->> 'language', r.currency,
        coalesce(
            (r.data ->> 'payment_terms_days')::int,
            split_part(r.data ->> 'terms', '/', 1)::int
        ),
        nullif(split_part(r.data ->> 'terms', '/', 2), '')::int,
        nullif(split_part(r.data ->> 'terms', '/', 3), '')::numeric,
        (r.data ->> 'credit_limit')::numeric, r.owner, null,
        case
            when r.data ->> 'state' = 'inactive' or (r.data ->> 'on_hold')::boolean then 'blocked'
            else 'active'
        end
    from crm.import_row as r
    join mandant.tenant as t on t.id = r.tenant
    cross join lateral (
        select nullif(concat_ws(' ', r.data ->> 'first_name', r.data ->> 'last_name'), '') as name
    ) as p
    where r.run_id = run.id and r.seq = any (seqs)
    on conflict on constraint customer_pkey do update
    set name = excluded.name, street = excluded.street, postal_code = excluded.postal_code,
        city = excluded.city, region = excluded.region, country = excluded.country,
        email = excluded.email, tax_id = coalesce(excluded.tax_id, c.tax_id),
        language = coalesce(excluded.language, c.language), currency = excluded.currency,
        payment_terms_days = excluded.payment_terms_days,
        early_payment_days = excluded.early_payment_days,
        early_payment_percent = excluded.early_payment_percent,
        credit_limit = excluded.credit_limit, owner_id = excluded.owner_id,
        state = case when c.state in ('active', 'blocked') then excluded.state else c.state end;
end
$$;

comment on function crm.load_customers(crm.import_run, bigint[]) is
    'Loads customers; in several tenants they are one party. Inactive or on hold: blocked.';

create function crm.load_contacts(run crm.import_run, seqs bigint[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    insert into crm.contact as c (
        tenant_id, id, customer_id, name, function, email, phone, language, owner_id, team_id
    )
    select r.tenant, r.target, o.id,
        coalesce(
            r.data ->> 'name',
            nullif(concat_ws(' ', r.data ->> 'first_name', r.data ->> 'last_name'), '')
        ),
        r.data ->> 'function', r.data ->> 'email', r.data ->> 'phone', r.data ->> 'language',
        k.owner_id, k.team_id
    from crm.import_row as r
    left join crm.imported as o
        on o.tenant_id = r.tenant and o.source = run.source and o.entity = 'customer'
        and o.source_id = r.customer
    left join crm.customer as k on k.tenant_id = r.tenant and k.id = o.id
    where r.run_id = run.id and r.seq = any (seqs)
    on conflict on constraint contact_pkey do update
    set customer_id = excluded.customer_id, name = excluded.name, function = excluded.function,
        email = excluded.email, phone = excluded.phone,
        language = coalesce(excluded.language, c.language), owner_id = excluded.owner_id,
        team_id = excluded.team_id;
end
$$;

comment on function crm.load_contacts(crm.import_run, bigint[]) is
    'Loads contacts, who belong to whoever their customer belongs to.';

create function crm.stage_said(run crm.import_run, tenant int, said text, state text) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select s.code
        from crm.effective_stage as s
        where s.tenant_id = tenant and s.active and s.outcome = coalesce(state, 'open')
        order by
            s.code = run.options -> 'stages' ->> said desc nulls last,
            -- Dynamics writes 2-Develop
            lower(regexp_replace(said, '^\d+-', '')) = s.code
                or exists (
                    select from jsonb_each_text(s.names) as n
                    where lower(n.value) = lower(regexp_replace(said, '^\d+-', ''))
                ) desc nulls last,
            s.position, s.code
        limit 1
    );
end
$$;

comment on function crm.stage_said(crm.import_run, int, text, text) is
    'The stage of a tenant that a phase is, by code or name; else its first with that outcome.';

create function crm.load_opportunities(run crm.import_run, seqs bigint[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    insert into crm.opportunity as o (
        tenant_id, id, customer_id, name, stage, probability, amount, currency, expected_close,
        source, owner_id, team_id, closed_at, closed_on, lost_reason
    )
    select r.tenant, r.target, k.id, r.data ->> 'name',
        crm.stage_said(run, r.tenant, r.data ->> 'stage', r.data ->> 'state'),
        case
            when coalesce(r.data ->> 'state', 'open') = 'open'
                then (r.data ->> 'probability')::numeric
        end,
        case r.data ->> 'state'
            when 'won' then
                coalesce((r.data ->> 'won_amount')::numeric, (r.data ->> 'amount')::numeric)
            else (r.data ->> 'amount')::numeric
        end,
        coalesce(r.currency, t.currency), (r.data ->> 'expected_close')::date,
        r.data ->> 'source', r.owner, null,
        (r.data ->> 'closed_on')::date + time '12:00' at time zone t.timezone,
        (r.data ->> 'closed_on')::date,
        case when r.data ->> 'state' = 'lost' then r.data ->> 'reason' end
    from crm.import_row as r
    join mandant.tenant as t on t.id = r.tenant
    left join crm.imported as k
        on k.tenant_id = r.tenant and k.source = run.source and k.entity = 'customer'
        and k.source_id = r.customer
    where r.run_id = run.id and r.seq = any (seqs)
    on conflict on constraint opportunity_pkey do update
    set name = excluded.name, stage = excluded.stage, probability = excluded.probability,
        amount = excluded.amount, currency = excluded.currency,
        expected_close = excluded.expected_close, source = excluded.source,
        owner_id = excluded.owner_id, lost_reason = excluded.lost_reason;
    -- closing writes today
    update crm.opportunity as o
    set closed_on = (r.data ->> 'closed_on')::date,
        closed_at = (r.data ->> 'closed_on')::date + time '12:00' at time zone t.timezone
    from crm.import_row as r
    join mandant.tenant as t on t.id = r.tenant
    where r.run_id = run.id and r.seq = any (seqs) and o.tenant_id = r.tenant
        and o.id = r.target and o.outcome <> 'open' and r.data ? 'closed_on'
        and o.closed_on <> (r.data ->> 'closed_on')::date;
end
$$;

comment on function crm.load_opportunities(crm.import_run, bigint[]) is
    'Loads opportunities, closed on the day on which they were.';

create function crm.load_some(run crm.import_run, entity text, seqs bigint[]) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    case entity
        when 'product' then perform crm.load_products(run, seqs);
        when 'customer' then perform crm.load_customers(run, seqs);
        when 'contact' then perform crm.load_contacts(run, seqs);
        when 'opportunity' then perform crm.load_opportunities(run, seqs);
        else perform crm.load_documents(run, seqs);
    end case;
    perform crm.mark_imported(run, seqs);
end
$$;

comment on function crm.load_some(crm.import_run, text, bigint[]) is 'Loads rows of one entity.';

create function crm.explain_refusal(
    target crm.import_row, relation regclass, message text, broken text, missing text, hint text
) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.note_problem(
        target, coalesce(nullif(missing, ''), ''),
        case
            when num_nonnulls(nullif(broken, ''), nullif(missing, '')) > 0 and relation is not null
                then crm.rule_in_words(relation, broken, missing, message)
            else message || coalesce(': ' || nullif(hint, ''), '')
        end
    );
end
$$;

comment on function crm.explain_refusal(crm.import_row, regclass, text, text, text, text) is
    'Notes why a row was refused, in the words of the constraint if it was one.';

create function crm.load_rows(run_id uuid, after bigint default 0, size int default 500)
    returns bigint
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set plan_cache_mode = force_generic_plan -- planning takes longer than running
as $$
declare
    run constant crm.import_run := crm.import_under_way(run_id);
    first crm.import_row;
    rows crm.import_row[];
    one crm.import_row;
    message text;
    broken text;
    missing text;
    relation text;
    hint text;
begin
    select r.* into first
    from crm.import_row as r
    where r.run_id = run.id and r.place > after
    order by r.place
    limit 1;
    if not found then
        return null;
    end if;
    if not exists (
        select from crm.import_row as r
        where r.run_id = run.id and r.place = first.place - 1 and r.entity = first.entity
    ) then
        -- what it refers to is there by now, and is looked up as what it is
        analyze crm.imported, crm.customer, crm.product, crm.document;
    end if;
    rows := array(
        select r
        from crm.import_row as r
        where r.run_id = run.id and r.place >= first.place and r.place < first.place + size
            and r.entity = first.entity
        order by r.place
    );
    begin
        perform crm.load_some(run, first.entity, array(select r.seq from unnest(rows) as r));
    exception when others then
        if sqlstate like '40%' or sqlstate like '5_000' then
            raise;
        end if;
        foreach one in array rows loop
            begin
                perform crm.load_some(run, one.entity, array[one.seq]);
            exception when others then
                get stacked diagnostics message = message_text, broken = constraint_name,
                    missing = column_name, hint = pg_exception_hint,
                    relation = table_name;
                perform crm.explain_refusal(
                    one, to_regclass('crm.' || nullif(relation, '')), message, broken, missing, hint
                );
            end;
        end loop;
    end;
    update crm.import_row as r
    set loaded = true
    from unnest(rows) as l
    where r.run_id = run.id and r.seq = l.seq;
    return (select max(r.place) from unnest(rows) as r);
end
$$;

comment on function crm.load_rows(uuid, bigint, int) is
    'Loads the next rows of an import, and returns the place of the last; null: all are loaded.

after: the place that the call before returned. size: how many at most. What is refused is in
crm.import_problems, and stops nothing else. Errors: P0002 no such import.';

create function crm.import_summary(run_id uuid)
    returns table (
        entity text, tenant text, year text, state text, currency text, rows bigint, new bigint,
        changed bigint, same bigint, gross numeric
    )
    language plpgsql stable
    security definer -- reads the staging
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    run constant crm.import_run := crm.import_under_way(run_id);
begin
    return query
        select r.entity, t.code, left(coalesce(
                r.data ->> 'date', r.data ->> 'closed_on', r.data ->> 'expected_close'
            ), 4),
            r.data ->> 'state',
            case when r.entity in ('quote', 'order', 'invoice', 'opportunity')
                then coalesce(r.currency, t.currency) end,
            count(*), count(*) filter (where r.action = 'new'),
            count(*) filter (where r.action = 'changed'),
            count(*) filter (where r.action in ('same', 'skipped')),
            sum(coalesce(
                (r.data ->> 'total')::numeric, (r.data ->> 'won_amount')::numeric,
                (r.data ->> 'amount')::numeric
            ))
        from crm.import_row as r
        left join mandant.tenant as t on t.id = r.tenant
        where r.run_id = run.id and r.entity not in ('line', 'unit', 'currency')
        group by 1, 2, 3, 4, 5
        order by array_position(
            array['user', 'product', 'customer', 'contact', 'lead', 'opportunity', 'quote', 'order',
                'invoice'],
            r.entity
        ), 2, 3, 4, 5;
end
$$;

comment on function crm.import_summary(uuid) is
    'How many rows of an import there are, by entity, tenant, year and state, with their sums.

year: of the document''s date, or of the day on which an opportunity closes. same: what has not changed
since it was imported, or is left out. gross: in currency. Errors: P0002 no such import.';

alter function crm.mark_imported(crm.import_run, bigint[]) owner to crm_owner;
alter function crm.load_products(crm.import_run, bigint[]) owner to crm_owner;
alter function crm.load_customers(crm.import_run, bigint[]) owner to crm_owner;
alter function crm.load_contacts(crm.import_run, bigint[]) owner to crm_owner;
alter function crm.stage_said(crm.import_run, int, text, text) owner to crm_owner;
alter function crm.load_opportunities(crm.import_run, bigint[]) owner to crm_owner;
alter function crm.load_some(crm.import_run, text, bigint[]) owner to crm_owner;
alter function crm.explain_refusal(crm.import_row, regclass, text, text, text, text)
    owner to crm_owner;
alter function crm.load_rows(uuid, bigint, int) owner to crm_owner;
alter function crm.import_summary(uuid) owner to crm_owner;
revoke all on function
    crm.mark_imported(crm.import_run, bigint[]),
    crm.load_products(crm.import_run, bigint[]),
    crm.load_customers(crm.import_run, bigint[]),
    crm.load_contacts(crm.import_run, bigint[]),
    crm.stage_said(crm.import_run, int, text, text),
    crm.load_opportunities(crm.import_run, bigint[]),
    crm.load_some(crm.import_run, text, bigint[]),
    crm.explain_refusal(crm.import_row, regclass, text, text, text, text),
    crm.load_rows(uuid, bigint, int),
    crm.import_summary(uuid)
    from public;
grant execute on function crm.load_rows(uuid, bigint, int), crm.import_summary(uuid)
    to mandant_user;
