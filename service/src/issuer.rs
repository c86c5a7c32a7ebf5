//! Issuers whose tokens count, and whom their subjects are; to be read. Whoever changes that decides who
//! everybody is: it is done in SQL and by `mandant refresh-keys`.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{DateTime, Utc};

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
    /// An issuer of tokens.
    pub struct Issuer {
        /// As the claim iss of its tokens has it, such as `https://login.example/group`.
        issuer: String,
        /// What the claim aud of its tokens must contain, such as `pg_mandant`.
        audience: String,
        /// By how many seconds its clock and ours may differ.
        leeway_seconds: i32,
        /// The ids of its keys; the thumbprint of one without, such as `2026-01`.
        keys: Vec<String>,
        /// Since when it is trusted.
        trusted_at: DateTime<Utc>,
        /// Who trusted it, such as `mandant_admin`.
        trusted_by: Option<String>,
        /// When its keys were given last.
        refreshed_at: DateTime<Utc>,
    }
}

record! {
    /// Whom a subject of an issuer is.
    pub struct Subject {
        /// The issuer, such as `https://login.example/group`.
        issuer: String,
        /// As the claim sub of its tokens has it, such as `7c2f4a`.
        subject: String,
        /// Who that is, such as `sales@de.example`.
        principal: String,
        /// The tenant they belong to, such as `de`.
        tenant: String,
        /// Since when.
        bound_at: DateTime<Utc>,
        /// Who said so, such as `mandant_admin`.
        bound_by: Option<String>,
    }
}

filter! {
    /// Which issuers to list.
    pub struct IssuerFilter sorted only by [issuer, audience, trusted_at, refreshed_at] {
        /// What the claim aud of its tokens must contain, such as `pg_mandant`.
        audience: String,
    }
}

filter! {
    /// Which subjects to list.
    pub struct SubjectFilter sorted only by [issuer, subject, principal, tenant, bound_at] {
        /// Of which issuer, such as `https://login.example/group`.
        issuer: String,
        /// Who they are, such as `sales@de.example`.
        principal: String,
        /// The tenant they belong to, such as `de`.
        tenant: String,
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route(
            "/v1/issuers",
            get_with(issuers, operation("List issuers of tokens")),
        )
        .api_route(
            "/v1/issuer-subjects",
            get_with(subjects, operation("List whom subjects of issuers are")),
        )
}

async fn issuers(
    call: Call,
    Query(filter): Query<IssuerFilter>,
) -> Result<Json<Page<Issuer>>, Error> {
    let source =
        "(select i.*, extract(epoch from i.leeway)::int as leeway_seconds from mandant.issuer i) r";
    call.read(async |tx| list::page(&tx, source, "issuer", &filter).await)
        .await
}

async fn subjects(
    call: Call,
    Query(filter): Query<SubjectFilter>,
) -> Result<Json<Page<Subject>>, Error> {
    let source = "(select s.*, t.code as tenant from mandant.issuer_subject s join mandant.tenant t on t.id = s.tenant_id) r";
    call.read(async |tx| list::page(&tx, source, "issuer,subject", &filter).await)
        .await
}
