//! The rows of the audit: a statement trigger of each audited table reads the rows before and after from its transition
//! tables, finds the columns that differ, and writes these alone. Here and not in SQL because every change of a customer
//! or a document passes through.

use std::cell::RefCell;
use std::ffi::{CStr, c_int};
use std::rc::Rc;
use std::thread::LocalKey;

use pgrx::datum::{DatumWithOid, Uuid};
use pgrx::spi::{OwnedPreparedStatement, SpiClient};
use pgrx::{
    PgMemoryContexts, PgOid, PgSqlErrorCode, PgTrigger, PgTupleDesc, Spi, pg_sys, trigger_support,
    varlena,
};

use crate::error::Error;

/// What an audited table is, and who changes it; no row: it is not audited.
const RULE: &str = "
    select coalesce(pg_partition_root(r.relation), r.relation)::regclass::text, r.object, r.owner_column::text,
           r.team_column::text, r.kind_column::text, r.shared, mandant_internal.me(),
           mandant_internal.outer_user()::regrole::text
      from (select p.relation, p.object, p.owner_column, p.team_column, p.kind_column, false as shared
              from mandant_internal.protected_table p where p.relation = $1 and p.audited
            union all
            select u.relation, u.object, null, null, null, true
              from mandant_internal.unprotected_table u where u.relation = $1 and u.object is not null) r
      limit 1";

/// Where all types are PostgreSQL's own, for which nobody has made casts.
const WRITE: &str = "
    insert into mandant_internal.audit
      (tenant_id, table_name, object, key, action, old, new, owner_id, team_id, kind, by_principal, by_login)
      values ($1, $2, $3, $4, $5, to_jsonb($6), to_jsonb($7), $8, $9, $10, $11, $12)";

/// Where they are not: as_json runs casts with rights that everybody has.
const WRITE_CAREFULLY: &str = "
    insert into mandant_internal.audit
      (tenant_id, table_name, object, key, action, old, new, owner_id, team_id, kind, by_principal, by_login)
      values ($1, $2, $3, $4, $5, mandant_internal.as_json($6), mandant_internal.as_json($7), $8, $9, $10, $11, $12)";

const WRITTEN: [pg_sys::Oid; 12] = [
    pg_sys::INT4OID,
    pg_sys::TEXTOID,
    pg_sys::TEXTOID,
    pg_sys::TEXTOID,
    pg_sys::TEXTOID,
    pg_sys::RECORDOID,
    pg_sys::RECORDOID,
    pg_sys::UUIDOID,
    pg_sys::UUIDOID,
    pg_sys::TEXTOID,
    pg_sys::UUIDOID,
    pg_sys::TEXTOID,
];

/// The values of a record's columns in the order of their names, as JSON has them.
const TEXT: &str = "
    select string_agg(j.r ->> c.name, ',' order by c.n)
      from (select mandant_internal.as_json($1) as r) j cross join unnest($2) with ordinality as c (name, n)";

/// A statement whose plan the session keeps.
type Kept = RefCell<Option<Rc<OwnedPreparedStatement>>>;

thread_local! {
    static RULE_KEPT: Kept = const { RefCell::new(None) };
    static WRITE_KEPT: Kept = const { RefCell::new(None) };
    static WRITE_CAREFULLY_KEPT: Kept = const { RefCell::new(None) };
    static TEXT_KEPT: Kept = const { RefCell::new(None) };
}

fn prepared(
    client: &SpiClient<'_>,
    kept: &'static LocalKey<Kept>,
    sql: &str,
    types: &[pg_sys::Oid],
) -> Result<Rc<OwnedPreparedStatement>, Error> {
    if let Some(statement) = kept.with_borrow(Option::clone) {
        return Ok(statement);
    }
    let types: Vec<_> = types.iter().map(|oid| PgOid::from(*oid)).collect();
    let statement = Rc::new(client.prepare_mut(sql, &types)?.keep());
    kept.set(Some(Rc::clone(&statement)));
    Ok(statement)
}

/// The audited table, and who changes it. Columns are places, from 0.
struct Rule {
    table_name: String,
    object: String,
    tenant: Option<usize>,
    owner: Option<usize>,
    team: Option<usize>,
    kind: Option<usize>,
    by_principal: Option<Uuid>,
    by_login: String,
}

/// Anybody can put a trigger on a table of theirs.
fn not_audited(table: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("{table} is not audited"),
        "select mandant.protect(table, audit => true)",
    )
}

