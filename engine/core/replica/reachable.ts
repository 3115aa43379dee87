/**
 * Where a peer can be reached that says where it listens.
 *
 * @module
 */

/** Hosts that mean every address of a server, and so none that others could dial. */
const EVERYWHERE = new Set(["0.0.0.0", "::", "[::]", "*", ""]);

/**
 * The address of a peer that listens at `listen` and connected from `from`, both `host:port`; `undefined`
 * when it listens nowhere. Who listens on every address is reached where it came from.
 */
export function reachableAt(listen: string, from: string): string | undefined {
  const [host, port] = split(listen);
  if (port === "") return undefined;
  if (!EVERYWHERE.has(host)) return listen;
  const [known] = split(from);
  return known === "" ? undefined : `${known}:${port}`;
}

function split(address: string): [string, string] {
  const colon = address.lastIndexOf(":");
  if (colon < 0) return [address, ""];
  const port = address.slice(colon + 1);
  return [address.slice(0, colon), /^\d{1,5}$/.test(port) ? port : ""];
}
