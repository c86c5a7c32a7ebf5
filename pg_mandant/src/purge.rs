//! The end of a tenant: its rows go from every table, whatever policies and triggers there are, and what they said is
//! left as a hash.
//!
//! No statement could do it: triggers keep what was posted or recorded, row security shows nobody everything, and whatever
//! the owner of a table hung on it would run with the power to delete. So rows are read and deleted here, beneath all of
//! that; nobody may call it but the owner of the extension, whose function has asked for all that is to be asked.

use std::ffi::CStr;

use pgrx::datum::{Date, Uuid};
use pgrx::{FromDatum, PgMemoryContexts, PgTupleDesc, pg_sys};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// Waits until nobody who began earlier writes into a table, as long as `lock_timeout` allows.
///
/// Whoever comes later looks at their rights anew, as everybody does who waited for a lock. If those still say that the
/// tenant is open to them, the table is held until the transaction ends.
pub fn await_writers(relation: pg_sys::Oid, hold: bool) {
    const WRITERS: i32 = pg_sys::ShareRowExclusiveLock as i32;
    // SAFETY: in a transaction.
    unsafe {
        pg_sys::LockRelationOid(relation, WRITERS);
        if !hold {
            pg_sys::UnlockRelationOid(relation, WRITERS);
        }
    }
}

/// The rows of a tenant.
pub struct Whose<'a> {
    /// The column that says whose a row is.
    pub column: &'a CStr,
    /// The tenant.
    pub tenant: i32,
    /// An index that begins with the column, if there is one: in its order rows are read.
    pub key: Option<pg_sys::Oid>,
}

/// A table that is open, and a snapshot of this moment, whatever that of the transaction is.
struct Table {
    relation: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
}

impl Table {
    /// SAFETY: in a transaction; the relation is a table.
    unsafe fn open(relation: pg_sys::Oid, lock: u32) -> Self {
        // SAFETY: as promised; both are released by `close`, or by the end of the transaction after an error.
        unsafe {
            Self {
                relation: pg_sys::table_open(relation, lock as i32),
                snapshot: pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot()),
            }
        }
    }

    /// SAFETY: opened, and no row of it is used any more.
    unsafe fn close(self) {
        // SAFETY: as promised; locks stay until the transaction ends.
        unsafe {
            pg_sys::UnregisterSnapshot(self.snapshot);
            pg_sys::table_close(self.relation, pg_sys::NoLock as i32);
        }
    }

    /// Each row, or those of a tenant.
    ///
    /// SAFETY: the table is open; the index is of it.
    unsafe fn each(
        &self,
        whose: Option<&Whose>,
        mut each: impl FnMut(pg_sys::HeapTuple),
    ) -> Result<(), Error> {
        // SAFETY: as promised; keys are of the type of the column. A row is good until the next one.
        unsafe {
            let mut key = pg_sys::ScanKeyData::default();
            let mut keys = 0;
            let mut ordered_by = pg_sys::Oid::INVALID;
            if let Some(whose) = whose {
                let column = self.column(whose.column)?;
                pg_sys::ScanKeyInit(
                    &mut key,
                    column,
                    pg_sys::BTEqualStrategyNumber as u16,
                    pg_sys::Oid::from(pg_sys::F_INT4EQ),
                    pg_sys::Datum::from(whose.tenant),
                );
                keys = 1;
                ordered_by = whose.key.unwrap_or(ordered_by);
            }
            if ordered_by == pg_sys::Oid::INVALID {
                let (none, by_index) = (pg_sys::Oid::INVALID, false);
                let (relation, snapshot) = (self.relation, self.snapshot);
                let scan =
                    pg_sys::systable_beginscan(relation, none, by_index, snapshot, keys, &mut key);
                loop {
                    let row = pg_sys::systable_getnext(scan);
                    if row.is_null() {
                        break;
                    }
                    each(row);
                }
                pg_sys::systable_endscan(scan);
                return Ok(());
            }
            let index = pg_sys::index_open(ordered_by, pg_sys::AccessShareLock as i32);
            let scan = pg_sys::systable_beginscan_ordered(
                self.relation,
                index,
                self.snapshot,
                keys,
                &mut key,
            );
            loop {
                let forward = pg_sys::ScanDirection::ForwardScanDirection;
                let row = pg_sys::systable_getnext_ordered(scan, forward);
                if row.is_null() {
                    break;
                }
                each(row);
            }
            pg_sys::systable_endscan_ordered(scan);
            pg_sys::index_close(index, pg_sys::NoLock as i32);
            Ok(())
        }
    }

    /// SAFETY: the table is open.
    unsafe fn column(&self, name: &CStr) -> Result<i16, Error> {
        // SAFETY: as promised; a name that is not there gives 0.
        match unsafe { pg_sys::get_attnum((*self.relation).rd_id, name.as_ptr()) } {
            column if column > 0 => Ok(column),
            _ => Err(Error::internal(format!(
                "a table without column {}",
                name.to_string_lossy()
            ))),
        }
    }

    /// SAFETY: a row of the table; the column is of type `T`.
    unsafe fn value<T: FromDatum>(&self, row: pg_sys::HeapTuple, column: i16) -> Option<T> {
        // SAFETY: as promised.
        unsafe {
            let mut isnull = false;
            let form = (*self.relation).rd_att;
            let datum = pg_sys::heap_getattr(row, i32::from(column), form, &mut isnull);
            T::from_datum(datum, isnull)
        }
    }

    /// A row as PostgreSQL writes it: `(1,"a b",)`. Output functions are not whoever made the table's, unlike casts.
    ///
    /// SAFETY: a row of the table.
    unsafe fn written(&self, row: pg_sys::HeapTuple) -> Vec<u8> {
        // SAFETY: as promised; the text is zero-terminated.
        unsafe {
            let record = pg_sys::heap_copy_tuple_as_datum(row, (*self.relation).rd_att);
            let text = pg_sys::OidOutputFunctionCall(pg_sys::F_RECORD_OUT.into(), record);
            CStr::from_ptr(text).to_bytes().to_vec()
        }
    }
}

