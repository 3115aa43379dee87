/**
 * Records of a staging file: their numbers never run out.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  encodeRecord,
  RecordScanner,
  STAGING_HEADER_SIZE,
} from "../../../../engine/core/history/staging_record.ts";
import { loadKernel } from "../../../../wasm/codec.ts";
import { FakeWorld } from "./fake_world.ts";
import { extent } from "./store_model.ts";

const SALT = 77;
const kernel = loadKernel();

Deno.test("a record's number has 64 bits, and only the next one is believed (R1)", () => {
  for (const [number, believed] of [[2 ** 32 + 5, 2 ** 32 + 5], [2 ** 32 + 5, 5]] as const) {
    const world = new FakeWorld(1);
    const read = world.run(function* () {
      const file = yield* world.folder().open("d.open", { create: true });
      const record = encodeRecord(kernel, extent(0, 3, 1, 8), number, SALT);
      yield* file.write(STAGING_HEADER_SIZE, record);
      const scanner = new RecordScanner(kernel, file, SALT, file.size);
      scanner.count = believed;
      return yield* scanner.next();
    }());
    assert.equal(read?.at, number === believed ? 3 * 512 : undefined);
  }
});
