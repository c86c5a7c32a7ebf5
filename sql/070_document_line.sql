-- The lines of a document. Amounts belong to all lines of a document together, so lines are written
-- by functions only; users read them. They leave with their draft, and stay with their posted
-- document. They repeat its kind, owner and team, so that whoever sees the document sees its lines,
-- and nobody else does. A line that was made from another says from which.

create table crm.document_line (
    tenant_id int not null default mandant.current_tenant(),
    document_id uuid not null,
    position int not null,
    kind text not null,
    owner_id uuid,
    team_id uuid,
    product_id uuid,
    description text not null,
    quantity numeric not null,
    unit text,
    unit_price numeric not null,
    discount text,
    discount_percent numeric not null default 0,
    tax_rate numeric not null,
    tax_code text,
    tax_category text,
    net numeric not null,
    tenant_net numeric,
    group_net numeric,
    source_document_id uuid,
    source_position int,
    constraint document_line_pkey primary key (tenant_id, document_id, position),
    constraint document_line_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint document_line_document_fkey foreign key (tenant_id, document_id)
        references crm.document (tenant_id, id) on delete cascade,
    constraint document_line_kind_fkey foreign key (kind)
        references crm.document_kind (code) on delete restrict,
    constraint document_line_owner_fkey foreign key (owner_id)
        references mandant_internal.principal (id) on delete restrict,
    constraint document_line_team_fkey foreign key (team_id)
        references mandant_internal.team (id) on delete restrict,
    constraint document_line_product_fkey foreign key (tenant_id, product_id)
        references crm.product (tenant_id, id) on delete restrict,
    constraint document_line_unit_fkey foreign key (unit)
        references crm.unit (code) on delete restrict,
    constraint document_line_discount_fkey foreign key (discount)
        references crm.discount (code) on delete restrict,
    constraint document_line_source_fkey
        foreign key (tenant_id, source_document_id, source_position)
        references crm.document_line (tenant_id, document_id, position) on delete restrict,
    constraint document_line_source_is_whole
        check ((source_document_id is null) = (source_position is null)),
    constraint document_line_position_in_range check (position > 0),
    constraint document_line_description_is_filled check (description ~ '\S'),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint document_line_quantity_in_range check (quantity <> 0 and abs(quantity) < 1e12),
    constraint document_line_unit_price_in_range check (abs(unit_price) < 1e12),
    constraint document_line_discount_is_percent check (discount_percent between 0 and 100),
    constraint document_line_tax_rate_is_percent check (tax_rate between 0 and 100)
);

create index document_line_product on crm.document_line (tenant_id, product_id);
create index document_line_source
    on crm.document_line (tenant_id, source_document_id, source_position)
    where source_document_id is not null;

comment on table crm.document_line is 'The lines of a document.';
comment on column crm.document_line.kind is 'The document''s kind.';
comment on column crm.document_line.owner_id is 'The document''s owner.';
comment on column crm.document_line.team_id is 'The document''s team.';
comment on column crm.document_line.quantity is 'Negative in a line that takes something back.';
comment on column crm.document_line.unit_price is
    'Net price of one unit, in the document''s currency. Negative for a deduction.';
comment on column crm.document_line.discount is
    'The shared discount; null: the percentage was said, or is the customer''s.';
comment on column crm.document_line.discount_percent is 'Percent off the price: 10 for 10 %.';
comment on column crm.document_line.tax_rate is 'Percent: 19 stands for 19 %.';
comment on column crm.document_line.tax_code is 'Where the rate comes from; null: it was said.';
comment on column crm.document_line.tax_category is 'Of the tax code: S, Z, E, AE, K, G or O.';
comment on column crm.document_line.net is
    'Quantity times unit price less discount, rounded to the currency''s minor unit.

Half a unit is rounded away from zero.';
comment on column crm.document_line.tenant_net is
    'Its share of the document''s tenant_net, from posting on; null: the tenant''s currency is its own.';
comment on column crm.document_line.group_net is
    'Its share of the document''s group_net; null: the group''s currency is its own, or no rate.';
comment on column crm.document_line.source_document_id is
    'The document whose line this was made from; null: none.';
comment on column crm.document_line.source_position is 'Position of that line.';

-- write_lines refuses with these words
comment on constraint document_line_position_in_range on crm.document_line is
    'position must be 1 or more';
