-- Where the tax of a line comes from. A rate that is said counts; else that of the line's or the
-- product's tax code on the day of supply, in the tenant's country; else the product's own. A line
-- keeps code and category, because what the document must say follows from them.

create function crm.line_tax(
    document crm.document, code text, said numeric, out category text, out rate numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    supplied_on constant date := coalesce(document.supplied_on, document.document_date);
    home_country text;
begin
    rate := said;
    if code is null then
        return;
    end if;
    select t.country into home_country
    from mandant_internal.tenant as t
    where t.id = document.tenant_id;
    rate := crm.tax_rate_on(home_country, code, supplied_on);
    if rate <> said then
        raise exception 'tax code "%" has % %% on %, not % %%',
            code, trim_scale(rate), to_char(supplied_on, 'YYYY-MM-DD'),
            trim_scale(said)
            using errcode = 'invalid_parameter_value',
                hint = 'give the line a tax_code or a tax_rate, not both';
    end if;
    select c.category into category
    from crm.tax_code as c
    where c.country = home_country and c.code = line_tax.code;
end
$$;

comment on function crm.line_tax(crm.document, text, numeric) is
    'Category and rate of a line with a tax code, a rate that was said, or both if they agree.';

create function crm.rate_lines(document crm.document) returns crm.document
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    line crm.document_line;
    tax record;
    changed boolean := document.tax_rounding
        <> mandant_internal.setting_in(document.tenant_id, 'tax_rounding');
begin
    if document.takes_back then
        -- its lines keep their tax; what is left of it others may have changed
        return crm.total_document(document);
    end if;

    -- in one look, since nearly always nothing is to be done
    for line in
        select l.*
        from crm.document_line as l
        left join mandant_internal.tenant as n on n.id = l.tenant_id
        left join crm.tax_code as c on c.country = n.country and c.code = l.tax_code
        left join lateral (
            select r.rate
            from crm.tax_rate as r
            where r.country = n.country and r.code = l.tax_code
                and r.valid_from <= coalesce(document.supplied_on, document.document_date)
            order by r.valid_from desc
            limit 1
        ) as r on true
        where l.tenant_id = document.tenant_id and l.document_id = document.id
            and num_nonnulls(l.discount, l.tax_code) > 0
            and (
                l.discount is not null and l.source_document_id is null
                or l.tax_code is not null
                    and (l.tax_rate, l.tax_category) is distinct from (r.rate, c.category)
            )
    loop
        -- what was agreed in another document stays
        if line.discount is not null and line.source_document_id is null then
            perform crm.discount_on(
                line.discount, document.document_date, format('line %s', line.position)
            );
        end if;
        continue when line.tax_code is null;
        select t.* into tax from crm.line_tax(document, line.tax_code, null) as t;
        if (line.tax_rate, line.tax_category) is distinct from (tax.rate, tax.category) then
            update crm.document_line as l
            set tax_rate = tax.rate, tax_category = tax.category
            where l.tenant_id = line.tenant_id and l.document_id = line.document_id
                and l.position = line.position;
            changed := true;
        end if;
    end loop;
    if changed then
        document := crm.total_document(document);
    end if;
    return document;
end
$$;

comment on function crm.rate_lines(crm.document) is
    'Gives the lines of a draft, which the caller has locked, the rates of its date; sums up.

Prices and percentages were agreed, and stay; what is taken back keeps its tax. Refuses (22023) a
discount that is not given then.';

alter function crm.line_tax(crm.document, text, numeric) owner to crm_owner;
alter function crm.rate_lines(crm.document) owner to crm_owner;
revoke all on function
    crm.line_tax(crm.document, text, numeric),
    crm.rate_lines(crm.document)
    from public;
