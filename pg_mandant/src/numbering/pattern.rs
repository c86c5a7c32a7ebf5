//! Patterns of numbers: `RE-{yyyy}-{n:5}`. Parsed when a series is saved, so that a number cannot fail later. Pure.

use std::fmt::Write;

use super::period::{Day, Reset};
use crate::error::Error;

/// The longest number text, in characters.
const LONGEST: usize = 60;

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    /// `{n}` or `{n:5}`: the number, padded with zeros.
    N(usize),
    Year,
    ShortYear,
    Month,
    Day,
    Quarter,
    FiscalYear,
    Tenant,
    Branch,
}

/// A pattern that renders a different text for each number of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    parts: Vec<Part>,
}

/// What a pattern is rendered with.
#[derive(Debug)]
pub struct Values<'a> {
    /// The number within series and period.
    pub n: i64,
    /// The document's date.
    pub on: Day,
    /// Its fiscal year.
    pub fiscal_year: i32,
    /// The tenant's code.
    pub tenant: &'a str,
    /// The branch, or ''.
    pub branch: &'a str,
}

impl Pattern {
    /// Parses a pattern; it must hold the tokens that keep numbers apart when the series begins again.
    pub fn parse(text: &str, reset: Reset) -> Result<Self, Error> {
        let refuse = |at: usize, what: &str, hint: &str| {
            Err(Error::bad_value(
                format!("pattern \"{text}\", position {}: {what}", at + 1),
                hint,
            ))
        };
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.char_indices();
        while let Some((at, c)) = rest.next() {
            match c {
                '{' => {
                    let after = &text[at + 1..];
                    let Some(end) = after.find('}') else {
                        return refuse(at, "a brace is not closed", "write {n:5}");
                    };
                    let token = &after[..end];
                    let Some(part) = Self::token(token) else {
                        return refuse(
                            at,
                            &format!("unknown token {{{token}}}"),
                            "tokens: {n:5} {yyyy} {yy} {mm} {dd} {q} {fy} {tenant} {branch}",
                        );
                    };
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                    rest.by_ref().take(token.chars().count() + 1).for_each(drop);
                }
                '}' => return refuse(at, "a brace is not opened", "write {n:5}"),
                c if c.is_control() => {
                    return refuse(at, "a control character", "use printable characters");
                }
                c => literal.push(c),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let pattern = Self { parts };
        pattern.check(text, reset)?;
        Ok(pattern)
    }

    fn token(token: &str) -> Option<Part> {
        Some(match token {
            "n" => Part::N(1),
            "yyyy" => Part::Year,
            "yy" => Part::ShortYear,
            "mm" => Part::Month,
            "dd" => Part::Day,
            "q" => Part::Quarter,
            "fy" => Part::FiscalYear,
            "tenant" => Part::Tenant,
            "branch" => Part::Branch,
            _ => {
                let width = token.strip_prefix("n:")?;
                let digits = width.len() <= 2 && width.bytes().all(|b| b.is_ascii_digit());
                Part::N(
                    width
                        .parse()
                        .ok()
                        .filter(|width| digits && (1..=18).contains(width))?,
                )
            }
        })
    }

    fn check(&self, text: &str, reset: Reset) -> Result<(), Error> {
        let has = |part: Part| self.parts.contains(&part);
        let refuse = |what: &str, hint: &str| {
            Err(Error::bad_value(
                format!("pattern \"{text}\": {what}"),
                hint,
            ))
        };
        match self
            .parts
            .iter()
            .filter(|part| matches!(part, Part::N(_)))
            .count()
        {
            1 => {}
            0 => return refuse("no token for the number", "add {n:5}"),
            _ => return refuse("the number stands in it twice", "keep one {n:5}"),
        }
        let year = has(Part::Year) || has(Part::ShortYear);
        let needs = match reset {
            Reset::Never => None,
            Reset::Year => (!year).then_some("{yyyy}"),
            Reset::FiscalYear => (!has(Part::FiscalYear)).then_some("{fy}"),
            Reset::Month => (!(year && has(Part::Month))).then_some("{yyyy} and {mm}"),
            Reset::Day => {
                (!(year && has(Part::Month) && has(Part::Day))).then_some("{yyyy}, {mm} and {dd}")
            }
        };
        if let Some(tokens) = needs {
            return refuse(
                "numbers would repeat when the series begins again",
                &format!("add {tokens}"),
            );
        }
        let values = Values {
            n: i64::MAX,
            on: Day {
                year: 2000,
                month: 12,
                day: 31,
            },
            fiscal_year: 2000,
            tenant: "",
            branch: "",
        };
        if self.render(&values).chars().count() > LONGEST + 18 {
            return refuse(&format!("longer than {LONGEST} characters"), "shorten it");
        }
        Ok(())
    }

    /// The text of a number.
    pub fn render(&self, values: &Values) -> String {
        let mut text = String::new();
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = match part {
                Part::Literal(literal) => write!(text, "{literal}"),
                Part::N(width) => write!(text, "{:0width$}", values.n, width = *width),
                Part::Year => write!(text, "{:04}", values.on.year),
                Part::ShortYear => write!(text, "{:02}", values.on.year % 100),
                Part::Month => write!(text, "{:02}", values.on.month),
                Part::Day => write!(text, "{:02}", values.on.day),
                Part::Quarter => write!(text, "{}", values.on.month.div_ceil(3)),
                Part::FiscalYear => write!(text, "{:04}", values.fiscal_year),
                Part::Tenant => write!(text, "{}", values.tenant),
                Part::Branch => write!(text, "{}", values.branch),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(pattern: &str, n: i64) -> String {
        let on = Day {
            year: 2026,
            month: 1,
            day: 3,
        };
        let values = Values {
            n,
            on,
            fiscal_year: 2025,
            tenant: "de",
            branch: "nord",
        };
        Pattern::parse(pattern, Reset::Never)
            .unwrap()
            .render(&values)
    }

    #[test]
    fn a_pattern_renders_its_tokens() {
        assert_eq!(render("RE-{yyyy}-{n:5}", 7), "RE-2026-00007");
        assert_eq!(
            render("{tenant}/{branch}/{yy}{mm}{dd}.{q}.{fy}.{n}", 12),
            "de/nord/260103.1.2025.12"
        );
        assert_eq!(render("Ü{n:2}號", 123), "Ü123號");
    }

    #[test]
    fn an_unknown_token_is_refused_with_its_position() {
        let message = |pattern: &str| Pattern::parse(pattern, Reset::Never).unwrap_err().message;
        assert_eq!(
            message("RE-{x}"),
            "pattern \"RE-{x}\", position 4: unknown token {x}"
        );
        for odd in [
            "", "RE", "{n}{n}", "{n:0}", "{n:19}", "{n:+1}", "{n", "n}", "{n}\n", "{N}", "{}{n}",
            "{n:1:2}",
        ] {
            assert!(Pattern::parse(odd, Reset::Never).is_err(), "{odd}");
        }
        assert!(Pattern::parse(&format!("{}{{n}}", "x".repeat(70)), Reset::Never).is_err());
    }

    #[test]
    fn a_reset_needs_the_tokens_that_keep_numbers_apart() {
        let parses = |pattern: &str, reset| Pattern::parse(pattern, reset).is_ok();
        assert!(
            parses("{yy}{n}", Reset::Year)
                && !parses("{fy}{n}", Reset::Year)
                && !parses("{n}", Reset::Year)
        );
        assert!(parses("{fy}{n}", Reset::FiscalYear) && !parses("{yyyy}{n}", Reset::FiscalYear));
        assert!(parses("{yyyy}{mm}{n}", Reset::Month) && !parses("{mm}{n}", Reset::Month));
        assert!(parses("{yyyy}{mm}{dd}{n}", Reset::Day) && !parses("{yyyy}{dd}{n}", Reset::Day));
    }
}
