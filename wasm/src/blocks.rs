//! What is done block by block: the zero test, the difference, digests and the set digest.

use crate::short_runs::{self, LANES, RUN};
use blake3::OUT_LEN;

/// Bytes that one step of a scan takes: eight lanes of 16 bytes, then a chance to stop early.
const STEP: usize = 128;

/// Whether every byte is zero.
pub fn is_zero(bytes: &[u8]) -> bool {
    let mut steps = bytes.chunks_exact(STEP);
    steps.by_ref().all(|step| step.iter().fold(0, |seen, byte| seen | byte) == 0)
        && steps.remainder().iter().all(|byte| *byte == 0)
}

/// Whether both are the same; they are of equal length.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let mut lefts = left.chunks_exact(STEP);
    let mut rights = right.chunks_exact(STEP);
    lefts.by_ref().zip(rights.by_ref()).all(|(left, right)| {
        left.iter().zip(right).fold(0, |seen, (left, right)| seen | (left ^ right)) == 0
    }) && lefts.remainder() == rights.remainder()
}

/// Marks the zero blocks of `bytes` in `marks`, one byte a block.
pub fn zero_blocks(bytes: &[u8], block_size: usize, marks: &mut [u8]) {
    for (block, mark) in bytes.chunks_exact(block_size).zip(marks) {
        *mark = u8::from(is_zero(block));
    }
}

/// Marks the blocks in which `left` and `right` differ in `marks`, one byte a block.
pub fn differing_blocks(left: &[u8], right: &[u8], block_size: usize, marks: &mut [u8]) {
    let pairs = left.chunks_exact(block_size).zip(right.chunks_exact(block_size));
    for ((left, right), mark) in pairs.zip(marks) {
        *mark = u8::from(!is_equal(left, right));
    }
}

/// Writes BLAKE3-256 of each block.
pub fn digests(bytes: &[u8], block_size: usize, digests: &mut [u8]) {
    if block_size == RUN {
        return digests_of_runs(bytes.as_chunks::<RUN>().0, digests);
    }
    let targets = digests.chunks_exact_mut(OUT_LEN);
    for (block, target) in bytes.chunks_exact(block_size).zip(targets) {
        target.copy_from_slice(blake3::hash(block).as_bytes());
    }
}

fn digests_of_runs(blocks: &[[u8; RUN]], digests: &mut [u8]) {
    for (group, targets) in blocks.chunks(LANES).zip(digests.chunks_mut(LANES * OUT_LEN)) {
        let mut runs = [&group[0]; LANES];
        for (run, block) in runs.iter_mut().zip(group) {
            *run = block;
        }
        short_runs::digests(&runs[..group.len()], &mut targets[..group.len() * OUT_LEN]);
    }
}

/// Bytes of the offset that is hashed before a block.
const PREFIX: usize = 8;

/// The sum of BLAKE3-256(offset ‖ block) over blocks that are not zero, in four wrapping lanes of
/// 64 bits: it does not depend on order, and blocks can be taken out again.
#[derive(Default)]
pub struct SetDigest {
    lanes: [u64; 4],
}

impl SetDigest {
    /// Adds the blocks that follow the first 8 bytes of `bytes`; the first is at byte `at`.
    ///
    /// Each offset is written over the 8 bytes before its block: room at the start, the tail of
    /// the block before it, already hashed, after that. So the hash sees one run of bytes and uses
    /// all its lanes, and nothing is copied.
    pub fn add(&mut self, at: u64, bytes: &mut [u8], block_size: usize) {
        if block_size == RUN {
            return self.add_runs(at, bytes);
        }
        let blocks = (bytes.len() - PREFIX) / block_size;
        for index in 0..blocks {
            let start = index * block_size;
            let run = &mut bytes[start..start + PREFIX + block_size];
            if is_zero(&run[PREFIX..]) {
                continue;
            }
            let offset = at + start as u64;
            run[..PREFIX].copy_from_slice(&offset.to_le_bytes());
            self.add_term(blake3::hash(run).as_bytes());
        }
    }

    /// The same for blocks that are one run each, whose last 8 bytes follow what the offset begins.
    fn add_runs(&mut self, at: u64, bytes: &mut [u8]) {
        let mut starts = [0; LANES];
        let mut found = 0;
        let end = bytes.len() - PREFIX;
        for start in (0..end).step_by(RUN) {
            if !is_zero(&bytes[start + PREFIX..start + PREFIX + RUN]) {
                starts[found] = start;
                found += 1;
            }
            if found == LANES || start + RUN >= end {
                self.add_group(at, bytes, &starts[..found]);
                found = 0;
            }
        }
    }

    /// Adds at most `LANES` blocks, whose offsets go to `starts`.
    fn add_group(&mut self, at: u64, bytes: &mut [u8], starts: &[usize]) {
        let mut tails = [[0; PREFIX]; LANES];
        // All of them first: where the next block follows, its offset goes there.
        for (tail, start) in tails.iter_mut().zip(starts) {
            tail.copy_from_slice(&bytes[start + RUN..start + RUN + PREFIX]);
        }
        for start in starts {
            let offset = at + *start as u64;
            bytes[*start..start + PREFIX].copy_from_slice(&offset.to_le_bytes());
        }
        let mut runs = [&[0; RUN]; LANES];
        for (run, start) in runs.iter_mut().zip(starts) {
            if let Some(found) = bytes[*start..].first_chunk() {
                *run = found;
            }
        }
        let mut terms = [[0; OUT_LEN]; LANES];
        let count = starts.len();
        short_runs::digests_with_tails(
            &runs[..count],
            &tails[..count],
            terms[..count].as_flattened_mut(),
        );
        for term in &terms[..count] {
            self.add_term(term);
        }
    }

    fn add_term(&mut self, term: &[u8; OUT_LEN]) {
        for (lane, bytes) in self.lanes.iter_mut().zip(term.chunks_exact(8)) {
            let mut value = [0; 8];
            value.copy_from_slice(bytes);
            *lane = lane.wrapping_add(u64::from_le_bytes(value));
        }
    }

    /// Writes the sum, each lane little-endian.
    pub fn write(&self, target: &mut [u8]) {
        for (lane, bytes) in self.lanes.iter().zip(target.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&lane.to_le_bytes());
        }
    }
}
