//! What the planner makes of the policies: the filter that one would have written by hand, and its estimate.

use std::ffi::CStr;
use std::ptr;

use pgrx::datum::FromDatum;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::access::Context;
use crate::catalog;
use crate::context;
use crate::right::{Count, Depth, Right};
use crate::tenant_set::TenantSet;

/// Answers a request of the planner.
///
/// # Safety
/// Called by PostgreSQL with a request node.
#[pg_guard]
pub unsafe extern "C-unwind" fn plan(request: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: a support function gets a request node; the tag says which. A refusal is none here: the call then stays
    // as it is, and refuses when it is executed.
    unsafe {
        match (*request).type_ {
            pg_sys::NodeTag::T_SupportRequestSimplify => {
                let request = request.cast::<pg_sys::SupportRequestSimplify>();
                simplify((*request).root, (*request).fcall).unwrap_or(ptr::null_mut())
            }
            pg_sys::NodeTag::T_SupportRequestSelectivity => {
                let request = request.cast::<pg_sys::SupportRequestSelectivity>();
                match selectivity(request) {
                    Some(fraction) => {
                        (*request).selectivity = fraction;
                        request.cast()
                    }
                    None => ptr::null_mut(),
                }
            }
            _ => ptr::null_mut(),
        }
    }
}

/// The n-th of a list.
unsafe fn nth(list: *mut pg_sys::List, n: i32) -> *mut pg_sys::Node {
    // SAFETY: callers stay below the length.
    unsafe { (*(*list).elements.add(n as usize)).ptr_value.cast() }
}

/// A constant text argument.
unsafe fn constant(list: *mut pg_sys::List, n: i32) -> Option<String> {
    // SAFETY: policies pass object and action as text.
    unsafe {
        let node = nth(list, n);
        if (*node).type_ != pg_sys::NodeTag::T_Const {
            return None;
        }
        let node = node.cast::<pg_sys::Const>();
        String::from_datum((*node).constvalue, (*node).constisnull)
    }
}

/// A list of nodes.
unsafe fn list(nodes: &[*mut pg_sys::Node]) -> *mut pg_sys::List {
    // SAFETY: lappend makes the list.
    nodes.iter().fold(ptr::null_mut(), |list, node| unsafe {
        pg_sys::lappend(list, (*node).cast())
    })
}

/// A call of one of the planned functions: shape first, then object and action unless the right is all that is selected.
unsafe fn planned_call(
    instead_of: pg_sys::Oid,
    name: &'static CStr,
    returns: pg_sys::Oid,
    shape: i64,
    between: &[*mut pg_sys::Node],
    row: &[*mut pg_sys::Node],
) -> Option<*mut pg_sys::Node> {
    // SAFETY: arguments are of the types that the function is looked up by.
    unsafe {
        let shape = pg_sys::makeConst(
            pg_sys::INT8OID,
            -1,
            pg_sys::Oid::INVALID,
            8,
            pg_sys::Datum::from(shape),
            false,
            true,
        );
        let mut types = vec![pg_sys::INT8OID];
        types.extend(between.iter().map(|_| pg_sys::TEXTOID));
        types.extend(row.iter().map(|_| pg_sys::INT4OID));
        let arguments = [&[shape.cast()], between, row].concat();
        let function = catalog::planned_function(instead_of, name, &types).ok()?;
        Some(
            pg_sys::makeFuncExpr(
                function,
                returns,
                list(&arguments),
                pg_sys::Oid::INVALID,
                pg_sys::Oid::INVALID,
                pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
            )
            .cast(),
        )
    }
}

/// `left operator right`, for operators that return boolean.
unsafe fn equals(
    operator: u32,
    left: *mut pg_sys::Node,
    right: *mut pg_sys::Node,
) -> *mut pg_sys::Node {
    // SAFETY: both sides are of the operator's types.
    unsafe {
        let clause = pg_sys::make_opclause(
            pg_sys::Oid::from(operator),
            pg_sys::BOOLOID,
            false,
            left.cast(),
            right.cast(),
            pg_sys::Oid::INVALID,
            pg_sys::Oid::INVALID,
        );
        pg_sys::set_opfuncid(clause.cast());
        clause.cast()
    }
}

/// `left operator any (right)`.
unsafe fn equals_any(
    operator: u32,
    function: u32,
    left: *mut pg_sys::Node,
    right: *mut pg_sys::Node,
) -> *mut pg_sys::Node {
    // SAFETY: both sides are of the operator's types.
    unsafe {
        let clause = pg_sys::palloc0(size_of::<pg_sys::ScalarArrayOpExpr>())
            .cast::<pg_sys::ScalarArrayOpExpr>();
        (*clause).xpr.type_ = pg_sys::NodeTag::T_ScalarArrayOpExpr;
        (*clause).opno = pg_sys::Oid::from(operator);
        (*clause).opfuncid = pg_sys::Oid::from(function);
        (*clause).useOr = true;
        (*clause).args = list(&[left, right]);
        (*clause).location = -1;
        clause.cast()
    }
}

