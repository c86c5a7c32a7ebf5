-- Documents of all kinds. A draft has no number and may be changed or deleted; posting gives it
-- its number and what was true that day, and from then on nobody but a superuser who removes the
-- triggers can change it: not its tenant, not an administrator, not the owner of the table.
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
    reference text,
    currency text not null,
    net numeric not null default 0,
    tax numeric not null default 0,
    gross numeric not null generated always as (net + tax) stored,
    tax_rounding text not null default 'document',
    open_amount numeric not null default 0,
    customer_name text,
    customer_street text,
    customer_postal_code text,
    customer_city text,
    customer_region text,
    customer_country text,
    customer_tax_id text,
    customer_language text,
    payment_terms_days int,
    due_date date generated always as (document_date + payment_terms_days) stored,
    early_payment_days int,
    early_payment_percent numeric,
    posted_on date,
    retain_until date,
    texts jsonb,
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
    constraint document_customer_country_fkey foreign key (customer_country)
        references crm.country (code) on delete restrict,
    constraint document_date_in_range check (document_date between '1900-01-01' and '9999-12-31'),
    constraint document_status_is_known check (status in ('draft', 'posted', 'cancelled')),
    constraint document_tax_rounding_is_known check (tax_rounding in ('document', 'line')),
    constraint document_draft_has_no_number check ((status = 'draft') = (number is null)),
    constraint document_draft_is_not_posted check ((status = 'draft') = (posted_at is null)),
    constraint document_draft_is_not_frozen check (
        (status = 'draft') = (customer_name is null)
        and (status = 'draft') = (payment_terms_days is null)
        and (status = 'draft') = (posted_on is null)
        and (status = 'draft') = (retain_until is null)
    ),
    constraint document_early_payment_is_whole
        check ((early_payment_days is null) = (early_payment_percent is null))
);

create index document_id on crm.document (id);  -- a reader of many tenants looks up by id alone
create index document_customer on crm.document (tenant_id, customer_id);
create index document_owner on crm.document (tenant_id, owner_id);
create index document_team on crm.document (tenant_id, team_id);
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
    'draft, posted, or cancelled: posted, and balanced by a counter-document.';
comment on column crm.document.reference is 'What the customer calls it, such as his order number.';
comment on column crm.document.net is 'Sum of the lines, rounded line by line.';
comment on column crm.document.tax is 'Sum of crm.document_tax.';
comment on column crm.document.tax_rounding is
    'document: tax is rounded once per rate; line: line by line.';
comment on column crm.document.gross is 'Net plus tax.';
comment on column crm.document.open_amount is
    'What the customer still owes for it; negative where the tenant owes.';
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

alter table crm.document owner to crm_owner;
revoke all on crm.document from public;
grant select, delete,
    insert (tenant_id, kind, customer_id, owner_id, team_id, document_date, reference, currency),
    update (owner_id, team_id, document_date, reference)
    on crm.document to mandant_user;

create function crm.keep_posted_document() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- who looks after it is no part of it; gross and due_date follow from others, and are computed later
    if tg_op = 'UPDATE'
        and (new.owner_id, new.team_id) is distinct from (old.owner_id, old.team_id)
        and to_jsonb(new) - array['owner_id', 'team_id', 'gross', 'due_date']
            = to_jsonb(old) - array['owner_id', 'team_id', 'gross', 'due_date']
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

Its owner and team may change: they say who looks after it, and stand on no paper.';

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
alter function crm.keep_table() owner to crm_owner;
revoke all on function crm.keep_posted_document(), crm.keep_table() from public;

create trigger document_keep_posted before update or delete on crm.document
    for each row when (old.status <> 'draft') execute function crm.keep_posted_document();
create trigger document_keep_table before truncate on crm.document
    for each statement execute function crm.keep_table();

comment on trigger document_keep_posted on crm.document is 'A posted document stays as it is.';
comment on trigger document_keep_table on crm.document is 'A posted document stays.';
