//! What somebody asks a number for: the kind, the date, the branch and the tenant; and the series that answers to it.

use std::rc::Rc;

use pgrx::datum::IntoDatum;
use pgrx::pg_sys;
use time::Date;

use super::series::{self, Series};
use crate::access::Whose;
use crate::context;
use crate::error::Error;

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

/// A date of the calendar as one of PostgreSQL.
pub fn postgres_date(date: Date) -> pgrx::datum::Date {
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

impl<'a> Asked<'a> {
    /// As the functions of schema mandant are asked: without a date today, without a code the tenant selected.
    pub fn new(
        kind: Option<&'a str>,
        on_date: Option<pgrx::datum::Date>,
        branch: Option<&'a str>,
        tenant: Option<&'a str>,
    ) -> Self {
        Self {
            kind,
            on: on_date.map_or(When::Today, When::Date),
            branch,
            whose: Whose::coded(tenant),
        }
    }
}

/// A series at a date.
pub struct Found {
    pub series: Rc<Series>,
    pub on: Date,
    pub period: i32,
}

impl Asked<'_> {
    /// Finds the series, and that whoever asks may do that with the kind.
    pub fn find(&self, action: &str) -> Result<Found, Error> {
        let kind = self.kind.ok_or_else(|| {
            Error::bad_value("the kind is missing", "select kind from mandant.series")
        })?;
        let context = context::current()?;
        let tenant_id = context.tenant(self.whose)?;
        let allowed = if context.selected.contains(tenant_id) {
            context.right(kind, action).any.contains(tenant_id)
        } else {
            context.authority.allows(kind, action, tenant_id)
        };
        if !allowed {
            let refusal = context.authority.refusal(kind, action, Some(tenant_id));
            return Err(refusal);
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
pub fn today(timezone: &str) -> Result<Date, Error> {
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
