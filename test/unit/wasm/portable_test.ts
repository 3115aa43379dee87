/**
 * The same bytes from the codec in Deno, in a web worker and in Node.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { program, testWithNeeds } from "../../needs.ts";
import { transcript } from "./transcript.ts";

const ROOT = join(import.meta.dirname!, "../../..");

/** What the transcript is made of, as JavaScript for a Node that knows no types. */
const SOURCES = [
  "bench/codec_data.ts",
  "engine/core/ports/codec.ts",
  "test/unit/wasm/transcript.ts",
  "wasm/box.ts",
  "wasm/codec.ts",
  "wasm/hasher.ts",
  "wasm/kernel.ts",
  "wasm/memory.ts",
  "wasm/pkg/kernel_bytes.ts",
];

/** Writes the sources to `folder` as modules of JavaScript. */
function writeForNode(folder: string): void {
  for (const name of SOURCES) {
    const text = stripTypeScriptTypes(readFileSync(join(ROOT, name), "utf8"));
    const target = join(folder, name.replace(/\.ts$/, ".mjs"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replaceAll(/(from "[^"]*)\.ts"/g, '$1.mjs"'));
  }
  // The one package that the codec has, where a Node looks for it.
  const cipher = dirname(fileURLToPath(import.meta.resolve("@noble/ciphers/chacha.js")));
  cpSync(cipher, join(folder, "node_modules/@noble/ciphers"), { recursive: true });
  const print = 'import { transcript } from "./test/unit/wasm/transcript.mjs";\n' +
    "console.log(JSON.stringify(transcript()));\n";
  writeFileSync(join(folder, "main.mjs"), print);
}

Deno.test("a kernel in a web worker gives the same bytes", async () => {
  const worker = new Worker(import.meta.resolve("./transcript_worker.ts"), { type: "module" });
  try {
    const lines = await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    assert.deepEqual(lines, transcript());
  } finally {
    worker.terminate();
  }
});

testWithNeeds(
  { name: "a kernel in Node gives the same bytes", needs: [program("node", "nodejs")] },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "warmsite-codec-"));
    try {
      writeForNode(folder);
      const node = new Deno.Command("node", { args: [join(folder, "main.mjs")] });
      const { success, stdout, stderr } = await node.output();
      assert.ok(success, new TextDecoder().decode(stderr));
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), transcript());
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
