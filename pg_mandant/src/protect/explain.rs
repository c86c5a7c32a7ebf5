//! What `explain` shows to whom row security holds: the plan, and no figure that counts rows of others.
//!
//! Statistics are of whole tables, so they are hidden while a plan is made to be shown, and from no other plan. What
//! `explain analyze` counts before the filter is taken out of its answer. The size of a table and the time it took remain.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::context;
use crate::stat;

thread_local! {
    /// The transaction level at which an `explain` began for somebody whom row security holds; 0: none is under way.
    static SHOWING: Cell<c_int> = const { Cell::new(0) };
}

type Walker = unsafe extern "C-unwind" fn(*mut pg_sys::PlanState, *mut c_void) -> bool;

// PostgreSQL's own, without pgrx's guard around them.
unsafe extern "C-unwind" {
    fn standard_ExecutorFinish(query: *mut pg_sys::QueryDesc);
    fn InstrEndLoop(counts: *mut pg_sys::Instrumentation);
    #[cfg_attr(not(feature = "pg15"), link_name = "planstate_tree_walker_impl")]
    fn planstate_tree_walker(
        state: *mut pg_sys::PlanState,
        walker: Walker,
        context: *mut c_void,
    ) -> bool;
}

static mut NEXT_RELATION_STATS: pg_sys::get_relation_stats_hook_type = None;
static mut NEXT_INDEX_STATS: pg_sys::get_index_stats_hook_type = None;
static mut NEXT_WIDTH: pg_sys::get_attavgwidth_hook_type = None;
static mut NEXT_RELATION_INFO: pg_sys::get_relation_info_hook_type = None;
static mut NEXT_FINISH: pg_sys::ExecutorFinish_hook_type = None;

/// Chains the hooks; once per process.
pub fn init() {
    // SAFETY: _PG_init runs before any statement that the hooks watch.
    unsafe {
        NEXT_RELATION_STATS = pg_sys::get_relation_stats_hook;
        pg_sys::get_relation_stats_hook = Some(relation_stats);
        NEXT_INDEX_STATS = pg_sys::get_index_stats_hook;
        pg_sys::get_index_stats_hook = Some(index_stats);
        NEXT_WIDTH = pg_sys::get_attavgwidth_hook;
        pg_sys::get_attavgwidth_hook = Some(width);
        NEXT_RELATION_INFO = pg_sys::get_relation_info_hook;
        pg_sys::get_relation_info_hook = Some(relation_info);
        NEXT_FINISH = pg_sys::ExecutorFinish_hook;
        pg_sys::ExecutorFinish_hook = Some(finish);
        pg_sys::RegisterXactCallback(Some(on_transaction), ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), ptr::null_mut());
    }
}

/// An `explain` begins; false: nothing is to be hidden, or it is hidden already.
pub fn begin() -> bool {
    if is_showing() || shown_to_nobody_else() {
        return false;
    }
    // A plan that was kept was made with statistics, and must not be shown.
    // SAFETY: in a transaction.
    set_showing(unsafe { pg_sys::GetCurrentTransactionNestLevel() });
    true
}

/// The `explain` that began has ended.
pub fn end() {
    set_showing(0);
}

fn is_showing() -> bool {
    SHOWING.get() != 0
}

