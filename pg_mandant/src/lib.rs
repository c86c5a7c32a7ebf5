//! pg_mandant: who is asking, which rows, which number.
//!
//! PostgreSQL keeps the companies (tenants, Mandanten) of a group apart by itself, for every client. This file is the
//! table of contents: the SQL files in order, and the functions that SQL declares, as one-line delegations. It is as long as
//! the list of what SQL can call.

#![allow(clippy::result_large_err)] // pgrx raises ErrorReport as it is; never on a hot path
#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

use pgrx::datum::{Date, Json, JsonB, Uuid};
use pgrx::iter::TableIterator;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::pg_sys::panic::ErrorReportable;
use pgrx::prelude::*;

mod access;
mod audit;
mod brake;
mod catalog;
mod context;
mod error;
mod issuer;
mod keep;
mod limit;
mod lock;
mod login;
mod numbering;
mod protect;
mod purge;
mod relay;
mod right;
mod selection;
mod settings;
mod shared;
mod sign_in;
mod stat;
mod tenant_set;

::pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/schema.sql", name = "schema", bootstrap);
extension_sql_file!("../sql/tenant.sql", name = "tenant", requires = ["schema"]);
extension_sql_file!("../sql/access.sql", name = "access", requires = ["tenant"]);
extension_sql_file!(
    "../sql/context.sql",
    name = "context",
    requires = ["access"]
);
extension_sql_file!(
    "../sql/protect.sql",
    name = "protect",
    requires = ["context"]
);
extension_sql_file!(
    "../sql/protect/keys.sql",
    name = "keys",
    requires = ["protect"]
);
extension_sql_file!(
    "../sql/protect/triggers.sql",
    name = "triggers",
    requires = ["keys"]
);
extension_sql_file!("../sql/audit.sql", name = "audit", requires = ["triggers"]);
extension_sql_file!(
    "../sql/administer_tenant.sql",
    name = "administer_tenant",
    requires = ["audit"]
);
extension_sql_file!(
    "../sql/administer_principal.sql",
    name = "administer_principal",
    requires = ["administer_tenant"]
);
extension_sql_file!(
    "../sql/administer_role.sql",
    name = "administer_role",
    requires = ["administer_principal"]
);
extension_sql_file!(
    "../sql/administer_access.sql",
    name = "administer_access",
    requires = ["administer_role"]
);
extension_sql_file!(
    "../sql/administer_login.sql",
    name = "administer_login",
    requires = ["administer_access"]
);
extension_sql_file!(
    "../sql/administer_team.sql",
    name = "administer_team",
    requires = ["administer_login"]
);
extension_sql_file!(
    "../sql/assign.sql",
    name = "assign",
    requires = ["administer_team"]
);
extension_sql_file!(
    "../sql/administer_issuer.sql",
    name = "administer_issuer",
    requires = ["assign"]
);
extension_sql_file!(
    "../sql/settings.sql",
    name = "settings",
    requires = ["administer_issuer"]
);
extension_sql_file!(
    "../sql/settings/define.sql",
    name = "settings_define",
    requires = ["settings"]
);
extension_sql_file!(
    "../sql/settings/set.sql",
    name = "settings_set",
    requires = ["settings_define"]
);
extension_sql_file!(
    "../sql/settings/show.sql",
    name = "settings_show",
    requires = ["settings_set"]
);
extension_sql_file!(
    "../sql/numbering.sql",
    name = "numbering",
    requires = ["settings_show"]
);
extension_sql_file!(
    "../sql/numbering/series.sql",
    name = "numbering_series",
    requires = ["numbering"]
);
extension_sql_file!(
    "../sql/numbering/draw.sql",
    name = "numbering_draw",
    requires = ["numbering_series"]
);
extension_sql_file!(
    "../sql/numbering/event.sql",
    name = "numbering_event",
    requires = ["numbering_draw"]
);
extension_sql_file!(
    "../sql/numbering/column.sql",
    name = "numbering_column",
    requires = ["numbering_event"]
);
extension_sql_file!(
    "../sql/numbering/proof.sql",
    name = "numbering_proof",
    requires = ["numbering_column"]
);
extension_sql_file!(
    "../sql/explain_access.sql",
    name = "explain_access",
    requires = ["numbering_proof"]
);
extension_sql_file!(
    "../sql/copy.sql",
    name = "copy",
    requires = ["explain_access"]
);
extension_sql_file!("../sql/request.sql", name = "request", requires = ["copy"]);
extension_sql_file!("../sql/purge.sql", name = "purge", requires = ["request"]);
extension_sql_file!("../sql/clone.sql", name = "clone", requires = ["purge"]);
extension_sql_file!("../sql/limit.sql", name = "limit", requires = ["clone"]);
extension_sql_file!("../sql/stat.sql", name = "stat", requires = ["limit"]);
extension_sql_file!("../sql/keep.sql", name = "keep", requires = ["stat"]);
extension_sql_file!("../sql/lint.sql", name = "lint", requires = ["keep"]);
extension_sql_file!(
    "../sql/lint/tables.sql",
    name = "lint_tables",
    requires = ["lint"]
);
extension_sql_file!(
    "../sql/lint/policies.sql",
    name = "lint_policies",
    requires = ["lint_tables"]
);
extension_sql_file!(
    "../sql/lint/code.sql",
    name = "lint_code",
    requires = ["lint_policies"]
);
extension_sql_file!(
    "../sql/lint/roles.sql",
    name = "lint_roles",
    requires = ["lint_code"]
);
extension_sql_file!(
    "../sql/lint/server.sql",
    name = "lint_server",
    requires = ["lint_roles"]
);
extension_sql_file!("../sql/help.sql", name = "help", finalize);

