//! What a refusal looks like: a standard SQLSTATE, a message that names the object, a hint that names the next step.
//! Nothing of another tenant ever stands in either.

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;

/// A refusal on its way to the client.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// SQLSTATE, from the closed list in the README.
    pub code: PgSqlErrorCode,
    /// One sentence without a full stop.
    pub message: String,
    /// The next step, if there is one.
    pub hint: String,
    /// What programs read, such as for how many seconds to wait; mostly empty.
    pub detail: String,
}

impl Error {
    /// A refusal with its next step.
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            detail: String::new(),
        }
    }

    /// 53400: more than is allowed at a time; what comes after so many seconds is not.
    pub fn too_much(message: impl Into<String>, hint: impl Into<String>, seconds: i64) -> Self {
        Self {
            detail: seconds.to_string(),
            ..Self::new(
                PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                message,
                hint,
            )
        }
    }

    /// 22023: a value that cannot be used.
    pub fn bad_value(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            message,
            hint,
        )
    }

    /// 42501: not allowed.
    pub fn not_allowed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            message,
            hint,
        )
    }

    /// XX000: an invariant of ours does not hold; never the caller's fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message, "")
    }
}

impl From<Error> for ErrorReport {
    #[track_caller]
    fn from(error: Error) -> Self {
        let mut report = ErrorReport::new(error.code, error.message, "pg_mandant");
        if !error.hint.is_empty() {
            report = report.set_hint(error.hint);
        }
        if !error.detail.is_empty() {
            report = report.set_detail(error.detail);
        }
        report
    }
}
