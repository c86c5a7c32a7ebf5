-- Tax ids: what is written on an invoice is checked before it gets there. Formats and check digits
-- are data, one row per form an id can have: nearly all are a weighted sum of the digits with a
-- remainder, which is why odd last digits have rows of their own. Methods beyond that are named.
-- Whether an id was ever given to somebody, only its country's authority can tell (EU: VIES).

create table crm.tax_id_format (
    country text not null,
    prefix text not null,
    pattern text not null,
    method text,
    weights int[],
    modulus int,
    remainders int[],
    birth_date text,
    printed text,
    example text,
    constraint tax_id_format_pkey primary key (prefix, pattern),
    constraint tax_id_format_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    -- this fails (2201B) where each customer's id would
    constraint tax_id_format_pattern_is_expression
        check (('' ~ ('^(?:' || pattern || ')$')) is not null),
    constraint tax_id_format_method_is_known check (method in ('sum', 'cross_sum', 'two_sums',
        'mod_11_10', 'mod_97', 'cy', 'es', 'fr', 'ie')),
    constraint tax_id_format_sum_is_whole check (
        method is null or method not in ('sum', 'cross_sum')
        or (weights is not null and modulus > 0 and remainders is not null)
    ),
    constraint tax_id_format_two_sums_are_whole check (
        method is distinct from 'two_sums' or cardinality(weights) % 2 = 0 and weights is not null
    ),
    constraint tax_id_format_birth_date_is_known check (birth_date in ('BG', 'CZ', 'LV', 'RO'))
);

comment on table crm.tax_id_format is
    'Forms of VAT ids, shared by all tenants; a country without one takes any text.

Source: the EU''s VIES structures, and what python-stdnum 2.2 knows of check digits.';
comment on column crm.tax_id_format.prefix is 'What the id begins with: DE, EL, CHE.';
comment on column crm.tax_id_format.pattern is
    'What follows, without blanks, dots and dashes: a regular expression for all of it.';
comment on column crm.tax_id_format.method is
    'How its check digit is found; null: it has none. See crm.tax_id_fits.';
comment on column crm.tax_id_format.weights is
    'Of the digits from the left; further digits do not count, missing ones are leading zeros.';
comment on column crm.tax_id_format.remainders is 'Those of the sum that are right.';
comment on column crm.tax_id_format.birth_date is
    'Country whose way of writing a date of birth the number begins with.';
comment on column crm.tax_id_format.example is
    'An id of the form most usual for the prefix; null in the rows of others.';
comment on column crm.tax_id_format.printed is
    'How what the pattern caught is printed after the prefix; null: without separators.';

alter table crm.tax_id_format owner to crm_owner;
select mandant.share('crm.tax_id_format', object => 'shared_data');
revoke all on crm.tax_id_format from public;
grant select, insert, update, delete on crm.tax_id_format to mandant_user;

insert into crm.tax_id_format
    (country, prefix, pattern, method, weights, modulus, remainders, birth_date, printed, example)
