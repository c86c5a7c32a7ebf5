-- What of a document is settled, and by which other: rows that are only ever added, one for each
-- side, with kind, owner and team of their own document, so that whoever sees a document sees all
-- that was settled of it, and nobody else does. What is open is what the document was less these
-- rows; a trigger refuses anything else. What is taken back is a row of the opposite amount.

create table crm.settlement (
    tenant_id int not null default mandant.current_tenant(),
    id uuid not null default mandant.new_id(),
    document_id uuid not null,
    kind text not null,
    owner_id uuid,
    team_id uuid,
    pair_id uuid not null,
    by_id uuid not null,
    purpose text not null,
    amount numeric not null,
    tenant_amount numeric not null,
    exchange_difference numeric not null,
    settled_on date not null,
    settled_at timestamptz not null default now(),
    settled_by uuid default mandant_internal.me(),
    reverses uuid,
    reason text,
    constraint settlement_pkey primary key (tenant_id, id),
    constraint settlement_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint settlement_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint settlement_by_fkey foreign key (tenant_id, by_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint settlement_kind_fkey foreign key (kind)
        references crm.document_kind (code) on delete restrict,
    constraint settlement_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint settlement_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint settlement_settled_by_fkey foreign key (settled_by)
        references mandant_internal.principal (id) on delete restrict,
    constraint settlement_reverses_fkey foreign key (tenant_id, reverses)
        references crm.settlement (tenant_id, id) on delete restrict,
    constraint settlement_purpose_is_known check (purpose in ('allocation', 'discount')),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint settlement_amount_in_range check (amount <> 0 and abs(amount) < 1e12),
    constraint settlement_by_another check (by_id <> document_id),
    constraint settlement_discount_has_no_difference
        check (purpose = 'allocation' or exchange_difference = 0),
    constraint settlement_reversal_is_whole check ((reverses is null) = (reason is null))
);

create index settlement_id on crm.settlement (id);  -- a reader of many tenants looks up by id alone
create index settlement_document on crm.settlement (tenant_id, document_id);
create index settlement_by on crm.settlement (tenant_id, by_id);
create index settlement_pair on crm.settlement (tenant_id, pair_id);
-- what is taken back is taken back once
create unique index settlement_reverses on crm.settlement (tenant_id, reverses)
    where reverses is not null;

comment on table crm.settlement is
    'What of a document is settled, by which other document; rows are only added.';
comment on column crm.settlement.kind is 'The document''s kind.';
comment on column crm.settlement.owner_id is 'The document''s owner.';
comment on column crm.settlement.team_id is 'The document''s team.';
comment on column crm.settlement.pair_id is
    'One for the rows that were made together: of both documents, and the discount.';
comment on column crm.settlement.by_id is
    'The other document: the payment of an invoice, the invoice of a payment.';
comment on column crm.settlement.purpose is
    'allocation; discount: for an early payment, on the invoice''s side alone.';
comment on column crm.settlement.amount is
    'What it takes off the document''s open_amount, with its sign, in the document''s currency.';
comment on column crm.settlement.tenant_amount is
    'The amount in the tenant''s currency, at the document''s own exchange rate.

What settles the last of a document takes the rest of its tenant_gross, so that all sum up to it.';
comment on column crm.settlement.exchange_difference is
    'Realised, in the tenant''s currency: what it was paid with less what it was billed at.

On the side of the receivable; below 0 it is a loss. With the tenant_amount of both sides it is 0.';
comment on column crm.settlement.settled_on is
    'The later date of both documents, or the first day that is not locked.';
comment on column crm.settlement.reverses is 'The row that it takes back; null: none.';
comment on column crm.settlement.reason is 'Why it was taken back.';

select mandant.protect(
    'crm.settlement', object => 'document', owner => 'owner_id', team => 'team_id', kind => 'kind'
);

alter table crm.settlement owner to crm_owner;
revoke all on crm.settlement from public;
grant select on crm.settlement to mandant_user;

create table crm.settlement_tax (
    tenant_id int not null default mandant.current_tenant(),
    settlement_id uuid not null,
    position int not null,
    document_id uuid not null,
    kind text not null,
    owner_id uuid,
    team_id uuid,
    tax_category text,
    tax_rate numeric not null,
    net numeric not null,
    tax numeric not null,
    constraint settlement_tax_pkey primary key (tenant_id, settlement_id, position),
    constraint settlement_tax_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint settlement_tax_settlement_fkey foreign key (tenant_id, settlement_id)
        references crm.settlement (tenant_id, id) on delete restrict
);

create index settlement_tax_document on crm.settlement_tax (tenant_id, document_id);

comment on table crm.settlement_tax is
    'Net and tax of an early-payment discount, per tax category and rate.';
comment on column crm.settlement_tax.position is 'That of the invoice''s row in crm.document_tax.';
comment on column crm.settlement_tax.document_id is 'The settlement''s document.';
comment on column crm.settlement_tax.kind is 'The document''s kind.';
comment on column crm.settlement_tax.owner_id is 'The document''s owner.';
comment on column crm.settlement_tax.team_id is 'The document''s team.';
comment on column crm.settlement_tax.tax_category is
    'Of the tax code: S, Z, E, AE, K, G or O; null: only a rate was said.';
comment on column crm.settlement_tax.tax_rate is 'Percent: 19 stands for 19 %.';
comment on column crm.settlement_tax.net is 'Share of the discount without its tax.';
comment on column crm.settlement_tax.tax is
    'The tax in the share, which is no longer owed; rounded half away from zero.';

select mandant.protect(
    'crm.settlement_tax', object => 'document', owner => 'owner_id', team => 'team_id',
    kind => 'kind'
);

alter table crm.settlement_tax owner to crm_owner;
revoke all on crm.settlement_tax from public;
grant select on crm.settlement_tax to mandant_user;

create function crm.keep_settlement() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and crm.changes_hands(to_jsonb(old), to_jsonb(new)) then
        return new;  -- follows its document
    end if;
    raise exception 'table "%" keeps what was settled, cannot %', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation',
            hint = 'take an allocation back with crm.deallocate(settlement_id, reason)';
end
$$;

comment on function crm.keep_settlement() is
    'Trigger: refuses (23001) to change or remove what was settled, whoever asks.';

create function crm.keep_open_amount() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    open_amount numeric;
begin
    -- rows have the owner of their document: who sees it sees all of them
    select old.gross * k.balance_sign - old.settled_before - coalesce(
        (
            select sum(s.amount)
            from crm.settlement as s
            where s.tenant_id = old.tenant_id and s.document_id = old.id
        ),
        0
    ) into open_amount
    from crm.document_kind as k
    where k.code = old.kind;
    if new.open_amount is distinct from open_amount then
        raise exception 'of % % % is open, not %',
            old.kind, old.number, open_amount, coalesce(new.open_amount::text, 'null')
            using errcode = 'restrict_violation',
                hint = 'it follows from crm.settlement: use crm.allocate or crm.deallocate';
    end if;
    return new;
end
$$;

comment on function crm.keep_open_amount() is
    'Trigger: refuses (23001) an open_amount that does not follow from what was settled.';

alter function crm.keep_settlement() owner to crm_owner;
alter function crm.keep_open_amount() owner to crm_owner;
revoke all on function crm.keep_settlement(), crm.keep_open_amount() from public;

create trigger settlement_keep before update or delete on crm.settlement
    for each row execute function crm.keep_settlement();
create trigger settlement_keep_table before truncate on crm.settlement
    for each statement execute function crm.keep_settlement();
create trigger settlement_tax_keep before update or delete on crm.settlement_tax
    for each row execute function crm.keep_settlement();
create trigger settlement_tax_keep_table before truncate on crm.settlement_tax
    for each statement execute function crm.keep_settlement();
create trigger document_keep_open_amount before update of open_amount on crm.document
    for each row
    when (old.status <> 'draft' and new.open_amount is distinct from old.open_amount)
    execute function crm.keep_open_amount();

comment on trigger settlement_keep on crm.settlement is 'What was settled stays as it is.';
comment on trigger settlement_keep_table on crm.settlement is 'What was settled stays.';
comment on trigger settlement_tax_keep on crm.settlement_tax is
    'What was settled stays as it is.';
comment on trigger settlement_tax_keep_table on crm.settlement_tax is 'What was settled stays.';
comment on trigger document_keep_open_amount on crm.document is
    'What is open follows from what was settled.';

create function crm.write_settlement(said crm.settlement, value numeric default null)
    returns crm.settlement
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    written crm.settlement;
begin
    insert into crm.settlement (
        tenant_id, document_id, kind, owner_id, team_id, pair_id, by_id, purpose, amount,
        tenant_amount, exchange_difference, settled_on, reverses, reason
    )
    select d.tenant_id, d.id, d.kind, d.owner_id, d.team_id, said.pair_id, said.by_id,
        said.purpose, said.amount, t.amount,
        case
            when said.reverses is null then coalesce(value - t.amount, 0)
            else said.exchange_difference
        end,
        said.settled_on, said.reverses, said.reason
    from crm.document as d
    cross join lateral (
        select case
            when said.reverses is not null then said.tenant_amount
            when d.currency = d.tenant_currency then said.amount
            when d.open_amount = said.amount then
                d.tenant_gross * (
                    select k.balance_sign from crm.document_kind as k where k.code = d.kind
                ) - (
                    select coalesce(sum(s.tenant_amount), 0)
                    from crm.settlement as s
                    where s.tenant_id = d.tenant_id and s.document_id = d.id
                )
            else round(
                said.amount * d.exchange_rate,
                (select c.minor_unit from crm.currency as c where c.code = d.tenant_currency)
            )
        end
    ) as t (amount)
    where d.tenant_id = said.tenant_id and d.id = said.document_id
    returning * into written;

    update crm.document as d
    set open_amount = d.open_amount - written.amount
    where d.tenant_id = written.tenant_id and d.id = written.document_id;
    if written.exchange_difference <> 0 then
        perform crm.book_settlement(written);
    end if;
    return written;
end
$$;

comment on function crm.write_settlement(crm.settlement, numeric) is
    'Settles one side, of a document that the caller has locked, and returns the row.

value: what the other side gives for it in the tenant''s currency, for the exchange difference; null:
there is none. Of a row that reverses, tenant_amount and exchange_difference are said.';

alter function crm.write_settlement(crm.settlement, numeric) owner to crm_owner;
revoke all on function crm.write_settlement(crm.settlement, numeric) from public;
