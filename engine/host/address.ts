/**
 * Addresses as people write them: `host:port`, `127.0.0.1:7100`, `[::1]:7100`.
 *
 * @module
 */

import { requestFailure } from "../core/base/failure.ts";

/** A host name or IP address without brackets, and a TCP port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Takes an address apart; fails with `bad-argument`. Port 0 is any free port. */
export function parseAddress(address: string): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? NaN);
  if (host !== "" && port <= 65_535) return { host, port };
  throw requestFailure(
    "bad-argument",
    `Not an address: ${JSON.stringify(address.slice(0, 120))}`,
    'Write "host:port", for IPv6 "[address]:port", with a port up to 65535',
  );
}

/** Puts an address together. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