values
    ('AT', 'AT', 'U\d{8}', 'cross_sum', '{1,2,1,2,1,2,1,1}', 10, '{6}', null, null, 'ATU13585627'),
    ('BE', 'BE', '(?!0{10})[01]\d{9}', 'sum', '{10000000,1000000,100000,10000,1000,100,10,1,10,1}',
        97, '{0}', null, null, 'BE0403019261'),
    -- companies; then persons, foreigners, others (brackets only make the pattern another one)
    ('BG', 'BG', '\d{9}', 'two_sums', '{1,2,3,4,5,6,7,8,3,4,5,6,7,8,9,10}', null, null, null, null,
        'BG175074752'),
    ('BG', 'BG', '\d{9}[1-9]', 'sum', '{2,4,8,5,10,9,7,3,6,-1}', 11, '{0}', 'BG', null, null),
    ('BG', 'BG', '\d{9}0', 'sum', '{2,4,8,5,10,9,7,3,6,-1}', 11, '{0,10}', 'BG', null, null),
    ('BG', 'BG', '(\d{10})', 'sum', '{21,19,17,13,11,9,7,3,1,-1}', 10, '{0}', null, null, null),
    ('BG', 'BG', '\d{10}', 'sum', '{4,3,2,7,6,5,4,3,2,1}', 11, '{0}', null, null, null),
    ('CH', 'CHE', '(\d{3})(\d{3})(\d{3})(MWST|TVA|IVA|TPV)?', 'sum', '{5,4,3,2,7,6,5,4,1}', 11,
        '{0}', null, '-\1.\2.\3 \4', 'CHE-107.787.577 IVA'),
    ('CY', 'CY', '(?!12)\d{8}[A-Z]', 'cy', null, null, null, null, null, 'CY10259033P'),
    -- companies; persons with a number that begins with 6; persons by their date of birth
    ('CZ', 'CZ', '[0-8]\d{6}0', 'sum', '{8,7,6,5,4,3,2,1}', 11, '{1}', null, null, null),
    ('CZ', 'CZ', '[0-8]\d{6}1', 'sum', '{8,7,6,5,4,3,2,1}', 11, '{0,1}', null, null, 'CZ25123891'),
    ('CZ', 'CZ', '[0-8]\d{6}[2-9]', 'sum', '{8,7,6,5,4,3,2,1}', 11, '{0}', null, null, null),
    ('CZ', 'CZ', '6\d{7}[0-7]', 'sum', '{0,8,7,6,5,4,3,2,-1}', 11, '{2}', null, null, null),
    ('CZ', 'CZ', '6\d{7}8', 'sum', '{0,8,7,6,5,4,3,2,-1}', 11, '{2,3}', null, null, null),
    ('CZ', 'CZ', '6\d{7}9', 'sum', '{0,8,7,6,5,4,3,2,-1}', 11, '{3}', null, null, null),
    ('CZ', 'CZ', '[0-57-9]\d{8}', null, null, null, null, 'CZ', null, null),
    ('CZ', 'CZ', '\d{9}[1-9]', 'sum', '{1,-1,1,-1,1,-1,1,-1,1,-1}', 11, '{0}', 'CZ', null, null),
    ('CZ', 'CZ', '\d{9}0', 'sum', '{1,-1,1,-1,1,-1,1,-1,1,-1}', 11, '{0,10}', 'CZ', null, null),
    ('DE', 'DE', '[1-9]\d{8}', 'mod_11_10', null, null, null, null, null, 'DE136695976'),
    ('DK', 'DK', '[1-9]\d{7}', 'sum', '{2,7,6,5,4,3,2,1}', 11, '{0}', null, null, 'DK13585628'),
    ('EE', 'EE', '\d{9}', 'sum', '{3,7,1,3,7,1,3,7,1}', 10, '{0}', null, null, 'EE100931558'),
    ('ES', 'ES', '\d{8}[A-Z]|[KLMXYZ]\d{7}[A-Z]|[ABCDEFGHJNPQRSUVW]\d{7}[0-9A-J]', 'es', null, null,
        null, null, null, 'ESB58378431'),
    ('FI', 'FI', '\d{8}', 'sum', '{7,9,10,5,8,4,2,1}', 11, '{0}', null, null, 'FI20774740'),
    ('FR', 'FR', '[0-9A-HJ-NP-Z]{2}\d{9}', 'fr', null, null, null, null, null, 'FR40303265045'),
    -- numbers from 100 on may leave 42 or 55; GD and HA are government and health authorities
    ('GB', 'GB', '0\d{8}(\d{3})?', 'sum', '{8,7,6,5,4,3,2,10,1}', 97, '{0}', null, null, null),
    ('GB', 'GB', '[1-9]\d{8}(\d{3})?', 'sum', '{8,7,6,5,4,3,2,10,1}', 97, '{0,42,55}', null, null,
        'GB980780684'),
    ('GB', 'GB', 'GD[0-4]\d\d|HA[5-9]\d\d', null, null, null, null, null, null, null),
    ('GB', 'GB', '(GD8888[0-4]|HA8888[5-9])\d\d(?!9[789])\d\d', 'sum', '{0,0,0,0,100,10,1,-10,-1}',
        97, '{0}', null, null, null),
    ('GR', 'EL', '\d{8}[1-9]', 'sum', '{256,128,64,32,16,8,4,2,-1}', 11, '{0}', null, null,
        'EL094259216'),
    ('GR', 'EL', '\d{8}0', 'sum', '{256,128,64,32,16,8,4,2,-1}', 11, '{0,10}', null, null, null),
    ('HR', 'HR', '\d{11}', 'mod_11_10', null, null, null, null, null, 'HR33392005961'),
    ('HU', 'HU', '\d{8}', 'sum', '{9,7,3,1,9,7,3,1}', 10, '{0}', null, null, 'HU12892312'),
    ('IE', 'IE', '\d{7}[A-W]{1,2}|\d[A-Z+*]\d{5}[A-W]', 'ie', null, null, null, null, null,
        'IE6433435F'),
    ('IT', 'IT', '(?!0{7})\d{7}(?!000)(0\d\d|100|120|121|888|999)\d', 'cross_sum',
        '{1,2,1,2,1,2,1,2,1,2,1}', 10, '{0}', null, null, 'IT00743110157'),
    ('LT', 'LT', '\d{7}1\d', 'two_sums', '{1,2,3,4,5,6,7,8,3,4,5,6,7,8,9,1}', null, null, null,
        null, 'LT119511515'),
    ('LT', 'LT', '\d{10}1\d', 'two_sums', '{1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4}', null,
        null, null, null, null),
    ('LU', 'LU', '\d{6}(?!89|9\d)\d\d', 'sum', '{100000,10000,1000,100,10,1,-10,-1}', 89, '{0}',
        null, null, 'LU15027442'),
    -- companies; persons without, then with, a date of birth
    ('LV', 'LV', '[4-9]\d{10}', 'sum', '{9,1,4,8,3,10,2,5,7,6,1}', 11, '{3}', null, null,
        'LV40003521600'),
    ('LV', 'LV', '32\d{8}[1-9]', 'sum', '{10,5,8,4,2,1,6,3,7,9,-1}', 11, '{10}', null, null, null),
    ('LV', 'LV', '32\d{8}0', 'sum', '{10,5,8,4,2,1,6,3,7,9,-1}', 11, '{9,10}', null, null, null),
    ('LV', 'LV', '(?!32)[0-3]\d{9}[1-9]', 'sum', '{10,5,8,4,2,1,6,3,7,9,-1}', 11, '{10}', 'LV',
        null, null),
    ('LV', 'LV', '(?!32)[0-3]\d{9}0', 'sum', '{10,5,8,4,2,1,6,3,7,9,-1}', 11, '{9,10}', 'LV', null,
        null),
    ('MT', 'MT', '[1-9]\d{7}', 'sum', '{3,4,6,7,8,9,10,1}', 37, '{0}', null, null, 'MT11679112'),
    -- of a company; since 2020 of a person, which tells nothing of who it is
    ('NL', 'NL', '(?!0{9})\d{9}B(?!00)\d\d', 'sum', '{9,8,7,6,5,4,3,2,-1}', 11, '{0}', null, null,
        'NL004495445B01'),
    ('NL', 'NL', '((?!0{9})\d{9}B(?!00)\d\d)', 'mod_97', null, null, null, null, null, null),
    ('NO', 'NO', '\d{9}(MVA)?', 'sum', '{3,2,7,6,5,4,3,2,1}', 11, '{0}', null, null,
        'NO995525828MVA'),
    ('PL', 'PL', '\d{10}', 'sum', '{6,5,7,2,3,4,5,6,7,-1}', 11, '{0}', null, null, 'PL8567346215'),
    ('PT', 'PT', '[1-9]\d{7}[1-9]', 'sum', '{9,8,7,6,5,4,3,2,1}', 11, '{0}', null, null,
        'PT501964843'),
    ('PT', 'PT', '[1-9]\d{7}0', 'sum', '{9,8,7,6,5,4,3,2,1}', 11, '{0,1}', null, null, null),
    -- companies; persons by their date of birth and county
    ('RO', 'RO', '[1-9]\d{0,8}[1-9]', 'sum', '{7,5,3,2,1,7,5,3,2,1}', 11, '{0}', null, null, null),
    ('RO', 'RO', '[1-9]\d{0,8}0', 'sum', '{7,5,3,2,1,7,5,3,2,1}', 11, '{0,1}', null, null,
        'RO18547290'),
    ('RO', 'RO', '[1-9]\d{6}(0[1-9]|[1-3]\d|4[0-8]|5[12]|70|8[0-3])\d{3}1', 'sum',
        '{2,7,9,1,4,6,3,5,8,2,7,9,-1}', 11, '{0,9}', 'RO', null, null),
    ('RO', 'RO', '[1-9]\d{6}(0[1-9]|[1-3]\d|4[0-8]|5[12]|70|8[0-3])\d{3}[02-9]', 'sum',
        '{2,7,9,1,4,6,3,5,8,2,7,9,-1}', 11, '{0}', 'RO', null, null),
    ('SE', 'SE', '\d{10}01', 'cross_sum', '{2,1,2,1,2,1,2,1,2,1}', 10, '{0}', null, null,
        'SE123456789701'),
    ('SI', 'SI', '[1-9]\d{6}[1-9]', 'sum', '{8,7,6,5,4,3,2,1}', 11, '{0}', null, null,
        'SI50223054'),
    ('SI', 'SI', '[1-9]\d{6}0', 'sum', '{8,7,6,5,4,3,2,1}', 11, '{1}', null, null, null),
    ('SK', 'SK', '[1-9]\d[234789]\d{7}', 'sum', '{1,-1,1,-1,1,-1,1,-1,1,-1}', 11, '{0}', null, null,
        'SK2022749619'),
    ('SK', 'SK', '\d{9}[1-9]', 'sum', '{1,-1,1,-1,1,-1,1,-1,1,-1}', 11, '{0}', 'CZ', null, null),
    ('SK', 'SK', '\d{9}0', 'sum', '{1,-1,1,-1,1,-1,1,-1,1,-1}', 11, '{0,10}', 'CZ', null, null);

