-- The printable reminder, made as documents are (crm.render_document): from what was frozen when it was
-- issued, byte for byte the same for ever, in the customer's language.

create function crm.render_reminder_1(reminder crm.reminder) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    texts constant jsonb := reminder.texts;
    issuer constant jsonb := reminder.issuer;
    locale constant text := texts ->> 'locale';
    labels constant jsonb := (
        select l.labels from crm.label_set as l where l.id = (texts ->> 'label_set')::int
    );
    digits constant int := (
        select c.minor_unit from crm.currency as c where c.code = reminder.currency
    );
    head xml;
    lines text;
    totals xml;
begin
    head := (
        select xmlagg(
            xmlelement(
                name th, xmlattributes('col' as scope, c.class as class),
                crm.printable(labels ->> c.label),
                case when c.label = 'open' then ' ' || reminder.currency end
            )
            order by c.place
        )
        from (values
            (1, 'number_invoice', 'text'),
            (2, 'date', null),
            (3, 'due_date', null),
            (4, 'days_overdue', 'figure'),
            (5, 'level', 'figure'),
            (6, 'total', 'figure'),
            (7, 'open', 'figure')
        ) as c (place, label, class)
    );
    -- serialized here: xmlagg takes the square of their number
    lines := (
        select string_agg(
            xmlserialize(content xmlelement(
                name tr,
                xmlelement(name td, xmlattributes('text' as class), crm.printable(i.number)),
                xmlelement(name td, crm.date_in_language(i.document_date, locale)),
                xmlelement(name td, crm.date_in_language(i.due_date, locale)),
                xmlelement(name td, xmlattributes('figure' as class), i.days_overdue),
                xmlelement(name td, xmlattributes('figure' as class), i.level),
                xmlelement(
                    name td, xmlattributes('figure' as class),
                    crm.amount_in_language(i.gross, digits, locale)
                ),
                xmlelement(
                    name td, xmlattributes('figure' as class),
                    crm.amount_in_language(i.open_amount, digits, locale)
                )
            ) as text),
            e'\n' order by i.position
        )
        from crm.reminder_item as i
        where i.tenant_id = reminder.tenant_id and i.reminder_id = reminder.id
    );
    totals := (
        select xmlelement(
            name table, xmlattributes('totals' as class),
            xmlagg(
                xmlelement(
                    name tr, xmlattributes(r.class as class),
                    xmlelement(name td, crm.printable(r.label)),
                    xmlelement(
                        name td, xmlattributes('figure' as class),
                        crm.amount_in_language(r.amount, digits, locale)
                    )
                )
                order by r.place
            )
        )
        from (values
            (1, labels ->> 'open', reminder.amount, null),
            (2, labels ->> 'credit', -reminder.credit, null),
            (3, labels ->> 'fee', reminder.fee, null),
            (4, concat(labels ->> 'total', ' ', reminder.currency), reminder.total, 'total')
        ) as r (place, label, amount, class)
        where r.class = 'total' or r.amount <> 0 and reminder.total <> reminder.amount
    );
    return crm.page_1(
        texts ->> 'language',
        crm.is_letter_size(issuer),
        null,
        crm.printable(concat_ws(' ', texts ->> 'title', reminder.number)),
        crm.letterhead_1(issuer, labels, texts -> 'countries'),
        crm.addressee_1(
            issuer, texts -> 'countries', reminder.customer_name, reminder.customer_street,
            reminder.customer_postal_code, reminder.customer_city, reminder.customer_region,
            reminder.customer_country
        ),
        crm.facts_1(
            array[
                coalesce(labels ->> 'number_reminder', labels ->> 'number'),
                coalesce(labels ->> 'date_reminder', labels ->> 'date'),
                labels ->> 'pay_until'
            ],
            array[
                reminder.number,
                crm.date_in_language(reminder.reminder_date, locale),
                crm.date_in_language(reminder.pay_until, locale)
            ]
        ),
        texts ->> 'text',
        head,
        lines,
        totals,
        null,
        crm.imprint_1(issuer, labels)
    );
end
$$;

comment on function crm.render_reminder_1(crm.reminder) is
    'The page of crm.render_reminder, version 1; it stays as it is, another one is version 2.';

create function crm.render_reminder(id uuid) returns text
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    reminder crm.reminder;
begin
    select r.* into reminder from crm.reminder as r where r.id = render_reminder.id;
    if not found then
        perform crm.refuse_reminder(id);
    end if;
    return case (reminder.texts ->> 'layout')::int
        when 1 then crm.render_reminder_1(reminder)
    end;
end
$$;

comment on function crm.render_reminder(uuid) is
    'The reminder as a page of HTML, to be printed or sent as it is.

Made as crm.render_document makes documents, in the customer''s language as far as its level has a
title in it; the same for ever, also when it is withdrawn. Errors: P0002 no such reminder.';

alter function crm.render_reminder_1(crm.reminder) owner to crm_owner;
alter function crm.render_reminder(uuid) owner to crm_owner;
revoke all on function crm.render_reminder_1(crm.reminder), crm.render_reminder(uuid) from public;
-- render_reminder runs as its caller, who sees what he may see
grant execute on function crm.render_reminder_1(crm.reminder), crm.render_reminder(uuid)
    to mandant_user;
