//! Who is asking, and for which tenants.
//!
//! State lives in two settings, so that PostgreSQL itself rolls it back, drops it with the transaction and hands it to
//! parallel workers. Neither grants anything: `mandant.tenant` only narrows, `mandant.token` (the SHA-256 of a token, or
//! what was checked of an issuer's) can be set by `enter` and, for a session, when it connects. What this module keeps besides is a cache, found by outer
//! user, token and selection, and valid until an invalidation or the next moment at which a grant or token begins or ends.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;

use pgrx::datum::{IntoDatum, TimestampWithTimeZone};
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::access::{Authority, Context};
use crate::catalog;
use crate::error::Error;
use crate::limit;

// PostgreSQL's own, without pgrx's guard around them: asked at every statement.
unsafe extern "C-unwind" {
    fn GetOuterUserId() -> pg_sys::Oid;
    fn GetUserId() -> pg_sys::Oid;
    fn InLocalUserIdChange() -> bool;
    fn InSecurityRestrictedOperation() -> bool;
}

mod setting;
pub use setting::{bypasses, has_session_token, init, set_local, token};

/// The most contexts kept by one session.
const CACHED: usize = 256;

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
    assigning: String,
    until: pg_sys::TimestampTz,
    context: Rc<Context>,
}

impl Known {
    fn is_for(&self, selection: &str, assigning: &str) -> bool {
        self.selection == selection && self.assigning == assigning
    }

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
    /// Whether this session has ever had a token.
    static RELAYS: Cell<bool> = const { Cell::new(false) };
    /// Whether anybody has asked who asks since the last statement ended.
    static USED: Cell<bool> = const { Cell::new(false) };
    /// What an outer user is bound to, at which version of the rights.
    static BINDING: Cell<(pg_sys::Oid, u64, Binding)> =
        const { Cell::new((pg_sys::Oid::INVALID, 0, Binding::None)) };
    /// The relation whose invalidation says that rights changed.
    static RIGHTS_RELATION: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
}

/// The selection is about to be another; plans made for another shape must not outlive it.
fn selection_changes(selection: &str, entering: bool) {
    GENERATION.set(GENERATION.get() + 1);
    if entering {
        return; // enter compares the shapes itself
    }
    // SAFETY: reads the transaction state, touches no catalogue; a reset marks plans, nothing more.
    unsafe {
        let transaction_ends =
            !pg_sys::IsTransactionState() && pg_sys::GetCurrentTransactionNestLevel() <= 1;
        if RELAYS.get() && transaction_ends && !has_session_token() {
            return; // a relay has no rights between transactions, and enters the next one anew
        }
        let (outer_user, token) = (asking_user(), setting::token());
        let shape = CACHE.with_borrow(|cache| {
            let mut known = cache.known.iter();
            known
                .find(|k| k.is_for(selection, "") && k.is_of(outer_user, token))
                .map(|k| k.context.shape)
        });
        // An unknown shape counts as another.
        if shape != Some(PLANNED_SHAPE.get()) && PLANNED_SHAPE.get() != 0 {
            PLANNED_SHAPE.set(0);
            pg_sys::ResetPlanCache();
        }
    }
}

/// Rights reach otherwise from now on; whoever asks next says for which shape plans are made.
fn rights_change() {
    GENERATION.set(GENERATION.get() + 1);
}

fn token_changes(token: &str) {
    GENERATION.set(GENERATION.get() + 1);
    if !token.is_empty() {
        RELAYS.set(true);
    }
}

fn relation_changed(relation: pg_sys::Oid) {
    if relation == RIGHTS_RELATION.get() || relation == pg_sys::Oid::INVALID {
        forget();
    }
}

fn forget() {
    VERSION.set(VERSION.get() + 1);
    if PLANNED_SHAPE.replace(0) != 0 {
        // SAFETY: marks cached plans, as PostgreSQL's own invalidation callbacks do.
        unsafe { pg_sys::ResetPlanCache() }
    }
}

