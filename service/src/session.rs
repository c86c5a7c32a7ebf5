//! Signing in and out, and who one is.

use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use axum::extract::State;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    call::Call,
    db::Db,
    error::Error,
    extract::Body,
    openapi::operation,
    peer::Peer,
    record::{Record, param, record},
    reply::{Done, Json},
};

/// What an employee signs in with. No `Debug`: the password must not reach a log.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The employee's e-mail address, such as `sales@de.example`.
    email: String,
    /// The password, such as `demo`.
    password: String,
}

record! {
    /// A token and how long it is good for.
    pub struct Session {
        /// To be sent as bearer token, such as `3f0c5a…`.
        token: String,
        /// When it ends.
        expires_at: DateTime<Utc>,
    }
}

record! {
    /// Who one is, and which companies one sees.
    pub struct Me {
        /// The e-mail address of an employee, or the name of a login, such as `sales@de.example`.
        principal: String,
        /// What kind of principal: `employee` or `login`.
        kind: String,
        /// The person's name, such as `Anna Vogt`.
        name: Option<String>,
        /// The home tenant, such as `de`.
        tenant: Option<String>,
        /// What was selected, as sent, such as `de`.
        selection: Option<String>,
        /// The tenants that are seen, such as `de`.
        tenants: Vec<String>,
        /// The tenants that can be selected, such as `de`.
        available: Vec<String>,
        /// The roles held, anywhere, such as `sales`.
        roles: Vec<String>,
        /// The PostgreSQL login in use, such as `mandant_service`.
        login: Option<String>,
        /// When the token ends.
        expires_at: Option<DateTime<Utc>>,
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .api_route("/v1/sign-in", post_with(sign_in, operation("Sign in")))
        .api_route("/v1/sign-out", post_with(sign_out, operation("Sign out")))
        .api_route("/v1/me", get_with(me, operation("Tell who I am")))
}

async fn sign_in(
    State(db): State<Db>,
    Peer(address): Peer,
    Body(credentials): Body<Credentials>,
) -> Result<Json<Session>, Error> {
    let session: Result<Session, Error> = db
        .relay(async |tx| {
            tx.row(
                "select token, expires_at from mandant.sign_in($1, $2, $3)",
                &[
                    param(&credentials.email),
                    param(&credentials.password),
                    param(&address),
                ],
            )
            .await
        })
        .await;
    let refused = session
        .as_ref()
        .err()
        .map(|error| error.code().unwrap_or_default());
    db.metrics().sign_in(refused);
    Ok(Json::show(&session?)?.secret())
}

async fn sign_out(call: Call) -> Result<Done, Error> {
    call.finish(
        async |_| Ok(()),
        async |tx| {
            tx.execute("select mandant.sign_out()", &[]).await?;
            Ok(())
        },
    )
    .await
}

async fn me(call: Call) -> Result<Json<Me>, Error> {
    let statement = format!("select {} from mandant.whoami()", Me::select());
    call.read(async |tx| tx.row(&statement, &[]).await).await
}
