//! Reports as they were: rows of a ready-made report that are kept for ever under a label, of each
//! selected tenant its own.

use aide::axum::{ApiRouter, routing::get_with};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path, Query},
    function::invoke,
    list::filter,
    openapi::operation,
    record::{Record, arguments, param, record},
    replica::From,
    reply::Created,
    report::{ReportQuery, Rows, Shown},
    resource::{self, Resource, address, find},
};

record! {
    /// A report of a tenant that was kept.
    pub struct ReportSnapshot {
        /// What it is known by.
        id: Uuid,
        /// The tenant, such as `de`.
        tenant: String,
        /// The report, such as `ageing`.
        report: String,
        /// What it is called, such as `Year 2026`.
        label: String,
        /// When it was kept.
        taken_at: DateTime<Utc>,
        /// Who kept it.
        taken_by: Option<Uuid>,
    }
}

arguments! {
    /// A report to be kept as it is.
    pub struct NewReportSnapshot {
        report: String,
        label: String,
    }
}

/// What was kept.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReportSnapshots {
    /// One for each selected tenant.
    items: Vec<ReportSnapshot>,
}

filter! {
    /// Which kept reports to list.
    pub struct ReportSnapshotFilter sorted by [report, label, taken_at] {
        /// Of which tenant, such as `de`.
        tenant: String,
        /// Which report, such as `ageing`.
        report: String,
        /// What they are called, such as `Year 2026`.
        label: String,
        /// Who kept them.
        taken_by: Uuid,
    }
}

impl Resource for ReportSnapshot {
    const NAME: &'static str = "report snapshot";
    const PLURAL: &'static str = "report snapshots";
    const PATH: &'static str = "/v1/report-snapshots";
    const TABLE: &'static str = "crm.report_snapshot";
    type Id = Uuid;
    type Filter = ReportSnapshotFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// Rows of one, in the view of all that were kept of the report.
const OF_ONE: &str = "(r.tenant_id, r.label) = \
                      (select s.tenant_id, s.label from crm.report_snapshot s where s.id = $1)";

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            ReportSnapshot::PATH,
            get_with(
                resource::list::<ReportSnapshot>,
                operation("List report snapshots"),
            )
            .post_with(take, operation("Keep a report as it is")),
        )
        .api_route(
            &address::<ReportSnapshot>(""),
            get_with(
                resource::read::<ReportSnapshot>,
                operation("Read one report snapshot"),
            ),
        )
        .api_route(
            &address::<ReportSnapshot>("/rows"),
            get_with(rows, operation("Show a report as it was kept")),
        )
}

async fn take(
    call: Call,
    Body(new): Body<NewReportSnapshot>,
) -> Result<Created<ReportSnapshots>, Error> {
    let (function, values) = invoke("crm.take_report_snapshot", &[], &new);
    let statement = format!(
        "select {} from {} order by tenant",
        ReportSnapshot::select(),
        ReportSnapshot::source(&function)
    );
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("report", &new.report)
        .append_pair("label", &new.label)
        .finish();
    let at = |_: &ReportSnapshots| format!("{}?{query}", ReportSnapshot::PATH);
    call.create(at, async |tx| {
        let items = tx.rows(&statement, &values).await?;
        Ok(ReportSnapshots { items })
    })
    .await
}

async fn rows(
    call: Call,
    Path(id): Path<Uuid>,
    Query(query): Query<ReportQuery>,
    headers: HeaderMap,
) -> Result<From<Shown>, Error> {
    let wish = query.wish(&headers);
    let From(rows, source) = call
        .consult(async |tx| {
            let kept = find::<ReportSnapshot>(&tx, &id).await?;
            let name = format!("{}_kept", kept.report);
            Rows::read(&tx, &name, OF_ONE, &[param(&id)], wish).await
        })
        .await?;
    Ok(From(rows.show(wish)?, source))
}
