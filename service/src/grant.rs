//! Grants: who holds which role, where, and until when. One that ran is ended, never deleted.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::{Body, Path},
    function::{Count, count, invoke, returned},
    list::filter,
    openapi::operation,
    record::{arguments, param, record},
    reply::{Created, Json},
    resource::{self, Resource, address, at, find},
};

record! {
    /// A grant.
    pub struct Grant {
        /// What it is known by.
        id: Uuid,
        /// The employee or login who holds it, such as `sales@de.example`.
        principal: String,
        /// The role, such as `tenant_sales`.
        role: String,
        /// Where: home, a tenant, one with all below it (`de/*`), or all, such as `home`.
        scope: String,
        /// Since when.
        valid_from: DateTime<Utc>,
        /// Until when, exclusive; null: for good.
        valid_until: Option<DateTime<Utc>>,
        /// Why, such as `stands in for Emily Carter`.
        reason: Option<String>,
        /// Who gave it; null: a superuser, such as `mandant_admin`.
        granted_by: Option<String>,
        /// When it was given.
        granted_at: DateTime<Utc>,
    }
}

arguments! {
    /// A new grant.
    pub struct NewGrant {
        principal: String,
        role: String,
    } perhaps {
        /// Where: a tenant, one with all below it, all, or, unless said, `home`.
        scope: String,
        /// Since when; now unless said.
        valid_from: DateTime<Utc>,
        valid_until: DateTime<Utc>,
        reason: String,
    }
}

/// Why a grant ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Why, such as `Emily Carter is back`.
    reason: Option<String>,
}

filter! {
    /// Which grants to list.
    pub struct GrantFilter sorted by [principal, role, scope, valid_from, granted_at] {
        /// Whose, such as `sales@de.example`.
        principal: String,
        /// Of which role, such as `tenant_sales`.
        role: String,
        /// Where: home, a tenant, one with all below it, or all, such as `home`.
        scope: String,
        /// Whether they hold now.
        active: bool = "(valid_from <= now() and (valid_until is null or valid_until > now())) = {}",
    }
}

impl Resource for Grant {
    const NAME: &'static str = "grant";
    const PLURAL: &'static str = "grants";
    const PATH: &'static str = "/v1/grants";
    const TABLE: &'static str = "mandant.access_grant";
    type Id = Uuid;
    type Filter = GrantFilter;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.id, r.principal, r.role, r.scope, r.valid_from, \
             nullif(r.valid_until, 'infinity') as valid_until, r.reason, r.granted_by, r.granted_at from {rows} r) r"
        )
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    let one = |below| address::<Grant>(below);
    ApiRouter::new()
        .api_route(
            Grant::PATH,
            get_with(resource::list::<Grant>, operation("List grants"))
                .post_with(create, operation("Grant a role")),
        )
        .api_route(
            &one(""),
            get_with(resource::read::<Grant>, operation("Read one grant")),
        )
        .api_route(
            &one("/revoke"),
            post_with(
                revoke,
                operation("End a grant and others of the same role and scope"),
            ),
        )
}

async fn create(call: Call, Body(new): Body<NewGrant>) -> Result<Created<Grant>, Error> {
    let (function, values) = invoke("mandant.grant_role", &[], &new);
    call.create(at, async |tx| returned(&tx, &function, &values).await)
        .await
}

async fn revoke(
    call: Call,
    Path(id): Path<Uuid>,
    Body(Revocation { reason }): Body<Revocation>,
) -> Result<Json<Count>, Error> {
    call.act(
        async |tx| find::<Grant>(&tx, &id).await,
        async |tx| {
            let Grant {
                principal,
                role,
                scope,
                ..
            } = find(&tx, &id).await?;
            let values = [
                param(&principal),
                param(&role),
                param(&scope),
                param(&reason),
            ];
            count(&tx, "mandant.revoke_role($1, $2, $3, $4)", &values).await
        },
    )
    .await
}
