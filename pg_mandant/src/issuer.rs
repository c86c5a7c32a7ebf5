//! Tokens of trusted issuers (JWT): checked once, then judged at every statement by what `enter` keeps of them.
//!
//! The keys of an issuer and the outcome of a check are kept until rights change. A check that is kept says nothing about
//! time and rights: those are read by `mandant_internal.authority`, as for every token.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use pgrx::prelude::*;
use ring::digest;
use serde::Deserialize;
use serde_json::Value;

use crate::context;
use crate::error::Error;

mod jwt;
mod key;

use jwt::{Issuer, Token};

/// The most checked tokens kept by one session.
const CHECKED: usize = 256;

#[derive(Default)]
struct Cache {
    version: u64,
    issuers: HashMap<String, Rc<Issuer>>,
    /// By the SHA-256 of the token: what the session keeps of it.
    checked: HashMap<[u8; 32], Rc<str>>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// The answer of `mandant_internal.trusted_issuer`.
#[derive(Deserialize)]
struct Trusted {
    id: i32,
    audience: String,
    leeway: i64,
    keys: Vec<Value>,
}

/// The keys of a set that tokens can be checked with, as the database keeps them; the others get a notice each.
pub fn usable_keys(set: &Value) -> Result<Value, Error> {
    let (keys, passed_over) = key::accept(set)?;
    for why in passed_over {
        pgrx::notice!("{why}: passed over");
    }
    Ok(keys)
}

/// Checks a token of an issuer, and gives what `mandant.token` is to hold of it.
pub fn admit(token: &str) -> Result<Rc<str>, Error> {
    let version = context::version();
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    let known = CACHE.with_borrow_mut(|cache| {
        if cache.version != version || cache.checked.len() >= CHECKED {
            *cache = Cache {
                version,
                ..Cache::default()
            };
        }
        cache.checked.get(&hash).cloned()
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let checked = check(token)?;
    CACHE.with_borrow_mut(|cache| cache.checked.insert(hash, Rc::clone(&checked)));
    Ok(checked)
}

fn check(token: &str) -> Result<Rc<str>, Error> {
    let refused = |why: &str| {
        // for the administrator: to the sender every refusal is the same
        ereport!(
            PgLogLevel::LOG_SERVER_ONLY,
            PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
            format!("a token is refused: {why}")
        );
        context::invalid_token()
    };
    let token = Token::read(token).map_err(refused)?;
    let issuer =
        trusted(token.issuer())?.ok_or_else(|| refused("of an issuer that is not trusted"))?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let admitted = token.check(&issuer, now).map_err(refused)?;
    let kept = serde_json::to_string(&admitted)
        .map_err(|error| Error::internal(format!("a token: {error}")))?;
    Ok(kept.into())
}

fn trusted(issuer: &str) -> Result<Option<Rc<Issuer>>, Error> {
    if let Some(known) = CACHE.with_borrow(|cache| cache.issuers.get(issuer).cloned()) {
        return Ok(Some(known));
    }
    let Some(found) = context::read_issuer(issuer)? else {
        return Ok(None);
    };
    let found: Trusted = serde_json::from_str(&found)
        .map_err(|error| Error::internal(format!("mandant_internal.trusted_issuer: {error}")))?;
    let found = Rc::new(Issuer {
        id: found.id,
        audience: found.audience,
        leeway: found.leeway,
        keys: key::kept(&found.keys)?,
    });
    CACHE.with_borrow_mut(|cache| cache.issuers.insert(issuer.to_owned(), Rc::clone(&found)));
    Ok(Some(found))
}