/// Writes down what the statement changed whose trigger this is; its arguments are the columns of the table's key.
pub fn record(trigger: &PgTrigger<'_>) -> Result<(), Error> {
    let data = trigger.trigger_data();
    // SAFETY: a trigger's relation is open while it runs.
    let (relation, columns) = unsafe {
        let relation = data.tg_relation;
        ((*relation).rd_id, Columns::of((*relation).rd_att))
    };
    let refused = || match (trigger.table_schema(), trigger.table_name()) {
        (Ok(schema), Ok(name)) => not_audited(&format!("{schema}.{name}")),
        (Err(error), _) | (_, Err(error)) => error.into(),
    };
    let key = trigger
        .extra_args()?
        .iter()
        .map(|column| columns.place(column).ok_or_else(refused))
        .collect::<Result<Vec<_>, _>>()?;
    Spi::connect_mut(|client| {
        let rule = rule(client, relation, &columns)?.ok_or_else(refused)?;
        // SAFETY: these are the transition tables of this trigger, with the rows of its relation.
        let (mut before, mut after) = unsafe {
            (
                Rows::open(data.tg_oldtable, &columns),
                Rows::open(data.tg_newtable, &columns),
            )
        };
        if before.is_none() && after.is_none() {
            return Err(refused());
        }
        let mut memory = PgMemoryContexts::new("audited row");
        loop {
            // PostgreSQL fills both row by row: equal places belong together, also where the key has changed
            let there = [&mut before, &mut after].map(|rows| rows.as_mut().map(Rows::next));
            if there.contains(&Some(false)) {
                return Ok(());
            }
            // SAFETY: what is allocated for a row is gone after it, and nothing of it is kept.
            unsafe {
                memory.switch_to(|_| {
                    write(
                        client,
                        &rule,
                        &columns,
                        &key,
                        before.as_ref(),
                        after.as_ref(),
                    )
                })?;
                memory.reset();
            }
        }
    })
}

fn rule(
    client: &SpiClient<'_>,
    relation: pg_sys::Oid,
    columns: &Columns,
) -> Result<Option<Rule>, Error> {
    let statement = prepared(client, &RULE_KEPT, RULE, &[pg_sys::OIDOID])?;
    let found = client.select(&*statement, Some(1), &[relation.into()])?;
    if found.is_empty() {
        return Ok(None);
    }
    let found = found.first();
    let place = |column| {
        let name = found.get::<String>(column)?;
        Ok::<_, Error>(name.and_then(|name| columns.place(&name)))
    };
    // what is shared is no tenant's, whatever columns it has
    let shared = found.get::<bool>(6)?.unwrap_or(false);
    Ok(Some(Rule {
        table_name: found.get(1)?.unwrap_or_default(),
        object: found.get(2)?.unwrap_or_default(),
        tenant: columns.place("tenant_id").filter(|_| !shared),
        owner: place(3)?,
        team: place(4)?,
        kind: place(5)?,
        by_principal: found.get(7)?,
        by_login: found.get(8)?.unwrap_or_default(),
    }))
}

/// Writes one row, if anything of it changed.
///
/// # Safety
/// The rows are of these columns.
unsafe fn write(
    client: &mut SpiClient<'_>,
    rule: &Rule,
    columns: &Columns,
    key: &[usize],
    before: Option<&Rows>,
    after: Option<&Rows>,
) -> Result<(), Error> {
    let Some(row) = after.or(before) else {
        return Ok(());
    };
    let changed: Vec<usize> = columns
        .places()
        .filter(|place| match (before, after) {
            // SAFETY: as promised by the caller.
            (Some(before), Some(after)) => unsafe { !columns.same(*place, before, after) },
            _ => row.value(*place).is_some(),
        })
        .collect();
    let action = match (before, after) {
        (None, _) => "insert",
        (_, None) => "delete",
        _ if changed.is_empty() => return Ok(()),
        _ => "update",
    };
    let statement = if changed.iter().all(|place| columns.is_builtin(*place)) {
        prepared(client, &WRITE_KEPT, WRITE, &WRITTEN)?
    } else {
        prepared(client, &WRITE_CAREFULLY_KEPT, WRITE_CAREFULLY, &WRITTEN)?
    };
    let kind = match rule.kind {
        // SAFETY: as promised by the caller.
        Some(place) => unsafe { columns.text(client, row, &[place])? },
        None => None,
    };
    let datum = |place: Option<usize>, oid| argument(place.and_then(|place| row.value(place)), oid);
    // SAFETY: as promised by the caller.
    let arguments = unsafe {
        let record = |rows: Option<&Rows>| rows.map(|rows| columns.record(rows, &changed));
        [
            datum(rule.tenant, pg_sys::INT4OID),
            rule.table_name.as_str().into(),
            rule.object.as_str().into(),
            columns.text(client, row, key)?.into(),
            action.into(),
            argument(record(before), pg_sys::RECORDOID),
            argument(record(after), pg_sys::RECORDOID),
            datum(rule.owner, pg_sys::UUIDOID),
            datum(rule.team, pg_sys::UUIDOID),
            kind.into(),
            rule.by_principal.into(),
            rule.by_login.as_str().into(),
        ]
    };
    client.update(&*statement, None, &arguments)?;
    Ok(())
}

