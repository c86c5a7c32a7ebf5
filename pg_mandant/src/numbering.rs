//! Which number: the register is the counter.
//!
//! The next number is the last row of the register plus one, read under a lock on (series, period). What must be known to
//! draw it is read before, so that between lock and commit there is as little as can be.

mod asked;
mod event;
pub mod pattern;
pub mod period;
mod register;
pub mod release;
mod series;

use pgrx::datum::{IntoDatum, Uuid};
use pgrx::{PgSqlErrorCode, pg_sys};
use time::Date;

use crate::access::Id;
use crate::context;
use crate::error::Error;
use crate::lock::Lock;
use crate::stat;
pub use asked::{Asked, When, day};
use asked::{Found, postgres_date, today};
pub use event::{Event, note};
use pattern::{Pattern, Place};
use register::{Last, Reader, Writer, chain, hashed, text};
use series::{Policy, Version};
pub use series::{Series, check};

/// The period of numbers that no pattern gave: imported or chosen ones, counted as they came.
const FOREIGN: i32 = -1;
/// The most numbers in one call.
const MOST: usize = 100_000;

/// Refuses a pattern that no series can have.
pub fn check_pattern(pattern: &str, reset: &str) -> Result<(), Error> {
    const NOWHERE: Place = Place {
        tenant: "",
        branch: "",
    };
    Pattern::parse(pattern, reset.parse()?)?.check_length(pattern, NOWHERE)
}

/// Gives out the next number.
pub fn next(asked: &Asked, document: Option<Uuid>) -> Result<String, Error> {
    let mut given = next_for(asked, &[document])?;
    given
        .pop()
        .ok_or_else(|| Error::internal("no number was drawn"))
}

/// Gives out a number for each document, under one lock.
fn next_for(asked: &Asked, documents: &[Option<Uuid>]) -> Result<Vec<String>, Error> {
    let found = asked.find("post")?;
    // SAFETY: in a transaction that may write.
    unsafe {
        let register = series::tables()?.0.write()?;
        Lock::Numbers(found.series.id, found.period).take_awake();
        draw(&register, &found, documents)
    }
}

/// Gives out several numbers of one series.
pub fn next_of_one(
    asked: &Asked,
    count: Option<i32>,
    documents: Option<Vec<Option<Uuid>>>,
) -> Result<Vec<String>, Error> {
    let wanted = count.and_then(|count| usize::try_from(count).ok());
    let Some(count) = wanted.filter(|count| (1..=MOST).contains(count)) else {
        return Err(Error::bad_value(
            format!(
                "{} numbers cannot be drawn",
                count.map_or_else(|| "null".to_owned(), |count| count.to_string())
            ),
            format!("1 to {MOST} in one call"),
        ));
    };
    let documents = documents.unwrap_or_else(|| vec![None; count]);
    if documents.len() != count {
        return Err(Error::bad_value(
            format!(
                "{} documents, and {count} numbers asked for",
                documents.len()
            ),
            "give one document for each number, or none at all",
        ));
    }
    next_for(asked, &documents)
}

/// Gives out one number of each of several kinds; locks are taken in one order, whatever the order of the kinds.
pub fn next_of_each(
    kinds: Vec<Option<String>>,
    asked: &Asked,
    document: Option<Uuid>,
) -> Result<Vec<(String, String)>, Error> {
    if kinds.len() > MOST {
        return Err(Error::bad_value(
            format!("{} numbers cannot be drawn", kinds.len()),
            format!("at most {MOST} in one call"),
        ));
    }
    let found: Result<Vec<_>, Error> = kinds
        .iter()
        .map(|kind| {
            let kind = kind.as_deref();
            Asked { kind, ..*asked }.find("post")
        })
        .collect();
    let found = found?;
    let mut locks: Vec<_> = found
        .iter()
        .map(|found| Lock::Numbers(found.series.id, found.period))
        .collect();
    locks.sort_unstable();
    locks.dedup();
    // SAFETY: in a transaction that may write.
    unsafe {
        let register = series::tables()?.0.write()?;
        locks.into_iter().for_each(|lock| lock.take_awake());
        found
            .iter()
            .map(|found| {
                let number = draw(&register, found, &[document])?
                    .pop()
                    .unwrap_or_default();
                Ok((found.series.kind.clone(), number))
            })
            .collect()
    }
}

/// The number that would be next, without taking it or waiting for anybody.
pub fn peek(asked: &Asked) -> Result<String, Error> {
    let found = asked.find("read")?;
    preview(&found.series, Some(found.on))
}

