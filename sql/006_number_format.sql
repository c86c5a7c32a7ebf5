-- Numbers as a reader of a language writes them. A document that was sent must read the same for
-- ever, and it is made anew whenever somebody looks at it: what these functions answer for a
-- language stays as it is, whatever the session's settings; another format is another function.

create function crm.amount_in_language(amount numeric, digits int, language text) returns text
    language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- ISO 80000-1: no reader takes a space for anything but what it is
    group_mark text := chr(160);
    decimal_mark text := '.';
    plain text;
    place int;
    grouped text;
begin
    if language ~* '^(de-(CH|LI)|en-CH)(-|$)' then
        group_mark := chr(8217);
    elsif language ~* '^de(-|$)' then
        group_mark := '.';
        decimal_mark := ',';
    elsif language ~* '^(en|zh)(-|$)' then
        group_mark := ',';
    end if;
    plain := abs(round(amount, greatest(digits, min_scale(amount))))::text;
    place := strpos(plain || '.', '.');
    grouped := substr(plain, 1, place - 1);
    for cut in reverse place - 4 .. 1 by 3 loop
        grouped := overlay(grouped placing group_mark from cut + 1 for 0);
    end loop;
    return case when amount < 0 then '-' else '' end
        || grouped
        || coalesce(decimal_mark || nullif(substr(plain, place + 1), ''), '');
end
$$;

comment on function crm.amount_in_language(numeric, int, text) is
    'A number as one writes it in a language: de 1.234,50, de-CH 1’234.50, en and zh 1,234.50.

digits: how many decimals at least; one that has more keeps them, nothing is rounded. Languages
other than de, en and zh have it as ISO 80000 writes it, 1 234.50 with a no-break space. Null if
an argument is null.';

alter function crm.amount_in_language(numeric, int, text) owner to crm_owner;
revoke all on function crm.amount_in_language(numeric, int, text) from public;
grant execute on function crm.amount_in_language(numeric, int, text) to mandant_user;
