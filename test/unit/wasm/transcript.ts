/**
 * What the codec gives for a fixed set of inputs, as text, to be compared between runtimes.
 *
 * Rule: nothing but the codec and plain JavaScript, so that it runs wherever the codec runs.
 *
 * @module
 */

import { makeBlock, SHAPES } from "../../../bench/codec_data.ts";
import { newKernel } from "../../../wasm/codec.ts";

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "none" : Array.from(bytes, (byte) => byte.toString(16)).join();
}

/** One line per input: digests of every result the kernel has for it. */
export function transcript(): string[] {
  const kernel = newKernel();
  const lines: string[] = [];
  const box = {
    key: makeBlock("random", 32, 1),
    nonce: makeBlock("random", 24, 2),
    bound: makeBlock("random", 80, 3),
  };
  for (const shape of SHAPES) {
    for (const size of [0, 4096, 65536, 300 * 4096]) {
      const block = makeBlock(shape, size, 5);
      const other = makeBlock("text", size, 5);
      const frames = [kernel.compress(block, 1), kernel.compress(block, 3)];
      const results = [
        ...frames,
        ...frames.map((frame) => kernel.decompress(frame, size)),
        kernel.blockDigests(block, 4096),
        kernel.setDigest(size, block, 4096),
        kernel.zeroBlocks(block, 4096),
        kernel.differingBlocks(block, other, 4096),
        kernel.seal(box, block),
        kernel.open(box, kernel.seal(box, block)),
      ].map((result) => hex(result && kernel.digest(result)));
      lines.push(`${shape} ${size} ${kernel.checksum(block)} ${results.join(" ")}`);
    }
  }
  return lines;
}
