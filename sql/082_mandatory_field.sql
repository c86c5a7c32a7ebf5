-- What a document of a country must show, as data. Posting refuses a document that lacks something
-- of its customer; what it lacks of the company itself, the setting missing_company_fields decides,
-- so that a new company can work from its first day.

create table crm.mandatory_field (
    country text not null,
    kind text not null,
    of text not null,
    field text not null,
    gross_above numeric,
    currency text,
    customer_countries text[],
    tax_categories text[],
    valid_from date not null,
    valid_until date,
    rule text not null,
    source text not null,
    constraint mandatory_field_pkey primary key (country, kind, of, field, valid_from),
    constraint mandatory_field_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint mandatory_field_kind_fkey foreign key (kind)
        references crm.document_kind (code) on delete restrict,
    constraint mandatory_field_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint mandatory_field_of_is_known check (of in ('customer', 'document', 'company')),
    constraint mandatory_field_amount_has_currency
        check ((gross_above is null) = (currency is null)),
    constraint mandatory_field_period check (valid_until > valid_from),
    constraint mandatory_field_rule_is_filled check (rule ~ '\S'),
    constraint mandatory_field_source_is_filled check (source ~ '\S')
);

comment on table crm.mandatory_field is 'What posted documents must show, by country and kind.';
comment on column crm.mandatory_field.of is
    'customer or document: the field is a column there; company: a setting company_<field>.';
comment on column crm.mandatory_field.gross_above is
    'Not wanted in small documents: up to this gross in this currency, whatever its sign.';
comment on column crm.mandatory_field.customer_countries is
    'Only for customers in these countries; null: in all.';
comment on column crm.mandatory_field.tax_categories is
    'Only if a line has one of these tax categories; null: always.';
comment on column crm.mandatory_field.valid_from is 'The first document date that it is for.';
comment on column crm.mandatory_field.valid_until is 'The first that it is not for; null: none.';

alter table crm.mandatory_field owner to crm_owner;
select mandant.share('crm.mandatory_field', 'shared_data');
revoke all on crm.mandatory_field from public;
grant select, insert, update, delete on crm.mandatory_field to mandant_user;

create function crm.require_fields(
    document crm.document, customer crm.customer, tenant mandant.tenant, lines crm.document_line[]
) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    of_document jsonb;
    of_customer jsonb;
    wanted record;
    value text;
    missing_of_customer text;
    missing_of_document text;
    missing text;
    missing_settings text;
begin
    for wanted in
        select distinct m.of, m.field
        from crm.mandatory_field as m
        where m.country = tenant.country and m.kind = document.kind
            and m.valid_from <= document.document_date
            and (m.valid_until is null or document.document_date < m.valid_until)
            and (
                m.gross_above is null or document.currency <> m.currency
                or abs(document.gross) > m.gross_above
            )
            and (
                m.customer_countries is null
                or document.customer_country = any (m.customer_countries)
            )
            and (m.tax_categories is null or exists (
                select from unnest(lines) as l where l.tax_category = any (m.tax_categories)
            ))
        order by m.of, m.field
    loop
        -- a row as JSON costs more than all else here: only where it is asked for
        if wanted.of = 'company' then
            value := mandant_internal.setting_in(tenant.id, 'company_' || wanted.field);
        else
            of_document := coalesce(of_document, to_jsonb(document));
            if wanted.of = 'document' then
                value := of_document ->> wanted.field;
            elsif of_document ? ('customer_' || wanted.field) then
                value := of_document ->> ('customer_' || wanted.field);  -- as it will be shown
            else
                of_customer := coalesce(of_customer, to_jsonb(customer));
                value := of_customer ->> wanted.field;
            end if;
        end if;
        if coalesce(value, '') ~ '\S' then
            continue;
        elsif wanted.of = 'company' then
            missing_settings := concat_ws(', ', missing_settings, 'company_' || wanted.field);
        elsif wanted.of = 'customer' then
            missing_of_customer := concat_ws(', ', missing_of_customer, wanted.field);
        else
            missing_of_document := concat_ws(', ', missing_of_document, wanted.field);
        end if;
    end loop;
    missing := nullif(
        concat_ws(
            ' and ', missing_of_customer || ' of the customer',
            missing_of_document || ' of the document'
        ),
        ''
    );

    if missing is not null then
        raise exception '% for "%" cannot be posted without %',
            document.kind, customer.name, missing
            using errcode = 'invalid_parameter_value',
                hint = 'fill them in crm.customer, or in the draft with crm.change_document(...)';
    elsif missing_settings is null then
        return;
    elsif mandant_internal.setting_in(tenant.id, 'missing_company_fields') = 'refuse' then
        raise exception '% cannot be posted in tenant "%" without %',
            document.kind, tenant.code, missing_settings
            using errcode = 'invalid_parameter_value',
                hint = 'say what they are: mandant.set_setting(''company_city'', ''...'')';
    end if;
    raise warning '% in tenant "%" is posted without %',
        document.kind, tenant.code, missing_settings
        using hint = 'say what they are: mandant.set_setting(''company_city'', ''...'')';
end
$$;

comment on function crm.require_fields(crm.document, crm.customer, mandant.tenant, crm.document_line[]) is
    'Refuses (22023) a document that lacks what its tenant''s country wants, and names all of it.';

alter function crm.require_fields(crm.document, crm.customer, mandant.tenant, crm.document_line[]) owner to crm_owner;
revoke all on function crm.require_fields(crm.document, crm.customer, mandant.tenant, crm.document_line[]) from public;
