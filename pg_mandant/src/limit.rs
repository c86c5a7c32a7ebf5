//! How much a principal or a tenant may take at a time, as settings say: requests a minute, connections, and how long a
//! statement runs. Kept by the database, so every instance of the service and every client meets the same limit.
//!
//! Requests are the transactions that begin with `enter`. They may come a minute's worth at once, and then at the rate that
//! was set (the generic cell rate algorithm, ITU-T I.371: of each it needs to know one moment). A connection counts as long
//! as it acts for somebody: that of a relay for a transaction, that of a login until its end.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use pgrx::pg_sys;
use pgrx::prelude::*;
use serde::Deserialize;

use crate::access::{Authority, Id};
use crate::context;
use crate::error::Error;
use crate::shared::{BUCKETS, Bucket, Seat, Shared, shared, spread};
use crate::stat;

/// In microseconds.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// In how many places a bucket is looked for.
const PROBES: usize = 16;
/// PostgreSQL's timer of a statement (TimeoutId, the same in 15 to 18).
const STATEMENT_TIMEOUT: c_int = 3;

// PostgreSQL's own (utils/timeout.h), which pgrx does not bind.
unsafe extern "C-unwind" {
    fn enable_timeout_at(id: c_int, finish: pg_sys::TimestampTz);
    fn get_timeout_active(id: c_int) -> bool;
    fn get_timeout_finish_time(id: c_int) -> pg_sys::TimestampTz;
}

/// What the settings say for a principal; none: as much as wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Limits {
    employee_requests_per_minute: Option<u32>,
    tenant_requests_per_minute: Option<u32>,
    employee_connections: Option<u32>,
    tenant_connections: Option<u32>,
    statement_seconds: Option<u32>,
}

thread_local! {
    /// The seat of this session, once it has acted for somebody.
    static SEAT: Cell<Option<&'static Seat>> = const { Cell::new(None) };
    /// Who sits there.
    static SITS: Cell<Option<Id>> = const { Cell::new(None) };
    /// When the limited statement began and has to end.
    static ENDS: Cell<Option<(i64, i64)>> = const { Cell::new(None) };
    /// When the one began that has caught its end once.
    static CAUGHT: Cell<Option<i64>> = const { Cell::new(None) };
}

fn database() -> u32 {
    // SAFETY: the database of this process.
    unsafe { pg_sys::MyDatabaseId }.to_u32()
}

/// Tells principals apart, well enough to count them.
fn hash(principal: &Id) -> u64 {
    let (high, low) = principal.split_at(8);
    let word = |half: &[u8]| u64::from_le_bytes(half.try_into().unwrap_or_default());
    spread(word(high) ^ spread(word(low)))
}

/// 53400 if there were more requests than may be; counts this one.
pub fn request(authority: &Authority) -> Result<(), Error> {
    let Some((shared, principal)) = shared().zip(authority.principal) else {
        return Ok(());
    };
    let (limits, home) = (&authority.limits, authority.home.unwrap_or_default());
    let of_tenant = spread(u64::from(home as u32));
    // first one's own: what is refused to one takes nothing from the others
    let asked = [
        (limits.employee_requests_per_minute, hash(&principal), false),
        (limits.tenant_requests_per_minute, of_tenant, true),
    ];
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    for (most, whose, all) in asked {
        let Some(most) = most else { continue };
        let key = spread(whose ^ u64::from(database())).max(1);
        if let Err(wait) = bucket(&shared.buckets, key, now).pour(most, now) {
            stat::refused(home);
            let of = name(authority, all);
            return Err(Error::too_much(
                format!("more than {most} requests a minute of {of}"),
                "wait, and send them more slowly; an administrator sets the limit",
                (wait + SECOND - 1) / SECOND,
            ));
        }
    }
    Ok(())
}

/// Whom a limit is of.
fn name(authority: &Authority, all: bool) -> String {
    match (all, &authority.home_code) {
        (true, Some(code)) => format!("tenant \"{code}\""),
        _ => format!("\"{}\"", authority.name),
    }
}

/// The bucket of a key. Where all that could be it are in use, it is shared with a stranger.
fn bucket(buckets: &[Bucket; BUCKETS], key: u64, now: i64) -> &Bucket {
    let first = spread(key) as usize;
    let places = || (0..PROBES).map(|probe| &buckets[(first + probe) % BUCKETS]);
    let its_own = places().find(|bucket| bucket.key.load(Relaxed) == key);
    let take = |bucket: &&Bucket| {
        let of = bucket.key.load(Relaxed);
        bucket.due.load(Relaxed) <= now
            && bucket
                .key
                .compare_exchange(of, key, Relaxed, Relaxed)
                .is_ok()
    };
    its_own
        .or_else(|| places().find(take))
        .unwrap_or(&buckets[first % BUCKETS])
}

