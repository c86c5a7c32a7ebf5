//! The web service of pg_mandant. It decides nothing: it relays the caller's token to the database,
//! in one transaction per request, and turns what comes back into JSON. Who may see what is the
//! database's affair; [`router`] is the table of contents.

#![cfg_attr(test, allow(clippy::panic, clippy::unwrap_used))]

mod access;
mod activity;
mod amount;
mod assign;
mod audit;
mod call;
pub mod caller;
pub mod cluster;
pub mod config;
mod contact;
mod contract;
mod contract_change;
mod contract_run;
mod country;
mod currency;
mod customer;
pub mod database;
pub mod db;
mod discount;
mod document;
mod document_kind;
mod duplicate;
mod employee;
pub mod error;
pub mod export;
mod extract;
mod finding;
mod forecast_override;
mod forecast_snapshot;
mod function;
mod grant;
pub mod import;
pub mod install;
mod issuer;
pub mod lint;
mod list;
pub mod load;
pub mod manifest;
pub mod metrics;
mod nested;
mod number;
mod once;
mod openapi;
mod opportunity;
pub mod password;
mod payment;
pub mod peer;
mod place;
mod postgres;
mod precondition;
mod price;
pub mod print_report;
mod product;
pub mod psql;
mod record;
pub mod refresh;
pub mod release;
mod reminder;
mod reminder_block;
mod reminder_level;
mod replica;
mod reply;
mod report;
mod report_snapshot;
mod resource;
pub mod restore;
mod role;
mod rule;
pub mod run_contracts;
mod series;
mod server;
mod session;
mod setting;
mod stage;
mod target;
mod tax_code;
mod team;
pub mod telemetry;
mod tenant;
mod tls;
mod unit;
mod welcome;

use std::time::Duration;

use aide::{
    axum::{ApiRouter, routing::get_with},
    openapi::OpenApi,
};
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, Uri},
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use serde_json::Value;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

use crate::{db::Db, error::Error, openapi::operation, peer::Proxies, replica::SOURCE};

/// More bytes than any document needs; what is larger is refused before it is read.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Every address the service answers on, and the description of them.
fn described() -> Result<(Router<Db>, Value), Error> {
    aide::generate::extract_schemas(true);
    aide::generate::infer_responses(true);
    let mut description = OpenApi::default();
    let router = ApiRouter::new()
        .api_route(
            "/healthz",
            get_with(
                telemetry::health,
                operation("Tell whether the service lives"),
            ),
        )
        .api_route(
            "/readyz",
            get_with(
                telemetry::ready,
                operation("Tell whether the service can work"),
            ),
        )
        .merge(session::routes())
        .merge(access::routes())
        .merge(activity::routes())
        .merge(audit::routes())
        .merge(contact::routes())
        .merge(contract::routes())
        .merge(contract_change::routes())
        .merge(contract_run::routes())
        .merge(country::routes())
        .merge(currency::routes())
        .merge(customer::routes())
        .merge(discount::routes())
        .merge(document::routes())
        .merge(document_kind::routes())
        .merge(duplicate::routes())
        .merge(employee::routes())
        .merge(finding::routes())
        .merge(forecast_override::routes())
        .merge(forecast_snapshot::routes())
        .merge(grant::routes())
        .merge(issuer::routes())
        .merge(number::routes())
        .merge(opportunity::routes())
        .merge(payment::routes())
        .merge(price::routes())
        .merge(product::routes())
        .merge(reminder::routes())
        .merge(reminder_block::routes())
        .merge(reminder_level::routes())
        .merge(report::routes())
        .merge(report_snapshot::routes())
        .merge(role::routes())
        .merge(series::routes())
        .merge(setting::routes())
        .merge(stage::routes())
        .merge(target::routes())
        .merge(tax_code::routes())
        .merge(team::routes())
        .merge(tenant::routes())
        .merge(unit::routes())
        .finish_api(&mut description);
    Ok((router, openapi::describe(&description)?))
}