/// Called by PostgreSQL when the library is loaded, by preload or by the first call.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // SAFETY: a backend has one thread. Refusals are for users; no backtrace belongs into them.
    unsafe { std::env::set_var("RUST_LIB_BACKTRACE", "0") };
    context::init();
    relay::init();
    audit::init();
    keep::init();
    protect::explain::init();
    protect::force::init();
    numbering::release::init();
    shared::init();
    stat::init();
}

type Sql<T> = Result<T, ErrorReport>;

#[pg_extern(sql = false)]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pg_extern(sql = false)]
fn new_id() -> Sql<Uuid> {
    Ok(Uuid::from_bytes(sign_in::new_id()?))
}

#[pg_extern(sql = false)]
fn enter(token: Option<&str>, tenant: Option<&str>) -> Sql<()> {
    Ok(relay::enter(token, tenant)?)
}

#[pg_extern(sql = false)]
fn refuse_unclean_session() -> Sql<()> {
    Ok(relay::refuse_unclean_session()?)
}

#[pg_extern(sql = false)]
fn token_of_transaction() -> Option<&'static str> {
    Some(context::token()).filter(|token| !token.is_empty())
}

#[pg_extern(sql = false)]
fn usable_keys(jwks: JsonB) -> Sql<JsonB> {
    Ok(JsonB(issuer::usable_keys(&jwks.0)?))
}

#[pg_extern(sql = false)]
fn current_tenant() -> Sql<i32> {
    Ok(context::current()?.one()?)
}

#[pg_extern(sql = false)]
fn current_tenants() -> Sql<Vec<i32>> {
    Ok(context::current()?.selected.iter().collect())
}

#[pg_extern(sql = false)]
fn is_selected(tenant_id: i32) -> Sql<bool> {
    Ok(context::current()?.selected.contains(tenant_id))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // one row of the SQL declaration
fn whoami() -> Result<
    TableIterator<
        'static,
        (
            name!(principal, Option<String>),
            name!(kind, String),
            name!(name, Option<String>),
            name!(tenant, Option<String>),
            name!(selection, String),
            name!(tenants, Vec<String>),
            name!(available, Vec<String>),
            name!(roles, Vec<String>),
            name!(login, String),
            name!(expires_at, Option<TimestampWithTimeZone>),
        ),
    >,
    ErrorReport,
> {
    Ok(TableIterator::once(context::whoami()?))
}

#[pg_extern(sql = false)]
fn principal_id() -> Sql<Option<Uuid>> {
    Ok(context::current()?
        .authority
        .principal
        .map(Uuid::from_bytes))
}

#[pg_extern(sql = false)]
fn has_right(object: &str, action: &str, tenant_id: i32) -> Sql<bool> {
    Ok(context::current()?
        .authority
        .allows(object, action, tenant_id))
}

#[pg_extern(sql = false)]
fn has_whole_right(object: &str, action: &str, tenant_id: i32) -> Sql<bool> {
    Ok(context::current()?
        .authority
        .allows_every_row(object, action, tenant_id))
}

#[pg_extern(sql = false)]
fn is_granted(object: &str, action: &str, tenant_id: i32) -> Sql<bool> {
    Ok(context::current()?
        .authority
        .is_granted(object, action, tenant_id))
}

#[pg_extern(sql = false)]
fn refuse_right(object: &str, action: &str, tenant_id: Option<i32>) -> Sql<()> {
    let authority = &context::current()?.authority;
    Err(authority.refusal(object, action, tenant_id))?
}

#[pg_extern(sql = false)]
fn await_writers(relation: pg_sys::Oid, hold: bool) {
    purge::await_writers(relation, hold);
}

#[pg_extern(sql = false)]
fn remove_rows(
    relation: pg_sys::Oid,
    column_name: Option<&std::ffi::CStr>,
    key: Option<pg_sys::Oid>,
    tenant_id: i32,
    places: Option<Vec<String>>,
) -> Result<TableIterator<'static, (name!(rows, i64), name!(sha256, Vec<u8>))>, ErrorReport> {
    let whose = purge::Whose {
        column: column_name.unwrap_or(c"tenant_id"),
        tenant: tenant_id,
        key,
    };
    let removed = purge::remove(relation, &whose, places)?;
    Ok(TableIterator::once(removed))
}

