//! Which number: the register is the counter.
//!
//! The next number is the last row of the register plus one, read under a lock on (series, period). What must be known to
//! draw it is read before, so that between lock and commit there is as little as can be.

pub mod pattern;
pub mod period;
mod register;
pub mod release;
mod series;

use std::rc::Rc;

use pgrx::datum::{IntoDatum, TimestampWithTimeZone, Uuid};
use pgrx::{PgSqlErrorCode, pg_sys};
use time::Date;

use crate::catalog;
use crate::context;
use crate::error::Error;
use register::{Last, Lock, Reader, Writer, chain, hashed, text};
pub use series::{Policy, Series, check};

/// The period of numbers that no pattern gave: imported or chosen ones, counted as they came.
const FOREIGN: i32 = -1;
/// The most numbers in one call.
const MOST: i32 = 100_000;

/// A date of PostgreSQL as one of the calendar.
pub fn day(date: pgrx::datum::Date) -> Result<Date, Error> {
    if date.is_infinity() || date.is_neg_infinity() || !(1..=9999).contains(&date.year()) {
        return Err(not_a_day());
    }
    Date::from_julian_day(date.to_julian_days()).map_err(|_| not_a_day())
}

fn not_a_day() -> Error {
    Error::bad_value(
        "the document date is not between the years 1 and 9999",
        "give a date",
    )
}

fn postgres_date(date: Date) -> pgrx::datum::Date {
    // SAFETY: the days since 2000 of a date that both calendars have.
    unsafe { pgrx::datum::Date::from_pg_epoch_days(date.to_julian_day() - JULIAN_2000) }
}

/// The Julian day of 2000-01-01.
const JULIAN_2000: i32 = pg_sys::POSTGRES_EPOCH_JDATE as i32;

/// The date of a document.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// In the tenant.
    Today,
    /// As it is written.
    Date(pgrx::datum::Date),
    /// Its date in the tenant's time zone.
    Moment(pg_sys::TimestampTz),
}

impl From<Option<pgrx::datum::Date>> for When {
    fn from(date: Option<pgrx::datum::Date>) -> Self {
        date.map_or(Self::Today, Self::Date)
    }
}

/// Whose series.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// That of the one tenant selected.
    Selected,
    /// By code.
    Code(&'a str),
    /// By id.
    Id(i32),
}

impl<'a> From<Option<&'a str>> for Whose<'a> {
    fn from(code: Option<&'a str>) -> Self {
        code.map_or(Self::Selected, Self::Code)
    }
}

/// What somebody asks numbers for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The kind of document.
    pub kind: Option<&'a str>,
    /// The document's date.
    pub on: When,
    /// None: none.
    pub branch: Option<&'a str>,
    /// The tenant.
    pub whose: Whose<'a>,
}

/// A series at a date.
struct Found {
    series: Rc<Series>,
    on: Date,
    period: i32,
}

impl Asked<'_> {
    /// Finds the series, and that whoever asks may do that with the kind.
    fn find(&self, action: &str) -> Result<Found, Error> {
        let kind = self.kind.ok_or_else(|| {
            Error::bad_value("the kind is missing", "select kind from mandant.series")
        })?;
        let context = context::current()?;
        let tenant_id = match self.whose {
            Whose::Selected => context.one()?,
            Whose::Code(code) => context.authority.tenant(code)?,
            Whose::Id(id) => id,
        };
        let allowed = if context.selected.contains(tenant_id) {
            context.right(kind, action).any.contains(tenant_id)
        } else {
            context.authority.allows(kind, action, tenant_id)
        };
        if !allowed {
            return Err(Error::not_allowed(
                format!("you have no right to {action} {kind} here"),
                format!("ask an administrator for a role with the right {action} on {kind}"),
            ));
        }
        let tenant = context.authority.code(tenant_id).unwrap_or_default();
        let series = series::find(tenant_id, tenant, kind, self.branch.unwrap_or_default())?;
        let on = match self.on {
            When::Today => today(&series.timezone)?,
            When::Date(on) => day(on)?,
            When::Moment(at) => day_at(at, &series.timezone)?,
        };
        let (_, _, period) = series.on(on)?;
        Ok(Found { series, on, period })
    }
}

/// The date in a time zone when the transaction began.
fn today(timezone: &str) -> Result<Date, Error> {
    // SAFETY: in a transaction.
    day_at(
        unsafe { pg_sys::GetCurrentTransactionStartTimestamp() },
        timezone,
    )
}

/// The date of a moment in a time zone.
fn day_at(at: pg_sys::TimestampTz, timezone: &str) -> Result<Date, Error> {
    const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
    // SAFETY: the function takes text and timestamptz, neither null.
    let local = unsafe {
        pgrx::direct_function_call::<i64>(
            pg_sys::timestamptz_zone,
            &[timezone.into_datum(), Some(pg_sys::Datum::from(at))],
        )
    };
    let days = local.unwrap_or_default().div_euclid(MICROSECONDS_PER_DAY);
    let date = i32::try_from(days)
        .ok()
        .and_then(|days| Date::from_julian_day(JULIAN_2000.checked_add(days)?).ok());
    date.filter(|date| date.year() > 0).ok_or_else(not_a_day)
}

