//! Which rows: the functions in policies, and what the planner makes of them.
//!
//! A policy says `in_tenant(object, action, tenant_id) and in_depth(object, action, ...)`. While a query is planned, the
//! support function puts in their place what one would have written by hand: `tenant_id = the_tenant(shape)`. The
//! functions put in place carry the shape they were planned for and refuse under any other, whatever way the plan was kept.
//! A node's first call looks the answer up and leaves it in `fn_extra`; every further call is a pointer and a compare.

use std::ffi::c_void;
use std::ptr;

use pgrx::datum::{FromDatum, IntoDatum};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::access::{Context, Count, Depth, Right, TenantSet, contains};
use crate::catalog;
use crate::context;
use crate::error::Error;

type Call = pg_sys::FunctionCallInfo;

/// Raises; never comes back.
fn raise(error: Error) -> ! {
    ErrorReport::from(error).report(PgLogLevel::ERROR);
    unreachable!("an error was reported")
}

/// Declares a function to PostgreSQL without pgrx's wrapper, for calls that happen once per row.
macro_rules! row_function {
    ($(#[$doc:meta])* $name:ident, $info:ident, |$call:ident| $body:expr) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> *const pg_sys::Pg_finfo_record {
            static INFO: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &INFO
        }
        $(#[$doc])*
        ///
        /// # Safety
        /// Called by PostgreSQL with the arguments of its SQL declaration.
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name($call: Call) -> pg_sys::Datum {
            // SAFETY: PostgreSQL hands over a complete call frame; the body neither panics nor keeps destructors
            // across the calls that may raise.
            unsafe { $body }
        }
    };
}

/// The answer kept in `fn_extra`, made by `$make` at a node's first call.
macro_rules! answer {
    ($call:ident, $make:path) => {{
        let kept = (*(*$call).flinfo).fn_extra;
        if kept.is_null() {
            $make($call)
        } else {
            kept.cast()
        }
    }};
}

/// Defines `$name`, which makes an answer with `$build` and keeps it for the life of the node.
macro_rules! first_call {
    ($name:ident, $build:path, $answer:ty) => {
        #[cold]
        #[pg_guard]
        unsafe extern "C-unwind" fn $name(call: Call) -> *mut $answer {
            // SAFETY: as row_function; the answer lives in the memory context of the function call.
            unsafe {
                match $build(call) {
                    Ok(answer) => {
                        let memory = (*(*call).flinfo).fn_mcxt;
                        let kept = pg_sys::MemoryContextAlloc(memory, size_of::<$answer>())
                            .cast::<$answer>();
                        kept.write(answer);
                        (*(*call).flinfo).fn_extra = kept.cast::<c_void>();
                        kept
                    }
                    Err(error) => raise(error),
                }
            }
        }
    };
}

struct Value {
    datum: pg_sys::Datum,
    isnull: bool,
}

struct Words {
    start: *const u64,
    len: usize,
}

struct Depths {
    tenant: Words,
    own: Words,
    me: Option<[u8; 16]>,
}

/// SAFETY: `index` is an argument of the function.
#[inline]
unsafe fn argument(call: Call, index: usize) -> pg_sys::NullableDatum {
    // SAFETY: the frame has as many slots as the function has arguments.
    unsafe { *(*call).args.as_ptr().add(index) }
}

/// SAFETY: as [`argument`], of type text.
unsafe fn text(call: Call, index: usize) -> Result<String, Error> {
    // SAFETY: the SQL declaration says text.
    unsafe {
        let argument = argument(call, index);
        String::from_datum(argument.value, argument.isnull)
            .ok_or_else(|| Error::bad_value("object and action must not be null", ""))
    }
}

impl Words {
    /// Copies a set to where it lives as long as the node.
    unsafe fn keep(call: Call, set: &TenantSet) -> Self {
        let words = set.words();
        // SAFETY: copies `words` into memory of that size.
        unsafe {
            let memory = (*(*call).flinfo).fn_mcxt;
            let start = pg_sys::MemoryContextAlloc(memory, size_of_val(words).max(8)).cast::<u64>();
            ptr::copy_nonoverlapping(words.as_ptr(), start, words.len());
            Self {
                start,
                len: words.len(),
            }
        }
    }

    /// SAFETY: the memory of the node is still there.
    #[inline]
    unsafe fn contain(&self, id: i32) -> bool {
        // SAFETY: `keep` wrote `len` words.
        contains(
            unsafe { std::slice::from_raw_parts(self.start, self.len) },
            id,
        )
    }
}

/// Gives `use_set` the tenants a planned function stands for, if the plan was made for the shape at hand.
unsafe fn planned<T>(
    call: Call,
    arguments: usize,
    use_set: impl FnOnce(&TenantSet) -> T,
) -> Result<T, Error> {
    // SAFETY: the first argument is the shape, then perhaps object and action.
    unsafe {
        let context = of_shape(argument(call, 0).value.value() as i64)?;
        if arguments == 1 {
            return Ok(use_set(&context.selected));
        }
        Ok(use_set(
            &context.right(&text(call, 1)?, &text(call, 2)?).any,
        ))
    }
}

/// 40001 unless the context has this shape.
fn of_shape(shape: i64) -> Result<std::rc::Rc<Context>, Error> {
    let context = context::current()?;
    if context.shape == shape {
        return Ok(context);
    }
    // SAFETY: marks cached plans.
    unsafe { pg_sys::ResetPlanCache() }
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        "the plan was made for other rights than those at hand",
        "run the statement again: it is planned anew",
    ))
}

