-- The tax of a document: once per category and rate on the sum of its lines, not line by line, so
-- that it is cent-exact (R-TAX-02); where the tenant's setting says so, line by line. Rounded half
-- away from zero to the currency's minor unit. Rows follow from the lines of a draft, and stay with
-- a posted document as they are.

create table crm.document_tax (
    tenant_id int not null default mandant.current_tenant(),
    document_id uuid not null,
    position int not null,
    kind text not null,
    owner_id uuid,
    team_id uuid,
    tax_category text,
    tax_rate numeric not null,
    net numeric not null,
    tax numeric not null,
    tenant_net numeric,
    tenant_tax numeric,
    constraint document_tax_pkey primary key (tenant_id, document_id, position),
    constraint document_tax_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint document_tax_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete cascade
);

comment on table crm.document_tax is
    'Net and tax of a document per tax category and rate.';
comment on column crm.document_tax.position is 'Counts the rows of a document, from 1.';
comment on column crm.document_tax.kind is 'The document''s kind.';
comment on column crm.document_tax.owner_id is 'The document''s owner.';
comment on column crm.document_tax.team_id is 'The document''s team.';
comment on column crm.document_tax.tax_category is
    'Of the tax code: S, Z, E, AE, K, G or O; null: only a rate was said.';
comment on column crm.document_tax.tax_rate is 'Percent: 19 stands for 19 %.';
comment on column crm.document_tax.net is 'Sum of the lines with this category and rate.';
comment on column crm.document_tax.tax is
    'The rate on that sum, rounded to the currency''s minor unit, half away from zero.

Where the document''s tax_rounding is line, the sum of what is rounded line by line.';

comment on column crm.document_tax.tenant_net is
    'Its share of the document''s tenant_net, from posting on; null: the tenant''s currency is its own.';
comment on column crm.document_tax.tenant_tax is
    'Its share of the document''s tenant_tax; null: the tenant''s currency is its own.';

select mandant.protect(
    'crm.document_tax', object => 'document', owner => 'owner_id', team => 'team_id', kind => 'kind'
);

alter table crm.document_tax owner to crm_owner;
revoke all on crm.document_tax from public;
grant select on crm.document_tax to mandant_user;

create trigger document_tax_keep_posted before insert or update or delete on crm.document_tax
    for each row execute function crm.keep_posted_line();
create trigger document_tax_keep_table before truncate on crm.document_tax
    for each statement execute function crm.keep_table();

comment on trigger document_tax_keep_posted on crm.document_tax is
    'The taxes of a posted document stay as they are.';
comment on trigger document_tax_keep_table on crm.document_tax is
    'The taxes of a posted document stay.';

