/**
 * TLS connections of the real world: identity, bytes, back-pressure, renewal.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Connection } from "../../engine/core/ports/network.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { all } from "../../engine/core/runtime/together.ts";
import { promiseTask, realLoop, runTask } from "../../engine/host/real_loop.ts";
import { TlsNetwork } from "../../engine/host/tls_network.ts";
import { credentials, EXPIRED } from "./certificates.ts";
import { connected, refused, withNetworks } from "./networks.ts";

const MiB = 1024 * 1024;
const east = await credentials("east");
const west = await credentials("west");

Deno.test("both ends know each other by name and fingerprint, and bytes go both ways", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    assert.equal(near.peer.name, "east");
    assert.equal(near.peer.fingerprint, east.fingerprint);
    assert.equal(near.peer.address, listener.address);
    assert.equal(far.peer.name, "west");
    assert.equal(far.peer.fingerprint, west.fingerprint);
    const sent = crypto.getRandomValues(new Uint8Array(60_000));
    yield* near.write(sent);
    yield* far.write(Uint8Array.of(1, 2, 3));
    assert.deepEqual(yield* received(far, sent.length), sent);
    assert.deepEqual(yield* received(near, 3), Uint8Array.of(1, 2, 3));
    near.close();
    far.close();
  }));

Deno.test("a buffer may be used again as soon as its write has returned", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    const buffer = new Uint8Array(1000);
    for (let round = 0; round < 50; round++) yield* near.write(buffer.fill(round));
    const got = yield* received(far, 50_000);
    for (let round = 0; round < 50; round++) assert.equal(got[round * 1000 + 999], round);
    near.close();
    far.close();
  }));

Deno.test("what was read is given back whole or not at all", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    yield* near.write(new Uint8Array(15_000).fill(7));
    const read: Uint8Array[] = [];
    for (let left = 15_000; left > 0; left -= read.at(-1)!.length) {
      read.push((yield* far.read())!);
    }
    const [large] = read.toSorted((left, right) => right.length - left.length);
    far.reuse?.(large!.subarray(1));
    assert.ok(large!.length > 0, "others may use the rest");
    far.reuse?.(large!);
    assert.equal(large!.length, 0, "the memory is free at once");
    near.close();
    far.close();
  }));

Deno.test("a peer that ends is read to its end, and one that is torn away fails", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    far.close();
    try {
      assert.equal(yield* near.read(), undefined);
    } catch (error) {
      assert.ok(isFailed(error, "connection-lost"), String(error));
    }
    far.close();
    yield* refusedAny(far.read());
    yield* refusedAny(far.write(new Uint8Array(1)));
    near.close();
  }));

Deno.test("credentials that are read again are used by the next connection", async () => {
  let own = await credentials("east", EXPIRED);
  const host = new TlsNetwork({ credentials: () => own });
  const network = new TlsNetwork({ credentials: () => west });
  await runTask(
    realLoop(),
    (function* (): Task<void> {
      const listener = yield* host.listen("127.0.0.1:0");
      yield* refused(network.connect(listener.address, SECOND), "unauthenticated", /expired/);
      own = east;
      host.reload();
      const { near, far } = yield* connected(listener, network);
      near.close();
      far.close();
      listener.close();
      yield* all("closed", [host.allClosed(), network.allClosed()]);
    })(),
  );
});

Deno.test("an address in use, or none of this host, says so", () =>
  withNetworks(east, west, function* (listener, network) {
    yield* refused(network.listen(listener.address), "busy", /in use/);
    yield* refused(network.listen("203.0.113.7:0"), "bad-argument", /no such address/);
    yield* refused(network.listen("nonsense"), "bad-argument", /Not an address/);
  }));

Deno.test("a reader that does not read stops the sender: memory stays bounded", () =>
  withNetworks(east, west, function* (listener, network) {
    const { near, far } = yield* connected(listener, network);
    const chunk = new Uint8Array(MiB).fill(7);
    const before = Deno.memoryUsage().rss;
    let sent = 0;
    const sending = (function* (): Task<void> {
      for (; sent < 256; sent++) yield* near.write(chunk);
    })();
    const stalled = (function* (): Task<void> {
      let last = -1;
      // The sender has stopped when it gets no further in a fifth of a second.
      while (last !== sent) {
        last = sent;
        yield* promiseTask(() => new Promise<void>((done) => setTimeout(done, 200)));
      }
      assert.ok(sent < 32, `${sent} MiB were taken from a sender that nobody reads`);
      const grown = (Deno.memoryUsage().rss - before) / MiB;
      assert.ok(grown < 64, `memory grew by ${grown} MiB`);
      // And it goes on when the reader does, to the last byte.
      let got = 0;
      while (got < 256 * MiB) got += (yield* far.read())!.length;
      assert.equal(got, 256 * MiB);
    })();
    yield* all("stall", [sending, stalled]);
    near.close();
    far.close();
  }));

function* received(connection: Connection, length: number): Task<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const chunk = yield* connection.read();
    assert.ok(chunk !== undefined, "the peer ended early");
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function* refusedAny(task: Task<unknown>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error, "connection-lost"), String(error));
    return;
  }
  assert.fail("nothing failed");
}