#[pg_extern(sql = false)]
fn latest_day(
    relation: pg_sys::Oid,
    key: Option<pg_sys::Oid>,
    tenant_id: i32,
    day_column: &std::ffi::CStr,
    named_by: Option<&std::ffi::CStr>,
) -> Result<TableIterator<'static, (name!(day, Date), name!(named, Option<String>))>, ErrorReport> {
    let whose = purge::Whose {
        column: c"tenant_id",
        tenant: tenant_id,
        key,
    };
    let latest = purge::latest(relation, &whose, day_column, named_by)?;
    Ok(TableIterator::new(latest))
}

#[pg_extern(sql = false)]
fn referred_ids(relation: pg_sys::Oid, ids: Vec<Uuid>) -> Sql<Vec<Uuid>> {
    Ok(purge::referred(relation, &ids)?)
}

#[pg_extern(sql = false)]
fn has_row_right(
    object: &str,
    action: &str,
    tenant_id: i32,
    owner_id: Option<Uuid>,
    team_id: Option<Uuid>,
    kind: Option<&str>,
) -> Sql<bool> {
    let row = right::RowOf {
        owner: owner_id.map(|id| *id.as_bytes()),
        team: team_id.map(|id| *id.as_bytes()),
        kind,
    };
    let authority = &context::current()?.authority;
    Ok(authority.allows_row(object, action, tenant_id, &row))
}

#[pg_extern(sql = false)]
fn give_row(
    table: pg_sys::Oid,
    key: &str,
    changes_owner: bool,
    owner: Option<Uuid>,
    changes_team: bool,
    team: Option<Uuid>,
) -> Sql<bool> {
    let id = |id: Option<Uuid>| id.map(|id| *id.as_bytes());
    let becomes = protect::assign::Becomes {
        owner: changes_owner.then(|| id(owner)),
        team: changes_team.then(|| id(team)),
    };
    Ok(protect::assign::give(table, key, &becomes)?)
}

#[pg_extern(sql = false)]
fn check_selection(selection: &str) -> Sql<()> {
    Ok(selection.parse::<selection::Selection>().map(drop)?)
}

#[pg_extern(sql = false)]
fn set_start(login: pg_sys::Oid, setting: &str, value: Option<&str>) -> Sql<()> {
    Ok(login::set_start(login, setting, value)?)
}

/// An event trigger: that it is in the library is all that it is for, because then the hooks are in place.
#[pg_extern(sql = false)]
fn guard() {}

#[pg_extern(sql = false)]
fn outer_user() -> pg_sys::Oid {
    context::asking_user()
}

#[pg_extern(sql = false)]
fn sign_in_attempt(email: &str, address: Option<&str>) -> Sql<Option<i32>> {
    Ok(brake::attempt(&brake::Asker::new(email, address)?)?)
}

#[pg_extern(sql = false)]
fn sign_in_succeeded(email: &str, address: Option<&str>) -> Sql<()> {
    Ok(brake::succeeded(&brake::Asker::new(email, address)?)?)
}

