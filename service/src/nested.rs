//! Columns that are JSON: texts by language, and rows of another table that are shown with theirs.

use std::{borrow::Cow, collections::BTreeMap, error::Error, fmt::Debug};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{FromSql, IsNull, Json, ToSql, Type, private::BytesMut};

use crate::record::Typed;

/// A value that the database gives as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nested<T>(T);

/// What something is called, by language.
pub type Texts = Nested<ByLanguage>;

/// Texts by language, at least English.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByLanguage(BTreeMap<String, String>);

impl JsonSchema for ByLanguage {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": { "type": "string" },
            "examples": [{ "de": "Stunde", "en": "hour" }],
        })
    }
}

impl<T: JsonSchema> JsonSchema for Nested<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<'a, T: Deserialize<'a>> FromSql<'a> for Nested<T> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Json::from_sql(ty, raw).map(|Json(value)| Self(value))
    }

    fn accepts(ty: &Type) -> bool {
        <Json<T> as FromSql>::accepts(ty)
    }
}

impl<T: Serialize + Debug> ToSql for Nested<T> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Json(&self.0).to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <Json<T> as ToSql>::accepts(ty)
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<T: Serialize + Debug + Sync> Typed for Nested<T> {
    const TYPE: Type = Type::JSONB;
}