unsafe fn build_tenant(call: Call) -> Result<Value, Error> {
    // SAFETY: a planned function.
    let (id, more) = unsafe {
        planned(call, (*call).nargs as usize, |tenants| {
            let mut ids = tenants.iter();
            (ids.next(), ids.next().is_some())
        })?
    };
    if more {
        return Err(Error::internal(
            "one tenant was planned and several are there",
        ));
    }
    Ok(Value {
        datum: pg_sys::Datum::from(id.unwrap_or_default()),
        isnull: id.is_none(),
    })
}
first_call!(first_tenant, build_tenant, Value);

unsafe fn build_tenants(call: Call) -> Result<Value, Error> {
    // SAFETY: a planned function; the array is made in the memory of the node.
    unsafe {
        let ids = planned(call, (*call).nargs as usize, |tenants| {
            tenants.iter().collect::<Vec<_>>()
        })?;
        let before = pg_sys::MemoryContextSwitchTo((*(*call).flinfo).fn_mcxt);
        let array = ids.into_datum();
        pg_sys::MemoryContextSwitchTo(before);
        array
            .map(|datum| Value {
                datum,
                isnull: false,
            })
            .ok_or_else(|| Error::internal("no array"))
    }
}
first_call!(first_tenants, build_tenants, Value);

unsafe fn build_members(call: Call) -> Result<Words, Error> {
    // SAFETY: a planned function whose last argument is the row's tenant.
    unsafe {
        planned(call, (*call).nargs as usize - 1, |tenants| {
            Words::keep(call, tenants)
        })
    }
}
first_call!(first_members, build_members, Words);

unsafe fn build_every_tenant(call: Call) -> Result<Value, Error> {
    // SAFETY: argument shape.
    unsafe { of_shape(argument(call, 0).value.value() as i64)? };
    Ok(Value {
        datum: pg_sys::Datum::from(true),
        isnull: false,
    })
}
first_call!(first_every_tenant, build_every_tenant, Value);

unsafe fn build_in_tenant(call: Call) -> Result<Words, Error> {
    // SAFETY: arguments object, action, tenant_id.
    unsafe {
        let right = context::current()?.right(&text(call, 0)?, &text(call, 1)?);
        Ok(Words::keep(call, &right.any))
    }
}
first_call!(first_in_tenant, build_in_tenant, Words);

