-- Contracts: what a customer gets and pays for again and again until somebody gives notice. A draft
-- may be changed or deleted; from activation on it has a number, and what was agreed changes only
-- from a day on: a line is a sequence of versions, each holding until the next begins, so that no
-- two prices can hold on one day. What is billed is never changed; it is credited.

insert into crm.default_series (kind, pattern, rule, source)
values ('contract', 'CT-{yyyy}-{n:5}', 'R-NUM-06', 'usual practice');

select mandant.define_setting(
    'late_notice', 'text',
    'What a notice does that comes too late for the end it is meant for', 'move',
    choices => '{move,refuse}'
);

create table crm.contract (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    number text,
    customer_id uuid not null,
    owner_id uuid default mandant_internal.me(),
    team_id uuid default mandant_internal.my_team(),
    title text not null,
    reference text,
    currency text not null,
    starts_on date not null,
    minimum_months int not null default 0,
    renewal_months int,
    notice_months int not null default 0,
    notice_days int not null default 0,
    billing_months int not null default 1,
    billing_anchor date not null,
    billed text not null default 'advance',
    price_months int not null default 1,
    activated_at timestamptz,
    noticed_on date,
    ends_on date,
    end_reason text,
    created_at timestamptz not null default now(),
    created_by uuid default mandant_internal.me(),
    updated_at timestamptz not null default now(),
    constraint contract_pkey primary key (tenant_id, id),
    constraint contract_number_key unique (tenant_id, number),
    constraint contract_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint contract_customer_fkey foreign key (tenant_id, customer_id)
        references crm.customer (tenant_id, id) on delete restrict,
    constraint contract_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint contract_created_by_fkey foreign key (created_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_currency_fkey foreign key (currency)
        references crm.currency (code) on delete restrict,
    constraint contract_title_is_filled check (title ~ '\S' and length(title) <= 500),
    constraint contract_reference_length check (length(reference) between 1 and 500),
    constraint contract_end_reason_length check (length(end_reason) <= 500),
    constraint contract_starts_on_in_range
        check (starts_on between '1900-01-01' and '2999-12-31'),
    constraint contract_billing_anchor_in_range
        check (billing_anchor between '1900-01-01' and '2999-12-31'),
    constraint contract_minimum_months_in_range check (minimum_months between 0 and 1200),
    constraint contract_renewal_months_in_range check (renewal_months between 0 and 1200),
    constraint contract_has_a_term check (renewal_months <> 0 or minimum_months > 0),
    constraint contract_notice_in_range
        check (
            notice_months >= 0 and notice_months <= 120
            and notice_days >= 0 and notice_days <= 3660
        ),
    constraint contract_billing_months_in_range check (billing_months between 1 and 120),
    constraint contract_price_months_in_range check (price_months between 1 and 120),
    constraint contract_billed_is_known check (billed in ('advance', 'arrears')),
    constraint contract_ends_after_start
        check (ends_on between starts_on and '9999-12-31'),
    constraint contract_notice_after_start check (noticed_on >= starts_on),
    constraint contract_draft_has_no_number check ((activated_at is null) = (number is null)),
    constraint contract_draft_has_no_end check (activated_at is not null or ends_on is null)
);

create index contract_id on crm.contract (id);  -- a reader of many tenants looks up by id alone
create index contract_customer on crm.contract (tenant_id, customer_id);
create index contract_owner on crm.contract (tenant_id, owner_id);
create index contract_team on crm.contract (tenant_id, team_id);

comment on table crm.contract is 'Contracts with customers, billed again and again.';
-- create_contract and the others refuse with these words
comment on constraint contract_title_is_filled on crm.contract is
    'title must be more than blanks, of at most 500 characters';
comment on constraint contract_reference_length on crm.contract is
    'reference must be from 1 to 500 characters, or null';
comment on constraint contract_end_reason_length on crm.contract is
    'reason must be at most 500 characters';
comment on constraint contract_starts_on_in_range on crm.contract is
    'starts_on must be from 1900-01-01 to 2999-12-31';
comment on constraint contract_billing_anchor_in_range on crm.contract is
    'billing_anchor must be from 1900-01-01 to 2999-12-31';
comment on constraint contract_minimum_months_in_range on crm.contract is
    'minimum_months must be from 0 to 1200';
comment on constraint contract_renewal_months_in_range on crm.contract is
    'renewal_months must be from 0 to 1200, or null: without a term';
comment on constraint contract_has_a_term on crm.contract is
    'a contract that is not renewed (renewal_months 0) needs minimum_months';
comment on constraint contract_notice_in_range on crm.contract is
    'notice_months must be from 0 to 120, notice_days from 0 to 3660';
comment on constraint contract_billing_months_in_range on crm.contract is
    'billing_months must be from 1 to 120';
comment on constraint contract_price_months_in_range on crm.contract is
    'price_months must be from 1 to 120';
comment on constraint contract_billed_is_known on crm.contract is
    'billed must be advance or arrears';
comment on constraint contract_ends_after_start on crm.contract is
    'a contract does not end before it starts';
comment on constraint contract_notice_after_start on crm.contract is
    'notice is not given before the contract starts';
comment on column crm.contract.number is 'From the tenant''s series contract; null in a draft.';
comment on column crm.contract.owner_id is
    'The principal who looks after it, and owns its invoices.';
comment on column crm.contract.reference is 'What the customer calls it; its invoices say so.';
comment on column crm.contract.starts_on is 'Its first day.';
comment on column crm.contract.minimum_months is
    'Months from the start in which it cannot end; 0: none.';
comment on column crm.contract.renewal_months is
    'Months by which it goes on where nobody gives notice.

0: it ends by itself with the minimum term; null: it goes on without a term, to end any day.';
comment on column crm.contract.notice_months is
    'With notice_days the time from notice to end, as s. 187 (1), 188 BGB count it.';
comment on column crm.contract.billing_months is 'Months that one invoice is for.';
comment on column crm.contract.billing_anchor is
    'A day on which a billing period begins; all others follow. Another than starts_on: pro rata.';
comment on column crm.contract.billed is
    'advance: from the first day of a period; arrears: from its last.';
comment on column crm.contract.price_months is 'Months that the prices of its lines are for.';
comment on column crm.contract.activated_at is 'Since when it holds; null: it is a draft.';
comment on column crm.contract.noticed_on is 'The day on which notice was received; null: none.';
comment on column crm.contract.ends_on is 'Its last day; null: not known.';

select mandant.protect('crm.contract', owner => 'owner_id', team => 'team_id', audit => true);
select mandant.number_column('crm.contract', 'number', 'contract', 'activated_at', 'starts_on');

alter table crm.contract owner to crm_owner;
revoke all on crm.contract from public;
grant select, delete, update (owner_id, team_id, title, reference) on crm.contract
    to mandant_user;

create table crm.contract_line (
    tenant_id int not null default mandant.current_tenant(),
    contract_id uuid not null,
    position int not null,
    valid_from date not null,
    owner_id uuid,
    team_id uuid,
    product_id uuid,
    description text,
    quantity numeric not null,
    unit text,
    unit_price numeric not null,
    discount_percent numeric,
    tax_code text,
    tax_rate numeric,
    reason text,
    constraint contract_line_pkey primary key (tenant_id, contract_id, position, valid_from),
    constraint contract_line_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint contract_line_contract_fkey foreign key (tenant_id, contract_id)
        references crm.contract (tenant_id, id) on delete cascade,
    constraint contract_line_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_line_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint contract_line_product_fkey foreign key (tenant_id, product_id)
        references crm.product (tenant_id, id) on delete restrict,
    constraint contract_line_unit_fkey foreign key (unit)
        references crm.unit (code) on delete restrict,
    constraint contract_line_position_in_range check (position > 0),
    constraint contract_line_is_described
        check (product_id is not null or description ~ '\S' and num_nonnulls(tax_code, tax_rate) = 1),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint contract_line_quantity_in_range check (quantity >= 0 and quantity < 1e9),
    constraint contract_line_unit_price_in_range check (abs(unit_price) < 1e9),
    constraint contract_line_discount_is_percent check (discount_percent between 0 and 100),
    constraint contract_line_tax_rate_is_percent check (tax_rate between 0 and 100),
    constraint contract_line_reason_length check (length(reason) <= 500)
);

create index contract_line_product on crm.contract_line (tenant_id, product_id);

comment on table crm.contract_line is 'What a contract is about, each line from a day on.';
comment on constraint contract_line_position_in_range on crm.contract_line is
    'position must be 1 or more';
comment on constraint contract_line_is_described on crm.contract_line is
    'a line needs a product, or else description and tax_rate or tax_code';
comment on constraint contract_line_quantity_in_range on crm.contract_line is
    'quantity must be a number from 0 to below 1e9';
comment on constraint contract_line_unit_price_in_range on crm.contract_line is
    'unit_price must be a number below 1e9';
comment on constraint contract_line_discount_is_percent on crm.contract_line is
    'discount_percent must be from 0 to 100';
comment on constraint contract_line_tax_rate_is_percent on crm.contract_line is
    'tax_rate must be from 0 to 100';
comment on constraint contract_line_reason_length on crm.contract_line is
    'reason must be at most 500 characters';
comment on column crm.contract_line.valid_from is
    'First day; it holds until the next one of its position begins.';
comment on column crm.contract_line.owner_id is 'The contract''s owner.';
comment on column crm.contract_line.team_id is 'The contract''s team.';
comment on column crm.contract_line.description is 'What invoices say; null: the product''s name.';
comment on column crm.contract_line.quantity is '0: from that day on there is nothing of it.';
comment on column crm.contract_line.unit_price is
    'Net price of one unit for price_months, in the contract''s currency. Negative: a deduction.';
comment on column crm.contract_line.discount_percent is
    'Percent off the price; null: the customer''s discount when it is billed.';
comment on column crm.contract_line.tax_code is
    'Where the tax rate of its invoices comes from; null with tax_rate: the product.';
comment on column crm.contract_line.reason is 'Why it changed.';

select mandant.protect(
    'crm.contract_line', object => 'contract', owner => 'owner_id', team => 'team_id', audit => true
);

alter table crm.contract_line owner to crm_owner;
revoke all on crm.contract_line from public;
grant select on crm.contract_line to mandant_user;

create table crm.contract_suspension (
    tenant_id int not null default mandant.current_tenant(),
    contract_id uuid not null,
    first_day date not null,
    last_day date,
    owner_id uuid,
    team_id uuid,
    reason text not null,
    constraint contract_suspension_pkey primary key (tenant_id, contract_id, first_day),
    constraint contract_suspension_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint contract_suspension_contract_fkey foreign key (tenant_id, contract_id)
        references crm.contract (tenant_id, id) on delete cascade,
    constraint contract_suspension_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_suspension_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint contract_suspension_ends_after_start check (last_day >= first_day),
    constraint contract_suspension_reason_is_filled
        check (reason ~ '\S' and length(reason) <= 500)
);

comment on table crm.contract_suspension is 'Days on which a contract rests and is not billed.';
comment on constraint contract_suspension_ends_after_start on crm.contract_suspension is
    'a suspension does not end before it starts';
comment on constraint contract_suspension_reason_is_filled on crm.contract_suspension is
    'reason must be more than blanks, of at most 500 characters';
comment on column crm.contract_suspension.last_day is 'null: until it is resumed.';
comment on column crm.contract_suspension.owner_id is 'The contract''s owner.';
comment on column crm.contract_suspension.team_id is 'The contract''s team.';

select mandant.protect(
    'crm.contract_suspension', object => 'contract', owner => 'owner_id', team => 'team_id',
    audit => true
);

alter table crm.contract_suspension owner to crm_owner;
revoke all on crm.contract_suspension from public;
grant select on crm.contract_suspension to mandant_user;

create table crm.contract_period (
    tenant_id int not null default mandant.current_tenant(),
    contract_id uuid not null,
    first_day date not null,
    last_day date not null,
    owner_id uuid,
    team_id uuid,
    document_id uuid,
    billed_at timestamptz not null default now(),
    billed_by uuid default mandant_internal.me(),
    constraint contract_period_pkey primary key (tenant_id, contract_id, first_day),
    constraint contract_period_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint contract_period_contract_fkey foreign key (tenant_id, contract_id)
        references crm.contract (tenant_id, id) on delete restrict,
    constraint contract_period_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint contract_period_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_period_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint contract_period_billed_by_fkey foreign key (billed_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_period_ends_after_start check (last_day >= first_day)
);

create unique index contract_period_document on crm.contract_period (tenant_id, document_id)
    where document_id is not null;

comment on table crm.contract_period is
    'What of contracts is billed: each period once, whoever runs it how often (CF-02).';
comment on column crm.contract_period.owner_id is 'The contract''s owner.';
comment on column crm.contract_period.team_id is 'The contract''s team.';
comment on column crm.contract_period.document_id is 'The invoice; null: there was nothing to bill.';
comment on column crm.contract_period.billed_by is 'The principal who ran it.';

-- what nobody changes needs no audit
select mandant.protect(
    'crm.contract_period', object => 'contract', owner => 'owner_id', team => 'team_id'
);

alter table crm.contract_period owner to crm_owner;
revoke all on crm.contract_period from public;
grant select on crm.contract_period to mandant_user;

create table crm.contract_failure (
    tenant_id int not null default mandant.current_tenant(),
    contract_id uuid not null,
    first_day date not null,
    owner_id uuid,
    team_id uuid,
    failed_at timestamptz not null default now(),
    sqlstate text not null,
    message text not null,
    hint text,
    constraint contract_failure_pkey primary key (tenant_id, contract_id, first_day),
    constraint contract_failure_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint contract_failure_contract_fkey foreign key (tenant_id, contract_id)
        references crm.contract (tenant_id, id) on delete cascade,
    constraint contract_failure_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint contract_failure_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict
);

comment on table crm.contract_failure is
    'Why periods could not be billed when it was tried last; those billed since stay as a memory.';
comment on column crm.contract_failure.first_day is 'Of the period.';
comment on column crm.contract_failure.owner_id is 'The contract''s owner.';
comment on column crm.contract_failure.team_id is 'The contract''s team.';
comment on column crm.contract_failure.sqlstate is 'What posting refused with, as message and hint.';

select mandant.protect(
    'crm.contract_failure', object => 'contract', owner => 'owner_id', team => 'team_id'
);

alter table crm.contract_failure owner to crm_owner;
revoke all on crm.contract_failure from public;
grant select on crm.contract_failure to mandant_user;

create function crm.keep_active_contract() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'contract % is active, cannot delete', old.number
        using errcode = 'restrict_violation', hint = 'end it with crm.terminate_contract';
end
$$;

comment on function crm.keep_active_contract() is
    'Trigger: refuses (23001) to delete a contract that has its number.';

create function crm.keep_contract_period() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and crm.changes_hands(to_jsonb(old), to_jsonb(new)) then
        return new;  -- follows its contract
    end if;
    raise exception 'what a contract was billed for stays as it is'
        using errcode = 'restrict_violation',
            hint = 'cancel its invoice with crm.cancel_document, and make another by hand';
end
$$;

comment on function crm.keep_contract_period() is
    'Trigger: refuses (23001) to change, delete or truncate what is billed, whoever asks.';

create function crm.contract_follow_owner() returns trigger
    language plpgsql
    security definer -- users do not write what belongs to a contract
    set search_path = pg_catalog, pg_temp
as $$
begin
    update crm.contract_line as l
    set owner_id = new.owner_id, team_id = new.team_id
    where l.tenant_id = new.tenant_id and l.contract_id = new.id;
    update crm.contract_suspension as s
    set owner_id = new.owner_id, team_id = new.team_id
    where s.tenant_id = new.tenant_id and s.contract_id = new.id;
    update crm.contract_period as p
    set owner_id = new.owner_id, team_id = new.team_id
    where p.tenant_id = new.tenant_id and p.contract_id = new.id;
    update crm.contract_failure as f
    set owner_id = new.owner_id, team_id = new.team_id
    where f.tenant_id = new.tenant_id and f.contract_id = new.id;
    return null;
end
$$;

comment on function crm.contract_follow_owner() is
    'Trigger: what belongs to a contract has its owner and team.';

alter function crm.keep_active_contract() owner to crm_owner;
alter function crm.keep_contract_period() owner to crm_owner;
alter function crm.contract_follow_owner() owner to crm_owner;
revoke all on function
    crm.keep_active_contract(), crm.keep_contract_period(), crm.contract_follow_owner()
    from public;

create trigger contract_keep_active before delete on crm.contract
    for each row when (old.activated_at is not null)
    execute function crm.keep_active_contract();
create trigger contract_keep_table before truncate on crm.contract
    for each statement execute function crm.keep_table();
create trigger contract_of_customer after insert or update of customer_id on crm.contract
    for each row execute function crm.stay_with_customer();
create trigger contract_touch before update on crm.contract
    for each row execute function crm.touch();
create trigger contract_follow_owner after update of owner_id, team_id on crm.contract
    for each row
    when (old.owner_id is distinct from new.owner_id or old.team_id is distinct from new.team_id)
    execute function crm.contract_follow_owner();
create trigger contract_period_keep before update or delete on crm.contract_period
    for each row execute function crm.keep_contract_period();
create trigger contract_period_keep_table before truncate on crm.contract_period
    for each statement execute function crm.keep_contract_period();

comment on trigger contract_keep_active on crm.contract is 'Only drafts can be deleted.';
comment on trigger contract_keep_table on crm.contract is 'Active contracts stay.';
comment on trigger contract_of_customer on crm.contract is
    'Merged and moved customers get no contracts.';
comment on trigger contract_touch on crm.contract is 'updated_at is the time of the last change.';
comment on trigger contract_follow_owner on crm.contract is
    'Lines and periods follow to the new owner and team.';
comment on trigger contract_period_keep on crm.contract_period is 'What is billed stays.';
comment on trigger contract_period_keep_table on crm.contract_period is 'What is billed stays.';
