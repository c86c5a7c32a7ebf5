//! The relay's session is hostile ground: SQL injected during one employee's request must find nothing to wait in for
//! the next. `enter` therefore refuses a session in which something was left that outlives a transaction.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int};

use pgrx::{PgSqlErrorCode, pg_sys};

use crate::context;
use crate::error::Error;

thread_local! {
    /// What SQL of this session has left behind; `discard all` removes it.
    static LEFT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

// PostgreSQL's own, without pgrx's guard around them.
unsafe extern "C-unwind" {
    fn GetOuterUserId() -> pg_sys::Oid;
    fn standard_ExecutorStart(query: *mut pg_sys::QueryDesc, flags: c_int);
    fn standard_ProcessUtility(
        statement: *mut pg_sys::PlannedStmt,
        query: *const c_char,
        read_only_tree: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        dest: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

static mut NEXT_UTILITY: pg_sys::ProcessUtility_hook_type = None;
static mut NEXT_START: pg_sys::ExecutorStart_hook_type = None;

/// The setting that `enter` pins.
pub const SEARCH_PATH: &CStr = c"search_path";
/// To what: a service names the schema of everything it uses.
pub const PINNED_PATH: &str = "pg_catalog, pg_temp";

/// Settings that write parameters, and so tokens, into messages or the log; they must be off.
const TELLTALE: [(&CStr, &str); 4] = [
    (c"debug_print_parse", "off"),
    (c"debug_print_rewritten", "off"),
    (c"debug_print_plan", "off"),
    (c"log_parameter_max_length_on_error", "0"),
];

/// Watches for statements that leave something in the session; once per process.
pub fn init() {
    // SAFETY: _PG_init chains the hook before any statement of this library's session runs.
    unsafe {
        NEXT_UTILITY = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(watch_utility);
        NEXT_START = pg_sys::ExecutorStart_hook;
        pg_sys::ExecutorStart_hook = Some(watch_start);
    }
}

// Unguarded: an error of the statement passes through untouched, and no destructor waits in this frame.
#[allow(clippy::too_many_arguments)] // the hook's signature
unsafe extern "C-unwind" fn watch_utility(
    statement: *mut pg_sys::PlannedStmt,
    query: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    dest: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: PostgreSQL hands over valid nodes; the tag says which one it is.
    unsafe {
        let node = (*statement).utilityStmt;
        match (*node).type_ {
            pg_sys::NodeTag::T_PrepareStmt => LEFT.set(Some("a prepared statement")),
            pg_sys::NodeTag::T_ListenStmt => LEFT.set(Some("a channel it listens to")),
            pg_sys::NodeTag::T_DeclareCursorStmt => {
                let options = (*node.cast::<pg_sys::DeclareCursorStmt>()).options;
                if options & pg_sys::CURSOR_OPT_HOLD as c_int != 0 {
                    LEFT.set(Some("a cursor with hold"));
                }
            }
            _ => {}
        }
        let discards = (*node).type_ == pg_sys::NodeTag::T_DiscardStmt
            && (*node.cast::<pg_sys::DiscardStmt>()).target == pg_sys::DiscardMode::DISCARD_ALL;
        context::before_statement(GetOuterUserId());
        let next = NEXT_UTILITY.unwrap_or(standard_ProcessUtility);
        next(
            statement,
            query,
            read_only_tree,
            context,
            params,
            environment,
            dest,
            completion,
        );
        if discards {
            LEFT.set(None);
        }
    }
}

// Unguarded as watch_utility.
unsafe extern "C-unwind" fn watch_start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: passes on what it was given.
    unsafe {
        context::before_statement(GetOuterUserId());
        NEXT_START.unwrap_or(standard_ExecutorStart)(query, flags);
    }
}

/// Whether the search path is the pinned one already.
pub fn search_path_is_pinned() -> bool {
    // SAFETY: the setting exists and is a zero-terminated string.
    let path =
        unsafe { CStr::from_ptr(pg_sys::GetConfigOption(SEARCH_PATH.as_ptr(), false, false)) };
    path.to_bytes() == PINNED_PATH.as_bytes()
}

/// 55006 if the session holds something that a request before may have left.
pub fn refuse_unclean_session() -> Result<(), Error> {
    match LEFT.get().or_else(left_by_settings) {
        None => Ok(()),
        Some(what) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
            format!("this session holds {what}"),
            "close the connection and enter on a new one",
        )),
    }
}

fn left_by_settings() -> Option<&'static str> {
    // SAFETY: in a transaction; reads session state.
    unsafe {
        let (mut temporary, mut toast) = (pg_sys::Oid::INVALID, pg_sys::Oid::INVALID);
        pg_sys::GetTempNamespaceState(&mut temporary, &mut toast);
        if temporary != pg_sys::Oid::INVALID {
            return Some("temporary objects");
        }
        if pg_sys::GetOuterUserId() != pg_sys::GetSessionUserId() {
            return Some("a changed role");
        }
        let path = CStr::from_ptr(pg_sys::GetConfigOption(SEARCH_PATH.as_ptr(), false, false));
        if path != CStr::from_ptr(pg_sys::GetConfigOptionResetString(SEARCH_PATH.as_ptr()))
            && !search_path_is_pinned()
        {
            return Some("a changed search path");
        }
        for (name, off) in TELLTALE {
            if CStr::from_ptr(pg_sys::GetConfigOption(name.as_ptr(), false, false)).to_bytes()
                != off.as_bytes()
            {
                return Some("a setting that prints parameters");
            }
        }
    }
    None
}