#[pg_extern(sql = false)]
fn password_matches(password: Option<&str>, hash: Option<&str>) -> bool {
    sign_in::matches(password, hash)
}

#[pg_extern(sql = false)]
fn password_hash(password: &str) -> Sql<String> {
    Ok(sign_in::hash(password)?)
}

#[pg_extern(sql = false)]
fn new_token() -> Sql<String> {
    Ok(sign_in::new_token()?)
}

#[pg_extern(sql = false)]
fn token_hash(token: &str) -> Vec<u8> {
    relay::token_hash(token).to_vec()
}

#[pg_extern(sql = false)]
fn setting(
    key: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
    tenant: Option<&str>,
) -> Sql<Option<String>> {
    let whose = access::Whose::coded(tenant);
    Ok(settings::value(key, None, as_of.map(Into::into), whose)?)
}

#[pg_extern(sql = false)]
fn typed_setting(
    key: Option<&str>,
    wanted: &str,
    as_of: Option<TimestampWithTimeZone>,
    tenant: Option<&str>,
) -> Sql<Option<String>> {
    let (as_of, whose) = (as_of.map(Into::into), access::Whose::coded(tenant));
    Ok(settings::value(key, Some(wanted), as_of, whose)?)
}

#[pg_extern(sql = false)]
fn setting_in(
    tenant_id: Option<i32>,
    key: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
) -> Sql<Option<String>> {
    let whose = tenant_id.map_or(access::Whose::Selected, access::Whose::Id);
    Ok(settings::value(key, None, as_of.map(Into::into), whose)?)
}

#[pg_extern(sql = false)]
fn hold_settings(tenant_id: i32) -> Sql<()> {
    Ok(settings::hold(tenant_id)?)
}

#[pg_extern(sql = false)]
fn lock_settings(tenant_id: i32) {
    // SAFETY: in a transaction.
    unsafe { lock::Lock::Settings(tenant_id).take() }
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // one row of the SQL declaration
fn counted() -> Result<
    TableIterator<
        'static,
        (
            name!(tenant_id, i32),
            name!(statements, i64),
            name!(rows_returned, i64),
            name!(rows_written, i64),
            name!(numbers, i64),
            name!(number_waits, i64),
            name!(number_wait, i64),
            name!(refused, i64),
            name!(connections, i32),
            name!(last_active, Option<TimestampWithTimeZone>),
            name!(since, TimestampWithTimeZone),
        ),
    >,
    ErrorReport,
> {
    Ok(TableIterator::new(stat::counted()))
}

#[pg_extern(sql = false)]
fn check_series(series: Vec<Json>, foreign: Vec<String>) -> Sql<()> {
    let series: Result<Vec<_>, _> = series
        .iter()
        .map(|series| numbering::Series::read(&series.0.to_string()))
        .collect();
    Ok(numbering::check(&series?, &foreign)?)
}

#[pg_extern(sql = false)]
fn check_pattern(pattern: &str, reset: &str) -> Sql<()> {
    Ok(numbering::check_pattern(pattern, reset)?)
}

#[pg_extern(sql = false)]
fn check_year_start(year_start: &str) -> Sql<()> {
    let parsed: Result<numbering::period::YearStart, _> = year_start.parse();
    Ok(parsed.map(drop)?)
}

#[pg_extern(sql = false)]
fn next_number(
    kind: Option<&str>,
    on_date: Option<Date>,
    branch: Option<&str>,
    tenant: Option<&str>,
    document: Option<Uuid>,
) -> Sql<String> {
    let asked = numbering::Asked::new(kind, on_date, branch, tenant);
    Ok(numbering::next(&asked, document)?)
}

#[pg_extern(sql = false)]
fn number_for_row(
    kind: Option<&str>,
    on_date: Option<Date>,
    at: Option<TimestampWithTimeZone>,
    branch: Option<&str>,
    tenant_id: Option<i32>,
    document: Option<Uuid>,
) -> Sql<String> {
    let mut asked = numbering::Asked::new(kind, on_date, branch, None);
    if let Some(at) = at {
        asked.on = numbering::When::Moment(at.into());
    }
    if let Some(id) = tenant_id {
        asked.whose = access::Whose::Id(id);
    }
    Ok(numbering::next(&asked, document)?)
}

#[pg_extern(sql = false)]
fn next_numbers(
    kind: Option<&str>,
    count: Option<i32>,
    on_date: Option<Date>,
    branch: Option<&str>,
    tenant: Option<&str>,
    documents: Option<Vec<Option<Uuid>>>,
) -> Result<SetOfIterator<'static, String>, ErrorReport> {
    let asked = numbering::Asked::new(kind, on_date, branch, tenant);
    let numbers = numbering::next_of_one(&asked, count, documents)?;
    Ok(SetOfIterator::new(numbers))
}

