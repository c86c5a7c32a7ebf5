-- What becomes of documents, as data: which kind is made from which, what that does to the lines it
-- is made from, and what a document can come to. A new kind joins the flow with rows here.

create table crm.document_conversion (
    from_kind text not null,
    to_kind text not null,
    counts_as text not null,
    sign int not null default 1,
    invoice_policy text,
    for_blocked_customer boolean not null default false,
    cancel_titles jsonb,
    constraint document_conversion_pkey primary key (from_kind, to_kind),
    constraint document_conversion_from_kind_fkey foreign key (from_kind)
        references crm.document_kind (code) on delete cascade,
    constraint document_conversion_to_kind_fkey foreign key (to_kind)
        references crm.document_kind (code) on delete cascade,
    constraint document_conversion_counts_as_is_known
        check (counts_as in ('ordered', 'delivered', 'invoiced', 'reversed')),
    constraint document_conversion_sign_is_sign check (sign in (-1, 1)),
    constraint document_conversion_takes_back_one_way
        check (sign = 1 or from_kind = to_kind and counts_as = 'reversed'),
    constraint document_conversion_policy_is_known
        check (invoice_policy in ('ordered', 'delivered')),
    constraint document_conversion_cancel_titles_are_texts check (crm.is_texts(cancel_titles))
);

-- what cancels documents of a kind is one kind
create unique index document_conversion_reversed on crm.document_conversion (from_kind)
    where counts_as = 'reversed';

comment on table crm.document_conversion is 'Which kind of document is made from which.';
comment on column crm.document_conversion.counts_as is
    'What it does to the lines it is made from: ordered, delivered, invoiced, or reversed.

Never more than their quantity; reversed gives back what they had taken from their own sources.';
comment on column crm.document_conversion.sign is
    '-1: takes back by negative quantities, being of the same kind.';
comment on column crm.document_conversion.invoice_policy is
    'Only in tenants whose setting invoice_policy is this; null: in all.';
comment on column crm.document_conversion.for_blocked_customer is
    'true: also for blocked customers and those who moved, because it finishes what was begun.';
comment on column crm.document_conversion.cancel_titles is
    'What it is headed, by language, where it cancels its source; null: as its kind is.';

create table crm.document_transition (
    kind text not null,
    from_status text not null,
    to_status text not null,
    by_hand boolean not null default false,
    constraint document_transition_pkey primary key (kind, from_status, to_status),
    constraint document_transition_kind_fkey foreign key (kind)
        references crm.document_kind (code) on delete cascade,
    constraint document_transition_from_is_known
        check (from_status in ('posted', 'accepted', 'declined')),
    constraint document_transition_to_is_known
        check (to_status in ('posted', 'cancelled', 'accepted', 'declined', 'replaced'))
);

comment on table crm.document_transition is
    'From which status to which a kind of document goes, once it is posted.';
comment on column crm.document_transition.by_hand is
    'true: by crm.change_status; false: by cancelling and revising.';

alter table crm.document_conversion owner to crm_owner;
alter table crm.document_transition owner to crm_owner;
select mandant.share('crm.document_conversion', 'shared_data');
select mandant.share('crm.document_transition', 'shared_data');
revoke all on crm.document_conversion, crm.document_transition from public;
grant select, insert, update, delete on crm.document_conversion, crm.document_transition
    to mandant_user;

insert into crm.document_conversion (
    from_kind, to_kind, counts_as, sign, invoice_policy, for_blocked_customer, cancel_titles
) values
    ('quote', 'order', 'ordered', 1, null, false, null),
    ('order', 'delivery_note', 'delivered', 1, null, false, null),
    ('order', 'invoice', 'invoiced', 1, 'ordered', false, null),
    ('delivery_note', 'invoice', 'invoiced', 1, null, true, null),
    ('invoice', 'credit_note', 'reversed', 1, null, true,
        '{"de": "Stornorechnung", "en": "Cancellation invoice", "zh-Hant": "作廢發票"}'),
    ('order', 'order', 'reversed', -1, null, true,
        '{"de": "Auftragsstorno", "en": "Order cancellation", "zh-Hant": "取消訂單"}'),
    ('delivery_note', 'delivery_note', 'reversed', -1, null, true,
        '{"de": "Rücklieferschein", "en": "Return note", "zh-Hant": "退貨單"}'),
    ('payment', 'payment', 'reversed', -1, null, true,
        '{"de": "Stornierte Zahlung", "en": "Reversed payment", "zh-Hant": "付款沖銷"}');

insert into crm.document_transition (kind, from_status, to_status, by_hand)
select c.from_kind, 'posted', 'cancelled', false
from crm.document_conversion as c
where c.counts_as = 'reversed';

insert into crm.document_transition (kind, from_status, to_status, by_hand) values
    ('quote', 'posted', 'accepted', true),
    ('quote', 'posted', 'declined', true),
    ('quote', 'declined', 'posted', true),
    ('quote', 'accepted', 'posted', true),
    ('quote', 'posted', 'replaced', false),
    ('quote', 'declined', 'replaced', false);