/// Arguments of in_tenant and in_whole_tenant: object, action, tenant_id.
const IN_TENANT: [pg_sys::Oid; 3] = [pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::INT4OID];

/// pg_operator.oid of `uuid = uuid`.
const UUID_EQUALS: u32 = 2972;

unsafe fn simplify(
    root: *mut pg_sys::PlannerInfo,
    call: *mut pg_sys::FuncExpr,
) -> Option<*mut pg_sys::Node> {
    // SAFETY: the call is one of in_tenant and in_whole_tenant (3 arguments) and in_depth (6), the first two being
    // object and action.
    unsafe {
        let arguments = (*call).args;
        let count = (*arguments).length;
        if count != 3 && count != 6 {
            return None; // a planned function: nothing more to gain
        }
        let (object, action) = (constant(arguments, 0)?, constant(arguments, 1)?);
        let context = context::current().ok()?;
        let right = context.right(&object, &action);
        if count == 6 {
            return simplify_depth(call, &right, context.shape);
        }
        let whole =
            catalog::planned_function((*call).funcid, c"in_whole_tenant", &IN_TENANT).ok()?;
        if (*call).funcid == whole && right.uniform_depth() != Some(Depth::Tenant) {
            return None; // rows are tested against the tenants of depth tenant, fewer than those of the right
        }
        let all = right.any.len() == context.selected.len();
        let condition = simplify_tenant(call, &context, &right)?;
        if all && action == "read" && stands_already(root, nth(arguments, 2), condition) {
            return Some(pg_sys::makeBoolConst(true, false));
        }
        Some(condition)
    }
}

/// Whether the same condition stands on the same table already, put there for the right to change or delete its rows.
///
/// PostgreSQL asks for both rights; twice the same condition would spoil the estimate. Only the right to read gives way,
/// and only where it reaches every selected tenant: a new row is still checked for the right to write it, which never
/// reaches further.
unsafe fn stands_already(
    root: *mut pg_sys::PlannerInfo,
    column: *mut pg_sys::Node,
    condition: *mut pg_sys::Node,
) -> bool {
    // SAFETY: the planner's own trees; a column of this query level names its table by position.
    unsafe {
        if root.is_null() || (*column).type_ != pg_sys::NodeTag::T_Var {
            return false;
        }
        let var = column.cast::<pg_sys::Var>();
        let tables = (*(*root).parse).rtable;
        if (*var).varlevelsup != 0 || (*var).varno > list_length(tables) {
            return false;
        }
        let quals = (*nth(tables, (*var).varno - 1).cast::<pg_sys::RangeTblEntry>()).securityQuals;
        let is_same = |node: *mut pg_sys::Node| pg_sys::equal(node.cast(), condition.cast());
        (0..list_length(quals)).map(|n| nth(quals, n)).any(|qual| {
            if qual.is_null() {
                false // another restrictive policy, which turned out to be true
            } else if (*qual).type_ == pg_sys::NodeTag::T_List {
                let parts = qual.cast::<pg_sys::List>();
                (0..list_length(parts)).any(|n| is_same(nth(parts, n)))
            } else {
                is_same(qual)
            }
        })
    }
}

/// The length of a list, which may be null.
unsafe fn list_length(list: *mut pg_sys::List) -> i32 {
    if list.is_null() {
        0
    } else {
        // SAFETY: not null, so a list.
        unsafe { (*list).length }
    }
}

unsafe fn simplify_tenant(
    call: *mut pg_sys::FuncExpr,
    context: &Context,
    right: &Right,
) -> Option<*mut pg_sys::Node> {
    // SAFETY: arguments of in_tenant.
    unsafe {
        let (this, arguments) = ((*call).funcid, (*call).args);
        let (object, action, tenant_id) = (nth(arguments, 0), nth(arguments, 1), nth(arguments, 2));
        // Without object and action the expression is the same for every table and command, so that the planner sees
        // one constant in a join, not several.
        let between: &[_] = if right.any.len() == context.selected.len() {
            &[]
        } else {
            &[object, action]
        };
        match Count::of(right.any.len()) {
            Count::One => {
                let the_tenant = planned_call(
                    this,
                    c"the_tenant",
                    pg_sys::INT4OID,
                    context.shape,
                    between,
                    &[],
                )?;
                Some(equals(pg_sys::Int4EqualOperator, tenant_id, the_tenant))
            }
            Count::Few => {
                let tenants = planned_call(
                    this,
                    c"the_tenants",
                    pg_sys::INT4ARRAYOID,
                    context.shape,
                    between,
                    &[],
                )?;
                Some(equals_any(
                    pg_sys::Int4EqualOperator,
                    pg_sys::F_INT4EQ,
                    tenant_id,
                    tenants,
                ))
            }
            // A condition without a column that holds for every row: the plan is the one without a filter.
            Count::Many if right.everywhere => planned_call(
                this,
                c"every_tenant",
                pg_sys::BOOLOID,
                context.shape,
                &[],
                &[],
            ),
            Count::Many => planned_call(
                this,
                c"in_the_tenants",
                pg_sys::BOOLOID,
                context.shape,
                between,
                &[tenant_id],
            ),
        }
    }
}

