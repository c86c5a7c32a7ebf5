//! Patterns of numbers: `RE-{yyyy}-{n:5}`. Parsed when a series is saved, so that a number cannot fail later. Pure.
//!
//! Every part but the number itself has a fixed width, so a text can be read back in one way only, and whether two
//! patterns have a text in common is a comparison of places. Two fifths of it are tests.

use std::fmt::Write;

use time::Date;

use super::period::Reset;
use crate::error::Error;

/// The longest number text, in characters: what every format that takes over documents holds.
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

/// Whose numbers they are; literals, where the pattern names them.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The tenant's code.
    pub tenant: &'a str,
    /// The branch, or ''.
    pub branch: &'a str,
}

/// What may stand in one place of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sign {
    Letter(char),
    Digit(u8, u8),
}

impl Sign {
    fn holds(self, c: char) -> bool {
        match self {
            Self::Letter(letter) => letter == c,
            Self::Digit(from, to) => c.to_digit(10).is_some_and(|digit| {
                c.is_ascii_digit() && (u32::from(from)..=u32::from(to)).contains(&digit)
            }),
        }
    }

    /// Something that may stand in both places.
    fn common(self, other: Self) -> Option<char> {
        match (self, other) {
            (Self::Letter(letter), sign) | (sign, Self::Letter(letter)) => {
                sign.holds(letter).then_some(letter)
            }
            (Self::Digit(from, to), Self::Digit(other_from, other_to)) => {
                let digit = from.max(other_from);
                (digit <= to.min(other_to)).then(|| char::from(b'0' + digit))
            }
        }
    }
}