impl Bucket {
    /// One more at `most` a minute, or for how long to wait.
    fn pour(&self, most: u32, now: i64) -> Result<(), i64> {
        let apart = MINUTE / i64::from(most.max(1));
        let mut due = self.due.load(Relaxed);
        loop {
            // what is further away than it can be is of a clock that was set back since
            let from = if due > now + 2 * MINUTE { now } else { due };
            let next = from.max(now) + apart;
            if next - now > MINUTE {
                return Err(next - now - MINUTE);
            }
            match self.due.compare_exchange_weak(due, next, Relaxed, Relaxed) {
                Ok(_) => return Ok(()),
                Err(changed) => due = changed,
            }
        }
    }
}

/// 53400 if there are as many connections as may be; this one counts from now on.
pub fn sit(authority: &Authority) -> Result<(), Error> {
    // SAFETY: reads variables of the process. A worker belongs to its leader's session.
    let is_worker = unsafe { pg_sys::ParallelWorkerNumber >= 0 };
    let Some(shared) = shared().filter(|_| !is_worker && is_session()) else {
        return Ok(());
    };
    let Some(principal) = authority.principal else {
        rise();
        return Ok(());
    };
    if SITS.get() == Some(principal) {
        return Ok(());
    }
    let Some(seat) = SEAT.get().or_else(|| find_seat(shared)) else {
        return Ok(()); // there is one for each process
    };
    rise(); // whoever sat there before
    // before, so that who is refused is in nobody's way, and after, for two who come at once
    room(shared, authority, principal, 1)?;
    seat.database.store(database(), Relaxed);
    seat.principal.store(hash(&principal), Relaxed);
    let home = authority.home.unwrap_or_default();
    seat.tenant.store(home as u32, SeqCst);
    SITS.set(Some(principal));
    room(shared, authority, principal, 0).inspect_err(|_| rise())
}

/// 53400 if there are as many connections as may be, and more are to come.
fn room(
    shared: &Shared,
    authority: &Authority,
    principal: Id,
    to_come: usize,
) -> Result<(), Error> {
    let limits = &authority.limits;
    let (home, mine) = (authority.home.unwrap_or_default(), hash(&principal));
    let counted = [
        (limits.employee_connections, false),
        (limits.tenant_connections, true),
    ];
    for (most, all) in counted {
        // whose connections are not limited are not counted
        let Some(most) = most else { continue };
        let same = taken(shared).filter(|seat| {
            seat.tenant.load(SeqCst) == home as u32 && (all || seat.principal.load(Relaxed) == mine)
        });
        if same.count() + to_come > most as usize {
            stat::refused(home);
            return Err(Error::too_much(
                format!("more than {most} connections of {}", name(authority, all)),
                "close one, or try again; an administrator sets the limit",
                1,
            ));
        }
    }
    Ok(())
}

/// Whether this process is a client's: what others do is not anybody's connection or statement.
fn is_session() -> bool {
    // SAFETY: reads a variable of the process.
    unsafe { pg_sys::MyBackendType == pg_sys::BackendType::B_BACKEND }
}

/// The seats from which somebody acts in this database.
fn taken(shared: &Shared) -> impl Iterator<Item = &Seat> {
    shared.seats().iter().filter(|seat| {
        seat.process.load(Relaxed) != 0
            && seat.tenant.load(Relaxed) != 0
            && seat.database.load(Relaxed) == database()
    })
}

/// How many connections act for principals of each tenant.
pub fn connections(shared: &Shared) -> HashMap<i32, i32> {
    let mut connections = HashMap::new();
    for seat in taken(shared) {
        *connections
            .entry(seat.tenant.load(Relaxed) as i32)
            .or_default() += 1;
    }
    connections
}

