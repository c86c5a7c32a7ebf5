-- How much of a line became of it: ordered, delivered, invoiced, reversed, drafts included, so that
-- nothing is delivered or billed twice. One row per line that something was made from; whoever makes
-- more of the same line changes the same row, and so waits, and a check has the last word. It counts
-- for everybody, also what the caller does not see: nobody reads the table, and it repeats of the
-- line what is needed to go on from it.

create table crm.line_progress (
    tenant int not null,
    document_id uuid not null,
    position int not null,
    kind text not null,
    source_document_id uuid,
    source_position int,
    quantity numeric not null,
    ordered numeric not null default 0,
    delivered numeric not null default 0,
    invoiced numeric not null default 0,
    reversed numeric not null default 0,
    reversed_net numeric not null default 0,
    constraint line_progress_pkey primary key (tenant, document_id, position),
    constraint line_progress_line_fkey foreign key (tenant, document_id, position)
        references crm.document_line (tenant_id, document_id, position) on delete cascade,
    constraint line_progress_within_quantity check (
        ordered >= 0 and delivered >= 0 and invoiced >= 0 and reversed >= 0
        and greatest(ordered, delivered, invoiced) + reversed <= quantity
    )
);

comment on table crm.line_progress is 'What became of posted lines; for functions alone.';
comment on column crm.line_progress.tenant is 'The line''s tenant_id.';
comment on column crm.line_progress.kind is 'The kind of its document.';
comment on column crm.line_progress.source_document_id is 'Where the line itself comes from.';
comment on column crm.line_progress.quantity is
    'The line''s quantity without its sign; the others count the same way.';
comment on column crm.line_progress.ordered is 'Quantity in orders made from it.';
comment on column crm.line_progress.delivered is 'Quantity in delivery notes made from it.';
comment on column crm.line_progress.invoiced is
    'Quantity in invoices made from it, or from delivery notes that were.';
comment on column crm.line_progress.reversed is 'Quantity that was credited or taken back.';
comment on column crm.line_progress.reversed_net is
    'Net of that, with the sign it has there: what takes the last of it takes the rest of its net.';

alter table crm.line_progress owner to crm_owner;
revoke all on crm.line_progress from public;

create function crm.room_of(line crm.line_progress, counts_as text) returns numeric
    language sql immutable
    return line.quantity - line.reversed - case counts_as
        when 'ordered' then line.ordered
        when 'delivered' then line.delivered
        when 'invoiced' then line.invoiced
        else greatest(line.ordered, line.delivered, line.invoiced)
    end;

comment on function crm.room_of(crm.line_progress, text) is
    'What of a line can still be ordered, delivered, invoiced or reversed; null: all of it.';

create function crm.count_progress(
    tenant_id int, document_id uuid, place int, kind text, quantity numeric, net numeric default 0
) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    line crm.line_progress;
    counts_as text;
    room numeric;
begin
    loop
        select p.* into line
        from crm.line_progress as p
        where p.tenant = count_progress.tenant_id
            and p.document_id = count_progress.document_id and p.position = place
        for update;
        select c.counts_as into counts_as
        from crm.document_conversion as c
        where c.from_kind = line.kind and c.to_kind = count_progress.kind;
        exit when not found;  -- also where there is no line further up

        room := crm.room_of(line, counts_as);
        if count_progress.quantity > room then
            raise exception '% of line %, % %: only % of % can still be %',
                trim_scale(count_progress.quantity), place, line.kind,
                coalesce(
                    (
                        select d.number
                        from crm.document as d
                        where d.tenant_id = line.tenant and d.id = line.document_id
                    ),
                    'that you do not see'
                ),
                trim_scale(room), trim_scale(line.quantity), counts_as
                using errcode = 'invalid_parameter_value',
                    hint = format(
                        'crm.open_lines(%L) shows what is left; drafts count, too',
                        line.document_id
                    );
        end if;
        update crm.line_progress as p
        set ordered = p.ordered
                + case counts_as when 'ordered' then count_progress.quantity else 0 end,
            delivered = p.delivered
                + case counts_as when 'delivered' then count_progress.quantity else 0 end,
            invoiced = p.invoiced
                + case counts_as when 'invoiced' then count_progress.quantity else 0 end,
            reversed = p.reversed
                + case counts_as when 'reversed' then count_progress.quantity else 0 end,
            reversed_net = p.reversed_net
                + case counts_as when 'reversed' then count_progress.net else 0 end
        where p.tenant = line.tenant and p.document_id = line.document_id
            and p.position = line.position;

        -- an invoice of a delivery bills the order, too
        exit when counts_as = 'reversed' or line.source_document_id is null;
        document_id := line.source_document_id;
        place := line.source_position;
    end loop;
