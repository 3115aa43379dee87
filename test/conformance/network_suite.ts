/**
 * Laws of the `Network`, `Listener` and `Connection` ports.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFailed } from "../../engine/core/base/failure.ts";
import { MILLISECOND, SECOND } from "../../engine/core/base/units.ts";
import type { Clock } from "../../engine/core/ports/clock.ts";
import type { Connection, Listener, Network } from "../../engine/core/ports/network.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { pattern, thrownBy } from "./stage.ts";

/** Two servers that can reach and trust each other. Made for one test and ended after it. */
export interface NetworkStage {
  /** The network of the server that listens, and its certificate's name. */
  readonly server: { readonly network: Network; readonly name: string };
  /** The network of the server that connects, and its certificate's name. */
  readonly client: { readonly network: Network; readonly name: string };
  /** Where the server may listen: any free port of its address, e.g. `127.0.0.1:0`. */
  readonly address: string;
  /** An address where nobody listens. */
  readonly nobody: string;
  /** The server's clock. */
  readonly clock: Clock;
  /** Runs a task at the server and one at the client at the same time, to the end of both. */
  both<S, C>(server: Task<S>, client: Task<C>): Promise<readonly [S, C]> | readonly [S, C];
  /** Gives everything back. */
  end(): Promise<void> | void;
}

type Fact = (text: string, body: (stage: NetworkStage) => Promise<void>) => void;

const TIMEOUT = 10 * SECOND;

/** Defines the tests of the `Network` port for the adapter that `staging` gives. */
export function networkSuite(
  name: string,
  staging: () => Promise<NetworkStage> | NetworkStage,
): void {
  const fact: Fact = (text, body) => {
    Deno.test(`Network, ${name}: ${text}`, async () => {
      const stage = await staging();
      try {
        await body(stage);
      } finally {
        await stage.end();
      }
    });
  };
  connecting(fact);
  streams(fact);
  pressure(fact);
  endings(fact);
}

/** Listens, connects, and runs one task with each end; both close afterwards. */
async function connected(
  stage: NetworkStage,
  atServer: (connection: Connection) => Task<void>,
  atClient: (connection: Connection) => Task<void>,
): Promise<void> {
  const [listener] = await stage.both(stage.server.network.listen(stage.address), nothing());
  await stage.both(
    serveOne(listener, atServer),
    useOne(stage.client.network, listener.address, atClient),
  );
  listener.close();
}

function* serveOne(listener: Listener, use: (connection: Connection) => Task<void>): Task<void> {
  const connection = yield* listener.accept();
  assert.ok(connection !== undefined);
  try {
    yield* use(connection);
  } finally {
    connection.close();
  }
}

function* useOne(
  network: Network,
  address: string,
  use: (connection: Connection) => Task<void>,
): Task<void> {
  const connection = yield* network.connect(address, TIMEOUT);
  try {
    yield* use(connection);
  } finally {
    connection.close();
  }
}

function* nothing(): Task<void> {}

/** What was read of a connection beyond what was asked for: a stream has no messages. */
const leftOver = new WeakMap<Connection, Uint8Array>();

/** Reads exactly `length` bytes. */
function* readExactly(connection: Connection, length: number): Task<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const piece: Uint8Array | undefined = leftOver.get(connection) ?? (yield* connection.read());
    leftOver.delete(connection);
    assert.ok(piece !== undefined, `The stream ended at ${at} of ${length}`);
    assert.ok(piece.length > 0);
    const used = Math.min(piece.length, length - at);
    bytes.set(piece.subarray(0, used), at);
    if (used < piece.length) leftOver.set(connection, piece.subarray(used));
    at += used;
  }
  return bytes;
}

