-- When a contract can end, and what it is billed for: calendar arithmetic without tables. Months
-- are counted from the start or the anchor, never from the last result, so that what begins on the
-- 31st comes back to the 31st after February. Notice is counted as s. 187 (1), 188 (2), (3) BGB do:
-- the day of notice does not count, and a month that lacks the day ends with its last.

create function crm.months_later(day date, months int) returns date
    language sql immutable parallel safe
    return (day + make_interval(months => months))::date;

comment on function crm.months_later(date, int) is
    'The same day of the month some months later, or the last of that month.

months: negative for earlier.';

create function crm.notice_reaches(noticed_on date, notice_months int, notice_days int)
    returns date
    language sql immutable parallel safe
    return crm.months_later(noticed_on, notice_months) + notice_days;

comment on function crm.notice_reaches(date, int, int) is
    'The first day with which a contract can end by a notice that is received on a day.';

create function crm.notice_by(ends_on date, notice_months int, notice_days int) returns date
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    day date := crm.months_later(ends_on - notice_days, -notice_months);
begin
    -- several days of a long month reach the last of a short one
    while crm.notice_reaches(day + 1, notice_months, notice_days) <= ends_on loop
        day := day + 1;
    end loop;
    while crm.notice_reaches(day, notice_months, notice_days) > ends_on loop
        day := day - 1;
    end loop;
    return day;
end
$$;

comment on function crm.notice_by(date, int, int) is
    'The last day on which notice is in time for a contract to end with a day.';

create function crm.term_end(
    starts_on date, minimum_months int, renewal_months int, not_before date
) returns date
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- of whole terms, so many fit at most a month too few
    renewals int;
    ends_on date;
begin
    if renewal_months is null then
        return greatest(crm.months_later(starts_on, minimum_months) - 1, not_before, starts_on);
    elsif renewal_months = 0 then
        return crm.months_later(starts_on, minimum_months) - 1;
    end if;
    renewals := greatest(
        ((extract(year from not_before) - extract(year from starts_on)) * 12
            + extract(month from not_before) - extract(month from starts_on)
            - minimum_months - 1)::int / renewal_months,
        case minimum_months when 0 then 1 else 0 end
    );
    loop
        ends_on := crm.months_later(starts_on, minimum_months + renewals * renewal_months) - 1;
        exit when ends_on >= not_before;
        renewals := renewals + 1;
    end loop;
    return ends_on;
end
$$;

comment on function crm.term_end(date, int, int, date) is
    'The first end of a term that is not before a day.

minimum_months, renewal_months: as crm.contract has them. Of a contract that ends by itself the one
end that it has, which may be before.';

create function crm.billing_period(
    anchor date, months int, day date, out first_day date, out last_day date
)
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    periods int := floor(
        ((extract(year from day) - extract(year from anchor)) * 12
            + extract(month from day) - extract(month from anchor)) / months
    );
begin
    -- the month fits; the day may be before the one on which the period begins
    if crm.months_later(anchor, periods * months) > day then
        periods := periods - 1;
    end if;
    first_day := crm.months_later(anchor, periods * months);
    last_day := crm.months_later(anchor, (periods + 1) * months) - 1;
end
$$;

comment on function crm.billing_period(date, int, date) is
    'The billing period that a day is in. Periods have months months, and one begins at anchor.';

alter function crm.months_later(date, int) owner to crm_owner;
alter function crm.notice_reaches(date, int, int) owner to crm_owner;
alter function crm.notice_by(date, int, int) owner to crm_owner;
alter function crm.term_end(date, int, int, date) owner to crm_owner;
alter function crm.billing_period(date, int, date) owner to crm_owner;
revoke all on function
    crm.months_later(date, int),
    crm.notice_reaches(date, int, int),
    crm.notice_by(date, int, int),
    crm.term_end(date, int, int, date),
    crm.billing_period(date, int, date)
    from public;
-- for whoever wants to know before there is a contract
grant execute on function
    crm.months_later(date, int),
    crm.notice_reaches(date, int, int),
    crm.notice_by(date, int, int),
    crm.term_end(date, int, int, date),
    crm.billing_period(date, int, date)
    to mandant_user;