unsafe fn build_in_depth(call: Call) -> Result<Depths, Error> {
    // SAFETY: arguments object, action, tenant_id, owner_id, team_id, kind.
    unsafe {
        let context = context::current()?;
        let right = context.right(&text(call, 0)?, &text(call, 1)?);
        let mut own = right.own.clone();
        right.team.iter().for_each(|id| own.insert(id));
        Ok(Depths {
            tenant: Words::keep(call, &right.tenant),
            own: Words::keep(call, &own),
            me: me(&context)?,
        })
    }
}
first_call!(first_in_depth, build_in_depth, Depths);

/// The principal's id as bytes.
pub fn me(context: &Context) -> Result<Option<[u8; 16]>, Error> {
    let Some(id) = &context.authority.principal else {
        return Ok(None);
    };
    let mut bytes = [0; 16];
    hex::decode_to_slice(id.replace('-', ""), &mut bytes)
        .map_err(|_| Error::internal("principal without uuid"))?;
    Ok(Some(bytes))
}

unsafe fn build_me(call: Call) -> Result<Value, Error> {
    // SAFETY: argument shape; the uuid is copied to the memory of the node.
    unsafe {
        let context = of_shape(argument(call, 0).value.value() as i64)?;
        let Some(id) = me(&context)? else {
            return Ok(Value {
                datum: pg_sys::Datum::from(0),
                isnull: true,
            });
        };
        let kept = pg_sys::MemoryContextAlloc((*(*call).flinfo).fn_mcxt, 16).cast::<u8>();
        ptr::copy_nonoverlapping(id.as_ptr(), kept, 16);
        Ok(Value {
            datum: pg_sys::Datum::from(kept),
            isnull: false,
        })
    }
}
first_call!(first_me, build_me, Value);

/// SAFETY: the last argument is an int4.
#[inline]
unsafe fn row_tenant(call: Call, index: usize) -> Option<i32> {
    // SAFETY: as declared.
    let tenant = unsafe { argument(call, index) };
    (!tenant.isnull).then_some(tenant.value.value() as i32)
}

row_function!(
    /// `in_tenant(object, action, tenant_id)`: whether the right reaches into the row's tenant.
    mandant_in_tenant, pg_finfo_mandant_in_tenant, |call| {
        let members: *const Words = answer!(call, first_in_tenant);
        pg_sys::Datum::from(row_tenant(call, 2).is_some_and(|id| (*members).contain(id)))
    }
);

row_function!(
    /// `in_depth(object, action, tenant_id, owner_id, team_id, kind)`: whether it reaches the row itself.
    mandant_in_depth, pg_finfo_mandant_in_depth, |call| {
        let depths: *const Depths = answer!(call, first_in_depth);
        let allowed = match row_tenant(call, 2) {
            None => false,
            Some(id) if (*depths).tenant.contain(id) => true,
            Some(id) => {
                let owner = argument(call, 3);
                (*depths).own.contain(id)
                    && !owner.isnull
                    && (*depths).me.is_some_and(|me| {
                        std::slice::from_raw_parts(owner.value.cast_mut_ptr::<u8>(), 16) == me.as_slice()
                    })
            }
        };
        pg_sys::Datum::from(allowed)
    }
);

row_function!(
    /// `the_tenant(shape [, object, action])`: the one tenant, null if there is none.
    mandant_the_tenant, pg_finfo_mandant_the_tenant, |call| {
        let answer: *const Value = answer!(call, first_tenant);
        (*call).isnull = (*answer).isnull;
        (*answer).datum
    }
);

row_function!(
    /// `the_tenants(shape [, object, action])`: the few tenants, as an array.
    mandant_the_tenants, pg_finfo_mandant_the_tenants, |call| {
        let answer: *const Value = answer!(call, first_tenants);
        (*answer).datum
    }
);

