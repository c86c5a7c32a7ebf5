//! Row security that is forced upon owners stays so within what a foreign key does.
//!
//! PostgreSQL lifts it for the statements of foreign keys (cascade, set null), and with them for whatever runs inside:
//! a trigger on the referencing table, a default, and each view and `security definer` function of the table's owner that
//! these use. Anybody can make two tables, a cascade and a trigger. So the lifting ends where such a statement has been
//! rewritten, which is the one place where it needs it: what it plans and runs by way of functions is under the policies.
//! What a rule adds to it has been rewritten along with it, and is refused.

use std::ffi::{c_char, c_int};

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::limit;
use crate::protect::conflict;
use crate::stat;

// PostgreSQL's own, without pgrx's guard around them: asked at every statement.
unsafe extern "C-unwind" {
    fn InNoForceRLSOperation() -> bool;
    fn GetUserIdAndSecContext(user: *mut pg_sys::Oid, context: *mut c_int);
    fn SetUserIdAndSecContext(user: pg_sys::Oid, context: c_int);
    fn standard_planner(
        query: *mut pg_sys::Query,
        text: *const c_char,
        options: c_int,
        params: pg_sys::ParamListInfo,
    ) -> *mut pg_sys::PlannedStmt;
    #[cfg(any(feature = "pg15", feature = "pg16", feature = "pg17"))]
    fn standard_ExecutorRun(
        query: *mut pg_sys::QueryDesc,
        direction: pg_sys::ScanDirection::Type,
        count: u64,
        once: bool,
    );
    #[cfg(feature = "pg18")]
    fn standard_ExecutorRun(
        query: *mut pg_sys::QueryDesc,
        direction: pg_sys::ScanDirection::Type,
        count: u64,
    );
}

static mut NEXT_PLANNER: pg_sys::planner_hook_type = None;
static mut NEXT_RUN: pg_sys::ExecutorRun_hook_type = None;

/// Puts itself around planner and executor; once per process.
pub fn init() {
    // SAFETY: _PG_init chains the hooks before any statement of this library's session runs.
    unsafe {
        NEXT_PLANNER = pg_sys::planner_hook;
        pg_sys::planner_hook = Some(plan);
        NEXT_RUN = pg_sys::ExecutorRun_hook;
        pg_sys::ExecutorRun_hook = Some(run);
    }
}

/// Does something with row security forced. An error within restores what was, as for any change of user.
///
/// SAFETY: in a transaction; `what` holds nothing to drop across an error.
#[inline]
unsafe fn forced<T>(what: impl FnOnce() -> T) -> T {
    // SAFETY: reads and sets variables of the session.
    unsafe {
        if !InNoForceRLSOperation() {
            return what();
        }
        let (mut user, mut context) = (pg_sys::Oid::INVALID, 0);
        GetUserIdAndSecContext(&mut user, &mut context);
        SetUserIdAndSecContext(user, context & !(pg_sys::SECURITY_NOFORCE_RLS as c_int));
        let result = what();
        SetUserIdAndSecContext(user, context);
        result
    }
}

// Unguarded: an error of the statement passes through untouched, and no destructor waits in these frames.
unsafe extern "C-unwind" fn plan(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    params: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: passes on what it was given.
    unsafe {
        if InNoForceRLSOperation() && (*query).querySource != pg_sys::QuerySource::QSRC_ORIGINAL {
            refuse_rule();
        }
        limit::begin_statement(); // planning may take long, too
        let planned =
            forced(|| NEXT_PLANNER.unwrap_or(standard_planner)(query, text, options, params));
        if (*planned).commandType == pg_sys::CmdType::CMD_INSERT || (*planned).hasModifyingCTE {
            conflict::ask_policies_first(planned);
        }
        planned
    }
}

/// 42501.
#[pg_guard]
unsafe extern "C-unwind" fn refuse_rule() {
    let refusal = Error::not_allowed(
        "a rule has no part in what a foreign key does",
        "make it a trigger",
    );
    ErrorReport::from(refusal).report(PgLogLevel::ERROR);
}

#[cfg(any(feature = "pg15", feature = "pg16", feature = "pg17"))]
unsafe extern "C-unwind" fn run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
    once: bool,
) {
    // SAFETY: passes on what it was given.
    unsafe {
        limit::begin_statement(); // a cursor's that goes on
        let begun = stat::begin(query);
        forced(|| NEXT_RUN.unwrap_or(standard_ExecutorRun)(query, direction, count, once));
        stat::end(begun, query);
    }
}

#[cfg(feature = "pg18")]
unsafe extern "C-unwind" fn run(
    query: *mut pg_sys::QueryDesc,
    direction: pg_sys::ScanDirection::Type,
    count: u64,
) {
    // SAFETY: passes on what it was given.
    unsafe {
        limit::begin_statement(); // a cursor's that goes on
        let begun = stat::begin(query);
        forced(|| NEXT_RUN.unwrap_or(standard_ExecutorRun)(query, direction, count));
        stat::end(begun, query);
    }
}
