//! What everybody may at this moment, why, and what happened to rights.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::try_join;
use uuid::Uuid;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::Query,
    list::{self, Page, filter},
    openapi::operation,
    record::{Record, param, record},
    reply::Json,
};

record! {
    /// What somebody may at this moment.
    pub struct EffectiveRight {
        /// The employee or login, such as `sales@de.example`.
        principal: String,
        /// In which tenant, such as `de`.
        tenant: String,
        /// With what: rows of a table, or a kind of document, such as `invoice`.
        object: String,
        /// What may be done, such as `post`.
        action: String,
        /// How far it reaches: own rows, those of own teams, or the whole `tenant`.
        depth: String,
        /// The roles that give it, with a comma between, such as `tenant_sales`.
        roles: String,
    }
}

record! {
    /// Something that happened to rights.
    pub struct AccessEvent {
        /// What it is known by.
        id: Uuid,
        /// When.
        at: DateTime<Utc>,
        /// On which day in the tenant; where it is about none, in UTC.
        on_date: NaiveDate,
        /// The function that did it, such as `grant_role`.
        event: String,
        /// Whose rights they are; null: nobody's in particular, such as `sales@de.example`.
        principal: Option<String>,
        /// In which tenant; null: in all, such as `de`.
        tenant: Option<String>,
        /// The role, team, login or tenant it is about, such as `tenant_sales`.
        subject: Option<String>,
        /// More of it, such as `scope home from 2026-01-01 08:15:00 UTC to open`.
        details: Option<String>,
        /// Why, such as `stands in for Emily Carter`.
        reason: Option<String>,
        /// Who did it, such as `mandant_admin`.
        actor: String,
    }
}

record! {
    /// Why an action is allowed, or not.
    pub struct Reason {
        /// What is done, such as `update`.
        action: String,
        /// Whether it is allowed.
        allowed: bool,
        /// The role that allows it, such as `tenant_sales`.
        role: Option<String>,
        /// Where that is granted, such as `home`.
        scope: Option<String>,
        /// How far it reaches, such as `tenant`.
        depth: Option<String>,
        /// Until when.
        valid_until: Option<DateTime<Utc>>,
        /// In a sentence, such as `tenant_sales reaches every customer of de`.
        reason: String,
    }
}

/// What somebody may do with a row, action by action.
#[derive(Serialize, JsonSchema)]
pub struct Explanation {
    /// One for each action and grant that allows it, or one that says why not.
    items: Vec<Reason>,
}

/// Who, and which row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The employee or login, such as `sales@de.example`.
    principal: String,
    /// The table, such as `crm.customer`.
    table: String,
    /// The row's primary key without its tenant; of several columns with a comma between, such as `019a0f6e-5c3b-7d1e-9f00-3a5b7c9d1e2f`.
    key: String,
}

filter! {
    /// Which rights to list.
    pub struct EffectiveRightFilter sorted only by [principal, tenant, object, action] {
        /// Whose, such as `sales@de.example`.
        principal: String,
        /// In which tenant, such as `de`.
        tenant: String,
        /// With what, such as `invoice`.
        object: String,
        /// What may be done, such as `post`.
        action: String,
        /// own, team or tenant, such as `tenant`.
        depth: String,
    }
}

filter! {
    /// What to list of what happened to rights; the newest first.
    pub struct AccessEventFilter sorted by [] {
        /// The function that did it, such as `grant_role`.
        event: String,
        /// Whose rights, such as `sales@de.example`.
        principal: String,
        /// In which tenant, such as `de`.
        tenant: String,
        /// The role, team, login or tenant it is about, such as `tenant_sales`.
        subject: String,
        /// Who did it, such as `mandant_admin`.
        actor: String,
        /// At this moment or later.
        from: DateTime<Utc> = "at >= {}",
        /// Before this moment.
        until: DateTime<Utc> = "at < {}",
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            "/v1/effective-rights",
            get_with(rights, operation("List what everybody may")),
        )
        .api_route(
            "/v1/access-history",
            get_with(history, operation("List what happened to rights")),
        )
        .api_route(
            "/v1/explain-access",
            get_with(
                explain,
                operation("Explain what somebody may do with a row"),
            ),
        )
}

async fn rights(
    call: Call,
    Query(filter): Query<EffectiveRightFilter>,
) -> Result<Json<Page<EffectiveRight>>, Error> {
    let id = "principal,tenant,object,action";
    call.read(async |tx| list::page(&tx, "mandant.effective_right", id, &filter).await)
        .await
}

async fn history(
    call: Call,
    Query(filter): Query<AccessEventFilter>,
) -> Result<Json<Page<AccessEvent>>, Error> {
    call.read(async |tx| list::page(&tx, "mandant.access_history", "-id", &filter).await)
        .await
}

/// A protected table by its name: no other is there to ask about.
const TABLE_NAMED: &str = "select p.relation from mandant_internal.protected_tables() p \
                           where p.complete and p.relation::text = $1";

async fn explain(call: Call, Query(asked): Query<Question>) -> Result<Json<Explanation>, Error> {
    let statement = format!(
        "select {} from mandant.explain_access($2, ({TABLE_NAMED}), $3)",
        Reason::select()
    );
    call.read(async |tx| {
        let table = [param(&asked.table)];
        let asked_of = [
            param(&asked.table),
            param(&asked.principal),
            param(&asked.key),
        ];
        let known = async {
            match tx.query(TABLE_NAMED, &table).await?.is_empty() {
                true => {
                    let detail = format!("{} is not a protected table", asked.table);
                    Err(Error::bad_member("table", detail))
                }
                false => Ok(()),
            }
        };
        let explained = tx.rows(&statement, &asked_of);
        try_join!(biased; known, explained).map(|(_, items)| Explanation { items })
    })
    .await
}
