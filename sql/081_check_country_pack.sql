-- What a country pack must be. Whatever is wrong is said with its place, as in series[2].pattern,
-- before anything of the pack counts: constraints of the tables would say it only later, and of a
-- table that whoever writes packs has not seen. As long as the format has sections.

create function crm.pack_must(ok boolean, place text, problem text) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if ok is not true then
        raise exception '%: %', place, problem
            using errcode = 'invalid_parameter_value',
                hint = 'nothing of the pack was loaded; correct it there and load it again';
    end if;
end
$$;

comment on function crm.pack_must(boolean, text, text) is
    'Refuses (22023) a country pack and says where.';

-- Members that an object must have end with !, so that whoever reads a check sees the format.
create function crm.check_pack_entry(place text, entry jsonb, variadic members text[]) returns void
    language plpgsql immutable
    set search_path = pg_catalog, crm, pg_temp
as $$
declare
    member text;
begin
    perform crm.pack_must(jsonb_typeof(entry) = 'object', place, 'must be an object');
    foreach member in array members
    loop
        perform crm.pack_must(
            member !~ '!' or entry -> rtrim(member, '!') <> 'null', place,
            format('has no "%s"', rtrim(member, '!'))
        );
    end loop;
    for member in select k from jsonb_object_keys(entry) as k
    loop
        perform crm.pack_must(
            array[member, member || '!'] && members, place, format('cannot have "%s"', member)
        );
    end loop;
    foreach member in array array['rule', 'source']
    loop
        perform crm.pack_must(
            not members @> array[member || '!']
            or jsonb_typeof(entry -> member) = 'string' and entry ->> member ~ '\S',
            place || '.' || member, 'must be a text'
        );
    end loop;
end
$$;

comment on function crm.check_pack_entry(text, jsonb, text[]) is
    'Refuses (22023) an entry of a country pack with members too few or too many.';

create function crm.pack_entries(pack jsonb, section text, within text default null)
    returns table (place text, entry jsonb)
    language plpgsql immutable
    set search_path = pg_catalog, crm, pg_temp
as $$
declare
    path constant text := concat(within || '.', section);
begin
    perform crm.pack_must(
        coalesce(jsonb_typeof(pack -> section), 'array') = 'array', path, 'must be an array'
    );
    return query
        select format('%s[%s]', path, e.n - 1), e.entry
        from jsonb_array_elements(pack -> section) with ordinality as e (entry, n);
end
$$;

comment on function crm.pack_entries(jsonb, text, text) is
    'The entries of a section of a country pack, or within one of them, and where they stand.';