/// That numbers can be given at all.
fn refuse_reading_only() -> Result<(), Error> {
    // SAFETY: reads the state of server and transaction.
    let (standby, read_only) = unsafe { (pg_sys::RecoveryInProgress(), pg_sys::XactReadOnly) };
    if !read_only && !standby {
        return Ok(());
    }
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
        format!(
            "a number cannot be drawn {}",
            if standby {
                "on a standby"
            } else {
                "in a read-only transaction"
            }
        ),
        if standby {
            "connect to the primary server; mandant.peek_number shows what would be next"
        } else {
            "begin read write; mandant.peek_number shows what would be next"
        },
    ))
}

/// Gives out the next number.
pub fn next(asked: &Asked, document: Option<Uuid>) -> Result<String, Error> {
    let found = asked.find("post")?;
    refuse_reading_only()?;
    // SAFETY: in a transaction that may write.
    let mut given = unsafe {
        let register = series::tables()?.0.write();
        Lock::Numbers(found.series.id, found.period).take();
        draw(&register, &found, &[document])?
    };
    given
        .pop()
        .ok_or_else(|| Error::internal("no number was drawn"))
}

/// Gives out several numbers of one series, one for each document, under one lock.
pub fn next_of_one(
    asked: &Asked,
    count: Option<i32>,
    documents: Option<Vec<Option<Uuid>>>,
) -> Result<Vec<String>, Error> {
    let given = documents.as_ref().map(Vec::len);
    let count = match (count, given) {
        (Some(count), None) if (1..=MOST).contains(&count) => count as usize,
        (Some(count), Some(given)) if count as usize == given && (1..=MOST).contains(&count) => {
            given
        }
        (count, Some(given)) => {
            return Err(Error::bad_value(
                format!(
                    "{given} documents, and {} numbers asked for",
                    count.unwrap_or_default()
                ),
                "give one document for each number, or none at all",
            ));
        }
        (count, None) => {
            return Err(Error::bad_value(
                format!(
                    "{} numbers cannot be drawn",
                    count.map_or_else(|| "null".to_owned(), |count| count.to_string())
                ),
                format!("1 to {MOST} in one call"),
            ));
        }
    };
    let found = asked.find("post")?;
    refuse_reading_only()?;
    let documents = documents.unwrap_or_else(|| vec![None; count]);
    // SAFETY: in a transaction that may write.
    unsafe {
        let register = series::tables()?.0.write();
        Lock::Numbers(found.series.id, found.period).take();
        draw(&register, &found, &documents)
    }
}

