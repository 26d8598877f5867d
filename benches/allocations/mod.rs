//! Counts what is asked of the allocator: unlike time, the same on every machine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a piece of work asked of the allocator.
pub struct Used {
    /// How often it asked.
    pub requests: usize,
    /// Bytes in all, whether given back or not.
    pub bytes: usize,
    /// The most bytes it held at a time.
    pub peak: usize,
}

impl Used {
    /// Does the work; nothing else may run meanwhile.
    pub fn by(work: impl FnOnce()) -> Used {
        let held = HELD.load(Relaxed);
        REQUESTS.store(0, Relaxed);
        BYTES.store(0, Relaxed);
        PEAK.store(held, Relaxed);
        work();
        Used { requests: REQUESTS.load(Relaxed), bytes: BYTES.load(Relaxed), peak: PEAK.load(Relaxed) - held }
    }
}

static REQUESTS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn given(bytes: usize) {
    REQUESTS.fetch_add(1, Relaxed);
    BYTES.fetch_add(bytes, Relaxed);
    PEAK.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it came; what is counted touches no memory of its own.
#[expect(unsafe_code, reason = "there is no other way to stand before the allocator, and no user runs this")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        given(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        given(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_sub(layout.size(), Relaxed);
        given(size);
        unsafe { System.realloc(at, layout, size) }
    }
}
