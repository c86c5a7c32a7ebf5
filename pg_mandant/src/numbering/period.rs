//! Periods: when a series begins again, and by which calendar. Pure.
//!
//! A fiscal year is whatever a company has agreed with its tax office: it begins on a day of the year, or on the Sunday
//! nearest to one (52 or 53 weeks), and once in a while a short or a long one comes in between.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use time::{Date, Month, Weekday};

use crate::error::Error;

/// When a series begins again with its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// Never.
    Never,
    /// Each calendar year.
    Year,
    /// Each fiscal year of the tenant.
    FiscalYear,
    /// Each month.
    Month,
    /// Each day.
    Day,
}

impl FromStr for Reset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "never" => Ok(Self::Never),
            "year" => Ok(Self::Year),
            "fiscal_year" => Ok(Self::FiscalYear),
            "month" => Ok(Self::Month),
            "day" => Ok(Self::Day),
            _ => Err(Error::bad_value(
                format!("reset \"{text}\" is not known"),
                "one of never, year, fiscal_year, month, day",
            )),
        }
    }
}

impl Reset {
    /// The period of a day, as a number that reads well: 0, 2026, 202611, 20261123.
    pub fn period(self, on: Date, calendar: &Calendar) -> i32 {
        let month = on.year() * 100 + i32::from(u8::from(on.month()));
        match self {
            Self::Never => 0,
            Self::Year => on.year(),
            Self::FiscalYear => calendar.fiscal_year(on),
            Self::Month => month,
            Self::Day => month * 100 + i32::from(on.day()),
        }
    }
}

/// Where within three days, or which side of it, the weekday is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Nearest,
    Before,
    After,
}

/// When a year begins: `04-01`, or `sunday nearest 02-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearStart {
    month: Month,
    day: u8,
    weekday: Option<(Weekday, Side)>,
}

impl FromStr for YearStart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || {
            Error::bad_value(
                format!("\"{text}\" does not say when a fiscal year begins"),
                "write 04-01 (month and day), or sunday nearest 02-01, sunday on or before 02-01, sunday on or after 02-01",
            )
        };
        let (weekday, month_and_day) = match text.split_once(' ') {
            None => (None, text),
            Some((weekday, rest)) => {
                let (side, month_and_day) = [
                    ("nearest ", Side::Nearest),
                    ("on or before ", Side::Before),
                    ("on or after ", Side::After),
                ]
                .into_iter()
                .find_map(|(words, side)| Some((side, rest.strip_prefix(words)?)))
                .ok_or_else(refuse)?;
                (
                    Some((day_of_week(weekday).ok_or_else(refuse)?, side)),
                    month_and_day,
                )
            }
        };
        let digits = |text: &str| {
            let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            two.then(|| text.parse::<u8>().ok()).flatten()
        };
        let (month, day) = month_and_day
            .split_once('-')
            .and_then(|(month, day)| Some((digits(month)?, digits(day)?)))
            .ok_or_else(refuse)?;
        let month = Month::try_from(month).map_err(|_| refuse())?;
        if day == 0 || day > month.length(2000) {
            return Err(refuse());
        }
        Ok(Self {
            month,
            day,
            weekday,
        })
    }
}