/// Gives out one number of each of several kinds; locks are taken in one order, whatever the order of the kinds.
pub fn next_of_each(
    kinds: Vec<Option<String>>,
    asked: &Asked,
    document: Option<Uuid>,
) -> Result<Vec<(String, String)>, Error> {
    if kinds.len() > MOST as usize {
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
    refuse_reading_only()?;
    let mut locks: Vec<_> = found
        .iter()
        .map(|found| Lock::Numbers(found.series.id, found.period))
        .collect();
    locks.sort_unstable();
    locks.dedup();
    // SAFETY: in a transaction that may write.
    unsafe {
        let register = series::tables()?.0.write();
        locks.into_iter().for_each(|lock| lock.take());
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
        .ok_or_else(|| exhausted(series, i64::MAX))?;
    Ok(series.render(pattern, n, on))
}

fn exhausted(series: &Series, last: i64) -> Error {
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
    fn next(&self, version: &series::Version) -> Option<i64> {
        match self.n {
            None => Some(version.start),
            Some(n) => Some(n.checked_add(1)?.max(version.start)),
        }
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
    let mut given = Vec::with_capacity(documents.len());
    for document in documents {
        let limit = version.last.unwrap_or(i64::MAX);
        let n = next
            .filter(|n| *n <= limit)
            .ok_or_else(|| exhausted(series, limit))?;
        let number = series.render(pattern, n, *on);
        let row = Row {
            series,
            period: *period,
            n,
            number: &number,
            on: *on,
            document: *document,
        };
        // SAFETY: as promised; the chain goes on from the last row.
        mine = Some(unsafe { row.append(register, mine.as_ref())? });
        given.push(number);
        next = n.checked_add(1);
    }
    release::drew();
    warn(series, version, next);
    Ok(given)
}

fn warn(series: &Series, version: &series::Version, next: Option<i64>) {
    let (Some(warn_at), Some(next)) = (version.warn_at, next) else {
        return;
    };
    if next > warn_at {
        let left = version.last.unwrap_or(i64::MAX).saturating_sub(next - 1);
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
}

impl Row<'_> {
    /// SAFETY: in a transaction that may write, with the lock of series and period; `before` is the last row of the chain.
    unsafe fn append(&self, register: &Writer, before: Option<&Last>) -> Result<Last, Error> {
        let series = self.series;
        let issued_by = context::current()?
            .authority
            .principal
            .map(Uuid::from_bytes);
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
        Ok(Last {
            n: self.n,
            chain,
            date: Some(date),
        })
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
    refuse_reading_only()?;
    let Found { series, on, period } = &found;
    let (version, pattern, _) = series.on(*on)?;
    let administers =
        context::current()?
            .authority
            .allows_every_row("series", "update", series.tenant_id);
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
        let register = numbers.write();
        Lock::Numbers(series.id, period).take();
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
        };
        row.append(&register, tail.mine.as_ref())?;
        release::drew();
        Ok(Imported {
            series_id: series.id,
            tenant_id: series.tenant_id,
            period,
            n,
        })
    }
}

/// What happens to a number after it was given.
#[derive(Debug)]
pub struct Event<'a> {
    pub series_id: i32,
    pub tenant_id: i32,
    pub period: i32,
    pub n: i64,
    /// `reserved`, `used`, `void` or `imported`.
    pub event: &'a str,
    pub document: Option<Uuid>,
    pub reservation: Option<Uuid>,
    pub expires_at: Option<TimestampWithTimeZone>,
    pub holder: Option<&'a str>,
    pub reason: Option<&'a str>,
}

/// Records what happens to a number, chained per series and tenant; refuses what cannot follow what has happened.
pub fn note(event: &Event) -> Result<(), Error> {
    let (_, events) = series::tables()?;
    let context = context::current()?;
    let by_principal = context.authority.principal.map(Uuid::from_bytes);
    let by_login = catalog::role_name(context::asking_user());
    // SAFETY: in a transaction that may write; values of the types of the columns of mandant_internal.number_event.
    unsafe {
        let events = events.write();
        Lock::Events(event.series_id, event.tenant_id).take();
        refuse_to_follow(event)?;
        let before = events.last([event.series_id, event.tenant_id]);
        let seq = before.as_ref().map_or(0, |last| last.n) + 1;
        let at = pg_sys::GetCurrentTimestamp();
        let expires_at = event
            .expires_at
            .map(|at| pg_sys::TimestampTz::from(at).to_string())
            .unwrap_or_default();
        let chain = chain(
            before.as_ref(),
            &[
                &event.tenant_id.to_string(),
                &seq.to_string(),
                &event.period.to_string(),
                &event.n.to_string(),
                event.event,
                &hashed(event.document.as_ref()),
                &hashed(event.reservation.as_ref()),
                &expires_at,
                event.holder.unwrap_or_default(),
                event.reason.unwrap_or_default(),
                &at.to_string(),
                &hashed(by_principal.as_ref()),
                &by_login,
            ],
        );
        events.append([
            event.series_id.into_datum(),
            event.tenant_id.into_datum(),
            seq.into_datum(),
            event.n.into_datum(),
            event.period.into_datum(),
            text(event.event),
            Some(pg_sys::Datum::from(at)),
            event.document.into_datum(),
            by_principal.into_datum(),
            event.reservation.into_datum(),
            event.expires_at.into_datum(),
            event.holder.into_datum(),
            event.reason.into_datum(),
            text(&by_login),
            chain.into_datum(),
        ]);
        release::drew();
    }
    Ok(())
}

/// A void number stays void, and one that has a document keeps it.
///
/// SAFETY: in a transaction, with the lock of the events.
unsafe fn refuse_to_follow(event: &Event) -> Result<(), Error> {
    use pgrx::FromDatum;
    let types = [
        pg_sys::INT4OID,
        pg_sys::INT4OID,
        pg_sys::INT4OID,
        pg_sys::INT8OID,
    ];
    let function = catalog::function(c"number_state", &types)?;
    let values = [
        event.series_id.into_datum(),
        event.period.into_datum(),
        event.tenant_id.into_datum(),
        event.n.into_datum(),
    ];
    let mut arguments = values.map(|value| pg_sys::NullableDatum {
        isnull: value.is_none(),
        value: value.unwrap_or(pg_sys::Datum::from(0)),
    });
    // SAFETY: the signature is the one of numbering.sql; a fresh snapshot sees what others committed before the lock.
    let state = unsafe {
        catalog::with_fresh_snapshot(|| {
            catalog::call(function, &mut arguments)
                .and_then(|state| String::from_datum(state, false))
        })
    };
    let refused = match (state.as_deref(), event.event) {
        (_, "imported") | (Some("open"), _) => return Ok(()),
        (Some("reserved"), "used" | "void") => return Ok(()),
        (Some("void"), _) => "is void, for ever",
        (Some("reserved"), _) => "is reserved already",
        (Some("used"), _) => "has its document",
        _ => return Err(Error::internal("a number without state")),
    };
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_RESTRICT_VIOLATION,
        format!("the number {refused}"),
        "select * from mandant.issued_number",
    ))
}
