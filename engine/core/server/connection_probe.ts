/**
 * Whether this server could replicate to another one, tried from the outside in: the address, the way there, TLS
 * and both certificates, the protocol, the name, authorization.
 *
 * Rule: a connection of its own, which ends with the test; nothing is changed on either side. The first thing that
 * is wrong is the answer, with its cause and what to do about it.
 *
 * @module
 */

import { Failed, peerFailure, requestFailure } from "../base/failure.ts";
import type { JsonObject } from "../base/json.ts";
import type { Ports } from "../ports/ports.ts";
import { CONNECT_TIMEOUT } from "../primary/links.ts";
import { Scope } from "../runtime/scope.ts";
import type { Task } from "../runtime/task.ts";
import type { Hello } from "../wire/message.ts";
import { refusedBecause } from "../wire/refusal.ts";
import { Session } from "../wire/session.ts";

/** What a test is told. */
export interface ProbeOptions {
  /** Where the other server listens, `host:port`. */
  readonly to: string;
  /** The name that its certificate must hold; any when left out. */
  readonly name: string | undefined;
}

/** Tests the way to another server; fails with the first thing that is wrong. */
export function* probeConnection(
  ports: Ports,
  hello: Omit<Hello, "type" | "protocol">,
  { to, name }: ProbeOptions,
  timeout: number = CONNECT_TIMEOUT,
): Task<JsonObject> {
  const { clock } = ports;
  const begun = clock.now();
  const connection = yield* ports.network.connect(to, timeout);
  const connectMicros = clock.now() - begun;
  const { peer } = connection;
  const scope = new Scope(ports.loop, "connection-test");
  try {
    if (name !== undefined && peer.name !== name) {
      throw peerFailure(
        "wrong-server",
        `At ${to} is server "${peer.name}", not "${name}"`,
        "Check host and port, and the name in the other server's certificate",
      );
    }
    if (peer.name === hello.server) {
      throw requestFailure(
        "wrong-server",
        `At ${to} is this server itself, or another one of its name`,
        "Give the address of the replica server; every server needs a name of its own",
      );
    }
    const session = yield* Session.start(ports, scope, connection, "initiator", hello);
    const asked = clock.now();
    const { trustGroup, refusal } = yield* session.authorization();
    const roundTripMicros = clock.now() - asked;
    session.close();
    yield* session.whenClosed();
    if (refusal !== null) throw new Failed(refusedBecause(refusal));
    return {
      to,
      server: peer.name,
      fingerprint: peer.fingerprint,
      address: peer.address,
      trustGroup,
      connectMicros,
      roundTripMicros,
    };
  } finally {
    connection.close();
    yield* scope.cancel();
  }
}
