//! What the kernel keeps between calls. One thread, no re-entry: exports never call each other.

use crate::blocks::SetDigest;
use crate::hashers::Hashers;
use crate::zstandard::Zstandard;
use std::cell::RefCell;
use xxhash_rust::xxh3::Xxh3;

/// Bytes of both buffers from the start: two pieces of 1 MiB and room for a frame's overhead.
const FIRST_CAPACITY: usize = (2 << 20) + (64 << 10);

/// Everything that outlives a call.
pub struct Kernel {
    /// What the caller writes before a call.
    pub input: Vec<u8>,
    /// What the caller reads after it.
    pub output: Vec<u8>,
    /// The checksum of bytes in pieces, one at a time.
    pub checksum: Xxh3,
    /// The set digest of bytes in pieces, one at a time.
    pub sum: SetDigest,
    /// The digests of bytes in pieces, several at a time.
    pub hashers: Hashers,
    /// Both contexts of Zstandard.
    pub zstandard: Zstandard,
}

thread_local! {
    static KERNEL: RefCell<Kernel> = RefCell::new(Kernel {
        input: vec![0; FIRST_CAPACITY],
        output: vec![0; FIRST_CAPACITY],
        checksum: Xxh3::new(),
        sum: SetDigest::default(),
        hashers: Hashers::new(),
        zstandard: Zstandard::new(),
    });
}

/// Runs `work` on the one kernel of this instance.
pub fn with_kernel<T>(work: impl FnOnce(&mut Kernel) -> T) -> T {
    KERNEL.with_borrow_mut(work)
}

/// Makes `buffer` at least `length` bytes and gives its address. What it held is lost when it
/// grows: the old bytes are given back first, so that memory is never needed twice.
pub fn reserve(buffer: &mut Vec<u8>, length: usize) -> *mut u8 {
    if buffer.len() < length {
        *buffer = Vec::new();
        *buffer = vec![0; length];
    }
    buffer.as_mut_ptr()
}
