//! The settings that hold who asks and for which tenants, and the callbacks by which the cache learns of changes.
//!
//! Anybody may set `mandant.tenant`; its check looks at the syntax only, authority is checked at use. `mandant.token` can be
//! set by `enter` alone, and not be shown. A session of a person may be given a token while it connects, as an option: of
//! that, its hash is all that ever stands in the setting.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::Error;
use crate::relay;
use crate::selection::Selection;

/// `mandant.tenant`: '' | code | code,code | *
static mut TENANT: *mut c_char = ptr::null_mut();
/// `mandant.token`: the SHA-256 of the token in hexadecimal, or JSON of what was checked of an issuer's (ASCII), or ''.
static mut TOKEN: *mut c_char = ptr::null_mut();
/// `mandant.assigning`: the object of which a row is being given away, or ''.
static mut ASSIGNING: *mut c_char = ptr::null_mut();

thread_local! {
    /// While `enter` sets the settings.
    static ENTERING: Cell<bool> = const { Cell::new(false) };
}

/// Defines the settings and registers the callbacks; once per process.
pub fn init() {
    // SAFETY: called from _PG_init; names and boot values are static, the variables live as long as the process.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            c"mandant.tenant".as_ptr(),
            c"The tenants that statements see: a code, several (de,us), or * for all that are available.".as_ptr(),
            c"Narrows, never widens. Empty: the default selection of whoever asks.".as_ptr(),
            &raw mut TENANT,
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GUC_REPORT as c_int,
            Some(check_tenant),
            Some(assign_tenant),
            None,
        );
        pg_sys::DefineCustomStringVariable(
            c"mandant.token".as_ptr(),
            c"Set by mandant.enter(token, tenant), for one transaction, or by an option when connecting.".as_ptr(),
            ptr::null(),
            &raw mut TOKEN,
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            (pg_sys::GUC_NO_SHOW_ALL | pg_sys::GUC_NOT_IN_SAMPLE | pg_sys::GUC_DISALLOW_IN_FILE)
                as c_int,
            Some(check_token),
            Some(assign_token),
            Some(show_nothing),
        );
        pg_sys::DefineCustomStringVariable(
            c"mandant.assigning".as_ptr(),
            c"Set by mandant.assign(), for one statement.".as_ptr(),
            ptr::null(),
            &raw mut ASSIGNING,
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            (pg_sys::GUC_NO_SHOW_ALL | pg_sys::GUC_NOT_IN_SAMPLE | pg_sys::GUC_DISALLOW_IN_FILE)
                as c_int,
            Some(check_assigning),
            Some(assign_assigning),
            None,
        );
        pg_sys::MarkGUCPrefixReserved(c"mandant".as_ptr());
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation_change), pg_sys::Datum::from(0));
        // A role that stops being superuser or bypassrls loses what follows from it.
        let roles = pg_sys::SysCacheIdentifier::AUTHOID as c_int;
        pg_sys::CacheRegisterSyscacheCallback(roles, Some(on_role_change), pg_sys::Datum::from(0));
    }
}

/// The value of a setting; codes and tokens are ASCII, anything else reads as empty and is refused elsewhere.
///
/// SAFETY: the value must not be set while the reference lives.
unsafe fn setting<'a>(value: *const c_char) -> &'a str {
    if value.is_null() {
        return "";
    }
    // SAFETY: PostgreSQL keeps the value of a string setting zero-terminated.
    unsafe { CStr::from_ptr(value) }.to_str().unwrap_or("")
}

#[pg_guard]
unsafe extern "C-unwind" fn check_tenant(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the value to check is zero-terminated; the strings of the refusal are palloc'd in the caller's context.
    unsafe {
        let text = CStr::from_ptr(*value).to_string_lossy();
        if let Err(error) = text.parse::<Selection>() {
            refuse_setting(&error);
            return false;
        }
        let interactive =
            source == pg_sys::GucSource::PGC_S_SESSION && pg_sys::ParallelWorkerNumber < 0;
        if interactive
            && **value != 0
            && pg_sys::IsTransactionState()
            && bypasses(pg_sys::GetOuterUserId())
        {
            pgrx::warning!("row security does not apply to a superuser or a role with bypassrls");
        }
    }
    true
}