comment on constraint document_line_description_is_filled on crm.document_line is
    'description must be more than blanks';
comment on constraint document_line_quantity_in_range on crm.document_line is
    'quantity must be a number other than 0, below 1e12';
comment on constraint document_line_unit_price_in_range on crm.document_line is
    'unit_price must be a number below 1e12';
comment on constraint document_line_discount_is_percent on crm.document_line is
    'discount_percent must be from 0 to 100';
comment on constraint document_line_tax_rate_is_percent on crm.document_line is
    'tax_rate must be from 0 to 100';

select mandant.protect(
    'crm.document_line', object => 'document', owner => 'owner_id', team => 'team_id', kind => 'kind',
    audit => true
);

alter table crm.document_line owner to crm_owner;
revoke all on crm.document_line from public;
grant select on crm.document_line to mandant_user;

create function crm.changes_hands(before jsonb, after jsonb) returns boolean
    language sql immutable
    return before - array['owner_id', 'team_id'] = after - array['owner_id', 'team_id']
        and before <> after;

comment on function crm.changes_hands(jsonb, jsonb) is
    'Whether a row has another owner or team, and nothing else is another.';

alter function crm.changes_hands(jsonb, jsonb) owner to crm_owner;
revoke all on function crm.changes_hands(jsonb, jsonb) from public;

create function crm.keep_posted_line() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    posted record;
begin
    if tg_op = 'UPDATE' and crm.changes_hands(to_jsonb(old), to_jsonb(new)) then
        return new;  -- follows its document
    end if;
    -- no row: the document is being deleted, which only a draft can be, and takes its lines along
    select d.kind, d.number into posted
    from crm.document as d
    where d.tenant_id in (old.tenant_id, new.tenant_id)
        and d.id in (old.document_id, new.document_id)
        and d.status <> 'draft';
    if found then
        raise exception '% % is posted, cannot change', posted.kind, posted.number
            using errcode = 'restrict_violation',
                hint = 'post a counter-document, such as a credit note for an invoice';
    end if;
    return coalesce(new, old);
end
$$;

comment on function crm.keep_posted_line() is
    'Trigger: refuses (23001) to add, change or remove a line of a posted document.';

alter function crm.keep_posted_line() owner to crm_owner;
revoke all on function crm.keep_posted_line() from public;

create function crm.follow_owner() returns trigger
    language plpgsql
    security definer -- users do not write lines
    set search_path = pg_catalog, pg_temp
as $$
begin
    update crm.document_line as l
    set owner_id = new.owner_id, team_id = new.team_id
    where l.tenant_id = new.tenant_id and l.document_id = new.id;
    update crm.document_tax as t
    set owner_id = new.owner_id, team_id = new.team_id
    where t.tenant_id = new.tenant_id and t.document_id = new.id;
    update crm.settlement as s
    set owner_id = new.owner_id, team_id = new.team_id
    where s.tenant_id = new.tenant_id and s.document_id = new.id;
    update crm.settlement_tax as t
    set owner_id = new.owner_id, team_id = new.team_id
    where t.tenant_id = new.tenant_id and t.document_id = new.id;
    update crm.journal_line as j
    set owner_id = new.owner_id, team_id = new.team_id
    where j.tenant_id = new.tenant_id and j.document_id = new.id;
    return null;
end
$$;

comment on function crm.follow_owner() is
    'Trigger: what belongs to a document has its owner and team.';

alter function crm.follow_owner() owner to crm_owner;
revoke all on function crm.follow_owner() from public;

create trigger document_follow_owner after update of owner_id, team_id on crm.document
    for each row
    when (old.owner_id is distinct from new.owner_id or old.team_id is distinct from new.team_id)
    execute function crm.follow_owner();

comment on trigger document_follow_owner on crm.document is 'Lines follow to the new owner and team.';

create trigger document_line_keep_posted before insert or update or delete on crm.document_line
    for each row execute function crm.keep_posted_line();
create trigger document_line_keep_table before truncate on crm.document_line
    for each statement execute function crm.keep_table();

comment on trigger document_line_keep_posted on crm.document_line is
    'The lines of a posted document stay as they are.';
comment on trigger document_line_keep_table on crm.document_line is
    'The lines of a posted document stay.';