-- Northern Ireland writes the United Kingdom's numbers with a prefix of its own
insert into crm.tax_id_format
    (country, prefix, pattern, method, weights, modulus, remainders, example)
select f.country, 'XI', f.pattern, f.method, f.weights, f.modulus, f.remainders,
    overlay(f.example placing 'XI' from 1 for 2)
from crm.tax_id_format as f
where f.prefix = 'GB';

create function crm.weighted_sum(digits text, weights int[], across boolean default false)
    returns int
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select sum(case when across then p.n / 10 + p.n % 10 else p.n end)
    from unnest(
        weights, string_to_array(lpad(digits, cardinality(weights), '0'), null)::int[]
    ) as w (weight, digit),
    lateral (select w.weight * w.digit) as p (n)
$$;

comment on function crm.weighted_sum(text, int[], boolean) is
    'Sum of the digits times their weights; across: of the cross sums of these products.';

create function crm.has_birth_date(country text, digits text) returns boolean
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    first constant int := left(digits, 2);
    second constant int := substr(digits, 3, 2);
    third constant int := substr(digits, 5, 2);
    year int := 1900 + first;
    month int := second;
    day int := third;
begin
    if country = 'BG' then
        year := year + case when month > 40 then 100 when month > 20 then -100 else 0 end;
        month := month - case when month > 40 then 40 when month > 20 then 20 else 0 end;
    elsif country = 'CZ' then
        month := month % 50 % 20;  -- women have 50 more, and 20 more stand for a full day
        if length(digits) = 9 then  -- until 1953
            year := case when year >= 1980 then year - 100 else year end;
            if year > 1953 then
                return false;
            end if;
        elsif year < 1954 then
            year := year + 100;
        end if;
    elsif country = 'LV' then
        year := 1800 + 100 * substr(digits, 7, 1)::int + third;
        day := first;
    elsif country = 'RO' then
        year := case when digits ~ '^[34]' then 1800 when digits ~ '^[56]' then 2000 else 1900 end
            + substr(digits, 2, 2)::int;
        month := substr(digits, 4, 2);
        day := substr(digits, 6, 2);
    end if;
    -- asked without an exception: it is checked in parallel workers, too
    return month between 1 and 12 and day >= 1 and day <= extract(
        day from make_date(year, greatest(1, least(month, 12)), 1) + interval '1 month - 1 day'
    );
