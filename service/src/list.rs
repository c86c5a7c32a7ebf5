//! Lists come in pages, in an order that is stable: what was asked for, then the id. A page ends
//! where its last row does (keyset), so that rows that come and go meanwhile move nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use crate::{
    db::Transaction,
    error::Error,
    record::{Param, Record, quote},
};

/// Some rows of a list, and where it goes on.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// To be sent as cursor for the next page; null on the last one, such as `WyItaWQiLCIwMTlhMDAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAiXQ`.
    pub next_cursor: Option<String>,
}

/// Rows per page: 1 to 200, 50 unless said.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
pub struct Limit(u16);

impl Limit {
    /// One row more tells whether there is a next page.
    fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u16> for Limit {
    type Error = &'static str;

    fn try_from(limit: u16) -> Result<Self, Self::Error> {
        (1..=200)
            .contains(&limit)
            .then_some(Self(limit))
            .ok_or("limit is 1 to 200")
    }
}

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 })
    }
}

/// The place after a row, opaque to clients: the order, the row's values there.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Cursor {
    sort: String,
    place: Vec<String>,
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts: Option<Vec<String>> = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        match parts.as_deref() {
            Some([sort, place @ ..]) if !place.is_empty() => Ok(Self {
                sort: sort.clone(),
                place: place.to_vec(),
            }),
            _ => Err("cursor is not one of ours: leave it out to begin at the first page"),
        }
    }
}

impl Cursor {
    fn text(&self) -> String {
        let parts: Vec<_> = std::iter::once(&self.sort).chain(&self.place).collect();
        // texts are always JSON
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
    }
}

impl JsonSchema for Cursor {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

/// What a list can be asked: see [`filter!`].
pub trait Filter {
    /// The columns that can be sorted by, besides the id; never null.
    const SORT: &'static [&'static str];

    /// Conditions in SQL, with `{}` for the value.
    fn conditions(&self) -> Vec<(&'static str, Param<'_>)>;
    /// How many rows.
    fn limit(&self) -> Limit;
    /// Where to go on.
    fn cursor(&self) -> Option<&Cursor>;
    /// In which order: a column, with `-` before it for descending.
    fn sort(&self) -> Option<&str>;
}

/// Rows of `source`, which filter, order and page are applied to. `id` is the column that tells them
/// apart, or several (`kind,number`); without another wish they are in its order, or against it (`-id`).
pub async fn page<T: Record, F: Filter>(
    tx: &Transaction,
    source: &str,
    id: &str,
    filter: &F,
) -> Result<Page<T>, Error> {
    page_of(tx, source, id, &[], filter).await
}

