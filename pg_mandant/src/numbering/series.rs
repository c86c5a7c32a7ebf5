//! Series as they are kept in a session: read once, parsed, and forgotten when the version of the rights changes, which
//! a change to any series brings about.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::datum::IntoDatum;
use pgrx::{PgSqlErrorCode, pg_sys};
use serde::Deserialize;
use time::Date;

use super::pattern::{Pattern, Place};
use super::period::{Calendar, Reset, date, parsed};
use super::register::Chained;
use crate::catalog;
use crate::context::{self, Kept};
use crate::error::Error;

/// What a series promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// No gaps.
    Gapless,
    /// No gaps, and no number has an earlier date than the one before it.
    GaplessChronological,
    /// No number twice; manual ones may leave gaps.
    Unique,
}

/// How a series numbers documents from a date on.
#[derive(Debug, Deserialize)]
pub struct Version {
    /// None: from the beginning.
    #[serde(default, deserialize_with = "optional_date")]
    valid_from: Option<Date>,
    /// None: not at all, the series is closed.
    pattern: Option<String>,
    #[serde(deserialize_with = "parsed")]
    pub reset: Reset,
    pub policy: Policy,
    /// The first number of a period.
    pub start: i64,
    /// The last one.
    pub last: Option<i64>,
    /// From which number on there is a warning.
    pub warn_at: Option<i64>,
    /// Whether a `unique` series takes numbers that people choose.
    #[serde(default)]
    pub manual: bool,
    #[serde(skip)]
    parsed: Option<Pattern>,
}

impl Version {
    /// The pattern and how it is written; none: the series is closed.
    fn pattern(&self) -> Option<(&Pattern, &str)> {
        self.parsed.as_ref().zip(self.pattern.as_deref())
    }

    /// A place that the series has; none: it has ended.
    pub fn within(&self, n: Option<i64>) -> Option<i64> {
        n.filter(|n| self.last.is_none_or(|last| *n <= last))
    }
}

/// A series as one tenant draws from it, as `mandant_internal.series_of` gives it.
#[derive(Debug, Deserialize)]
pub struct Series {
    pub id: i32,
    pub tenant_id: i32,
    pub tenant: String,
    pub kind: String,
    pub branch: String,
    /// Every tenant that draws from it.
    pub tenants: Vec<i32>,
    /// The tenant's.
    pub timezone: String,
    calendar: Calendar,
    /// Ascending.
    versions: Vec<Version>,
}

/// `null` stands for no date.
fn optional_date<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    struct Day(#[serde(deserialize_with = "date")] Date);
    Ok(Option::<Day>::deserialize(d)?.map(|day| day.0))
}

impl Series {
    /// Reads what SQL hands over.
    pub fn read(json: &str) -> Result<Self, Error> {
        let mut series: Self = serde_json::from_str(json)
            .map_err(|error| Error::internal(format!("series: {error}")))?;
        for version in &mut series.versions {
            if let Some(pattern) = &version.pattern {
                version.parsed = Some(Pattern::parse(pattern, version.reset)?);
            }
        }
        Ok(series)
    }

    /// The codes that stand in its numbers.
    pub fn place(&self) -> Place<'_> {
        Place {
            tenant: &self.tenant,
            branch: &self.branch,
        }
    }

    /// What it is called in messages.
    pub fn called(&self) -> String {
        let branch = match self.branch.as_str() {
            "" => String::new(),
            branch => format!(" in branch {branch}"),
        };
        format!("for {}{branch} of tenant \"{}\"", self.kind, self.tenant)
    }

    /// How it numbers documents of a date, and the period of the date.
    pub fn on(&self, on: Date) -> Result<(&Version, &Pattern, i32), Error> {
        let not_then = |when: &str, version: Option<&Version>| {
            let from = version.and_then(|version| version.valid_from);
            Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
                format!(
                    "the series {} {when} on {}",
                    self.called(),
                    from.map_or_else(|| "its first day".to_owned(), |from| from.to_string()),
                ),
                "select * from mandant.series_version",
            )
        };
        let version = self
            .versions
            .iter()
            .rev()
            .find(|version| version.valid_from.is_none_or(|from| from <= on))
            .ok_or_else(|| not_then("begins", self.versions.first()))?;
        let (pattern, _) = version
            .pattern()
            .ok_or_else(|| not_then("was closed", Some(version)))?;
        Ok((version, pattern, version.reset.period(on, &self.calendar)))
    }

    /// The text of a number.
    pub fn render(&self, pattern: &Pattern, n: i64, on: Date) -> String {
        pattern.render(n, on, self.calendar.fiscal_year(on), self.place())
    }
}