end
$$;

comment on function crm.has_birth_date(text, text) is
    'Whether a person''s number begins with a day that there was, as the country writes it.';

create function crm.tax_id_fits(format crm.tax_id_format, body text) returns boolean
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
declare
    digits constant text := regexp_replace(body, '\D', '', 'g');
    half constant int := cardinality(format.weights) / 2;
    carry int := 10;
    digit int;
    remainder int;
begin
    if format.birth_date is not null and not crm.has_birth_date(format.birth_date, digits) then
        return false;
    end if;

    case format.method
    when 'sum', 'cross_sum' then
        remainder := crm.weighted_sum(digits, format.weights, format.method = 'cross_sum')
            % format.modulus;
        return (remainder + format.modulus) % format.modulus = any (format.remainders);

    when 'two_sums' then  -- the second where the first leaves 10
        remainder := crm.weighted_sum(digits, format.weights[:half]) % 11;
        if remainder = 10 then
            remainder := crm.weighted_sum(digits, format.weights[half + 1:]) % 11 % 10;
        end if;
        return remainder = right(digits, 1)::int;

    when 'mod_11_10' then  -- ISO 7064
        foreach digit in array string_to_array(left(digits, -1), null)::int[]
        loop
            carry := coalesce(nullif((carry + digit) % 10, 0), 10) * 2 % 11;
        end loop;
        return (carry + right(digits, 1)::int) % 10 = 1;

    when 'mod_97' then  -- ISO 7064, prefix included: a letter counts as two digits, A as 10
        return (
            select string_agg(
                case when c ~ '\d' then c else (ascii(c) - 55)::text end, '' order by n
            )
            from string_to_table(format.prefix || body, null) with ordinality as t (c, n)
        )::numeric % 97 = 1;

    when 'cy' then
        return chr(65 + (
            select sum(case when n % 2 = 0 then c::int
                else (array[1, 0, 5, 7, 9, 13, 15, 17, 19, 21])[c::int + 1] end)
            from string_to_table(digits, null) with ordinality as t (c, n)
        )::int % 26) = right(body, 1);

    when 'es' then
        if body ~ '^[A-HJNPQRSUVW]' then  -- of a company: a digit, or the letter that stands for it
            digit := (10 - crm.weighted_sum(substr(body, 2, 7), '{2,1,2,1,2,1,2}', true) % 10) % 10;
            return right(body, 1) in (digit::text, substr('JABCDEFGHI', digit + 1, 1));
        end if;
        -- of a person; X, Y and Z stand for 0, 1, 2, and K, L and M for nothing
        digit := translate(left(body, -1), 'XYZKLM', '012')::int % 23;
        return right(body, 1) = substr('TRWAGMYFPDXBNJZSQVHLCKE', digit + 1, 1);

    when 'fr' then
        -- what follows the key is a SIREN, but in Monaco
        if substr(body, 3, 3) <> '000'
            and crm.weighted_sum(substr(body, 3), '{1,2,1,2,1,2,1,2,1}', true) % 10 <> 0
        then
            return false;
        elsif body ~ '^\d\d' then
            return left(body, 2)::int = (substr(body, 3) || '12')::bigint % 97;
        end if;
        carry := strpos('0123456789ABCDEFGHJKLMNPQRSTUVWXYZ', left(body, 1)) - 1;
        digit := strpos('0123456789ABCDEFGHJKLMNPQRSTUVWXYZ', substr(body, 2, 1)) - 1;
        carry := case when body ~ '^\d' then 24 * carry + digit - 10
            else 34 * carry + digit - 100 end;
        return (substr(body, 3)::bigint + 1 + carry / 11) % 11 = carry % 11;

    when 'ie' then
        -- until 2013 a letter or sign could stand second, and the first digit counted last
        carry := case when body ~ '^\d{7}'
            then crm.weighted_sum(left(body, 7), '{8,7,6,5,4,3,2}')
            else crm.weighted_sum(substr(body, 3, 5) || left(body, 1), '{7,6,5,4,3,2}') end;
        if length(body) = 9 then
            carry := carry + 9 * (strpos('WABCDEFGHIJKLMNOPQRSTUV', right(body, 1)) - 1);
        end if;
        return substr(body, 8, 1) = substr('WABCDEFGHIJKLMNOPQRSTUV', carry % 23 + 1, 1);

    else
        return true;
    end case;
