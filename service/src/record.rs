//! Rows as structs, and what a client sends as columns. A field, a column and a JSON member have
//! one name, which is written once per struct; its doc comment is its description in OpenAPI.

use std::{borrow::Cow, net::IpAddr};

use chrono::{DateTime, NaiveDate, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use tokio_postgres::{
    Row,
    types::{FromSql, ToSql, Type},
};
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

macro_rules! typed {
    ($($rust:ty => $postgres:ident,)*) => {
        $(
            impl Typed for $rust {
                const TYPE: Type = Type::$postgres;
            }
        )*
    };
}

typed! {
    &str => TEXT,
    &[u8] => BYTEA,
    DateTime<Utc> => TIMESTAMPTZ,
    IpAddr => INET,
    NaiveDate => DATE,
    String => TEXT,
    Uuid => UUID,
    Vec<String> => TEXT_ARRAY,
    Vec<Uuid> => UUID_ARRAY,
    bool => BOOL,
    i32 => INT4,
    i64 => INT8,
    serde_json::Value => JSONB,
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
}

/// What a row can be read as.
pub trait Record: Sized {
    /// The columns it is read from.
    const COLUMNS: &'static [&'static str];

    /// Reads it.
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error>;

    /// Its columns, to be selected.
    fn select() -> String {
        let quoted: Vec<_> = Self::COLUMNS.iter().map(|name| quote(name)).collect();
        quoted.join(", ")
    }
}

/// The value of a column, which is looked for at its place first: a list of many rows is mostly this.
pub fn column<'a, T: FromSql<'a>>(
    row: &'a Row,
    place: &mut usize,
    name: &str,
) -> Result<T, tokio_postgres::Error> {
    let (at, name) = (*place, plain(name));
    *place += 1;
    match row.columns().get(at) {
        Some(column) if column.name() == name => row.try_get(at),
        _ => row.try_get(name),
    }
}

/// A column's name as SQL writes it, where a Rust word (`r#type`) or an SQL word (`table`) may be meant.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", plain(name))
}

/// A field's name as the column has it.
fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
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

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

/// What a client says about a row.
pub trait Columns {
    /// Names and values of the columns that were given.
    fn given(&self) -> Vec<(&'static str, Param<'_>)>;

    /// Names of the columns that were given null.
    fn nulls(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// Writes `columns` of a new row, whose values are bound in the same order.
pub fn insert(table: &str, columns: &[&str]) -> String {
    if columns.is_empty() {
        return format!("insert into {table} default values returning *");
    }
    let values: Vec<_> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let columns: Vec<_> = columns.iter().map(|name| quote(name)).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    format!("insert into {table} ({columns}) values ({values}) returning *")
}

/// Writes `columns` of one row, whose values are bound in the same order, and the row's id last.
pub fn update(table: &str, columns: &[&str], id: &str) -> String {
    let values: Vec<_> = columns
        .iter()
        .zip(1..)
        .map(|(column, n)| format!("{} = ${n}", quote(column)))
        .collect();
    let (values, n) = (values.join(", "), columns.len() + 1);
    format!("update {table} set {values} where {id} = ${n} returning *")
}

/// A struct that a row is read as: each field from the column of its name.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(serde::Serialize, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl crate::record::Record for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn of(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
                let mut place = 0;
                Ok(Self { $($field: crate::record::column(row, &mut place, stringify!($field))?,)* })
            }
        }
    };
}

/// A struct of columns that a client may set: a body may leave out any, and name no other.
macro_rules! columns {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Default, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: crate::record::Field<$type>,)* }

        impl crate::record::Columns for $name {
            fn given(&self) -> Vec<(&'static str, crate::record::Param<'_>)> {
                let mut given = Vec::new();
                $(
                    if let crate::record::Field::Given(value) = &self.$field {
                        given.push((stringify!($field), crate::record::param(value)));
                    }
                )*
                given
            }

            fn nulls(&self) -> Vec<&'static str> {
                let mut nulls = Vec::new();
                $(
                    if let crate::record::Field::Given(None) = &self.$field {
                        nulls.push(stringify!($field));
                    }
                )*
                nulls
            }
        }
    };
}

/// A body whose members are arguments of a function, by their names; `perhaps` those that it has
/// defaults for, which absent and null ones get.
macro_rules! arguments {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$needed_meta:meta])* $needed:ident: $needed_type:ty,)* }
        $(perhaps { $($(#[$given_meta:meta])* $given:ident: $given_type:ty,)* })?
    ) => {
        $(#[$meta])*
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$needed_meta])* pub $needed: $needed_type,)*
            $($($(#[$given_meta])* pub $given: Option<$given_type>,)*)?
        }

        impl crate::record::Columns for $name {
            fn given(&self) -> Vec<(&'static str, crate::record::Param<'_>)> {
                #[allow(unused_mut)]
                let mut given = vec![
                    $((stringify!($needed), crate::record::param(&self.$needed)),)*
                ];
                $($(
                    if let Some(value) = &self.$given {
                        given.push((stringify!($given), crate::record::param(value)));
                    }
                )*)?
                given
            }
        }
    };
}

/// One of some words.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$choice_meta:meta])* $choice:ident = $word:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$choice_meta])* #[serde(rename = $word)] $choice,)* }

        impl tokio_postgres::types::ToSql for $name {
            fn to_sql(
                &self,
                ty: &tokio_postgres::types::Type,
                out: &mut tokio_postgres::types::private::BytesMut,
            ) -> Result<
                tokio_postgres::types::IsNull,
                Box<dyn std::error::Error + Sync + Send>,
            > {
                match self { $(Self::$choice => $word.to_sql(ty, out),)* }
            }

            fn accepts(ty: &tokio_postgres::types::Type) -> bool {
                <&str as tokio_postgres::types::ToSql>::accepts(ty)
            }

            tokio_postgres::types::to_sql_checked!();
        }

        impl crate::record::Typed for $name {
            const TYPE: tokio_postgres::types::Type = tokio_postgres::types::Type::TEXT;
        }
    };
}

pub(crate) use {arguments, choice, columns, record};

#[cfg(test)]
mod tests {
    use super::*;

    columns! {
        /// What is tested.
        pub struct Change {
            /// A name.
            name: String,
            /// A city.
            city: String,
            /// Days.
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
            insert("t", &["a", "r#type"]),
            r#"insert into t ("a", "type") values ($1, $2) returning *"#
        );
        assert_eq!(
            update("t", &["a", "b"], "id"),
            r#"update t set "a" = $1, "b" = $2 where id = $3 returning *"#
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