fn find_seat(shared: &'static Shared) -> Option<&'static Seat> {
    // SAFETY: a process has its number, and what it registers is called at its end.
    unsafe {
        let process = pg_sys::MyProcPid as u32;
        let free = |seat: &&Seat| {
            let taken = seat.process.compare_exchange(0, process, Relaxed, Relaxed);
            taken.is_ok()
        };
        let seat = shared.seats().iter().find(free)?;
        SEAT.set(Some(seat));
        pg_sys::on_shmem_exit(Some(leave), pg_sys::Datum::from(0));
        Some(seat)
    }
}

/// The session acts for nobody.
fn rise() {
    if SITS.take().is_some()
        && let Some(seat) = SEAT.get()
    {
        seat.tenant.store(0, Relaxed);
        seat.principal.store(0, Relaxed);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn leave(_code: c_int, _arg: pg_sys::Datum) {
    rise();
    if let Some(seat) = SEAT.take() {
        seat.process.store(0, Relaxed);
    }
}

/// A transaction has ended: a relay acts for nobody until the next.
pub fn end_transaction() {
    if context::relays() && !context::has_session_token() {
        rise();
    }
}

/// Sees to it that a statement of somebody whose statements are limited ends in time, whatever `statement_timeout` says.
/// What is within another statement ends with that.
#[inline]
pub fn begin_statement() {
    if stat::is_outermost() {
        limit_statement();
    }
}

/// Guarded, as the hooks that get here are not: to find out who asks may fail, or be cancelled.
#[pg_guard]
extern "C-unwind" fn limit_statement() {
    // SAFETY: reads variables of the process, and sets the timer that PostgreSQL has for it and stops with the statement.
    unsafe {
        // a worker's leader is limited; without a snapshot nothing is run that takes long
        if pg_sys::ParallelWorkerNumber >= 0 || !pg_sys::FirstSnapshotSet || !is_session() {
            return;
        }
        let depth = stat::enter(); // what is asked here is no statement
        let seconds = context::bound().and_then(|authority| authority.limits.statement_seconds);
        stat::leave(depth);
        let began = pg_sys::GetCurrentStatementStartTimestamp();
        let ends = seconds.map(|seconds| began + i64::from(seconds) * SECOND);
        ENDS.set(ends.map(|ends| (began, ends)));
        if let Some(ends) = ends.filter(|_| CAUGHT.get() != Some(began)) {
            end_by(ends);
        }
    }
}

/// A statement has caught an error, perhaps the one that was its end: it has a second to clean up. If it catches that, too,
/// its session ends, which nothing catches.
pub fn caught() {
    // SAFETY: reads variables of the process; sets its timer, or what `pg_terminate_backend` sets.
    unsafe {
        let Some((began, ends)) = ENDS.get() else {
            return;
        };
        if began != pg_sys::GetCurrentStatementStartTimestamp() {
            return; // another statement by now
        }
        let now = pg_sys::GetCurrentTimestamp();
        if now < ends {
            end_by(ends); // a shorter `statement_timeout` has taken the timer
        } else if CAUGHT.get() != Some(began) {
            CAUGHT.set(Some(began));
            end_by(now + SECOND);
        } else if !get_timeout_active(STATEMENT_TIMEOUT) {
            pg_sys::ProcDiePending = 1;
            pg_sys::InterruptPending = 1;
        }
    }
}

/// SAFETY: in a statement of a session.
unsafe fn end_by(moment: pg_sys::TimestampTz) {
    // SAFETY: as promised; PostgreSQL's own timer.
    unsafe {
        if !get_timeout_active(STATEMENT_TIMEOUT)
            || get_timeout_finish_time(STATEMENT_TIMEOUT) > moment
        {
            enable_timeout_at(STATEMENT_TIMEOUT, moment);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU64};

    use super::*;

    fn empty() -> Bucket {
        Bucket {
            key: AtomicU64::new(1),
            due: AtomicI64::new(0),
        }
    }

    #[test]
    fn a_minutes_worth_comes_at_once_and_then_at_the_rate() {
        let (bucket, now) = (empty(), MINUTE);
        for _ in 0..6 {
            assert_eq!(bucket.pour(6, now), Ok(()));
        }
        assert_eq!(bucket.pour(6, now), Err(10 * SECOND));
        assert_eq!(bucket.pour(6, now + 9 * SECOND), Err(SECOND));
        assert_eq!(bucket.pour(6, now + 10 * SECOND), Ok(()));
        assert!(bucket.pour(6, now + 10 * SECOND).is_err());
    }

    #[test]
    fn whoever_was_away_has_a_minutes_worth_and_no_more() {
        let bucket = empty();
        for minute in [10, 1000] {
            let passed = (0..100).filter(|_| bucket.pour(7, minute * MINUTE).is_ok());
            assert_eq!(passed.count(), 7);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let bucket = empty();
        assert_eq!(bucket.pour(6, 100 * MINUTE), Ok(()));
        assert_eq!(bucket.pour(6, 40 * MINUTE), Ok(()));
    }

    #[test]
    fn buckets_are_found_again_and_used_again() {
        let buckets: Box<[Bucket; BUCKETS]> = Box::new(std::array::from_fn(|_| Bucket {
            key: AtomicU64::new(0),
            due: AtomicI64::new(0),
        }));
        let now = MINUTE;
        for key in 1..=1000 {
            bucket(&buckets, key, now).pour(1, now).unwrap();
        }
        for key in 1..=1000 {
            assert!(bucket(&buckets, key, now).pour(1, now).is_err());
        }
        // a minute later all are free for others
        let now = 3 * MINUTE;
        for key in 1001..=20_000 {
            bucket(&buckets, key, now).pour(60_000_000, now).unwrap();
        }
    }
}
