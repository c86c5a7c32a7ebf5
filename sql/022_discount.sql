-- Discounts that all tenants may give, by code. A line copies the percentage, so that a change here
-- reaches no document that is there.

create table crm.discount (
    code text not null,
    names jsonb not null,
    percent numeric not null,
    valid_from date not null,
    valid_until date,
    constraint discount_pkey primary key (code),
    constraint discount_code_has_no_space check (code ~ '^\S+$'),
    constraint discount_names_are_texts check (crm.is_texts(names)),
    constraint discount_percent_in_range check (percent > 0 and percent <= 100),
    constraint discount_valid_until_follows_from check (valid_until > valid_from)
);

comment on table crm.discount is 'Discounts, shared by all tenants.';
comment on column crm.discount.code is 'What a line names it by, such as VOLUME.';
comment on column crm.discount.names is 'Name by language, at least English.';
comment on column crm.discount.percent is 'Percent of the price: 10 stands for 10 %.';
comment on column crm.discount.valid_from is 'First document date that it is given for.';
comment on column crm.discount.valid_until is
    'First document date that it is no longer given for; null: it goes on.';

alter table crm.discount owner to crm_owner;
select mandant.share('crm.discount', 'shared_data');
revoke all on crm.discount from public;
grant select, insert, update, delete on crm.discount to mandant_user;

create function crm.discount_on(code text, on_date date, place text default null) returns numeric
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    discount crm.discount;
begin
    select d.* into discount from crm.discount as d where d.code = discount_on.code;
    if not found then
        raise exception '%no discount "%"', coalesce(place || ': ', ''), code
            using errcode = 'invalid_parameter_value',
                hint = 'the discounts are the codes in crm.discount';
    elsif on_date < discount.valid_from or on_date >= discount.valid_until then
        raise exception '%discount "%" is not given on %', coalesce(place || ': ', ''),
            code, to_char(on_date, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = format('it is given from %s%s', to_char(discount.valid_from, 'YYYY-MM-DD'),
                    ' until before ' || to_char(discount.valid_until, 'YYYY-MM-DD'));
    end if;
    return discount.percent;
end
$$;

comment on function crm.discount_on(text, date, text) is
    'The percentage of a discount on a day; refuses (22023) if it is not given then.

place: where it was found, such as line 2.';

alter function crm.discount_on(text, date, text) owner to crm_owner;
revoke all on function crm.discount_on(text, date, text) from public;
