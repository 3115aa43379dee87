/**
 * Determinism of whole worlds (I50, I51).
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../../engine/core/base/failure.ts";
import { MILLISECOND, SECOND } from "../../../engine/core/base/units.ts";
import type { Ports } from "../../../engine/core/ports/ports.ts";
import type { Scope } from "../../../engine/core/runtime/scope.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import { SimWorld, type WorldOptions } from "../../../engine/sim/world.ts";
import { loadKernel } from "../../../wasm/codec.ts";

/** Three hosts that write disks and files and talk, under faults, for ten simulated seconds. */
function busyWorld(seed: number, options: Partial<WorldOptions> = {}): SimWorld {
  const world = new SimWorld({ seed, kernel: loadKernel(), ...options });
  const names = ["a", "b", "c"];
  for (const name of names) {
    const host = world.addHost(name);
    host.addDisk("d", { size: 64 * 1024 });
    host.start(busy(name, names));
  }
  for (const from of names) {
    for (const to of names) {
      const { faults } = world.net.link(from, to);
      Object.assign(faults, { lossRate: 20_000, reorderRate: 50_000, duplicateRate: 50_000 });
    }
  }
  const script = world.stream("chaos");
  for (let turn = 0; turn < 12; turn++) {
    world.schedule(script.below(10 * SECOND), () => {
      const name = script.pick(names);
      const host = world.host(name);
      if (host.process === undefined) return;
      if (script.flip()) host.kill();
      else {
        host.powerLoss();
        host.powerOn();
      }
      host.start(busy(name, names));
    });
  }
  world.runUntil(10 * SECOND);
  return world;
}

function busy(name: string, names: readonly string[]) {
  return function* (ports: Ports, scope: Scope): Task<void> {
    const random = () => (ports.entropy.bytes(1)[0] as number);
    scope.spawn("serve", serve(ports, `${name}:1`));
    const { disk } = yield* ports.openGuestDisk("d");
    for (;;) {
      yield* disk.write(random() * 128, ports.entropy.bytes(random() * 8));
      if (random() < 50) yield* disk.flush();
      const file = yield* ports.data.open(`${random() % 5}`, { create: true });
      yield* file.write(random(), ports.entropy.bytes(random()));
      if (random() < 128) yield* file.flush();
      yield* file.close();
      if (random() < 50) yield* ports.data.flush();
      ports.observer.emit({ kind: "probe", name: "turn" });
      yield* ports.clock.sleep(random() * MILLISECOND);
      yield* talk(ports, `${names[random() % names.length]}:1`);
    }
  };
}

function* serve(ports: Ports, address: string): Task<void> {
  const listener = yield* ports.network.listen(address);
  for (;;) {
    const connection = yield* listener.accept();
    if (connection === undefined) return;
    yield* quietly(connection.read());
    connection.close();
  }
}

function* talk(ports: Ports, address: string): Task<void> {
  yield* quietly((function* (): Task<void> {
    const connection = yield* ports.network.connect(address, SECOND);
    yield* connection.write(ports.entropy.bytes(1000));
    connection.close();
  })());
}

function* quietly(task: Task<unknown>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    if (!isFailed(error)) throw error;
  }
}

Deno.test("one seed gives one trace, another seed another (I50)", () => {
  const hashes = new Set<string>();
  for (const seed of [1, 2, 3]) {
    const [first, second] = [busyWorld(seed), busyWorld(seed)];
    assert.deepEqual(first.violations, []);
    assert.ok(first.events > 1000);
    assert.equal(first.events, second.events);
    assert.equal(first.trace.hash, second.trace.hash);
    hashes.add(first.trace.hash);
  }
  assert.equal(hashes.size, 3);
});

Deno.test("looking on changes nothing: text, listeners, checkers (I51)", () => {
  const plain = busyWorld(5);
  const watched = busyWorld(5, { keepTrace: true });
  assert.equal(watched.trace.hash, plain.trace.hash);
  assert.equal(watched.trace.lines.length, watched.trace.count);
  assert.ok((plain.probes.get("turn") ?? 0) > 10);
});

Deno.test("a world can be run in pieces without changing it (I50)", () => {
  const make = () => {
    const world = new SimWorld({ seed: 9, kernel: loadKernel() });
    const host = world.addHost("a");
    host.addDisk("d", { size: 64 * 1024 });
    host.start(busy("a", ["a"]));
    return world;
  };
  const whole = make();
  whole.runUntil(3 * SECOND);
  const pieces = make();
  for (let time = 0; time < 3 * SECOND; time += 7 * MILLISECOND + 1) pieces.runUntil(time);
  pieces.runUntil(3 * SECOND);
  assert.equal(pieces.events, whole.events);
  assert.equal(pieces.trace.hash, whole.trace.hash);
});
