/**
 * In a scale model data counts whole and everything else next to nothing, however the stream is cut.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, type FrameType } from "../../../engine/core/wire/frame.ts";
import { DataScales } from "../../../engine/sim/data_scales.ts";
import { SECOND } from "../../../engine/core/base/units.ts";
import { SimWorld } from "../../../engine/sim/world.ts";
import { loadKernel } from "../../../wasm/codec.ts";

const kernel = loadKernel();

Deno.test("frames of extents weigh what they carry, others a scale's part, wherever they are cut", () => {
  const frame = fc.record({
    type: fc.constantFrom<FrameType>("control", "extent", "compare", "compared"),
    length: fc.nat(3000),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 20 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 999 })),
      (
        frames,
        cuts,
      ) => {
        const scale = 1024;
        let expected = 0;
        const parts = frames.map(({ type, length }) => {
          expected += type === "extent" ? length + 16 / scale : (length + 16) / scale;
          return encodeFrame(kernel, type, 1, new Uint8Array(length));
        });
        const stream = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
        let end = 0;
        for (const part of parts) {
          stream.set(part, end);
          end += part.length;
        }
        const scales = new DataScales(scale);
        let weight = 0;
        for (let at = 0; at < stream.length;) {
          const cut = cuts.next().value as number;
          weight += scales.weigh(stream.subarray(at, at + cut));
          at += cut;
        }
        assert.ok(Math.abs(weight - expected) < 1e-6, `${weight} is ${expected}`);
      },
    ),
  );
});

Deno.test("in a scale model what carries no data does not wait for a link that is as slow", () => {
  const world = new SimWorld({ seed: 1, kernel });
  world.net.scale = 1000;
  world.net.usual = { latency: 5000, jitter: 0, bandwidth: 50, segment: 64, queue: 1 << 20 };
  world.addHost("a");
  world.addHost("b");
  const arrived: number[] = [];
  const link = world.net.link("a", "b");
  link.carry(300, 0, () => arrived.push(world.now));
  link.carry(100, 0, () => arrived.push(world.now), 100);
  world.runFor(10 * SECOND);
  const [control, data] = arrived as [number, number];
  assert.ok(control < 20_000, `Control came after ${control} µs`);
  assert.ok(data >= 2 * SECOND && data < 2.1 * SECOND, `100 bytes of data came after ${data} µs`);
});
