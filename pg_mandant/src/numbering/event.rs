//! What happens to a number after it was given: events beside the register, chained per series and tenant.

use pgrx::datum::{IntoDatum, TimestampWithTimeZone, Uuid};
use pgrx::{PgSqlErrorCode, pg_sys};

use super::register::{BETWEEN, chain, hashed, text};
use super::{release, series};
use crate::catalog;
use crate::context;
use crate::error::Error;
use crate::lock::Lock;

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
    if [event.holder, event.reason]
        .iter()
        .flatten()
        .any(|text| text.contains(BETWEEN))
    {
        return Err(Error::bad_value(
            "holder and reason are texts without control characters",
            "write what a person reads",
        ));
    }
    let (_, events) = series::tables()?;
    let context = context::current()?;
    let by_principal = context.authority.principal.map(Uuid::from_bytes);
    let by_login = catalog::role_name(context::asking_user());
    // SAFETY: in a transaction that may write; values of the types of the columns of mandant_internal.number_event.
    unsafe {
        let events = events.write()?;
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
    let types = [
        pg_sys::INT4OID,
        pg_sys::INT4OID,
        pg_sys::INT4OID,
        pg_sys::INT8OID,
    ];
    let values = [
        event.series_id.into_datum(),
        event.period.into_datum(),
        event.tenant_id.into_datum(),
        event.n.into_datum(),
    ];
    // SAFETY: the signature is the one of numbering.sql; a fresh snapshot sees what others committed before the lock.
    let state = unsafe { catalog::answer(c"number_state", &types, values)? };
    let (state, number) = state
        .as_deref()
        .and_then(|state| state.split_once(' '))
        .ok_or_else(|| Error::internal("a number without state"))?;
    let refused = match (state, event.event) {
        (_, "imported") | ("open", _) => return Ok(()),
        ("reserved", "used" | "void") => return Ok(()),
        ("void", _) => "is void, for ever",
        ("reserved", _) => "is reserved already",
        _ => "has its document",
    };
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_RESTRICT_VIOLATION,
        format!("{number} {refused}"),
        "select * from mandant.issued_number",
    ))
}