/// Whether this session acts, or has acted, by tokens.
pub fn relays() -> bool {
    RELAYS.get()
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

/// The role whose rights count: the outer user, whatever `security definer` functions are on the way.
///
/// But what PostgreSQL does for the owner of an object (analyze, also autovacuum's, create index, reindex, refresh) runs
/// the owner's functions under whoever maintains the database, often a superuser: there the owner's rights count. In a
/// `security definer` function called from there, nobody's: PostgreSQL does not tell any more who the owner was.
pub fn asking_user() -> pg_sys::Oid {
    // SAFETY: reads variables of the session.
    unsafe {
        if !InSecurityRestrictedOperation() {
            GetOuterUserId()
        } else if InLocalUserIdChange() {
            pg_sys::Oid::INVALID
        } else {
            GetUserId()
        }
    }
}

/// Who asks and for which tenants, at this moment. Looked at once per executor node; costs a few comparisons then.
pub fn current() -> Result<Rc<Context>, Error> {
    // SAFETY: inside a transaction; invalidations may arrive at any lock, so also here.
    let (outer_user, now) = unsafe {
        pg_sys::AcceptInvalidationMessages();
        (asking_user(), pg_sys::GetCurrentTimestamp())
    };
    USED.set(true);
    match cached(outer_user, now) {
        Some(context) => Ok(context),
        None => resolve(GENERATION.get(), VERSION.get(), outer_user, now),
    }
}

/// The context last used, if it still holds.
fn cached(outer_user: pg_sys::Oid, now: pg_sys::TimestampTz) -> Option<Rc<Context>> {
    CACHE.with_borrow(|cache| {
        let current = cache.current.as_ref()?;
        let valid = current.generation == GENERATION.get()
            && current.version == VERSION.get()
            && current.outer_user == outer_user
            && now < current.until;
        valid.then(|| Rc::clone(&current.context))
    })
}

/// The one tenant, or none if there are several, for which somebody has acted since this was asked last; nothing if nobody
/// has.
pub fn used() -> Option<Option<i32>> {
    if USED.take() { last() } else { None }
}

/// For whom somebody has acted last.
pub fn last() -> Option<Option<i32>> {
    CACHE.with_borrow(|cache| Some(cache.current.as_ref()?.context.only))
}

/// Who asks, where it is a principal, also before the first statement that would have to know, and also where nothing may
/// be asked for what is selected, or on one connection too many.
pub fn bound() -> Option<Rc<Authority>> {
    let outer_user = asking_user();
    // SAFETY: in a statement, so in a transaction.
    let now = unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
    if let Some(context) = cached(outer_user, now) {
        return Some(Rc::clone(&context.authority));
    }
    match remembered_binding(outer_user) {
        Binding::Login => (),
        Binding::Relay if !setting::token().is_empty() => (),
        Binding::Relay | Binding::None => return None,
    }
    let used = USED.get();
    let asked = current().map(|context| Rc::clone(&context.authority));
    USED.set(used);
    // a refusal is told by the statement that needs to know
    asked
        .or_else(|_| authority(outer_user, setting::token(), VERSION.get(), now))
        .ok()
}

/// What a role is bound to, none if it is held by nothing.
fn remembered_binding(role: pg_sys::Oid) -> Binding {
    let version = VERSION.get();
    let (of, at, binding) = BINDING.get();
    if (of, at) == (role, version) {
        return binding;
    }
    let binding = if bypasses(role) {
        Binding::None
    } else {
        binding_of(role)
    };
    // only where it will be heard that this has changed
    if let Ok(relation) = catalog::relation(c"access_grant") {
        RIGHTS_RELATION.set(relation);
        BINDING.set((role, version, binding));
    }
    binding
}

fn resolve(
    generation: u64,
    version: u64,
    outer_user: pg_sys::Oid,
    now: pg_sys::TimestampTz,
) -> Result<Rc<Context>, Error> {
    let (token, selection) = (setting::token(), setting::selection());
    let assigning = setting::assigning();
    let known = CACHE.with_borrow(|cache| {
        let mut known = cache
            .known
            .iter()
            .filter(|k| cache.version == version && now < k.until);
        known
            .find(|k| k.is_for(selection, assigning) && k.is_of(outer_user, token))
            .map(|k| (Rc::clone(&k.context), k.until))
    });
    let (context, until) = match known {
        Some(known) => known,
        None => {
            let authority = authority(outer_user, token, version, now)?;
            let until = authority.changes_at.unwrap_or(i64::MAX);
            (
                Rc::new(Context::new(authority, selection, assigning)?),
                until,
            )
        }
    };
    limit::sit(&context.authority)?;
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
            .filter(|k| k.is_for(selection, assigning) && k.is_of(outer_user, token));
        if !same.any(|k| Rc::ptr_eq(&k.context, &context)) {
            cache
                .known
                .retain(|k| !k.is_for(selection, assigning) || !k.is_of(outer_user, token));
            let (token, selection) = (token.to_owned(), selection.to_owned());
            let assigning = assigning.to_owned();
            cache.known.push(Known {
                outer_user,
                token,
                selection,
                assigning,
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

/// Who asks, as far as it is known without asking the catalogue, which cannot be asked after an error.
pub fn known_principal() -> Option<String> {
    let (outer_user, token) = (asking_user(), setting::token());
    CACHE.with(|cache| {
        let cache = cache.try_borrow().ok()?;
        let known = cache.known.iter().find(|k| k.is_of(outer_user, token))?;
        Some(known.context.authority.name.clone())
    })
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

/// Whether a role is bound to a principal, or a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Not at all, or the extension was not created.
    None,
    /// To a principal.
    Login,
    /// It acts by tokens.
    Relay,
}

/// What a role is bound to.
pub fn binding_of(role: pg_sys::Oid) -> Binding {
    // SAFETY: in a transaction; the signature is the one of access.sql.
    let kind = unsafe {
        let role = [Some(pg_sys::Datum::from(role))];
        catalog::answer(c"binding_of", &[pg_sys::OIDOID], role)
    };
    let kind = kind.ok().flatten();
    match kind.as_deref() {
        None => Binding::None,
        Some("relay") => Binding::Relay,
        Some(_) => Binding::Login,
    }
}

fn read_authority(outer_user: pg_sys::Oid, token: &str) -> Result<Authority, Error> {
    if outer_user == pg_sys::Oid::INVALID {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            "nobody asks: this is a security definer function within the upkeep of a table or view",
            "leave security definer out, so that the rights of the owner of the table or view count",
        ));
    }
    let token = Some(token).filter(|token| !token.is_empty());
    // SAFETY: the signature is the one of access.sql.
    let json = unsafe {
        read(
            c"authority",
            &[pg_sys::OIDOID, pg_sys::TEXTOID],
            [Some(pg_sys::Datum::from(outer_user)), token.into_datum()],
        )
    }?;
    let json = json.ok_or_else(|| Error::internal("no answer from mandant_internal.authority"))?;
    let authority = Authority::read(&json)
        .map_err(|error| Error::internal(format!("mandant_internal.authority: {error}")))?;
    match authority.refused.as_deref() {
        None => Ok(authority),
        Some(reason) => Err(refusal(reason, outer_user)),
    }
}

/// What the database knows of an issuer that is trusted.
pub fn read_issuer(issuer: &str) -> Result<Option<String>, Error> {
    // SAFETY: the signature is the one of access.sql.
    unsafe { read(c"trusted_issuer", &[pg_sys::TEXTOID], [issuer.into_datum()]) }
}

/// The JSON of one of our functions that read who may what.
///
/// # Safety
/// In a transaction; the arguments must be of the function's types.
unsafe fn read<const N: usize>(
    function: &CStr,
    types: &[pg_sys::Oid; N],
    arguments: [Option<pg_sys::Datum>; N],
) -> Result<Option<String>, Error> {
    RIGHTS_RELATION.set(catalog::relation(c"access_grant")?);
    // SAFETY: as promised by the caller.
    unsafe { catalog::answer(function, types, arguments) }
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
        "token" => return invalid_token(),
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

/// One answer to every token that does not count, whatever is wrong with it.
pub fn invalid_token() -> Error {
    let hint = match has_session_token() {
        false => "sign in again: select * from mandant.sign_in(email, password)",
        true => "leave this session and sign in again, as with `mandant psql`",
    };
    Error::new(
        PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        "the token is not valid",
        hint,
    )
}

/// The version of the rights, of this moment: another one after they changed.
pub fn version() -> u64 {
    // SAFETY: inside a transaction; invalidations may arrive at any lock, so also here.
    unsafe { pg_sys::AcceptInvalidationMessages() }
    VERSION.get()
}

/// What a session has read of the tables besides, kept until the rights change.
#[derive(Default)]
pub struct Kept<T> {
    version: u64,
    kept: T,
}

impl<T: Default> Kept<T> {
    /// Keeps what was read since `version`, unless rights have changed meanwhile.
    pub fn keep(&mut self, version: u64, keep: impl FnOnce(&mut T)) {
        let kept = self.now();
        if version == VERSION.get() {
            keep(kept);
        }
    }

    /// What is kept, at this moment.
    pub fn now(&mut self) -> &mut T {
        let version = version();
        if self.version != version {
            *self = Self {
                version,
                kept: T::default(),
            };
        }
        &mut self.kept
    }
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
    let selection = setting::selection().to_owned();
    let login = catalog::role_name(asking_user());
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
            .and_then(|at| TimestampWithTimeZone::try_from(at).ok()),
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
