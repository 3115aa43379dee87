/**
 * Where an NBD server can be reached, and who may reach it (N4).
 *
 * @module
 */

import { requestFailure } from "../../core/base/failure.ts";
import { encodeUtf8 } from "../../core/base/utf8.ts";
import { SOCKET_PATH_MAX } from "./limits.ts";

/** Only the owner may connect. */
const SOCKET_MODE = 0o600;
const SOCKET_UMASK = 0o177;

/** A TCP address to listen at. */
export interface TcpAddress {
  /** An address or name of this host. */
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Insists on an address that other hosts can reach: NBD has no password here. */
  readonly anywhere?: boolean;
}

/** Refuses a path that no Unix socket can have, before anything is tried. */
export function checkSocketPath(path: string): void {
  const bytes = encodeUtf8(path).length;
  if (bytes <= SOCKET_PATH_MAX && bytes > 0 && !path.includes("\0")) return;
  throw requestFailure(
    "bad-argument",
    `Cannot listen at "${path}": a socket's path has at most ${SOCKET_PATH_MAX} bytes, ` +
      `this one has ${bytes}`,
    "Use a folder with a shorter path, e.g. one below /run",
  );
}

/** Listens at a Unix socket that only this user may connect to. */
export async function listenUnix(path: string): Promise<Deno.UnixListener> {
  checkSocketPath(path);
  await removeStale(path);
  // The mode must be right from the first instant; changing it afterwards would leave a gap.
  const umask = Deno.umask(SOCKET_UMASK);
  try {
    const listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, SOCKET_MODE);
    return listener;
  } catch (error) {
    throw cannotListen(path, error);
  } finally {
    Deno.umask(umask);
  }
}

/** Listens at a TCP address; other hosts can reach it only when that is insisted on. */
export function listenTcp(address: TcpAddress): Deno.TcpListener {
  const { hostname, port } = address;
  const text = `${hostname}:${port}`;
  if (!isLoopback(hostname) && address.anywhere !== true) {
    throw requestFailure(
      "bad-argument",
      `Will not listen at ${text}: everybody who reaches it could read and write the disks`,
      'Use a loopback address and a tunnel, or add "--nbd-anywhere" if the network is your own',
    );
  }
  try {
    return Deno.listen({ transport: "tcp", hostname, port });
  } catch (error) {
    throw cannotListen(text, error);
  }
}

/** True for addresses that only this host can reach. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

/**
 * Removes the socket that a killed server left. Nothing is lost by a crash here: the file holds
 * nothing. What is no socket, or is one that somebody listens at, stays.
 */
async function removeStale(path: string): Promise<void> {
  let isSocket: boolean | null;
  try {
    isSocket = Deno.lstatSync(path).isSocket;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw cannotListen(path, error);
  }
  if (isSocket !== true) {
    throw requestFailure(
      "exists",
      `Cannot listen at "${path}": there is a file that is no socket`,
      "Move the file away or choose another path",
    );
  }
  if (await somebodyListens(path)) {
    throw requestFailure(
      "locked",
      `Cannot listen at "${path}": another server listens there`,
      "Stop the other server or choose another path",
    );
  }
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw cannotListen(path, error);
  }
}

async function somebodyListens(path: string): Promise<boolean> {
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
    return true;
  } catch (error) {
    // Only a refusal proves that nobody is there.
    return !(error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.NotFound);
  }
}

function cannotListen(where: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.AddrInUse) {
    return requestFailure(
      "locked",
      `Cannot listen at "${where}": the address is in use`,
      "Stop the other server or choose another address",
    );
  }
  return requestFailure(
    "bad-argument",
    `Cannot listen at "${where}": ${reason}`,
    "Check that the folder exists and may be written, or choose another address",
  );
}
