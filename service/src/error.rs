//! Refusals, as RFC 9457 problems. The database says what is wrong and what to do next; here its
//! SQLSTATE becomes an HTTP status, in one `match`. What it does not mean for clients (CONTEXT,
//! DETAIL, anything unexpected) stays here: the log has it, the client gets the request's id.

use std::{error::Error as _, io};

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use deadpool_postgres::{HookError, PoolError};
use serde::Serialize;
use tokio_postgres::error::{DbError, SqlState};
use tracing::{error, warn};
use uuid::Uuid;

use crate::telemetry::request_id;

const SIGN_IN: &str = "sign in with POST /v1/sign-in and send `Authorization: Bearer <token>`";

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request that the service itself refuses.
    #[error("{0:?}")]
    Refused(Box<Problem>),
    /// A statement failed.
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// The body of a refusal.
#[derive(Debug, Serialize)]
pub struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// What may be relied on: the SQLSTATE.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The member that is wrong, where the database knows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The name of the rule in the database that was broken, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint: Option<String>,
    /// Of an unexpected error: where to find it in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
}

/// The one place where a SQLSTATE becomes an HTTP status.
pub fn status(code: &SqlState) -> StatusCode {
    match code.code() {
        "28000" | "28P01" => StatusCode::UNAUTHORIZED,
        "42501" => StatusCode::FORBIDDEN,
        "P0002" | "42704" => StatusCode::NOT_FOUND,
        "23001" | "23505" | "42710" | "55000" => StatusCode::CONFLICT,
        // busy, too many of us, shutting down, starting up; conflicts that three retries did not solve
        "40001" | "40P01" | "53300" | "55P03" | "57P01" | "57P02" | "57P03" => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        "57014" => StatusCode::GATEWAY_TIMEOUT,
        code if code.starts_with("08") => StatusCode::SERVICE_UNAVAILABLE,
        code if code.starts_with("22") || code.starts_with("23") => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Error {
    /// The answer to a row that is not there and to one that is not visible: the same.
    pub fn no_such(what: &str, id: Uuid) -> Self {
        let hint = "look for it in the list, with its tenant selected";
        let detail = format!("no such {what} {id}");
        Self::refused(StatusCode::NOT_FOUND, "P0002", detail, Some(hint))
    }

    /// An address that nothing answers on.
    pub fn no_address(path: &str) -> Self {
        Self::refused(
            StatusCode::NOT_FOUND,
            "P0002",
            format!("nothing is at {path}"),
            None,
        )
    }

    /// A request without a bearer token.
    pub fn no_token() -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "28000", "no token", Some(SIGN_IN))
    }

    /// A value that cannot be used.
    pub fn bad_value(detail: impl Into<String>) -> Self {
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, "22023", detail, None)
    }

    /// An address that exists, but not for this method.
    pub fn method_not_allowed() -> Self {
        let hint = "the header Allow lists the methods of this address";
        Self::refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "0A000",
            "no such method here",
            Some(hint),
        )
    }

    /// A request that was given up.
    pub fn took_too_long() -> Self {
        Self::refused(
            StatusCode::GATEWAY_TIMEOUT,
            "57014",
            "the request took too long",
            None,
        )
    }

    /// The service's login could get past row security; the log says how.
    pub fn unfit(refusal: &str) -> Self {
        error!(id = %request_id(), refusal, "this login must not serve");
        let detail = "the service's login is not fit for it";
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, "42501", detail, None)
    }

    fn refused(
        status: StatusCode,
        code: &str,
        detail: impl Into<String>,
        hint: Option<&str>,
    ) -> Self {
        Self::Refused(Box::new(Problem {
            code: Some(code.to_owned()),
            detail: Some(detail.into()),
            hint: hint.map(str::to_owned),
            ..Problem::new(status)
        }))
    }

    /// Another transaction was in the way; the same again may work.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self.sqlstate(),
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
        )
    }

    /// `enter` found something in the session that an earlier request left there.
    pub fn is_unclean_session(&self) -> bool {
        self.sqlstate() == Some(&SqlState::OBJECT_IN_USE)
    }

    /// A timeout, or somebody, stopped it.
    pub fn is_canceled(&self) -> bool {
        self.sqlstate() == Some(&SqlState::QUERY_CANCELED)
    }

    fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error) => error.code(),
            Self::Refused(_) | Self::Pool(_) => None,
        }
    }

    fn into_problem(self) -> Problem {
        match self {
            Self::Refused(problem) => *problem,
            Self::Database(error) => match error.as_db_error() {
                Some(refusal) => Problem::from_database(refusal),
                None if is_lost(&error) => Problem::unavailable("08006", "the database is away"),
                None => Problem::unexpected(&error),
            },
            Self::Pool(PoolError::Timeout(_)) => {
                Problem::unavailable("53300", "all connections to the database are busy")
            }
            Self::Pool(PoolError::PostCreateHook(HookError::Message(refusal))) => {
                Self::unfit(&refusal).into_problem()
            }
            Self::Pool(error) => {
                warn!(id = %request_id(), reason = reason(&error), "no connection to the database");
                Problem::unavailable("08001", "the database is away")
            }
        }
    }
}

