//! What each tenant does, counted where it is done: statements that asked for whom they act, the rows they gave and wrote,
//! numbers and the waits for them.
//!
//! A session counts for itself and adds it up when its transaction ends, so counting costs a statement a few nanoseconds.
//! A statement within another (in a function, a trigger) is not one more; what it writes is.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::context;
use crate::limit;
use crate::shared::{Counters, Shared, TENANTS, shared, spread};

/// Stands for several tenants that are selected at once.
pub const SEVERAL: i32 = 0;
/// In how many places a tenant's counters are looked for.
const PROBES: usize = 64;

#[derive(Clone, Copy, Default)]
struct Counts {
    statements: u64,
    rows_returned: u64,
    rows_written: u64,
}

impl Counts {
    const NONE: Self = Self {
        statements: 0,
        rows_returned: 0,
        rows_written: 0,
    };
}

thread_local! {
    /// How many statements this one is within.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The same where each subtransaction began, which an error takes it back to.
    static DEPTHS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    /// Rows that the outermost statement has written, and nobody has counted yet.
    static WRITTEN: Cell<u64> = const { Cell::new(0) };
    /// For which tenant the statement that runs is counted.
    static COUNTED: Cell<Option<i32>> = const { Cell::new(None) };
    /// What is not added up yet, and whose it is.
    static PENDING: Cell<(i32, Counts)> = const { Cell::new((SEVERAL, Counts::NONE)) };
    /// Numbers drawn by this transaction, by tenant.
    static DRAWN: RefCell<Vec<(i32, u64)>> = const { RefCell::new(Vec::new()) };
    /// How long this transaction waited for a series.
    static WAITED: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// `mandant.track_tenants`
static mut TRACK: bool = true;

/// Defines the setting and registers the callbacks; once per process.
pub fn init() {
    // SAFETY: called from _PG_init; names are static, the variable lives as long as the process.
    unsafe {
        pg_sys::DefineCustomBoolVariable(
            c"mandant.track_tenants".as_ptr(),
            c"Whether mandant.stat_tenant counts what is done.".as_ptr(),
            std::ptr::null(),
            &raw mut TRACK,
            true,
            pg_sys::GucContext::PGC_SUSET,
            0,
            None,
            None,
            None,
        );
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

fn is_tracking() -> bool {
    // SAFETY: PostgreSQL changes it between statements.
    unsafe { TRACK }
}

/// Says that a transaction waited for a series.
pub fn waited(time: Duration) {
    WAITED.set(Some(WAITED.get().unwrap_or_default() + time));
}

/// Says that numbers were drawn, of which the transaction may take back all.
pub fn drew(tenant: i32, numbers: usize) {
    let waited = WAITED.take();
    if let Some((time, counters)) = waited.zip(counters(tenant)) {
        counters.number_waits.fetch_add(1, Relaxed);
        counters
            .number_wait
            .fetch_add(time.as_micros() as u64, Relaxed);
    }
    DRAWN.with_borrow_mut(|drawn| match drawn.iter_mut().find(|of| of.0 == tenant) {
        Some(of) => of.1 += numbers as u64,
        None => drawn.push((tenant, numbers as u64)),
    });
}

/// Says that somebody of a tenant was kept from doing something by a limit.
pub fn refused(tenant: i32) {
    if let Some(counters) = counters(tenant) {
        counters.refused.fetch_add(1, Relaxed);
    }
}

/// Where a tenant of this database is counted; where there are too many, with those of several tenants.
fn counters(tenant: i32) -> Option<&'static Counters> {
    let shared = shared().filter(|_| is_tracking())?;
    place(shared, tenant).or_else(|| place(shared, SEVERAL))
}

fn place(shared: &'static Shared, tenant: i32) -> Option<&'static Counters> {
    // SAFETY: the database of this process.
    let database = u64::from(unsafe { pg_sys::MyDatabaseId }.to_u32());
    let key = database << 32 | u64::from(tenant as u32);
    let first = spread(key) as usize;
    (0..PROBES)
        .map(|probe| &shared.tenants[(first + probe) % TENANTS])
        .find(|counters| {
            let free = counters.key.compare_exchange(0, key, Relaxed, Relaxed);
            free.is_ok() || free == Err(key)
        })
}

/// What a session has counted for one tenant is added up.
fn add_up() {
    let (tenant, counts) = PENDING.take();
    let drawn = DRAWN.take();
    // SAFETY: reads the clock.
    let now = || unsafe { pg_sys::GetCurrentTimestamp() };
    if counts.statements + counts.rows_returned + counts.rows_written > 0
        && let Some(counters) = counters(tenant)
    {
        counters.statements.fetch_add(counts.statements, Relaxed);
        counters
            .rows_returned
            .fetch_add(counts.rows_returned, Relaxed);
        counters
            .rows_written
            .fetch_add(counts.rows_written, Relaxed);
        counters.last_active.store(now(), Relaxed);
    }
    for (tenant, numbers) in drawn {
        if let Some(counters) = counters(tenant) {
            counters.numbers.fetch_add(numbers, Relaxed);
        }
    }
}

/// A statement that is about to run.
pub struct Begun {
    /// How many it is within.
    depth: u32,
    /// It is a cursor's that goes on.
    goes_on: bool,
}

/// A statement begins; from the hook that runs it, which is not guarded.
///
/// # Safety
/// A statement that is about to run.
pub unsafe fn begin(query: *mut pg_sys::QueryDesc) -> Begun {
    // SAFETY: as promised.
    let goes_on = unsafe { (*query).already_executed };
    let depth = enter();
    if depth == 0 {
        WRITTEN.set(0);
        COUNTED.set(None);
    }
    Begun { depth, goes_on }
}

/// Whether no statement is within another at this moment.
pub fn is_outermost() -> bool {
    DEPTH.get() == 0
}

/// It has ended well.
///
/// # Safety
/// A statement that has run.
pub unsafe fn end(begun: Begun, query: *mut pg_sys::QueryDesc) {
    leave(begun.depth);
    // SAFETY: as promised; of a parallel worker the leader counts.
    let (rows, reads) = unsafe {
        if !is_tracking()
            || shared().is_none()
            || pg_sys::ParallelWorkerNumber >= 0
            || (*query).estate.is_null()
        {
            return;
        }
        let reads = (*query).operation == pg_sys::CmdType::CMD_SELECT;
        ((*(*query).estate).es_processed, reads)
    };
    if !reads {
        WRITTEN.set(WRITTEN.get() + rows);
    }
    if begun.depth > 0 {
        return;
    }
    // what goes on has asked before
    let asked = if begun.goes_on {
        context::last()
    } else {
        context::used()
    };
    let Some(tenant) = asked else {
        return; // it did not ask for whom it acts
    };
    let tenant = tenant.unwrap_or(SEVERAL);
    COUNTED.set(Some(tenant));
    count(
        tenant,
        Counts {
            statements: u64::from(!begun.goes_on),
            rows_returned: if reads { rows } else { 0 },
            rows_written: WRITTEN.take(),
        },
    );
}

/// So did what triggers do after it, foreign keys among them; `depth` is what `enter` gave before them.
pub fn finished(depth: u32) {
    leave(depth);
    if depth > 0 {
        return; // what they wrote is within the outermost
    }
    let asked = context::used().map(|tenant| tenant.unwrap_or(SEVERAL));
    let written = WRITTEN.take();
    if written > 0
        && let Some(tenant) = COUNTED.take().or(asked)
    {
        count(
            tenant,
            Counts {
                rows_written: written,
                ..Counts::NONE
            },
        );
    }
}

/// Counts something for a tenant, until the transaction ends or it is another's turn.
fn count(tenant: i32, more: Counts) {
    let (of, mut counts) = PENDING.get();
    if of != tenant {
        let drawn = DRAWN.take();
        add_up();
        DRAWN.set(drawn);
        counts = Counts::default();
    }
    counts.statements += more.statements;
    counts.rows_returned += more.rows_returned;
    counts.rows_written += more.rows_written;
    PENDING.set((tenant, counts));
}

/// What is done from here on is within a statement; how many it is within, for `leave`. An error takes back both.
pub fn enter() -> u32 {
    let depth = DEPTH.get();
    DEPTH.set(depth + 1);
    depth
}

/// As it was before `enter`.
pub fn leave(depth: u32) {
    DEPTH.set(depth);
}

#[pg_guard]
unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_COMMIT | pg_sys::XactEvent::XACT_EVENT_PREPARE => {}
        pg_sys::XactEvent::XACT_EVENT_ABORT => DRAWN.with_borrow_mut(Vec::clear),
        _ => return,
    }
    DEPTH.set(0);
    DEPTHS.with_borrow_mut(Vec::clear);
    WAITED.set(None);
    let _ = context::used(); // by what failed, or was not run
    add_up();
    limit::end_transaction();
}

#[pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    _this: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    DEPTHS.with_borrow_mut(|depths| match event {
        pg_sys::SubXactEvent::SUBXACT_EVENT_START_SUB => depths.push(DEPTH.get()),
        pg_sys::SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => {
            depths.pop();
        }
        pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB => {
            if let Some(depth) = depths.pop() {
                DEPTH.set(depth);
            }
        }
        _ => {}
    });
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        limit::caught();
    }
}

