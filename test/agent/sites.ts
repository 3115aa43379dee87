/**
 * Two sites with real agents, a machine between them, and what its guest does.
 *
 * @module
 */

import assert from "node:assert/strict";
import { NbdClient } from "../../engine/host/nbd/client.ts";
import {
  type JsonObject,
  oneValue,
  Place,
  type RunningServer,
  until,
  value,
  warmsite,
} from "./warmsite.ts";

/** Bytes of the machine's disk. */
export const DISK_SIZE = 16 * 1024 * 1024;
const BLOCK = 4096;

/** One site: its home, its server, and the machine `db` as it is there. */
export class Site {
  readonly data: string;
  readonly #place: Place;
  #server: RunningServer | undefined;

  constructor(place: Place, data: string) {
    this.#place = place;
    this.data = data;
  }

  /** Starts the server. */
  async start(): Promise<void> {
    this.#server = await this.#place.serve(this.data);
  }

  /** Starts the server as people do; what it printed when it was ready. */
  async startShown(): Promise<string> {
    const { server, text } = await this.#place.serveShown(this.data);
    this.#server = server;
    return text;
  }

  /** Where peers reach it. */
  get listen(): string {
    return (this.#server as RunningServer).listen;
  }

  /** Ends the server with a signal; waits for its end. */
  async end(signal: Deno.Signal): Promise<void> {
    await this.#server?.end(signal);
  }

  /** Does a verb that must succeed. */
  call(...args: string[]): Promise<JsonObject> {
    return value(...args, "--data", this.data);
  }

  /** The machine's status here. */
  status(): Promise<JsonObject> {
    return this.call("replication", "status", "db");
  }

  /** Waits for a status; asks again where the machine is on its way into another role, as it is told to. */
  until(condition: (status: JsonObject) => boolean): Promise<JsonObject> {
    const ask = async () => {
      const args = ["replication", "status", "db", "--data", this.data, "--json"];
      const result = await warmsite(args);
      const told = oneValue(result);
      if (told["error"]?.code !== "busy") {
        assert.equal(result.code, 0, `${args.join(" ")}: ${result.out}${result.err}`);
      }
      return told;
    };
    return until(ask, condition);
  }

  /** The URI of an export of this server. */
  uri(name = "db/0"): string {
    return `nbd+unix:///${
      encodeURIComponent(name).replaceAll("%2F", "/")
    }?socket=${this.data}/nbd.sock`;
  }

  /** Recovery points, oldest first. */
  async points(): Promise<JsonObject[]> {
    return await this.call("points", "list", "db") as unknown as JsonObject[];
  }

  /** Fills blocks of the machine with a byte, durably. */
  async write(block: number, count: number, byte: number): Promise<void> {
    const client = await NbdClient.connect(this.uri());
    await client.write(block * BLOCK, new Uint8Array(count * BLOCK).fill(byte), { fua: true });
    await client.disconnect();
  }

  /** All bytes of an export. */
  async read(name = "db/0"): Promise<Uint8Array> {
    const client = await NbdClient.connect(this.uri(name));
    const bytes = await client.read(0, DISK_SIZE);
    await client.disconnect();
    return bytes;
  }
}

/** Two running sites, and the machine `db` at the first one, protected by the second. */
export async function twoSites(
  place: Place,
  through: (listen: string) => string = (listen) => listen,
  ...settings: string[]
): Promise<{ readonly a: Site; readonly b: Site; readonly disk: string }> {
  await place.homes();
  const [a, b] = await Promise.all(["a", "b"].map(async (name) => {
    return new Site(place, await place.home(name, `127.0.0.1:${freePort()}`));
  })) as [Site, Site];
  await Promise.all([a.start(), b.start()]);
  const disk = place.image("db.raw", DISK_SIZE);
  await a.call("vm", "add", "db", "--disk", disk);
  const to = through(b.listen);
  const usual = settings.length === 0 ? ["--frequency", "1h"] : settings;
  await a.call("replication", "enable", "db", "--to", to, ...usual);
  await a.call("replication", "start", "db");
  await a.until(({ state }) => state === "Replicating");
  await a.call("replication", "cycle", "db");
  return { a, b, disk };
}

/** A port that nobody uses at this moment. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Fails unless both hold the same bytes; names the first block that differs. */
export function same(found: Uint8Array, wanted: Uint8Array): void {
  assert.equal(found.length, wanted.length);
  for (let at = 0; at < wanted.length; at += BLOCK) {
    if (found.subarray(at, at + BLOCK).every((byte, index) => byte === wanted[at + index])) {
      continue;
    }
    assert.fail(`block ${at / BLOCK} differs: ${found[at]} in place of ${wanted[at]}`);
  }
}
