-- A line that is made from a line of another document: what may be made from what, and what it
-- takes over. Everything was agreed there, so it stays, also where a discount or a product is no
-- longer to be had; only the tax is that of the new date. What is taken back keeps its tax as well.

select mandant.define_setting(
    'invoice_policy', 'text',
    'Whether orders are invoiced as they are (ordered), or only what was delivered (delivered)',
    'ordered', choices => '{ordered,delivered}'
);

create function crm.require_source(document crm.document, source crm.document, place text)
    returns crm.document_conversion
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    named constant text := format('%s %s', source.kind, coalesce(source.number, source.id::text));
    conversion crm.document_conversion;
    policy text;
begin
    select c.* into conversion
    from crm.document_conversion as c
    where c.from_kind = source.kind and c.to_kind = document.kind;
    if not found then
        raise exception '%: no % is made from %', place, document.kind, named
            using errcode = 'invalid_parameter_value',
                hint = coalesce(
                    (
                        select 'it is made from: ' || string_agg(c.from_kind, ', ' order by 1)
                        from crm.document_conversion as c
                        where c.to_kind = document.kind
                    ),
                    'what is made from what is in crm.document_conversion'
                );
    elsif source.status not in ('posted', 'accepted') then
        raise exception '%: % is %', place, named,
            case source.status when 'draft' then 'not posted' else source.status end
            using errcode = 'invalid_parameter_value',
                hint = case source.status
                    when 'draft' then 'post it first with crm.post_document(id)'
                    else 'nothing more is made from it'
                end;
    elsif source.takes_back then
        raise exception '%: % takes something back, nothing is made from it', place, named
            using errcode = 'invalid_parameter_value',
                hint = 'make it from the document that it takes back from';
    elsif source.currency <> document.currency then
        raise exception '%: % is in %, the document in %',
            place, named, source.currency, document.currency
            using errcode = 'invalid_parameter_value',
                hint = format('make it in %s', source.currency);
    elsif source.customer_id <> document.customer_id and not exists (
        select from crm.customer as c
        where c.tenant_id = source.tenant_id and c.id = source.customer_id
            and c.merged_into = document.customer_id
    ) then
        raise exception '%: % is of another customer', place, named
            using errcode = 'invalid_parameter_value',
                hint = 'a document has the customer of those it is made from';
    elsif source.valid_until < document.document_date then
        raise exception '%: % was valid until %',
            place, named, to_char(source.valid_until, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = 'revise it with crm.revise_quote(id)';
    elsif conversion.counts_as = 'reversed' and source.id is distinct from document.source_id then
        raise exception '%: the % is not made from %', place, document.kind, named
            using errcode = 'invalid_parameter_value',
                hint = 'make it with crm.convert_document(id, kind): it takes back one document';
    end if;

    policy := mandant_internal.setting_in(document.tenant_id, 'invoice_policy');
    if conversion.invoice_policy <> policy then
        raise exception '%: % cannot be invoiced before it is delivered', place, named
            using errcode = 'invalid_parameter_value',
                hint = 'invoice its delivery notes, or set invoice_policy to ordered';
    end if;
    return conversion;
end
$$;

comment on function crm.require_source(crm.document, crm.document, text) is
    'Refuses (22023) to make a document from another, if that cannot be; else says how it counts.';

create function crm.line_from(
    source crm.document, conversion crm.document_conversion, source_position int,
    quantity numeric, place text, out line crm.document_line, out rest_net numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    progress crm.line_progress;
    room numeric;
begin
    select l.* into line
    from crm.document_line as l
    where l.tenant_id = source.tenant_id and l.document_id = source.id
        and l.position = line_from.source_position;
    if not found then
        raise exception '%: % % has no line %', place, source.kind, source.number,
            coalesce(source_position::text, 'without source_position')
            using errcode = 'no_data_found',
                hint = 'say source_document_id and source_position';
    end if;
    select p.* into progress
    from crm.line_progress as p
    where p.tenant = line.tenant_id and p.document_id = line.document_id
        and p.position = line.position;
    room := coalesce(crm.room_of(progress, conversion.counts_as), abs(line.quantity));
    if quantity is null then
        if room = 0 then
            raise exception '%: line % of % % is wholly %',
                place, source_position, source.kind, source.number, conversion.counts_as
                using errcode = 'invalid_parameter_value',
                    hint = format(
                        'crm.open_lines(%L) shows what is left; drafts count, too', source.id
                    );
        end if;
        quantity := room * sign(line.quantity) * conversion.sign;
    elsif sign(quantity) <> sign(line.quantity) * conversion.sign then
        raise exception '%: quantity must be % 0',
            place, case when line.quantity * conversion.sign < 0 then 'below' else 'above' end
            using errcode = 'invalid_parameter_value',
                hint = 'it follows the line that it is made from';
    end if;
    if conversion.counts_as = 'reversed' and abs(quantity) = room then
        rest_net := line.net * conversion.sign - coalesce(progress.reversed_net, 0);
    end if;
    line.quantity := quantity;
    line.source_document_id := source.id;
    line.source_position := source_position;
end
$$;

comment on function crm.line_from(
    crm.document, crm.document_conversion, int, numeric, text
) is
    'What a line of a draft takes over from the line that it is made from.

source: a document that crm.require_source has let pass. quantity: null for all that is left. place:
where the line was found, such as line 2. rest_net: its net, where it takes back the last of it, so
that all of it is taken back to the cent. Refuses (P0002, 22023) a line that is not there, or nothing.';

alter function crm.require_source(crm.document, crm.document, text) owner to crm_owner;
alter function crm.line_from(crm.document, crm.document_conversion, int, numeric, text)
    owner to crm_owner;
revoke all on function
    crm.require_source(crm.document, crm.document, text),
    crm.line_from(crm.document, crm.document_conversion, int, numeric, text)
    from public;
