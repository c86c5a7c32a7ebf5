-- What a customer reads is data: texts by language in one jsonb object, {"de": "Rechnung", "en":
-- "Invoice"}, so that a further language is a further member and no change of tables or functions.
-- Languages are tags of BCP 47, and the nearest text there is beats none.

create function crm.is_texts(texts jsonb) returns boolean
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(texts) = 'object' then
            texts ? 'en' and not exists (
                select from jsonb_each(texts) as t
                where t.key !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'
                    or jsonb_typeof(t.value) <> 'string'
                    or t.value #>> '{}' !~ '\S'
            )
        when texts is not null then false
    end
$$;

comment on function crm.is_texts(jsonb) is
    'Whether it is an object of language to text, with English; for check constraints.

No text is empty: a language without a text is left out. Null for null.';

-- zh-HK says where, not how one writes there
create function crm.covers_language(there text, wanted text) returns boolean
    language sql immutable parallel safe
    return starts_with(
        lower(regexp_replace(wanted, '^zh-(HK|MO|TW)\M', 'zh-Hant-\1', 'i') || '-'),
        lower(there || '-')
    );

comment on function crm.covers_language(text, text) is
    'Whether a text there is serves who wants a language: zh-Hant for zh-Hant-HK, de for de-AT.';

create function crm.language_in(texts jsonb, languages text[]) returns text
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    wanted text;
    tag text;
begin
    foreach wanted in array languages loop
        tag := wanted;
        if starts_with(tag, 'zh-') then
            tag := regexp_replace(tag, '^zh-(HK|MO|TW)(?=-|$)', 'zh-Hant-' || split_part(tag, '-', 2));
        end if;
        while tag <> '' loop
            if texts ? tag then
                return wanted;
            end if;
            tag := substring(tag from '^(.*)-');
        end loop;
    end loop;
    return null;
end
$$;

comment on function crm.language_in(jsonb, text[]) is
    'The first of the languages that there is a text in, as crm.in_language looks for it; null: none.';

create function crm.in_language(texts jsonb, variadic languages text[]) returns text
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, crm, pg_temp
    set plan_cache_mode = force_generic_plan -- planning for each text takes longer than reading it
as $$
declare
    tag text := languages[1];
begin
    -- nearly always there is a text in the first: found without a query
    if starts_with(tag, 'zh-') then
        tag := regexp_replace(tag, '^zh-(HK|MO|TW)(?=-|$)', 'zh-Hant-' || split_part(tag, '-', 2));
    end if;
    while tag <> '' loop
        if texts ? tag then
            return texts ->> tag;
        end if;
        tag := substring(tag from '^(.*)-');
    end loop;
    if texts is null then
        return null;
    end if;
    return (
        select t.text
        from jsonb_each_text(texts) as t (language, text)
        cross join lateral (
            select min(w.place) as place
            from unnest(languages || text 'en') with ordinality as w (language, place)
            where crm.covers_language(t.language, w.language)
        ) as wanted
        order by
            wanted.place,
            case when wanted.place is not null then length(t.language) end desc,
            t.language collate "C"
        limit 1
    );
end
$$;

comment on function crm.in_language(jsonb, text[]) is
    'The text in the first of the languages that it has.

languages: tags of BCP 47, the preferred first; for zh-Hant-HK also zh-Hant and zh serve. Then comes
English, then whatever there is. Null if there is no text at all.';

create function crm.date_in_language(day date, language text) returns text
    language plpgsql immutable parallel safe -- not sql, which would be planned anew at each call
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- without backslashes, which a session can read otherwise (standard_conforming_strings)
    return to_char(day, case
        when language ~* '^de(-|$)' then 'DD.MM.YYYY'
        when language ~* '^zh(-|$)' then 'YYYY"年"FMMM"月"FMDD"日"'
        when language ~* '^en-US(-|$)' then 'MM/DD/YYYY'
        when language ~* '^en(-|$)' then 'FMDD FMMonth YYYY'
        else 'YYYY-MM-DD'
    end);
end
$$;

comment on function crm.date_in_language(date, text) is
    'A date as one writes it in a language (R-US-08), in others than de, en and zh as in ISO 8601.

What it answers for a language stays: documents that were sent are made anew with it.';

alter function crm.is_texts(jsonb) owner to crm_owner;
alter function crm.covers_language(text, text) owner to crm_owner;
alter function crm.language_in(jsonb, text[]) owner to crm_owner;
alter function crm.in_language(jsonb, text[]) owner to crm_owner;
alter function crm.date_in_language(date, text) owner to crm_owner;
revoke all on function
    crm.is_texts(jsonb),
    crm.covers_language(text, text),
    crm.language_in(jsonb, text[]),
    crm.in_language(jsonb, text[]),
    crm.date_in_language(date, text)
    from public;
grant execute on function
    crm.is_texts(jsonb),
    crm.covers_language(text, text),
    crm.language_in(jsonb, text[]),
    crm.in_language(jsonb, text[]),
    crm.date_in_language(date, text)
    to mandant_user;
