-- The kinds of documents are rows: what a kind means to revenue and to the customer's balance is
-- read from here, so a new kind is an insert and not a change of functions or reports.

create table crm.document_kind (
    code text not null,
    name text not null,
    revenue_sign int not null,
    balance_sign int not null,
    for_blocked_customer boolean not null,
    constraint document_kind_pkey primary key (code),
    constraint document_kind_code_is_word check (code ~ '^[a-z]+(_[a-z]+)*$'),
    constraint document_kind_revenue_sign_is_sign check (revenue_sign in (-1, 0, 1)),
    constraint document_kind_balance_sign_is_sign check (balance_sign in (-1, 0, 1))
);

comment on table crm.document_kind is 'Kinds of documents, from quote to payment.';
comment on column crm.document_kind.revenue_sign is 'Whether its net adds to revenue (1, 0, -1).';
comment on column crm.document_kind.balance_sign is
    'Whether its gross adds to what the customer owes (1, 0, -1).';
comment on column crm.document_kind.for_blocked_customer is
    'true: may be made for a blocked customer, because it settles what is open.';

alter table crm.document_kind owner to crm_owner;
select mandant.unprotect('crm.document_kind');  -- shared by all tenants
revoke all on crm.document_kind from public;
grant select on crm.document_kind to mandant_user;

insert into crm.document_kind (code, name, revenue_sign, balance_sign, for_blocked_customer) values
    ('quote', 'Quote', 0, 0, false),
    ('order', 'Order', 0, 0, false),
    ('delivery_note', 'Delivery note', 0, 0, false),
    ('invoice', 'Invoice', 1, 1, false),
    ('credit_note', 'Credit note', -1, -1, true),
    ('payment', 'Payment', 0, -1, true);