create function crm.is_pack_date(value jsonb) returns boolean
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_typeof(value) = 'string' and value #>> '{}' ~ '^\d{4}-\d{2}-\d{2}$'
        and (value #>> '{}')::date is not null;
exception
    when datetime_field_overflow then
        return false;
end
$$;

comment on function crm.is_pack_date(jsonb) is 'Whether it is a day, as in "2026-12-31".';

create function crm.check_country_pack(pack jsonb) returns void
    language plpgsql stable
    set search_path = pg_catalog, crm, pg_temp
as $$
declare
    date_wanted constant text := 'must be a date, as in 2026-12-31';
    texts_wanted constant text := 'must be texts by language, with English: {"en": "..."}';
    item record;
    part record;
    word text;
    number_format text;
begin
    perform crm.check_pack_entry(
        'pack', pack, 'country!', 'valid_from!', 'facts!', 'number_format', 'series!',
        'tax_codes!', 'accounts', 'mandatory_fields!', 'retention!', 'settings'
    );
    perform crm.pack_must(
        exists (select from crm.country as c where to_jsonb(c.code) = pack -> 'country'),
        'country', 'is no country, as in DE'
    );
    perform crm.pack_must(crm.is_pack_date(pack -> 'valid_from'), 'valid_from', date_wanted);
    perform crm.pack_must(
        (pack ->> 'valid_from')::date <= current_date + interval '5 years', 'valid_from',
        'is more than 5 years ahead'
    );

    perform crm.check_pack_entry(
        'facts', pack -> 'facts', 'timezone!', 'locale!', 'fiscal_year_start!', 'currency!',
        'rule!', 'source!'
    );
    perform crm.pack_must(
        mandant_internal.is_timezone(pack #>> '{facts,timezone}') is true,
        'facts.timezone', 'is no time zone, as in Europe/Berlin'
    );
    perform crm.pack_must(
        pack #>> '{facts,locale}' ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
        'facts.locale', 'is no language (BCP 47), as in de-DE'
    );
    perform crm.pack_must(
        pack #>> '{facts,fiscal_year_start}' ~ '^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$',
        'facts.fiscal_year_start', 'must be month and day, as in 04-01'
    );
    perform crm.pack_must(
        exists (
            select from crm.currency as c
            where c.code = pack #>> '{facts,currency}' and c.minor_unit is not null
                and (c.withdrawn is null or c.withdrawn > (pack ->> 'valid_from')::date)
        ), 'facts.currency', 'is no currency that amounts can be in, as in EUR'
    );

    if pack ? 'number_format' then
        perform crm.check_pack_entry(
            'number_format', pack -> 'number_format', 'pattern!', 'rule!', 'source!'
        );
        perform crm.pack_must(
            jsonb_typeof(pack #> '{number_format,pattern}') = 'string', 'number_format.pattern',
            'must be a text'
        );
        number_format := pack #>> '{number_format,pattern}';
        begin
            perform '' ~ number_format;
        exception when invalid_regular_expression then
            perform crm.pack_must(false, 'number_format.pattern', sqlerrm);
        end;
    end if;

    for item in select e.* from crm.pack_entries(pack, 'series') as e
    loop
        perform crm.check_pack_entry(
            item.place, item.entry, 'kind!', 'pattern!', 'reset!', 'policy!', 'rule!', 'source!'
        );
        perform crm.pack_must(
            exists (select from crm.document_kind as k where k.code = item.entry ->> 'kind')
                or exists (
                    select from crm.default_series as s
                    where s.country is null and s.kind = item.entry ->> 'kind'
                ),
            item.place || '.kind',
            'is nothing that has numbers; crm.document_kind and crm.default_series have them'
        );
        perform crm.pack_must(
            1 = (
                select count(*) from crm.pack_entries(pack, 'series') as other
                where other.entry -> 'kind' = item.entry -> 'kind'
            ), item.place || '.kind', 'stands here twice'
        );
        perform crm.pack_must(
            jsonb_typeof(item.entry -> 'pattern') = 'string', item.place || '.pattern',
            'must be a text, as in RE-{yyyy}-{n:5}'
        );
        perform crm.pack_must(
            item.entry ->> 'reset' in ('never', 'year', 'fiscal_year', 'month', 'day'),
            item.place || '.reset', 'must be never, year, fiscal_year, month or day'
        );
        begin
            perform mandant_internal.check_pattern(
                item.entry ->> 'pattern', item.entry ->> 'reset'
            );
        exception when invalid_parameter_value then
            perform crm.pack_must(false, item.place || '.pattern', sqlerrm);
        end;
        perform crm.pack_must(
            item.entry ->> 'policy' in ('gapless', 'gapless_chronological', 'unique'),
            item.place || '.policy', 'must be gapless, gapless_chronological or unique'
        );
        if number_format is not null then
            -- a number of nine digits: more than {n:5} pads to, and what a year can bring
            word := replace(replace(replace(
                item.entry ->> 'pattern', '{yyyy}', '2026'), '{tenant}', 'x'), '{branch}', 'x');
            word := regexp_replace(word, '\{n(:\d+)?\}', '123456789');
            word := regexp_replace(word, '\{(yy|mm|dd|q|fy)\}', '12', 'g');
            perform crm.pack_must(
                word ~ number_format, item.place || '.pattern',
                format('gives numbers like %s, which do not match %s', word, number_format)
            );
        end if;
    end loop;

    for item in select e.* from crm.pack_entries(pack, 'tax_codes') as e
    loop
        perform crm.check_pack_entry(
            item.place, item.entry, 'code!', 'category!', 'titles!', 'note', 'rates!', 'rule!',
            'source!'
        );
        perform crm.pack_must(
            item.entry ->> 'code' ~ '^[a-z]+(_[a-z0-9]+)*$', item.place || '.code',
            'must be a word like reverse_charge'
        );
        perform crm.pack_must(
            1 = (
                select count(*) from crm.pack_entries(pack, 'tax_codes') as other
                where other.entry -> 'code' = item.entry -> 'code'
            ), item.place || '.code', 'stands here twice'
        );
        perform crm.pack_must(
            item.entry ->> 'category' in ('S', 'Z', 'E', 'AE', 'K', 'G', 'O'),
            item.place || '.category', 'must be S, Z, E, AE, K, G or O (EN 16931)'
        );
        perform crm.pack_must(
            crm.is_texts(item.entry -> 'titles'), item.place || '.titles', texts_wanted
        );
        perform crm.pack_must(
            not item.entry ? 'note' or crm.is_texts(item.entry -> 'note'),
            item.place || '.note', texts_wanted
        );
        for part in
            select e.* from crm.pack_entries(item.entry, 'rates', item.place) as e
        loop
            perform crm.check_pack_entry(
                part.place, part.entry, 'valid_from!', 'rate!', 'rule!', 'source!'
            );
            perform crm.pack_must(
                crm.is_pack_date(part.entry -> 'valid_from'), part.place || '.valid_from',
                date_wanted
            );
            perform crm.pack_must(
                1 = (
                    select count(*) from crm.pack_entries(item.entry, 'rates') as other
                    where other.entry -> 'valid_from' = part.entry -> 'valid_from'
                ), part.place || '.valid_from', 'stands here twice'
            );
            perform crm.pack_must(
                case when jsonb_typeof(part.entry -> 'rate') = 'number' then
                    (part.entry ->> 'rate')::numeric between 0 and 100
                    and (item.entry ->> 'category' = 'S' or part.entry -> 'rate' = '0')
                end, part.place || '.rate', 'must be percent, and 0 in any category but S'
            );
        end loop;
        perform crm.pack_must(
            item.entry -> 'rates' <> '[]', item.place || '.rates', 'must have at least one'
        );
    end loop;

    for item in select e.* from crm.pack_entries(pack, 'accounts') as e
    loop
        perform crm.check_pack_entry(
            item.place, item.entry, 'role!', 'tax_category', 'tax_rate', 'code!', 'titles!',
            'rule!', 'source!'
        );
        perform crm.pack_must(
            exists (select from crm.account_role as r where r.code = item.entry ->> 'role'),
            item.place || '.role', 'must be one of crm.account_role, such as receivable'
        );
        perform crm.pack_must(
            item.entry ->> 'code' ~ '^[A-Za-z0-9-]{1,20}$', item.place || '.code',
            'must be the number of an account, as in 4400'
        );
        perform crm.pack_must(
            crm.is_texts(item.entry -> 'titles'), item.place || '.titles', texts_wanted
        );
        foreach word in array array['tax_category', 'tax_rate']
        loop
            perform crm.pack_must(
                not item.entry ? word or exists (
                    select from crm.account_role as r
                    where r.code = item.entry ->> 'role' and r.by_tax
                ), format('%s.%s', item.place, word), 'is for accounts of revenue, tax and discount'
            );
        end loop;
        perform crm.pack_must(
            not item.entry ? 'tax_category'
                or item.entry ->> 'tax_category' in ('S', 'Z', 'E', 'AE', 'K', 'G', 'O'),
            item.place || '.tax_category', 'must be S, Z, E, AE, K, G or O (EN 16931)'
        );
        perform crm.pack_must(
            case when not item.entry ? 'tax_rate' then true
                when jsonb_typeof(item.entry -> 'tax_rate') = 'number' then
                    (item.entry ->> 'tax_rate')::numeric between 0 and 100
            end, item.place || '.tax_rate', 'must be percent'
        );
        perform crm.pack_must(
            1 = (
                select count(*) from crm.pack_entries(pack, 'accounts') as other
                where other.entry -> 'role' = item.entry -> 'role'
                    and other.entry -> 'tax_category'
                        is not distinct from item.entry -> 'tax_category'
                    and other.entry -> 'tax_rate' is not distinct from item.entry -> 'tax_rate'
            ), item.place, 'stands here twice'
        );
        perform crm.pack_must(
            1 = (
                select count(distinct case r.code when 'receivable' then r.code else r.type end)
                from crm.pack_entries(pack, 'accounts') as other
                join crm.account_role as r on r.code = other.entry ->> 'role'
                where other.entry -> 'code' = item.entry -> 'code'
            ), item.place || '.code', 'plays roles of two types, or receivable and another'
        );
    end loop;
    select min(r.code) into word
    from crm.account_role as r
    where pack ? 'accounts' and not exists (
        select from crm.pack_entries(pack, 'accounts') as e
        where e.entry ->> 'role' = r.code and not e.entry ?| array['tax_category', 'tax_rate']
    );
    perform crm.pack_must(
        word is null, 'accounts', format('has no "%s" for all tax categories and rates', word)
    );

    for item in select e.* from crm.pack_entries(pack, 'mandatory_fields') as e
    loop
        perform crm.check_pack_entry(
            item.place, item.entry, 'kinds!', 'of!', 'field!', 'gross_above',
            'customer_countries', 'tax_categories', 'rule!', 'source!'
        );
        perform crm.pack_must(
            item.entry ->> 'of' in ('customer', 'document', 'company'), item.place || '.of',
            'must be customer, document or company'
        );
        if item.entry ->> 'of' = 'company' then
            begin
                perform mandant_internal.check_setting(
                    'company_' || (item.entry ->> 'field'), 'x', 'tenant'
                );
            exception when undefined_object then
                perform crm.pack_must(false, item.place || '.field', sqlerrm);
            end;
        else
            -- what nobody can fill in, such as the number, would let nothing be posted
            perform crm.pack_must(
                exists (
                    select from pg_attribute as a
                    where a.attrelid = ('crm.' || (item.entry ->> 'of'))::regclass
                        and a.attname = item.entry ->> 'field' and a.attnum > 0
                        and has_column_privilege('mandant_user', a.attrelid, a.attnum, 'insert')
                ), item.place || '.field',
                format('is no column of crm.%s that users fill in', item.entry ->> 'of')
            );
        end if;
        perform crm.pack_must(
            case when item.entry ? 'gross_above' then
                jsonb_typeof(item.entry -> 'gross_above') = 'number'
                and item.entry -> 'gross_above' >= '0'
            else true end, item.place || '.gross_above', 'must be an amount, 0 or more'
        );
        for part in
            select l.member, l.known
            from (values
                ('kinds', array(select k.code from crm.document_kind as k)),
                ('customer_countries', array(select c.code from crm.country as c)),
                ('tax_categories', array['S', 'Z', 'E', 'AE', 'K', 'G', 'O'])
            ) as l (member, known)
            where item.entry ? l.member
        loop
            perform crm.pack_must(
                case jsonb_typeof(item.entry -> part.member)
                    when 'array' then
                        item.entry -> part.member <> '[]'
                        and to_jsonb(part.known) @> (item.entry -> part.member)
                end, format('%s.%s', item.place, part.member),
                'must be an array of known ' || replace(part.member, '_', ' ')
            );
        end loop;
    end loop;
    select max(e.place) into word
    from crm.pack_entries(pack, 'mandatory_fields') as e,
        jsonb_array_elements(e.entry -> 'kinds') as kind
    group by kind, e.entry -> 'of', e.entry -> 'field'
    having count(*) > 1
    limit 1;
    perform crm.pack_must(word is null, word, 'wants a field of a kind for the second time');

    for item in select e.* from crm.pack_entries(pack, 'retention') as e
    loop
        perform crm.check_pack_entry(
            item.place, item.entry, 'record_class!', 'years!', 'from!', 'valid_from!', 'rule!',
            'source!'
        );
        perform crm.pack_must(
            item.entry ->> 'record_class' in ('voucher', 'book', 'letter'),
            item.place || '.record_class', 'must be voucher, book or letter'
        );
        perform crm.pack_must(
            case when jsonb_typeof(item.entry -> 'years') = 'number' then
                (item.entry ->> 'years')::numeric in (select generate_series(1, 100))
            end, item.place || '.years', 'must be a whole number from 1 to 100'
        );
        perform crm.pack_must(
            item.entry ->> 'from' in
                ('calendar_year_end', 'financial_year_end', 'transaction_date'),
            item.place || '.from',
            'must be calendar_year_end, financial_year_end or transaction_date'
        );
        perform crm.pack_must(
            crm.is_pack_date(item.entry -> 'valid_from'), item.place || '.valid_from', date_wanted
        );
        perform crm.pack_must(
            1 = (
                select count(*) from crm.pack_entries(pack, 'retention') as other
                where other.entry -> 'record_class' = item.entry -> 'record_class'
                    and other.entry -> 'valid_from' = item.entry -> 'valid_from'
            ), item.place || '.valid_from', 'stands here twice for its class'
        );
    end loop;

    perform crm.pack_must(
        coalesce(jsonb_typeof(pack -> 'settings'), 'object') = 'object', 'settings',
        'must be an object of key to {"value": ...}'
    );
    for item in select 'settings.' || s.key as place, s.key, s.value as entry
        from jsonb_each(pack -> 'settings') as s
    loop
        perform crm.check_pack_entry(item.place, item.entry, 'value!', 'rule!', 'source!');
        begin
            perform mandant_internal.check_setting(item.key, item.entry ->> 'value', 'tenant');
        exception when undefined_object or invalid_parameter_value then
            perform crm.pack_must(false, item.place, sqlerrm);
        end;
    end loop;
end
$$;

comment on function crm.check_country_pack(jsonb) is
    'Refuses (22023) a country pack and says where, as in series[2].pattern.';

alter function crm.pack_must(boolean, text, text) owner to crm_owner;
alter function crm.check_pack_entry(text, jsonb, text[]) owner to crm_owner;
alter function crm.pack_entries(jsonb, text, text) owner to crm_owner;
alter function crm.is_pack_date(jsonb) owner to crm_owner;
alter function crm.check_country_pack(jsonb) owner to crm_owner;
revoke all on function
    crm.pack_must(boolean, text, text),
    crm.check_pack_entry(text, jsonb, text[]),
    crm.pack_entries(jsonb, text, text),
    crm.is_pack_date(jsonb),
    crm.check_country_pack(jsonb)
    from public;
