//! The register and its events, as tables that only grow: each row is the one before plus one, chained by a hash.
//!
//! The last row is read by index with `SnapshotSelf` under a lock that plain SQL cannot take: it sees what has been
//! committed up to this moment and what this transaction added, at every isolation level, and it never causes a
//! serialization failure. There is no counter row to keep in step, to bloat or to rewind.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CStr;

use pgrx::datum::{Date, IntoDatum, Uuid};
use pgrx::{FromDatum, PgSqlErrorCode, pg_sys};
use sha2::{Digest, Sha256};

use crate::catalog;
use crate::error::Error;

/// The separator of the texts that are hashed: none of them contains it.
pub const BETWEEN: &str = "\u{1f}";

/// What a row says that other rows are counted and chained by.
pub struct Last {
    /// Its place, from 1.
    pub n: i64,
    /// The hash of it and of all before it.
    pub chain: Vec<u8>,
    /// Of a number: the document's date.
    pub date: Option<Date>,
}

/// The most ends of chains that a session keeps in mind.
const MOST_SEEN: usize = 10_000;

thread_local! {
    /// By index and key: the last place that this session has seen.
    static SEEN: RefCell<HashMap<(pg_sys::Oid, [i32; 3]), i64>> = RefCell::default();
}

/// A table of rows in chains, whose primary key is the chain's key (int4 columns) and then the place in it.
#[derive(Debug, Clone, Copy)]
pub struct Chained {
    table: pg_sys::Oid,
    index: pg_sys::Oid,
    columns: Columns,
    /// What cannot be done where nothing can be written.
    writing: &'static str,
}

/// Where the columns are, counted from 1; the key's are the first ones.
#[derive(Debug, Clone, Copy)]
struct Columns {
    n: i16,
    chain: i16,
    date: Option<i16>,
}

impl Chained {
    /// `mandant_internal.number`
    pub fn numbers() -> Result<Self, Error> {
        let columns = Columns {
            n: 5,
            chain: 12,
            date: Some(4),
        };
        let writing = "a number cannot be drawn";
        Self::named(c"number", c"number_pkey", columns, writing)
    }

    /// `mandant_internal.number_event`
    pub fn events() -> Result<Self, Error> {
        let columns = Columns {
            n: 3,
            chain: 15,
            date: None,
        };
        let writing = "what happens to a number cannot be recorded";
        Self::named(c"number_event", c"number_event_pkey", columns, writing)
    }

    fn named(
        table: &CStr,
        index: &CStr,
        columns: Columns,
        writing: &'static str,
    ) -> Result<Self, Error> {
        Ok(Self {
            table: catalog::relation(table)?,
            index: catalog::relation(index)?,
            columns,
            writing,
        })
    }

    /// Opens the table to read the ends of its chains.
    ///
    /// # Safety
    /// In a transaction.
    pub unsafe fn read(&self) -> Reader {
        // SAFETY: as promised.
        unsafe { self.open(pg_sys::AccessShareLock as i32) }
    }

    /// SAFETY: in a transaction; closed by Drop, or by the end of the transaction after an error.
    unsafe fn open(&self, mode: i32) -> Reader {
        // SAFETY: as promised.
        unsafe {
            Reader {
                table: pg_sys::table_open(self.table, mode),
                index: pg_sys::index_open(self.index, mode),
                columns: self.columns,
            }
        }
    }

    /// Opens the table to append to its chains. What it costs is spent before the lock of a chain is taken.
    ///
    /// # Safety
    /// In a transaction.
    pub unsafe fn write(&self) -> Result<Writer, Error> {
        self.refuse_reading_only()?;
        // SAFETY: closed by Drop, or by the end of the transaction after an error.
        unsafe {
            let reader = self.open(pg_sys::RowExclusiveLock as i32);
            Ok(Writer {
                indexes: pg_sys::CatalogOpenIndexes(reader.table),
                reader,
            })
        }
    }

    /// The executor, which refuses this elsewhere, is not asked here.
    fn refuse_reading_only(&self) -> Result<(), Error> {
        // SAFETY: reads the state of server and transaction.
        let (place, hint) = match unsafe { (pg_sys::RecoveryInProgress(), pg_sys::XactReadOnly) } {
            (true, _) => ("on a standby", "connect to the primary server"),
            (_, true) => ("in a read-only transaction", "begin read write"),
            _ => return Ok(()),
        };
        Err(Error::new(
            PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
            format!("{} {place}", self.writing),
            format!("{hint}; mandant.peek_number shows what would be next"),
        ))
    }
}

/// A table of chains that is open.
pub struct Reader {
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    columns: Columns,
}

