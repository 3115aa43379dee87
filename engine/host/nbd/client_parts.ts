/**
 * What the NBD client is put together from: connecting, requests as bytes, error numbers as failures.
 *
 * @module
 */

import { type Failed, type FailureCode, peerFailure } from "../../core/base/failure.ts";
import { ERRNO, REQUEST_MAGIC, REQUEST_SIZE } from "./protocol.ts";
import type { Stream } from "./session.ts";
import type { NbdAddress } from "./uri.ts";

const CODE_OF: ReadonlyMap<number, FailureCode> = new Map([
  [ERRNO.EPERM, "read-only"],
  [ERRNO.EINVAL, "bad-argument"],
  [ERRNO.ENOSPC, "no-space"],
  [ERRNO.EOVERFLOW, "out-of-range"],
  [ERRNO.ENOTSUP, "bad-argument"],
  [ERRNO.ESHUTDOWN, "wrong-state"],
]);

/** A failure that the server replied with. */
export function failureOf(errno: number, text = ""): Failed {
  const name = Object.entries(ERRNO).find(([, value]) => value === errno)?.[0] ?? String(errno);
  const message = `The NBD server replied ${name}${text === "" ? "" : `: ${text}`}`;
  const action = "Look at the log of that server, and at the storage of the disk";
  return peerFailure(CODE_OF.get(errno) ?? "io-error", message, action);
}

/** Connects to a server, or fails with `connection-refused`. */
export async function dial(address: NbdAddress): Promise<Stream> {
  try {
    const connection = address.transport === "unix"
      ? await Deno.connect({ transport: "unix", path: address.path })
      : await Deno.connect({ hostname: address.hostname, port: address.port });
    if (connection.remoteAddr.transport === "tcp") (connection as Deno.TcpConn).setNoDelay(true);
    let open = true;
    return {
      read: (bytes) => connection.read(bytes),
      write: (bytes) => connection.write(bytes),
      close() {
        if (open) connection.close();
        open = false;
      },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw peerFailure(
      "connection-refused",
      `Cannot connect to the NBD server: ${reason}`,
      "Check that the server runs and that the address is its own",
    );
  }
}

/** A request without its payload; `at` may be any 64-bit number that a double can hold. */
export function requestHead(
  type: number,
  flags: number,
  cookie: number,
  at: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(REQUEST_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_MAGIC);
  view.setUint16(4, flags);
  view.setUint16(6, type);
  view.setUint32(12, cookie);
  view.setBigUint64(16, BigInt(at));
  view.setUint32(24, length);
  return bytes;
}
