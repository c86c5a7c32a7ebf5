-- How often and in which words a customer is reminded of what is overdue: levels, each with the days
-- that must have passed, texts by language and a fee. The group has some; a tenant that has any of its
-- own uses its own and none of the group's, all others inherit (as with stages). A ladder is written as
-- a whole, because on the way from one to another levels would overlap.

select mandant.define_setting(
    'reminder_fee', 'number',
    'Fee of a reminder in the tenant''s currency, where its level says none', '0',
    minimum => 0, maximum => 999999
);

create table crm.default_reminder_level (
    level int not null,
    days_overdue int not null,
    days_since_last int not null,
    payment_days int not null,
    fee numeric,
    titles jsonb not null,
    texts jsonb not null,
    constraint default_reminder_level_pkey primary key (level),
    constraint default_reminder_level_in_range check (level between 1 and 9),
    constraint default_reminder_level_days_overdue_in_range check (days_overdue between 1 and 3650),
    -- not 0, so that a day never sees two
    constraint default_reminder_level_days_since_last_in_range
        check (days_since_last between 1 and 365),
    constraint default_reminder_level_payment_days_in_range check (payment_days between 0 and 365),
    -- in whose currency it would be, a group does not know
    constraint default_reminder_level_fee_is_none check (fee = 0),
    constraint default_reminder_level_titles_are_texts check (crm.is_texts(titles)),
    constraint default_reminder_level_texts_are_texts check (crm.is_texts(texts))
);

create table crm.reminder_level (
    tenant_id int not null default mandant.current_tenant(),
    level int not null,
    days_overdue int not null,
    days_since_last int not null,
    payment_days int not null,
    fee numeric,
    titles jsonb not null,
    texts jsonb not null,
    constraint reminder_level_pkey primary key (tenant_id, level),
    constraint reminder_level_tenant_fkey foreign key (tenant_id)
        references mandant_internal.tenant (id) on delete restrict,
    constraint reminder_level_in_range check (level between 1 and 9),
    constraint reminder_level_days_overdue_in_range check (days_overdue between 1 and 3650),
    constraint reminder_level_days_since_last_in_range check (days_since_last between 1 and 365),
    constraint reminder_level_payment_days_in_range check (payment_days between 0 and 365),
    -- NaN is above every number, so an upper bound keeps it out as well
    constraint reminder_level_fee_in_range check (fee >= 0 and fee < 1e6),
    constraint reminder_level_titles_are_texts check (crm.is_texts(titles)),
    constraint reminder_level_texts_are_texts check (crm.is_texts(texts))
);

do $$
declare
    relation regclass;
    said record;