/// One row of `mandant_internal.counted()`.
pub type Counted = (
    i32,
    i64,
    i64,
    i64,
    i64,
    i64,
    i64,
    i64,
    i32,
    Option<TimestampWithTimeZone>,
    TimestampWithTimeZone,
);

/// What has been counted in this database; nothing where the library is not preloaded.
pub fn counted() -> Vec<Counted> {
    let Some(shared) = shared() else {
        return Vec::new();
    };
    // SAFETY: the database of this process.
    let database = unsafe { pg_sys::MyDatabaseId }.to_u32();
    let moment = |at: i64| TimestampWithTimeZone::try_from(at).ok();
    let Some(since) = moment(shared.since.load(Relaxed)) else {
        return Vec::new();
    };
    let of_ours = shared.tenants.iter().filter_map(|counters| {
        let key = counters.key.load(Relaxed);
        (key >> 32 == u64::from(database)).then_some((key as u32 as i32, counters))
    });
    let connections = limit::connections(shared);
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed) as i64;
    of_ours
        .map(|(tenant, counters)| {
            let active = counters.last_active.load(Relaxed);
            (
                tenant,
                read(&counters.statements),
                read(&counters.rows_returned),
                read(&counters.rows_written),
                read(&counters.numbers),
                read(&counters.number_waits),
                read(&counters.number_wait),
                read(&counters.refused),
                connections.get(&tenant).copied().unwrap_or_default(),
                (active != 0).then(|| moment(active)).flatten(),
                since,
            )
        })
        .collect()
}
