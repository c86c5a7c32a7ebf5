//! `on conflict do update ... where`: the condition is asked of the row that is there, whoever's it is. Row security refuses to
//! change what is not one's own, but PostgreSQL 15.18, 18.6 and others ask the condition first, so that a function of one's own
//! in it is told what is in the row. In each plan the policy is put before the condition, so that what it keeps is refused unasked.

use pgrx::pg_sys;
use pgrx::prelude::*;

/// Puts policies before conditions in a plan that may have such.
///
/// # Safety
/// A plan that has just been made, which nobody else knows yet.
#[pg_guard]
pub unsafe extern "C-unwind" fn ask_policies_first(planned: *mut pg_sys::PlannedStmt) {
    // SAFETY: as promised; what writes is the root of the statement or of a common table expression.
    unsafe {
        ask_policy_first((*planned).planTree);
        let subplans = (*planned).subplans;
        for n in 0..pg_sys::list_length(subplans) {
            ask_policy_first(pg_sys::list_nth(subplans, n).cast());
        }
    }
}

/// SAFETY: a plan that is still being made; null: a subplan that is not needed.
unsafe fn ask_policy_first(mut root: *mut pg_sys::Plan) {
    // SAFETY: as promised; what is shared between two places of a plan is copied.
    unsafe {
        // a cursor that scrolls keeps what it has returned
        while !root.is_null() && (*root).type_ == pg_sys::NodeTag::T_Material {
            root = (*root).lefttree;
        }
        if root.is_null() || (*root).type_ != pg_sys::NodeTag::T_ModifyTable {
            return;
        }
        let write = root.cast::<pg_sys::ModifyTable>();
        let checks = (*write).withCheckOptionLists;
        if (*write).onConflictWhere.is_null() || checks.is_null() {
            return;
        }
        // Of the table that is named: partitions are given theirs by it, as they are the condition.
        let checks: *mut pg_sys::List = pg_sys::list_nth(checks, 0).cast();
        let mut policy = std::ptr::null_mut();
        for n in 0..pg_sys::list_length(checks) {
            let check: *mut pg_sys::WithCheckOption = pg_sys::list_nth(checks, n).cast();
            if (*check).kind == pg_sys::WCOKind::WCO_RLS_CONFLICT_CHECK {
                let part = pg_sys::copyObjectImpl((*check).qual.cast()).cast();
                policy = pg_sys::list_concat(policy, part);
            }
        }
        if policy.is_null() {
            return;
        }
        // What is kept from whoever asks goes on without the condition, to where it is refused; so does what the policy
        // cannot tell, such as a row without an owner.
        let kept = pg_sys::palloc0(size_of::<pg_sys::BooleanTest>()).cast::<pg_sys::BooleanTest>();
        (*kept).xpr.type_ = pg_sys::NodeTag::T_BooleanTest;
        (*kept).arg = pg_sys::make_ands_explicit(policy).cast();
        (*kept).booltesttype = pg_sys::BoolTestType::IS_NOT_TRUE;
        (*kept).location = -1;
        let condition = pg_sys::make_ands_explicit((*write).onConflictWhere.cast());
        let either = pg_sys::lappend(std::ptr::null_mut(), kept.cast());
        let either = pg_sys::make_orclause(pg_sys::lappend(either, condition.cast()));
        (*write).onConflictWhere = pg_sys::make_ands_implicit(either).cast();
    }
}
