-- Documents of all kinds. A draft has no number and may be changed or deleted; posting gives it
-- its number and what was true that day, and from then on nobody but a superuser who removes the
-- triggers can change it: not its tenant, not an administrator, not the owner of the table. What
-- lives on says what became of it: who looks after it, its status, what is open and credited. That
-- follows from other documents, and only functions write it.
-- Users write the columns that say what is wanted; number, status and amounts only functions.

create table crm.document (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    kind text not null,
    number text,
    customer_id uuid not null,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    document_date date not null,
    posted_at timestamptz,
    status text not null default 'draft',
    status_reason text,
    reference text,
    source_id uuid,
    takes_back boolean not null default false,
    cancels_id uuid,
    revises_id uuid,
    revision int not null default 1,
    supplied_on date,
    valid_until date,
    currency text not null,
    net numeric not null default 0,
    tax numeric not null default 0,
    gross numeric not null generated always as (net + tax) stored,
    tax_rounding text not null default 'document',
    open_amount numeric not null default 0,
    credited numeric not null default 0,
    settled_before numeric not null default 0,
    exchange_rate numeric,
    tenant_currency text,
    tenant_net numeric,
    tenant_tax numeric,
    tenant_gross numeric generated always as (tenant_net + tenant_tax) stored,
    group_currency text,
    group_exchange_rate numeric,
    group_net numeric,
    group_tenant_id int,
    billing_address_id uuid,
    delivery_address_id uuid,
    customer_name text,
    customer_street text,
    customer_postal_code text,
    customer_city text,
    customer_region text,
    customer_country text,
    customer_tax_id text,
    customer_language text,
    delivery_name text,
    delivery_street text,
    delivery_postal_code text,
    delivery_city text,
    delivery_region text,
    delivery_country text,
    payment_terms_days int,
    due_date date generated always as (document_date + payment_terms_days) stored,
    early_payment_days int,
    early_payment_percent numeric,
    posted_on date,
    retain_until date,
    texts jsonb,
    issuer jsonb,
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    constraint document_pkey primary key (tenant_id, id),
    constraint document_number_key unique (tenant_id, kind, number),
    constraint document_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint document_kind_fkey foreign key (kind)
        references crm.document_kind (code) on delete restrict,
    constraint document_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete restrict,
    constraint document_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint document_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint document_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint document_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint document_source_fkey foreign key (tenant_id, source_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint document_cancels_fkey foreign key (tenant_id, cancels_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint document_revises_fkey foreign key (tenant_id, revises_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint document_billing_address_fkey foreign key (tenant_id, billing_address_id)
        references crm.customer_address (tenant_id, id) on delete restrict,
    constraint document_delivery_address_fkey foreign key (tenant_id, delivery_address_id)
        references crm.customer_address (tenant_id, id) on delete restrict,
    constraint document_group_tenant_fkey foreign key (group_tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint document_date_in_range check (document_date between '1900-01-01' and '9999-12-31'),
    constraint document_supplied_on_in_range
        check (supplied_on between '1900-01-01' and '9999-12-31'),
    constraint document_valid_until_in_range
        check (valid_until between '1900-01-01' and '9999-12-31'),
    constraint document_status_is_known check (
        status in ('draft', 'posted', 'cancelled', 'accepted', 'declined', 'replaced')
    ),
    constraint document_tax_rounding_is_known check (tax_rounding in ('document', 'line')),
    constraint document_draft_has_no_number check ((status = 'draft') = (number is null)),
    constraint document_draft_is_not_posted check ((status = 'draft') = (posted_at is null)),
    constraint document_draft_is_not_frozen check (
        (status = 'draft') = (customer_name is null)
        and (status = 'draft') = (payment_terms_days is null)
        and (status = 'draft') = (posted_on is null)
        and (status = 'draft') = (retain_until is null)
        and (status = 'draft') = (tenant_net is null)
    ),
    -- a posted one has the addresses themselves
    constraint document_draft_names_addresses
        check (status = 'draft' or num_nonnulls(billing_address_id, delivery_address_id) = 0),
    constraint document_exchange_rate_in_range
        check (exchange_rate > 0 and exchange_rate < 1e12),
    constraint document_credited_within_gross
        check (credited = 0 or sign(credited) = sign(gross) and abs(credited) <= abs(gross)),
    constraint document_group_is_whole
        check ((group_exchange_rate is null) = (group_net is null)),
    constraint document_takes_back_something check (not takes_back or source_id is not null),
    constraint document_cancels_its_source
        check (cancels_id is null or takes_back and cancels_id = source_id),
    constraint document_revision_follows check ((revision > 1) = (revises_id is not null)),
    constraint document_reference_length check (length(reference) <= 500),
    constraint document_early_payment_is_whole
        check ((early_payment_days is null) = (early_payment_percent is null))
);

create index document_id on crm.document (id);  -- a reader of many tenants looks up by id alone
create index document_customer on crm.document (tenant_id, customer_id);
create index document_owner on crm.document (tenant_id, owner_id);
create index document_team on crm.document (tenant_id, team_id);
create index document_source on crm.document (tenant_id, source_id) where source_id is not null;
-- a document is cancelled once, and revised once
create unique index document_cancels on crm.document (tenant_id, cancels_id)
    where cancels_id is not null;
create unique index document_revises on crm.document (tenant_id, revises_id)
    where revises_id is not null;
create index document_open on crm.document (tenant_id, customer_id) where open_amount <> 0;
create index document_list on crm.document (tenant_id, kind, id);  -- pages by id, newest first
-- all that a revenue report reads, so that it need not visit the table
create index document_revenue on crm.document (tenant_id, document_date)
    include (kind, currency, net) where status <> 'draft';

comment on table crm.document is
    'Quotes, orders, delivery notes, invoices, credit notes, payments.';
comment on column crm.document.number is 'From the tenant''s series for the kind; null in a draft.';
comment on column crm.document.owner_id is 'The principal who looks after the document.';
comment on column crm.document.team_id is 'The team the document belongs to.';
comment on column crm.document.document_date is
    'Its legal date, which also decides the period of its number.';
comment on column crm.document.status is
    'draft, posted, or what came after (crm.document_transition); all but draft are posted.

cancelled: balanced by a counter-document; quotes: accepted, declined, replaced by a revision.';
comment on column crm.document.status_reason is 'Why it was cancelled or declined.';
comment on column crm.document.source_id is
    'The document it was made from: the order of a delivery note, the invoice of a credit note.';
comment on column crm.document.takes_back is
    'true: it reverses what it was made from, wholly or in part, and nothing is made from it.';
comment on column crm.document.cancels_id is 'The document that it cancels, wholly.';
comment on column crm.document.revises_id is 'The quote that it takes the place of.';
comment on column crm.document.revision is 'Counts the revisions of a quote, from 1.';
comment on column crm.document.supplied_on is
    'Day of supply; null in a draft: the document''s date, once posted.';
comment on column crm.document.valid_until is 'The last day on which a quote can be accepted.';
comment on column crm.document.reference is 'What the customer calls it, such as his order number.';
comment on column crm.document.net is 'Sum of the lines, rounded line by line.';
comment on column crm.document.tax is 'Sum of crm.document_tax.';
comment on column crm.document.tax_rounding is
    'document: tax is rounded once per rate; line: line by line.';
comment on column crm.document.gross is 'Net plus tax.';
comment on column crm.document.open_amount is
    'What the customer still owes for it; negative where the tenant owes.';
comment on column crm.document.credited is
    'Gross of the posted credit notes made from it, which is never above its own.';
comment on column crm.document.settled_before is
    'What of an imported document was settled before it came here, with the sign of open_amount.';
comment on column crm.document.exchange_rate is
    'Units of tenant_currency for one of currency; in a draft null: that of its date.';
comment on column crm.document.tenant_currency is 'The tenant''s currency at posting.';
comment on column crm.document.tenant_net is 'Net in the tenant''s currency, at exchange_rate.';
comment on column crm.document.tenant_tax is 'Tax in the tenant''s currency, at exchange_rate.';
comment on column crm.document.tenant_gross is 'Gross in the tenant''s currency.';
comment on column crm.document.group_currency is
    'Currency of the top tenant at posting.';
comment on column crm.document.group_exchange_rate is
    'Units of group_currency for one of currency; null: there was none at posting.';
comment on column crm.document.group_net is 'Net in the group''s currency; null: without rate.';
comment on column crm.document.group_tenant_id is
    'The company of the group that the customer was at posting; null: none.';
comment on column crm.document.billing_address_id is
    'In a draft: where the customer wants it, if not at his own address.';
comment on column crm.document.delivery_address_id is
    'In a draft: where the goods go, if not to the customer''s own address.';
comment on column crm.document.delivery_name is
    'With the other delivery_ columns where the goods went, for ever; null: to the customer.';
comment on column crm.document.issuer is
    'What the tenant said of itself at posting: name, address, tax id, bank account and so on.';
comment on column crm.document.customer_name is
    'Name at posting. With the other customer_ columns what the document shows for ever.';
comment on column crm.document.due_date is 'Document date plus payment terms, from posting on.';
comment on column crm.document.early_payment_percent is
    'What is deducted from gross if it is paid within early_payment_days; null: nothing.';
comment on column crm.document.posted_on is 'Day of posting in the tenant''s time zone.';
comment on column crm.document.retain_until is
    'The last day on which the law wants it kept (crm.retention_rule), as known at posting.';
comment on column crm.document.texts is
    'Title, terms and notes as crm.document_texts gave them at posting, for ever.';

select mandant.protect(
    'crm.document', owner => 'owner_id', team => 'team_id', kind => 'kind', audit => true
);

select mandant.number_column('crm.document', 'number', null, 'posted_at', 'document_date');
select mandant.retention_column('crm.document', 'retain_until', 'number');

alter table crm.document owner to crm_owner;
revoke all on crm.document from public;
grant select, delete,
    insert (tenant_id, kind, customer_id, owner_id, team_id, document_date, reference, currency,
        supplied_on, valid_until, exchange_rate, billing_address_id, delivery_address_id),
    update (owner_id, team_id, document_date, reference, supplied_on, valid_until, exchange_rate,
        billing_address_id, delivery_address_id)
    on crm.document to mandant_user;

create function crm.refuse_document(document_id uuid) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'no such document %', document_id
        using errcode = 'no_data_found',
            hint = 'look for it in crm.document, with its tenant selected';
end
$$;

comment on function crm.refuse_document(uuid) is
    'Refuses (P0002) a document that is not there or not to be seen.';

alter function crm.refuse_document(uuid) owner to crm_owner;
revoke all on function crm.refuse_document(uuid) from public;
-- what runs as its caller refuses as its caller
grant execute on function crm.refuse_document(uuid) to mandant_user;

create function crm.keep_posted_document() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- what becomes of it is no part of it; the last ones follow from others, and are computed later
    living constant text[] := array[
        'owner_id', 'team_id', 'status', 'status_reason', 'open_amount', 'credited',
        'gross', 'due_date', 'tenant_gross'
    ];
begin
    if tg_op = 'UPDATE'
        and (new.owner_id, new.team_id, new.status, new.open_amount, new.credited)
            is distinct from
            (old.owner_id, old.team_id, old.status, old.open_amount, old.credited)
        and to_jsonb(new) - living = to_jsonb(old) - living
        and (new.status <> old.status or new.status_reason is not distinct from old.status_reason)
    then
        return new;
    end if;
    raise exception '% % is posted, cannot change', old.kind, old.number
        using errcode = 'restrict_violation',
            hint = 'post a counter-document, such as a credit note for an invoice';
end
$$;

comment on function crm.keep_posted_document() is
    'Trigger: refuses (23001) to change or delete a posted document, whoever asks.

What lives on is kept by triggers of its own: status by document_keep_status, open_amount and
credited by those that say what they follow from. Owner and team say who looks after it.';

create function crm.keep_status() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from crm.document_transition as t
        where t.kind = old.kind and t.from_status = old.status and t.to_status = new.status
    ) then
        raise exception '% % is %, cannot become %',
            old.kind, coalesce(old.number, old.id::text), old.status, new.status
            using errcode = 'restrict_violation',
                hint = 'what it can become is in crm.document_transition';
    elsif new.status = 'cancelled' and not exists (
        select from crm.document as d
        where d.tenant_id = old.tenant_id and d.cancels_id = old.id and d.status <> 'draft'
    ) then
        raise exception '% % is not balanced by a counter-document', old.kind, old.number
            using errcode = 'restrict_violation', hint = 'use crm.cancel_document(id, reason)';
    end if;
    return new;
end
$$;

comment on function crm.keep_status() is
    'Trigger: refuses (23001) a status that the kind cannot come to from where it is.

Nothing is cancelled that no posted document cancels.';

create function crm.keep_table() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'table "%" keeps posted documents, cannot truncate', tg_table_name
        using errcode = 'restrict_violation', hint = 'delete drafts with delete';
end
$$;

comment on function crm.keep_table() is
    'Trigger: refuses (23001) to truncate a table with posted documents.';

alter function crm.keep_posted_document() owner to crm_owner;
alter function crm.keep_status() owner to crm_owner;
alter function crm.keep_table() owner to crm_owner;
revoke all on function
    crm.keep_posted_document(), crm.keep_status(), crm.keep_table()
    from public;

create trigger document_keep_posted before update or delete on crm.document
    for each row when (old.status <> 'draft') execute function crm.keep_posted_document();
create trigger document_keep_status before update of status on crm.document
    for each row
    when (new.status <> old.status and (old.status, new.status) <> ('draft', 'posted'))
    execute function crm.keep_status();
create trigger document_keep_table before truncate on crm.document
    for each statement execute function crm.keep_table();

comment on trigger document_keep_posted on crm.document is 'A posted document stays as it is.';
comment on trigger document_keep_status on crm.document is
    'A document goes the way of its kind.';
comment on trigger document_keep_table on crm.document is 'A posted document stays.';
