//! Zstandard frames, one whole frame a call, with both contexts kept.
//!
//! A kept context saves the allocation and clearing of its tables. Frames do not depend on what
//! the context did before.

use zstd_safe::{CCtx, DCtx};

/// The first four bytes of a Zstandard frame (RFC 8878, 3.1.1), which no skippable frame has.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Both contexts.
pub struct Zstandard {
    compression: CCtx<'static>,
    decompression: DCtx<'static>,
}

impl Zstandard {
    /// Makes both contexts.
    pub fn new() -> Self {
        Zstandard { compression: CCtx::create(), decompression: DCtx::create() }
    }

    /// Writes `content` as one frame, its size in its header, and gives the frame's length, or -1.
    pub fn compress(&mut self, content: &[u8], frame: &mut [u8], level: i32) -> i32 {
        match self.compression.compress(frame, content, level) {
            Ok(length) => i32::try_from(length).unwrap_or(-1),
            Err(_) => -1,
        }
    }

    /// Fills `content` from `frame`; false when `frame` is not exactly one frame of that content.
    pub fn decompress(&mut self, frame: &[u8], content: &mut [u8]) -> bool {
        // The library would take several frames, and skippable ones, for one content.
        frame.starts_with(&MAGIC)
            && zstd_safe::find_frame_compressed_size(frame) == Ok(frame.len())
            && self.decompression.decompress(content, frame) == Ok(content.len())
    }
}
