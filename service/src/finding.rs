//! What `mandant.lint()` finds: every way in which the database could leak, and the SQL that ends it.

use aide::axum::{ApiRouter, routing::get_with};

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
    /// Something that was found.
    pub struct Finding {
        /// Which rule it breaks, such as `row_security_off`.
        rule: String,
        /// How bad it is: `error` (leaks), warning (weakens) or info.
        level: String,
        /// Where, such as `crm.customer`.
        object: String,
        /// Why, such as `row level security of crm.customer is switched off`.
        reason: String,
        /// What ends it, such as `alter table crm.customer enable row level security`.
        fix: String,
    }
}

filter! {
    /// Which findings to list.
    pub struct FindingFilter sorted only by [rule, level, object] {
        /// Which rule they break, such as `row_security_off`.
        rule: String,
        /// error, warning or info, such as `error`.
        level: String,
        /// Where, such as `crm.customer`.
        object: String,
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new().api_route(
        "/v1/lint",
        get_with(list, operation("Find how the database could leak")),
    )
}

async fn list(
    call: Call,
    Query(filter): Query<FindingFilter>,
) -> Result<Json<Page<Finding>>, Error> {
    call.read(async |tx| list::page(&tx, "mandant.lint()", "rule,object,reason", &filter).await)
        .await
}
