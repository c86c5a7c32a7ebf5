//! Early release: commits do not queue behind each other's disk flush.
//!
//! Whoever waits for a series waits until the transaction that drew has ended, and a transaction keeps its locks while its
//! commit record is flushed to disk. So for a transaction that drew, the flush comes after the locks: `synchronous_commit`
//! is lowered while the transaction commits, and the session flushes to its own commit record before the client is told.
//! The log is a sequence: whoever took 6 committed after 5, so if 6 survives a crash, 5 does, too. What is acknowledged is
//! durable, also where a user has turned `synchronous_commit` off. Others can see the transaction some microseconds before
//! it is durable; with a synchronous standby that would last as long as the standby is away, so `auto` is off there.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};

use crate::error::Error;

const AUTO: c_int = 0;
const ON: c_int = 1;
const OFF: c_int = 2;

/// `mandant.early_release`
static mut EARLY_RELEASE: c_int = AUTO;

struct Options([pg_sys::config_enum_entry; 4]);
// SAFETY: never written, and points to static texts.
unsafe impl Sync for Options {}

static OPTIONS: Options = {
    const fn option(name: &std::ffi::CStr, val: c_int) -> pg_sys::config_enum_entry {
        pg_sys::config_enum_entry {
            name: name.as_ptr(),
            val,
            hidden: false,
        }
    }
    Options([
        option(c"auto", AUTO),
        option(c"on", ON),
        option(c"off", OFF),
        pg_sys::config_enum_entry {
            name: std::ptr::null(),
            val: 0,
            hidden: false,
        },
    ])
};

/// What a commit of this transaction still owes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Owes {
    Nothing,
    /// It drew a number.
    Drew,
    /// Its commit record is written, not flushed; this is what `synchronous_commit` says.
    Flush(c_int),
}

thread_local! {
    static OWES: Cell<Owes> = const { Cell::new(Owes::Nothing) };
    /// What `synchronous_commit` was, while it is another.
    static ASKED: Cell<Option<c_int>> = const { Cell::new(None) };
}

/// Defines the setting and registers the callbacks; once per process. They stay, as closures of one transaction would
/// outlive `prepare transaction` and fire in another.
pub fn init() {
    // SAFETY: called from _PG_init; names are static, the variable lives as long as the process.
    unsafe {
        pg_sys::DefineCustomEnumVariable(
            c"mandant.early_release".as_ptr(),
            c"Whether a series is free for the next before the transaction that drew is flushed to disk.".as_ptr(),
            c"auto: where there is no synchronous standby. What is acknowledged is durable in any case.".as_ptr(),
            &raw mut EARLY_RELEASE,
            AUTO,
            OPTIONS.0.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            0,
            None,
            None,
            None,
        );
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterResourceReleaseCallback(Some(on_release), std::ptr::null_mut());
    }
}

/// Says that this transaction draws a number.
pub fn drew() {
    OWES.set(Owes::Drew);
}

#[pg_guard]
unsafe extern "C-unwind" fn on_transaction(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    if OWES.get() == Owes::Nothing {
        return;
    }
    match event {
        // SAFETY: reads settings and sets one that is put back when the transaction ends, however it does.
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT => unsafe { before_commit() },
        pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE => {
            let error = Error::new(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                "a transaction that drew a number cannot be prepared: nobody could draw until it is committed",
                "commit it, or draw the number in a transaction of its own",
            );
            ErrorReport::from(error).report(PgLogLevel::ERROR);
        }
        pg_sys::XactEvent::XACT_EVENT_COMMIT => {
            put_back();
            if OWES.get() == Owes::Drew {
                OWES.set(Owes::Nothing);
            }
        }
        pg_sys::XactEvent::XACT_EVENT_ABORT => {
            put_back();
            OWES.set(Owes::Nothing);
        }
        _ => {}
    }
}

/// SAFETY: only while a transaction commits.
unsafe fn before_commit() {
    const SYNC_OFF: c_int = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_OFF as c_int;
    const LOCAL: c_int = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_LOCAL_FLUSH as c_int;
    const STANDBY: c_int = pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_REMOTE_FLUSH as c_int;
    // SAFETY: settings of this process; the list of standbys is zero-terminated.
    unsafe {
        let standbys = pg_sys::SyncRepStandbyNames;
        let standbys = !standbys.is_null() && *standbys != 0;
        let asked = pg_sys::synchronous_commit;
        // A number that is lost after it was given would be given again.
        let level = if standbys && asked <= LOCAL {
            STANDBY
        } else {
            asked.max(LOCAL)
        };
        let early = match EARLY_RELEASE {
            AUTO => !standbys,
            setting => setting == ON,
        };
        ASKED.set(Some(asked));
        if early {
            wait_for(SYNC_OFF);
            OWES.set(Owes::Flush(level));
        } else {
            wait_for(level);
        }
    }
}

unsafe extern "C-unwind" {
    /// PostgreSQL's own; from 16 on its header is none of those that pgrx reads. It raises no errors.
    fn assign_synchronous_commit(level: c_int, extra: *mut c_void);
}

/// Sets `synchronous_commit` past the settings, which know nothing of it.
///
/// SAFETY: a level there is; to be put back before anybody looks at the setting.
unsafe fn wait_for(level: c_int) {
    // SAFETY: as promised. The hook keeps what a commit waits for at the standby, which must fit the level.
    unsafe {
        pg_sys::synchronous_commit = level;
        assign_synchronous_commit(level, std::ptr::null_mut());
    }
}

fn put_back() {
    if let Some(asked) = ASKED.take() {
        // SAFETY: the level that the setting names.
        unsafe { wait_for(asked) }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_release(
    phase: pg_sys::ResourceReleasePhase::Type,
    is_commit: bool,
    is_top_level: bool,
    _arg: *mut c_void,
) {
    let Owes::Flush(level) = OWES.get() else {
        return;
    };
    if !is_top_level || phase != pg_sys::ResourceReleasePhase::RESOURCE_RELEASE_AFTER_LOCKS {
        return;
    }
    OWES.set(Owes::Nothing);
    if is_commit {
        // SAFETY: interrupts are held here, as both ask for; the record was written by this commit. A transaction that
        // drew has written, so there is one.
        unsafe {
            pg_sys::XLogFlush(pg_sys::XactLastCommitEnd);
            if level > pg_sys::SyncCommitLevel::SYNCHRONOUS_COMMIT_LOCAL_FLUSH as c_int {
                ASKED.set(Some(pg_sys::synchronous_commit));
                wait_for(level);
                pg_sys::SyncRepWaitForLSN(pg_sys::XactLastCommitEnd, true);
                put_back();
            }
        }
    }
}
