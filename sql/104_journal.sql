-- The journal: what documents and settlements are to the books of their tenant. A row moves an
-- amount from one account to another, so that debit and credit are equal by construction, in each
-- document, currency and tenant; no sum has to be checked, and none can be wrong. Rows come with
-- what they follow from, in the same transaction, and stay as they are: what is reversed is a row
-- with the accounts exchanged. They have kind, owner and team of their document: whoever sees it
-- sees how it was booked, and nobody else does.

create table crm.journal_line (
    tenant_id int not null default mandant.current_tenant(),
    document_id uuid not null,
    position int not null,
    kind text not null,
    owner_id uuid,
    team_id uuid,
    entry text not null,
    entry_date date not null,
    booked_at timestamptz not null default now(),
    debit_account text not null,
    credit_account text not null,
    currency text not null,
    amount numeric not null,
    tenant_currency text not null,
    tenant_amount numeric not null,
    tax_category text,
    tax_rate numeric,
    settlement_id uuid,
    constraint journal_line_pkey primary key (tenant_id, document_id, position),
    constraint journal_line_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete restrict,
    constraint journal_line_settlement_fkey foreign key (tenant_id, settlement_id)
        references crm.settlement (tenant_id, id) on delete restrict,
    constraint journal_line_between_two_accounts check (debit_account <> credit_account),
    -- one, as each is prepared anew by every posting; NaN is above every number, so an upper bound
    -- keeps it out as well
    constraint journal_line_moves_something check (
        case
            when entry in ('revenue', 'tax', 'payment', 'discount', 'discount_tax', 'opening')
                then amount > 0 and amount < 1e12 and abs(tenant_amount) < 1e24
            when entry in ('exchange', 'rounding')
                then amount = 0 and tenant_amount > 0 and tenant_amount < 1e24
            else false
        end
    )
);

create index journal_line_date on crm.journal_line (tenant_id, entry_date);

comment on table crm.journal_line is
    'The journal: amounts between two accounts, by document; rows are only added.';
comment on column crm.journal_line.position is 'Orders the rows of a document.';
comment on column crm.journal_line.kind is 'The document''s kind.';
comment on column crm.journal_line.owner_id is 'The document''s owner.';
comment on column crm.journal_line.team_id is 'The document''s team.';
comment on column crm.journal_line.entry is
    'revenue, tax, payment: from posting; discount, discount_tax, exchange, rounding: from settling;
opening: what was open of a document that was imported.

exchange is the realised exchange difference; rounding what shares of a discount differ from it.';
comment on column crm.journal_line.entry_date is
    'Day in the books: the document''s date, or settled_on of the settlement.';
comment on column crm.journal_line.debit_account is 'Where the amount goes, such as 1200.';
comment on column crm.journal_line.credit_account is 'Where it comes from, such as 4400.';
comment on column crm.journal_line.currency is 'The document''s currency.';
comment on column crm.journal_line.amount is
    'Above 0 in the document''s currency; 0: only the tenant''s currency is concerned.';
comment on column crm.journal_line.tenant_currency is 'The tenant''s currency at posting.';
comment on column crm.journal_line.tenant_amount is
    'The same in the tenant''s currency, as it was frozen: all sum up to the document''s to the cent.

Below 0 only where the last that is taken back also takes back what rounding had added before.';
comment on column crm.journal_line.tax_category is
    'Of what was taxed: S, Z, E, AE, K, G or O; null: only a rate was said, or it has none.';
comment on column crm.journal_line.tax_rate is 'Percent: 19 stands for 19 %; null: it has none.';
comment on column crm.journal_line.settlement_id is 'What it follows from; null: from posting.';
comment on constraint journal_line_between_two_accounts on crm.journal_line is
    'debit and credit must be different accounts: see setting own_accounts';

select mandant.protect(
    'crm.journal_line', object => 'document', owner => 'owner_id', team => 'team_id',
    kind => 'kind'
);

alter table crm.journal_line owner to crm_owner;
revoke all on crm.journal_line from public;
grant select on crm.journal_line to mandant_user;

create function crm.keep_journal() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and crm.changes_hands(to_jsonb(old), to_jsonb(new)) then
        return new;  -- follows its document
    end if;
    raise exception 'the journal stays as it is, cannot %', lower(tg_op)
        using errcode = 'restrict_violation',
            hint = 'cancel the document with crm.cancel_document(id, reason), or take the'
                ' allocation back with crm.deallocate(settlement_id, reason)';
end
$$;

comment on function crm.keep_journal() is
    'Trigger: refuses (23001) to change or remove what was booked, whoever asks.';

alter function crm.keep_journal() owner to crm_owner;
revoke all on function crm.keep_journal() from public;

create trigger journal_line_keep before update or delete on crm.journal_line
    for each row execute function crm.keep_journal();
