//! The brake on guessing: whoever fails to sign in waits, each time twice as long.
//!
//! Failures are counted in rows that are overwritten in place, outside of any transaction: neither a rollback nor a
//! disconnect takes one back, a crash keeps it, and every server process sees it at once, preloaded or not.
//!
//! Counted are the failures of an account from one address, of an account from anywhere, and of an address whatever the
//! account. The first alone holds whoever has signed in to that account from that address before: strangers who fail
//! elsewhere do not keep them out. What is no account is braked alike.

use std::ffi::c_void;
use std::net::{IpAddr, Ipv6Addr};
use std::ptr;

use pgrx::pg_sys;
use sha2::{Digest, Sha256};

use crate::catalog;
use crate::error::Error;
use crate::sign_in::now;

/// The longest wait, in milliseconds as all times here.
const LONGEST_WAIT: i64 = 15 * 60 * 1000;
/// How long an address is known as one of an account's after signing in from there.
const KNOWN_FOR: i64 = 30 * 24 * 60 * 60 * 1000;

/// What failures are counted for: rows of `sign_in_attempt`, and what these let pass.
struct Kind {
    first: i32,
    rows: u64,
    /// Failures without a wait.
    free: i32,
    /// After how long one failure is forgotten.
    forgets: i64,
}

/// An account from one address: mistyped a few times.
const PAIR: Kind = Kind {
    first: 0,
    rows: 16384,
    free: 10,
    forgets: 15 * 60 * 1000,
};
/// An account from wherever nobody has signed in to it: what many addresses together may guess.
const ACCOUNT: Kind = Kind {
    first: 16384,
    rows: 8192,
    free: 100,
    forgets: 5 * 60 * 1000,
};
/// An address, behind which there may be a whole office: what it may guess of all accounts together.
const ADDRESS: Kind = Kind {
    first: 24576,
    rows: 8192,
    free: 50,
    forgets: 60 * 1000,
};

/// A row of `sign_in_attempt` as it lies in the table.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Attempts {
    bucket: i32,
    failures: i32,
    /// When the last failure was counted.
    at: i64,
    /// Of a pair: which one, as several share a bucket.
    pair: i64,
    /// Of a pair: until when the address is known.
    known_until: i64,
}

impl Attempts {
    /// How long one has to wait, or nothing, and then a failure more is counted.
    fn count(&mut self, kind: &Kind, now: i64) -> Option<i64> {
        let since = (now - self.at).max(0); // a clock may be set back
        let wait = wait(self.failures - kind.free) - since;
        if wait > 0 {
            return Some(wait);
        }
        let forgotten = i32::try_from(since / kind.forgets).unwrap_or(i32::MAX);
        self.failures = self.failures.saturating_sub(forgotten).max(0) + 1;
        self.at = now;
        None
    }

    /// Takes back a failure that was none.
    fn take_back(&mut self) {
        self.failures = (self.failures - 1).max(0);
    }

    fn is_known(&self, pair: i64, now: i64) -> bool {
        self.pair == pair && now < self.known_until
    }
}

/// The wait after so many failures beyond the free ones.
fn wait(beyond: i32) -> i64 {
    if beyond < 0 {
        return 0;
    }
    (1000_i64 << beyond.min(20)).min(LONGEST_WAIT)
}

/// Who wants to sign in: an account's name, which SQL has folded as it folds the names of principals, and from where.
pub struct Asker<'a> {
    account: &'a str,
    network: Option<IpAddr>,
}

impl<'a> Asker<'a> {
    /// `address` without netmask; none of a socket.
    pub fn new(account: &'a str, address: Option<&str>) -> Result<Self, Error> {
        let network = match address {
            None => None,
            Some(address) => network(address.parse().map_err(|_| {
                Error::bad_value(
                    format!("{address} is no network address"),
                    "give an address such as 192.0.2.1 or 2001:db8::1",
                )
            })?),
        };
        Ok(Self { account, network })
    }

