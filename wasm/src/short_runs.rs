//! BLAKE3-256 of runs that are shorter than one of its chunks, four at a time.
//!
//! BLAKE3 fills its lanes with chunks of 1024 bytes of one input: a run of 512 bytes is compressed in one
//! lane of four. Here the lanes take a run each. 512 bytes are the smallest blocks that disks have, and those of
//! simulated disks.
//!
//! The vectorized compression is the crate's own, which it shares with its other crates without promising
//! that it stays: `Cargo.toml` pins the version, and tests compare every digest with another implementation. Flags and the initial
//! chaining value are those of the BLAKE3 paper, sections 2.1 and 2.2.

use blake3::platform::{le_bytes_from_words_32, words_from_le_bytes_32, Platform};
use blake3::{IncrementCounter, BLOCK_LEN, OUT_LEN};

/// Bytes of a run.
pub const RUN: usize = 512;
/// Runs that are taken at a time.
pub const LANES: usize = 4;

const CHUNK_START: u8 = 1 << 0;
const CHUNK_END: u8 = 1 << 1;
const ROOT: u8 = 1 << 3;

/// The chaining value that unkeyed hashing begins with: that of SHA-256.
const IV: [u32; 8] = [
    0x6A09_E667,
    0xBB67_AE85,
    0x3C6E_F372,
    0xA54F_F53A,
    0x510E_527F,
    0x9B05_688C,
    0x1F83_D9AB,
    0x5BE0_CD19,
];

/// Writes BLAKE3-256 of each of at most `LANES` runs.
pub fn digests(runs: &[&[u8; RUN]], digests: &mut [u8]) {
    hash_many(runs, CHUNK_END | ROOT, digests);
}

/// Writes BLAKE3-256 of each of at most `LANES` runs with the 8 bytes that follow it.
pub fn digests_with_tails(runs: &[&[u8; RUN]], tails: &[[u8; 8]], digests: &mut [u8]) {
    hash_many(runs, 0, digests);
    for (digest, tail) in digests.chunks_exact_mut(OUT_LEN).zip(tails) {
        let mut value = [0; OUT_LEN];
        value.copy_from_slice(digest);
        let mut words = words_from_le_bytes_32(&value);
        let mut block = [0; BLOCK_LEN];
        block[..tail.len()].copy_from_slice(tail);
        let length = tail.len() as u8;
        Platform::detect().compress_in_place(&mut words, &block, length, 0, CHUNK_END | ROOT);
        digest.copy_from_slice(&le_bytes_from_words_32(&words));
    }
}

fn hash_many(runs: &[&[u8; RUN]], flags_end: u8, values: &mut [u8]) {
    let counter = IncrementCounter::No;
    Platform::detect().hash_many(runs, &IV, 0, counter, 0, CHUNK_START, flags_end, values);
}
