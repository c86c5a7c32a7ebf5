//! `Idempotency-Key`: a POST that is sent again with its key is done once, and answered as it was.
//! The database keeps key and answer in the transaction of what they belong to.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::{
    BODY_LIMIT,
    caller::{TENANT, single},
    db::Transaction,
    error::Error,
    record::{param, record},
    reply::Answer,
};

/// The header with the key.
pub const KEY: &str = "idempotency-key";

/// A request that is to be done once.
#[derive(Clone)]
pub struct Once {
    key: String,
    fingerprint: Vec<u8>,
}

record! {
    /// What was answered, if it was.
    pub struct Kept {
        answer: Option<String>,
    }
}

impl Once {
    /// Begins it; the answer if it was done already. Waits while it is being done.
    pub async fn begin(&self, tx: &Transaction) -> Result<Option<Answer>, Error> {
        let fingerprint = self.fingerprint.as_slice();
        let kept: Kept = tx
            .row(
                "select mandant_internal.begin_request($1, $2) as answer",
                &[param(&self.key), param(&fingerprint)],
            )
            .await?;
        kept.answer
            .map(|answer| serde_json::from_str(&answer))
            .transpose()
            .map_err(|error| Error::internal(&error))
    }

    /// Keeps the answer.
    pub async fn end(&self, tx: &Transaction, answer: &Answer) -> Result<(), Error> {
        let answer = serde_json::to_string(answer).map_err(|error| Error::internal(&error))?;
        tx.execute(
            "select mandant_internal.end_request($1, $2)",
            &[param(&self.key), param(&answer)],
        )
        .await?;
        Ok(())
    }
}

/// Finds the key of a request, and what the request wants: the same key is for the same again.
pub async fn find_key(request: Request, next: Next) -> Response {
    match with_key(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn with_key(request: Request) -> Result<Request, Error> {
    let key = match *request.method() {
        Method::POST => single(request.headers(), KEY)?.map(str::to_owned),
        _ => None,
    };
    let Some(key) = key else {
        return Ok(request);
    };
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|_| Error::too_large())?;
    let mut digest = Sha256::new();
    let header = |headers: &HeaderMap, name: &str| headers.get(name).cloned();
    for part in [
        parts.uri.to_string().as_bytes(),
        header(&parts.headers, TENANT)
            .as_ref()
            .map_or(&[], |tenant| tenant.as_bytes()),
        header(&parts.headers, CONTENT_TYPE.as_str())
            .as_ref()
            .map_or(&[], |kind| kind.as_bytes()),
        &body,
    ] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    parts.extensions.insert(Once {
        key,
        fingerprint: digest.finalize().to_vec(),
    });
    Ok(Request::from_parts(parts, Body::from(body)))
}