#[pg_guard]
unsafe extern "C-unwind" fn check_token(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: from a check hook, whose value is a zero-terminated copy that may be written to.
    unsafe {
        if is_ours(*value) {
            return true;
        }
        // what SQL, roles, databases, files and the server's command line say has other sources
        if source != pg_sys::GucSource::PGC_S_CLIENT {
            return refused(
                "mandant.token cannot be set",
                "call mandant.enter(token, tenant) with bind parameters",
            );
        }
        let token =
            std::slice::from_raw_parts_mut((*value).cast(), CStr::from_ptr(*value).count_bytes());
        relay::hide_token(token)
            .map_err(|error| refuse_setting(&error))
            .is_ok()
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn check_assigning(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: from a check hook.
    unsafe {
        is_ours(*value)
            || refused(
                "mandant.assigning cannot be set",
                "call mandant.assign(table, key, owner, team)",
            )
    }
}

/// Whether a value is set by this library.
///
/// SAFETY: a zero-terminated string.
unsafe fn is_ours(value: *const c_char) -> bool {
    // SAFETY: as promised; a parallel worker takes over what its leader has, and sets nothing else.
    unsafe { *value == 0 || ENTERING.get() || pg_sys::InitializingParallelWorker }
}

/// SAFETY: only from a check hook.
unsafe fn refused(message: &str, hint: &str) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { refuse_setting(&Error::not_allowed(message, hint)) }
    false
}

/// SAFETY: only from a check hook.
unsafe fn refuse_setting(error: &Error) {
    let palloc = |text: &str| {
        let text = CString::new(text.replace('\0', "")).unwrap_or_default();
        // SAFETY: copies a zero-terminated string.
        unsafe { pg_sys::pstrdup(text.as_ptr()) }
    };
    // SAFETY: these variables exist for check hooks to describe their refusal.
    unsafe {
        pg_sys::GUC_check_errcode(error.code as c_int);
        pg_sys::GUC_check_errmsg_string = palloc(&error.message);
        pg_sys::GUC_check_errhint_string = palloc(&error.hint);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_tenant(value: *const c_char, _extra: *mut c_void) {
    // SAFETY: the new value, zero-terminated.
    super::selection_changes(unsafe { setting(value) }, ENTERING.get());
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_token(value: *const c_char, _extra: *mut c_void) {
    // SAFETY: as assign_tenant.
    super::token_changes(unsafe { setting(value) });
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_assigning(_value: *const c_char, _extra: *mut c_void) {
    super::rights_change();
}

#[pg_guard]
unsafe extern "C-unwind" fn show_nothing() -> *const c_char {
    c"".as_ptr()
}

#[pg_guard]
unsafe extern "C-unwind" fn on_relation_change(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    super::relation_changed(relation);
}

#[pg_guard]
unsafe extern "C-unwind" fn on_role_change(_arg: pg_sys::Datum, _cache: c_int, _hash: u32) {
    super::forget();
}

/// Whether row security does not hold a role.
pub fn bypasses(role: pg_sys::Oid) -> bool {
    // SAFETY: inside a transaction, reads the role from the catalogue cache.
    unsafe { pg_sys::superuser_arg(role) || pg_sys::has_bypassrls_privilege(role) }
}

/// What `mandant.tenant` says.
pub fn selection<'a>() -> &'a str {
    // SAFETY: read before anything can set it anew.
    unsafe { setting(TENANT) }
}

/// What stands for the token of this transaction, or ''.
pub fn token<'a>() -> &'a str {
    // SAFETY: as selection.
    unsafe { setting(TOKEN) }
}

/// Whether this session was given a token when it connected, which `reset` brings back.
pub fn has_session_token() -> bool {
    // SAFETY: the setting exists, so its value after a reset is a zero-terminated string.
    unsafe { *pg_sys::GetConfigOptionResetString(c"mandant.token".as_ptr()) != 0 }
}

/// The object of which a row is being given away, or ''.
pub fn assigning<'a>() -> &'a str {
    // SAFETY: as selection.
    unsafe { setting(ASSIGNING) }
}

/// Sets a setting for this transaction, as `enter` may.
pub fn set_local(name: &CStr, value: &str) -> Result<(), Error> {
    struct Entering;
    impl Drop for Entering {
        fn drop(&mut self) {
            ENTERING.set(false);
        }
    }
    let value =
        CString::new(value).map_err(|_| Error::bad_value("a zero byte in a setting", ""))?;
    ENTERING.set(true);
    let _entering = Entering;
    // SAFETY: sets a setting for this transaction, as `set local` does; the value is checked by its check hook.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
    Ok(())
}
