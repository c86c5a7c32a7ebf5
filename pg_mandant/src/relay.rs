//! The relay's session is hostile ground: SQL injected during one employee's request must find nothing to wait in for
//! the next. `enter` therefore refuses a session in which something was left that outlives a transaction, or that has a
//! token for good.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};
use sha2::{Digest, Sha256};

use crate::context::{self, Binding};
use crate::error::Error;
use crate::issuer;
use crate::keep;
use crate::limit;
use crate::protect::explain;
use crate::stat;

thread_local! {
    /// What SQL of this session has left behind; `discard all` removes it.
    static LEFT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

// PostgreSQL's own, without pgrx's guard around them.
unsafe extern "C-unwind" {
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

/// The longest token that is looked at, in bytes; those of issuers have one or two thousand.
const LONGEST_TOKEN: usize = 16 * 1024;

/// The setting that `enter` pins.
const SEARCH_PATH: &CStr = c"search_path";
/// To what: a service names the schema of everything it uses.
const PINNED_PATH: &CStr = c"pg_catalog, pg_temp";

/// Settings that may differ in a session: those that `enter` looks at itself, and those of the transaction.
const HARMLESS: [&CStr; 10] = [
    c"mandant.tenant",
    c"mandant.token",
    c"mandant.assigning",
    SEARCH_PATH,
    c"role",
    c"session_authorization",
    c"transaction_isolation",
    c"transaction_read_only",
    c"transaction_deferrable",
    c"application_name",
];

/// Settings that may differ because a pooler sets them for its client; `enter` puts them back for its transaction.
const POOLED: [&CStr; 4] = [
    c"client_encoding",
    c"DateStyle",
    c"TimeZone",
    c"standard_conforming_strings",
];

/// Settings that write parameters, and so tokens, into messages or the log, and how they must be, whoever set them.
const TELLTALE: [(&CStr, &CStr); 4] = [
    (c"debug_print_parse", c"off"),
    (c"debug_print_rewritten", c"off"),
    (c"debug_print_plan", c"off"),
    (c"log_parameter_max_length_on_error", c"0"),
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
        if context::relays() {
            mute();
        }
        refuse_what_reaches_others(node);
        keep::check_statement(node);
        let discards = (*node).type_ == pg_sys::NodeTag::T_DiscardStmt
            && (*node.cast::<pg_sys::DiscardStmt>()).target == pg_sys::DiscardMode::DISCARD_ALL;
        context::before_statement(context::asking_user());
        let runs = matches!(
            (*node).type_,
            pg_sys::NodeTag::T_DoStmt | pg_sys::NodeTag::T_CallStmt | pg_sys::NodeTag::T_CopyStmt
        );
        if runs {
            limit::begin_statement();
        }
        let shows = (*node).type_ == pg_sys::NodeTag::T_ExplainStmt && explain::begin();
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
        if shows {
            explain::end();
        }
        keep::check_after((*node).type_);
        if (*node).type_ == pg_sys::NodeTag::T_ExplainStmt && stat::is_outermost() {
            let _ = context::used(); // by what was only planned
        }
        if discards {
            LEFT.set(None);
        }
    }
}

/// Before a refusal by `enter` or `sign_in` could itself be printed with its parameters: each transaction of a relay begins
/// with a utility statement. The setting still counts as changed.
fn mute() {
    // SAFETY: plain variables of this process, written between statements.
    unsafe {
        pg_sys::Debug_print_parse = false;
        pg_sys::Debug_print_rewritten = false;
        pg_sys::Debug_print_plan = false;
        pg_sys::log_parameter_max_length_on_error = 0;
    }
}

/// 42501 for statements by which one could reach the sessions of others, or SQL in one request the next.
#[pg_guard]
unsafe extern "C-unwind" fn refuse_what_reaches_others(statement: *mut pg_sys::Node) {
    // SAFETY: a statement; the tag says which.
    let (tag, locks, prepares) = unsafe {
        let tag = (*statement).type_;
        // weaker modes are those of reading and writing, and make nobody wait for it
        let locks = tag == pg_sys::NodeTag::T_LockStmt
            && (*statement.cast::<pg_sys::LockStmt>()).mode > pg_sys::RowExclusiveLock as c_int;
        let prepares = tag == pg_sys::NodeTag::T_TransactionStmt
            && (*statement.cast::<pg_sys::TransactionStmt>()).kind
                == pg_sys::TransactionStmtKind::TRANS_STMT_PREPARE;
        (tag, locks, prepares)
    };
    let what = match tag {
        pg_sys::NodeTag::T_LockStmt if locks => "lock tables",
        pg_sys::NodeTag::T_AlterRoleStmt | pg_sys::NodeTag::T_AlterRoleSetStmt => "change its role",
        pg_sys::NodeTag::T_GrantRoleStmt => "grant roles",
        pg_sys::NodeTag::T_DropOwnedStmt => "drop what it has",
        pg_sys::NodeTag::T_ListenStmt | pg_sys::NodeTag::T_NotifyStmt => "listen or notify",
        pg_sys::NodeTag::T_TransactionStmt if prepares => "prepare transactions",
        _ => return,
    };
    let user = context::asking_user();
    // SAFETY: reads a variable of the session. Who has set another role is still who logged in.
    let logged_in = unsafe { pg_sys::GetSessionUserId() };
    if context::bypasses(user) {
        return; // a superuser who tries the relay's part
    }
    let who = match (context::binding_of(user), context::binding_of(logged_in)) {
        (Binding::Relay, _) | (_, Binding::Relay) => "a relay",
        (Binding::Login, _) | (_, Binding::Login) if locks => "a bound login",
        _ => return,
    };
    let refusal = Error::not_allowed(
        format!("{who} cannot {what}"),
        "do it as an administrator, on a connection of your own",
    );
    ErrorReport::from(refusal).report(PgLogLevel::ERROR);
}

// Unguarded as watch_utility.
unsafe extern "C-unwind" fn watch_start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: passes on what it was given.
    unsafe {
        context::before_statement(context::asking_user());
        limit::begin_statement(); // a plan that is kept may run functions already here
        if (*query).operation == pg_sys::CmdType::CMD_MERGE {
            keep::check_merge(query);
        }
        NEXT_START.unwrap_or(standard_ExecutorStart)(query, flags);
    }
}

