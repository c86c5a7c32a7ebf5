//! What row security itself does not cover: functions and statements by which one could count rows of others or reach
//! their sessions, and the end of the register.

use std::ffi::{CStr, c_int, c_void};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::catalog;
use crate::context::{self, Binding};
use crate::error::Error;

/// Functions that count what statements read before the filter.
const COUNT_ROWS_OF_OTHERS: [u32; 12] = [
    pg_sys::F_PG_STAT_GET_TUPLES_RETURNED,
    pg_sys::F_PG_STAT_GET_TUPLES_FETCHED,
    pg_sys::F_PG_STAT_GET_XACT_TUPLES_RETURNED,
    pg_sys::F_PG_STAT_GET_XACT_TUPLES_FETCHED,
    pg_sys::F_PG_STAT_GET_BLOCKS_FETCHED,
    pg_sys::F_PG_STAT_GET_BLOCKS_HIT,
    pg_sys::F_PG_STAT_GET_XACT_BLOCKS_FETCHED,
    pg_sys::F_PG_STAT_GET_XACT_BLOCKS_HIT,
    pg_sys::F_PG_STAT_GET_DB_TUPLES_RETURNED,
    pg_sys::F_PG_STAT_GET_DB_TUPLES_FETCHED,
    pg_sys::F_PG_STAT_GET_DB_BLOCKS_FETCHED,
    pg_sys::F_PG_STAT_GET_DB_BLOCKS_HIT,
];

/// Functions by which SQL in one employee's request reaches the sessions of others, or outlives the request.
const LEAVE_THE_REQUEST: [u32; 20] = [
    pg_sys::F_PG_CANCEL_BACKEND,
    pg_sys::F_PG_TERMINATE_BACKEND,
    pg_sys::F_PG_NOTIFY,
    pg_sys::F_PG_ADVISORY_LOCK_INT8,
    pg_sys::F_PG_ADVISORY_LOCK_INT4_INT4,
    pg_sys::F_PG_ADVISORY_LOCK_SHARED_INT8,
    pg_sys::F_PG_ADVISORY_LOCK_SHARED_INT4_INT4,
    pg_sys::F_PG_TRY_ADVISORY_LOCK_INT8,
    pg_sys::F_PG_TRY_ADVISORY_LOCK_INT4_INT4,
    pg_sys::F_PG_TRY_ADVISORY_LOCK_SHARED_INT8,
    pg_sys::F_PG_TRY_ADVISORY_LOCK_SHARED_INT4_INT4,
    pg_sys::F_LO_CREAT,
    pg_sys::F_LO_CREATE,
    pg_sys::F_LO_FROM_BYTEA,
    pg_sys::F_LO_OPEN,
    pg_sys::F_LO_PUT,
    pg_sys::F_LO_GET_OID.to_u32(), // bound as an oid for its name
    pg_sys::F_LO_GET_OID_INT8_INT4,
    pg_sys::F_LO_UNLINK,
    pg_sys::F_PG_EXPORT_SNAPSHOT,
];

static mut NEXT_ACCESS: pg_sys::object_access_hook_type = None;

/// Watches functions that are about to run and objects about to be dropped; once per process.
pub fn init() {
    // SAFETY: _PG_init chains the hook.
    unsafe {
        NEXT_ACCESS = pg_sys::object_access_hook;
        pg_sys::object_access_hook = Some(watch_access);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn watch_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    part: c_int,
    argument: *mut c_void,
) {
    let refused = match access {
        pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE => refuse_function(object),
        pg_sys::ObjectAccessType::OAT_DROP if class == pg_sys::RelationRelationId && part == 0 => {
            refuse_drop(object)
        }
        _ => Ok(()),
    };
    if let Err(error) = refused {
        ErrorReport::from(error).report(PgLogLevel::ERROR);
    }
    // SAFETY: passes on what it was given.
    unsafe {
        if let Some(next) = NEXT_ACCESS {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next(access, class, object, part, argument));
        }
    }
}

