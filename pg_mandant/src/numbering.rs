//! Which number: the register is the counter.
//!
//! The next number is the last row of the register plus one, read by index with `SnapshotSelf` under a lock on
//! (series, period) that plain SQL cannot take. There is no counter row to keep in step, to bloat or to rewind.

pub mod pattern;
pub mod period;

use pgrx::datum::{Date, IntoDatum, Json, Uuid};
use pgrx::{PgSqlErrorCode, pg_sys};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::catalog;
use crate::context;
use crate::error::Error;
use pattern::{Pattern, Values};
use period::{Day, Reset};

/// A series and what its tenant adds to it, as `mandant_internal.series_of` gives it.
#[derive(Debug, Deserialize)]
pub struct Series {
    id: i32,
    tenant_id: i32,
    tenant: String,
    kind: String,
    branch: String,
    pattern: String,
    reset: String,
    start: i64,
    /// Month and day on which the fiscal year begins: `04-01`.
    fiscal_year_start: String,
}

/// Reads what SQL hands over.
pub fn series(series: Json) -> Result<Series, Error> {
    serde_json::from_value(series.0).map_err(|error| Error::internal(format!("series: {error}")))
}

/// A finite date.
pub fn day(date: Date) -> Result<Day, Error> {
    if date.is_infinity() || date.is_neg_infinity() || !(1..=9999).contains(&date.year()) {
        return Err(Error::bad_value(
            "the document date is not between the years 1 and 9999",
            "give a date",
        ));
    }
    Ok(Day {
        year: date.year(),
        month: date.month(),
        day: date.day(),
    })
}

/// The columns of `mandant_internal.number`, in order.
mod column {
    pub const SERIES_ID: i16 = 1;
    pub const PERIOD: i16 = 2;
    pub const N: i16 = 3;
    pub const CHAIN: i16 = 11;
    pub const COUNT: usize = 11;
}

struct Last {
    n: i64,
    chain: Vec<u8>,
}

/// Gives out the next number: waits for whoever is at it in this series and period, until their transaction ends.
pub fn draw(series: &Series, on: Day, document: Option<Uuid>) -> Result<String, Error> {
    let (pattern, period) = plan(series, on)?;
    let issued_by = context::current()?.authority.principal;
    let relation = catalog::relation(c"number")?;
    let index = catalog::relation(c"number_pkey")?;
    // SAFETY: in a transaction that may write; values are of the types of the columns; the lock is kept until the
    // transaction ends, so nobody else adds to this series and period meanwhile.
    unsafe {
        pg_sys::PreventCommandIfReadOnly(c"next_number()".as_ptr());
        lock(series.id, period);
        let mode = pg_sys::RowExclusiveLock as i32;
        let table = pg_sys::table_open(relation, mode);
        let last = last(table, index, series.id, period);
        let n = last
            .as_ref()
            .map_or(Some(series.start), |last| last.n.checked_add(1))
            .ok_or_else(exhausted)?;
        let number = render(&pattern, series, on, n);
        let issued_at = pg_sys::GetCurrentTimestamp();
        let uuid_text = |bytes: Option<&[u8; 16]>| bytes.map(hex::encode).unwrap_or_default();
        let mut chain = Sha256::new();
        chain.update(last.map(|last| last.chain).unwrap_or_default());
        chain.update(
            [
                series.tenant_id.to_string(),
                series.kind.clone(),
                series.branch.clone(),
                period.to_string(),
                n.to_string(),
                number.clone(),
                format!("{:04}-{:02}-{:02}", on.year, on.month, on.day),
                uuid_text(document.as_ref().map(Uuid::as_bytes)),
                issued_at.to_string(),
                uuid_text(issued_by.as_ref()),
            ]
            .join("\u{1f}"),
        );
        let date =
            Date::new(on.year, on.month, on.day).map_err(|_| Error::internal("no such date"))?;
        let mut values: [Option<pg_sys::Datum>; column::COUNT] = [
            series.id.into_datum(),
            period.into_datum(),
            n.into_datum(),
            series.tenant_id.into_datum(),
            series.kind.clone().into_datum(),
            number.clone().into_datum(),
            document.into_datum(),
            date.into_datum(),
            Some(pg_sys::Datum::from(issued_at)),
            issued_by.map(Uuid::from_bytes).into_datum(),
            chain.finalize().to_vec().into_datum(),
        ];
        let mut nulls = values.map(|value| value.is_none());
        let mut datums = values
            .each_mut()
            .map(|value| value.take().unwrap_or(pg_sys::Datum::from(0)));
        let tuple =
            pg_sys::heap_form_tuple((*table).rd_att, datums.as_mut_ptr(), nulls.as_mut_ptr());
        pg_sys::CatalogTupleInsert(table, tuple);
        pg_sys::table_close(table, pg_sys::NoLock as i32);
        // Later draws and reads of this transaction see the row.
        pg_sys::CommandCounterIncrement();
        Ok(number)
    }
}

