/**
 * Connections over a network that loses, delays, doubles, reorders and cuts.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { isFailed } from "../../../engine/core/base/failure.ts";
import { MILLISECOND, SECOND } from "../../../engine/core/base/units.ts";
import type { Connection } from "../../../engine/core/ports/network.ts";
import type { Ports } from "../../../engine/core/ports/ports.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import { SimWorld } from "../../../engine/sim/world.ts";
import { loadKernel } from "../../../wasm/codec.ts";

/** Two hosts; `b` accepts one connection and hands it to `serve`. */
function twoHosts(seed: number, serve: (connection: Connection, ports: Ports) => Task<void>) {
  const world = new SimWorld({ seed, kernel: loadKernel() });
  const [a, b] = [world.addHost("a"), world.addHost("b")];
  b.start(function* (ports) {
    const listener = yield* ports.network.listen("b:7000");
    for (;;) {
      const connection = yield* listener.accept();
      if (connection === undefined) return;
      yield* serve(connection, ports);
    }
  });
  a.boot();
  return { world, a, b, network: (a.ports as Ports).network };
}

function* echo(connection: Connection): Task<void> {
  try {
    for (;;) {
      const bytes = yield* connection.read();
      if (bytes === undefined) return connection.close();
      yield* connection.write(bytes);
    }
  } catch (error) {
    assert.ok(isFailed(error, "connection-lost"));
  }
}

function failure(outcome: { ok: boolean; error?: Error } | undefined): string {
  assert.ok(outcome !== undefined, "The task did not end");
  assert.ok(!outcome.ok && isFailed(outcome.error));
  return outcome.error.code;
}

Deno.test("a stream arrives whole and in order whatever the packets suffer", () => {
  const faults = fc.record({
    lossRate: fc.constantFrom(0, 10_000, 200_000),
    duplicateRate: fc.constantFrom(0, 300_000),
    reorderRate: fc.constantFrom(0, 300_000),
    segment: fc.constantFrom(7, 100, 65_536),
    sizes: fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 30 }),
    seed: fc.nat(),
  });
  const property = fc.property(faults, ({ segment, sizes, seed, ...rates }) => {
    const { world, a, network } = twoHosts(seed, echo);
    world.net.between("a", "b", (link) => {
      Object.assign(link.faults, rates);
      link.speed = { ...link.speed, segment };
    });
    a.run((function* (): Task<void> {
      const connection = yield* network.connect("b:7000", 60 * SECOND);
      let sent = 0;
      let received = 0;
      for (const size of sizes) {
        yield* connection.write(new Uint8Array(size).map((_, at) => (sent + at) % 251));
        sent += size;
        while (received < sent) {
          const bytes = yield* connection.read();
          assert.ok(bytes !== undefined);
          bytes.forEach((byte, at) => assert.equal(byte, (received + at) % 251));
          received += bytes.length;
        }
      }
      connection.close();
    })());
    assert.deepEqual(world.violations, []);
  });
  fc.assert(property, { seed: 31, numRuns: 60 });
});

Deno.test("nobody listens, refuse, and a full partition: refused, refused, timed out", () => {
  const { world, a, network } = twoHosts(1, echo);
  assert.equal(failure(a.attempt(network.connect("b:1", SECOND))), "connection-refused");
  world.net.link("a", "b").faults.refuse = true;
  assert.equal(failure(a.attempt(network.connect("b:7000", SECOND))), "connection-refused");
  world.net.heal();
  world.net.partition("a", "b");
  const start = world.now;
  assert.equal(failure(a.attempt(network.connect("b:7000", 3 * SECOND))), "timed-out");
  assert.ok(world.now - start >= 3 * SECOND && world.now - start < 3.1 * SECOND);
});

Deno.test("an authenticator refuses with unauthenticated, and nobody is accepted", () => {
  let accepted = 0;
  // deno-lint-ignore require-yield
  const { world, a, network } = twoHosts(2, function* () {
    accepted++;
  });
  world.net.authenticator = (from) => from.name === "a" ? "expired" : undefined;
  assert.equal(failure(a.attempt(network.connect("b:7000", SECOND))), "unauthenticated");
  assert.equal(accepted, 0);
});

Deno.test("a partition that heals in time costs time alone; one that stays breaks the sender", () => {
  for (const heals of [true, false]) {
    const { world, a, network } = twoHosts(3, echo);
    const connection = a.run(network.connect("b:7000", SECOND));
    world.net.partition("a", "b");
    if (heals) world.schedule(5 * SECOND, () => world.net.heal());
    const start = world.now;
    const outcome = a.attempt((function* (): Task<number> {
      yield* connection.write(new Uint8Array(10));
      return (yield* connection.read())?.length ?? 0;
    })());
    if (heals) assert.deepEqual(outcome, { ok: true, value: 10 });
    else assert.equal(failure(outcome), "connection-lost");
    assert.ok(world.now - start >= (heals ? 5 : 20) * SECOND);
  }
});