impl Pattern {
    /// Parses a pattern; it must hold the tokens that keep numbers apart when the series begins again.
    pub fn parse(text: &str, reset: Reset) -> Result<Self, Error> {
        let refuse = |at: usize, what: &str, hint: &str| {
            let place = text[..at].chars().count() + 1;
            Err(Error::bad_value(
                format!("pattern \"{text}\", position {place}: {what}"),
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
                    return refuse(
                        at,
                        "a control character",
                        "write letters, digits and signs that can be printed",
                    );
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

    fn has(&self, part: &Part) -> bool {
        self.parts.contains(part)
    }

    fn check(&self, text: &str, reset: Reset) -> Result<(), Error> {
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
        let year = self.has(&Part::Year) || self.has(&Part::ShortYear);
        let month = year && self.has(&Part::Month);
        let needs = match reset {
            Reset::Never => None,
            Reset::Year => (!year).then_some("{yyyy}"),
            Reset::FiscalYear => (!self.has(&Part::FiscalYear)).then_some("{fy}"),
            Reset::Month => (!month).then_some("{yyyy} and {mm}"),
            Reset::Day => (!(month && self.has(&Part::Day))).then_some("{yyyy}, {mm} and {dd}"),
        };
        if let Some(tokens) = needs {
            return refuse(
                "numbers would repeat when the series begins again",
                &format!("add {tokens}"),
            );
        }
        let place = Place {
            tenant: "",
            branch: "",
        };
        self.check_length(text, place)
    }

    /// That the shortest number fits with the codes of its tenant and branch.
    pub fn check_length(&self, text: &str, place: Place) -> Result<(), Error> {
        let (before, width, after) = self.signs(place);
        if before.len() + width + after.len() > LONGEST {
            return Err(Error::bad_value(
                format!("pattern \"{text}\": longer than {LONGEST} characters"),
                "shorten it",
            ));
        }
        Ok(())
    }

    /// The text of a number.
    pub fn render(&self, n: i64, on: Date, fiscal_year: i32, place: Place) -> String {
        let mut text = String::with_capacity(24);
        let month = u8::from(on.month());
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = match part {
                Part::Literal(literal) => write!(text, "{literal}"),
                Part::N(width) => write!(text, "{n:0width$}", width = *width),
                Part::Year => write!(text, "{:04}", on.year()),
                Part::ShortYear => write!(text, "{:02}", on.year() % 100),
                Part::Month => write!(text, "{month:02}"),
                Part::Day => write!(text, "{:02}", on.day()),
                Part::Quarter => write!(text, "{}", month.div_ceil(3)),
                Part::FiscalYear => write!(text, "{fiscal_year:04}"),
                Part::Tenant => write!(text, "{}", place.tenant),
                Part::Branch => write!(text, "{}", place.branch),
            };
        }
        text
    }

    /// The number that a text of this pattern stands for; the way back from `render`, whatever the date.
    pub fn read(&self, text: &str, place: Place) -> Option<i64> {
        let (before, width, after) = self.signs(place);
        let letters: Vec<char> = text.chars().collect();
        let digits = letters.len().checked_sub(before.len() + after.len())?;
        let (head, rest) = letters.split_at(before.len());
        let (n, tail) = rest.split_at(digits);
        let fits = |signs: &[Sign], letters: &[char]| {
            signs.iter().zip(letters).all(|(sign, c)| sign.holds(*c))
        };
        let written = digits == width || digits > width && n.first() != Some(&'0');
        if !written || !n.iter().all(char::is_ascii_digit) {
            return None;
        }
        let n: i64 = n.iter().collect::<String>().parse().ok()?;
        (fits(&before, head) && fits(&after, tail) && n > 0).then_some(n)
    }

    /// A text that both patterns could render, each for some date and number.
    pub fn in_common(&self, place: Place, other: &Self, other_place: Place) -> Option<String> {
        const LONGEST_N: usize = 19;
        let (mine, theirs) = (self.signs(place), other.signs(other_place));
        let shortest = |(before, width, after): &(Vec<Sign>, usize, Vec<Sign>)| {
            before.len() + width + after.len()
        };
        let length = shortest(&mine).max(shortest(&theirs));
        (length..=length + LONGEST_N)
            .filter_map(|length| Some((filled(&mine, length)?, filled(&theirs, length)?)))
            .find_map(|(mine, theirs)| {
                let mut places = mine.into_iter().zip(theirs);
                places.try_fold(String::new(), |mut text, (mine, theirs)| {
                    text.push(mine.common(theirs)?);
                    Some(text)
                })
            })
    }

    /// What may stand in the places before the number, its width, and what may stand after it.
    fn signs(&self, place: Place) -> (Vec<Sign>, usize, Vec<Sign>) {
        const ANY: Sign = Sign::Digit(0, 9);
        let (mut before, mut after, mut width) = (Vec::new(), Vec::new(), None);
        for part in &self.parts {
            let signs = if width.is_none() {
                &mut before
            } else {
                &mut after
            };
            let literal = |text: &str| text.chars().map(Sign::Letter).collect::<Vec<_>>();
            match part {
                Part::N(digits) => width = Some(*digits),
                Part::Literal(text) => signs.extend(literal(text)),
                Part::Tenant => signs.extend(literal(place.tenant)),
                Part::Branch => signs.extend(literal(place.branch)),
                Part::Year | Part::FiscalYear => signs.extend([ANY; 4]),
                Part::ShortYear => signs.extend([ANY; 2]),
                Part::Month => signs.extend([Sign::Digit(0, 1), ANY]),
                Part::Day => signs.extend([Sign::Digit(0, 3), ANY]),
                Part::Quarter => signs.push(Sign::Digit(1, 4)),
            }
        }
        (before, width.unwrap_or(1), after)
    }
}

/// The places of all texts of a length.
fn filled(
    (before, width, after): &(Vec<Sign>, usize, Vec<Sign>),
    length: usize,
) -> Option<Vec<Sign>> {
    let digits = length.checked_sub(before.len() + after.len())?;
    if digits < *width || digits > 19 {
        return None;
    }
    let mut n = vec![Sign::Digit(0, 9); digits];
    if digits > *width {
        n[0] = Sign::Digit(1, 9); // padded no further than the width
    }
    Some([before.as_slice(), &n, after].concat())
}

#[cfg(test)]
mod tests {
    use time::Month;

    use super::*;

    const NORD: Place = Place {
        tenant: "de",
        branch: "nord",
    };

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Reset::Never).unwrap()
    }

    fn render(text: &str, n: i64) -> String {
        let on = Date::from_calendar_date(2026, Month::January, 3).unwrap();
        pattern(text).render(n, on, 2025, NORD)
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
        assert_eq!(
            message("號-{x}"),
            "pattern \"號-{x}\", position 3: unknown token {x}"
        );
        for odd in [
            "",
            "RE",
            "{n}{n}",
            "{n:0}",
            "{n:19}",
            "{n:+1}",
            "{n",
            "n}",
            "{n}\n",
            "{N}",
            "{}{n}",
            "{n:1:2}",
            "{n}\u{1f}",
        ] {
            assert!(Pattern::parse(odd, Reset::Never).is_err(), "{odd}");
        }
        assert!(Pattern::parse(&format!("{}{{n}}", "x".repeat(60)), Reset::Never).is_err());
        assert!(Pattern::parse(&format!("{}{{n}}", "x".repeat(59)), Reset::Never).is_ok());
        let long = pattern(&format!("{}{{branch}}{{n}}", "x".repeat(59)));
        assert!(long.check_length("", NORD).is_err());
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

    /// Numbers that look random and are the same in every run.
    fn chance(state: &mut u64) -> u64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    fn any_pattern(state: &mut u64) -> String {
        const PARTS: [&str; 14] = [
            "{yyyy}", "{yy}", "{mm}", "{dd}", "{q}", "{fy}", "{tenant}", "{branch}", "-", "RE",
            "0", "號", "7/", "é ",
        ];
        let mut parts: Vec<_> = (0..chance(state) % 5)
            .map(|_| PARTS[(chance(state) % 14) as usize].to_owned())
            .collect();
        let width = chance(state) % 7;
        let n = if width == 0 {
            "{n}".to_owned()
        } else {
            format!("{{n:{width}}}")
        };
        parts.insert((chance(state) as usize) % (parts.len() + 1), n);
        parts.concat()
    }

    fn any_number(state: &mut u64) -> (i64, Date) {
        let n = chance(state) >> (chance(state) % 31);
        let day = 1_721_426 + (chance(state) % 3_652_059) as i32; // 0001-01-01 to 9999-12-31
        (n.max(1) as i64, Date::from_julian_day(day).unwrap())
    }

    #[test]
    fn what_is_rendered_reads_back() {
        let mut state = 1;
        for _ in 0..20_000 {
            let text = any_pattern(&mut state);
            let pattern = pattern(&text);
            let (n, on) = any_number(&mut state);
            let number = pattern.render(n, on, on.year(), NORD);
            assert_eq!(pattern.read(&number, NORD), Some(n), "{text} {number}");
            // And whatever else reads is something that it renders: one more digit in front never does.
            for odd in [
                format!("0{number}"),
                format!("{number}0"),
                number.replace('-', "_"),
            ] {
                if let Some(read) = pattern.read(&odd, NORD) {
                    assert!(odd == number || read != n, "{text} {odd}");
                }
            }
        }
        assert_eq!(pattern("R{n:3}").read("R012", NORD), Some(12));
        for odd in [
            "R12",
            "R0012",
            "R000",
            "X012",
            "R01x",
            "R٠١٢",
            "R",
            "",
            "R99999999999999999999",
        ] {
            assert_eq!(pattern("R{n:3}").read(odd, NORD), None, "{odd}");
        }
    }

    #[test]
    fn two_patterns_that_can_meet_are_known_to() {
        let mut state = 2;
        let (mut met, mut apart) = (0, 0);
        for _ in 0..20_000 {
            let texts = [any_pattern(&mut state), any_pattern(&mut state)];
            let [one, other] = texts.each_ref().map(|text| pattern(text));
            match one.in_common(NORD, &other, NORD) {
                Some(text) => {
                    met += 1;
                    assert_eq!(
                        other.in_common(NORD, &one, NORD).map(|t| t.len()),
                        Some(text.len())
                    );
                }
                // No number of one is ever read by the other.
                None => {
                    apart += 1;
                    let (n, on) = any_number(&mut state);
                    let number = one.render(n, on, on.year(), NORD);
                    assert_eq!(other.read(&number, NORD), None, "{texts:?} {number}");
                }
            }
        }
        assert!(met > 100 && apart > 100, "{met} {apart}");
    }

    #[test]
    fn patterns_meet_where_a_text_could_be_of_both() {
        let common = |one: &str, other: &str| {
            let sued = Place {
                branch: "süd",
                ..NORD
            };
            pattern(one).in_common(NORD, &pattern(other), sued)
        };
        assert_eq!(common("R{n:3}", "R{n:3}"), Some("R000".to_owned()));
        assert_eq!(common("R{n:3}", "Q{n:3}"), None);
        assert_eq!(
            common("R{n:5}", "R{yyyy}{n:5}"),
            Some("R100000000".to_owned())
        );
        assert_eq!(
            common("R{yyyy}-{n:5}", "R{yyyy}-{n:6}"),
            Some("R0000-100000".to_owned())
        );
        assert_eq!(common("{branch}{n}", "{branch}{n}"), None);
        assert_eq!(common("R{q}{n:2}", "R5{n:2}"), None);
        assert_eq!(common("R{mm}{n:2}", "R2{n:3}"), None);
    }
}