fn argument<'a>(datum: Option<pg_sys::Datum>, oid: pg_sys::Oid) -> DatumWithOid<'a> {
    match datum {
        // SAFETY: the value is of the type: of the column, or a record.
        Some(datum) => unsafe { DatumWithOid::new(datum, oid) },
        None => DatumWithOid::null_oid(oid),
    }
}

/// The columns of a relation.
struct Columns<'a>(PgTupleDesc<'a>);

impl Columns<'_> {
    /// SAFETY: of an open relation.
    unsafe fn of(description: pg_sys::TupleDesc) -> Self {
        // SAFETY: as promised.
        Self(unsafe { PgTupleDesc::from_pg_copy(description) })
    }

    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len()).filter(|place| self.0.get(*place).is_some_and(|a| !a.attisdropped))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places().find(|place| {
            self.0
                .get(*place)
                .is_some_and(|column| column.name() == name)
        })
    }

    /// Whether a column's type came with PostgreSQL.
    fn is_builtin(&self, place: usize) -> bool {
        self.0
            .get(place)
            .is_some_and(|column| column.atttypid.to_u32() < pg_sys::FirstNormalObjectId)
    }

    /// Whether a column is the same in both, however it is stored.
    ///
    /// SAFETY: the rows are of these columns.
    unsafe fn same(&self, place: usize, before: &Rows, after: &Rows) -> bool {
        let (Some(old), Some(new)) = (before.value(place), after.value(place)) else {
            return before.value(place).is_none() && after.value(place).is_none();
        };
        let Some(column) = self.0.get(place) else {
            return true;
        };
        // SAFETY: as promised; the length says what is pointed to.
        unsafe {
            let bytes = |value: pg_sys::Datum, length| {
                std::slice::from_raw_parts(value.cast_mut_ptr::<u8>().cast_const(), length)
            };
            match column.attlen {
                _ if column.attbyval => old.value() == new.value(),
                -1 => {
                    let stored = |value: pg_sys::Datum| {
                        bytes(value, varlena::varsize_any(value.cast_mut_ptr()))
                    };
                    let plain = |value: pg_sys::Datum| {
                        let plain = pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr());
                        std::slice::from_raw_parts(
                            varlena::vardata_any(plain).cast::<u8>(),
                            varlena::varsize_any_exhdr(plain),
                        )
                    };
                    stored(old) == stored(new) || plain(old) == plain(new)
                }
                -2 => CStr::from_ptr(old.cast_mut_ptr()) == CStr::from_ptr(new.cast_mut_ptr()),
                length => bytes(old, length as usize) == bytes(new, length as usize),
            }
        }
    }

    /// The columns at these places of a row, as a record.
    ///
    /// SAFETY: the row is of these columns.
    unsafe fn record(&self, row: &Rows, places: &[usize]) -> pg_sys::Datum {
        let (mut values, mut nulls) = (Vec::new(), Vec::new());
        // SAFETY: as promised; the new description has as many columns as places.
        unsafe {
            let description = pg_sys::CreateTemplateTupleDesc(places.len() as c_int);
            for (index, place) in places.iter().enumerate() {
                pg_sys::TupleDescCopyEntry(
                    description,
                    index as i16 + 1,
                    self.0.as_ptr(),
                    *place as i16 + 1,
                );
                let value = row.value(*place);
                nulls.push(value.is_none());
                values.push(value.unwrap_or(pg_sys::Datum::from(0)));
            }
            let description = pg_sys::BlessTupleDesc(description);
            let tuple =
                pg_sys::heap_form_tuple(description, values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::HeapTupleHeaderGetDatum((*tuple).t_data)
        }
    }

    /// The values at these places as text, with commas between; none: null.
    ///
    /// SAFETY: the row is of these columns.
    unsafe fn text(
        &self,
        client: &SpiClient<'_>,
        row: &Rows,
        places: &[usize],
    ) -> Result<Option<String>, Error> {
        let simple = |place: &usize| {
            self.0.get(*place).is_some_and(|column| {
                [
                    pg_sys::UUIDOID,
                    pg_sys::TEXTOID,
                    pg_sys::INT4OID,
                    pg_sys::INT8OID,
                ]
                .contains(&column.atttypid)
            })
        };
        if !places.iter().all(simple) {
            let types = [pg_sys::RECORDOID, pg_sys::TEXTARRAYOID];
            let statement = prepared(client, &TEXT_KEPT, TEXT, &types)?;
            let names: Vec<String> = places
                .iter()
                .filter_map(|place| Some(self.0.get(*place)?.name().to_owned()))
                .collect();
            // SAFETY: as promised.
            let record = unsafe { self.record(row, places) };
            let arguments = [argument(Some(record), pg_sys::RECORDOID), names.into()];
            // SAFETY: SPI leaves its own memory context, and the answer in it: both would last for the whole statement.
            unsafe {
                let row = pg_sys::CurrentMemoryContext;
                let text = client
                    .select(&*statement, Some(1), &arguments)?
                    .first()
                    .get(1)?;
                pg_sys::SPI_freetuptable(pg_sys::SPI_tuptable);
                pg_sys::CurrentMemoryContext = row;
                return Ok(text);
            }
        }
        let mut texts = Vec::new();
        for place in places {
            let (Some(value), Some(column)) = (row.value(*place), self.0.get(*place)) else {
                continue;
            };
            let (mut output, mut varlena) = (pg_sys::Oid::INVALID, false);
            // SAFETY: as promised; an output function gives a zero-terminated string.
            texts.push(unsafe {
                pg_sys::getTypeOutputInfo(column.atttypid, &raw mut output, &raw mut varlena);
                CStr::from_ptr(pg_sys::OidOutputFunctionCall(output, value))
                    .to_string_lossy()
                    .into_owned()
            });
        }
        Ok((!texts.is_empty()).then(|| texts.join(",")))
    }
}