/// The number of a series that would be next, today or on a day.
pub fn preview(series: &Series, on: Option<Date>) -> Result<String, Error> {
    let on = on.map_or_else(|| today(&series.timezone), Ok)?;
    let (version, pattern, period) = series.on(on)?;
    let (numbers, _) = series::tables()?;
    // SAFETY: in a transaction; reads only.
    let tail = unsafe { tail(&numbers.read(), series, period) };
    let n = tail
        .next(version)
        .ok_or_else(|| exhausted(series, version))?;
    Ok(series.render(pattern, n, on))
}

/// The periods of some fiscal years by a calendar in JSON: year, period, first and last day.
pub fn periods(
    calendar: serde_json::Value,
    first_year: i32,
    last_year: i32,
) -> Result<impl Iterator<Item = (i32, i32, pgrx::datum::Date, pgrx::datum::Date)>, Error> {
    let calendar: period::Calendar = serde_json::from_value(calendar).map_err(|error| {
        Error::bad_value(
            format!("no fiscal calendar: {error}"),
            "see mandant_internal.calendar",
        )
    })?;
    let periods = calendar.periods(first_year..=last_year);
    Ok(periods.into_iter().map(|period| {
        (
            period.year,
            period.n,
            postgres_date(period.first),
            postgres_date(period.last),
        )
    }))
}

fn exhausted(series: &Series, version: &Version) -> Error {
    let last = version.last.unwrap_or(i64::MAX);
    Error::new(
        PgSqlErrorCode::ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
        format!(
            "the series {} has no number left after {last}",
            series.called()
        ),
        "select mandant.alter_series(...): another pattern, or a later end",
    )
}

/// Where a period has come to.
struct Tail {
    /// The last place that is taken.
    n: Option<i64>,
    /// The latest date of the last rows.
    date: Option<pgrx::datum::Date>,
    /// The last row of the tenant's own chain.
    mine: Option<Last>,
}

impl Tail {
    /// The next place, if there is one.
    fn next(&self, version: &Version) -> Option<i64> {
        version.within(match self.n {
            None => Some(version.start),
            Some(n) => n.checked_add(1).map(|next| next.max(version.start)),
        })
    }
}

/// SAFETY: in a transaction.
unsafe fn tail(register: &Reader, series: &Series, period: i32) -> Tail {
    let mut tail = Tail {
        n: None,
        date: None,
        mine: None,
    };
    for tenant in &series.tenants {
        // SAFETY: as promised.
        let Some(last) = (unsafe { register.last([series.id, period, *tenant]) }) else {
            continue;
        };
        tail.n = tail.n.max(Some(last.n));
        tail.date = tail.date.max(last.date);
        if *tenant == series.tenant_id {
            tail.mine = Some(last);
        }
    }
    tail
}

/// A chronological series does not go back.
fn refuse_earlier_date(series: &Series, on: Date, tail: &Tail) -> Result<(), Error> {
    let latest = match tail.date {
        Some(date) => day(date)?,
        None => return Ok(()),
    };
    if latest <= on {
        return Ok(());
    }
    Err(Error::bad_value(
        format!(
            "the series {} has come to {latest}: no number with the earlier date {on} can follow",
            series.called()
        ),
        "give the document the later date",
    ))
}

/// Gives out a number for each document.
///
/// SAFETY: in a transaction that may write, with the lock of series and period.
unsafe fn draw(
    register: &Writer,
    found: &Found,
    documents: &[Option<Uuid>],
) -> Result<Vec<String>, Error> {
    let Found { series, on, period } = found;
    let (version, pattern, _) = series.on(*on)?;
    // SAFETY: as promised.
    let tail = unsafe { tail(register, series, *period) };
    if version.policy == Policy::GaplessChronological {
        refuse_earlier_date(series, *on, &tail)?;
    }
    let mut next = tail.next(version);
    let mut mine = tail.mine;
    let issued_by = context::current()?.authority.principal;
    let mut given = Vec::with_capacity(documents.len());
    for document in documents {
        let n = next.ok_or_else(|| exhausted(series, version))?;
        let number = series.render(pattern, n, *on);
        let row = Row {
            series,
            period: *period,
            n,
            number: &number,
            on: *on,
            document: *document,
            issued_by,
        };
        // SAFETY: as promised; the chain goes on from the last row.
        mine = Some(unsafe { row.append(register, mine.as_ref()) });
        given.push(number);
        next = version.within(n.checked_add(1));
    }
    release::drew();
    stat::drew(series.tenant_id, given.len());
    warn(series, version, mine.as_ref());
    Ok(given)
}