/// Which pages of other origins may call the service from a browser: unless said, none.
fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    if origins.is_empty() {
        return CorsLayer::new();
    }
    let shown = ["etag", "location", SOURCE, "retry-after", "x-request-id"];
    let sent = ["authorization", "content-type", "if-match", "if-none-match"];
    let own = [caller::TENANT, once::KEY];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(
            sent.into_iter()
                .chain(own)
                .map(HeaderName::from_static)
                .collect::<Vec<_>>(),
        )
        .expose_headers(shown.map(HeaderName::from_static))
        .max_age(Duration::from_secs(600))
}

/// The service; `origins` are those of pages that may call it from a browser, and whom `proxies` say
/// that they ask for is believed.
pub fn router(db: Db, origins: Vec<HeaderValue>, proxies: Proxies) -> Result<Router, Error> {
    let (router, description) = described()?;
    // one text for as long as the service lives
    let description: &'static str = description.to_string().leak();
    Ok(router
        .route(
            openapi::ADDRESS,
            get(move || async move { openapi::document(description) }),
        )
        .route("/docs", get(openapi::page))
        .fallback(|uri: Uri| async move { Error::no_address(uri.path()) })
        .method_not_allowed_fallback(|| async { Error::method_not_allowed() })
        .layer(from_fn(once::find_key))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(reply::spare_unchanged))
        .layer(Extension(proxies))
        .layer(from_fn(telemetry::limit_time))
        .layer(CatchPanicLayer::custom(telemetry::panicked))
        .layer(cors(origins))
        .layer(from_fn(reply::protect))
        .layer(from_fn_with_state(db.metrics().clone(), telemetry::log))
        .with_state(db))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn operations(api: &Value) -> Vec<(String, Value)> {
        let mut operations = Vec::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push((format!("{method} {path}"), operation.clone()));
            }
        }
        operations
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_says_what_it_does() {
        let (_, api) = described().unwrap();
        let mut names = HashSet::new();
        for (place, operation) in operations(&api) {
            assert!(operation["summary"].is_string(), "{place}");
            assert!(
                names.insert(operation["operationId"].to_string()),
                "{place}"
            );
        }
        assert!(names.len() > 10);
    }

    #[test]
    fn every_body_and_every_answer_has_a_whole_example() {
        fn whole(place: &str, example: &Value) {
            match example {
                Value::Object(members) => {
                    assert!(!members.is_empty(), "{place}");
                    members
                        .iter()
                        .for_each(|(name, part)| whole(&format!("{place} {name}"), part));
                }
                Value::Array(items) => {
                    assert!(!items.is_empty(), "{place}");
                    items.iter().for_each(|part| whole(place, part));
                }
                Value::Null => panic!("{place}: no example"),
                _ => (),
            }
        }
        let (_, api) = described().unwrap();
        for (place, operation) in operations(&api) {
            let media = |holder: &Value| holder["content"]["application/json"].clone();
            let body = media(&operation["requestBody"]);
            let answers = operation["responses"].as_object().unwrap();
            for media in answers.values().map(media).chain([body]) {
                if media.is_object() {
                    whole(&place, &media["example"]);
                }
            }
        }
    }

    #[test]
    fn every_member_is_described_and_shown() {
        let (_, api) = described().unwrap();
        for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
            for (member, part) in schema["properties"].as_object().into_iter().flatten() {
                let text = part.to_string();
                assert!(
                    text.contains("\"description\"") || text.contains("\"$ref\""),
                    "{name}.{member} is not described"
                );
                let plain = part["type"].to_string().contains("\"string\"");
                let known = ["examples", "enum", "format", "const"];
                if member == "cursor" {
                    continue; // pages of documentation would send it
                }
                assert!(
                    !plain || known.iter().any(|about| part.get(about).is_some()),
                    "{name}.{member} has no example"
                );
            }
        }
    }
}
