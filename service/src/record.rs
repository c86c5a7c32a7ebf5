//! Rows as structs, and what a client sends as columns. A field, a column and a JSON member have
//! one name, which is written once per struct.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A bind parameter with its type, so that statements need no preparation.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Binds a value.
pub fn param<T: Typed>(value: &T) -> Param<'_> {
    (value, T::TYPE)
}

/// A Rust type that stands for one PostgreSQL type.
pub trait Typed: ToSql + Sync {
    /// That type.
    const TYPE: Type;
}

impl Typed for String {
    const TYPE: Type = Type::TEXT;
}

impl Typed for &str {
    const TYPE: Type = Type::TEXT;
}

impl Typed for i32 {
    const TYPE: Type = Type::INT4;
}

impl Typed for i64 {
    const TYPE: Type = Type::INT8;
}

impl Typed for Uuid {
    const TYPE: Type = Type::UUID;
}

impl Typed for Decimal {
    const TYPE: Type = Type::NUMERIC;
}

impl Typed for NaiveDate {
    const TYPE: Type = Type::DATE;
}

impl Typed for serde_json::Value {
    const TYPE: Type = Type::JSONB;
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
}

/// A member of a body: absent, null or a value.
#[derive(Default)]
pub enum Field<T> {
    /// The column keeps its value, or takes its default.
    #[default]
    Absent,
    /// The column is to have this value.
    Given(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Given)
    }
}

/// Writes `columns` of a new row, whose values are bound in the same order.
pub fn insert(table: &str, columns: &[&str]) -> String {
    if columns.is_empty() {
        return format!("insert into {table} default values returning *");
    }
    let values: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    format!("insert into {table} ({columns}) values ({values}) returning *")
}

/// Writes `columns` of one row, whose values are bound in the same order, and the row's id last.
pub fn update(table: &str, columns: &[&str]) -> String {
    let values: Vec<_> = columns
        .iter()
        .zip(1..)
        .map(|(column, n)| format!("{column} = ${n}"))
        .collect();
    let (values, id) = (values.join(", "), columns.len() + 1);
    format!("update {table} set {values} where id = ${id} returning *")
}

/// A struct that a row is read as: each field from the column of its name.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(serde::Serialize)]
        pub struct $name { $($(#[$field_meta])* $field: $type,)* }

        impl TryFrom<&tokio_postgres::Row> for $name {
            type Error = tokio_postgres::Error;

            fn try_from(row: &tokio_postgres::Row) -> Result<Self, Self::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    };
}

/// A struct of columns that a client may set: a body may leave out any, and name no other.
macro_rules! columns {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($field: crate::record::Field<$type>,)* }

        impl $name {
            /// Names and values of the columns that were given.
            fn given(&self) -> Vec<(&'static str, crate::record::Param<'_>)> {
                let mut given = Vec::new();
                $(
                    if let crate::record::Field::Given(value) = &self.$field {
                        given.push((stringify!($field), crate::record::param(value)));
                    }
                )*
                given
            }
        }
    };
}

pub(crate) use {columns, record};

#[cfg(test)]
mod tests {
    use super::*;

    columns! {
        pub struct Change {
            name: String,
            city: String,
            days: i32,
        }
    }

    fn given(body: &str) -> Result<Vec<&'static str>, serde_json::Error> {
        let change: Change = serde_json::from_str(body)?;
        Ok(change.given().into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn statements_bind_every_value() {
        assert_eq!(
            insert("t", &["a", "b"]),
            "insert into t (a, b) values ($1, $2) returning *"
        );
        assert_eq!(
            update("t", &["a", "b"]),
            "update t set a = $1, b = $2 where id = $3 returning *"
        );
        assert_eq!(insert("t", &[]), "insert into t default values returning *");
    }

    #[test]
    fn null_is_given_and_absent_is_not() {
        assert_eq!(
            given(r#"{"city": null, "name": "x"}"#).unwrap(),
            ["name", "city"]
        );
        assert!(given("{}").unwrap().is_empty());
    }

    #[test]
    fn unknown_members_and_wrong_types_are_refused() {
        assert!(given(r#"{"nam": "x"}"#).is_err());
        assert!(given(r#"{"days": "x"}"#).is_err());
    }
}
