//! Refused attempts in the server's log: with who it was, which PostgreSQL does not know of a relay, and the SQLSTATE.

pub mod change;

use std::ffi::{CStr, CString};

use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::context;

/// What refuses somebody: not allowed, no identity, wrong password, kept as it is, session not clean.
const REFUSALS: [PgSqlErrorCode; 5] = [
    PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
    PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
    PgSqlErrorCode::ERRCODE_INVALID_PASSWORD,
    PgSqlErrorCode::ERRCODE_RESTRICT_VIOLATION,
    PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
];

static mut NEXT_LOG: pg_sys::emit_log_hook_type = None;

/// Chains the hook; once per process.
pub fn init() {
    // SAFETY: called from _PG_init.
    unsafe {
        NEXT_LOG = pg_sys::emit_log_hook;
        pg_sys::emit_log_hook = Some(add_who);
    }
}

/// Adds a line to what the log shows of a refusal; the client does not get it. No catalogue can be asked here.
#[pg_guard]
unsafe extern "C-unwind" fn add_who(error: *mut pg_sys::ErrorData) {
    // SAFETY: the error about to be written; strings of it belong to its memory context, and are freed with it.
    unsafe {
        let is_refusal = REFUSALS
            .iter()
            .any(|code| *code as i32 == (*error).sqlerrcode);
        if (*error).elevel >= PgLogLevel::ERROR as i32 && is_refusal {
            let text = |start: *const std::ffi::c_char| {
                (!start.is_null()).then(|| CStr::from_ptr(start).to_string_lossy().into_owned())
            };
            // kept as text, so no role has to be looked up
            let login = pg_sys::GetConfigOption(c"session_authorization".as_ptr(), true, false);
            let known = context::known_principal().unwrap_or_else(|| "nobody known".to_owned());
            let mut line = format!(
                "refused with {} to {known}, login {}",
                CStr::from_ptr(pg_sys::unpack_sql_state((*error).sqlerrcode)).to_string_lossy(),
                text(login).unwrap_or_default(),
            );
            if let Some(detail) = text((*error).detail_log).or_else(|| text((*error).detail)) {
                line = format!("{detail} ({line})");
            }
            if let Ok(line) = CString::new(line) {
                (*error).detail_log =
                    pg_sys::MemoryContextStrdup((*error).assoc_context, line.as_ptr());
            }
        }
        if let Some(next) = NEXT_LOG {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next(error));
        }
    }
}
