//! BLAKE3 computations over bytes that arrive in pieces.
//!
//! A fixed number of slots. Callers with more computations than slots copy a hasher's bytes out
//! and later in again: so a computation that is dropped half way leaks nothing here.

use blake3::Hasher;

/// How many hashers are held at a time.
pub const SLOTS: usize = 16;

/// Bytes of one hasher.
pub const SIZE: usize = std::mem::size_of::<Hasher>();

/// The slots, in a box so that their addresses stay.
pub struct Hashers {
    slots: Box<[Hasher; SLOTS]>,
}

impl Hashers {
    /// All slots, empty.
    pub fn new() -> Self {
        Hashers { slots: Box::new(std::array::from_fn(|_| Hasher::new())) }
    }

    /// Where the hasher in `slot` lies.
    pub fn address(&mut self, slot: usize) -> *mut u8 {
        std::ptr::from_mut(&mut self.slots[slot]).cast()
    }

    /// Begins a computation.
    pub fn begin(&mut self, slot: usize) {
        self.slots[slot].reset();
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, slot: usize, bytes: &[u8]) {
        self.slots[slot].update(bytes);
    }

    /// The digest of what was taken in so far.
    pub fn digest(&self, slot: usize) -> [u8; blake3::OUT_LEN] {
        *self.slots[slot].finalize().as_bytes()
    }
}