function connecting(fact: Fact): void {
  fact("both ends learn the other's proven name", async (stage) => {
    await connected(
      stage,
      function* (connection) {
        assert.equal(connection.peer.name, stage.client.name);
        assert.match(connection.peer.fingerprint, /^[0-9a-f]{64}$/);
        yield* connection.write(pattern(1, 1));
        yield* readExactly(connection, 1);
      },
      function* (connection) {
        assert.equal(connection.peer.name, stage.server.name);
        yield* readExactly(connection, 1);
        yield* connection.write(pattern(1, 1));
      },
    );
  });
  fact("connecting to nobody fails with connection-refused", async (stage) => {
    await stage.both(
      nothing(),
      (function* (): Task<void> {
        const thrown = yield* thrownBy(stage.client.network.connect(stage.nobody, TIMEOUT));
        assert.ok(isFailed(thrown, "connection-refused"), String(thrown));
      })(),
    );
  });
  fact("a listener that is closed accepts no more and says so", async (stage) => {
    const [listener] = await stage.both(stage.server.network.listen(stage.address), nothing());
    listener.close();
    await stage.both(
      (function* (): Task<void> {
        assert.equal(yield* listener.accept(), undefined);
      })(),
      nothing(),
    );
  });
  fact("an address in use cannot be listened at again", async (stage) => {
    await stage.both(
      (function* (): Task<void> {
        const listener = yield* stage.server.network.listen(stage.address);
        const thrown = yield* thrownBy(stage.server.network.listen(listener.address));
        assert.ok(isFailed(thrown), String(thrown));
        listener.close();
      })(),
      nothing(),
    );
  });
}

function streams(fact: Fact): void {
  fact("bytes arrive whole and in order, both ways at once", async (stage) => {
    const length = 1_500_000;
    const talk = (mine: number, other: number) =>
      function* (connection: Connection): Task<void> {
        const bytes = pattern(length, mine);
        for (let at = 0, step = 1; at < length; step = (step * 3 + 7) % 200_003) {
          // Small enough that both may send before either reads: buffers are bounded.
          const end = Math.min(length, at + step);
          yield* connection.write(bytes.slice(at, end));
          const back = yield* readExactly(connection, end - at);
          assert.deepEqual(back, pattern(length, other).slice(at, end));
          at = end;
        }
      };
    await connected(stage, talk(1, 2), talk(2, 1));
  });
  fact("a writer may use its buffer again after the write", async (stage) => {
    await connected(
      stage,
      function* (connection) {
        assert.deepEqual(yield* readExactly(connection, 100), pattern(100, 1));
        assert.deepEqual(yield* readExactly(connection, 100), pattern(100, 2));
        yield* connection.write(new Uint8Array(1));
      },
      function* (connection) {
        const buffer = pattern(100, 1);
        yield* connection.write(buffer);
        buffer.set(pattern(100, 2));
        yield* connection.write(buffer);
        yield* readExactly(connection, 1);
      },
    );
  });
}

function pressure(fact: Fact): void {
  fact("a reader that does not read stops the writer, and nothing is lost", async (stage) => {
    const piece = 64 * 1024;
    const pieces = 400;
    let sent = 0;
    await connected(
      stage,
      function* (connection) {
        while (sent < pieces) {
          const before: number = sent;
          yield* stage.clock.sleep(50 * MILLISECOND);
          if (sent === before) break;
        }
        assert.ok(sent < pieces, "The writer was never stopped");
        for (let at = 0; at < pieces; at++) {
          assert.deepEqual(yield* readExactly(connection, piece), pattern(piece, at));
        }
        yield* connection.write(new Uint8Array(1));
      },
      function* (connection) {
        for (let at = 0; at < pieces; at++) {
          yield* connection.write(pattern(piece, at));
          sent = at + 1;
        }
        yield* readExactly(connection, 1);
      },
    );
  });
}

function endings(fact: Fact): void {
  fact("a close in order ends the peer's reading after the last byte", async (stage) => {
    await connected(
      stage,
      function* (connection) {
        assert.deepEqual(yield* readExactly(connection, 5000), pattern(5000, 1));
        assert.equal(yield* connection.read(), undefined);
      },
      function* (connection) {
        yield* connection.write(pattern(5000, 1));
      },
    );
  });
  fact("closing fails what is in progress here, and is done twice without harm", async (stage) => {
    await connected(
      stage,
      function* (connection) {
        yield* connection.read();
      },
      function* (connection) {
        connection.close();
        connection.close();
        assert.ok(isFailed(yield* thrownBy(connection.read()), "connection-lost"));
        const write = connection.write(new Uint8Array(1));
        assert.ok(isFailed(yield* thrownBy(write), "connection-lost"));
      },
    );
  });
  fact("writing to a peer that is gone fails with connection-lost", async (stage) => {
    await connected(
      stage,
      function* (connection) {
        for (let tries = 0;; tries++) {
          assert.ok(tries < 100_000, "Every write succeeded");
          try {
            yield* connection.write(new Uint8Array(64 * 1024));
          } catch (error) {
            assert.ok(isFailed(error, "connection-lost"), String(error));
            return;
          }
        }
      },
      // deno-lint-ignore require-yield
      function* (connection) {
        connection.close();
      },
    );
  });
}