fn refuse_function(function: pg_sys::Oid) -> Result<(), Error> {
    let function = function.to_u32();
    if function >= pg_sys::FirstNormalObjectId {
        return Ok(());
    }
    if LEAVE_THE_REQUEST.contains(&function)
        && context::binding_of(context::asking_user()) == Binding::Relay
        && !context::bypasses(context::asking_user())
    {
        return Err(Error::not_allowed(
            "a relay cannot reach other sessions, nor leave anything behind",
            "do it as an administrator, on a connection of your own",
        ));
    }
    if COUNT_ROWS_OF_OTHERS.contains(&function) && !may_see_statistics() {
        return Err(Error::not_allowed(
            "these statistics count rows of every tenant",
            "grant pg_read_all_stats to a role for monitoring that is not bound to a tenant",
        ));
    }
    Ok(())
}

fn may_see_statistics() -> bool {
    let all_stats = pg_sys::Oid::from(pg_sys::ROLE_PG_READ_ALL_STATS);
    // SAFETY: inside a transaction; reads memberships from the catalogue cache.
    context::bypasses(context::asking_user())
        || unsafe { pg_sys::is_member_of_role(context::asking_user(), all_stats) }
}

/// 23001 where the register goes with what is dropped, as long as it holds numbers.
fn refuse_drop(relation: pg_sys::Oid) -> Result<(), Error> {
    if catalog::relation(c"number") != Ok(relation) || catalog::is_empty(relation) {
        return Ok(());
    }
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_RESTRICT_VIOLATION,
        "the register of numbers cannot be dropped while it holds any",
        "keep a dump of the database first; then a superuser can empty it: truncate mandant_internal.number",
    ))
}

/// 42501 for statements whose effect no event trigger can keep under the rule.
///
/// # Safety
/// A statement that is about to be executed.
#[pg_guard]
pub unsafe extern "C-unwind" fn check_statement(statement: *mut pg_sys::Node) {
    // SAFETY: as promised by the caller; the tag says which statement it is.
    let refused = unsafe {
        match (*statement).type_ {
            pg_sys::NodeTag::T_ExplainStmt => check_explain(statement.cast()),
            pg_sys::NodeTag::T_IndexStmt => check_concurrent_key(statement.cast()),
            _ => Ok(()),
        }
    };
    if let Err(error) = refused {
        ErrorReport::from(error).report(PgLogLevel::ERROR);
    }
}

/// `explain analyze create table as` makes the table, and sends no event.
unsafe fn check_explain(statement: *mut pg_sys::ExplainStmt) -> Result<(), Error> {
    // SAFETY: a parsed statement: a list of options, and a query that is analysed.
    unsafe {
        let query = (*statement).query.cast::<pg_sys::Query>();
        let makes = (*query).type_ == pg_sys::NodeTag::T_Query
            && !(*query).utilityStmt.is_null()
            && (*(*query).utilityStmt).type_ == pg_sys::NodeTag::T_CreateTableAsStmt;
        let options = (*statement).options;
        let runs = (0..pg_sys::list_length(options)).any(|n| {
            let option = pg_sys::list_nth(options, n).cast::<pg_sys::DefElem>();
            CStr::from_ptr((*option).defname) == c"analyze" && pg_sys::defGetBoolean(option)
        });
        if !(makes && runs) {
            return Ok(());
        }
    }
    Err(Error::not_allowed(
        "explain analyze cannot create a table: it would not come under the rule",
        "explain the select alone",
    ))
}