end
$$;

comment on function crm.tax_id_fits(crm.tax_id_format, text) is
    'Whether what follows the prefix, and has the form''s pattern, has the right check digit.

sum: the weighted sum leaves one of the remainders; cross_sum: of the products'' cross sums;
two_sums: a second set of weights where the first leaves 10; mod_11_10 and mod_97: ISO 7064;
cy, es, fr, ie: what only that country does.';

create function crm.check_tax_id(country text, tax_id text) returns text
    language plpgsql stable parallel safe
    set search_path = pg_catalog, mandant, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
declare
    -- full-width digits and exotic blanks become what they look like
    compact text := regexp_replace(
        upper(normalize(tax_id, NFKC)), '[\s./\u002d\u00ad\u2010-\u2015\u2212]', '', 'g'
    );
    printed text;
    whose text;
    example text;
begin
    if tax_id is null then
        return null;
    elsif compact = '' then
        raise exception 'a tax id cannot be empty'
            using errcode = 'invalid_parameter_value', hint = 'null says that there is none';
    end if;
    compact := regexp_replace(compact, '^GR(?=\d{9}$)', 'EL');  -- what the EU calls Greece

    select f.prefix || case when f.printed is null then c.body
        else rtrim(regexp_replace(c.body, '^(?:' || f.pattern || ')$', f.printed)) end
    into printed
    from crm.tax_id_format as f
    cross join lateral (
        select substr(compact, length(f.prefix) + 1), true where starts_with(compact, f.prefix)
        union all
        select compact, false where f.country = check_tax_id.country and f.prefix <> 'XI'
    ) as c (body, with_prefix)
    where c.body ~ ('^(?:' || f.pattern || ')$') and crm.tax_id_fits(f, c.body)
    order by c.with_prefix desc, f.prefix, f.pattern
    limit 1;
    if found then
        return printed;
    end if;

    -- whose form it has, or else should have: only then it is known to be wrong
    select f.country, f.example into whose, example
    from crm.tax_id_format as f
    cross join lateral (
        select exists (
            select from crm.tax_id_format as o
            where o.prefix = f.prefix and starts_with(compact, o.prefix)
                and substr(compact, length(o.prefix) + 1) ~ ('^(?:' || o.pattern || ')$')
        )
    ) as c (has_form)
    where f.example is not null
        and (c.has_form or f.country = check_tax_id.country and f.prefix <> 'XI')
    order by c.has_form desc, f.prefix
    limit 1;
    if found then
        raise exception '"%" is no tax id of %', tax_id, whose
            using errcode = 'invalid_parameter_value',
                hint = format('one looks like %s; look for a wrong or missing character', example);
    end if;
    return btrim(tax_id);
end
$$;

comment on function crm.check_tax_id(text, text) is
    'The tax id as it is to be printed, if the id can be one (22023).

country: the customer''s; a VAT id that begins with another country''s letters is checked as that
one''s, and one without letters gets them. Known are the EU, the United Kingdom and Northern
Ireland, Switzerland and Norway (crm.tax_id_format); elsewhere any text is taken.';

alter function crm.weighted_sum(text, int[], boolean) owner to crm_owner;
alter function crm.has_birth_date(text, text) owner to crm_owner;
alter function crm.tax_id_fits(crm.tax_id_format, text) owner to crm_owner;
alter function crm.check_tax_id(text, text) owner to crm_owner;
revoke all on function
    crm.weighted_sum(text, int[], boolean),
    crm.has_birth_date(text, text),
    crm.tax_id_fits(crm.tax_id_format, text),
    crm.check_tax_id(text, text)
    from public;
-- a customer is checked with the rights of whoever writes it
grant execute on function
    crm.weighted_sum(text, int[], boolean),
    crm.has_birth_date(text, text),
    crm.tax_id_fits(crm.tax_id_format, text),
    crm.check_tax_id(text, text)
    to mandant_user;
