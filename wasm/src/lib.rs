//! The kernel of Warmsite's codec: glue around well-kept crates, and two block scans of our own.
//!
//! Rule: exported functions take and return integers only. Bytes travel through two buffers that
//! the kernel keeps: the caller writes into the input buffer, calls, and reads the output buffer.
//! No call allocates unless a buffer has to grow, and nothing here knows JavaScript.
//!
//! The same input gives the same output everywhere: no floats, no relaxed SIMD, no threads.

mod blocks;
mod hashers;
mod short_runs;
mod state;
mod zstandard;

use state::with_kernel;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes the input buffer at least `length` bytes and gives its address. A call that grows it
/// may move it: addresses and views from before are void.
#[wasm_bindgen]
pub fn input_buffer(length: usize) -> *mut u8 {
    with_kernel(|kernel| state::reserve(&mut kernel.input, length))
}

/// Makes the output buffer at least `length` bytes and gives its address; see `input_buffer`.
#[wasm_bindgen]
pub fn output_buffer(length: usize) -> *mut u8 {
    with_kernel(|kernel| state::reserve(&mut kernel.output, length))
}

/// XXH3-64 of the first `length` bytes of the input.
#[wasm_bindgen]
pub fn checksum(length: usize) -> u64 {
    with_kernel(|kernel| xxhash_rust::xxh3::xxh3_64(&kernel.input[..length]))
}

/// Begins an XXH3-64 over bytes that come in pieces.
#[wasm_bindgen]
pub fn checksum_begin() {
    with_kernel(|kernel| kernel.checksum.reset());
}

/// Takes in the first `length` bytes of the input.
#[wasm_bindgen]
pub fn checksum_update(length: usize) {
    with_kernel(|kernel| kernel.checksum.update(&kernel.input[..length]));
}

/// XXH3-64 of all pieces since `checksum_begin`.
#[wasm_bindgen]
pub fn checksum_end() -> u64 {
    with_kernel(|kernel| kernel.checksum.digest())
}

/// Writes BLAKE3-256 of the first `length` bytes of the input to the output.
#[wasm_bindgen]
pub fn digest(length: usize) {
    with_kernel(|kernel| {
        let digest = blake3::hash(&kernel.input[..length]);
        kernel.output[..blake3::OUT_LEN].copy_from_slice(digest.as_bytes());
    });
}

/// Writes BLAKE3-256 of each block in the first `length` bytes of the input to the output.
#[wasm_bindgen]
pub fn block_digests(length: usize, block_size: usize) {
    with_kernel(|kernel| {
        blocks::digests(&kernel.input[..length], block_size, &mut kernel.output);
    });
}

/// Begins a set digest; see `set_digest_update`.
#[wasm_bindgen]
pub fn set_digest_begin() {
    with_kernel(|kernel| kernel.sum = blocks::SetDigest::default());
}

/// Adds the blocks that lie in the input from byte 8 on, `length` bytes, to the set digest. The
/// first is at byte `at` of its disk. The input is overwritten.
#[wasm_bindgen]
pub fn set_digest_update(at: u64, length: usize, block_size: usize) {
    with_kernel(|kernel| kernel.sum.add(at, &mut kernel.input[..8 + length], block_size));
}

/// Writes the set digest to the output, 32 bytes.
#[wasm_bindgen]
pub fn set_digest_end() {
    with_kernel(|kernel| kernel.sum.write(&mut kernel.output[..blake3::OUT_LEN]));
}

/// Whether the first `length` bytes of the input are all zero.
#[wasm_bindgen]
pub fn is_zero(length: usize) -> bool {
    with_kernel(|kernel| blocks::is_zero(&kernel.input[..length]))
}

/// Writes one byte per block of the input to the output: 1 where the block is all zero.
#[wasm_bindgen]
pub fn zero_blocks(length: usize, block_size: usize) {
    with_kernel(|kernel| {
        blocks::zero_blocks(&kernel.input[..length], block_size, &mut kernel.output);
    });
}

/// Compares the first `length` bytes of the input with the `length` bytes after them and writes
/// one byte per block to the output: 1 where they differ.
#[wasm_bindgen]
pub fn differing_blocks(length: usize, block_size: usize) {
    with_kernel(|kernel| {
        let (left, right) = kernel.input[..2 * length].split_at(length);
        blocks::differing_blocks(left, right, block_size, &mut kernel.output);
    });
}

/// The most bytes a frame of `length` bytes of content can have.
#[wasm_bindgen]
pub fn compress_bound(length: usize) -> usize {
    zstd_safe::compress_bound(length)
}

/// Writes the first `length` bytes of the input as one frame to the output and gives its length,
/// or -1 when the output buffer is too small.
#[wasm_bindgen]
pub fn compress(length: usize, level: i32) -> i32 {
    with_kernel(|kernel| {
        kernel.zstandard.compress(&kernel.input[..length], &mut kernel.output, level)
    })
}

/// Writes the content of the one frame in the first `length` bytes of the input to the output and
/// gives true, or false when they are anything but one frame of exactly `content` bytes.
#[wasm_bindgen]
pub fn decompress(length: usize, content: usize) -> bool {
    with_kernel(|kernel| {
        kernel.zstandard.decompress(&kernel.input[..length], &mut kernel.output[..content])
    })
}

/// Bytes of one hasher's state, for the caller who saves and restores it.
#[wasm_bindgen]
pub fn hasher_size() -> usize {
    hashers::SIZE
}

/// How many hashers the kernel holds at a time.
#[wasm_bindgen]
pub fn hasher_slots() -> usize {
    hashers::SLOTS
}

/// The address of the hasher in `slot`; it never moves. Its bytes hold no address, so a copy of
/// them put back later goes on where it stood.
#[wasm_bindgen]
pub fn hasher_at(slot: usize) -> *mut u8 {
    with_kernel(|kernel| kernel.hashers.address(slot))
}

/// Begins a BLAKE3-256 in `slot`.
#[wasm_bindgen]
pub fn hasher_begin(slot: usize) {
    with_kernel(|kernel| kernel.hashers.begin(slot));
}

/// Takes the first `length` bytes of the input into the hasher in `slot`.
#[wasm_bindgen]
pub fn hasher_update(slot: usize, length: usize) {
    with_kernel(|kernel| kernel.hashers.update(slot, &kernel.input[..length]));
}

/// Writes the digest of what the hasher in `slot` took in to the output; it can go on.
#[wasm_bindgen]
pub fn hasher_digest(slot: usize) {
    with_kernel(|kernel| {
        let digest = kernel.hashers.digest(slot);
        kernel.output[..blake3::OUT_LEN].copy_from_slice(&digest);
    });
}
