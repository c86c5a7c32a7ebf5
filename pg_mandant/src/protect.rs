//! Which rows: the functions in policies, and what the planner makes of them.
//!
//! A policy says `in_whole_tenant(object, action, tenant_id)`, or, where rows have an owner, a team or a kind,
//! `in_tenant(object, action, tenant_id) and in_depth(object, action, ...)`. While a query is planned, the
//! support function puts in their place what one would have written by hand: `tenant_id = the_tenant(shape)`. The
//! functions put in place carry the shape they were planned for and refuse under any other, whatever way the plan was kept.
//! A node's first call looks the answer up and leaves it in `fn_extra`; every further call is a pointer and a compare.

use std::ffi::c_void;
use std::ptr;

use pgrx::datum::{FromDatum, IntoDatum, Uuid};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::access::{Context, Id};
use crate::context;
use crate::error::Error;
use crate::right::Reach;
use crate::tenant_set::{TenantSet, contains};

pub mod assign;
mod conflict;
pub mod explain;
pub mod force;
mod plan;

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

/// A copy of values that lives as long as the node.
struct Kept<T> {
    start: *const T,
    len: usize,
}

type Words = Kept<u64>;

/// How far a right reaches, as bits of tenants.
struct Depth {
    own: Words,
    team: Words,
    tenant: Words,
}

struct KindDepth {
    kind: Kept<u8>,
    depth: Depth,
}

/// What a row's owner, team and kind are compared with.
struct Depths {
    every: Depth,
    kinds: Kept<KindDepth>,
    me: Option<Id>,
    teams: Kept<Id>,
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

impl<T> Kept<T> {
    /// SAFETY: in the call of a node; the values own nothing.
    unsafe fn keep(call: Call, values: &[T]) -> Self {
        // SAFETY: copies the values into memory of their size, aligned as PostgreSQL aligns.
        unsafe {
            let memory = (*(*call).flinfo).fn_mcxt;
            let start = pg_sys::MemoryContextAlloc(memory, size_of_val(values).max(8)).cast::<T>();
            ptr::copy_nonoverlapping(values.as_ptr(), start, values.len());
            Self {
                start,
                len: values.len(),
            }
        }
    }

