//! What is done block by block: the zero test, the difference, digests and the set digest.

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
    let targets = digests.chunks_exact_mut(blake3::OUT_LEN);
    for (block, target) in bytes.chunks_exact(block_size).zip(targets) {
        target.copy_from_slice(blake3::hash(block).as_bytes());
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

    fn add_term(&mut self, term: &[u8; blake3::OUT_LEN]) {
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
