//! Exact decimals: amounts, quantities, rates. In JSON they are strings, because a JSON number is a
//! binary fraction to most who read it; a whole number may be sent as one.

use std::{borrow::Cow, fmt};

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use tokio_postgres::types::{FromSql, ToSql, Type, private::BytesMut};

use crate::record::Typed;

/// A decimal of at most 28 digits, as it is written: no digit is lost or made up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount(Decimal);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a decimal string of at most 28 digits, such as \"12.50\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                let plain = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
                Some(text)
                    .filter(|text| text.chars().all(plain))
                    .and_then(|text| Decimal::from_str_exact(text).ok())
                    .map(Amount)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount(number.into()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount(number.into()))
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "decimal",
            "pattern": r"^-?\d{1,28}(\.\d{1,28})?$",
            "examples": ["119.00"],
        })
    }
}

impl<'a> FromSql<'a> for Amount {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Decimal::from_sql(ty, raw).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        <Decimal as FromSql>::accepts(ty)
    }
}

impl ToSql for Amount {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <Decimal as ToSql>::accepts(ty)
    }

    tokio_postgres::types::to_sql_checked!();
}

impl Typed for Amount {
    const TYPE: Type = Type::NUMERIC;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, serde_json::Error> {
        serde_json::from_str::<Amount>(json).and_then(|amount| serde_json::to_string(&amount))
    }

    #[test]
    fn digits_come_back_as_they_were_sent() {
        for text in [r#""12.50""#, r#""-0.0001""#, r#""0""#] {
            assert_eq!(read(text).unwrap(), text);
        }
        assert_eq!(read("3").unwrap(), r#""3""#);
    }

    #[test]
    fn what_would_be_rounded_or_guessed_is_refused() {
        for text in [
            "1.5",
            "1e3",
            r#""1e3""#,
            r#""""#,
            r#""NaN""#,
            r#""1,5""#,
            r#""1_000""#,
            r#""+1""#,
            r#"" 1""#,
            r#""0.00000000000000000000000000001""#,
            "null",
            "true",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
