//! The few ways in which this library reaches into PostgreSQL's catalogue: our own objects by schema and name, never by
//! the caller's search path, and a snapshot that is fresh also inside old transactions and parallel workers.

use std::cell::RefCell;
use std::ffi::{CStr, c_int};

use pgrx::{FromDatum, PgSqlErrorCode, pg_sys};

use crate::error::Error;

const SCHEMA: &CStr = c"mandant_internal";

fn missing(kind: &str, name: &CStr) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!(
            "{kind} mandant_internal.{} does not exist",
            name.to_string_lossy()
        ),
        "create extension pg_mandant",
    )
}

fn namespace() -> Result<pg_sys::Oid, Error> {
    // SAFETY: in a transaction; missing_ok, so no error.
    match unsafe { pg_sys::get_namespace_oid(SCHEMA.as_ptr(), true) } {
        pg_sys::Oid::INVALID => Err(missing("schema of", c"")),
        oid => Ok(oid),
    }
}

/// The oid of a relation of ours.
pub fn relation(name: &CStr) -> Result<pg_sys::Oid, Error> {
    // SAFETY: in a transaction; an unknown name gives InvalidOid.
    match unsafe { pg_sys::get_relname_relid(name.as_ptr(), namespace()?) } {
        pg_sys::Oid::INVALID => Err(missing("relation", name)),
        oid => Ok(oid),
    }
}

/// The oid of a function of ours.
pub fn function(name: &CStr, arguments: &[pg_sys::Oid]) -> Result<pg_sys::Oid, Error> {
    let namespace = namespace()?;
    // SAFETY: keys are of the types of the cache PROCNAMEARGSNSP: name, oidvector, oid.
    let oid = unsafe {
        let types = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as c_int);
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as c_int,
            pg_sys::Anum_pg_proc_oid as i16,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(types),
            pg_sys::Datum::from(namespace),
            pg_sys::Datum::from(0),
        )
    };
    if oid == pg_sys::Oid::INVALID {
        Err(missing("function", name))
    } else {
        Ok(oid)
    }
}

/// Whether a table of ours has no row.
pub fn is_empty(relation: pg_sys::Oid) -> bool {
    // SAFETY: in a transaction; reads the table as PostgreSQL reads its catalogue, without index and conditions.
    unsafe {
        let lock = pg_sys::AccessShareLock as c_int;
        let table = pg_sys::table_open(relation, lock);
        let scan = pg_sys::systable_beginscan(
            table,
            pg_sys::Oid::INVALID,
            false,
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        let empty = pg_sys::systable_getnext(scan).is_null();
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(table, lock);
        empty
    }
}

/// The oids of functions that the planner puts into plans, kept for the session: found by name and number of arguments,
/// and by the function in whose place they are put, which is another after the extension was created anew.
pub fn planned_function(
    instead_of: pg_sys::Oid,
    name: &'static CStr,
    arguments: &[pg_sys::Oid],
) -> Result<pg_sys::Oid, Error> {
    type Known = (pg_sys::Oid, &'static CStr, usize, pg_sys::Oid);
    thread_local! {
        static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    }
    let known = KNOWN.with_borrow(|known| {
        known
            .iter()
            .find(|k| k.0 == instead_of && k.1 == name && k.2 == arguments.len())
            .map(|k| k.3)
    });
    match known {
        Some(oid) => Ok(oid),
        None => {
            let oid = function(name, arguments)?;
            KNOWN.with_borrow_mut(|known| known.push((instead_of, name, arguments.len(), oid)));
            Ok(oid)
        }
    }
}

/// Calls a function by oid; None for SQL null.
///
/// # Safety
/// The arguments must be of the function's types.
pub unsafe fn call(
    function: pg_sys::Oid,
    arguments: &mut [pg_sys::NullableDatum],
) -> Option<pg_sys::Datum> {
    // SAFETY: a call frame as fmgr.h lays it out, zeroed, in the current memory context.
    unsafe {
        let flinfo = pg_sys::palloc0(size_of::<pg_sys::FmgrInfo>()).cast::<pg_sys::FmgrInfo>();
        pg_sys::fmgr_info(function, flinfo);
        let size = size_of::<pg_sys::FunctionCallInfoBaseData>() + size_of_val(arguments);
        let frame = pg_sys::palloc0(size).cast::<pg_sys::FunctionCallInfoBaseData>();
        (*frame).flinfo = flinfo;
        (*frame).nargs = arguments.len() as i16;
        let slots = (*frame).args.as_mut_ptr();
        for (index, argument) in arguments.iter().enumerate() {
            *slots.add(index) = *argument;
        }
        let invoke = (*flinfo).fn_addr?;
        let datum = pg_sys::ffi::pg_guard_ffi_boundary(|| invoke(frame));
        if (*frame).isnull { None } else { Some(datum) }
    }
}

/// Runs `read` under a snapshot of this moment.
///
/// Not `GetLatestSnapshot`: that one refuses in parallel mode, where a first look at rights can happen as well.
///
/// # Safety
/// In a transaction; `read` only reads.
pub unsafe fn with_fresh_snapshot<T>(read: impl FnOnce() -> T) -> T {
    static mut FRESH: std::mem::MaybeUninit<pg_sys::SnapshotData> = std::mem::MaybeUninit::zeroed();
    // SAFETY: zeroed data is a valid SnapshotData of type SNAPSHOT_MVCC (0), and GetSnapshotData fills it; pushing
    // copies it. An error in between aborts the transaction, which pops the stack.
    unsafe {
        let snapshot = pg_sys::GetSnapshotData((&raw mut FRESH).cast());
        pg_sys::PushActiveSnapshot(snapshot);
        let result = read();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// What a function of ours that returns text or json (which is kept as text) answers at this moment; none for null.
///
/// # Safety
/// In a transaction; the function only reads, and the arguments must be of its types.
pub unsafe fn answer<const N: usize>(
    name: &CStr,
    types: &[pg_sys::Oid; N],
    arguments: [Option<pg_sys::Datum>; N],
) -> Result<Option<String>, Error> {
    let function = function(name, types)?;
    let mut arguments = arguments.map(|argument| pg_sys::NullableDatum {
        isnull: argument.is_none(),
        value: argument.unwrap_or(pg_sys::Datum::from(0)),
    });
    // SAFETY: as promised by the caller. The snapshot is fresh, never the statement's: an old one would let rights that
    // have ended live on.
    Ok(unsafe {
        with_fresh_snapshot(|| {
            call(function, &mut arguments).and_then(|text| String::from_datum(text, false))
        })
    })
}

/// The name of a role, or its oid where it is gone.
pub fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: in a transaction; noerr gives null.
    let name = unsafe { pg_sys::GetUserNameFromId(role, true) };
    if name.is_null() {
        return role.to_string();
    }
    // SAFETY: a zero-terminated palloc'd string.
    unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned()
}
