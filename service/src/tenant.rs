//! Companies of the group: what they are, when their years begin, whether they are open, read only or gone for ever.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path, Query},
    function::{self, invoke, returned},
    list::{self, Page, filter},
    openapi::operation,
    record::{Columns, Param, arguments, param, record},
    reply::{Created, Json},
    resource::{self, Resource, address, at, find},
};

record! {
    /// A company.
    pub struct Tenant {
        /// What other rows refer to it by.
        id: i32,
        /// What it is selected by, such as `de`.
        code: String,
        /// As in letters, such as `Example Software GmbH`.
        name: String,
        /// The tenant above it, if it is selected as well, such as `group`.
        parent: Option<String>,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// As IANA calls it, such as `Europe/Berlin`.
        timezone: String,
        /// Its language (BCP 47), such as `de-DE`.
        locale: String,
        /// When its fiscal year begins: month and day, or `sunday nearest 02-01`.
        fiscal_year_start: String,
        /// Whether it is open: `active`, suspended (its people are out), archived (read only) or purged.
        state: String,
    }
}

arguments! {
    /// A new tenant, with its number series and all that belongs to one.
    pub struct NewTenant {
        code: String,
        name: String,
        country: String,
        currency: String,
    } perhaps {
        /// The tenant above it, such as `group`.
        parent: String,
        timezone: String,
        locale: String,
        fiscal_year_start: String,
    }
}

arguments! {
    /// What is to be otherwise; what is absent or null stays.
    pub struct TenantChange {} perhaps {
        name: String,
        country: String,
        /// Another tenant above it, such as `group`.
        parent: String,
        timezone: String,
        locale: String,
        fiscal_year_start: String,
        /// Why, such as `moved to Berlin`.
        reason: String,
    }
}

arguments! {
    /// A new tenant that is configured as another; what is not given is as there.
    pub struct TenantClone {
        /// What it is selected by, such as `at`.
        code: String,
        /// As in letters, such as `Example Software Austria GmbH`.
        name: String,
    } perhaps {
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// The tenant above it, such as `group`.
        parent: String,
        /// As IANA calls it, such as `Europe/Berlin`.
        timezone: String,
        /// Its language (BCP 47), such as `de-DE`.
        locale: String,
        /// When its fiscal year begins: month and day, or `sunday nearest 02-01`.
        fiscal_year_start: String,
    }
}

/// Why its state becomes another.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateReason {
    /// Why, such as `being wound up`.
    reason: String,
}

record! {
    /// What was purged of a tenant.
    pub struct PurgeCertificate {
        /// Its code, such as `de`.
        tenant: String,
        /// Its name, such as `Example Software GmbH`.
        name: String,
        /// Why, such as `sold`.
        reason: String,
        /// Who asked for it, such as `mandant_admin`.
        asked_by: String,
        /// When.
        asked_at: DateTime<Utc>,
        /// Who confirmed it, such as `anna@group.example`.
        confirmed_by: String,
        /// When its rows went.
        purged_at: DateTime<Utc>,
        /// Of each table how many rows went, and their SHA-256: `{"table": ..., "rows": ..., "sha256": ...}`.
        tables: Value,
    }
}

filter! {
    /// Which certificates to list.
    pub struct PurgeCertificateFilter sorted only by [tenant, asked_at, purged_at] {
        /// Of which tenant, such as `de`.
        tenant: String,
    }
}

arguments! {
    /// The first day of a fiscal year that begins otherwise than the rule says.
    pub struct FiscalYear {
        /// The year, such as `2027`.
        year: i32,
        /// The day before is the last one of the year before.
        first_day: NaiveDate,
    } perhaps {
        /// When later ones begin; as before unless said, such as `04-01`.
        year_start: String,
    }
}

filter! {
    /// Which tenants to list.
    pub struct TenantFilter sorted only by [code, name, country, currency, state] {
        /// Part of the name, in capitals or not, such as `software`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// Right below this one, such as `group`.
        parent: String,
        /// Two letters (ISO 3166), such as `DE`.
        country: String,
        /// Three letters (ISO 4217), such as `EUR`.
        currency: String,
        /// active, suspended, archived or purged, such as `active`.
        state: String,
    }
}

impl Resource for Tenant {
    const NAME: &'static str = "tenant";
    const PLURAL: &'static str = "tenants";
    const PATH: &'static str = "/v1/tenants";
    const TABLE: &'static str = "mandant.tenant";
    const ID: &'static str = "code";
    type Id = String;
    type Filter = TenantFilter;