create trigger journal_line_keep_table before truncate on crm.journal_line
    for each statement execute function crm.keep_journal();

comment on trigger journal_line_keep on crm.journal_line is 'What was booked stays as it is.';
comment on trigger journal_line_keep_table on crm.journal_line is 'What was booked stays.';

create function crm.booked_accounts(
    document crm.document, entry text, tax_category text, tax_rate numeric
) returns text[]
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    return (
        select case
            when coalesce(nullif(k.revenue_sign, 0), k.balance_sign) * case j.entry
                when 'revenue' then t.net
                when 'tax' then t.tax
                else t.net + t.tax
            end > 0 then array[j.debit_account, j.credit_account]
            else array[j.credit_account, j.debit_account]
        end
        from crm.journal_line as j
        join crm.document_kind as k on k.code = j.kind
        join crm.document_tax as t
            on t.tenant_id = j.tenant_id and t.document_id = j.document_id
            and t.tax_rate = j.tax_rate and t.tax_category is not distinct from j.tax_category
        where j.tenant_id = document.tenant_id and j.document_id = document.id
            and j.settlement_id is null and j.entry = booked_accounts.entry
            and j.tax_rate = booked_accounts.tax_rate
            and j.tax_category is not distinct from booked_accounts.tax_category
    );
end
$$;

comment on function crm.booked_accounts(crm.document, text, text, numeric) is
    'The receivable, and the account against it, that posting wrote an entry to; null: it did not.';

create function crm.write_journal(
    document crm.document, kind crm.document_kind, tenant mandant.tenant, taken_back crm.document
) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    chart constant record := crm.chart_on(tenant.country, document.document_date);
    own constant text := mandant_internal.setting_in(tenant.id, 'own_accounts');
    side constant int := coalesce(nullif(kind.revenue_sign, 0), kind.balance_sign);
    -- what is owed, or what is paid at once
    receivable constant text := crm.account_for(
        chart.chart, chart.since, own,
        case kind.balance_sign when 0 then 'bank' else 'receivable' end
    );
begin
    -- what row security asks of who adds rows that are seen as the document is
    perform mandant_internal.require_row(
        'document', 'create', document.tenant_id, document.owner_id, document.team_id, kind.code
    );
    insert into crm.journal_line (
        tenant_id, document_id, position, kind, owner_id, team_id, entry, entry_date,
        debit_account, credit_account, currency, amount, tenant_currency, tenant_amount,
        tax_category, tax_rate
    )
    select document.tenant_id, document.id,
        t.position * 2 - case e.entry when 'tax' then 0 else 1 end,
        document.kind, document.owner_id, document.team_id, e.entry, document.document_date,
        case when e.amount * side > 0 then a.receivable else a.account end,
        case when e.amount * side > 0 then a.account else a.receivable end,
        document.currency, abs(e.amount), document.tenant_currency,
        coalesce(e.tenant_amount * sign(e.amount), abs(e.amount)), t.tax_category, t.tax_rate
    from crm.document_tax as t
    cross join lateral (
        values
            ('payment', 'bank', t.net + t.tax, t.tenant_net + t.tenant_tax),
            ('revenue', 'revenue', t.net, t.tenant_net),
            ('tax', 'tax', t.tax, t.tenant_tax)
    ) as e (entry, role, amount, tenant_amount)
    left join lateral (
        -- as crm.account_for, in this one statement
        select crm.own_account(own, c.code) as account
        from crm.account as c
        where coalesce(c.country, '') = chart.chart and c.valid_from = chart.since
            and c.role = e.role
            and (c.tax_category = t.tax_category or c.tax_category is null)
            and (c.tax_rate = t.tax_rate or c.tax_rate is null)
        order by c.tax_category, c.tax_rate
        limit 1
    ) as c on true
    cross join lateral (
        select case when document.takes_back then
            crm.booked_accounts(taken_back, e.entry, t.tax_category, t.tax_rate)
        end as accounts
        offset 0  -- asked once
    ) as b
    cross join lateral (
        select coalesce(b.accounts[1], receivable) as receivable,
            coalesce(
                b.accounts[2], nullif(c.account, receivable),
                crm.account_for(
                    chart.chart, chart.since, own, e.role, t.tax_category, t.tax_rate, receivable
                )
            ) as account
    ) as a
    where t.tenant_id = document.tenant_id and t.document_id = document.id
        and (e.entry = 'payment') = (kind.revenue_sign = 0) and e.amount <> 0;
end
$$;

comment on function crm.write_journal(
    crm.document, crm.document_kind, mandant.tenant, crm.document
) is
    'Books a document that is being posted, of a kind that counts for revenue or balance.

Revenue and tax by category and rate against the receivable, or the bank where nothing is owed;
what is no revenue is money. taken_back: what it takes back, whose accounts it has, so that both sum
to zero on each; null: nothing. Errors: 42501 no right to create, 42704 no account,
22023 one account on both sides.';

