//! Giving a row to another owner or team, also where it is out of one's own sight then.
//!
//! PostgreSQL asks the policies for reading of a changed row as well. So while the one statement runs that gives a row
//! away, the setting `mandant.assigning` says that rights to its object reach as far as the right to assign it. Only this
//! function sets it, after it has looked at the row before and after; the statement is its own, under a fixed search path.

use pgrx::datum::Uuid;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys, spi};

use crate::access::Id;
use crate::context;
use crate::error::Error;
use crate::right::RowOf;

/// What the row is to become; None: as it is.
pub struct Becomes {
    /// The new owner, who may be nobody.
    pub owner: Option<Option<Id>>,
    /// The new team, which may be none.
    pub team: Option<Option<Id>>,
}

/// Gives the row with this key away, and says whether it is there.
pub fn give(table: pg_sys::Oid, key: &str, becomes: &Becomes) -> Result<bool, Error> {
    Spi::connect_mut(|client| {
        let rule = client.select(
            "select p.object, p.relation::text, mandant_internal.key_condition(p.relation, $2), quote_ident(p.owner_column),
                    quote_ident(p.team_column), quote_ident(p.kind_column)
               from mandant_internal.protected_tables() p where p.relation = $1 and p.complete",
            Some(1),
            &[table.into(), key.into()],
        )?;
        if rule.is_empty() {
            return Ok(false);
        }
        let rule = rule.first();
        let text = |column| rule.get::<String>(column);
        let (Some(object), Some(name), Some(condition)) = (text(1)?, text(2)?, text(3)?) else {
            return Ok(false);
        };
        let (owner_column, team_column, kind_column) = (text(4)?, text(5)?, text(6)?);
        let or_null =
            |column: &Option<String>, of: &str| column.clone().unwrap_or(format!("null::{of}"));
        let found = client.select(
            &format!(
                "select tenant_id, {}, {}, {}::text from {name} where {condition} limit 1",
                or_null(&owner_column, "uuid"),
                or_null(&team_column, "uuid"),
                or_null(&kind_column, "text")
            ),
            Some(1),
            &[],
        )?;
        if found.is_empty() {
            return Ok(false);
        }
        let found = found.first();
        let Some(tenant) = found.get::<i32>(1)? else {
            return Ok(false);
        };
        let id = |id: Option<Uuid>| id.map(|id| *id.as_bytes());
        let (owner, team) = (id(found.get(2)?), id(found.get(3)?));
        let kind = found.get::<String>(4)?;
        let row = |owner, team| RowOf {
            owner,
            team,
            kind: kind.as_deref(),
        };
        let after = row(becomes.owner.unwrap_or(owner), becomes.team.unwrap_or(team));
        let before = row(owner, team);
        let authority = &context::current()?.authority;
        for (action, row) in [("update", &before), ("assign", &before), ("assign", &after)] {
            if !authority.allows_row(&object, action, tenant, row) {
                if authority.is_kept_out(&object, action, tenant) {
                    return Err(authority.refusal(&object, action, Some(tenant)));
                }
                let named = kind.as_deref().unwrap_or(&object);
                return Err(Error::not_allowed(
                    format!("you have no right to {action} {named} here, or not so far"),
                    format!("ask an administrator for a role with the right {action} on {named}"),
                ));
            }
        }
        let new = |column: Option<String>, to: Option<Option<Id>>, place: i32| {
            column
                .zip(to)
                .map(|(column, _)| format!("{column} = ${place}"))
        };
        let changes: Vec<_> = [
            new(owner_column, becomes.owner, 2),
            new(team_column, becomes.team, 3),
        ]
        .into_iter()
        .flatten()
        .collect();
        if changes.is_empty() {
            return Err(Error::bad_value("nothing is to be changed", ""));
        }
        let statement = format!(
            "update {name} set {} where tenant_id = $1 and {condition}",
            changes.join(", ")
        );
        let uuid = |id: Option<Id>| id.map(Uuid::from_bytes);
        context::set_local(c"mandant.assigning", &object)?;
        let given = client.update(
            &statement,
            None,
            &[
                tenant.into(),
                uuid(after.owner).into(),
                uuid(after.team).into(),
            ],
        )?;
        let count = given.len();
        context::set_local(c"mandant.assigning", "")?;
        Ok(count > 0)
    })
}

impl From<spi::Error> for Error {
    fn from(error: spi::Error) -> Self {
        Error::new(
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            error.to_string(),
            "",
        )
    }
}