fn day_of_week(text: &str) -> Option<Weekday> {
    Some(match text {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

impl YearStart {
    /// The first day of the year of a name; 29 February is 1 March in a year without one.
    fn of(self, year: i32) -> Option<Date> {
        let day = Date::from_calendar_date(year, self.month, self.day)
            .or_else(|_| Date::from_calendar_date(year, self.month.next(), 1))
            .ok()?;
        let Some((weekday, side)) = self.weekday else {
            return Some(day);
        };
        let back = i32::from(day.weekday().number_days_from_monday())
            - i32::from(weekday.number_days_from_monday());
        let back = back.rem_euclid(7);
        let move_by = match side {
            Side::Before => -back,
            Side::After => (7 - back) % 7,
            Side::Nearest if back <= 3 => -back,
            Side::Nearest => 7 - back,
        };
        day.checked_add(time::Duration::days(move_by.into()))
    }

    /// The year a day is in, by this rule alone. A weekday can lie in the calendar year before or after.
    fn year(self, on: Date) -> i32 {
        let mut year = on.year() + 1;
        while self.of(year).is_none_or(|first| first > on) && year > on.year() - 2 {
            year -= 1;
        }
        year
    }
}

/// From a fiscal year on, which begins on a day of its own, years begin by another rule.
#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    year: i32,
    #[serde(deserialize_with = "date")]
    first_day: Date,
    #[serde(deserialize_with = "parsed")]
    year_start: YearStart,
}

/// A tenant's fiscal calendar.
#[derive(Debug, Clone, Deserialize)]
pub struct Calendar {
    /// The rule before the first turn.
    #[serde(deserialize_with = "parsed")]
    year_start: YearStart,
    /// Ascending.
    turns: Vec<Turn>,
}

impl Calendar {
    /// The fiscal year of a day. Years are named by the year in which their rule says that they begin, after a turn by
    /// the name that the turn gives.
    pub fn fiscal_year(&self, on: Date) -> i32 {
        let begun = self.turns.partition_point(|turn| turn.first_day <= on);
        let year = match self.turns[..begun].last() {
            None => self.year_start.year(on),
            Some(turn) => {
                let rule = turn.year_start;
                // The years that have begun by the rule since.
                turn.year + rule.year(on) - rule.year(turn.first_day)
            }
        };
        // A long year: the rule would have begun another, which the next turn begins later.
        let next = self.turns.get(begun);
        next.map_or(year, |turn| year.min(turn.year - 1))
    }
}

/// A part of a fiscal year: a month from its first day on, or four or five weeks where years are weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The fiscal year.
    pub year: i32,
    /// Counts the periods of the year, from 1.
    pub n: i32,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl Calendar {
    /// The periods of some fiscal years, in order; those that reach out of what a date can be are left out.
    ///
    /// A long year has more than twelve of them, a short one fewer. Of a year of weeks each quarter has four, four and five,
    /// the last one a week more in a year of 53.
    pub fn periods(&self, years: RangeInclusive<i32>) -> Vec<Period> {
        let mut found = Vec::new();
        // A year more, to know where the last one ends.
        let starts = self.starts(*years.start(), years.end().saturating_add(1));
        for (&(year, first), &(_, next)) in starts.iter().zip(starts.iter().skip(1)) {
            if years.contains(&year) {
                let rule = self.rule(first);
                let ends = (1..).map_while(|n| rule.end_of_period(first, next, n));
                let mut begin = first;
                for (n, end) in (1..).zip(ends) {
                    let Some(last) = end.previous_day() else {
                        break;
                    };
                    found.push(Period {
                        year,
                        n,
                        first: begin,
                        last,
                    });
                    begin = end;
                }
            }
        }
        found
    }

    /// The rule that holds on a day.
    fn rule(&self, on: Date) -> YearStart {
        let begun = self.turns.partition_point(|turn| turn.first_day <= on);
        self.turns[..begun]
            .last()
            .map_or(self.year_start, |turn| turn.year_start)
    }

    /// First days of fiscal years: where the year of a day is another than that of the day before.
    fn starts(&self, first: i32, last: i32) -> Vec<(i32, Date)> {
        let rules = [self.year_start]
            .into_iter()
            .chain(self.turns.iter().map(|turn| turn.year_start));
        // A turn may name years otherwise than by where they begin, so look further to both sides.
        let shift = self
            .turns
            .iter()
            .map(|turn| (turn.year - turn.first_day.year()).abs())
            .max()
            .unwrap_or(0);
        let around = first.saturating_sub(shift + 2)..=last.saturating_add(shift + 2);
        let mut days: Vec<Date> = rules
            .flat_map(|rule| around.clone().filter_map(move |year| rule.of(year)))
            .chain(self.turns.iter().map(|turn| turn.first_day))
            .filter(|day| {
                day.previous_day()
                    .is_none_or(|before| self.fiscal_year(before) != self.fiscal_year(*day))
            })
            .collect();
        days.sort_unstable();
        days.dedup();
        days.into_iter()
            .map(|day| (self.fiscal_year(day), day))
            .filter(|(year, _)| (first..=last).contains(year))
            .collect()
    }
}

impl YearStart {
    /// The day after the nth period of a year that lasts from `first` until before `next`; none if the year is over by then.
    fn end_of_period(self, first: Date, next: Date, n: i32) -> Option<Date> {
        let begin = if n == 1 {
            first
        } else {
            self.boundary(first, n - 1)?
        };
        if begin >= next || self.weekday.is_some() && n > WEEKS.len() as i32 {
            return None;
        }
        let end = self.boundary(first, n).unwrap_or(next).min(next);
        // The last period of a year of weeks takes what is left.
        Some(if self.weekday.is_some() && n == WEEKS.len() as i32 {
            next
        } else {
            end
        })
    }

    /// The day after the nth period, were there no end to the year.
    fn boundary(self, first: Date, n: i32) -> Option<Date> {
        if self.weekday.is_some() {
            let weeks: i64 = WEEKS.iter().take(usize::try_from(n).ok()?).sum();
            return first.checked_add(time::Duration::weeks(weeks));
        }
        let month = i32::from(u8::from(first.month())) - 1 + n;
        let (year, month) = (
            first.year() + month.div_euclid(12),
            month.rem_euclid(12) + 1,
        );
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        // As a year's first day: what a month does not have is the first of the next one, never one of another year.
        Date::from_calendar_date(year, month, first.day())
            .or_else(|_| Date::from_calendar_date(year, month.next(), 1))
            .ok()
    }
}

/// Weeks of the periods of a year of weeks.
const WEEKS: [i64; 12] = [4, 4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5];

/// A date as SQL writes it in JSON: 2026-11-23.
pub fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut parts = text.split('-');
    let mut next = || parts.next().and_then(|part| part.parse::<u16>().ok());
    let date = (|| {
        let (year, month, day) = (next()?, next()?, next()?);
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(year.into(), month, u8::try_from(day).ok()?).ok()
    })();
    date.ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is not a date")))
}

/// What a text says.
pub fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = Error>,
{
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|error: Error| serde::de::Error::custom(error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        let json = serde_json::Value::from(text);
        date(json).unwrap()
    }

    fn calendar(year_start: &str, turns: &[(i32, &str, &str)]) -> Calendar {
        let turns = turns.iter().map(|(year, first_day, year_start)| Turn {
            year: *year,
            first_day: day(first_day),
            year_start: year_start.parse().unwrap(),
        });
        Calendar {
            year_start: year_start.parse().unwrap(),
            turns: turns.collect(),
        }
    }

    /// First day and days of each year that begins from 2020 to 2032, by asking for each day.
    fn years(calendar: &Calendar) -> Vec<(i32, Date, i64)> {
        let mut years: Vec<(i32, Date, i64)> = Vec::new();
        let mut on = day("2019-06-15");
        while on < day("2033-12-31") {
            let year = calendar.fiscal_year(on);
            match years.last_mut() {
                Some(last) if last.0 == year => last.2 += 1,
                last => {
                    // Years follow one another, none is left out, none comes back.
                    assert!(last.is_none_or(|last| last.0 + 1 == year), "{on} {year}");
                    years.push((year, on, 1));
                }
            }
            on = on.next_day().unwrap();
        }
        years.remove(0);
        years.pop();
        years
    }

    fn length_of(years: &[(i32, Date, i64)], year: i32) -> (String, i64) {
        let found = years.iter().find(|found| found.0 == year).unwrap();
        (found.1.to_string(), found.2)
    }

    #[test]
    fn a_fiscal_year_is_named_by_the_year_it_begins_in() {
        let april = calendar("04-01", &[]);
        assert_eq!(april.fiscal_year(day("2026-03-31")), 2025);
        assert_eq!(april.fiscal_year(day("2026-04-01")), 2026);
        assert_eq!(calendar("01-01", &[]).fiscal_year(day("2026-01-01")), 2026);
        for (year, first, days) in years(&april) {
            let next = Date::from_calendar_date(year + 1, Month::April, 1).unwrap();
            assert_eq!(first.to_string(), format!("{year}-04-01"));
            assert_eq!(days, (next - first).whole_days());
        }
    }

    #[test]
    fn a_fiscal_year_can_end_on_29_february() {
        // It begins on 1 March; one that begins after 29 February begins there, too, in a year without one.
        let march = years(&calendar("03-01", &[]));
        assert_eq!(length_of(&march, 2023), ("2023-03-01".to_owned(), 366)); // to 29 February 2024
        assert_eq!(length_of(&march, 2024), ("2024-03-01".to_owned(), 365));
        let leap = calendar("02-29", &[]);
        assert_eq!(leap.fiscal_year(day("2027-02-28")), 2026);
        assert_eq!(leap.fiscal_year(day("2027-03-01")), 2027);
        assert_eq!(leap.fiscal_year(day("2028-02-28")), 2027);
        assert_eq!(leap.fiscal_year(day("2028-02-29")), 2028);
    }

    #[test]
    fn a_fiscal_year_has_52_or_53_weeks() {
        // Ends on the Saturday nearest to 31 January: the 53-week years of the National Retail Federation's calendar.
        let retail = years(&calendar("sunday nearest 02-01", &[]));
        assert_eq!(length_of(&retail, 2022), ("2022-01-30".to_owned(), 364));
        assert_eq!(length_of(&retail, 2023), ("2023-01-29".to_owned(), 371));
        assert_eq!(length_of(&retail, 2024), ("2024-02-04".to_owned(), 364));
        for rule in [
            "sunday nearest 01-01", // can begin in December
            "monday on or before 07-01",
            "saturday on or after 12-29", // can begin in January
            "wednesday nearest 02-29",
        ] {
            let calendar = calendar(rule, &[]);
            let weekday = day_of_week(rule.split(' ').next().unwrap()).unwrap();
            for (year, first, days) in years(&calendar) {
                assert_eq!(first.weekday(), weekday, "{rule} {first}");
                assert!(days == 364 || days == 371, "{rule} {first} {days}");
                assert!((first.year() - year).abs() <= 1, "{rule} {first} {year}");
            }
        }
    }

    #[test]
    fn a_short_year_and_one_of_13_months_come_in_between() {
        // April to March until 2025; 2026 ends with December.
        let short = years(&calendar("04-01", &[(2027, "2027-01-01", "01-01")]));
        assert_eq!(length_of(&short, 2025), ("2025-04-01".to_owned(), 365));
        assert_eq!(length_of(&short, 2026), ("2026-04-01".to_owned(), 275));
        assert_eq!(length_of(&short, 2027), ("2027-01-01".to_owned(), 365));
        assert_eq!(length_of(&short, 2028), ("2028-01-01".to_owned(), 366));
        // The calendar year until 2025; 2026 takes January 2027 as well.
        let long = years(&calendar("01-01", &[(2027, "2027-02-01", "02-01")]));
        assert_eq!(length_of(&long, 2026), ("2026-01-01".to_owned(), 396));
        assert_eq!(length_of(&long, 2027), ("2027-02-01".to_owned(), 365));
        // There and back again.
        let twice = years(&calendar(
            "01-01",
            &[(2024, "2024-07-01", "07-01"), (2025, "2025-01-01", "01-01")],
        ));
        assert_eq!(length_of(&twice, 2023), ("2023-01-01".to_owned(), 547));
        assert_eq!(length_of(&twice, 2024), ("2024-07-01".to_owned(), 184));
        assert_eq!(length_of(&twice, 2025), ("2025-01-01".to_owned(), 365));
        // Years named by the year they end in.
        let ends = years(&calendar("01-01", &[(2022, "2021-07-01", "07-01")]));
        assert_eq!(length_of(&ends, 2026), ("2025-07-01".to_owned(), 365));
    }

    #[test]
    fn the_periods_of_a_year_are_all_of_it() {
        for (rule, turns) in [
            ("01-01", vec![]),
            ("04-06", vec![]),
            ("01-31", vec![]),
            ("02-29", vec![]),
            ("sunday nearest 02-01", vec![]),
            ("04-01", vec![(2027, "2027-01-01", "01-01")]),
            ("01-01", vec![(2027, "2027-02-01", "02-01")]),
            ("01-01", vec![(2022, "2021-07-01", "07-01")]),
            ("01-01", vec![(2024, "2024-07-01", "sunday nearest 07-01")]),
        ] {
            let calendar = calendar(rule, &turns);
            let periods = calendar.periods(2020..=2031);
            for (one, next) in periods.iter().zip(&periods[1..]) {
                assert_eq!(one.last.next_day(), Some(next.first), "{rule} {one:?}");
                assert_eq!(
                    next.n,
                    if next.year == one.year { one.n + 1 } else { 1 },
                    "{rule} {next:?}"
                );
                assert!(one.first <= one.last, "{rule} {one:?}");
                let days = (one.last - one.first).whole_days() + 1;
                assert!(
                    (27..=42).contains(&days) || !turns.is_empty(),
                    "{rule} {one:?}"
                );
                for day in [one.first, one.last] {
                    assert_eq!(calendar.fiscal_year(day), one.year, "{rule} {day}");
                }
            }
            let years: Vec<i32> = periods.iter().map(|period| period.year).collect();
            assert_eq!(
                (years.first(), years.last()),
                (Some(&2020), Some(&2031)),
                "{rule}"
            );
        }
    }

    #[test]
    fn a_short_year_has_fewer_periods_and_a_long_one_more() {
        let count = |rule: &str, turns: &[(i32, &str, &str)], year| {
            calendar(rule, turns).periods(year..=year).len()
        };
        assert_eq!(count("04-01", &[], 2026), 12);
        assert_eq!(count("04-01", &[(2027, "2027-01-01", "01-01")], 2026), 9);
        assert_eq!(count("01-01", &[(2027, "2027-02-01", "02-01")], 2026), 13);
        assert_eq!(count("sunday nearest 02-01", &[], 2023), 12);
        assert!(
            calendar("01-01", &[]).periods(9999..=9999).is_empty(),
            "its end is no date"
        );
        let week = calendar("sunday nearest 02-01", &[]).periods(2023..=2023);
        assert_eq!(
            (week[11].last - week[11].first).whole_days() + 1,
            42,
            "five weeks and the 53rd"
        );
        let half = calendar("04-01", &[]).periods(2026..=2026)[1];
        assert_eq!(
            (half.first, half.last),
            (day("2026-05-01"), day("2026-05-31"))
        );
    }

    #[test]
    fn a_period_reads_as_its_date_at_every_end_of_the_calendar() {
        let april = calendar("04-01", &[]);
        let periods = |on: &str| {
            [
                Reset::Never,
                Reset::Year,
                Reset::FiscalYear,
                Reset::Month,
                Reset::Day,
            ]
            .map(|reset| reset.period(day(on), &april))
        };
        assert_eq!(periods("2026-11-23"), [0, 2026, 2026, 202_611, 20_261_123]);
        assert_eq!(periods("0001-01-01"), [0, 1, 0, 101, 10_101]);
        assert_eq!(periods("9999-12-31"), [0, 9999, 9999, 999_912, 99_991_231]);
        let odd = calendar("sunday nearest 01-01", &[]);
        assert_eq!(odd.fiscal_year(day("9999-12-31")), 9999);
        assert!((0..=1).contains(&odd.fiscal_year(day("0001-01-01"))));
    }

    #[test]
    fn a_start_is_a_month_and_day() {
        for good in ["04-01", "02-29", "12-31", "sunday on or after 01-31"] {
            assert!(good.parse::<YearStart>().is_ok(), "{good}");
        }
        for odd in [
            "",
            "4",
            "4-1",
            "13-01",
            "00-10",
            "04-31",
            "02-30",
            "x-y",
            "+4-01",
            "sunday",
            "sunday 02-01",
            "Sunday nearest 02-01",
            "sunday nearest  02-01",
            "nearest 02-01",
            "sunday nearest 02-30",
        ] {
            assert!(odd.parse::<YearStart>().is_err(), "{odd}");
        }
    }
}
