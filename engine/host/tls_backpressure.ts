/**
 * Makes a TLS socket of the runtime stop reading from the network while it is paused.
 *
 * Rule: called once for every TLS socket before anything is read. Without it the runtime reads on
 * and keeps all that a fast peer sends in memory. It reaches into private fields of the runtime, so
 * a test of its own stalls a reader and measures.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";

interface Handle {
  readStop(): number;
  readStart(): number;
  readonly _nativeTcpHandle?: { readStop(): number; readStart(): number } | null;
}

const patched = new WeakSet<Handle>();

/** Patches `socket`; false when the runtime looks different, and then memory is not bounded. */
export function patchTlsBackpressure(socket: TLSSocket): boolean {
  const handle = (socket as unknown as { _handle?: Handle | null })._handle;
  const tcp = handle?._nativeTcpHandle;
  if (!handle || !tcp) return false;
  if (patched.has(handle)) return true;
  patched.add(handle);
  const { readStop, readStart } = handle;
  handle.readStop = () => {
    const result = readStop.call(handle);
    // The TCP handle is gone once the socket is closed.
    if (handle._nativeTcpHandle) tcp.readStop();
    return result;
  };
  handle.readStart = () => {
    const result = readStart.call(handle);
    if (handle._nativeTcpHandle) tcp.readStart();
    return result;
  };
  return true;
}
