-- What stands beside the figures of a document: Quantity, Price, Due date. A set of labels is one
-- row, and stays as it is; another wording is another row, and the newest of a language counts. So
-- a posted document keeps the number of its set, which costs posting one small look-up, and not a
-- copy of fifty words in each document and its audit.

create function crm.are_labels(labels jsonb) returns boolean
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_typeof(labels) = 'object'
        and labels ?& array[
            'draft', 'number', 'date', 'supplied_on', 'due_date', 'valid_until', 'reference',
            'related', 'customer_tax_id', 'delivery_address', 'position', 'description',
            'quantity', 'unit', 'price', 'discount', 'tax_rate', 'amount', 'net', 'tax', 'tax_of',
            'total', 'tax_in', 'phone', 'email', 'website', 'tax_id', 'register', 'directors',
            'bank_account', 'open', 'days_overdue', 'level', 'pay_until', 'credit', 'fee'
        ]
        and not exists (
            select from jsonb_each(labels) as l
            where jsonb_typeof(l.value) <> 'string' or btrim(l.value #>> '{}') = ''
        )
$$;

comment on function crm.are_labels(jsonb) is
    'Whether a set has all labels of documents and reminders, each a text; for check constraints.';

create table crm.label_set (
    id int not null generated always as identity,
    language text not null,
    labels jsonb not null,
    created_at timestamptz not null default now(),
    constraint label_set_pkey primary key (id),
    constraint label_set_language_is_bcp_47
        check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    constraint label_set_is_whole check (crm.are_labels(labels))
);

comment on table crm.label_set is
    'Labels of documents by language, shared by all tenants; rows stay as they are.';
comment on column crm.label_set.language is
    'What documents in it, and in its variants, take them for; the newest row counts.';
comment on column crm.label_set.labels is
    'Word by name: {"quantity": "Menge", ...}.

number_<kind> and date_<kind> count before number and date; in tax_of {tax}, {rate} and {net} are
filled in, in tax_in {currency}.';

alter table crm.label_set owner to crm_owner;
select mandant.share('crm.label_set', 'shared_data');
revoke all on crm.label_set from public;
grant select, insert (language, labels) on crm.label_set to mandant_user;

create function crm.keep_label_set() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'posted documents show these labels, cannot change'
        using errcode = 'restrict_violation',
            hint = 'crm.define_labels(''de'', ''{"quantity": "..."}'') is for later documents';
end
$$;

comment on function crm.keep_label_set() is
    'Trigger: refuses (23001) to change, delete or truncate labels.';

create trigger label_set_keep before update or delete or truncate on crm.label_set
    for each statement execute function crm.keep_label_set();

comment on trigger label_set_keep on crm.label_set is
    'A posted document shows for ever the labels that it was posted with.';

create function crm.label_set_of(language text) returns int
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select l.id
        from crm.label_set as l
        where l.language = 'en' or crm.covers_language(l.language, label_set_of.language)
        order by
            crm.covers_language(l.language, label_set_of.language) desc,
            length(l.language) desc, l.id desc
        limit 1
    );
end
$$;

comment on function crm.label_set_of(text) is
    'The newest set of labels that serves a language; English if none does.';

create function crm.define_labels(language text, labels jsonb) returns crm.label_set
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    before jsonb := (
        select s.labels
        from crm.label_set as s
        where s.id = crm.label_set_of(define_labels.language)
    );
    stranger text;
    made crm.label_set;
begin
    if jsonb_typeof(labels) is distinct from 'object' then
        raise exception 'labels must be an object'
            using errcode = 'invalid_parameter_value', hint = 'write {"quantity": "Menge"}';
    end if;
    select t.key into stranger
    from jsonb_each(labels) as t
    where not before ? t.key and not starts_with(t.key, 'number_')
        and not starts_with(t.key, 'date_');
    if found then
        raise exception 'documents have no label "%"', stranger
            using errcode = 'invalid_parameter_value',
                hint = 'the labels are number_<kind>, date_<kind>, '
                    || (select string_agg(k, ', ' order by k) from jsonb_object_keys(before) as k);
    end if;
    insert into crm.label_set (language, labels)
    values (define_labels.language, before || define_labels.labels)
    returning * into made;
    return made;
exception
    when check_violation or not_null_violation then
        raise exception 'no labels for language "%"', coalesce(language, '')
            using errcode = 'invalid_parameter_value',
                hint = 'the language is a tag such as de or zh-Hant, each label a text';
end
$$;

comment on function crm.define_labels(text, jsonb) is
    'Gives the documents of a language other labels from now on, and returns the new set.

labels: {"quantity": "Menge"}; what is left out stays as it is in the language, and is English in
one that had none. Documents that are posted keep theirs. Errors: 22023 no such label, or no text;
42501 no right to change what all tenants share.';

alter function crm.are_labels(jsonb) owner to crm_owner;
alter function crm.keep_label_set() owner to crm_owner;
alter function crm.label_set_of(text) owner to crm_owner;
alter function crm.define_labels(text, jsonb) owner to crm_owner;
revoke all on function
    crm.are_labels(jsonb),
    crm.keep_label_set(),
    crm.label_set_of(text),
    crm.define_labels(text, jsonb)
    from public;
