-- The calendar of contracts, by properties that hold for every day: terms, notice and billing periods over month ends, leap
-- days and every length. CF-01
\set VERBOSITY terse
set datestyle = iso;
begin;

-- examples, reckoned by hand: s. 187 (1), 188 (2), (3) BGB
select noticed_on, months, days, crm.notice_reaches(noticed_on, months, days) as reaches
from (values
    ('2026-09-30'::date, 3, 0), ('2026-10-01', 3, 0), ('2026-11-28', 3, 0), ('2026-11-30', 3, 0), ('2027-11-29', 3, 0), ('2027-11-30', 3, 0),
    ('2026-01-31', 1, 0), ('2028-01-31', 1, 0), ('2026-06-15', 0, 14), ('2026-08-31', 6, 0)
) as v (noticed_on, months, days);
select ends_on, months, days, crm.notice_by(ends_on, months, days) as notice_by
from (values
    ('2026-12-31'::date, 3, 0), ('2027-02-28', 3, 0), ('2028-02-29', 3, 0), ('2026-04-30', 1, 0), ('2026-03-30', 1, 0), ('2026-12-31', 0, 30), ('2026-12-31', 1, 10)
) as v (ends_on, months, days);
select starts_on, minimum, renewal, not_before, crm.term_end(starts_on, minimum, renewal, not_before) as term_end
from (values
    ('2026-01-01'::date, 12, 12, '2026-06-30'::date), ('2026-01-01', 12, 12, '2026-12-31'), ('2026-01-01', 12, 12, '2027-01-01'),
    ('2026-01-31', 1, 1, '2026-02-10'), ('2026-01-31', 1, 1, '2026-02-28'), ('2024-02-29', 12, 12, '2024-12-01'), ('2024-02-29', 12, 12, '2025-02-28'),
    ('2026-05-15', 0, 1, '2026-05-01'), ('2026-05-15', 24, 0, '2031-01-01'), ('2026-05-15', 24, null, '2026-06-01'), ('2026-05-15', 24, null, '2030-06-01'),
    ('2026-05-15', 0, null, '2026-05-01')
) as v (starts_on, minimum, renewal, not_before);
select anchor, months, day, p.first_day, p.last_day
from (values
    ('2026-01-01'::date, 1, '2026-02-17'::date), ('2026-01-31', 1, '2026-02-27'), ('2026-01-31', 1, '2026-02-28'), ('2026-01-31', 1, '2026-03-30'),
    ('2026-01-31', 1, '2026-03-31'), ('2024-02-29', 12, '2025-02-27'), ('2024-02-29', 12, '2025-02-28'), ('2024-02-29', 12, '2028-02-28'),
    ('2026-04-01', 3, '2026-03-31'), ('2026-04-01', 3, '2025-01-01'), ('2026-12-31', 6, '2026-06-30')
) as v (anchor, months, day)
cross join lateral crm.billing_period(anchor, months, day) as p;

-- of 1,462 days in four years, with anchors on every day of January to March 2024
create temp table period as
select a.anchor::date, m.months, d.day::date, p.first_day, p.last_day
from generate_series('2024-01-01', '2024-03-31', interval '1 day') as a (anchor)
cross join unnest(array[1, 2, 3, 6, 12, 13]) as m (months)
cross join generate_series('2023-01-01', '2027-01-01', interval '17 days') as d (day)
cross join lateral crm.billing_period(a.anchor::date, m.months, d.day::date) as p;
select count(*) from period;
select count(*) as does_not_contain_its_day from period where day not between first_day and last_day;
select count(*) as does_not_begin_some_periods_from_its_anchor from period
where first_day <> crm.months_later(anchor, ((extract(year from first_day) - extract(year from anchor)) * 12 + extract(month from first_day) - extract(month from anchor))::int)
    or ((extract(year from first_day) - extract(year from anchor)) * 12 + extract(month from first_day) - extract(month from anchor))::int % months <> 0;
select count(*) as next_is_not_the_next from period p cross join lateral crm.billing_period(p.anchor, p.months, p.last_day + 1) as n where n.first_day <> p.last_day + 1;
select count(*) as before_is_not_the_one_before from period p cross join lateral crm.billing_period(p.anchor, p.months, p.first_day - 1) as b where b.last_day <> p.first_day - 1;
select count(*) as first_and_last_day_differ from period p
cross join lateral crm.billing_period(p.anchor, p.months, p.first_day) as f cross join lateral crm.billing_period(p.anchor, p.months, p.last_day) as l
where (f.first_day, f.last_day) is distinct from (l.first_day, l.last_day);

-- every end of 366 days, with every notice: in time on that day, too late on the next
create temp table notice as
select e.ends_on::date, m.months, d.days, crm.notice_by(e.ends_on::date, m.months, d.days) as notice_by
from generate_series('2024-01-01', '2024-12-31', interval '1 day') as e (ends_on)
cross join generate_series(0, 12) as m (months) cross join unnest(array[0, 1, 14, 30]) as d (days);
select count(*) from notice;
select count(*) as too_late from notice where crm.notice_reaches(notice_by, months, days) > ends_on;
select count(*) as not_the_last_day from notice where crm.notice_reaches(notice_by + 1, months, days) <= ends_on;

-- every start of 366 days: the end of a term is one, none of the ones before reaches the day
create temp table term as
select s.starts_on::date, m.minimum, r.renewal, d.day::date, crm.term_end(s.starts_on::date, m.minimum, r.renewal, d.day::date) as ends_on
from generate_series('2024-01-01', '2024-12-31', interval '1 day') as s (starts_on)
cross join unnest(array[0, 1, 12, 24]) as m (minimum) cross join unnest(array[1, 3, 12]) as r (renewal)
cross join generate_series('2024-01-01', '2030-01-01', interval '61 days') as d (day);
select count(*) from term;
select count(*) as before_the_day from term where ends_on < day;
select count(*) as before_the_start_or_minimum from term where ends_on < greatest(starts_on, crm.months_later(starts_on, minimum) - 1);
select count(*) as no_end_of_a_term from term
where not exists (select from generate_series(0, 100) as n where crm.months_later(starts_on, minimum + n * renewal) - 1 = ends_on);
select count(*) as an_earlier_one_would_do from term
where exists (
    select from generate_series(case minimum when 0 then 1 else 0 end, 100) as n
    where crm.months_later(starts_on, minimum + n * renewal) - 1 >= day and crm.months_later(starts_on, minimum + n * renewal) - 1 < ends_on
);
rollback;
