-- Where the tax of a line comes from. A rate that is said counts; else that of the line's or the
-- product's tax code on the document's date, in the tenant's country; else the product's own. A
-- line keeps code and category, because what the document must say follows from them.

create function crm.line_tax(
    document crm.document, code text, said numeric, out category text, out rate numeric
)
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    home_country text;
begin
    rate := said;
    if code is null then
        return;
    end if;
    select t.country into home_country
    from mandant_internal.tenant as t
    where t.id = document.tenant_id;
    rate := crm.tax_rate_on(home_country, code, document.document_date);
    if rate <> said then
        raise exception 'tax code "%" has % %% on %, not % %%',
            code, trim_scale(rate), to_char(document.document_date, 'YYYY-MM-DD'),
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
begin
    perform crm.discount_on(l.discount, document.document_date, format('line %s', l.position))
    from crm.document_line as l
    where l.tenant_id = document.tenant_id and l.document_id = document.id
        and l.discount is not null;

    for line in
        select l.*
        from crm.document_line as l
        where l.tenant_id = document.tenant_id and l.document_id = document.id
            and l.tax_code is not null
    loop
        select t.* into tax from crm.line_tax(document, line.tax_code, null) as t;
        if (line.tax_rate, line.tax_category) is distinct from (tax.rate, tax.category) then
            update crm.document_line as l
            set tax_rate = tax.rate, tax_category = tax.category
            where l.tenant_id = line.tenant_id and l.document_id = line.document_id
                and l.position = line.position;
        end if;
    end loop;
    return crm.total_document(document);
end
$$;

comment on function crm.rate_lines(crm.document) is
    'Gives the lines of a draft, which the caller has locked, the rates of its date; sums up.

Prices and percentages were agreed, and stay. Refuses (22023) a discount that is not given then.';

create function crm.require_one_scope(document crm.document) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if (
        select bool_or(l.tax_category = 'O') and bool_or(l.tax_category <> 'O')
        from crm.document_line as l
        where l.tenant_id = document.tenant_id and l.document_id = document.id
    ) then
        raise exception '% mixes what is subject to tax with what is not', document.kind
            using errcode = 'invalid_parameter_value',
                hint = 'make two documents: an electronic invoice could not say it (EN 16931)';
    end if;
end
$$;

comment on function crm.require_one_scope(crm.document) is
    'Refuses (22023) lines of tax category O beside those of another (R-DE-10).';

alter function crm.line_tax(crm.document, text, numeric) owner to crm_owner;
alter function crm.rate_lines(crm.document) owner to crm_owner;
alter function crm.require_one_scope(crm.document) owner to crm_owner;
revoke all on function
    crm.line_tax(crm.document, text, numeric),
    crm.rate_lines(crm.document),
    crm.require_one_scope(crm.document)
    from public;