Deno.test("with one way cut bytes arrive and the sender never learns it", () => {
  let arrived = 0;
  const { world, a, network } = twoHosts(4, function* (connection) {
    arrived += (yield* connection.read())?.length ?? 0;
    yield* echo(connection);
  });
  const connection = a.run(network.connect("b:7000", SECOND));
  world.net.partitionOneWay("b", "a");
  const outcome = a.attempt((function* (): Task<void> {
    yield* connection.write(new Uint8Array(10));
    yield* connection.read();
  })());
  assert.equal(failure(outcome), "connection-lost");
  assert.equal(arrived, 10);
});

Deno.test("a reset breaks both ends; a stall delays; accept-then-hang says nothing", () => {
  const { world, a, network } = twoHosts(5, echo);
  const connection = a.run(network.connect("b:7000", SECOND));
  world.schedule(SECOND, () => world.net.reset("a", "b"));
  assert.equal(failure(a.attempt(connection.read())), "connection-lost");
  const second = a.run(network.connect("b:7000", SECOND));
  world.net.link("a", "b").faults.stalledUntil = world.now + 7 * SECOND;
  const start = world.now;
  a.run((function* (): Task<void> {
    yield* second.write(new Uint8Array(10));
    yield* second.read();
  })());
  assert.ok(world.now - start >= 7 * SECOND);
  second.close();
  world.net.link("a", "b").faults.acceptThenHang = true;
  const third = a.run(network.connect("b:7000", SECOND));
  const read = a.attempt(third.read(), 600 * SECOND);
  assert.equal(read, undefined, "Nothing comes and nothing breaks");
});

Deno.test("corruption flips bits in the stream and nothing else", () => {
  const { world, a, network } = twoHosts(6, echo);
  const connection = a.run(network.connect("b:7000", SECOND));
  world.net.link("a", "b").faults.corruptRate = 1_000_000;
  const back = a.run((function* (): Task<Uint8Array | undefined> {
    yield* connection.write(new Uint8Array(100));
    return yield* connection.read();
  })());
  assert.equal(back?.length, 100);
  assert.equal(back?.filter((byte) => byte !== 0).length, 1);
});

Deno.test("bandwidth bounds what arrives in a time", () => {
  let got = 0;
  const { world, a, network } = twoHosts(7, function* (connection) {
    while (got < 2_000_000) got += (yield* connection.read())?.length ?? 0;
  });
  world.net.between("a", "b", (link) => link.speed = { ...link.speed, bandwidth: 1_000_000 });
  const connection = a.run(network.connect("b:7000", SECOND));
  const start = world.now;
  a.process?.loop.start("write", connection.write(new Uint8Array(2_000_000)));
  world.runWhile(() => got < 2_000_000);
  const seconds = (world.now - start) / SECOND;
  assert.ok(seconds > 2 && seconds < 2.1, `${seconds} s`);
});

Deno.test("a killed peer resets; one that lost its power is silent until it is back", () => {
  const killed = twoHosts(8, echo);
  const first = killed.a.run(killed.network.connect("b:7000", SECOND));
  killed.b.kill();
  assert.equal(failure(killed.a.attempt(first.read())), "connection-lost");

  const dark = twoHosts(9, echo);
  const second = dark.a.run(dark.network.connect("b:7000", SECOND));
  dark.b.powerLoss();
  assert.equal(dark.a.attempt(second.read(), 100 * SECOND), undefined, "half open");
  dark.b.powerOn();
  const write = (function* (): Task<void> {
    yield* second.write(new Uint8Array(1));
    yield* second.read();
  })();
  assert.equal(failure(dark.a.attempt(write)), "connection-lost");
});

Deno.test("a paused host answers when it goes on", () => {
  const { world, a, b, network } = twoHosts(10, echo);
  const connection = a.run(network.connect("b:7000", SECOND));
  b.pause(4 * SECOND);
  const start = world.now;
  a.run((function* (): Task<void> {
    yield* connection.write(new Uint8Array(1));
    yield* connection.read();
  })());
  assert.ok(world.now - start >= 4 * SECOND - MILLISECOND);
});

Deno.test("closed connections leave nothing behind", () => {
  const { world, a, network } = twoHosts(11, echo);
  for (let round = 0; round < 20; round++) {
    a.run((function* (): Task<void> {
      const connection = yield* network.connect("b:7000", SECOND);
      yield* connection.write(new Uint8Array(1000));
      if (round % 2 === 0) yield* connection.read();
      connection.close();
    })());
  }
  world.runFor(120 * SECOND);
  assert.equal(world.net.endpoints.size, 0);
});