fn warn(series: &Series, version: &Version, last: Option<&Last>) {
    if let Some((last, warn_at)) = last.zip(version.warn_at)
        && last.n >= warn_at
    {
        let left = version.last.unwrap_or(i64::MAX) - last.n;
        pgrx::warning!("the series {} has {left} numbers left", series.called());
    }
}

/// A row of the register.
struct Row<'a> {
    series: &'a Series,
    period: i32,
    n: i64,
    number: &'a str,
    on: Date,
    document: Option<Uuid>,
    issued_by: Option<Id>,
}

impl Row<'_> {
    /// SAFETY: in a transaction that may write, with the lock of series and period; `before` is the last row of the chain.
    unsafe fn append(&self, register: &Writer, before: Option<&Last>) -> Last {
        let series = self.series;
        let issued_by = self.issued_by.map(Uuid::from_bytes);
        // SAFETY: reads the clock.
        let issued_at = unsafe { pg_sys::GetCurrentTimestamp() };
        let date = postgres_date(self.on);
        let chain = chain(
            before,
            &[
                &series.tenant_id.to_string(),
                &series.kind,
                &series.branch,
                &self.period.to_string(),
                &self.n.to_string(),
                self.number,
                &format!(
                    "{:04}-{:02}-{:02}",
                    self.on.year(),
                    u8::from(self.on.month()),
                    self.on.day()
                ),
                &hashed(self.document.as_ref()),
                &issued_at.to_string(),
                &hashed(issued_by.as_ref()),
            ],
        );
        // SAFETY: values of the types of the columns of mandant_internal.number.
        unsafe {
            register.append([
                series.id.into_datum(),
                self.period.into_datum(),
                series.tenant_id.into_datum(),
                date.into_datum(),
                self.n.into_datum(),
                Some(pg_sys::Datum::from(issued_at)),
                issued_by.into_datum(),
                self.document.into_datum(),
                text(&series.kind),
                text(&series.branch),
                text(self.number),
                chain.clone().into_datum(),
            ]);
        }
        Last {
            n: self.n,
            chain,
            date: Some(date),
        }
    }
}

/// What was imported.
pub struct Imported {
    pub series_id: i32,
    pub tenant_id: i32,
    pub period: i32,
    pub n: i64,
}

/// Enters a number that was given elsewhere or chosen by hand: at its place, if its pattern is the series', else among the
/// foreign ones. It must come after what is there, because the next number follows the last one.
pub fn import(asked: &Asked, number: &str, document: Option<Uuid>) -> Result<Imported, Error> {
    let found = asked.find("post")?;
    let Found { series, on, period } = &found;
    let (version, pattern, _) = series.on(*on)?;
    let authority = &context::current()?.authority;
    let administers = authority.allows_every_row("series", "update", series.tenant_id);
    let chosen = version.policy == Policy::Unique && version.manual;
    if !administers && !chosen {
        return Err(Error::not_allowed(
            format!("the series {} gives its numbers itself", series.called()),
            "mandant.next_number draws one; to import numbers of another system, ask for the right update on series",
        ));
    }
    let odd = number.chars().any(char::is_control) || number.trim() != number;
    if odd || number.is_empty() || number.chars().count() > 60 {
        return Err(Error::bad_value(
            format!("\"{number}\" cannot be a number"),
            "1 to 60 letters, digits and signs, without blanks around them",
        ));
    }
    let (numbers, _) = series::tables()?;
    let own = pattern
        .read(number, series.place())
        .filter(|n| series.render(pattern, *n, *on) == number);
    let period = if own.is_some() { *period } else { FOREIGN };
    // SAFETY: in a transaction that may write.
    unsafe {
        let register = numbers.write()?;
        Lock::Numbers(series.id, period).take_awake();
        let tail = tail(&register, series, period);
        let taken = tail.n;
        let n = match own {
            None => taken.unwrap_or(0) + 1,
            Some(n) if taken.is_none_or(|taken| taken < n) => n,
            Some(n) => {
                return Err(Error::bad_value(
                    format!(
                        "{number} is at or below {}, the last number of the series {} in its period",
                        series.render(pattern, taken.unwrap_or(n), *on),
                        series.called()
                    ),
                    "import numbers in ascending order; one that exists is never given again",
                ));
            }
        };
        if version.policy == Policy::GaplessChronological && own.is_some() {
            refuse_earlier_date(series, *on, &tail)?;
        }
        let row = Row {
            series,
            period,
            n,
            number,
            on: *on,
            document,
            issued_by: authority.principal,
        };
        row.append(&register, tail.mine.as_ref());
        release::drew();
        stat::drew(series.tenant_id, 1);
        Ok(Imported {
            series_id: series.id,
            tenant_id: series.tenant_id,
            period,
            n,
        })
    }
}
