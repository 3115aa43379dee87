/**
 * Addresses of exports, for people and for QEMU.
 *
 * @module
 */

import { requestFailure } from "../../core/base/failure.ts";

/** Where a server can be reached. */
export type NbdAddress =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

/** An export of a server. */
export interface NbdTarget {
  readonly address: NbdAddress;
  /** The export's name, e.g. `VM/0`. */
  readonly name: string;
}

/** NBD's port, as registered. */
const DEFAULT_PORT = 10809;

/** The URI of an export, e.g. `nbd+unix:///VM/0?socket=/run/warmsite/nbd.sock`. */
export function nbdUri(address: NbdAddress, name: string): string {
  const path = name.split("/").map(encodeURIComponent).join("/");
  if (address.transport === "unix") {
    const socket = address.path.split("/").map(encodeURIComponent).join("/");
    return `nbd+unix:///${path}?socket=${socket}`;
  }
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `nbd://${host}:${address.port}/${path}`;
}

/** What a URI made by `nbdUri` names; `bad-argument` for other text. */
export function parseNbdUri(text: string): NbdTarget {
  const target = tryParse(text);
  if (target !== undefined) return target;
  throw requestFailure(
    "bad-argument",
    `Not the address of an NBD export: ${JSON.stringify(text.slice(0, 200))}`,
    "Use nbd+unix:///NAME?socket=PATH or nbd://HOST:PORT/NAME",
  );
}

function tryParse(text: string): NbdTarget | undefined {
  try {
    const url = new URL(text);
    const name = decodeURIComponent(url.pathname.replace(/^\//, ""));
    if (url.protocol === "nbd+unix:") {
      const path = url.searchParams.get("socket");
      return path === null ? undefined : { address: { transport: "unix", path }, name };
    }
    if (url.protocol !== "nbd:" || url.hostname === "") return undefined;
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
    return { address: { transport: "tcp", hostname, port }, name };
  } catch {
    return undefined;
  }
}

/** How long QEMU waits for a server that went away before the guest sees errors, in seconds. */
const RECONNECT_SECONDS = 300;
/** How long QEMU waits for a server at its own start, in seconds. */
const OPEN_SECONDS = 30;

/**
 * The argument of QEMU's `-blockdev` for an export. The guest does not notice a restart of the
 * server, because its requests wait for the next one.
 */
export function qemuBlockdev(address: NbdAddress, name: string, node: string): string {
  const server = address.transport === "unix"
    ? `server.type=unix,${stringField("server.path", address.path)}`
    : `server.type=inet,${stringField("server.host", address.hostname)},` +
      `server.port=${address.port}`;
  return `driver=nbd,${stringField("node-name", node)},${server},${stringField("export", name)},` +
    `discard=unmap,reconnect-delay=${RECONNECT_SECONDS},` +
    `open-timeout=${OPEN_SECONDS}`;
}

/** A field of QEMU's option syntax, in which a comma inside a value is written twice. */
function stringField(key: string, value: string): string {
  return `${key}=${value.replaceAll(",", ",,")}`;
}
