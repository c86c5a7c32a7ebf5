//! What an operator sees: one log line per request without names, tokens or query strings, an id
//! that ties an answer to it, and whether the service lives and can work.

use std::{
    any::Any,
    io::{self, IsTerminal, Write, stderr, stdout},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use axum::{
    extract::{MatchedPath, Request, State},
    http::HeaderValue,
    middleware::Next,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;
use tracing::info;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};
use uuid::Uuid;

use crate::{db::Db, error::Error, metrics::Metrics, reply::Json};

/// A request that takes longer is given up, and its transaction with it.
const TIME_LIMIT: Duration = Duration::from_secs(30);

tokio::task_local! {
    static REQUEST: Uuid;
}

/// Starts logging to stderr at `level` (`info`, or `warn,mandant=debug`), as JSON or for people.
pub fn start(level: &str, json: bool) -> Result<()> {
    let levels: Targets = level
        .parse()
        .with_context(|| format!("`{level}` is no log level"))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false);
    let lines = match json {
        true => lines.json().flatten_event(true).boxed(),
        false => lines.boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(levels))
        .try_init()?;
    Ok(())
}

/// Tells the person at the terminal; a closed terminal is no reason to stop.
pub fn say(line: impl AsRef<str>) {
    let _ = writeln!(stdout(), "{}", line.as_ref());
}

/// The id of the request being answered.
pub fn request_id() -> Uuid {
    REQUEST.try_with(|id| *id).unwrap_or_default()
}

/// Gives the request an id, logs and counts it, and sends the id along.
pub async fn log(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let id = Uuid::now_v7();
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let counted = metrics.request(&method, route.as_ref());

    let mut response = REQUEST.scope(id, next.run(request)).await;

    counted.end(response.status());

    info!(
        %id,
        %method,
        route = route.as_ref().map_or("-", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = started.elapsed().as_millis() as u64,
        "request"
    );
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Gives up a request that takes too long; dropping its work ends its transaction.
pub async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(TIME_LIMIT, next.run(request))
        .await
        .unwrap_or_else(|_| Error::took_too_long().into_response())
}

/// A mistake of ours is an answer like others, with an id; the log has more.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    Error::internal(&io::Error::other(message.to_owned())).into_response()
}

/// The state of the service.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    /// Alive, or `ready`.
    status: &'static str,
}

/// `GET /healthz`: the process lives.
pub async fn health() -> Result<Json<Health>, Error> {
    Json::show(&Health { status: "alive" })
}

/// `GET /readyz`: the database answers.
pub async fn ready(State(db): State<Db>) -> Result<Json<Health>, Error> {
    db.ping().await?;
    Json::show(&Health { status: "ready" })
}
