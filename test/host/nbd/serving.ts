/**
 * A server for one test, with its folder and its clients, gone when the test is.
 *
 * @module
 */

import { realLoop } from "../../../engine/host/real_loop.ts";
import { NbdClient } from "../../../engine/host/nbd/client.ts";
import type { OpenExport } from "../../../engine/host/nbd/export.ts";
import { NbdServer, type NbdServerOptions } from "../../../engine/host/nbd/server.ts";
import { type NbdAddress, nbdUri } from "../../../engine/host/nbd/uri.ts";

/** What a test changes of a server's options. */
export type ServingOptions = Partial<Omit<NbdServerOptions, "loop" | "exports" | "unix">>;

/** A server whose exports a test adds and takes away. */
export class Serving implements AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly server: NbdServer;
  readonly exports: Map<string, OpenExport>;
  /** Bugs that tasks have run into; a test that ends with one fails. */
  readonly panics: Error[];
  readonly #clients: NbdClient[] = [];

  private constructor(
    folder: string,
    server: NbdServer,
    exports: Map<string, OpenExport>,
    panics: Error[],
  ) {
    this.folder = folder;
    this.socket = `${folder}/nbd.sock`;
    this.server = server;
    this.exports = exports;
    this.panics = panics;
  }

  /** Serves `exports` at a Unix socket in a folder of its own. */
  static async start(
    exports: Record<string, OpenExport>,
    options: ServingOptions = {},
  ): Promise<Serving> {
    const folder = Deno.makeTempDirSync({ prefix: "warmsite-nbd-" });
    const map = new Map(Object.entries(exports));
    const panics: Error[] = [];
    const server = await NbdServer.listen({
      loop: realLoop((error) => panics.push(error)),
      exports: {
        list: () => [...map.keys()].map((name) => ({ name, description: `disk of ${name}` })),
        open: (name) => map.get(name),
      },
      unix: `${folder}/nbd.sock`,
      ...options,
    });
    return new Serving(folder, server, map, panics);
  }

  /** Where TCP clients connect. */
  get tcp(): NbdAddress {
    return this.server.addresses.find(({ transport }) => transport === "tcp") as NbdAddress;
  }

  /** The URI of an export at the Unix socket. */
  uri(name = "VM/0"): string {
    return nbdUri({ transport: "unix", path: this.socket }, name);
  }

  /** A client, closed with the server if the test does not do it. */
  async connect(name = "VM/0"): Promise<NbdClient> {
    return await this.connectTo(this.uri(name));
  }

  /** The same at any address. */
  async connectTo(uri: string): Promise<NbdClient> {
    const client = await NbdClient.connect(uri);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.close();
    await Promise.all(this.#clients.map(({ closed }) => closed));
    Deno.removeSync(this.folder, { recursive: true });
    if (this.panics[0] !== undefined) throw this.panics[0];
  }
}

/** An export of `disk` with every default. */
export function exportOf(
  disk: OpenExport["disk"],
  more: Partial<OpenExport> = {},
): OpenExport {
  return { disk, size: disk.size, readOnly: false, ...more };
}
