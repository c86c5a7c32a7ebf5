//! Cells as values: what is written in one of many ways becomes the one that the database reads.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::{entity::Kind, file::Cell};

/// How dates are written where more than one way is possible.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Dates {
    /// Only what can be read in one way.
    #[default]
    Clear,
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}

/// How the cells of a source are written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// Which dates `3/4/2026` is.
    pub dates: Dates,
    /// What stands before the decimals, where `1,234` could be both.
    pub decimal: Option<char>,
    /// Of CSV that says nothing of it.
    pub encoding: Option<String>,
}

/// The text of a cell.
pub fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Day(day) => day.to_string(),
        Cell::Flag(flag) => flag.to_string(),
    }
}

/// A cell as a value of its kind, or why it is none.
pub fn value(cell: &Cell, kind: &Kind, reading: &Reading) -> Result<String, String> {
    let said = text(cell);
    match kind {
        Kind::Id | Kind::Text => Ok(said),
        Kind::Lookup => Ok(guid(&said).map_or(said, |id| id.to_string())),
        Kind::Number => match cell {
            Cell::Number(number) => Ok(number.to_string()),
            _ => number(&said, reading.decimal).map(|number| number.to_string()),
        },
        Kind::Date => match cell {
            Cell::Day(day) => Ok(day.to_string()),
            _ => date(&said, reading.dates).map(|day| day.to_string()),
        },
        Kind::Flag => flag(&said)
            .map(|flag| flag.to_string())
            .ok_or_else(|| format!("\"{said}\" is neither yes nor no")),
        Kind::Choice(choices) => choices
            .iter()
            .find(|(_, labels)| labels.contains(&said.to_lowercase().as_str()))
            .map(|(value, _)| (*value).to_owned())
            .ok_or_else(|| {
                let known: Vec<_> = choices.iter().map(|(value, _)| *value).collect();
                format!(
                    "\"{said}\" is none of {}; say in [options] which it is",
                    known.join(", ")
                )
            }),
    }
}

/// A GUID as it is written in one of the usual ways.
pub fn guid(said: &str) -> Option<Uuid> {
    // Uuid reads 32 bare digits as well, which no export writes
    Uuid::parse_str(said).ok().filter(|_| said.contains('-'))
}

fn flag(said: &str) -> Option<bool> {
    match said.to_lowercase().as_str() {
        "true" | "yes" | "1" | "ja" | "disabled" => Some(true),
        "false" | "no" | "0" | "nein" | "enabled" => Some(false),
        _ => None,
    }
}

