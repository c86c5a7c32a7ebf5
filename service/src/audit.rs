//! Who changed which row of an audited table, when, and from what to what.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::Query,
    list::{self, Page, filter},
    openapi::operation,
    record::record,
    reply::Json,
};

record! {
    /// A change of a row.
    pub struct Change {
        /// When.
        at: DateTime<Utc>,
        /// On which day in the tenant; of what all share, in UTC.
        on_date: NaiveDate,
        /// Whose row it is; null: all share it, such as `de`.
        tenant: Option<String>,
        /// The table, such as `crm.customer`.
        table: String,
        /// The row's primary key without its tenant, such as `019a0f6e-5c3b-7d1e-9f00-3a5b7c9d1e2f`.
        key: Option<String>,
        /// What was done: insert, `update` or delete.
        action: String,
        /// The changed columns before; of a deleted row all that were filled.
        old: Option<Value>,
        /// The changed columns after; of a new row all that were filled.
        new: Option<Value>,
        /// Who did it; null: a superuser, such as `sales@de.example`.
        principal: Option<String>,
        /// The PostgreSQL login in use, such as `mandant_service`.
        login: String,
    }
}

filter! {
    /// Which changes to list; the newest first.
    pub struct ChangeFilter sorted only by [at] {
        /// The table, such as `crm.customer`.
        table: String,
        /// The row's primary key, such as `019a0f6e-5c3b-7d1e-9f00-3a5b7c9d1e2f`.
        key: String,
        /// insert, update or delete, such as `update`.
        action: String,
        /// Who did it, such as `sales@de.example`.
        principal: String,
        /// Whose row it is, such as `de`.
        tenant: String = "tenant_id = (select t.id from mandant.tenant t where t.code = {})",
        /// At this moment or later.
        from: DateTime<Utc> = "at >= {}",
        /// Before this moment.
        until: DateTime<Utc> = "at < {}",
    }
}

/// Of each tenant the newest, by its index, and then the newest of these: the log is long. A row is
/// changed once in a microsecond.
const SOURCE: &str = "(\
    select p.* from unnest(mandant.current_tenants()) as s (id) cross join lateral (\
      select r.* from (select l.*, coalesce(l.key, '') as place, \
                              (select t.code from mandant.tenant t where t.id = s.id) as tenant \
                         from mandant.audit_log l where l.tenant_id = s.id) r {page}) p \
    union all \
    (select r.* from (select l.*, coalesce(l.key, '') as place, null::text as tenant from mandant.audit_log l \
                        where l.tenant_id is null) r {page})) r";

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new().api_route(
        "/v1/audit-log",
        get_with(list, operation("List who changed what")),
    )
}

async fn list(call: Call, Query(filter): Query<ChangeFilter>) -> Result<Json<Page<Change>>, Error> {
    call.read(async |tx| list::page(&tx, SOURCE, "-at,table,place,action", &filter).await)
        .await
}
