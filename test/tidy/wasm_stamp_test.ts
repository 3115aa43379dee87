/**
 * The committed WebAssembly is the one that its sources give, as far as can be told without Rust.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256, sourcesDigest, type Stamp } from "../../tools/wasm/stamp.ts";
import { kernelBytes } from "../../wasm/pkg/kernel_bytes.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

function readStamp(): Stamp {
  return JSON.parse(readFileSync(join(ROOT, "wasm/pkg/stamp.json"), "utf8"));
}

Deno.test("wasm/pkg was built from the sources that lie beside it", () => {
  assert.equal(
    sourcesDigest(ROOT),
    readStamp().sources,
    "wasm/ changed after wasm/pkg was built: run `deno task wasm` (docs/WASM.md)",
  );
});

Deno.test("the module in kernel_bytes.ts is the one that the build stamped", () => {
  const wasm = kernelBytes();
  const stamp = readStamp();
  assert.deepEqual([wasm.length, sha256(wasm)], [stamp.bytes, stamp.wasm]);
});

Deno.test("the module imports nothing and its memory is bounded", () => {
  const wasm = new WebAssembly.Module(kernelBytes());
  assert.deepEqual(WebAssembly.Module.imports(wasm), []);
  const instance = new WebAssembly.Instance(wasm);
  const memory = instance.exports["memory"] as WebAssembly.Memory;
  assert.throws(() => memory.grow(64 * 1024 * 1024 / 65536), RangeError);
});
