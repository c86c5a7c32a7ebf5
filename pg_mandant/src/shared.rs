//! What all sessions of a server share: counters per tenant, who is connected for whom, and how fast somebody asks. It is
//! there only where the library is preloaded, begins empty with each start of the server, and takes no lock: each word is
//! changed by itself, and a lost or doubled count would be one too few or too many, never a right.

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64};

use pgrx::pg_sys;
use pgrx::prelude::*;

const NAME: &CStr = c"pg_mandant";
/// The most tenants that are counted, of all databases of a server.
pub const TENANTS: usize = 16_384;
/// The most principals and tenants whose requests are limited at a time.
pub const BUCKETS: usize = 16_384;

/// What a tenant has done since the server was started.
#[derive(Default)]
#[repr(C)]
pub struct Counters {
    /// Database and tenant; 0: free.
    pub key: AtomicU64,
    pub statements: AtomicU64,
    pub rows_returned: AtomicU64,
    pub rows_written: AtomicU64,
    pub numbers: AtomicU64,
    pub number_waits: AtomicU64,
    /// In microseconds.
    pub number_wait: AtomicU64,
    pub refused: AtomicU64,
    /// In microseconds since 2000.
    pub last_active: AtomicI64,
}

/// How far ahead of its rate somebody's requests are.
#[repr(C)]
pub struct Bucket {
    /// Whose; 0: never used.
    pub key: AtomicU64,
    /// When they would have come at that rate, in microseconds since 2000; whose is past, is free.
    pub due: AtomicI64,
}

/// For whom a session acts.
#[repr(C)]
pub struct Seat {
    /// Its process; 0: free.
    pub process: AtomicU32,
    /// The principal's home; 0: nobody.
    pub tenant: AtomicU32,
    pub database: AtomicU32,
    /// A hash of the principal.
    pub principal: AtomicU64,
}

#[repr(C)]
pub struct Shared {
    /// When it began, in microseconds since 2000.
    pub since: AtomicI64,
    pub tenants: [Counters; TENANTS],
    pub buckets: [Bucket; BUCKETS],
    seats: u64,
}

impl Shared {
    /// A seat for each process that can be.
    pub fn seats(&self) -> &[Seat] {
        // SAFETY: `size` made room for as many behind, and nothing moves.
        unsafe {
            let first = ptr::from_ref(self).add(1).cast::<Seat>();
            std::slice::from_raw_parts(first, self.seats as usize)
        }
    }
}

static mut NEXT_REQUEST: pg_sys::shmem_request_hook_type = None;
static mut NEXT_STARTUP: pg_sys::shmem_startup_hook_type = None;
/// Set before any session is forked.
static SHARED: AtomicPtr<Shared> = AtomicPtr::new(ptr::null_mut());

/// Asks for it, where the library is preloaded.
pub fn init() {
    // SAFETY: called from _PG_init; the hooks are chained.
    unsafe {
        if !pg_sys::process_shared_preload_libraries_in_progress {
            return;
        }
        NEXT_REQUEST = pg_sys::shmem_request_hook;
        pg_sys::shmem_request_hook = Some(request);
        NEXT_STARTUP = pg_sys::shmem_startup_hook;
        pg_sys::shmem_startup_hook = Some(startup);
    }
}

/// Nothing where the library is not preloaded.
pub fn shared() -> Option<&'static Shared> {
    // SAFETY: set once, to memory that stays as long as the process.
    unsafe { SHARED.load(Relaxed).as_ref() }
}

/// SAFETY: after the number of processes has been settled.
unsafe fn size() -> usize {
    // SAFETY: as promised.
    size_of::<Shared>() + unsafe { pg_sys::MaxBackends } as usize * size_of::<Seat>()
}

#[pg_guard]
unsafe extern "C-unwind" fn request() {
    // SAFETY: in the hook for it.
    unsafe {
        if let Some(next) = NEXT_REQUEST {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next());
        }
        pg_sys::RequestAddinShmemSpace(size());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn startup() {
    // SAFETY: in the hook for it, in the one process there is. All zeros is a valid beginning.
    unsafe {
        if let Some(next) = NEXT_STARTUP {
            pg_sys::ffi::pg_guard_ffi_boundary(|| next());
        }
        let mut found = false;
        let memory = pg_sys::ShmemInitStruct(NAME.as_ptr(), size(), &mut found).cast::<Shared>();
        if !found {
            ptr::write_bytes(memory.cast::<u8>(), 0, size());
            (*memory).seats = pg_sys::MaxBackends as u64;
            (*memory)
                .since
                .store(pg_sys::GetCurrentTimestamp(), Relaxed);
        }
        SHARED.store(memory, Relaxed);
    }
}

/// Spreads keys evenly (the finalizer of SplitMix64).
pub fn spread(key: u64) -> u64 {
    let mut mixed = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
