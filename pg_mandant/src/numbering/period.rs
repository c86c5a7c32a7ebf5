//! Periods: when a series begins again, and by which calendar. Pure.

use std::str::FromStr;

use crate::error::Error;

/// A day of the (proleptic) Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// 1 to 9999.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

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
    pub fn period(self, on: Day, start: (u8, u8)) -> i32 {
        match self {
            Self::Never => 0,
            Self::Year => on.year,
            Self::FiscalYear => fiscal_year(on, start),
            Self::Month => on.year * 100 + i32::from(on.month),
            Self::Day => (on.year * 100 + i32::from(on.month)) * 100 + i32::from(on.day),
        }
    }
}

/// Month and day on which the fiscal year begins, from `MM-DD`.
pub fn start(text: &str) -> Result<(u8, u8), Error> {
    text.split_once('-')
        .and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)))
        .filter(|(month, day)| (1..=12).contains(month) && (1..=31).contains(day))
        .ok_or_else(|| {
            Error::bad_value(
                format!("fiscal year start \"{text}\" is not a month and day"),
                "write 04-01",
            )
        })
}

/// The fiscal year of a day, named by the year in which it begins.
pub fn fiscal_year(on: Day, start: (u8, u8)) -> i32 {
    if (on.month, on.day) >= start {
        on.year
    } else {
        on.year - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fiscal_year_is_named_by_the_year_it_begins_in() {
        let day = |year, month, day| Day { year, month, day };
        assert_eq!(fiscal_year(day(2026, 3, 31), (4, 1)), 2025);
        assert_eq!(fiscal_year(day(2026, 4, 1), (4, 1)), 2026);
        assert_eq!(fiscal_year(day(2026, 1, 1), (1, 1)), 2026);
        // A fiscal year that begins after 29 February, in a year without one.
        assert_eq!(fiscal_year(day(2027, 2, 28), (2, 29)), 2026);
        assert_eq!(fiscal_year(day(2027, 3, 1), (2, 29)), 2027);
    }

    #[test]
    fn a_period_reads_as_its_date() {
        let on = Day {
            year: 2026,
            month: 11,
            day: 23,
        };
        let period = |reset: Reset| reset.period(on, (4, 1));
        assert_eq!(
            [
                Reset::Never,
                Reset::Year,
                Reset::FiscalYear,
                Reset::Month,
                Reset::Day
            ]
            .map(period),
            [0, 2026, 2026, 202_611, 20_261_123]
        );
    }

    #[test]
    fn a_start_is_a_month_and_day() {
        assert_eq!(start("04-01"), Ok((4, 1)));
        assert!(
            ["", "4", "13-01", "00-10", "04-32", "x-y"]
                .iter()
                .all(|text| start(text).is_err())
        );
    }
}