begin
    for relation in values ('crm.default_reminder_level'), ('crm.reminder_level') loop
        for said in
            select v.* from (values
                ('level', 'How often it was reminded of with it, from 1.'),
                ('days_overdue', 'Days after the due date from which it applies.'),
                ('days_since_last',
                    'Days that must have passed since the level before; at level 1 there is none.'),
                ('payment_days', 'Days from the reminder''s date in which it is to be paid.'),
                ('titles', 'What the letter is headed, by language, at least English.'),
                ('texts', 'What it says, by language, at least English.

{amount}, {fee}, {days} and {date} are filled in: what is asked for with its currency, the fee in it,
the days in which to pay, and the last of them.')
            ) as v (name, comment)
        loop
            execute format('comment on column %s.%I is %L', relation, said.name, said.comment);
        end loop;
    end loop;
end
$$;

comment on table crm.default_reminder_level is
    'Levels of reminders of the group, for tenants that have none of their own.';
comment on column crm.default_reminder_level.fee is
    '0: without fee; null: the tenant''s setting reminder_fee.';
comment on table crm.reminder_level is
    'A tenant''s own levels of reminders; if it has any, the group''s do not count for it.';
comment on column crm.reminder_level.fee is
    'In the tenant''s currency, once per letter; null: the setting reminder_fee.';
-- define_reminder_levels refuses with these words
comment on constraint reminder_level_in_range on crm.reminder_level is 'there are at most 9 levels';
comment on constraint reminder_level_days_overdue_in_range on crm.reminder_level is
    'days_overdue must be from 1 to 3650';
comment on constraint reminder_level_days_since_last_in_range on crm.reminder_level is
    'days_since_last must be from 1 to 365';
comment on constraint reminder_level_payment_days_in_range on crm.reminder_level is
    'payment_days must be from 0 to 365';
comment on constraint reminder_level_fee_in_range on crm.reminder_level is
    'fee must be a number from 0 to below 1e6';
comment on constraint reminder_level_titles_are_texts on crm.reminder_level is
    'titles must be texts by language, at least English';
comment on constraint reminder_level_texts_are_texts on crm.reminder_level is
    'texts must be texts by language, at least English';

select mandant.share('crm.default_reminder_level', 'shared_data');
select mandant.protect('crm.reminder_level', object => 'reminder', audit => true);

alter table crm.default_reminder_level owner to crm_owner;
alter table crm.reminder_level owner to crm_owner;
revoke all on crm.default_reminder_level, crm.reminder_level from public;
grant select, insert, update, delete on crm.default_reminder_level to mandant_user;
grant select on crm.reminder_level to mandant_user;

create function crm.keep_levels_apart() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    wrong record;
begin
    for wrong in execute format(
        'select l.level, l.days_overdue, b.days_overdue as before
        from %1$s as l
        left join %1$s as b on b.level = l.level - 1 %2$s
        where l.level > 1 and (b.level is null or l.days_overdue <= b.days_overdue)
        order by l.level limit 1',
        tg_relid::regclass,
        case when tg_relid = 'crm.reminder_level'::regclass then 'and b.tenant_id = l.tenant_id' end
    ) loop
        raise exception '%', case
                when wrong.before is null
                    then format('there is a level %s and none before it', wrong.level)
                else format(
                    'level %s applies after %s days, the level before it after %s: they overlap',
                    wrong.level, wrong.days_overdue, wrong.before
                )
            end
            using errcode = 'invalid_parameter_value',
                hint = 'levels count from 1, each with more days_overdue than the one before';
    end loop;
    return null;
end
$$;

comment on function crm.keep_levels_apart() is
    'Trigger: refuses (22023) levels of reminders that overlap or leave one out.';

create trigger default_reminder_level_apart
    after insert or update or delete on crm.default_reminder_level
    for each statement execute function crm.keep_levels_apart();
create trigger reminder_level_apart after insert or update or delete on crm.reminder_level
    for each statement execute function crm.keep_levels_apart();

comment on trigger default_reminder_level_apart on crm.default_reminder_level is
    'Levels follow each other.';
comment on trigger reminder_level_apart on crm.reminder_level is 'Levels follow each other.';

insert into crm.default_reminder_level (
    level, days_overdue, days_since_last, payment_days, fee, titles, texts
) values
    (1, 7, 7, 7, 0,
        '{"de": "Zahlungserinnerung", "en": "Payment reminder", "zh-Hant": "付款提示"}',
        '{"de": "Sicher ist es nur Ihrer Aufmerksamkeit entgangen: Die folgenden Rechnungen sind noch offen. Bitte überweisen Sie {amount} bis zum {date}. Hat sich dieses Schreiben mit Ihrer Zahlung gekreuzt, so ist es gegenstandslos.",
          "en": "It may have escaped your notice that the following invoices are still open. Please pay {amount} by {date}. If your payment is on its way already, please disregard this letter.",
          "zh-Hant": "以下發票尚未付清，可能是您一時未有留意。請於 {date} 之前支付 {amount}。如閣下已付款，請不必理會此信。"}'),
    (2, 21, 14, 7, null,
        '{"de": "Mahnung", "en": "Second reminder", "zh-Hant": "第二次催款通知"}',
        '{"de": "Trotz unserer Erinnerung sind die folgenden Rechnungen noch nicht bezahlt. Bitte überweisen Sie {amount} binnen {days} Tagen, bis zum {date}.",
          "en": "In spite of our reminder the following invoices have not been paid. Please pay {amount} within {days} days, by {date}.",
          "zh-Hant": "雖經提示，以下發票仍未付清。請於 {days} 天內（{date} 之前）支付 {amount}。"}'),
    (3, 35, 14, 7, null,
        '{"de": "Letzte Mahnung", "en": "Final reminder", "zh-Hant": "最後催款通知"}',
        '{"de": "Die folgenden Rechnungen sind weiterhin offen. Dies ist unsere letzte Mahnung: Geht {amount} nicht bis zum {date} bei uns ein, so werden wir die Forderung ohne weitere Ankündigung beitreiben.",
          "en": "The following invoices are still open. This is our final reminder: unless we receive {amount} by {date}, we will have it collected without further notice.",
          "zh-Hant": "以下發票至今仍未付清。此為最後通知：如 {date} 之前仍未收到 {amount}，本公司將不再另行通知而進行追收。"}');

create view crm.effective_reminder_level with (security_invoker = true) as
select
    t.id as tenant_id,
    l.level,
    l.days_overdue,
    l.days_since_last,
    l.payment_days,
    l.fee,
    l.titles,
    l.texts,
    l.inherited
from mandant.tenant as t
cross join lateral (
    select
        o.level, o.days_overdue, o.days_since_last, o.payment_days, o.fee, o.titles, o.texts,
        false as inherited
    from crm.reminder_level as o
    where o.tenant_id = t.id
    union all
    select
        d.level, d.days_overdue, d.days_since_last, d.payment_days, d.fee, d.titles, d.texts, true
    from crm.default_reminder_level as d
    where not exists (select from crm.reminder_level as o where o.tenant_id = t.id)
) as l
-- who may not see a tenant's own levels must not take the group's for them
where mandant_internal.in_whole_tenant('reminder', 'read', t.id);

comment on view crm.effective_reminder_level is
    'The levels of reminders of each tenant you have selected: its own, or the group''s.

Only for whoever may read all reminders of it.';
comment on column crm.effective_reminder_level.level is 'From 1.';
comment on column crm.effective_reminder_level.days_overdue is
    'Days after the due date from which it applies.';
comment on column crm.effective_reminder_level.days_since_last is
    'Days that must have passed since the level before.';
comment on column crm.effective_reminder_level.payment_days is
    'Days from the reminder''s date in which it is to be paid.';
comment on column crm.effective_reminder_level.fee is
    'In the tenant''s currency, once per letter; null: the setting reminder_fee.';
comment on column crm.effective_reminder_level.titles is 'What the letter is headed, by language.';
comment on column crm.effective_reminder_level.texts is 'What it says, by language.';
comment on column crm.effective_reminder_level.inherited is
    'true: the group''s, because the tenant has none of its own.';

alter view crm.effective_reminder_level owner to crm_owner;
revoke all on crm.effective_reminder_level from public;
grant select on crm.effective_reminder_level to mandant_user;

create function crm.define_reminder_levels(levels jsonb, tenant text default null)
    returns setof crm.reminder_level
    language plpgsql volatile
    security definer -- users do not write levels one by one; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    home mandant.tenant := crm.tenant_or_selected(tenant);
    stranger text;
    missing name;
    broken name;
begin
    perform mandant_internal.require_whole('reminder', action, home.id)
    from unnest(array['create', 'update', 'delete']) as action;
    if jsonb_typeof(levels) is distinct from 'array'
        or jsonb_path_exists(levels, 'strict $[*] ? (@.type() != "object")')
    then
        raise exception 'levels must be an array of objects'
            using errcode = 'invalid_parameter_value',
                hint = 'write [{"days_overdue": 7, "titles": {...}, "texts": {...}}, ...], or []'
                    ' for those of the group';
    end if;
    select f.key into stranger
    from jsonb_array_elements(levels) as l
    cross join lateral jsonb_object_keys(l) as f (key)
    where f.key not in
        ('days_overdue', 'days_since_last', 'payment_days', 'fee', 'titles', 'texts');
    if found then
        raise exception 'levels have no "%"', stranger
            using errcode = 'invalid_parameter_value',
                hint = 'they have days_overdue, days_since_last, payment_days, fee, titles, texts';
    end if;
    delete from crm.reminder_level as l where l.tenant_id = home.id;
    return query
        insert into crm.reminder_level (
            tenant_id, level, days_overdue, days_since_last, payment_days, fee, titles, texts
        )
        select home.id, l.level, l.days_overdue, coalesce(l.days_since_last, 7),
            coalesce(l.payment_days, 7), l.fee, l.titles, l.texts
        from rows from (
            jsonb_to_recordset(levels) as (
                days_overdue int, days_since_last int, payment_days int, fee numeric,
                titles jsonb, texts jsonb
            )
        ) with ordinality as l (
            days_overdue, days_since_last, payment_days, fee, titles, texts, level
        )
        returning *;
exception
    when check_violation or not_null_violation or invalid_text_representation
        or numeric_value_out_of_range
    then
        get stacked diagnostics missing = column_name, broken = constraint_name;
        raise exception '%', crm.rule_in_words('crm.reminder_level', broken, missing, sqlerrm)
            using errcode = 'invalid_parameter_value',
                hint = 'select * from crm.effective_reminder_level shows how levels are written';
end
$$;

comment on function crm.define_reminder_levels(jsonb, text) is
    'Gives a tenant its own levels of reminders, all of them at once, and returns them.

levels: [{"days_overdue": 7, "days_since_last": 7, "payment_days": 7, "fee": "5.00", "titles": {"en":
"Reminder"}, "texts": {"en": "Please pay {amount} by {date}."}}, ...], the first for the first
reminder; days_since_last and payment_days are 7 unless given, fee is in the tenant''s currency and
that of the setting reminder_fee unless given. []: those of the group. tenant: code of one that is
selected, default the only one. Needs create, update and delete on all reminders. What was reminded
of before keeps its level. Errors: 22023 levels overlap or miss something; 42501 no right, or tenant
not available; 55000 no tenant is named and not exactly one selected.';

alter function crm.keep_levels_apart() owner to crm_owner;
alter function crm.define_reminder_levels(jsonb, text) owner to crm_owner;
revoke all on function crm.keep_levels_apart(), crm.define_reminder_levels(jsonb, text)
    from public;
grant execute on function crm.define_reminder_levels(jsonb, text) to mandant_user;
