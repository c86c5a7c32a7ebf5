//! Series as they are kept in a session: read once, parsed, and forgotten when the version of the rights changes, which
//! a change to any series brings about.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::datum::{FromDatum, IntoDatum};
use pgrx::{PgSqlErrorCode, pg_sys};
use serde::Deserialize;
use time::Date;

use super::pattern::{Pattern, Place};
use super::period::{Calendar, Reset, Turn, YearStart, date, parsed};
use super::register::Chained;
use crate::catalog;
use crate::context;
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
    /// None: the series is closed.
    pub fn pattern(&self) -> Option<&Pattern> {
        self.parsed.as_ref()
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
    #[serde(deserialize_with = "parsed")]
    fiscal_year_start: YearStart,
    #[serde(default)]
    fiscal_years: Option<Vec<Turn>>,
    /// Ascending.
    versions: Vec<Version>,
    #[serde(skip)]
    calendar: Option<Calendar>,
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
        series.calendar = Some(Calendar {
            year_start: series.fiscal_year_start,
            turns: series.fiscal_years.take().unwrap_or_default(),
        });
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
        let pattern = version
            .pattern()
            .ok_or_else(|| not_then("was closed", Some(version)))?;
        let calendar = self
            .calendar
            .as_ref()
            .ok_or_else(|| Error::internal("a series without calendar"))?;
        Ok((version, pattern, version.reset.period(on, calendar)))
    }

    /// The fiscal year of a date.
    pub fn fiscal_year(&self, on: Date) -> i32 {
        self.calendar
            .as_ref()
            .map_or(on.year(), |calendar| calendar.fiscal_year(on))
    }

    /// The text of a number.
    pub fn render(&self, pattern: &Pattern, n: i64, on: Date) -> String {
        pattern.render(n, on, self.fiscal_year(on), self.place())
    }
}

/// Refuses series of a tenant and kind of which two could render the same text, and what does not fit.
///
/// Versions of one series share the numbers of a period, so only a change of when it begins again can bring them together.
pub fn check(all: &[Series]) -> Result<(), Error> {
    let versions: Vec<_> = all
        .iter()
        .flat_map(|series| series.versions.iter().map(move |version| (series, version)))
        .collect();
    for (index, (series, version)) in versions.iter().enumerate() {
        let Some((pattern, text)) = version.pattern().zip(version.pattern.as_deref()) else {
            continue;
        };
        pattern.check_length(text, series.place())?;
        for (other_series, other) in &versions[..index] {
            let Some((other_pattern, other_text)) = other.pattern().zip(other.pattern.as_deref())
            else {
                continue;
            };
            if series.id == other_series.id && version.reset == other.reset {
                continue;
            }
            if let Some(common) =
                pattern.in_common(series.place(), other_pattern, other_series.place())
            {
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
    }
    Ok(())
}

type Known = HashMap<String, Rc<Series>>;

/// What a session has read since the version of the rights was another.
#[derive(Default)]
struct Cache {
    version: u64,
    tables: Option<(Chained, Chained)>,
    known: Known,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

fn with_cache<T>(use_it: impl FnOnce(&mut Cache) -> T) -> T {
    let version = context::version();
    CACHE.with_borrow_mut(|cache| {
        if cache.version != version {
            *cache = Cache {
                version,
                ..Cache::default()
            };
        }
        use_it(cache)
    })
}

/// The register and its events.
pub fn tables() -> Result<(Chained, Chained), Error> {
    if let Some(tables) = with_cache(|cache| cache.tables) {
        return Ok(tables);
    }
    let tables = (Chained::numbers()?, Chained::events()?);
    with_cache(|cache| cache.tables = Some(tables));
    Ok(tables)
}

/// The series from which a tenant draws for a kind and branch.
pub fn find(tenant_id: i32, tenant: &str, kind: &str, branch: &str) -> Result<Rc<Series>, Error> {
    let key = format!("{tenant_id} {kind} {branch}");
    if let Some(known) = with_cache(|cache| cache.known.get(&key).cloned()) {
        return Ok(known);
    }
    // SAFETY: in a transaction; the signature is the one of numbering.sql. The snapshot is fresh, as for rights.
    let json = unsafe {
        let types = [pg_sys::INT4OID, pg_sys::TEXTOID, pg_sys::TEXTOID];
        let function = catalog::function(c"series_of", &types)?;
        let values = [
            tenant_id.into_datum(),
            kind.into_datum(),
            branch.into_datum(),
        ];
        let mut arguments = values.map(|value| pg_sys::NullableDatum {
            isnull: value.is_none(),
            value: value.unwrap_or(pg_sys::Datum::from(0)),
        });
        catalog::with_fresh_snapshot(|| {
            catalog::call(function, &mut arguments).and_then(|json| String::from_datum(json, false)) // json is kept as text
        })
    };
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
    with_cache(|cache| cache.known.insert(key, Rc::clone(&series)));
    Ok(series)
}
