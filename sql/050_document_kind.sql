-- The kinds of documents are rows: what a kind means to revenue and to the customer's balance is
-- read from here, so a new kind is an insert and not a change of functions or reports.

create table crm.document_kind (
    code text not null,
    name text not null,
    revenue_sign int not null,
    balance_sign int not null,
    for_blocked_customer boolean not null,
    supplies boolean not null default false,
    expires boolean not null default false,
    priced boolean not null default true,
    titles jsonb,
    record_class text not null default 'letter',
    constraint document_kind_pkey primary key (code),
    constraint document_kind_code_is_word check (code ~ '^[a-z]+(_[a-z]+)*$'),
    constraint document_kind_revenue_sign_is_sign check (revenue_sign in (-1, 0, 1)),
    constraint document_kind_balance_sign_is_sign check (balance_sign in (-1, 0, 1)),
    constraint document_kind_titles_are_texts check (crm.is_texts(titles)),
    constraint document_kind_record_class_is_known
        check (record_class in ('voucher', 'book', 'letter'))
);

comment on table crm.document_kind is 'Kinds of documents, from quote to payment.';
comment on column crm.document_kind.revenue_sign is 'Whether its net adds to revenue (1, 0, -1).';
comment on column crm.document_kind.balance_sign is
    'Whether its gross adds to what the customer owes (1, 0, -1).';
comment on column crm.document_kind.for_blocked_customer is
    'true: may be made for a blocked customer, because it settles what is open.';
comment on column crm.document_kind.supplies is 'Whether it says when it was supplied.';
comment on column crm.document_kind.expires is
    'Whether it is valid until a day only: after the setting quote_valid_days, if nothing is said.';
comment on column crm.document_kind.priced is 'Whether its paper shows prices.';
comment on column crm.document_kind.titles is
    'What the document is headed, by language; null: its name.';
comment on column crm.document_kind.record_class is
    'How long it is to be kept: as a voucher, a book or a letter (crm.retention_rule).';

alter table crm.document_kind owner to crm_owner;
select mandant.share('crm.document_kind', 'shared_data');
revoke all on crm.document_kind from public;
grant select, insert, update, delete on crm.document_kind to mandant_user;

-- never "Gutschrift": on an invoice that word means that the customer bills himself (R-DE-11)
insert into crm.document_kind (
    code, name, revenue_sign, balance_sign, for_blocked_customer, supplies, expires, priced,
    record_class, titles
) values
    ('quote', 'Quote', 0, 0, false, false, true, true, 'letter',
        '{"de": "Angebot", "en": "Quote", "zh-Hant": "報價單"}'),
    ('order', 'Order', 0, 0, false, false, false, true, 'letter',
        '{"de": "Auftragsbestätigung", "en": "Order confirmation", "zh-Hant": "訂單確認"}'),
    ('delivery_note', 'Delivery note', 0, 0, false, true, false, false, 'letter',
        '{"de": "Lieferschein", "en": "Delivery note", "zh-Hant": "送貨單"}'),
    ('invoice', 'Invoice', 1, 1, false, true, false, true, 'voucher',
        '{"de": "Rechnung", "en": "Invoice", "zh-Hant": "發票"}'),
    ('credit_note', 'Credit note', -1, -1, true, true, false, true, 'voucher',
        '{"de": "Rechnungskorrektur", "en": "Credit note", "zh-Hant": "貸項通知單"}'),
    ('payment', 'Payment', 0, -1, true, false, false, true, 'voucher',
        '{"de": "Zahlung", "en": "Payment", "zh-Hant": "付款"}');