create function crm.tax_taken_back(
    source crm.document, category text, rate numeric, out net numeric, out tax numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    select coalesce(sum(t.net), 0), coalesce(sum(t.tax), 0) into net, tax
    from crm.document as d
    join crm.document_tax as t on t.tenant_id = d.tenant_id and t.document_id = d.id
    where d.tenant_id = source.tenant_id and d.source_id = source.id and d.takes_back
        and d.status <> 'draft' and t.tax_rate = rate
        and t.tax_category is not distinct from category;
end
$$;

comment on function crm.tax_taken_back(crm.document, text, numeric) is
    'What posted documents took back of a category and rate, as far as the caller sees them.';

create function crm.rest_of_tax(
    document crm.document, category text, rate numeric, net numeric
) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    source crm.document;
    whole crm.document_tax;
    before record;
    -- what is of the same kind takes back by its sign
    sign int := 1;
begin
    if not document.takes_back then
        return null;
    end if;
    select d.* into source
    from crm.document as d
    where d.tenant_id = document.tenant_id and d.id = document.source_id;
    select t.* into whole
    from crm.document_tax as t
    where t.tenant_id = source.tenant_id and t.document_id = source.id
        and t.tax_rate = rate and t.tax_category is not distinct from category;
    before := crm.tax_taken_back(source, category, rate);
    if source.kind = document.kind then
        sign := -1;
    end if;
    return case when whole.net * sign - before.net = net then whole.tax * sign - before.tax end;
end
$$;

comment on function crm.rest_of_tax(crm.document, text, numeric, numeric) is
    'The tax of what takes back the last of a category and rate of its source; else null.

So that the parts that are taken back sum to what there was, to the cent.';

create function crm.reckon_taxes(
    document crm.document, lines crm.document_line[], rounding text, digits int
) returns table ("position" int, tax_category text, tax_rate numeric, net numeric, tax numeric)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select
            (row_number() over (order by l.tax_rate desc, l.tax_category))::int,
            l.tax_category, l.tax_rate, sum(l.net),
            coalesce(
                crm.rest_of_tax(document, l.tax_category, l.tax_rate, sum(l.net)),
                -- a division would round here already
                case rounding
                    when 'line' then sum(round(l.net * l.tax_rate * 0.01, digits))
                    else round(sum(l.net) * l.tax_rate * 0.01, digits)
                end
            )
        from unnest(lines) as l
        group by l.tax_category, l.tax_rate;
end
$$;

comment on function crm.reckon_taxes(crm.document, crm.document_line[], text, int) is
    'The taxes of lines, per category and rate.

rounding: document or line, as crm.document.tax_rounding. digits: of the currency''s minor unit.';

create function crm.total_document(document crm.document) returns crm.document
    language plpgsql volatile -- not sql, which would be planned anew at each call
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    digits int := (select c.minor_unit from crm.currency as c where c.code = document.currency);
    rounding text := mandant_internal.setting_in(document.tenant_id, 'tax_rounding');
    totalled crm.document;
begin
    if document.takes_back then
        -- what takes back is reckoned as what it takes back
        rounding := (
            select s.tax_rounding
            from crm.document as s
            where s.tenant_id = document.tenant_id and s.id = document.source_id
        );
    end if;
    -- rows change rather than go and come: whoever posts need not be one who creates and deletes
    with wanted as (
        select r.*
        from crm.reckon_taxes(document, crm.lines_of(document), rounding, digits) as r
    ), changed as (
        update crm.document_tax as t
        set tax_category = w.tax_category, tax_rate = w.tax_rate, net = w.net, tax = w.tax
        from wanted as w
        where t.tenant_id = document.tenant_id and t.document_id = document.id
            and t.position = w.position
        returning t.position
    ), gone as (
        delete from crm.document_tax as t
        where t.tenant_id = document.tenant_id and t.document_id = document.id
            and t.position > (select count(*) from wanted)
    ), come as (
        insert into crm.document_tax (
            tenant_id, document_id, position, kind, owner_id, team_id, tax_category, tax_rate, net,
            tax
        )
        select document.tenant_id, document.id, w.position, document.kind, document.owner_id,
            document.team_id, w.tax_category, w.tax_rate, w.net, w.tax
        from wanted as w
        where w.position not in (select c.position from changed as c)
    )
    update crm.document as d
    set tax_rounding = rounding, net = t.net, tax = t.tax
    from (
        select coalesce(sum(w.net), 0) as net, coalesce(sum(w.tax), 0) as tax from wanted as w
    ) as t
    where d.tenant_id = document.tenant_id and d.id = document.id
    returning d.* into totalled;
    if not found then
        perform mandant_internal.require_row(
            'document', 'update', document.tenant_id, document.owner_id, document.team_id,
            document.kind
        );
    end if;
    return totalled;
end
$$;

comment on function crm.total_document(crm.document) is
    'Sums up the lines of a draft that the caller has locked, and writes its taxes.';

alter function crm.tax_taken_back(crm.document, text, numeric) owner to crm_owner;
alter function crm.rest_of_tax(crm.document, text, numeric, numeric) owner to crm_owner;
alter function crm.reckon_taxes(crm.document, crm.document_line[], text, int)
    owner to crm_owner;
alter function crm.total_document(crm.document) owner to crm_owner;
revoke all on function
    crm.tax_taken_back(crm.document, text, numeric),
    crm.rest_of_tax(crm.document, text, numeric, numeric),
    crm.reckon_taxes(crm.document, crm.document_line[], text, int),
    crm.total_document(crm.document)
    from public;
