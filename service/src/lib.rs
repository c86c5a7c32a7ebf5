//! The web service of pg_mandant. It decides nothing: it relays the caller's token to the database,
//! in one transaction per request, and turns what comes back into JSON. Who may see what is the
//! database's affair; [`router`] is the table of contents.

#![cfg_attr(test, allow(clippy::panic, clippy::unwrap_used))]

pub mod caller;
pub mod cluster;
pub mod config;
mod customer;
pub mod db;
mod document;
pub mod error;
mod extract;
mod install;
pub mod lint;
pub mod load;
mod page;
mod place;
mod postgres;
mod record;
pub mod refresh;
mod session;
pub mod telemetry;
mod welcome;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Uri,
    middleware::from_fn,
    routing::{get, post},
};

use crate::{db::Db, error::Error};

/// More than any document needs; what is larger is refused before it is read.
const BODY_LIMIT: usize = 1024 * 1024;

/// Every address the service answers on.
pub fn router(db: Db) -> Router {
    Router::new()
        .route("/healthz", get(telemetry::health))
        .route("/readyz", get(telemetry::ready))
        .route("/v1/sign-in", post(session::sign_in))
        .route("/v1/sign-out", post(session::sign_out))
        .route("/v1/me", get(session::me))
        .route("/v1/customers", get(customer::list).post(customer::create))
        .route(
            "/v1/customers/{id}",
            get(customer::read).patch(customer::change),
        )
        .route("/v1/documents", get(document::list).post(document::create))
        .route(
            "/v1/documents/{id}",
            get(document::read)
                .patch(document::change)
                .delete(document::delete),
        )
        .route("/v1/documents/{id}/post", post(document::post))
        .fallback(|uri: Uri| async move { Error::no_address(uri.path()) })
        .method_not_allowed_fallback(|| async { Error::method_not_allowed() })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(telemetry::limit_time))
        .layer(from_fn(telemetry::log))
        .with_state(db)
}