/// A transition table, row after row.
struct Rows {
    store: *mut pg_sys::Tuplestorestate,
    slot: *mut pg_sys::TupleTableSlot,
    columns: usize,
}

impl Rows {
    /// SAFETY: null, or a transition table with these columns.
    unsafe fn open(store: *mut pg_sys::Tuplestorestate, columns: &Columns) -> Option<Self> {
        if store.is_null() {
            return None;
        }
        // SAFETY: as promised. The table has other readers, each with a pointer of its own.
        unsafe {
            let pointer =
                pg_sys::tuplestore_alloc_read_pointer(store, pg_sys::EXEC_FLAG_REWIND as c_int);
            pg_sys::tuplestore_select_read_pointer(store, pointer);
            pg_sys::tuplestore_rescan(store);
            Some(Self {
                store,
                slot: pg_sys::MakeSingleTupleTableSlot(
                    columns.0.as_ptr(),
                    &raw const pg_sys::TTSOpsMinimalTuple,
                ),
                columns: columns.0.len(),
            })
        }
    }

    /// Goes on to the next row; false: there is none.
    fn next(&mut self) -> bool {
        // SAFETY: both are open, and the slot is of the store's rows.
        unsafe {
            let found = pg_sys::tuplestore_gettupleslot(self.store, true, false, self.slot);
            if found {
                pg_sys::slot_getsomeattrs_int(self.slot, self.columns as c_int);
            }
            found
        }
    }

    fn value(&self, place: usize) -> Option<pg_sys::Datum> {
        // SAFETY: the slot has all columns of its row.
        unsafe {
            let is_null = *(*self.slot).tts_isnull.add(place);
            (!is_null).then(|| *(*self.slot).tts_values.add(place))
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        // SAFETY: made by open; what it points to is the store's.
        unsafe { pg_sys::ExecDropSingleTupleTableSlot(self.slot) }
    }
}

impl From<trigger_support::PgTriggerError> for Error {
    fn from(error: trigger_support::PgTriggerError) -> Self {
        Error::new(
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            error.to_string(),
            "",
        )
    }
}
