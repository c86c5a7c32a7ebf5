//! `If-Match`: who says what they saw changes nothing that has become another since. Honoured where
//! it is sent, never required.

use axum::http::{HeaderMap, HeaderValue, header::IF_MATCH};

use crate::{
    error::Error,
    reply::{Answer, etag},
};

/// What the sender saw, as entity tags.
#[derive(Clone)]
pub struct Precondition(Vec<HeaderValue>);

impl Precondition {
    /// That of a request, if it has one.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let tags: Vec<_> = headers.get_all(IF_MATCH).iter().cloned().collect();
        (!tags.is_empty()).then_some(Self(tags))
    }

    /// 412 unless it looks as it did.
    pub fn check(&self, now: &Answer) -> Result<(), Error> {
        let tag =
            HeaderValue::from_str(&etag(&now.body)).map_err(|error| Error::internal(&error))?;
        match self.0.iter().any(|known| names(known, &tag)) {
            true => Ok(()),
            false => Err(Error::changed()),
        }
    }
}

/// Whether a list of entity tags names one, or all (`*`). A weak one compares by its text: ours are
/// digests, and a proxy that compresses may have weakened it.
pub fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else {
        return false;
    };
    list.split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == "*" || one == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list() {
        let tag = HeaderValue::from_static("\"abc\"");
        for list in ["\"abc\"", "*", "\"x\", \"abc\"", "W/\"abc\""] {
            assert!(names(&HeaderValue::from_static(list), &tag), "{list}");
        }
        for list in ["", "abc", "\"ABC\"", "\"x\", \"y\""] {
            assert!(!names(&HeaderValue::from_static(list), &tag), "{list}");
        }
    }
}