/// The number that would be next, without taking it or waiting for anybody.
pub fn preview(series: &Series, on: Day) -> Result<String, Error> {
    let (pattern, period) = plan(series, on)?;
    let (relation, index) = (
        catalog::relation(c"number")?,
        catalog::relation(c"number_pkey")?,
    );
    // SAFETY: reads only.
    let last = unsafe {
        let mode = pg_sys::AccessShareLock as i32;
        let table = pg_sys::table_open(relation, mode);
        let last = last(table, index, series.id, period);
        pg_sys::table_close(table, mode);
        last
    };
    let n = last
        .map_or(Some(series.start), |last| last.n.checked_add(1))
        .ok_or_else(exhausted)?;
    Ok(render(&pattern, series, on, n))
}

fn plan(series: &Series, on: Day) -> Result<(Pattern, i32), Error> {
    let reset: Reset = series.reset.parse()?;
    let pattern = Pattern::parse(&series.pattern, reset)?;
    Ok((
        pattern,
        reset.period(on, period::start(&series.fiscal_year_start)?),
    ))
}

fn render(pattern: &Pattern, series: &Series, on: Day, n: i64) -> String {
    let start = period::start(&series.fiscal_year_start).unwrap_or((1, 1));
    pattern.render(&Values {
        n,
        on,
        fiscal_year: period::fiscal_year(on, start),
        tenant: &series.tenant,
        branch: &series.branch,
    })
}

fn exhausted() -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        "the series has no number left",
        "define a new series with another pattern",
    )
}

/// Locks (series, period) until the end of the transaction; waits as long as `lock_timeout` allows.
unsafe fn lock(series: i32, period: i32) {
    // SAFETY: a tag of the class of user locks, which no SQL function takes; fields are free to choose.
    unsafe {
        let tag = pg_sys::LOCKTAG {
            locktag_field1: pg_sys::MyDatabaseId.to_u32(),
            locktag_field2: series as u32,
            locktag_field3: period as u32,
            locktag_field4: 0,
            locktag_type: pg_sys::LockTagType::LOCKTAG_USERLOCK as u8,
            locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
        };
        pg_sys::LockAcquire(&tag, pg_sys::ExclusiveLock as i32, false, false);
    }
}

/// The last number of a series and period that is committed, or given by this transaction.
///
/// SAFETY: the table and its primary key are open to read.
unsafe fn last(
    table: pg_sys::Relation,
    index: pg_sys::Oid,
    series: i32,
    period: i32,
) -> Option<Last> {
    // SAFETY: the scan is ended before anything it points to is used up; keys are int4.
    unsafe {
        let mut keys = [pg_sys::ScanKeyData::default(); 2];
        for (key, (column, value)) in keys
            .iter_mut()
            .zip([(column::SERIES_ID, series), (column::PERIOD, period)])
        {
            pg_sys::ScanKeyInit(
                key,
                column,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::Oid::from(pg_sys::F_INT4EQ),
                pg_sys::Datum::from(value),
            );
        }
        let mode = pg_sys::AccessShareLock as i32;
        let index = pg_sys::index_open(index, mode);
        let snapshot = &raw mut pg_sys::SnapshotSelfData;
        let scan = pg_sys::systable_beginscan_ordered(table, index, snapshot, 2, keys.as_mut_ptr());
        let tuple =
            pg_sys::systable_getnext_ordered(scan, pg_sys::ScanDirection::BackwardScanDirection);
        let last = if tuple.is_null() {
            None
        } else {
            let read = |column: i16| {
                let mut isnull = false;
                pg_sys::heap_getattr(tuple, i32::from(column), (*table).rd_att, &mut isnull)
            };
            let chain = pgrx::FromDatum::from_datum(read(column::CHAIN), false);
            Some(Last {
                n: read(column::N).value() as i64,
                chain: chain.unwrap_or_default(),
            })
        };
        pg_sys::systable_endscan_ordered(scan);
        pg_sys::index_close(index, mode);
        last
    }
}
