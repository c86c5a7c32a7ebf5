//! Signing in and out, and who one is.

use axum::{
    extract::State,
    http::{StatusCode, header::CACHE_CONTROL},
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    caller::Caller,
    db::Db,
    error::Error,
    extract::Json,
    record::{param, record},
};

/// What an employee signs in with. No `Debug`: the password must not reach a log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    email: String,
    password: String,
}

record! {
    /// A token and how long it is good for.
    pub struct Session {
        token: String,
        expires_at: DateTime<Utc>,
    }
}

record! {
    /// Who one is, and which companies one sees.
    pub struct Me {
        principal: String,
        kind: String,
        name: Option<String>,
        tenant: Option<String>,
        selection: Option<String>,
        tenants: Vec<String>,
        available: Vec<String>,
        roles: Vec<String>,
        login: Option<String>,
        expires_at: Option<DateTime<Utc>>,
    }
}

/// `POST /v1/sign-in`
pub async fn sign_in(
    State(db): State<Db>,
    Json(credentials): Json<Credentials>,
) -> Result<impl IntoResponse, Error> {
    let session: Session = db
        .relay(async |tx| {
            tx.row(
                "select token, expires_at from mandant.sign_in($1, $2)",
                &[param(&credentials.email), param(&credentials.password)],
            )
            .await
        })
        .await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(session)))
}

/// `POST /v1/sign-out`
pub async fn sign_out(State(db): State<Db>, caller: Caller) -> Result<StatusCode, Error> {
    db.run(&caller, async |tx| {
        tx.execute("select mandant.sign_out()", &[]).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/me`
pub async fn me(State(db): State<Db>, caller: Caller) -> Result<Json<Me>, Error> {
    let me = db
        .run(&caller, async |tx| {
            tx.row(
                "select principal, kind, name, tenant, selection, tenants, available, roles, \
                        login, expires_at \
                 from mandant.whoami()",
                &[],
            )
            .await
        })
        .await?;
    Ok(Json(me))
}
