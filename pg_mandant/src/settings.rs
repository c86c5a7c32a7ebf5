//! Settings as they are kept in a session: how a value changes over time, read once and forgotten when the version of the
//! rights changes, which a change to any setting brings about. What holds where is decided in SQL.

use std::cell::RefCell;
use std::collections::HashMap;

use pgrx::datum::{IntoDatum, Uuid};
use pgrx::{PgSqlErrorCode, pg_sys};
use serde::Deserialize;

use crate::access::{Id, Whose};
use crate::catalog;
use crate::context::{self, Kept};
use crate::error::Error;
use crate::lock::Lock;

/// A setting in a tenant, as `mandant_internal.setting_line` gives it.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    /// 0 for the group, then every tenant from the topmost down to this one.
    places: Vec<i32>,
    /// Ascending, from the moment on at which it was read.
    values: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Value {
    /// In microseconds since 2000; none: an infinity that was asked for.
    from: Option<i64>,
    value: Option<String>,
}

impl Line {
    /// The value at a moment; none: it was read later.
    fn at(&self, moment: pg_sys::TimestampTz) -> Option<Option<&str>> {
        let later = self
            .values
            .partition_point(|value| value.from.is_none_or(|from| from <= moment));
        let value = self.values[..later].last()?;
        Some(value.value.as_deref())
    }
}

/// By tenant and principal; then by key, so that asking copies no text.
type Lines = HashMap<(i32, Option<Id>), HashMap<String, Line>>;

/// The most tenants that a session keeps settings of.
const MOST_KEPT: usize = 1_000;

thread_local! {
    static LINES: RefCell<Kept<Lines>> = RefCell::default();
}

/// The value of a setting at a moment; `wanted` is the type it must have.
pub fn value(
    key: Option<&str>,
    wanted: Option<&str>,
    as_of: Option<pg_sys::TimestampTz>,
    whose: Whose,
) -> Result<Option<String>, Error> {
    let key = key.ok_or_else(|| unknown("null"))?;
    // SAFETY: reads the clock.
    let as_of = as_of.unwrap_or_else(|| unsafe { pg_sys::GetCurrentTimestamp() });
    look(key, whose, as_of, |line| {
        let fits = match wanted {
            None => true,
            Some("number") => matches!(line.kind.as_str(), "number" | "integer"),
            Some(wanted) => line.kind == wanted,
        };
        if !fits {
            return Some(Err(Error::bad_value(
                format!("{key} is a setting of type {}", line.kind),
                "mandant.setting reads any; setting_number, setting_boolean, setting_date and setting_texts those of their type",
            )));
        }
        line.at(as_of).map(|value| Ok(value.map(str::to_owned)))
    })
}

/// Keeps the held settings of a tenant as they are until the transaction ends, from the group's on down: in one order, so that
/// two who hold them never wait for each other.
pub fn hold(tenant_id: i32) -> Result<(), Error> {
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    // where values come from is the same for every setting
    let places = look("token_hours", Whose::Id(tenant_id), now, |line| {
        Some(Ok(line.places.clone()))
    })?;
    for place in places {
        // SAFETY: in a transaction.
        unsafe { Lock::Settings(place).share() }
    }
    Ok(())
}

/// Looks at a setting in a tenant, for whoever asks; where what is kept was read later, at what it was at the moment.
fn look<T>(
    key: &str,
    whose: Whose,
    as_of: pg_sys::TimestampTz,
    at: impl Fn(&Line) -> Option<Result<T, Error>>,
) -> Result<T, Error> {
    let context = context::current()?;
    let authority = &context.authority;
    let tenant_id = context.tenant(whose)?;
    if authority.code(tenant_id).is_none() {
        return Err(Error::not_allowed(
            "the settings of this tenant are not available to you",
            "ask an administrator for a grant in it",
        ));
    }
    let place = (tenant_id, authority.principal);
    let kept = LINES.with_borrow_mut(|lines| {
        let line = lines.now().get(&place)?.get(key)?;
        Some(at(line))
    });
    if let Some(Some(seen)) = kept {
        return seen;
    }
    let version = context::version();
    let line = read(place, key, as_of)?;
    let seen = at(&line).unwrap_or_else(|| Err(Error::internal("settings: no value")));
    // SAFETY: reads the clock.
    if kept.is_none() && as_of <= unsafe { pg_sys::GetCurrentTimestamp() } {
        LINES.with_borrow_mut(|lines| {
            lines.keep(version, |lines| {
                if lines.len() >= MOST_KEPT {
                    lines.clear();
                }
                lines.entry(place).or_default().insert(key.to_owned(), line);
            });
        });
    }
    seen
}

fn read(
    (tenant_id, principal): (i32, Option<Id>),
    key: &str,
    from: pg_sys::TimestampTz,
) -> Result<Line, Error> {
    let types = [
        pg_sys::INT4OID,
        pg_sys::UUIDOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
    ];
    let values = [
        tenant_id.into_datum(),
        principal.and_then(|id| Uuid::from_bytes(id).into_datum()),
        key.into_datum(),
        Some(pg_sys::Datum::from(from)),
    ];
    // SAFETY: in a transaction; the signature is the one of settings.sql.
    let json = unsafe { catalog::answer(c"setting_line", &types, values)? };
    let json = json.ok_or_else(|| unknown(key))?;
    serde_json::from_str(&json).map_err(|error| Error::internal(format!("setting: {error}")))
}

fn unknown(key: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("no such setting: \"{key}\""),
        "select key, description from mandant.effective_setting",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_the_one_that_began_last() {
        let line: Line = serde_json::from_str(
            r#"{"type": "text", "places": [0, 1], "values": [{"from": -5, "value": "a"}, {"from": 10, "value": null}]}"#,
        )
        .unwrap();
        assert_eq!(line.at(i64::MIN), None);
        assert_eq!(line.at(-6), None);
        assert_eq!(line.at(-5), Some(Some("a")));
        assert_eq!(line.at(9), Some(Some("a")));
        assert_eq!(line.at(10), Some(None));
        assert_eq!(line.at(i64::MAX), Some(None));
    }
}
