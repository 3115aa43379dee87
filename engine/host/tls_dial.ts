/**
 * Connecting to a peer: TCP, TLS, who it is, and its word that it accepts us, under one deadline.
 *
 * @module
 */

import * as tls from "node:tls";
import { type Failed, peerFailure } from "../core/base/failure.ts";
import type { Connection, PeerIdentity } from "../core/ports/network.ts";
import type { HostPort } from "./address.ts";
import { ACCEPTED, otherProtocol, PROTOCOL, refusedBy, refuses } from "./greeting.ts";
import type { Credentials } from "./pki.ts";
import { patchTlsBackpressure } from "./tls_backpressure.ts";
import { type OpenSockets, TlsConnection } from "./tls_connection.ts";
import { identify, tlsOptions } from "./tls_identity.ts";

/** Connects; returns how to stop. Exactly one of `done` and `fail` is called, unless stopped. */
// Long because: the life of one socket up to the greeting, whose events share its few variables.
export function dial(
  place: HostPort,
  address: string,
  credentials: Credentials,
  timeout: number,
  sockets: OpenSockets,
  done: (connection: Connection) => void,
  fail: (error: Error) => void,
): () => void {
  const socket = tls.connect({
    ...tlsOptions(credentials),
    ...place,
    checkServerIdentity: () => undefined,
  });
  sockets.add(socket);
  let peer: PeerIdentity | undefined;
  // TCP is through: from there on whoever is silent is no firewall.
  let reached = false;
  socket.on("connect", () => reached = true);
  const forget = () => {
    clearTimeout(timer);
    for (const event of ["connect", "error", "secureConnect", "data"]) {
      socket.removeAllListeners(event);
    }
    socket.off("close", onClose);
  };
  const stop = () => {
    forget();
    // Whatever still happens to it is nobody's business.
    socket.on("error", () => {});
    socket.destroy();
  };
  const refuse = (error: Error) => {
    stop();
    fail(error);
  };
  const timer = setTimeout(
    () => refuse(tooLate(address, timeout, reached)),
    Math.ceil(timeout / 1000),
  );
  socket.on("error", (error: Error) => refuse(connectFailure(error, address, reached)));
  const onClose = () => refuse(closedEarly(address));
  socket.on("close", onClose);
  socket.on("secureConnect", () => {
    patchTlsBackpressure(socket);
    if (socket.alpnProtocol !== PROTOCOL) return refuse(otherProtocol(address));
    const found = identify(socket, credentials, "server", address);
    if ("peer" in found) peer = found.peer;
    else refuse(refuses(found.trouble, address, found.facts));
  });
  socket.on("data", (chunk: Uint8Array) => {
    // What comes before the server is known is not looked at; TLS sends nothing so early.
    if (peer === undefined) return refuse(otherProtocol(address));
    const greeting = chunk[0] ?? ACCEPTED;
    if (greeting !== ACCEPTED) return refuse(refusedBy(greeting, address));
    forget();
    socket.pause();
    done(new TlsConnection(socket, peer, sockets, chunk.length > 1 ? [chunk.subarray(1)] : []));
  });
  return stop;
}

function tooLate(address: string, timeout: number, reached: boolean): Failed {
  const within = `within ${timeout / 1_000_000} s`;
  if (reached) {
    return peerFailure(
      "timed-out",
      `Something listens at ${address}, and did not answer in TLS ${within}`,
      "Check that the port is that of the other server, and that the server does not hang",
    );
  }
  return peerFailure(
    "timed-out",
    `${address} did not answer ${within}: what was sent is dropped on its way, or its host is down`,
    "Check that the other host runs, and open its port in every firewall between",
  );
}

function closedEarly(address: string): Failed {
  return peerFailure(
    "connection-lost",
    `${address} closed the connection before it accepted this server`,
    "Look at the other server's log",
  );
}

/** Why a connection did not come about, from what the runtime says. */
function connectFailure(error: Error, address: string, reached: boolean): Failed {
  const name = (error as { code?: string }).code ?? "";
  switch (name) {
    case "ECONNREFUSED":
      return peerFailure(
        "connection-refused",
        `Nobody listens at ${address}`,
        "Start the other server, or check host and port; a firewall that rejects looks the same",
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return peerFailure(
        "connection-refused",
        `There is no way to ${address}`,
        "Check the address, and the routes of this host",
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return peerFailure(
        "not-found",
        `No address is known for ${address}`,
        "Check the host name, and the name servers of this host",
      );
    case "ECONNRESET":
    case "EPIPE":
      return closedEarly(address);
    case "ETIMEDOUT":
      return peerFailure(
        "timed-out",
        `${address} does not answer: what was sent is dropped on its way, or its host is down`,
        "Check that the other host runs, and open its port in every firewall between",
      );
  }
  if (name.includes("ALERT_NO_APPLICATION_PROTOCOL")) return otherProtocol(address);
  if (reached && name === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return peerFailure(
      "not-tls",
      `What listens at ${address} does not speak TLS`,
      "Check the port: it must be the one at which the other server listens for its peers",
    );
  }
  if (name.includes("ALERT_PROTOCOL_VERSION")) {
    return peerFailure(
      "unauthenticated",
      `What listens at ${address} takes no TLS 1.3`,
      "Check the port: a Warmsite server takes TLS 1.3 and nothing older",
    );
  }
  return peerFailure(
    "unauthenticated",
    `The TLS handshake with ${address} failed: ${error.message}`,
    "Check that the other end is a Warmsite server that takes TLS 1.3",
  );
}