impl Reader {
    /// The last row of a chain that is committed, or of this transaction.
    ///
    /// A row that was the last one before bounds the search: else every row of the last page of the index is looked at.
    ///
    /// # Safety
    /// In a transaction.
    pub unsafe fn last<const K: usize>(&self, key: [i32; K]) -> Option<Last> {
        let mut chain = [0; 3];
        chain[..K].copy_from_slice(&key);
        // SAFETY: the index is open.
        let chain = (unsafe { (*self.index).rd_id }, chain);
        let seen = SEEN.with_borrow(|seen| seen.get(&chain).copied());
        // SAFETY: as promised.
        let last = unsafe {
            // What this session saw was perhaps its own, and undone.
            seen.and_then(|seen| self.find(key, seen))
                .or_else(|| self.find(key, i64::MIN))
        };
        if let Some(last) = &last {
            SEEN.with_borrow_mut(|seen| {
                if seen.len() >= MOST_SEEN {
                    seen.clear();
                }
                seen.insert(chain, last.n);
            });
        }
        last
    }

    /// SAFETY: in a transaction.
    unsafe fn find<const K: usize>(&self, key: [i32; K], at_least: i64) -> Option<Last> {
        // SAFETY: the scan is ended before anything it points to is used up; keys are int4, the place is int8.
        unsafe {
            let mut keys = [pg_sys::ScanKeyData::default(); 4];
            for (column, (entry, value)) in (1..).zip(keys.iter_mut().zip(key)) {
                pg_sys::ScanKeyInit(
                    entry,
                    column,
                    pg_sys::BTEqualStrategyNumber as u16,
                    pg_sys::Oid::from(pg_sys::F_INT4EQ),
                    pg_sys::Datum::from(value),
                );
            }
            pg_sys::ScanKeyInit(
                &mut keys[K],
                self.columns.n,
                pg_sys::BTGreaterEqualStrategyNumber as u16,
                pg_sys::Oid::from(pg_sys::F_INT8GE),
                pg_sys::Datum::from(at_least),
            );
            let scan = pg_sys::systable_beginscan_ordered(
                self.table,
                self.index,
                &raw mut pg_sys::SnapshotSelfData,
                K as i32 + 1,
                keys.as_mut_ptr(),
            );
            let tuple = pg_sys::systable_getnext_ordered(
                scan,
                pg_sys::ScanDirection::BackwardScanDirection,
            );
            let last = (!tuple.is_null()).then(|| {
                let read = |column: i16| {
                    let mut isnull = false;
                    let form = (*self.table).rd_att;
                    pg_sys::heap_getattr(tuple, i32::from(column), form, &mut isnull)
                };
                Last {
                    n: read(self.columns.n).value() as i64,
                    chain: FromDatum::from_datum(read(self.columns.chain), false)
                        .unwrap_or_default(),
                    date: self
                        .columns
                        .date
                        .and_then(|column| FromDatum::from_datum(read(column), false)),
                }
            });
            pg_sys::systable_endscan_ordered(scan);
            last
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // the transaction is being undone, which closes what is open
        }
        const KEPT: i32 = pg_sys::NoLock as i32; // until the transaction ends
        // SAFETY: opened by Chained::open.
        unsafe {
            pg_sys::index_close(self.index, KEPT);
            pg_sys::table_close(self.table, KEPT);
        }
    }
}

/// A table of chains that is open for appending.
pub struct Writer {
    reader: Reader,
    indexes: pg_sys::CatalogIndexState,
}

impl std::ops::Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Writer {
    /// Adds a row: values of the types of the columns, in order.
    ///
    /// # Safety
    /// In a transaction that may write, with the lock of the chain; `values` must fit the columns.
    pub unsafe fn append<const N: usize>(&self, mut values: [Option<pg_sys::Datum>; N]) {
        let mut nulls = values.map(|value| value.is_none());
        let mut datums = values
            .each_mut()
            .map(|value| value.take().unwrap_or(pg_sys::Datum::from(0)));
        // SAFETY: as promised; the indexes are of the table. Like an insert, without triggers, of which there are none.
        unsafe {
            let table = self.reader.table;
            let form = (*table).rd_att;
            let tuple = pg_sys::heap_form_tuple(form, datums.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::CatalogTupleInsertWithInfo(table, tuple, self.indexes);
            pg_sys::heap_freetuple(tuple);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // as Reader
        }
        // SAFETY: opened by Chained::write.
        unsafe { pg_sys::CatalogCloseIndexes(self.indexes) }
    }
}

/// The hash of a row: of the one before it and of what it says.
pub fn chain(before: Option<&Last>, texts: &[&str]) -> Vec<u8> {
    let mut chain = Sha256::new();
    if let Some(before) = before {
        chain.update(&before.chain);
    }
    for (place, text) in texts.iter().enumerate() {
        if place > 0 {
            chain.update(BETWEEN);
        }
        chain.update(text);
    }
    chain.finalize().to_vec()
}

/// A uuid as it is hashed: 32 hexadecimal digits, or empty.
pub fn hashed(id: Option<&Uuid>) -> String {
    id.map(|id| hex::encode(id.as_bytes())).unwrap_or_default()
}

/// A text as a value of a column.
pub fn text(text: &str) -> Option<pg_sys::Datum> {
    text.into_datum()
}