impl Problem {
    fn new(status: StatusCode) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code: None,
            detail: None,
            hint: None,
            field: None,
            constraint: None,
            id: None,
        }
    }

    fn from_database(refusal: &DbError) -> Self {
        let status = status(refusal.code());
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Self::unexpected(refusal);
        }
        let hint = match refusal.code().code() {
            // the database's hints say it in SQL
            "28000" => Some(SIGN_IN),
            "55000" => Some("send the header Mandant-Tenant with one tenant's code"),
            _ => refusal.hint(),
        };
        Self {
            code: Some(refusal.code().code().to_owned()),
            detail: Some(refusal.message().to_owned()),
            hint: hint.map(str::to_owned),
            field: refusal.column().map(str::to_owned),
            constraint: refusal.constraint().map(str::to_owned),
            ..Self::new(status)
        }
    }

    fn unavailable(code: &str, detail: &str) -> Self {
        Self {
            code: Some(code.to_owned()),
            detail: Some(detail.to_owned()),
            hint: Some("send the request again".to_owned()),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE)
        }
    }

    fn unexpected(error: &(dyn std::error::Error + 'static)) -> Self {
        let id = request_id();
        error!(%id, reason = reason(error), "unexpected error");
        Self {
            id: Some(id),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let problem = self.into_problem();
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => (),
        }
        response
    }
}

impl From<JsonRejection> for Error {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection {
            JsonRejection::JsonSyntaxError(_) => "22032",
            JsonRejection::JsonDataError(_) => "22023",
            _ => "08P01",
        };
        Self::refused(rejection.status(), code, reason(&rejection), None)
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_value(reason(&rejection))
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_value(reason(&rejection))
    }
}

/// The innermost cause in one line: what wraps it only says that something failed. Of the
/// database's errors no DETAIL, which quotes rows.
pub fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<DbError>() {
        Some(error) => format!("{} (SQLSTATE {})", error.message(), error.code().code()),
        None => innermost.to_string(),
    }
}

/// The connection broke, as opposed to a value that cannot be converted.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error
            .source()
            .is_some_and(|source| source.is::<io::Error>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sqlstate_of_the_closed_list_has_its_status() {
        let table = [
            ("28000", 401),
            ("28P01", 401),
            ("42501", 403),
            ("P0002", 404),
            ("42704", 404),
            ("23001", 409),
            ("23505", 409),
            ("42710", 409),
            ("55000", 409),
            ("22023", 422),
            ("22P02", 422),
            ("23503", 422),
            ("23514", 422),
            ("08006", 503),
            ("40001", 503),
            ("40P01", 503),
            ("55P03", 503),
            ("57P01", 503),
            ("57014", 504),
            ("XX000", 500),
            ("42P01", 500),
        ];
        for (code, expected) in table {
            assert_eq!(
                status(&SqlState::from_code(code)).as_u16(),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_refusal_says_how_to_go_on() {
        let response = Error::no_token().into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");

        let busy = Error::Pool(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait));
        assert_eq!(busy.into_response().headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn an_unexpected_error_tells_its_id_only() {
        let problem =
            Error::Database(tokio_postgres::Error::__private_api_timeout()).into_problem();
        assert_eq!(problem.status, 500);
        assert!(problem.id.is_some());
        assert!(problem.detail.is_none() && problem.code.is_none());
    }
}
