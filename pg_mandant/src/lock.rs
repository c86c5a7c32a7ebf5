//! Locks of our own in PostgreSQL's lock manager, which finds deadlocks, ends a wait when the statement is cancelled, and
//! frees them when the transaction ends. They are of the class of user locks, which no SQL function takes.

use std::time::{Duration, Instant};

use pgrx::pg_sys;

use crate::stat;

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// A chain of numbers, whoever of the tenants draws: series and period.
    Numbers(i32, i32),
    /// A chain of events: series and tenant.
    Events(i32, i32),
    /// What is set for a tenant; 0: for the group.
    Settings(i32),
}

/// How long the first in the queue of numbers stays awake.
const AWAKE: Duration = Duration::from_micros(200);

impl Lock {
    /// Waits as long as `lock_timeout` allows, and holds the lock alone until the transaction ends.
    ///
    /// # Safety
    /// In a transaction.
    pub unsafe fn take(self) {
        // SAFETY: as promised.
        unsafe { acquire(&self.tag(0), pg_sys::ExclusiveLock, false) };
    }

    /// The same, together with others who share it.
    ///
    /// # Safety
    /// In a transaction.
    pub unsafe fn share(self) {
        // SAFETY: as promised.
        unsafe { acquire(&self.tag(0), pg_sys::ShareLock, false) };
    }

    /// As `take`, where many wait and each for a moment: whoever finds the lock taken queues at a gate, and the first at
    /// the gate is awake when it comes free. To wake somebody takes as long as a draw, and all others would wait for it.
    ///
    /// # Safety
    /// In a transaction.
    pub unsafe fn take_awake(self) {
        let (lock, gate) = (self.tag(0), self.tag(1));
        let mode = pg_sys::ExclusiveLock;
        // SAFETY: as promised.
        unsafe {
            if acquire(&lock, mode, true) {
                return;
            }
            let asked = Instant::now();
            acquire(&gate, mode, false);
            let began = Instant::now();
            let mut had = false;
            while !had && began.elapsed() < AWAKE {
                std::thread::yield_now(); // to whoever holds it, if there is no other processor
                had = acquire(&lock, mode, true);
            }
            // who sleeps with it would be in the way of those behind
            pg_sys::LockRelease(&gate, mode as i32, false);
            if !had {
                acquire(&lock, mode, false);
            }
            stat::waited(asked.elapsed());
        }
    }

    fn tag(self, gate: u16) -> pg_sys::LOCKTAG {
        let (first, second, class) = match self {
            Self::Numbers(series, period) => (series, period, 0),
            Self::Events(series, tenant) => (series, tenant, 2),
            Self::Settings(tenant) => (tenant, 0, 4),
        };
        pg_sys::LOCKTAG {
            // SAFETY: the database of this process.
            locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
            locktag_field2: first as u32,
            locktag_field3: second as u32,
            locktag_field4: class + gate,
            locktag_type: pg_sys::LockTagType::LOCKTAG_USERLOCK as u8,
            locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
        }
    }
}

/// Whether it was had: it is, unless that would take waiting and `or_not` says not to.
///
/// SAFETY: in a transaction.
unsafe fn acquire(tag: &pg_sys::LOCKTAG, mode: u32, or_not: bool) -> bool {
    // SAFETY: as promised.
    let had = unsafe { pg_sys::LockAcquire(tag, mode as i32, false, or_not) };
    had != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
}