/// What went: how many rows, and the SHA-256 of all of them, each as it is written and a line feed.
struct Removed {
    rows: i64,
    hash: Sha256,
    memory: PgMemoryContexts,
}

impl Removed {
    /// SAFETY: a row of the table that nobody else is at.
    unsafe fn remove(&mut self, table: &Table, row: pg_sys::HeapTuple) {
        // SAFETY: as promised. It is deleted as rows of the catalogue are, without triggers.
        unsafe {
            let hash = &mut self.hash;
            self.memory.switch_to(|_| {
                hash.update(table.written(row));
                hash.update(b"\n");
            });
            self.memory.reset();
            self.rows += 1;
            let mut place = (*row).t_self;
            pg_sys::simple_heap_delete(table.relation, &mut place);
        }
    }
}

/// Removes the rows of a tenant, or those in some places (`(0,1)`), in the order of these.
pub fn remove(
    relation: pg_sys::Oid,
    whose: &Whose,
    places: Option<Vec<String>>,
) -> Result<(i64, Vec<u8>), Error> {
    let mut removed = Removed {
        rows: 0,
        hash: Sha256::new(),
        memory: PgMemoryContexts::new("pg_mandant purge"),
    };
    // SAFETY: in a transaction that may write; whoever calls has waited for all who wrote.
    unsafe {
        let table = Table::open(relation, pg_sys::RowExclusiveLock);
        match places {
            None => table.each(Some(whose), |row| removed.remove(&table, row))?,
            Some(places) => {
                for place in &places {
                    fetch(&table, place, &mut removed)?;
                }
            }
        }
        table.close();
        pg_sys::CommandCounterIncrement();
    }
    Ok((removed.rows, removed.hash.finalize().to_vec()))
}

/// SAFETY: the table is open, nobody else is at the row.
unsafe fn fetch(table: &Table, place: &str, removed: &mut Removed) -> Result<(), Error> {
    let numbers = place.trim_matches(['(', ')']).split_once(',');
    let parsed = numbers.and_then(|(b, o)| Some((b.parse::<u32>().ok()?, o.parse::<u16>().ok()?)));
    let (block, offset) =
        parsed.ok_or_else(|| Error::internal(format!("no place in a table: {place}")))?;
    // SAFETY: as promised; a row that is found holds its page until the buffer is released.
    unsafe {
        let mut row = pg_sys::HeapTupleData::default();
        row.t_self.ip_blkid.bi_hi = (block >> 16) as u16;
        row.t_self.ip_blkid.bi_lo = (block & 0xffff) as u16;
        row.t_self.ip_posid = offset;
        let (mut buffer, keep) = (0, false);
        if !pg_sys::heap_fetch(table.relation, table.snapshot, &mut row, &mut buffer, keep) {
            return Err(Error::internal("a row is gone that was to be purged"));
        }
        removed.remove(table, &mut row);
        pg_sys::ReleaseBuffer(buffer);
    }
    Ok(())
}

/// The latest day in a column among the rows of a tenant, and what that row is called.
pub fn latest(
    relation: pg_sys::Oid,
    whose: &Whose,
    column: &CStr,
    named_by: Option<&CStr>,
) -> Result<Option<(Date, Option<String>)>, Error> {
    let mut latest: Option<(Date, Option<String>)> = None;
    // SAFETY: in a transaction; the columns are of types date and text, as whoever calls has seen.
    unsafe {
        let table = Table::open(relation, pg_sys::AccessShareLock);
        let column = table.column(column)?;
        let named_by = named_by.map(|name| table.column(name)).transpose()?;
        table.each(Some(whose), |row| {
            if let Some(day) = table.value::<Date>(row, column)
                && latest.as_ref().is_none_or(|known| known.0 < day)
            {
                let name = named_by.and_then(|column| table.value::<String>(row, column));
                latest = Some((day, name));
            }
        })?;
        table.close();
    }
    Ok(latest)
}

/// Which of some ids stand in columns of type uuid of a table, whoever's its rows are.
pub fn referred(relation: pg_sys::Oid, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let mut found = vec![false; ids.len()];
    let mut sorted: Vec<_> = ids.iter().map(|id| *id.as_bytes()).collect();
    sorted.sort_unstable();
    // SAFETY: in a transaction; a uuid is 16 bytes where it points.
    unsafe {
        let table = Table::open(relation, pg_sys::AccessShareLock);
        let form = PgTupleDesc::from_pg_copy((*table.relation).rd_att);
        let columns: Vec<i16> = (0..form.len())
            .filter_map(|place| form.get(place))
            .filter(|column| column.atttypid == pg_sys::UUIDOID && !column.attisdropped)
            .map(|column| column.attnum)
            .collect();
        if !columns.is_empty() {
            table.each(None, |row| {
                for column in &columns {
                    let id = table.value::<Uuid>(row, *column);
                    let place = id.and_then(|id| sorted.binary_search(id.as_bytes()).ok());
                    if let Some(place) = place {
                        found[place] = true;
                    }
                }
            })?;
        }
        table.close();
    }
    let found = sorted.into_iter().zip(found).filter(|entry| entry.1);
    Ok(found.map(|entry| Uuid::from_bytes(entry.0)).collect())
}
