/**
 * Two networks for tests of TLS: one that listens, one that connects.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Failed, type FailureCode, isFailed } from "../../engine/core/base/failure.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { Connection, Listener } from "../../engine/core/ports/network.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { all } from "../../engine/core/runtime/together.ts";
import type { Credentials } from "../../engine/host/pki.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import { TlsNetwork } from "../../engine/host/tls_network.ts";

/** Both ends of one connection. */
export interface Pair {
  /** The end that connected. */
  readonly near: Connection;
  /** The end that was listened for. */
  readonly far: Connection;
}

/** Runs `work` with a listener of `server` and a network of `client`, and closes what is open. */
export async function withNetworks(
  server: Credentials,
  client: Credentials,
  work: (listener: Listener, network: TlsNetwork, rejected: Failed[]) => Task<void>,
  handshakeMax = 10_000,
): Promise<void> {
  const rejected: Failed[] = [];
  const host = new TlsNetwork({
    credentials: () => server,
    onRejected: (failure) => rejected.push(failure),
    handshakeMax,
  });
  const network = new TlsNetwork({ credentials: () => client });
  await runTask(
    realLoop(),
    (function* (): Task<void> {
      const listener = yield* host.listen("127.0.0.1:0");
      try {
        yield* work(listener, network, rejected);
      } finally {
        listener.close();
      }
      yield* all("closed", [host.allClosed(), network.allClosed()]);
    })(),
  );
}

/** Connects and accepts. */
export function* connected(listener: Listener, network: TlsNetwork): Task<Pair> {
  const [near, far] = yield* all<Connection | undefined>("connect", [
    network.connect(listener.address, 5 * SECOND),
    listener.accept(),
  ]);
  return { near: near!, far: far! };
}

/** Expects `task` to fail with `code`, to say `words`, and to say what to do. */
export function* refused(task: Task<unknown>, code: FailureCode, words: RegExp): Task<void> {
  try {
    yield* task;
  } catch (error) {
    assert.ok(isFailed(error, code), String(error));
    assert.match(error.failure.message, words);
    assert.notEqual(error.failure.action, "");
    return;
  }
  assert.fail(`nothing failed with ${code}`);
}