end
$$;

comment on function crm.count_progress(int, uuid, int, text, numeric, numeric) is
    'Counts what a document of a kind makes of a line, and of the lines that one comes from.

place: the line''s position. quantity: without sign; negative to count it back. net: of what is taken
back. Refuses (22023) more than is left.';

create function crm.count_line() returns trigger
    language plpgsql
    security definer -- nobody else writes what became of lines
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        perform crm.count_progress(
            old.tenant_id, old.source_document_id, old.source_position, old.kind,
            -abs(old.quantity), -old.net
        );
        return null;
    end if;
    -- two that are the first to make something of it wait here
    insert into crm.line_progress (
        tenant, document_id, position, kind, source_document_id, source_position, quantity
    )
    select l.tenant_id, l.document_id, l.position, l.kind, l.source_document_id, l.source_position,
        abs(l.quantity)
    from crm.document_line as l
    where l.tenant_id = new.tenant_id and l.document_id = new.source_document_id
        and l.position = new.source_position
    on conflict on constraint line_progress_pkey do nothing;
    perform crm.count_progress(
        new.tenant_id, new.source_document_id, new.source_position, new.kind, abs(new.quantity),
        new.net
    );
    return null;
end
$$;

comment on function crm.count_line() is
    'Trigger: a line counts for the line it was made from, as long as it is there.';

create function crm.release_sources(document crm.document) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    perform crm.count_progress(
        p.tenant, p.source_document_id, p.source_position, p.kind, -abs(l.quantity)
    )
    from crm.document_line as l
    join crm.line_progress as p
        on p.tenant = l.tenant_id and p.document_id = l.source_document_id
        and p.position = l.source_position
    where l.tenant_id = document.tenant_id and l.document_id = document.id
        and p.source_document_id is not null
    order by p.source_document_id, p.source_position;
end
$$;

comment on function crm.release_sources(crm.document) is
    'Gives back what reversed lines had taken: a piece taken back can be delivered again.

The document is the one that takes back. When it is posted, not before, so that it can be dropped.';

create function crm.open_lines(
    document_id uuid,
    out "position" int, out product text, out description text, out unit text,
    out quantity numeric, out ordered numeric, out delivered numeric, out invoiced numeric,
    out reversed numeric
) returns setof record
    language plpgsql stable
    security definer -- counts what the caller may not see; row security decides about the lines
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if not exists (select from crm.document as d where d.id = document_id) then
        perform crm.refuse_document(document_id);
    end if;
    return query
    select l.position, r.code, l.description, l.unit, l.quantity,
        coalesce(p.ordered, 0) * sign(l.quantity), coalesce(p.delivered, 0) * sign(l.quantity),
        coalesce(p.invoiced, 0) * sign(l.quantity), coalesce(p.reversed, 0) * sign(l.quantity)
    from crm.document_line as l
    left join crm.product as r on r.tenant_id = l.tenant_id and r.id = l.product_id
    left join crm.line_progress as p
        on p.tenant = l.tenant_id and p.document_id = l.document_id and p.position = l.position
    where l.document_id = open_lines.document_id
    order by l.position;
end
$$;

comment on function crm.open_lines(uuid) is
    'The lines of a document with how much became of each: ordered, delivered, invoiced, reversed.

Drafts count, also those that you do not see. product: its code. Errors: P0002 no such document.';

alter function crm.room_of(crm.line_progress, text) owner to crm_owner;
alter function crm.count_progress(int, uuid, int, text, numeric, numeric) owner to crm_owner;
alter function crm.count_line() owner to crm_owner;
alter function crm.release_sources(crm.document) owner to crm_owner;
alter function crm.open_lines(uuid) owner to crm_owner;
revoke all on function
    crm.room_of(crm.line_progress, text),
    crm.count_progress(int, uuid, int, text, numeric, numeric),
    crm.count_line(),
    crm.release_sources(crm.document),
    crm.open_lines(uuid)
    from public;
grant execute on function crm.open_lines(uuid) to mandant_user;

create trigger document_line_count after insert on crm.document_line
    for each row when (new.source_document_id is not null) execute function crm.count_line();
create trigger document_line_uncount after delete on crm.document_line
    for each row when (old.source_document_id is not null) execute function crm.count_line();

create trigger line_progress_keep_table before truncate on crm.line_progress
    for each statement execute function crm.keep_table();

comment on trigger line_progress_keep_table on crm.line_progress is
    'What became of posted lines stays.';
comment on trigger document_line_count on crm.document_line is
    'A line counts for the line it was made from.';
comment on trigger document_line_uncount on crm.document_line is
    'A line that goes no longer counts for the line it was made from.';
