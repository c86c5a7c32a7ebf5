//! Passwords (Argon2id), tokens (256 random bits) and ids (UUID version 7).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::error::Error;

/// The most that verifying a password may cost: memory in KiB, passes, lanes. Whoever sets a hash chooses what others wait for.
const COST: (u32, u32, u32) = (64 * 1024, 4, 4);
/// Verified where there is no password, so that unknown and wrong take the same time. Of a random password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWFuZGFudC1ub2JvZHkwMQ$BfE1vtgX0ZmKIX7PwcVPHSi5bUrLr3YLOJ3ALp9dZ7s";

/// Whether a hash is a complete Argon2id hash of bounded cost.
fn is_usable(hash: &PasswordHash) -> bool {
    let cost = |params: argon2::Params| {
        params.m_cost() <= COST.0 && params.t_cost() <= COST.1 && params.p_cost() <= COST.2
    };
    hash.algorithm == argon2::ARGON2ID_IDENT
        && hash.salt.is_some()
        && hash.hash.is_some_and(|output| output.len() == 32)
        && argon2::Params::try_from(hash).is_ok_and(cost)
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::internal(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

/// The last time that an id was given, in 1/4096 milliseconds since 1970.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// UUID version 7 (RFC 9562, method 3): 48 bits of milliseconds, 12 of their fraction, then random.
/// Those of one session ascend, also where the clock is set back.
pub fn new_id() -> Result<[u8; 16], Error> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let fraction = u64::from(now.subsec_nanos() % 1_000_000) * 4096 / 1_000_000;
    let now = (now.as_millis() as u64) << 12 | fraction;
    let time = now.max(LAST_ID.load(Relaxed) + 1);
    LAST_ID.store(time, Relaxed);

    let mut id: [u8; 16] = random()?;
    id[..6].copy_from_slice(&(time >> 12).to_be_bytes()[2..]);
    id[6..8].copy_from_slice(&(time as u16 & 0x0fff | 0x7000).to_be_bytes());
    id[8] = 0x80 | id[8] & 0x3f;
    Ok(id)
}

/// A new token: 256 random bits in hexadecimal.
pub fn new_token() -> Result<String, Error> {
    Ok(hex::encode(random::<32>()?))
}

/// The Argon2id hash of a password; a hash that is one already is checked and kept.
pub fn hash(password: &str) -> Result<String, Error> {
    if password.starts_with("$argon2") {
        let ready = PasswordHash::new(password).ok().filter(is_usable);
        return match ready {
            Some(_) => Ok(password.to_owned()),
            None => Err(Error::bad_value(
                "the ready hash is not a complete Argon2id hash of bounded cost",
                "give a password, or $argon2id$v=19$m=19456,t=2,p=1$salt$hash with m at most 65536, t and p at most 4",
            )),
        };
    }
    if password.is_empty() {
        return Err(Error::bad_value(
            "the password is empty",
            "give one, or null for none",
        ));
    }
    let failed = |error: argon2::password_hash::Error| Error::internal(format!("argon2: {error}"));
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(failed)?;
    Ok(Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map_err(failed)?
        .to_string())
}

/// Whether the password is the one; takes as long where there is none.
pub fn matches(password: Option<&str>, hash: Option<&str>) -> bool {
    let password = password.unwrap_or_default();
    let verify = |hash: &PasswordHash| {
        Argon2::default()
            .verify_password(password.as_bytes(), hash)
            .is_ok()
    };
    match hash
        .and_then(|hash| PasswordHash::new(hash).ok())
        .filter(is_usable)
    {
        Some(hash) => verify(&hash),
        None => {
            let _ = PasswordHash::new(NOBODY).is_ok_and(|nobody| verify(&nobody)); // for the time it takes
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_only() {
        let hashed = hash("demo").unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(matches(Some("demo"), Some(&hashed)));
        assert!(
            !matches(Some("Demo"), Some(&hashed))
                && !matches(None, Some(&hashed))
                && !matches(Some("demo"), None)
        );
        assert_eq!(hash(&hashed), Ok(hashed));
        assert!(
            hash("").is_err() && hash("$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g").is_err()
        );
    }

    #[test]
    fn nobody_costs_what_a_password_costs() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash("demo").unwrap();
        assert_eq!(nobody.params, PasswordHash::new(&somebody).unwrap().params);
        assert_eq!(
            nobody.hash.unwrap().len(),
            PasswordHash::new(&somebody).unwrap().hash.unwrap().len()
        );
    }

    #[test]
    fn ids_are_version_7_and_grow() {
        let ids: Vec<_> = (0..10_000).map(|_| new_id().unwrap()).collect();
        assert!(ids.iter().all(|id| (id[6] >> 4, id[8] >> 6) == (7, 2)));
        assert!(ids.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn a_hash_that_costs_too_much_is_neither_kept_nor_verified() {
        for cost in [
            "m=4294967295,t=1,p=1",
            "m=8,t=4294967295,p=1",
            "m=19456,t=2,p=255",
            "m=65537,t=2,p=1",
        ] {
            let dear = NOBODY.replace("m=19456,t=2,p=1", cost);
            assert!(hash(&dear).is_err(), "{cost}");
            assert!(!matches(Some("x"), Some(&dear)), "{cost}");
        }
        assert!(hash(&NOBODY.replace("m=19456,t=2,p=1", "m=65536,t=4,p=4")).is_ok());
    }
}