    /// SAFETY: the memory of the node is still there.
    #[inline]
    unsafe fn values(&self) -> &[T] {
        // SAFETY: `keep` wrote `len` values.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl Words {
    /// SAFETY: as [`Kept::values`].
    #[inline]
    unsafe fn contain(&self, id: i32) -> bool {
        // SAFETY: as promised by the caller.
        contains(unsafe { self.values() }, id)
    }
}

impl Depth {
    /// SAFETY: as [`Kept::keep`].
    unsafe fn keep(call: Call, reach: &Reach) -> Self {
        // SAFETY: as promised by the caller.
        unsafe {
            Self {
                own: Kept::keep(call, reach.own.words()),
                team: Kept::keep(call, reach.team.words()),
                tenant: Kept::keep(call, reach.tenant.words()),
            }
        }
    }
}

impl Depths {
    /// How far the right reaches rows of a kind.
    ///
    /// SAFETY: as [`Kept::values`]; the kind is text.
    #[inline]
    unsafe fn of_kind(&self, kind: pg_sys::NullableDatum) -> &Depth {
        // SAFETY: as promised by the caller.
        unsafe {
            if self.kinds.len == 0 || kind.isnull {
                return &self.every;
            }
            let text = pg_sys::pg_detoast_datum_packed(kind.value.cast_mut_ptr());
            let bytes = std::slice::from_raw_parts(
                pgrx::vardata_any(text).cast::<u8>(),
                pgrx::varsize_any_exhdr(text),
            );
            let mut kinds = self.kinds.values().iter();
            kinds
                .find(|known| known.kind.values() == bytes)
                .map_or(&self.every, |known| &known.depth)
        }
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
        let (object, action) = (text(call, 1)?, text(call, 2)?);
        let right = context.right(&object, &action);
        // No row would be written, and the statement would not say why.
        if right.any.len() == 0
            && let Some(refusal) = context.refusal_of_closed(&object, &action)
        {
            return Err(refusal);
        }
        Ok(use_set(&right.any))
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

/// An array that lives as long as the node.
unsafe fn keep_array<T: IntoDatum>(call: Call, values: Vec<T>) -> Result<Value, Error>
where
    Vec<T>: IntoDatum,
{
    // SAFETY: made in the memory of the node.
    unsafe {
        let before = pg_sys::MemoryContextSwitchTo((*(*call).flinfo).fn_mcxt);
        let array = values.into_datum();
        pg_sys::MemoryContextSwitchTo(before);
        array
            .map(|datum| Value {
                datum,
                isnull: false,
            })
            .ok_or_else(|| Error::internal("no array"))
    }
}

unsafe fn build_tenants(call: Call) -> Result<Value, Error> {
    // SAFETY: a planned function; the array is made in the memory of the node.
    unsafe {
        let ids = planned(call, (*call).nargs as usize, |tenants| {
            tenants.iter().collect::<Vec<_>>()
        })?;
        keep_array(call, ids)
    }
}
first_call!(first_tenants, build_tenants, Value);

unsafe fn build_members(call: Call) -> Result<Words, Error> {
    // SAFETY: a planned function whose last argument is the row's tenant.
    unsafe {
        planned(call, (*call).nargs as usize - 1, |tenants| {
            Words::keep(call, tenants.words())
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
        Ok(Words::keep(call, right.any.words()))
    }
}
first_call!(first_in_tenant, build_in_tenant, Words);

unsafe fn build_in_whole_tenant(call: Call) -> Result<Words, Error> {
    // SAFETY: arguments object, action, tenant_id.
    unsafe {
        let right = context::current()?.right(&text(call, 0)?, &text(call, 1)?);
        Ok(Words::keep(call, right.reach.tenant.words()))
    }
}
first_call!(first_in_whole_tenant, build_in_whole_tenant, Words);

unsafe fn build_in_depth(call: Call) -> Result<Depths, Error> {
    // SAFETY: arguments object, action, tenant_id, owner_id, team_id, kind.
    unsafe {
        let context = context::current()?;
        let right = context.right(&text(call, 0)?, &text(call, 1)?);
        let kinds: Vec<_> = right
            .kinds
            .iter()
            .map(|(kind, reach)| KindDepth {
                kind: Kept::keep(call, kind.as_bytes()),
                depth: Depth::keep(call, reach),
            })
            .collect();
        Ok(Depths {
            every: Depth::keep(call, &right.reach),
            kinds: Kept::keep(call, &kinds),
            me: context.authority.principal,
            teams: Kept::keep(call, &context.authority.teams),
        })
    }
}
first_call!(first_in_depth, build_in_depth, Depths);

unsafe fn build_me(call: Call) -> Result<Value, Error> {
    // SAFETY: argument shape; the uuid is copied to the memory of the node.
    unsafe {
        let context = of_shape(argument(call, 0).value.value() as i64)?;
        let Some(id) = context.authority.principal else {
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

unsafe fn build_my_teams(call: Call) -> Result<Value, Error> {
    // SAFETY: argument shape; the array is made in the memory of the node.
    unsafe {
        let context = of_shape(argument(call, 0).value.value() as i64)?;
        let teams = context
            .authority
            .teams
            .iter()
            .copied()
            .map(Uuid::from_bytes);
        keep_array(call, teams.collect())
    }
}
first_call!(first_my_teams, build_my_teams, Value);

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
    /// `in_whole_tenant(object, action, tenant_id)`: whether it reaches every row of the row's tenant.
    mandant_in_whole_tenant,
    pg_finfo_mandant_in_whole_tenant,
    |call| {
        let members: *const Words = answer!(call, first_in_whole_tenant);
        pg_sys::Datum::from(row_tenant(call, 2).is_some_and(|id| (*members).contain(id)))
    }
);

row_function!(
    /// `in_depth(object, action, tenant_id, owner_id, team_id, kind)`: whether it reaches the row itself.
    mandant_in_depth, pg_finfo_mandant_in_depth, |call| {
        let depths: *const Depths = answer!(call, first_in_depth);
        let id = |index: usize| {
            let id = argument(call, index);
            (!id.isnull).then(|| *id.value.cast_mut_ptr::<Id>())
        };
        let allowed = row_tenant(call, 2).is_some_and(|tenant| {
            let depth = (*depths).of_kind(argument(call, 5));
            let mine = || (*depths).me.is_some_and(|me| id(3) == Some(me));
            let ours = || id(4).is_some_and(|team| (*depths).teams.values().binary_search(&team).is_ok());
            depth.tenant.contain(tenant)
                || depth.team.contain(tenant) && (mine() || ours())
                || depth.own.contain(tenant) && mine()
        });
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
    /// `my_teams(shape)`: the teams of the principal who asks, as an array.
    mandant_my_teams, pg_finfo_mandant_my_teams, |call| {
        let answer: *const Value = answer!(call, first_my_teams);
        (*answer).datum
    }
);

row_function!(
    /// Planner support of the policy functions.
    mandant_plan, pg_finfo_mandant_plan, |call| pg_sys::Datum::from(plan::plan(argument(call, 0).value.cast_mut_ptr()))
);
