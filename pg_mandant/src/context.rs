//! Who is asking, and for which tenants.
//!
//! State lives in two settings, so that PostgreSQL itself rolls it back, drops it with the transaction and hands it to
//! parallel workers. Neither grants anything: `mandant.tenant` only narrows, `mandant.token` (the SHA-256 of a token)
//! can be set by `enter` alone. What this module keeps besides is a cache, found by outer user, token and selection, and
//! valid until an invalidation or the next moment at which a grant or token begins or ends.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::rc::Rc;

use pgrx::datum::{FromDatum, IntoDatum, TimestampWithTimeZone};
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};
use sha2::{Digest, Sha256};

use crate::access::{Authority, Context, Selection};
use crate::catalog;
use crate::error::Error;

/// `mandant.tenant`: '' | code | code,code | *
static mut TENANT: *mut c_char = ptr::null_mut();
/// `mandant.token`: the SHA-256 of the token in hexadecimal, or ''.
static mut TOKEN: *mut c_char = ptr::null_mut();

/// The most contexts kept by one session.
const CACHED: usize = 256;
/// 2000-01-01 in seconds since 1970: where PostgreSQL's timestamps begin.
const EPOCH: f64 = 946_684_800.0;

#[derive(Default)]
struct Cache {
    version: u64,
    /// Found through from the front: one entry per selection of each caller, few in a session of one login.
    known: Vec<Known>,
    current: Option<Current>,
}

/// A context and by what it is found.
struct Known {
    outer_user: pg_sys::Oid,
    token: String,
    selection: String,
    until: pg_sys::TimestampTz,
    context: Rc<Context>,
}

impl Known {
    fn is_of(&self, outer_user: pg_sys::Oid, token: &str) -> bool {
        self.outer_user == outer_user && self.token == token
    }
}

/// The context last used, and what must not have changed since.
struct Current {
    generation: u64,
    version: u64,
    outer_user: pg_sys::Oid,
    until: pg_sys::TimestampTz,
    context: Rc<Context>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
    /// Counts assignments of the two settings.
    static GENERATION: Cell<u64> = const { Cell::new(1) };
    /// Counts invalidations of rights.
    static VERSION: Cell<u64> = const { Cell::new(1) };
    /// The shape that the session's cached plans rely on; 0: any.
    static PLANNED_SHAPE: Cell<i64> = const { Cell::new(0) };
    /// The outer user that the session's cached plans were made for.
    static PLANNED_USER: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
    /// While `enter` sets the settings.
    static ENTERING: Cell<bool> = const { Cell::new(false) };
    /// Whether this session has ever entered with a token.
    static RELAYS: Cell<bool> = const { Cell::new(false) };
    /// The relation whose invalidation says that rights changed.
    static RIGHTS_RELATION: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
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
            c"Set by mandant.enter(token, tenant), for one transaction.".as_ptr(),
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
        pg_sys::MarkGUCPrefixReserved(c"mandant".as_ptr());
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation_change), pg_sys::Datum::from(0));
        // A role that stops being superuser or bypassrls loses what follows from it.
        let roles = pg_sys::SysCacheIdentifier::AUTHOID as c_int;
        pg_sys::CacheRegisterSyscacheCallback(roles, Some(on_role_change), pg_sys::Datum::from(0));
    }
}

