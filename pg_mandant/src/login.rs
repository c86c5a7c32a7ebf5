//! What sessions of a login start with in this database: `alter role ... in database ... set`, which SQL lets nobody say of
//! others without CREATEROLE. Only of settings that everybody may change anyway: they are defaults, and guard nothing.

use std::ffi::CString;

use pgrx::pg_sys;

use crate::error::Error;

/// What can be said so.
const SETTINGS: [&str; 2] = ["default_transaction_read_only", "statement_timeout"];

// pgrx has no binding for it; without pgrx's guard around it.
unsafe extern "C-unwind" {
    fn AlterSetting(
        database: pg_sys::Oid,
        role: pg_sys::Oid,
        statement: *mut pg_sys::VariableSetStmt,
    );
}

/// Sets what sessions of `login` start with; none: no longer.
pub fn set_start(login: pg_sys::Oid, setting: &str, value: Option<&str>) -> Result<(), Error> {
    let statement = statement(setting, value)?;
    // SAFETY: in a transaction; the statement is one that SETTINGS and `statement` make, which parses to one node.
    unsafe {
        let parsed =
            pg_sys::raw_parser(statement.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let first = pg_sys::list_nth(parsed, 0).cast::<pg_sys::RawStmt>();
        let set = (*first).stmt.cast::<pg_sys::VariableSetStmt>();
        pg_sys::ffi::pg_guard_ffi_boundary(|| AlterSetting(pg_sys::MyDatabaseId, login, set));
        pg_sys::CommandCounterIncrement(); // the row may be changed again by this statement
    }
    Ok(())
}

/// The statement by which a session says the same of itself.
fn statement(setting: &str, value: Option<&str>) -> Result<CString, Error> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let text = match value {
        _ if !SETTINGS.contains(&setting) => None,
        None => Some(format!("reset {setting}")),
        Some(value) => plain(value).then(|| format!("set {setting} to '{value}'")),
    };
    text.and_then(|text| CString::new(text).ok())
        .ok_or_else(|| {
            let value = value.unwrap_or_default();
            Error::internal(format!("no login starts with {setting} = {value}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_starts_with_what_is_listed_and_with_nothing_else() {
        let text = |setting, value| statement(setting, value).map(|text| text.into_string());
        assert_eq!(
            text("statement_timeout", Some("5min")),
            Ok(Ok("set statement_timeout to '5min'".to_owned()))
        );
        assert_eq!(
            text("default_transaction_read_only", None),
            Ok(Ok("reset default_transaction_read_only".to_owned()))
        );
        assert!(text("session_preload_libraries", Some("x")).is_err());
        assert!(text("mandant.token", None).is_err());
        assert!(text("statement_timeout", Some("0'; set role to 'x")).is_err());
    }
}