    fn id(&self) -> String {
        self.code.clone()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, p.code as parent from {rows} r left join mandant.tenant p on p.id = r.parent_id) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Tenant>(below);
    ApiRouter::new()
        .api_route(
            Tenant::PATH,
            get_with(resource::list::<Tenant>, operation("List tenants"))
                .post_with(create, operation("Create one tenant")),
        )
        .api_route(
            &one(""),
            get_with(resource::read::<Tenant>, operation("Read one tenant"))
                .patch_with(change, operation("Change one tenant")),
        )
        .api_route(
            &one("/suspend"),
            post_with(suspend, operation("Keep the people of a tenant out")),
        )
        .api_route(
            &one("/archive"),
            post_with(archive, operation("Leave a tenant to be read only")),
        )
        .api_route(
            &one("/resume"),
            post_with(resume, operation("Open a tenant again")),
        )
        .api_route(
            &one("/purge"),
            post_with(
                purge,
                operation("Ask for the end of an archived tenant, or confirm it"),
            ),
        )
        .api_route(
            &one("/clone"),
            post_with(clone, operation("Create a tenant configured as another")),
        )
        .api_route(
            "/v1/purge-certificates",
            get_with(
                certificates,
                operation("List what was purged of which tenant"),
            ),
        )
        .api_route(
            &one("/fiscal-years"),
            post_with(
                define_fiscal_year,
                operation("Say when a fiscal year begins"),
            ),
        )
}

async fn create(call: Call, Body(new): Body<NewTenant>) -> Result<Created<Tenant>, Error> {
    let (function, values) = invoke("mandant.create_tenant", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

async fn change(
    call: Call,
    Path(code): Path<String>,
    Body(change): Body<TenantChange>,
) -> Result<Json<Tenant>, Error> {
    if change.given().is_empty() {
        return Err(Error::bad_value("nothing to change"));
    }
    let (function, values) = invoke("mandant.change_tenant", &[("code", param(&code))], &change);
    function::change(call, &code, &function, &values).await
}

/// Calls a function that changes the state of a tenant. With it rights change, on which the rest of the
/// statement would rely: what became of it is read by another.
async fn becomes(
    call: Call,
    code: &String,
    function: &str,
    values: &[Param<'_>],
) -> Result<Json<Tenant>, Error> {
    call.act(
        async |tx| find::<Tenant>(&tx, code).await,
        async |tx| {
            find::<Tenant>(&tx, code).await?;
            tx.execute(&format!("select from {function}"), values)
                .await?;
            find::<Tenant>(&tx, code).await
        },
    )
    .await
}

async fn suspend(
    call: Call,
    Path(code): Path<String>,
    Body(StateReason { reason }): Body<StateReason>,
) -> Result<Json<Tenant>, Error> {
    let values = [param(&code), param(&reason)];
    becomes(call, &code, "mandant.suspend_tenant($1, $2)", &values).await
}

async fn archive(
    call: Call,
    Path(code): Path<String>,
    Body(StateReason { reason }): Body<StateReason>,
) -> Result<Json<Tenant>, Error> {
    let values = [param(&code), param(&reason)];
    becomes(call, &code, "mandant.archive_tenant($1, $2)", &values).await
}

async fn purge(
    call: Call,
    Path(code): Path<String>,
    Body(StateReason { reason }): Body<StateReason>,
) -> Result<Json<Tenant>, Error> {
    let values = [param(&code), param(&reason)];
    becomes(call, &code, "mandant.purge_tenant($1, $2)", &values).await
}

async fn clone(
    call: Call,
    Path(source): Path<String>,
    Body(new): Body<TenantClone>,
) -> Result<Created<Tenant>, Error> {
    let known = [("source", param(&source))];
    let (function, values) = invoke("mandant.clone_tenant", &known, &new);
    call.create(at, async |tx| {
        find::<Tenant>(&tx, &source).await?;
        returned(&tx, &function, &values).await
    })
    .await
}

async fn certificates(
    call: Call,
    Query(filter): Query<PurgeCertificateFilter>,
) -> Result<Json<Page<PurgeCertificate>>, Error> {
    let source = "mandant.purge_certificate r";
    call.read(async |tx| list::page(&tx, source, "tenant", &filter).await)
        .await
}

async fn resume(call: Call, Path(code): Path<String>) -> Result<Json<Tenant>, Error> {
    becomes(call, &code, "mandant.resume_tenant($1)", &[param(&code)]).await
}

async fn define_fiscal_year(
    call: Call,
    Path(code): Path<String>,
    Body(year): Body<FiscalYear>,
) -> Result<Json<Tenant>, Error> {
    let known = [("tenant", param(&code))];
    let (function, values) = invoke("mandant.define_fiscal_year", &known, &year);
    function::change(call, &code, &function, &values).await
}
