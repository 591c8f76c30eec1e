//! A limit on the memory of an evaluation.
//!
//! `RLIMIT_AS` alone would end the child by an abort that looks like any
//! other; a counting allocator ends it the moment the limit is passed, with a
//! status of its own. Outside of the child it costs one relaxed load a call.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

/// The exit status of a child that needed too much memory.
pub const STATUS: i32 = 86;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ARMED: AtomicBool = AtomicBool::new(false);
static USED: AtomicIsize = AtomicIsize::new(0);
static LIMIT: AtomicIsize = AtomicIsize::new(isize::MAX);

/// Makes the evaluation's thread allocate from the main arena, in large
/// steps: in an arena of its own each 4 KiB more is a system call (measured:
/// half of the time of a small file).
pub fn prepare() {
    #[cfg(target_env = "gnu")]
    // SAFETY: sets numbers of the allocator, while the process has one thread.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TOP_PAD, 16 << 20);
    }
}

/// From here on the process ends when it has allocated so many bytes more
/// than it has freed.
pub fn arm(limit: u64) {
    LIMIT.store(
        isize::try_from(limit).unwrap_or(isize::MAX),
        Ordering::Relaxed,
    );
    USED.store(0, Ordering::Relaxed);
    ARMED.store(true, Ordering::Release);
}

struct Counting;

/// Counts bytes that are allocated.
fn count(bytes: usize) {
    if ARMED.load(Ordering::Relaxed) {
        let bytes = isize::try_from(bytes).unwrap_or(isize::MAX);
        let before = USED.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > LIMIT.load(Ordering::Relaxed) {
            // SAFETY: _exit is async-signal-safe and touches nothing of ours.
            unsafe { libc::_exit(STATUS) };
        }
    }
}

/// Counts bytes that are freed.
fn uncount(bytes: usize) {
    if ARMED.load(Ordering::Relaxed) {
        let bytes = isize::try_from(bytes).unwrap_or(isize::MAX);
        USED.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator with the very arguments;
// counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps this function's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        uncount(layout.size());
        // SAFETY: the caller keeps this function's contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps this function's contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        uncount(layout.size());
        // SAFETY: the caller keeps this function's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