#[pg_extern(sql = false)]
fn next_numbers_of_kinds(
    kinds: Option<Vec<Option<String>>>,
    on_date: Option<Date>,
    branch: Option<&str>,
    tenant: Option<&str>,
    document: Option<Uuid>,
) -> Result<TableIterator<'static, (name!(kind, String), name!(number, String))>, ErrorReport> {
    let asked = numbering::Asked::new(None, on_date, branch, tenant);
    let numbers = numbering::next_of_each(kinds.unwrap_or_default(), &asked, document)?;
    Ok(TableIterator::new(numbers))
}

#[pg_extern(sql = false)]
fn peek_number(
    kind: Option<&str>,
    on_date: Option<Date>,
    branch: Option<&str>,
    tenant: Option<&str>,
) -> Sql<String> {
    let asked = numbering::Asked::new(kind, on_date, branch, tenant);
    Ok(numbering::peek(&asked)?)
}

#[pg_extern(sql = false)]
fn period_of(series: Json, on_date: Date) -> Sql<Option<i32>> {
    let series = numbering::Series::read(&series.0.to_string())?;
    let found = series.on(numbering::day(on_date)?);
    Ok(found.ok().map(|(_, _, period)| period))
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // one row of the SQL declaration
fn fiscal_periods(
    calendar: Json,
    first_year: i32,
    last_year: i32,
) -> Result<
    TableIterator<
        'static,
        (
            name!(fiscal_year, i32),
            name!(period, i32),
            name!(first_day, Date),
            name!(last_day, Date),
        ),
    >,
    ErrorReport,
> {
    Ok(TableIterator::new(numbering::periods(
        calendar.0, first_year, last_year,
    )?))
}

#[pg_extern(sql = false)]
fn preview(series: Json) -> Sql<Option<String>> {
    let series = numbering::Series::read(&series.0.to_string())?;
    Ok(numbering::preview(&series, None).ok())
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)] // one row of the SQL declaration
fn enter_number(
    kind: Option<&str>,
    number: &str,
    on_date: Option<Date>,
    branch: Option<&str>,
    tenant: Option<&str>,
    document: Option<Uuid>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(series_id, i32),
            name!(tenant_id, i32),
            name!(period, i32),
            name!(n, i64),
        ),
    >,
    ErrorReport,
> {
    let asked = numbering::Asked::new(kind, on_date, branch, tenant);
    let row = numbering::import(&asked, number, document)?;
    Ok(TableIterator::once((
        row.series_id,
        row.tenant_id,
        row.period,
        row.n,
    )))
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // one row of the table
fn note_number(
    series_id: i32,
    tenant_id: i32,
    period: i32,
    n: i64,
    event: &str,
    document: Option<Uuid>,
    reservation: Option<Uuid>,
    expires_at: Option<TimestampWithTimeZone>,
    holder: Option<&str>,
    reason: Option<&str>,
) -> Sql<()> {
    Ok(numbering::note(&numbering::Event {
        series_id,
        tenant_id,
        period,
        n,
        event,
        document,
        reservation,
        expires_at,
        holder,
        reason,
    })?)
}

/// A statement trigger in C: sends the invalidation by which every session learns that rights changed.
#[pg_trigger(sql = false)]
fn rights_changed<'a>(
    trigger: &'a pgrx::PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, ErrorReport> {
    let _ = trigger;
    context::announce()?;
    Ok(None::<PgHeapTuple<'a, pgrx::pgbox::AllocatedByRust>>)
}

/// A statement trigger in C: writes what the statement changed into the audit.
#[pg_trigger(sql = false)]
fn audit<'a>(
    trigger: &'a pgrx::PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, ErrorReport> {
    // an error that is returned would become a panic's
    audit::change::record(trigger)
        .map_err(ErrorReport::from)
        .unwrap_or_report();
    Ok(None::<PgHeapTuple<'a, pgrx::pgbox::AllocatedByRust>>)
}