/// A number with or without thousands and currency: `1.234,56 €`, `$1,234.56`, `(12.00)`.
fn number(said: &str, decimal: Option<char>) -> Result<Decimal, String> {
    let wrong = || format!("\"{said}\" is no number");
    let negative = said.starts_with('(') && said.ends_with(')') || said.contains('-');
    let plain: String = said
        .chars()
        .filter(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
        .collect();
    let strange = |c: char| {
        !(c.is_ascii_digit()
            || c.is_whitespace()
            || ".,-()'’%".contains(c)
            || "$€£¥".contains(c)
            || c.is_ascii_uppercase())
    };
    if plain.is_empty() || said.contains(strange) || said.matches('-').count() > 1 {
        return Err(wrong());
    }
    let (points, commas) = (plain.matches('.').count(), plain.matches(',').count());
    let mark = match (decimal, plain.rfind('.'), plain.rfind(',')) {
        (Some(mark), _, _) => mark,
        (None, Some(point), Some(comma)) => {
            if point > comma {
                '.'
            } else {
                ','
            }
        }
        (None, Some(_), None) if points > 1 => ',',
        (None, None, Some(_)) if commas > 1 => '.',
        (None, None, Some(at)) if plain.len() - at == 4 => {
            return Err(format!(
                "\"{said}\" can be two numbers; say in [read] which: decimal = \".\" or \",\""
            ));
        }
        (None, None, Some(_)) => ',',
        (None, _, None) => '.',
    };
    let thousands = if mark == '.' { ',' } else { '.' };
    let plain = plain.replace(thousands, "").replace(mark, ".");
    let number: Decimal = plain.parse().map_err(|_| wrong())?;
    Ok(if negative { -number } else { number })
}

/// A day with or without time: ISO 8601, `31.12.2026`, `12/31/2026`, `31/12/2026`.
fn date(said: &str, dates: Dates) -> Result<NaiveDate, String> {
    let wrong = || format!("\"{said}\" is no date");
    let day = said.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['-', '.', '/']).collect();
    let [first, second, third] = parts[..] else {
        return Err(wrong());
    };
    let number = |part: &str| part.parse::<u32>().map_err(|_| wrong());
    let (first_number, second_number) = (number(first)?, number(second)?);
    let of = |year: &str, month, day| {
        let year = year.parse::<i32>().ok().filter(|_| year.len() == 4);
        year.and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
            .ok_or_else(wrong)
    };
    if first.len() == 4 {
        return of(first, second_number, number(third)?);
    }
    let day_first = match dates {
        Dates::Dmy => true,
        Dates::Mdy => false,
        Dates::Clear if day.contains('.') || first_number > 12 => true,
        Dates::Clear if second_number > 12 => false,
        Dates::Clear if first_number == second_number => true,
        Dates::Clear => {
            return Err(format!(
                "\"{said}\" can be two days; say in [read] which: dates = \"dmy\" or \"mdy\""
            ));
        }
    };
    if day_first {
        of(third, second_number, first_number)
    } else {
        of(third, first_number, second_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_usual_way() {
        for (said, is) in [
            ("1234.5", "1234.5"),
            ("1,234.50", "1234.50"),
            ("1.234,50 €", "1234.50"),
            ("$1,234,567", "1234567"),
            ("12,5", "12.5"),
            ("(12.00)", "-12.00"),
            ("-3", "-3"),
            ("1.234", "1.234"),
            ("CHF 1'000.05", "1000.05"),
        ] {
            assert_eq!(
                number(said, None).map(|n| n.to_string()),
                Ok(is.to_owned()),
                "{said}"
            );
        }
        assert_eq!(
            number("1.234", Some(',')).map(|n| n.to_string()),
            Ok("1234".to_owned())
        );
        for said in ["1,234", "viel", "1.2.3,4,5", "--1", "", "1e5"] {
            assert!(number(said, None).is_err(), "{said}");
        }
    }

    #[test]
    fn dates_are_read_where_they_are_one_day() {
        for said in [
            "2026-12-31",
            "2026-12-31T23:59:59Z",
            "31.12.2026",
            "12/31/2026 11:59 PM",
            "31/12/2026",
        ] {
            assert_eq!(
                date(said, Dates::Clear).map(|d| d.to_string()),
                Ok("2026-12-31".to_owned()),
                "{said}"
            );
        }
        assert_eq!(
            date("3/4/2026", Dates::Dmy).map(|d| d.to_string()),
            Ok("2026-04-03".to_owned())
        );
        assert_eq!(
            date("3/4/2026", Dates::Mdy).map(|d| d.to_string()),
            Ok("2026-03-04".to_owned())
        );
        for said in [
            "3/4/2026",
            "31.02.2026",
            "2026",
            "1.1.26",
            "heute",
            "13/13/2026",
        ] {
            assert!(date(said, Dates::Clear).is_err(), "{said}");
        }
    }

    #[test]
    fn guids_and_flags_are_read() {
        assert!(guid("{9f2c1a40-1111-4222-8333-944455556666}").is_some());
        assert!(guid("9f2c1a40111142228333944455556666").is_none());
        assert_eq!(
            (flag("Yes"), flag("Enabled"), flag("maybe")),
            (Some(true), Some(false), None)
        );
    }
}
