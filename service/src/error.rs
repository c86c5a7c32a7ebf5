//! Refusals, as RFC 9457 problems. The database says what is wrong and what to do next; here its
//! SQLSTATE becomes an HTTP status, in one `match`. What it does not mean for clients (CONTEXT,
//! DETAIL, anything unexpected) stays here: the log has it, the client gets the request's id. The file
//! is long because all that can go wrong with a request is listed in it, with an example of each.

use std::{error::Error as _, fmt::Display, io};

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as Described},
};
use axum::{
    Json,
    extract::rejection::{BytesRejection, PathRejection},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use deadpool_postgres::{HookError, PoolError, TimeoutType};
use schemars::JsonSchema;
use serde::{Serialize, de::IgnoredAny};
use serde_json::{Value, json};
use tokio_postgres::error::{DbError, SqlState};
use tracing::{error, warn};
use uuid::Uuid;

use crate::{BODY_LIMIT, rule::Rule, telemetry::request_id, tls};

const DESCRIBED: &str = "GET /openapi.json says what this address takes; /docs shows it";
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
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells what it is.
    r#type: &'static str,
    /// The status in words, such as `Forbidden`.
    title: &'static str,
    /// The HTTP status, such as `403`.
    status: u16,
    /// What may be relied on, the SQLSTATE, such as `42501`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What is wrong, such as `tenant "xx" is not available to you`.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What to do next, such as `available: de`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The member, parameter or header that is wrong, where one is known, such as `quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The rule in the database that was broken, if it has a name, such as `customer_email_has_domain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint: Option<String>,
    /// In how many seconds it may work.
    #[serde(skip)]
    retry_after: Option<u32>,
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
        // busy, too many of us, shutting down, starting up; conflicts that three retries did not solve;
        // a table that changed between planning and running
        "40001" | "40P01" | "42804" | "53300" | "55P03" | "57P01" | "57P02" | "57P03" => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        "53400" => StatusCode::TOO_MANY_REQUESTS,
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
    pub fn no_such(what: &str, id: impl Display) -> Self {
        let hint = "look for it in the list, with its tenant selected";
        let detail = format!("no such {what} {id}");
        Self::refused(StatusCode::NOT_FOUND, "P0002", detail, Some(hint))
    }

    /// A row that may be seen, and that no more may be done to.
    pub fn no_right(action: &str, what: &str) -> Self {
        let detail = format!("you have no right to {action} this {what}");
        let hint = "ask its owner, or an administrator for a role that reaches it";
        Self::refused(StatusCode::FORBIDDEN, "42501", detail, Some(hint))
    }

    /// What the group has for all, and a tenant cannot change for itself.
    pub fn inherited(what: &str, id: impl Display) -> Self {
        let detail = format!("{what} {id} is the group's");
        let hint = "give the tenant its own first: PUT to the list";
        Self::refused(StatusCode::CONFLICT, "23001", detail, Some(hint))
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
        let hint = Some(DESCRIBED);
        Self::refused(StatusCode::UNPROCESSABLE_ENTITY, "22023", detail, hint)
    }

    /// A member, parameter or header that cannot be used.
    pub fn bad_member(field: &str, detail: impl Into<String>) -> Self {
        Self::refuse_member(StatusCode::UNPROCESSABLE_ENTITY, "22023", field, detail)
    }

    /// A body that is not JSON, or not what was asked for.
    pub fn bad_body(error: serde_path_to_error::Error<serde_json::Error>, body: &[u8]) -> Self {
        // where a word is wanted, serde takes a number for a fault of syntax
        let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
        match error.inner().is_data() || is_json() {
            true => Self::bad_member(
                &member(error.path(), error.inner()),
                error.inner().to_string(),
            ),
            false => error.into_inner().into(),
        }
    }

    /// A body that is too large to be looked at.
    pub fn too_large() -> Self {
        let hint = format!("a body has at most {BODY_LIMIT} bytes");
        let detail = "the body is too large";
        Self::refused(StatusCode::PAYLOAD_TOO_LARGE, "54000", detail, Some(&hint))
    }

    /// What `If-Match` names is not what is there.
    pub fn changed() -> Self {
        let detail = "it has changed since";
        let hint = "read it again, decide anew, and send its ETag in If-Match";
        Self::refused(StatusCode::PRECONDITION_FAILED, "55000", detail, Some(hint))
    }

    /// `If-Match` where nothing is there yet.
    pub fn no_precondition() -> Self {
        let detail = "If-Match has no meaning for what is yet to be made";
        Self::bad_member("if-match", detail)
    }

    /// A body that does not say that it is JSON.
    pub fn not_json() -> Self {
        let hint = "send it with Content-Type: application/json";
        let detail = "the body is not said to be JSON";
        Self::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "0A000",
            detail,
            Some(hint),
        )
    }

    /// Something that cannot be, if the service is right.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Refused(Box::new(Problem::unexpected(error)))
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

    /// The service's login could get past row security, or the database is of another version; the log says it.
    pub fn unfit(refusal: &str) -> Self {
        error!(id = %request_id(), refusal, "this must not be served");
        let detail = "the service and its database do not fit";
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, "42501", detail, None)
    }

    fn refuse_member(
        status: StatusCode,
        code: &str,
        field: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self::Refused(Box::new(Problem {
            code: Some(code.to_owned()),
            detail: Some(detail.into()),
            hint: Some(DESCRIBED.to_owned()),
            field: Some(field.to_owned()).filter(|field| !field.is_empty()),
            ..Problem::new(status)
        }))
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

    /// A lock could not be had in time.
    pub fn is_busy(&self) -> bool {
        self.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// The connection broke.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Database(error) if is_lost(error))
    }

    /// A standby cannot do it, or not now; its primary may.
    pub fn is_of_standby(&self) -> bool {
        let of_standby = [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::DATABASE_DROPPED,
        ];
        let code = self.sqlstate();
        self.is_lost()
            || self.is_conflict() // with recovery
            || code.is_some_and(|code| of_standby.contains(code))
    }

    /// The SQLSTATE, if it has one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => problem.code.as_deref(),
            _ => self.sqlstate().map(SqlState::code),
        }
    }

    /// A timeout, or somebody, stopped it.
    pub fn is_canceled(&self) -> bool {
        self.sqlstate() == Some(&SqlState::QUERY_CANCELED)
    }

    /// The rule of a table that was broken, if one was, by schema, table and name.
    pub fn rule(&self) -> Option<[&str; 3]> {
        match self {
            Self::Database(error) => error.as_db_error().and_then(Rule::named_by),
            Self::Refused(_) | Self::Pool(_) => None,
        }
    }

    /// Says what the rule is about that was broken.
    pub fn of_rule(self, rule: Rule) -> Self {
        match &self {
            Self::Database(error) => match error.as_db_error() {
                Some(refusal) => Self::Refused(Box::new(Problem::from_rule(rule, refusal))),
                None => self,
            },
            Self::Refused(_) | Self::Pool(_) => self,
        }
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
            Self::Pool(PoolError::Timeout(TimeoutType::Wait)) => {
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
            retry_after: None,
            id: None,
        }
    }

    fn from_database(refusal: &DbError) -> Self {
        let status = status(refusal.code());
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            return Self::unexpected(refusal);
        }
        let (code, own) = (refusal.code().code(), refusal.hint().is_none());
        let hint = match code {
            // the database's hints say it in SQL
            "28000" => Some(SIGN_IN),
            "55000" if !refusal.message().starts_with("tenant \"") => {
                Some("send the header Mandant-Tenant with one tenant's code")
            }
            // what has no hint is PostgreSQL's own
            "42501" if own => Some("ask an administrator for a role with the right to it"),
            _ if own && status == StatusCode::UNPROCESSABLE_ENTITY => Some(DESCRIBED),
            // psql's word for what the description says
            _ if refusal.hint().is_some_and(|hint| hint.starts_with('\\')) => Some(DESCRIBED),
            _ => refusal.hint(),
        };
        let detail = match code {
            "42501" if own => "you have no right to this, as it is or as it would be",
            "23502" if own => "it must not be null",
            _ => refusal.message(),
        };
        Self {
            code: Some(code.to_owned()),
            detail: Some(detail.to_owned()),
            hint: hint.map(str::to_owned),
            field: refusal.column().map(str::to_owned),
            constraint: refusal.constraint().map(str::to_owned),
            // the one DETAIL that is for clients, of our own
            retry_after: match status {
                StatusCode::TOO_MANY_REQUESTS => refusal.detail().and_then(|n| n.parse().ok()),
                _ => None,
            },
            ..Self::new(status)
        }
    }

    fn from_rule(rule: Rule, refusal: &DbError) -> Self {
        let broken = rule.broken(refusal);
        Self {
            code: Some(broken.code.code().to_owned()),
            detail: Some(broken.detail),
            hint: Some(broken.hint.to_owned()),
            field: broken.field,
            constraint: refusal.constraint().map(str::to_owned),
            ..Self::new(status(&broken.code))
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
        let soon = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        let retry_after = problem.retry_after.or(soon);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

// Described for all operations at once: see openapi.rs.
impl OperationOutput for Error {
    type Inner = Problem;

    fn inferred_responses(
        context: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<u16>, Described)> {
        context.schema.subschema_for::<Problem>();
        Vec::new()
    }
}

impl From<BytesRejection> for Error {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            status => Self::refused(status, "08P01", reason(&rejection), None),
        }
    }
}