row_function!(
    /// `in_the_tenants(shape [, object, action], tenant_id)`: whether the row's tenant is one of the many.
    mandant_in_the_tenants, pg_finfo_mandant_in_the_tenants, |call| {
        let members: *const Words = answer!(call, first_members);
        pg_sys::Datum::from(row_tenant(call, (*call).nargs as usize - 1).is_some_and(|id| (*members).contain(id)))
    }
);

row_function!(
    /// `every_tenant(shape)`: true; stands where there is nothing to filter.
    mandant_every_tenant,
    pg_finfo_mandant_every_tenant,
    |call| {
        let answer: *const Value = answer!(call, first_every_tenant);
        (*answer).datum
    }
);

row_function!(
    /// `me(shape)`: the principal who asks.
    mandant_me, pg_finfo_mandant_me, |call| {
        let answer: *const Value = answer!(call, first_me);
        (*call).isnull = (*answer).isnull;
        (*answer).datum
    }
);

row_function!(
    /// Planner support of the policy functions.
    mandant_plan, pg_finfo_mandant_plan, |call| pg_sys::Datum::from(plan(argument(call, 0).value.cast_mut_ptr()))
);

#[pg_guard]
unsafe extern "C-unwind" fn plan(request: *mut pg_sys::Node) -> *mut pg_sys::Node {
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
    name: &'static std::ffi::CStr,
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

/// pg_operator.oid of `uuid = uuid`.
const UUID_EQUALS: u32 = 2972;

unsafe fn simplify(
    root: *mut pg_sys::PlannerInfo,
    call: *mut pg_sys::FuncExpr,
) -> Option<*mut pg_sys::Node> {
    // SAFETY: the call is one of in_tenant (3 arguments) and in_depth (6), its first two arguments object and action.
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
            return simplify_depth(call, &context, &right);
        }
        let condition = simplify_tenant(call, &context, &right)?;
        let reads_all = action == "read" && right.any.len() == context.selected.len();
        if reads_all && stands_already(root, nth(arguments, 2), condition) {
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
        if (*var).varlevelsup != 0 || (*var).varno as i32 > list_length(tables) {
            return false;
        }
        let quals =
            (*nth(tables, (*var).varno as i32 - 1).cast::<pg_sys::RangeTblEntry>()).securityQuals;
        let is_same = |node: *mut pg_sys::Node| pg_sys::equal(node.cast(), condition.cast());
        (0..list_length(quals)).map(|n| nth(quals, n)).any(|qual| {
            if (*qual).type_ == pg_sys::NodeTag::T_List {
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
    // SAFETY: null or a list.
    if list.is_null() {
        0
    } else {
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
                let clause = pg_sys::palloc0(size_of::<pg_sys::ScalarArrayOpExpr>())
                    .cast::<pg_sys::ScalarArrayOpExpr>();
                (*clause).xpr.type_ = pg_sys::NodeTag::T_ScalarArrayOpExpr;
                (*clause).opno = pg_sys::Oid::from(pg_sys::Int4EqualOperator);
                (*clause).opfuncid = pg_sys::Oid::from(pg_sys::F_INT4EQ);
                (*clause).useOr = true;
                (*clause).args = list(&[tenant_id, tenants]);
                (*clause).location = -1;
                Some(clause.cast())
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
    context: &Context,
    right: &Right,
) -> Option<*mut pg_sys::Node> {
    // SAFETY: arguments of in_depth.
    unsafe {
        match right.uniform_depth()? {
            Depth::Tenant => Some(pg_sys::makeBoolConst(true, false)),
            Depth::Own => {
                let me = planned_call(
                    (*call).funcid,
                    c"me",
                    pg_sys::UUIDOID,
                    context.shape,
                    &[],
                    &[],
                )?;
                Some(equals(UUID_EQUALS, nth((*call).args, 3), me))
            }
            Depth::Team => None,
        }
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