    fn pair(&self) -> i64 {
        let network = self.network.map(|network| network.to_string());
        fingerprint(&[self.account, network.as_deref().unwrap_or_default()]) as i64
    }

    /// The rows in which a stranger is counted beside the pair's.
    fn others(&self) -> impl Iterator<Item = (&'static Kind, i32)> {
        let account = (&ACCOUNT, bucket(&ACCOUNT, fingerprint(&[self.account])));
        let address = self.network.map(|network| {
            let fingerprint = fingerprint(&[&network.to_string()]);
            (&ADDRESS, bucket(&ADDRESS, fingerprint))
        });
        std::iter::once(account).chain(address)
    }
}

/// What an address counts as: an IPv6 customer has a /64 at least; this machine is no address, as a socket is none, because
/// everybody comes from there whom a proxy does not name.
fn network(address: IpAddr) -> Option<IpAddr> {
    let network = match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
        }
        address => address,
    };
    Some(network).filter(|network| !network.is_loopback())
}

fn fingerprint(parts: &[&str]) -> u64 {
    let digest = Sha256::digest(parts.join("\0").as_bytes()); // no text of PostgreSQL's holds a zero byte
    digest[..8]
        .iter()
        .fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

fn bucket(kind: &Kind, fingerprint: u64) -> i32 {
    kind.first + (fingerprint % kind.rows) as i32
}

/// Counts an attempt as a failure, before the password is looked at, so that many at once gain nothing; or says how many
/// seconds to wait.
pub fn attempt(asker: &Asker) -> Result<Option<i32>, Error> {
    let (now, pair) = (now(), asker.pair());
    let pair_bucket = bucket(&PAIR, pair as u64);
    let (mut known, mut counted, mut wait) = (false, false, None);
    overwrite(pair_bucket, |row| {
        known = row.is_known(pair, now);
        if row.pair != pair {
            if now < row.known_until {
                return; // who is known keeps the row; a stranger is counted in the others
            }
            *row = Attempts {
                bucket: row.bucket,
                pair,
                ..Attempts::default()
            };
        }
        wait = row.count(&PAIR, now);
        counted = wait.is_none();
    })?;
    let mut done = Vec::from_iter(counted.then_some(pair_bucket));
    if !known && wait.is_none() {
        for (kind, bucket) in asker.others() {
            overwrite(bucket, |row| wait = row.count(kind, now))?;
            if wait.is_some() {
                break;
            }
            done.push(bucket);
        }
    }
    let Some(wait) = wait else {
        return Ok(None);
    };
    // who waits has not tried
    for bucket in done {
        overwrite(bucket, Attempts::take_back)?;
    }
    Ok(Some(((wait + 999) / 1000) as i32))
}

/// The attempt turned out right: the address is known, its failures are forgiven; those of others stay.
pub fn succeeded(asker: &Asker) -> Result<(), Error> {
    let (now, pair) = (now(), asker.pair());
    let mut known = false;
    overwrite(bucket(&PAIR, pair as u64), |row| {
        known = row.is_known(pair, now);
        *row = Attempts {
            bucket: row.bucket,
            failures: 0,
            at: now,
            pair,
            known_until: now + KNOWN_FOR,
        };
    })?;
    if !known {
        for (_, bucket) in asker.others() {
            overwrite(bucket, Attempts::take_back)?;
        }
    }
    Ok(())
}

/// Changes one row in place, not undone by a rollback.
fn overwrite(bucket: i32, change: impl FnOnce(&mut Attempts)) -> Result<(), Error> {
    let relation = catalog::relation(c"sign_in_attempt")?;
    let index = catalog::relation(c"sign_in_attempt_pkey")?;
    // SAFETY: the columns are fixed-width and not null, so the row is an `Attempts`; begin locks it, finish writes it
    // and lets go. Nothing in between can raise.
    unsafe {
        let lock = pg_sys::RowExclusiveLock as i32;
        let table = pg_sys::table_open(relation, lock);
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            1,
            pg_sys::BTEqualStrategyNumber as u16,
            pg_sys::Oid::from(pg_sys::F_INT4EQ),
            pg_sys::Datum::from(bucket),
        );
        let (mut tuple, mut state): (pg_sys::HeapTuple, *mut c_void) =
            (ptr::null_mut(), ptr::null_mut());
        pg_sys::systable_inplace_update_begin(
            table,
            index,
            true,
            ptr::null_mut(),
            1,
            &key,
            &mut tuple,
            &mut state,
        );
        if tuple.is_null() {
            pg_sys::table_close(table, lock);
            return Err(Error::internal(format!(
                "no row {bucket} in mandant_internal.sign_in_attempt"
            )));
        }
        change(&mut *pg_sys::GETSTRUCT(tuple).cast::<Attempts>());
        pg_sys::systable_inplace_update_finish(state, tuple);
        pg_sys::table_close(table, lock);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        first: 0,
        rows: 1,
        free: 3,
        forgets: 60_000,
    };

    #[test]
    fn who_fails_waits_twice_as_long_each_time() {
        let (mut row, mut now, mut waits) = (Attempts::default(), 1_000_000, Vec::new());
        while waits.last() != Some(&LONGEST_WAIT) {
            match row.count(&KIND, now) {
                None => waits.push(0),
                Some(wait) => {
                    waits.push(wait);
                    now += wait;
                    assert_eq!(row.count(&KIND, now - 1), Some(1));
                    assert_eq!(row.count(&KIND, now), None);
                    row.failures =
                        KIND.free + waits.iter().filter(|wait| **wait > 0).count() as i32;
                }
            }
        }
        let expected = [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900];
        assert_eq!(waits, expected.map(|seconds| seconds * 1000));
    }

    #[test]
    fn to_ask_while_one_waits_changes_nothing() {
        let mut row = Attempts {
            failures: 5,
            at: 1000,
            ..Attempts::default()
        };
        let before = row;
        assert_eq!(row.count(&KIND, 2000), Some(3000));
        assert_eq!(row, before);
    }

    #[test]
    fn failures_are_forgotten_one_by_one() {
        let failed = |failures| Attempts {
            failures,
            ..Attempts::default()
        };
        for (failures, later, left) in [(8, 180_000, 6), (2, 59_999, 3), (2, 3_600_000, 1)] {
            let mut row = failed(failures);
            assert_eq!(row.count(&KIND, later), None);
            assert_eq!(row.failures, left, "{failures} after {later}");
        }
        assert_eq!(failed(i32::MAX).count(&KIND, i64::MAX), None);
    }

    #[test]
    fn a_clock_set_back_makes_no_wait_longer() {
        let mut row = Attempts {
            failures: 4,
            at: i64::MAX,
            ..Attempts::default()
        };
        assert_eq!(row.count(&KIND, 0), Some(2000));
    }

    #[test]
    fn an_address_counts_by_its_network() {
        let network = |address: &str| network(address.parse().unwrap()).map(|n| n.to_string());
        let cases = [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:0:7:1:2:3:4", Some("2001:db8:0:7::")),
            ("127.0.0.1", None),
            ("127.9.9.9", None),
            ("::1", None),
            ("::ffff:127.0.0.1", None),
        ];
        for (address, expected) in cases {
            assert_eq!(network(address).as_deref(), expected, "{address}");
        }
        assert!(Asker::new("anna@de.example", Some("nowhere")).is_err());
    }

    #[test]
    fn every_bucket_exists_and_is_of_one_kind() {
        for (kind, next) in [
            (&PAIR, ACCOUNT.first),
            (&ACCOUNT, ADDRESS.first),
            (&ADDRESS, 32768),
        ] {
            for n in 0..1000 {
                let bucket = bucket(kind, fingerprint(&[&n.to_string()]));
                assert!((kind.first..next).contains(&bucket));
            }
        }
    }

    #[test]
    fn an_account_and_an_address_are_not_run_together() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["a", ""]), fingerprint(&["a"]));
    }
}