/// A unique index that is made in several transactions stays behind, and tells, when its event refuses it.
unsafe fn check_concurrent_key(statement: *mut pg_sys::IndexStmt) -> Result<(), Error> {
    // SAFETY: a parsed statement: a table by name, and a list of columns.
    unsafe {
        if !((*statement).concurrent && (*statement).unique) {
            return Ok(());
        }
        let columns = (*statement).indexParams;
        let of_tenant = (0..pg_sys::list_length(columns)).any(|n| {
            let name = (*pg_sys::list_nth(columns, n).cast::<pg_sys::IndexElem>()).name;
            !name.is_null() && CStr::from_ptr(name) == c"tenant_id"
        });
        let table = pg_sys::RangeVarGetRelidExtended(
            (*statement).relation,
            pg_sys::NoLock as i32,
            pg_sys::RVROption::RVR_MISSING_OK,
            None,
            std::ptr::null_mut(),
        );
        if of_tenant || table == pg_sys::Oid::INVALID || !is_protected(table) {
            return Ok(());
        }
    }
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_INVALID_TABLE_DEFINITION,
        "a unique index of a protected table that is made concurrently needs tenant_id",
        "add tenant_id to its columns, or leave concurrently out",
    ))
}

unsafe fn is_protected(table: pg_sys::Oid) -> bool {
    // SAFETY: in a transaction; the signature is the one of protect.sql.
    unsafe {
        catalog::function(c"is_protected", &[pg_sys::REGCLASSOID]).is_ok_and(|function| {
            let mut arguments = [pg_sys::NullableDatum {
                value: pg_sys::Datum::from(table),
                isnull: false,
            }];
            catalog::with_fresh_snapshot(|| catalog::call(function, &mut arguments))
                .is_some_and(|answer| answer.value() != 0)
        })
    }
}

/// After a statement that can make somebody the owner of a table and sends no event.
#[pg_guard]
pub extern "C-unwind" fn check_after(statement: pg_sys::NodeTag) {
    if !matches!(
        statement,
        pg_sys::NodeTag::T_ReassignOwnedStmt
            | pg_sys::NodeTag::T_GrantRoleStmt
            | pg_sys::NodeTag::T_CreateRoleStmt
            | pg_sys::NodeTag::T_AlterRoleStmt
    ) {
        return;
    }
    // SAFETY: in a transaction; a function of ours without arguments, which raises or does nothing.
    unsafe {
        pg_sys::CommandCounterIncrement();
        if let Ok(function) = catalog::function(c"check_owners", &[]) {
            catalog::with_fresh_snapshot(|| catalog::call(function, &mut []));
        }
    }
}

/// 42501 for a merge that reads no column of its table: PostgreSQL then finds rows without asking for the right to read.
///
/// # Safety
/// The query is about to be executed.
#[pg_guard]
pub unsafe extern "C-unwind" fn check_merge(query: *mut pg_sys::QueryDesc) {
    let write = pg_sys::ACL_INSERT | pg_sys::ACL_UPDATE | pg_sys::ACL_DELETE;
    // SAFETY: a complete plan; each entry of its list says what is required of a table, nothing of a partition.
    let blind = unsafe {
        #[cfg(feature = "pg15")]
        let (list, relation) = ((*(*query).plannedstmt).rtable, |entry: *mut c_void| {
            let entry = entry.cast::<pg_sys::RangeTblEntry>();
            ((*entry).relid, (*entry).requiredPerms)
        });
        #[cfg(not(feature = "pg15"))]
        let (list, relation) = ((*(*query).plannedstmt).permInfos, |entry: *mut c_void| {
            let entry = entry.cast::<pg_sys::RTEPermissionInfo>();
            ((*entry).relid, (*entry).requiredPerms)
        });
        (0..pg_sys::list_length(list)).any(|n| {
            let (relid, required) = relation(pg_sys::list_nth(list, n));
            #[allow(clippy::unnecessary_cast)] // wider since PostgreSQL 16
            let required = required as u32;
            required & write != 0
                && required & pg_sys::ACL_SELECT == 0
                && pg_sys::check_enable_rls(relid, pg_sys::Oid::INVALID, true)
                    == pg_sys::CheckEnableRlsResult::RLS_ENABLED as c_int
        })
    };
    if blind {
        let refusal = Error::not_allowed(
            "a merge that reads no column of its table would tell whether others have rows in it",
            "name a column of the table in the condition",
        );
        ErrorReport::from(refusal).report(PgLogLevel::ERROR);
    }
}