/// Refuses series of a tenant and kind of which two could render the same text, or one a foreign number: what is drawn
/// must never find its text taken.
///
/// Versions of one series share the numbers of a period, so only a change of when it begins again can bring them together.
pub fn check(all: &[Series], foreign: &[String]) -> Result<(), Error> {
    let patterns: Vec<_> = all
        .iter()
        .flat_map(|series| {
            let versions = series.versions.iter();
            versions.filter_map(move |version| Some((series, version, version.pattern()?)))
        })
        .collect();
    for (index, (series, version, (pattern, text))) in patterns.iter().enumerate() {
        pattern.check_length(text, series.place())?;
        for (other_series, other, (other_pattern, other_text)) in &patterns[..index] {
            if series.id == other_series.id && version.reset == other.reset {
                continue;
            }
            let common = pattern.in_common(series.place(), other_pattern, other_series.place());
            if let Some(common) = common {
                return Err(Error::bad_value(
                    format!(
                        "\"{text}\" {} and \"{other_text}\" {} could both give {common}",
                        series.called(),
                        other_series.called()
                    ),
                    "keep them apart by a literal, or by {branch}",
                ));
            }
        }
        let taken = |number: &&String| pattern.read(number, series.place()).is_some();
        if let Some(number) = foreign.iter().find(taken) {
            return Err(Error::bad_value(
                format!(
                    "{number} is foreign, and \"{text}\" {} could give it as well",
                    series.called()
                ),
                "a number of the pattern is imported with its date and branch; else keep the two apart by a literal",
            ));
        }
    }
    Ok(())
}

/// What a session has read.
#[derive(Default)]
struct Cache {
    tables: Option<(Chained, Chained)>,
    known: HashMap<String, Rc<Series>>,
}

thread_local! {
    static CACHE: RefCell<Kept<Cache>> = RefCell::default();
}

fn kept<T>(look: impl FnOnce(&mut Cache) -> T) -> T {
    CACHE.with_borrow_mut(|cache| look(cache.now()))
}

fn keep(version: u64, keep: impl FnOnce(&mut Cache)) {
    CACHE.with_borrow_mut(|cache| cache.keep(version, keep));
}

/// The register and its events.
pub fn tables() -> Result<(Chained, Chained), Error> {
    if let Some(tables) = kept(|cache| cache.tables) {
        return Ok(tables);
    }
    let version = context::version();
    let tables = (Chained::numbers()?, Chained::events()?);
    keep(version, |cache| cache.tables = Some(tables));
    Ok(tables)
}

/// The series from which a tenant draws for a kind and branch.
pub fn find(tenant_id: i32, tenant: &str, kind: &str, branch: &str) -> Result<Rc<Series>, Error> {
    let key = format!("{tenant_id}\0{kind}\0{branch}"); // no text holds a zero
    if let Some(known) = kept(|cache| cache.known.get(&key).cloned()) {
        return Ok(known);
    }
    let version = context::version();
    let types = [pg_sys::INT4OID, pg_sys::TEXTOID, pg_sys::TEXTOID];
    let values = [
        tenant_id.into_datum(),
        kind.into_datum(),
        branch.into_datum(),
    ];
    // SAFETY: in a transaction; the signature is the one of numbering.sql.
    let json = unsafe { catalog::answer(c"series_of", &types, values)? };
    let Some(json) = json else {
        let of_branch = match branch {
            "" => String::new(),
            branch => format!(" in branch {branch}"),
        };
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("tenant \"{tenant}\" has no series for {kind}{of_branch}"),
            format!("select mandant.define_series('{tenant}', '{kind}', pattern => '...')"),
        ));
    };
    let series = Rc::new(Series::read(&json)?);
    keep(version, |cache| {
        cache.known.insert(key, Rc::clone(&series));
    });
    Ok(series)
}