fn set_showing(level: c_int) {
    SHOWING.set(level);
    // SAFETY: marks cached plans: those made for being seen are not made for being run.
    unsafe { pg_sys::ResetPlanCache() }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    if event == pg_sys::XactEvent::XACT_EVENT_ABORT && is_showing() {
        set_showing(0);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    _this: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    // An exception that is caught inside of what `explain analyze` runs does not end the explain.
    // SAFETY: the aborting level is the current one.
    let level = unsafe { pg_sys::GetCurrentTransactionNestLevel() };
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB && SHOWING.get() >= level {
        set_showing(0);
    }
}

/// Whether whoever logged in may see every row anyway, whatever role was set since.
fn shown_to_nobody_else() -> bool {
    // SAFETY: the session user exists.
    context::bypasses(unsafe { pg_sys::GetSessionUserId() })
}

/// Whether statistics of a relation are hidden now; those of the catalogue are everybody's.
fn hides(relation: pg_sys::Oid) -> bool {
    // SAFETY: reads a variable of the session.
    let shown = is_showing() || unsafe { pg_sys::Debug_print_plan } && !shown_to_nobody_else();
    shown && relation.to_u32() >= pg_sys::FirstNormalObjectId
}

#[pg_guard]
unsafe extern "C-unwind" fn relation_stats(
    root: *mut pg_sys::PlannerInfo,
    table: *mut pg_sys::RangeTblEntry,
    column: pg_sys::AttrNumber,
    found: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: the planner's own; true with no tuple says that there are no statistics.
    unsafe {
        if hides((*table).relid) {
            (*found).statsTuple = ptr::null_mut();
            return true;
        }
        NEXT_RELATION_STATS.is_some_and(|next| {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next(root, table, column, found))
        })
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn index_stats(
    root: *mut pg_sys::PlannerInfo,
    index: pg_sys::Oid,
    column: pg_sys::AttrNumber,
    found: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: as relation_stats.
    unsafe {
        if hides(index) {
            (*found).statsTuple = ptr::null_mut();
            return true;
        }
        NEXT_INDEX_STATS.is_some_and(|next| {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next(root, index, column, found))
        })
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn width(relation: pg_sys::Oid, column: pg_sys::AttrNumber) -> i32 {
    // SAFETY: the relation is being planned, so its columns are in the catalogue.
    unsafe {
        if hides(relation) {
            let (mut of, mut modifier, mut collation) =
                (pg_sys::Oid::INVALID, 0, pg_sys::Oid::INVALID);
            pg_sys::get_atttypetypmodcoll(relation, column, &mut of, &mut modifier, &mut collation);
            return pg_sys::get_typavgwidth(of, modifier);
        }
        NEXT_WIDTH.map_or(0, |next| {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next(relation, column))
        })
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn relation_info(
    root: *mut pg_sys::PlannerInfo,
    relation: pg_sys::Oid,
    is_parent: bool,
    planned: *mut pg_sys::RelOptInfo,
) {
    // SAFETY: the planner's own; without a list there are no extended statistics.
    unsafe {
        if hides(relation) {
            (*planned).statlist = ptr::null_mut();
        }
        if let Some(next) = NEXT_RELATION_INFO {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next(root, relation, is_parent, planned));
        }
    }
}

// Unguarded: an error of the statement passes through untouched, and no destructor waits in this frame.
unsafe extern "C-unwind" fn finish(query: *mut pg_sys::QueryDesc) {
    // SAFETY: passes on what it was given; then the counts of a finished execution are PostgreSQL's to print only.
    unsafe {
        let depth = stat::enter();
        NEXT_FINISH.unwrap_or(standard_ExecutorFinish)(query);
        stat::finished(depth);
        if is_showing() && (*query).instrument_options != 0 as c_int {
            take_out(query);
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn take_out(query: *mut pg_sys::QueryDesc) {
    // SAFETY: the plan state of a query that ran.
    unsafe {
        take_out_of((*query).planstate, ptr::null_mut());
    }
}

/// Takes out what a node counted before the filter, and what pages it touched for it.
unsafe extern "C-unwind" fn take_out_of(
    node: *mut pg_sys::PlanState,
    context: *mut c_void,
) -> bool {
    // SAFETY: a plan state and its instrumentation; the tag says what kind of node it is.
    unsafe {
        if node.is_null() {
            return false;
        }
        let counts = (*node).instrument;
        if !counts.is_null() {
            InstrEndLoop(counts);
            (*counts).nfiltered1 = 0.0;
            (*counts).nfiltered2 = 0.0;
            (*counts).ntuples2 = 0.0;
            (*counts).bufusage = pg_sys::BufferUsage::default();
            match (*node).type_ {
                pg_sys::NodeTag::T_BitmapIndexScanState
                | pg_sys::NodeTag::T_BitmapAndState
                | pg_sys::NodeTag::T_BitmapOrState => (*counts).ntuples = 0.0,
                pg_sys::NodeTag::T_BitmapHeapScanState => {
                    let scan = node.cast::<pg_sys::BitmapHeapScanState>();
                    #[cfg(not(feature = "pg18"))]
                    {
                        (*scan).exact_pages = 0;
                        (*scan).lossy_pages = 0;
                    }
                    #[cfg(feature = "pg18")]
                    {
                        (*scan).stats = Default::default();
                    }
                }
                _ => {}
            }
        }
        (*node).worker_instrument = ptr::null_mut();
        planstate_tree_walker(node, take_out_of, context)
    }
}