/// May answer true because `in_tenant` beside it carries the shape.
unsafe fn simplify_depth(
    call: *mut pg_sys::FuncExpr,
    right: &Right,
    shape: i64,
) -> Option<*mut pg_sys::Node> {
    // SAFETY: arguments of in_depth.
    unsafe {
        let depth = right.uniform_depth()?;
        if depth == Depth::Tenant {
            return Some(pg_sys::makeBoolConst(true, false));
        }
        let planned = |name, returns| planned_call((*call).funcid, name, returns, shape, &[], &[]);
        let (owner, team) = (nth((*call).args, 3), nth((*call).args, 4));
        let mut conditions = Vec::new();
        if !is_null(owner) {
            conditions.push(equals(UUID_EQUALS, owner, planned(c"me", pg_sys::UUIDOID)?));
        }
        if depth == Depth::Team && !is_null(team) {
            let teams = planned(c"my_teams", pg_sys::UUIDARRAYOID)?;
            conditions.push(equals_any(UUID_EQUALS, pg_sys::F_UUID_EQ, team, teams));
        }
        Some(match conditions[..] {
            [] => pg_sys::makeBoolConst(false, false),
            [one] => one,
            _ => pg_sys::makeBoolExpr(pg_sys::BoolExprType::OR_EXPR, list(&conditions), -1).cast(),
        })
    }
}

/// Whether it is the null that stands for a column the table does not have.
unsafe fn is_null(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the tag says what it is.
    unsafe {
        (*node).type_ == pg_sys::NodeTag::T_Const && (*node.cast::<pg_sys::Const>()).constisnull
    }
}

/// Which part of a table's rows is in the tenants of a right: from the statistics of the tenant column.
unsafe fn selectivity(request: *mut pg_sys::SupportRequestSelectivity) -> Option<f64> {
    // SAFETY: PostgreSQL's own estimators read statistics in the same way; everything got here is freed here.
    unsafe {
        let arguments = (*request).args;
        let count = (*arguments).length;
        if count == 1 {
            return Some(1.0); // every_tenant(shape)
        }
        let context = context::current().ok()?;
        // in_tenant(object, action, tenant_id), in_the_tenants(shape, [object, action,] tenant_id)
        let tenants = match count {
            2 => context.selected.clone(),
            3 => context
                .right(&constant(arguments, 0)?, &constant(arguments, 1)?)
                .any
                .clone(),
            4 => context
                .right(&constant(arguments, 1)?, &constant(arguments, 2)?)
                .any
                .clone(),
            _ => return None,
        };
        let mut column = pg_sys::VariableStatData::default();
        let node = nth(arguments, count - 1);
        pg_sys::examine_variable((*request).root, node, (*request).varRelid, &mut column);
        let fraction = fraction(&mut column, &tenants);
        if let Some(free) = column.freefunc.filter(|_| !column.statsTuple.is_null()) {
            pg_sys::ffi::pg_guard_ffi_boundary(|| free(column.statsTuple));
        }
        Some(fraction)
    }
}

unsafe fn fraction(column: &mut pg_sys::VariableStatData, tenants: &TenantSet) -> f64 {
    // SAFETY: as selectivity.
    unsafe {
        let mut is_default = false;
        let distinct = pg_sys::get_variable_numdistinct(column, &mut is_default).max(1.0);
        let (mut common, mut common_inside, mut common_count, mut inside_count) =
            (0.0, 0.0, 0.0, 0.0);
        let mut nulls = 0.0;
        if !column.statsTuple.is_null() {
            nulls = f64::from(
                (*pg_sys::GETSTRUCT(column.statsTuple).cast::<pg_sys::FormData_pg_statistic>())
                    .stanullfrac,
            );
            let mut slot = pg_sys::AttStatsSlot::default();
            let flags = (pg_sys::ATTSTATSSLOT_VALUES | pg_sys::ATTSTATSSLOT_NUMBERS) as i32;
            let kind = pg_sys::STATISTIC_KIND_MCV as i32;
            if pg_sys::get_attstatsslot(
                &mut slot,
                column.statsTuple,
                kind,
                pg_sys::Oid::INVALID,
                flags,
            ) {
                for index in 0..slot.nvalues as usize {
                    let frequency = f64::from(*slot.numbers.add(index));
                    common += frequency;
                    common_count += 1.0;
                    if tenants.contains((*slot.values.add(index)).value() as i32) {
                        common_inside += frequency;
                        inside_count += 1.0;
                    }
                }
                pg_sys::free_attstatsslot(&mut slot);
            }
        }
        let other = (1.0 - common - nulls).max(0.0);
        let others = (distinct - common_count).max(1.0);
        let others_inside = (tenants.len() as f64 - inside_count).clamp(0.0, others);
        (common_inside + other * others_inside / others).clamp(0.0, 1.0)
    }
}
