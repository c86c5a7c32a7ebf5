//! What is answered: JSON with an `ETag` that is the digest of the body, so that it is the same as
//! long as what is shown is, whatever changed it.

use std::marker::PhantomData;

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{MediaType, Operation, Response as Described, SchemaObject},
};
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
            REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{error::Error, precondition::names};

/// Its reader may keep it, and asks each time whether it still is so.
pub const KEPT: &str = "private, no-cache";

/// JSON to be shown.
#[derive(Serialize, Deserialize)]
pub struct Answer {
    /// The body, or null.
    pub body: String,
    /// Where it is, if it was made just now.
    pub location: Option<String>,
}

impl Answer {
    /// Shows `value`, which is at `location` if it was made just now.
    pub fn show(value: &impl Serialize, location: Option<String>) -> Result<Self, Error> {
        let body = serde_json::to_string(value).map_err(|error| Error::internal(&error))?;
        Ok(Self { body, location })
    }
}

/// An answer with a body that is JSON of a `T`.
pub struct Reply<T, const STATUS: u16> {
    answer: Answer,
    secret: bool,
    of: PhantomData<fn() -> T>,
}

/// 200: here it is.
pub type Json<T> = Reply<T, 200>;

/// 201: it was made, and is at `Location`.
pub type Created<T> = Reply<T, 201>;

impl<T, const STATUS: u16> Reply<T, STATUS> {
    /// An answer that shows a `T`.
    pub fn of(answer: Answer) -> Self {
        Self {
            answer,
            secret: false,
            of: PhantomData,
        }
    }

    /// To be kept by nobody.
    pub fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }
}

impl<T: Serialize, const STATUS: u16> Reply<T, STATUS> {
    /// An answer that shows `value`.
    pub fn show(value: &T) -> Result<Self, Error> {
        Answer::show(value, None).map(Self::of)
    }
}

/// A value as a parameter that is JSON.
pub fn json_value(value: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal(&error))
}

/// The entity tag of a body.
pub fn etag(body: &str) -> String {
    format!(
        "\"{}\"",
        URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..12])
    )
}

impl<T, const STATUS: u16> IntoResponse for Reply<T, STATUS> {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let Answer { body, location } = self.answer;
        if let (false, Ok(tag)) = (self.secret, etag(&body).parse()) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(KEPT));
            headers.insert(ETAG, tag);
        }
        if let Some(location) = location.and_then(|location| location.parse().ok()) {
            headers.insert(LOCATION, location);
        }
        let status = StatusCode::from_u16(STATUS).unwrap_or_default();
        (status, headers, body).into_response()
    }
}

impl<T: JsonSchema, const STATUS: u16> OperationOutput for Reply<T, STATUS> {
    type Inner = T;

    fn operation_response(context: &mut GenContext, _: &mut Operation) -> Option<Described> {
        let schema = context.schema.subschema_for::<T>();
        let media = MediaType {
            schema: Some(SchemaObject {
                json_schema: schema,
                external_docs: None,
                example: None,
            }),
            ..MediaType::default()
        };
        Some(Described {
            content: [("application/json".to_owned(), media)]
                .into_iter()
                .collect(),
            ..Described::default()
        })
    }

    fn inferred_responses(
        context: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Described)> {
        Self::operation_response(context, operation)
            .map(|response| (Some(STATUS), response))
            .into_iter()
            .collect()
    }
}

/// 204: it is done, and there is nothing to show.
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl OperationOutput for Done {
    type Inner = ();

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Described)> {
        vec![(Some(204), Described::default())]
    }
}

/// What a printed page may do: show itself.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// 200: a page of HTML, to be printed or sent as it is.
pub struct Printed(pub String);

impl IntoResponse for Printed {
    fn into_response(self) -> Response {
        let policy = (CONTENT_SECURITY_POLICY, PAGE_POLICY);
        ([policy, (CACHE_CONTROL, KEPT)], Html(self.0)).into_response()
    }
}

impl OperationOutput for Printed {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, Described)> {
        let response = Described {
            content: [("text/html; charset=utf-8".to_owned(), MediaType::default())]
                .into_iter()
                .collect(),
            ..Described::default()
        };
        vec![(Some(200), response)]
    }
}

/// What no answer is to be taken for, by whichever browser it reaches.
pub async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut say = |name, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    say(X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(X_FRAME_OPTIONS, "DENY");
    say(REFERRER_POLICY, "no-referrer");
    say(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    say(CACHE_CONTROL, "no-store");
    response
}

/// Answers 304 to who has it already.
pub async fn spare_unchanged(request: Request, next: Next) -> Response {
    let known = match *request.method() {
        Method::GET | Method::HEAD => request.headers().get(IF_NONE_MATCH).cloned(),
        _ => None,
    };
    let mut response = next.run(request).await;
    let unchanged = match (&known, response.headers().get(ETAG)) {
        (Some(known), Some(tag)) => response.status() == StatusCode::OK && names(known, tag),
        _ => false,
    };
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response
            .headers_mut()
            .remove(axum::http::header::CONTENT_LENGTH);
    }
    response
}