/// As [`page`], of a source with parameters of its own. A source whose rows come in the order of `id`
/// says with `{page}` where filter and page apply as well: the first rows are enough there, and
/// PostgreSQL reads no more than these.
pub async fn page_of<T: Record, F: Filter>(
    tx: &Transaction,
    source: &str,
    id: &str,
    within: &[Param<'_>],
    filter: &F,
) -> Result<Page<T>, Error> {
    let sort = filter.sort().unwrap_or(id);
    let ids: Vec<_> = id.trim_start_matches('-').split(',').collect();
    let (direction, compare) = match sort.starts_with('-') {
        true => ("desc", "<"),
        false => ("asc", ">"),
    };
    let by = match filter.sort().map(|sort| sort.trim_start_matches('-')) {
        None => ids,
        Some(key) if ids == [key] => ids,
        Some(key) if F::SORT.contains(&key) => {
            let others = ids.into_iter().filter(|id| *id != key);
            std::iter::once(key).chain(others).collect()
        }
        Some(key) => {
            return Err(Error::bad_member(
                "sort",
                format!("the list cannot be sorted by \"{key}\""),
            ));
        }
    };

    let place: Vec<Text> = match filter.cursor() {
        None => Vec::new(),
        Some(cursor) if cursor.sort == sort && cursor.place.len() == by.len() => {
            cursor.place.iter().cloned().map(Text).collect()
        }
        Some(_) => {
            return Err(Error::bad_member(
                "cursor",
                "the cursor belongs to another order",
            ));
        }
    };
    let count = filter.limit().and_one();
    let given = filter.conditions();

    let mut params: Vec<Param<'_>> = within.to_vec();
    let mut bind = |value| {
        params.push(value);
        format!("${}", params.len())
    };
    let mut conditions = vec!["true".to_owned()];
    for (condition, value) in given {
        conditions.push(condition.replace("{}", &bind(value)));
    }
    if !place.is_empty() {
        let values = join(&place, |text| bind((text, Type::UNKNOWN)));
        let columns = join(&by, |column| quote(column));
        conditions.push(format!("({columns}) {compare} ({values})"));
    }
    let chosen = format!("where {}", conditions.join(" and "));
    let order = format!(
        "order by {}",
        join(&by, |column| format!("{} {direction}", quote(column)))
    );
    let limit = format!("limit {}", bind((&count, Type::INT8)));
    let first = match filter.sort() {
        None => format!("{chosen} {limit}"),
        Some(_) => format!("{chosen} {order} {limit}"),
    };
    let statement = format!(
        "select {}, array[{}] as cursor_place from {} {chosen} {order} {limit}",
        T::select(),
        join(&by, |column| format!("{}::text", quote(column))),
        source.replace("{page}", &first),
    );

    let rows = tx.query(&statement, &params).await?;
    let shown = &rows[..rows.len().min(usize::from(filter.limit().0))];
    let next_cursor = match shown.last() {
        Some(last) if shown.len() < rows.len() => Some(
            Cursor {
                sort: sort.to_owned(),
                place: last.try_get("cursor_place")?,
            }
            .text(),
        ),
        _ => None,
    };
    let items = shown.iter().map(T::of).collect::<Result<_, _>>()?;
    Ok(Page { items, next_cursor })
}

fn join<'a, T>(items: &'a [T], text: impl FnMut(&'a T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A value as text, of whatever type PostgreSQL finds that it has.
#[derive(Debug)]
struct Text(String);

impl ToSql for Text {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// What a list can be asked: its filters, each a column that equals the value unless a condition in
/// SQL is given; `sorted by` columns that are never null, and by the id; where that is called
/// otherwise, `sorted only by` these.
macro_rules! filter {
    (
        $(#[$meta:meta])*
        pub struct $name:ident sorted by [$($sort:ident),* $(,)?] { $($filters:tt)* }
    ) => {
        crate::list::filter! {
            @define $(#[$meta])* $name [$($sort),*] ["id", "-id"] { $($filters)* }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $name:ident sorted only by [$($sort:ident),* $(,)?] { $($filters:tt)* }
    ) => {
        crate::list::filter! {
            @define $(#[$meta])* $name [$($sort),*] [] { $($filters)* }
        }
    };
    (
        @define $(#[$meta:meta])* $name:ident [$($sort:ident),*] [$($id:literal),*]
        { $($(#[$field_meta:meta])* $field:ident: $type:ty $(= $condition:literal)?,)* }
    ) => {
        $(#[$meta])*
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* $field: Option<$type>,)*
            /// Rows per page.
            #[serde(default)]
            limit: crate::list::Limit,
            /// The next_cursor of the page before.
            cursor: Option<crate::list::Cursor>,
            /// The order: a column, with `-` before it for descending.
            #[schemars(extend("enum" = [
                $(stringify!($sort), concat!("-", stringify!($sort)),)* $($id,)*
            ]))]
            sort: Option<String>,
        }

        impl crate::list::Filter for $name {
            const SORT: &'static [&'static str] = &[$(stringify!($sort)),*];

            fn conditions(&self) -> Vec<(&'static str, crate::record::Param<'_>)> {
                #[allow(unused_mut)]
                let mut conditions = Vec::new();
                $(
                    if let Some(value) = &self.$field {
                        let condition = crate::list::filter!(@condition $field $($condition)?);
                        conditions.push((condition, crate::record::param(value)));
                    }
                )*
                conditions
            }

            fn limit(&self) -> crate::list::Limit {
                self.limit
            }

            fn cursor(&self) -> Option<&crate::list::Cursor> {
                self.cursor.as_ref()
            }

            fn sort(&self) -> Option<&str> {
                self.sort.as_deref()
            }
        }
    };
    (@condition $field:ident $condition:literal) => { $condition };
    (@condition $field:ident) => { concat!("\"", stringify!($field), "\" = {}") };
}

pub(crate) use filter;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_to_the_client_and_back() {
        let cursor = Cursor {
            sort: "-name".to_owned(),
            place: vec!["Bäckerei \"Huber\"".to_owned(), "1".to_owned()],
        };
        assert_eq!(Cursor::try_from(cursor.text()).unwrap(), cursor);
    }

    #[test]
    fn a_bad_cursor_is_refused() {
        for text in ["", "x", "AAAA", "not base64!", "W10", "WyJhIl0", "e30"] {
            assert!(Cursor::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_has_bounds() {
        let fits = |limit| Limit::try_from(limit).is_ok();
        assert!(![0, 201, u16::MAX].into_iter().any(fits));
        assert!([1, 200].into_iter().all(fits));
    }
}
