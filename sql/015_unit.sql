-- Units of measure, shared by all tenants: products and lines refer to them by code, documents show
-- their name in the customer's language, and files of others (EN 16931) their UN/ECE code.

create table crm.unit (
    code text not null,
    names jsonb not null,
    unece text not null,
    constraint unit_pkey primary key (code),
    constraint unit_code_is_word check (code ~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$'),
    constraint unit_names_are_texts check (crm.is_texts(names)),
    constraint unit_unece_is_code check (unece ~ '^[A-Z0-9]{2,3}$')
);

comment on table crm.unit is 'Units of measure, shared by all tenants.';
comment on column crm.unit.names is 'Name by language, at least English: {"de": "Stunde", ...}.';
comment on column crm.unit.unece is
    'Code in UN/ECE Recommendation 20, such as HUR; several units may have the same.';

alter table crm.unit owner to crm_owner;
revoke all on crm.unit from public;
grant select, insert, update, delete on crm.unit to mandant_user;

insert into crm.unit (code, unece, names) values
    ('piece', 'H87', '{"de": "Stück", "en": "piece", "zh-Hant": "件"}'),
    ('hour', 'HUR', '{"de": "Stunde", "en": "hour", "zh-Hant": "小時"}'),
    ('day', 'DAY', '{"de": "Tag", "en": "day", "zh-Hant": "日"}'),
    ('week', 'WEE', '{"de": "Woche", "en": "week", "zh-Hant": "週"}'),
    ('month', 'MON', '{"de": "Monat", "en": "month", "zh-Hant": "月"}'),
    ('year', 'ANN', '{"de": "Jahr", "en": "year", "zh-Hant": "年"}'),
    ('licence', 'C62', '{"de": "Lizenz", "en": "licence", "zh-Hant": "授權"}'),
    ('user', 'C62', '{"de": "Arbeitsplatz", "en": "user", "zh-Hant": "用戶"}'),
    ('km', 'KMT', '{"de": "km", "en": "km", "zh-Hant": "公里"}'),
    ('kg', 'KGM', '{"de": "kg", "en": "kg", "zh-Hant": "公斤"}'),
    ('m', 'MTR', '{"de": "m", "en": "m", "zh-Hant": "米"}'),
    ('m2', 'MTK', '{"de": "m²", "en": "m²", "zh-Hant": "平方米"}'),
    ('l', 'LTR', '{"de": "l", "en": "l", "zh-Hant": "升"}'),
    ('set', 'SET', '{"de": "Satz", "en": "set", "zh-Hant": "套"}'),
    ('flat', 'LS', '{"de": "pauschal", "en": "lump sum", "zh-Hant": "一式"}');

select mandant.share('crm.unit', 'shared_data');  -- from here on changes are audited

create function crm.require_unit(unit text, place text default null) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
begin
    if not exists (select from crm.unit as u where u.code = unit) then
        raise exception '%no unit "%"', coalesce(place || ': ', ''), unit
            using errcode = 'invalid_parameter_value',
                hint = 'the units are '
                    || (select string_agg(u.code, ', ' order by u.code) from crm.unit as u);
    end if;
end
$$;

comment on function crm.require_unit(text, text) is
    'Refuses (22023) what is no unit. place: where it was found, such as line 2.';

alter function crm.require_unit(text, text) owner to crm_owner;
revoke all on function crm.require_unit(text, text) from public;
grant execute on function crm.require_unit(text, text) to mandant_user;