/// Begins a transaction of the relay: refuses a session that something was left in, then sets token and tenant.
pub fn enter(token: Option<&str>, tenant: Option<&str>) -> Result<(), Error> {
    refuse_unclean_session()?;
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            "no token",
            "sign in: select * from mandant.sign_in(email, password)",
        ));
    };
    if token.len() > LONGEST_TOKEN {
        return Err(context::invalid_token());
    }
    // our own have no dots
    if token.contains('.') {
        context::set_local(c"mandant.token", &issuer::admit(token)?)?;
    } else {
        context::set_local(c"mandant.token", &hex::encode(token_hash(token)))?;
    }
    context::set_local(c"mandant.tenant", tenant.unwrap_or_default())?;
    for name in POOLED {
        pin(name, &reset_value(name))?;
    }
    pin(SEARCH_PATH, PINNED_PATH)?;
    limit::request(&context::current()?.authority)
}

/// What the database keeps of a token.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Puts the hash of a token of `sign_in` in its place, where it was given for a session. Both are as long, so nothing of
/// the token remains. Those of issuers are checked against the catalogue, which cannot be asked yet.
pub fn hide_token(token: &mut [u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(token).unwrap_or_default();
    let hash = hex::encode(token_hash(text));
    if text.len() != hash.len() {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            "mandant.token is no token of mandant.sign_in",
            "connect with one that sign_in gave, or begin each transaction with mandant.enter(token, tenant)",
        ));
    }
    token.copy_from_slice(hash.as_bytes());
    Ok(())
}

/// Sets a setting for this transaction, unless it has the value already.
fn pin(name: &CStr, to: &CStr) -> Result<(), Error> {
    if value(name).as_c_str() == to {
        return Ok(());
    }
    context::set_local(name, &to.to_string_lossy())
}

/// The value of a setting of PostgreSQL's own.
fn value(name: &CStr) -> CString {
    // SAFETY: the setting exists, so its value is a zero-terminated string.
    unsafe { CStr::from_ptr(pg_sys::GetConfigOption(name.as_ptr(), false, false)) }.to_owned()
}

/// The value it has after a reset.
fn reset_value(name: &CStr) -> CString {
    // SAFETY: as value.
    unsafe { CStr::from_ptr(pg_sys::GetConfigOptionResetString(name.as_ptr())) }.to_owned()
}

/// 55006 if the session holds something that a request before may have left.
pub fn refuse_unclean_session() -> Result<(), Error> {
    let token = context::has_session_token().then_some("a token of its own");
    match LEFT
        .get()
        .or(token)
        .map(str::to_owned)
        .or_else(left_by_settings)
    {
        None => Ok(()),
        Some(what) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
            format!("this session holds {what}"),
            "close the connection and enter on a new one",
        )),
    }
}

fn left_by_settings() -> Option<String> {
    // SAFETY: in a transaction; reads session state.
    unsafe {
        let (mut temporary, mut toast) = (pg_sys::Oid::INVALID, pg_sys::Oid::INVALID);
        pg_sys::GetTempNamespaceState(&mut temporary, &mut toast);
        if temporary != pg_sys::Oid::INVALID {
            return Some("temporary objects".to_owned());
        }
        if pg_sys::GetOuterUserId() != pg_sys::GetSessionUserId() {
            return Some("a changed role".to_owned());
        }
        let path = value(SEARCH_PATH);
        if path != reset_value(SEARCH_PATH) && path.as_c_str() != PINNED_PATH {
            return Some("a changed search path".to_owned());
        }
        settings()
            .iter()
            .map(|setting| &**setting)
            .filter(|setting| setting.source != pg_sys::GucSource::PGC_S_DEFAULT)
            .find_map(|setting| {
                let name = CStr::from_ptr(setting.name);
                let tells = TELLTALE
                    .iter()
                    .any(|(telltale, off)| name == *telltale && value(name).as_c_str() != *off);
                if tells {
                    Some("a setting that prints parameters".to_owned())
                } else if setting.source == pg_sys::GucSource::PGC_S_SESSION
                    && !HARMLESS.contains(&name)
                    && !POOLED.contains(&name)
                {
                    Some(format!("a changed setting ({})", name.to_string_lossy()))
                } else {
                    None
                }
            })
    }
}

/// Every setting of this process.
///
/// SAFETY: the array is PostgreSQL's own and stays until a setting is defined.
unsafe fn settings<'a>() -> &'a [*mut pg_sys::config_generic] {
    // SAFETY: as promised by the caller.
    unsafe {
        #[cfg(feature = "pg15")]
        let (start, count) = (pg_sys::get_guc_variables(), pg_sys::GetNumConfigOptions());
        #[cfg(not(feature = "pg15"))]
        let (start, count) = {
            let mut count = 0;
            (pg_sys::get_guc_variables(&mut count), count)
        };
        std::slice::from_raw_parts(start, count as usize)
    }
}