create function crm.book_settlement(settled crm.settlement) returns void
    language plpgsql volatile
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    document crm.document;
    chart record;
    own text;
    receivable text;
    digits int;
begin
    select d.* into document
    from crm.document as d
    where d.tenant_id = settled.tenant_id and d.id = settled.document_id;
    if settled.reverses is null then
        chart := crm.chart_on(
            (select t.country from mandant.tenant as t where t.id = document.tenant_id),
            document.document_date
        );
        own := mandant_internal.setting_in(document.tenant_id, 'own_accounts');
        digits :=
            (select c.minor_unit from crm.currency as c where c.code = document.tenant_currency);
        receivable := (
            select (crm.booked_accounts(document, j.entry, j.tax_category, j.tax_rate))[1]
            from crm.journal_line as j
            where j.tenant_id = document.tenant_id and j.document_id = document.id
                and j.position = 1
        );
    end if;

    insert into crm.journal_line (
        tenant_id, document_id, position, kind, owner_id, team_id, entry, entry_date,
        debit_account, credit_account, currency, amount, tenant_currency, tenant_amount,
        tax_category, tax_rate, settlement_id
    )
    select document.tenant_id, document.id,
        (
            select max(j.position)
            from crm.journal_line as j
            where j.tenant_id = document.tenant_id and j.document_id = document.id
        ) + row_number() over (order by e.place),
        document.kind, document.owner_id, document.team_id, e.entry, settled.settled_on,
        case when e.sign > 0 then e.account else e.receivable end,
        case when e.sign > 0 then e.receivable else e.account end,
        document.currency, abs(e.amount), document.tenant_currency, e.tenant_amount * e.sign,
        e.tax_category, e.tax_rate, settled.id
    from (
        -- what is taken back: its rows, with the accounts exchanged
        select j.position as place, j.entry, 1 as sign, j.credit_account as account,
            j.debit_account as receivable, j.amount, j.tenant_amount, j.tax_category, j.tax_rate
        from crm.journal_line as j
        where j.tenant_id = document.tenant_id and j.document_id = document.id
            and j.settlement_id = settled.reverses
        union all
        -- a discount, which takes off the receivable
        select x.position * 2 + p.place, p.entry, sign(p.amount)::int, p.account, receivable,
            p.amount, round(p.amount * document.exchange_rate, digits), x.tax_category, x.tax_rate
        from crm.settlement_tax as x
        cross join lateral (
            values
                (
                    0, 'discount', x.net,
                    crm.account_for(
                        chart.chart, chart.since, own, 'discount', x.tax_category, x.tax_rate,
                        receivable
                    )
                ),
                (
                    1, 'discount_tax', x.tax,
                    case when x.tax <> 0 then coalesce(
                        (crm.booked_accounts(document, 'tax', x.tax_category, x.tax_rate))[2],
                        crm.account_for(
                            chart.chart, chart.since, own, 'tax', x.tax_category, x.tax_rate,
                            receivable
                        )
                    ) end
                )
        ) as p (place, entry, amount, account)
        where x.tenant_id = document.tenant_id and x.settlement_id = settled.id
            and settled.reverses is null and p.amount <> 0
        union all
        -- a loss takes off the receivable, a gain adds to it
        select 2000000000, f.entry, sign(f.off)::int,
            crm.account_for(
                chart.chart, chart.since, own,
                case when f.off > 0 then 'exchange_loss' else 'exchange_gain' end,
                other => receivable
            ),
            receivable, 0, f.off, null, null
        from (
            select 'exchange' as entry, -settled.exchange_difference as off
            where settled.purpose = 'allocation'
            union all
            select 'rounding', settled.tenant_amount - sum(
                round(x.net * document.exchange_rate, digits)
                    + round(x.tax * document.exchange_rate, digits)
            )
            from crm.settlement_tax as x
            where x.tenant_id = document.tenant_id and x.settlement_id = settled.id
        ) as f
        where settled.reverses is null and f.off <> 0
    ) as e;
end
$$;

comment on function crm.book_settlement(crm.settlement) is
    'Books what was settled: discount and its tax, realised exchange difference, or their reversal.

By the chart of the document''s date, against its receivable. Errors: 42704 no account,
22023 one account on both sides.';

alter function crm.booked_accounts(crm.document, text, text, numeric) owner to crm_owner;
alter function crm.write_journal(
    crm.document, crm.document_kind, mandant.tenant, crm.document
) owner to crm_owner;
alter function crm.book_settlement(crm.settlement) owner to crm_owner;
revoke all on function
    crm.booked_accounts(crm.document, text, text, numeric),
    crm.write_journal(crm.document, crm.document_kind, mandant.tenant, crm.document),
    crm.book_settlement(crm.settlement)
    from public;
