//! Lists come in pages, newest first. A page ends where its last row does (keyset), so that rows
//! that come and go meanwhile move nothing; ids are made in the order of time.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// Some rows of a list, and where it goes on.
#[derive(Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// To be sent as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// Takes `limit` rows of `limit.and_one()` that were asked for.
    pub fn cut(mut items: Vec<T>, limit: Limit, id: impl Fn(&T) -> Uuid) -> Self {
        let more = items.len() > limit.0 as usize;
        items.truncate(limit.0 as usize);
        let next_cursor = items.last().filter(|_| more).map(|item| Cursor(id(item)));
        Self { items, next_cursor }
    }
}

/// Rows per page: 1 to 200, 50 unless said.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
pub struct Limit(u16);

impl Limit {
    /// One row more tells whether there is a next page.
    pub fn and_one(self) -> i64 {
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

/// The place after a row, opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Cursor(pub Uuid);

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let id = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| Uuid::from_slice(&bytes).ok());
        id.map(Self)
            .ok_or("cursor is not one of ours: leave it out to begin at the first page")
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u128, limit: u16) -> Page<Uuid> {
        Page::cut(
            (0..rows).map(Uuid::from_u128).collect(),
            Limit(limit),
            |id| *id,
        )
    }

    #[test]
    fn a_cursor_survives_the_way_to_the_client_and_back() {
        let cursor = Cursor(Uuid::now_v7());
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(text.len(), 24, "22 characters and quotes");
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
    }

    #[test]
    fn a_bad_cursor_is_refused() {
        for text in ["", "x", "AAAA", "not base64!", "AAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(Cursor::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_has_bounds() {
        assert!(
            [0, 201, u16::MAX]
                .into_iter()
                .all(|limit| Limit::try_from(limit).is_err())
        );
        assert!(
            [1, 200]
                .into_iter()
                .all(|limit| Limit::try_from(limit).is_ok())
        );
    }

    #[test]
    fn the_last_page_has_no_next_cursor() {
        assert_eq!(page(0, 2).next_cursor, None);
        assert_eq!(page(2, 2).next_cursor, None);
        let page = page(3, 2);
        assert_eq!(page.items.len(), 2);
        assert_eq!(page.next_cursor, Some(Cursor(Uuid::from_u128(1))));
    }
}