grant execute on function
    crm.are_labels(jsonb),
    crm.label_set_of(text),
    crm.define_labels(text, jsonb)
    to mandant_user;

insert into crm.label_set (language, labels) values
    ('en', '{
        "draft": "Draft", "number": "Number", "date": "Date",
        "number_quote": "Quote number", "date_quote": "Quote date",
        "number_order": "Order number", "date_order": "Order date",
        "number_delivery_note": "Delivery note number", "date_delivery_note": "Delivery note date",
        "number_invoice": "Invoice number", "date_invoice": "Invoice date",
        "number_credit_note": "Credit note number", "date_credit_note": "Credit note date",
        "number_payment": "Payment number", "date_payment": "Payment date",
        "supplied_on": "Date of supply", "due_date": "Due date", "valid_until": "Valid until",
        "reference": "Your reference", "related": "Refers to", "customer_tax_id": "Your tax ID",
        "delivery_address": "Delivery address", "position": "Item", "description": "Description",
        "quantity": "Quantity", "unit": "Unit", "price": "Unit price", "discount": "Discount %",
        "tax_rate": "Tax %", "amount": "Amount", "net": "Subtotal", "tax": "Tax",
        "tax_of": "{tax} {rate}% on {net}", "total": "Total",
        "tax_in": "Tax in {currency}", "phone": "Phone", "email": "E-mail",
        "website": "Web", "tax_id": "Tax ID", "register": "Registration",
        "directors": "Directors", "bank_account": "Bank account",
        "number_reminder": "Reminder number", "date_reminder": "Date", "open": "Open",
        "days_overdue": "Days overdue", "level": "Reminder", "pay_until": "Payable by",
        "credit": "Less what we owe you", "fee": "Reminder fee"
    }'),
    ('de', '{
        "draft": "Entwurf", "number": "Nummer", "date": "Datum",
        "number_quote": "Angebotsnummer", "date_quote": "Angebotsdatum",
        "number_order": "Auftragsnummer", "date_order": "Auftragsdatum",
        "number_delivery_note": "Lieferscheinnummer", "date_delivery_note": "Lieferscheindatum",
        "number_invoice": "Rechnungsnummer", "date_invoice": "Rechnungsdatum",
        "number_credit_note": "Korrekturnummer", "date_credit_note": "Korrekturdatum",
        "number_payment": "Zahlungsnummer", "date_payment": "Zahlungsdatum",
        "supplied_on": "Lieferdatum", "due_date": "Fällig am", "valid_until": "Gültig bis",
        "reference": "Ihr Zeichen", "related": "Bezug", "customer_tax_id": "Ihre USt-IdNr.",
        "delivery_address": "Lieferanschrift", "position": "Pos.", "description": "Bezeichnung",
        "quantity": "Menge", "unit": "Einheit", "price": "Einzelpreis", "discount": "Rabatt %",
        "tax_rate": "USt. %", "amount": "Betrag", "net": "Nettobetrag", "tax": "Umsatzsteuer",
        "tax_of": "{tax} {rate} % auf {net}", "total": "Gesamtbetrag",
        "tax_in": "Umsatzsteuer in {currency}", "phone": "Telefon", "email": "E-Mail",
        "website": "Internet", "tax_id": "USt-IdNr./Steuernummer",
        "register": "Registereintrag", "directors": "Geschäftsführung",
        "bank_account": "Bankverbindung",
        "number_reminder": "Mahnnummer", "date_reminder": "Datum", "open": "Offen",
        "days_overdue": "Tage überfällig", "level": "Mahnstufe", "pay_until": "Zahlbar bis",
        "credit": "Abzüglich Ihres Guthabens", "fee": "Mahngebühr"
    }'),
    ('zh-Hant', '{
        "draft": "草稿", "number": "編號", "date": "日期",
        "number_quote": "報價單編號", "date_quote": "報價日期",
        "number_order": "訂單編號", "date_order": "訂單日期",
        "number_delivery_note": "送貨單編號", "date_delivery_note": "送貨單日期",
        "number_invoice": "發票編號", "date_invoice": "發票日期",
        "number_credit_note": "貸項通知單編號", "date_credit_note": "貸項通知單日期",
        "number_payment": "付款編號", "date_payment": "付款日期",
        "supplied_on": "供應日期", "due_date": "付款期限", "valid_until": "有效期至",
        "reference": "貴方參考編號", "related": "相關文件", "customer_tax_id": "貴方稅務編號",
        "delivery_address": "送貨地址", "position": "項目", "description": "說明",
        "quantity": "數量", "unit": "單位", "price": "單價", "discount": "折扣 %",
        "tax_rate": "稅率 %", "amount": "金額", "net": "小計", "tax": "稅款",
        "tax_of": "{tax} {rate}%（計稅金額 {net}）", "total": "總額",
        "tax_in": "稅款（{currency}）", "phone": "電話",
        "email": "電郵", "website": "網址", "tax_id": "商業登記／稅務編號",
        "register": "註冊資料", "directors": "董事", "bank_account": "銀行賬戶",
        "number_reminder": "催款通知編號", "date_reminder": "日期", "open": "未付金額",
        "days_overdue": "逾期天數", "level": "催款次數", "pay_until": "請付款至",
        "credit": "減：貴方結餘", "fee": "催款手續費"
    }');