/// The value of a setting; codes and hexadecimal are ASCII, anything else reads as empty and is refused elsewhere.
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
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: as in check_tenant; a parallel worker takes over what its leader has.
    unsafe {
        let allowed = **value == 0 || ENTERING.get() || pg_sys::ParallelWorkerNumber >= 0;
        if !allowed {
            refuse_setting(&Error::not_allowed(
                "mandant.token cannot be set",
                "call mandant.enter(token, tenant) with bind parameters",
            ));
        }
        allowed
    }
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
    GENERATION.set(GENERATION.get() + 1);
    if ENTERING.get() {
        return; // enter compares the shapes itself
    }
    // SAFETY: reads the transaction state, touches no catalogue; a reset marks plans, nothing more.
    unsafe {
        let transaction_ends =
            !pg_sys::IsTransactionState() && pg_sys::GetCurrentTransactionNestLevel() <= 1;
        if RELAYS.get() && transaction_ends {
            return; // a relay has no rights between transactions, and enters the next one anew
        }
        let (outer_user, token, selection) =
            (pg_sys::GetOuterUserId(), setting(TOKEN), setting(value));
        let shape = CACHE.with_borrow(|cache| {
            let mut known = cache.known.iter();
            known
                .find(|k| k.selection == selection && k.is_of(outer_user, token))
                .map(|k| k.context.shape)
        });
        // An unknown shape counts as another: the plans must not outlive the selection they were made for.
        if shape != Some(PLANNED_SHAPE.get()) && PLANNED_SHAPE.get() != 0 {
            PLANNED_SHAPE.set(0);
            pg_sys::ResetPlanCache();
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_token(_value: *const c_char, _extra: *mut c_void) {
    GENERATION.set(GENERATION.get() + 1);
}

#[pg_guard]
unsafe extern "C-unwind" fn show_nothing() -> *const c_char {
    c"".as_ptr()
}

#[pg_guard]
unsafe extern "C-unwind" fn on_relation_change(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    if relation == RIGHTS_RELATION.get() || relation == pg_sys::Oid::INVALID {
        forget();
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_role_change(_arg: pg_sys::Datum, _cache: c_int, _hash: u32) {
    forget();
}

fn forget() {
    VERSION.set(VERSION.get() + 1);
    if PLANNED_SHAPE.replace(0) != 0 {
        // SAFETY: marks cached plans, as PostgreSQL's own invalidation callbacks do.
        unsafe { pg_sys::ResetPlanCache() }
    }
}

fn bypasses(role: pg_sys::Oid) -> bool {
    // SAFETY: inside a transaction, reads the role from the catalogue cache.
    unsafe { pg_sys::superuser_arg(role) || pg_sys::has_bypassrls_privilege(role) }
}

/// Called before each statement: plans inside `security definer` functions do not notice `set role` by themselves.
pub fn before_statement(outer_user: pg_sys::Oid) {
    if PLANNED_USER.replace(outer_user) != outer_user {
        PLANNED_SHAPE.set(0);
        GENERATION.set(GENERATION.get() + 1); // whoever asks next says again for which shape plans are made
        // SAFETY: marks cached plans.
        unsafe { pg_sys::ResetPlanCache() }
    }
}

/// Who asks and for which tenants, at this moment. Looked at once per executor node; costs a few comparisons then.
pub fn current() -> Result<Rc<Context>, Error> {
    // SAFETY: inside a transaction; invalidations may arrive at any lock, so also here.
    let (outer_user, now) = unsafe {
        pg_sys::AcceptInvalidationMessages();
        (pg_sys::GetOuterUserId(), pg_sys::GetCurrentTimestamp())
    };
    let (generation, version) = (GENERATION.get(), VERSION.get());
    let cached = CACHE.with_borrow(|cache| {
        let current = cache.current.as_ref()?;
        let valid = current.generation == generation
            && current.version == version
            && current.outer_user == outer_user
            && now < current.until;
        valid.then(|| Rc::clone(&current.context))
    });
    match cached {
        Some(context) => Ok(context),
        None => resolve(generation, version, outer_user, now),
    }
}

fn resolve(
    generation: u64,
    version: u64,
    outer_user: pg_sys::Oid,
    now: pg_sys::TimestampTz,
) -> Result<Rc<Context>, Error> {
    // SAFETY: neither setting changes while rights are read.
    let (token, selection) = unsafe { (setting(TOKEN), setting(TENANT)) };
    let known = CACHE.with_borrow(|cache| {
        let mut known = cache
            .known
            .iter()
            .filter(|k| cache.version == version && now < k.until);
        known
            .find(|k| k.selection == selection && k.is_of(outer_user, token))
            .map(|k| (Rc::clone(&k.context), k.until))
    });
    let (context, until) = match known {
        Some(known) => known,
        None => {
            let authority = authority(outer_user, token, version, now)?;
            let until = authority.changes_at.map_or(i64::MAX, timestamp);
            (Rc::new(Context::new(authority, selection)?), until)
        }
    };
    CACHE.with_borrow_mut(|cache| {
        if cache.version != version || cache.known.len() >= CACHED {
            *cache = Cache {
                version,
                ..Cache::default()
            };
        }
        let mut same = cache
            .known
            .iter()
            .filter(|k| k.selection == selection && k.is_of(outer_user, token));
        if !same.any(|k| Rc::ptr_eq(&k.context, &context)) {
            cache
                .known
                .retain(|k| k.selection != selection || !k.is_of(outer_user, token));
            let (token, selection) = (token.to_owned(), selection.to_owned());
            cache.known.push(Known {
                outer_user,
                token,
                selection,
                until,
                context: Rc::clone(&context),
            });
        }
        cache.current = Some(Current {
            generation,
            version,
            outer_user,
            until,
            context: Rc::clone(&context),
        });
    });
    if PLANNED_SHAPE.replace(context.shape) != context.shape {
        // SAFETY: marks cached plans.
        unsafe { pg_sys::ResetPlanCache() }
    }
    Ok(context)
}

/// Seconds since 1970 as a PostgreSQL timestamp (microseconds since 2000).
fn timestamp(seconds: f64) -> pg_sys::TimestampTz {
    ((seconds - EPOCH) * 1e6).floor() as i64
}

fn authority(
    outer_user: pg_sys::Oid,
    token: &str,
    version: u64,
    now: pg_sys::TimestampTz,
) -> Result<Rc<Authority>, Error> {
    let known = CACHE.with_borrow(|cache| {
        let mut known = cache
            .known
            .iter()
            .filter(|k| cache.version == version && now < k.until);
        known
            .find(|k| k.is_of(outer_user, token))
            .map(|k| Rc::clone(&k.context.authority))
    });
    match known {
        Some(authority) => Ok(authority),
        None => read_authority(outer_user, token).map(Rc::new),
    }
}

fn read_authority(outer_user: pg_sys::Oid, token: &str) -> Result<Authority, Error> {
    let token = match token {
        "" => None,
        token => Some(
            hex::decode(token).map_err(|_| Error::internal("mandant.token is not hexadecimal"))?,
        ),
    };
    RIGHTS_RELATION.set(catalog::relation(c"access_grant")?);
    // SAFETY: in a transaction; the signature is the one of access.sql. The snapshot is fresh, never the statement's:
    // an old one would let rights that have ended live on.
    let json = unsafe {
        let function = catalog::function(c"authority", &[pg_sys::OIDOID, pg_sys::BYTEAOID])?;
        catalog::with_fresh_snapshot(|| {
            let mut arguments = [
                pg_sys::NullableDatum {
                    value: pg_sys::Datum::from(outer_user),
                    isnull: false,
                },
                pg_sys::NullableDatum {
                    isnull: token.is_none(),
                    value: token.into_datum().unwrap_or(pg_sys::Datum::from(0)),
                },
            ];
            let json = catalog::call(function, &mut arguments);
            json.and_then(|datum| pgrx::Json::from_datum(datum, false))
        })
    };
    let json = json.ok_or_else(|| Error::internal("no answer from mandant_internal.authority"))?;
    let authority: Authority = serde_json::from_value(json.0)
        .map_err(|error| Error::internal(format!("mandant_internal.authority: {error}")))?;
    match authority.refused.as_deref() {
        None => Ok(authority),
        Some(reason) => Err(refusal(reason, outer_user)),
    }
}

fn refusal(reason: &str, login: pg_sys::Oid) -> Error {
    let login = catalog::role_name(login);
    let (message, hint) = match reason {
        "no_token" => (
            format!("login \"{login}\" relays tokens and has none here"),
            "begin the transaction with mandant.enter(token, tenant)".to_owned(),
        ),
        "no_relay" => (
            format!("login \"{login}\" is not a relay and takes no token"),
            format!("an administrator can make it one: select mandant.bind_relay('{login}')"),
        ),
        "token" => (
            "the token is not valid".to_owned(),
            "sign in again: select * from mandant.sign_in(email, password)".to_owned(),
        ),
        "inactive" => (
            format!("the principal of login \"{login}\" is not active"),
            "ask an administrator of the tenant".to_owned(),
        ),
        _ => (
            format!("login \"{login}\" is not bound to a principal"),
            format!(
                "an administrator can bind it: select mandant.bind_login('{login}', tenant => '...')"
            ),
        ),
    };
    Error::new(
        PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        message,
        hint,
    )
}

/// Begins a transaction of the relay: refuses a session that something was left in, then sets token and tenant.
pub fn enter(token: Option<&str>, tenant: Option<&str>) -> Result<(), Error> {
    crate::relay::refuse_unclean_session()?;
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            "no token",
            "sign in: select * from mandant.sign_in(email, password)",
        ));
    };
    RELAYS.set(true);
    set_local(c"mandant.token", &hex::encode(token_hash(token)))?;
    set_local(c"mandant.tenant", tenant.unwrap_or_default())?;
    if !crate::relay::search_path_is_pinned() {
        set_local(crate::relay::SEARCH_PATH, crate::relay::PINNED_PATH)?;
    }
    current().map(drop)
}

/// What the database keeps of a token.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The hash of the token of this transaction.
pub fn current_token_hash() -> Option<Vec<u8>> {
    // SAFETY: zero-terminated.
    let token = unsafe { setting(TOKEN) };
    hex::decode(token).ok().filter(|hash| !hash.is_empty())
}

fn set_local(name: &CStr, value: &str) -> Result<(), Error> {
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

/// One row of `mandant.whoami()`.
pub type Whoami = (
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    String,
    Vec<String>,
    Vec<String>,
    Vec<String>,
    String,
    Option<TimestampWithTimeZone>,
);

/// Who asks, what is selected and what could be.
pub fn whoami() -> Result<Whoami, Error> {
    let context = current()?;
    let authority = &context.authority;
    let own = |codes: Vec<&str>| codes.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut selected: Vec<_> = context
        .selected
        .iter()
        .filter_map(|id| authority.code(id))
        .collect();
    selected.sort_unstable();
    // SAFETY: zero-terminated; the outer user exists.
    let (selection, login) = unsafe {
        (
            setting(TENANT).to_owned(),
            catalog::role_name(pg_sys::GetOuterUserId()),
        )
    };
    Ok((
        authority.principal.as_ref().map(|_| authority.name.clone()),
        authority.kind.clone(),
        authority.full_name.clone(),
        authority.home_code.clone(),
        selection,
        own(selected),
        own(authority.available()),
        own(authority.roles()),
        login,
        authority
            .expires_at
            .and_then(|at| TimestampWithTimeZone::try_from(timestamp(at)).ok()),
    ))
}

/// Tells every session, this one included, that rights changed.
pub fn announce() -> Result<(), Error> {
    let relation = catalog::relation(c"access_grant")?;
    RIGHTS_RELATION.set(relation);
    // SAFETY: in a transaction; queues a message that is sent at commit.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) }
    Ok(())
}