impl From<serde_path_to_error::Error<serde_urlencoded::de::Error>> for Error {
    fn from(error: serde_path_to_error::Error<serde_urlencoded::de::Error>) -> Self {
        Self::bad_member(
            &member(error.path(), error.inner()),
            error.inner().to_string(),
        )
    }
}

/// The member that is wrong: `lines[0].quantity`. One that is not wanted, or is missing, is named by
/// the message only.
fn member(path: &serde_path_to_error::Path, error: &impl Display) -> String {
    let path = path.to_string();
    let error = error.to_string();
    let named = ["missing", "unknown", "fixed", "null"]
        .iter()
        .find_map(|how| {
            error
                .strip_prefix(how)?
                .strip_prefix(" field `")?
                .split('`')
                .next()
        });
    match (path.as_str(), named) {
        (".", Some(named)) => named.to_owned(),
        (path, Some(named)) if path.ends_with(named) => path.to_owned(),
        (path, Some(named)) => format!("{path}.{named}"),
        (".", None) => String::new(),
        (path, None) => path.to_owned(),
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        let detail = format!("the body is not JSON: {error}");
        Self::refuse_member(StatusCode::BAD_REQUEST, "22032", "", detail)
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_value(reason(&rejection))
    }
}

/// Of every refusal its status, when it comes, and what it looks like.
pub fn examples() -> Vec<(u16, &'static str, Value)> {
    let table = [
        (
            400,
            "The body is not JSON.",
            "22032",
            "the body is not JSON: expected `,` at line 1 column 9",
        ),
        (
            401,
            "No token, or one that is not valid.",
            "28000",
            "the token is not valid",
        ),
        (
            403,
            "Not allowed; or a tenant that does not exist, or is not available.",
            "42501",
            "tenant \"xx\" is not available to you",
        ),
        (
            404,
            "Not there, or not visible.",
            "P0002",
            "no such document",
        ),
        (
            409,
            "Not as things are: posted, exists already, or not exactly one tenant is selected.",
            "23001",
            "invoice RE-2026-00026 is posted",
        ),
        (
            412,
            "It has become another than `If-Match` names.",
            "55000",
            "it has changed since",
        ),
        (
            413,
            "The body is larger than 1 MiB.",
            "54000",
            "the body is too large",
        ),
        (
            415,
            "The body is not said to be JSON.",
            "0A000",
            "the body is not said to be JSON",
        ),
        (
            422,
            "A value that cannot be used.",
            "22023",
            "quantity must be above zero",
        ),
        (
            429,
            "Too many failed sign-ins.",
            "53400",
            "too many failed sign-ins",
        ),
        (500, "Unexpected; the log of the service has more.", "", ""),
        (
            503,
            "Busy, or the database is away: send it again.",
            "53300",
            "all connections are busy",
        ),
        (
            504,
            "It took too long, and was given up.",
            "57014",
            "the request took too long",
        ),
    ];
    let example = |(status, about, code, detail): (u16, _, &str, &str)| {
        let title = StatusCode::from_u16(status)
            .ok()
            .and_then(|s| s.canonical_reason());
        let mut problem = json!({ "type": "about:blank", "title": title, "status": status });
        if code.is_empty() {
            problem["id"] = json!("019a0f6e-5c3b-7d1e-9f00-3a5b7c9d1e2f");
        } else {
            problem["code"] = json!(code);
            problem["detail"] = json!(detail);
        }
        (status, about, problem)
    };
    table.into_iter().map(example).collect()
}

/// The innermost cause in one line: what wraps it only says that something failed. Of the
/// database's errors the hint as well, but no DETAIL, which quotes rows.
pub fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<DbError>() {
        Some(error) => {
            let hint = error.hint().map(|hint| format!("; hint: {hint}"));
            let (message, code) = (error.message(), error.code().code());
            format!("{message} (SQLSTATE {code}){}", hint.unwrap_or_default())
        }
        None => {
            let io = innermost.downcast_ref::<io::Error>();
            let tls = io.and_then(|error| error.get_ref()?.downcast_ref::<rustls::Error>());
            tls.and_then(tls::refusal)
                .unwrap_or_else(|| innermost.to_string())
        }
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
            ("42804", 503),
            ("55P03", 503),
            ("57P01", 503),
            ("53400", 429),
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
