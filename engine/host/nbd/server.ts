/**
 * The NBD server: listens, and serves every connection.
 *
 * Rules: N1 (what comes over TCP is written through, for such a client may outlive this host's
 * power), N2 in `core/server/attachments.ts`, N3 in `session.ts`, N4 in `listen.ts`.
 *
 * @module
 */

import { isFailed } from "../../core/base/failure.ts";
import type { Loop } from "../../core/runtime/loop.ts";
import { Attachments } from "../../core/server/attachments.ts";
import { runTask } from "../real_loop.ts";
import { Budget } from "./budget.ts";
import { ClientConnection, type Shared } from "./client_connection.ts";
import type { ExportSource } from "./export.ts";
import { CONNECTIONS_MAX, SERVER_BYTES_MAX } from "./limits.ts";
import { listenTcp, listenUnix, type TcpAddress } from "./listen.ts";
import type { NbdAddress } from "./uri.ts";

/** What to serve, and where. */
export interface NbdServerOptions {
  /** The loop in which requests run. */
  readonly loop: Loop;
  /** What is served. */
  readonly exports: ExportSource;
  /** The path of a Unix socket. */
  readonly unix?: string;
  /** A TCP address. */
  readonly tcp?: TcpAddress;
  /** Flush every change before it is acknowledged; defaults to TCP alone (N1). */
  readonly writeThrough?: { readonly unix?: boolean; readonly tcp?: boolean };
  /** Connections at once; defaults to `CONNECTIONS_MAX`. */
  readonly connectionsMax?: number;
}

/** Serves exports until closed. */
export class NbdServer {
  readonly #shared: Shared;
  readonly #listeners: (Deno.UnixListener | Deno.TcpListener)[] = [];
  readonly #connections = new Map<ClientConnection, Promise<void>>();
  readonly #accepting: Promise<void>[] = [];
  readonly #connectionsMax: number;
  #closed: Promise<void> | undefined;

  /** Made by `listen` alone. */
  private constructor(options: NbdServerOptions) {
    this.#connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
    this.#shared = {
      loop: options.loop,
      exports: options.exports,
      attachments: new Attachments(),
      budget: new Budget(SERVER_BYTES_MAX),
    };
  }

  /**
   * Begins to listen and to serve. Fails with `bad-argument`, `exists` or `locked` and what to do
   * about it when an address cannot be had.
   */
  static async listen(options: NbdServerOptions): Promise<NbdServer> {
    const server = new NbdServer(options);
    try {
      const { unix, tcp, writeThrough } = options;
      if (unix !== undefined) {
        server.#accept(await listenUnix(unix), writeThrough?.unix ?? false);
      }
      if (tcp !== undefined) server.#accept(listenTcp(tcp), writeThrough?.tcp ?? true);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Where clients can connect, the Unix socket first. */
  get addresses(): readonly NbdAddress[] {
    return this.#listeners.map(({ addr }): NbdAddress =>
      addr.transport === "tcp"
        ? { transport: "tcp", hostname: addr.hostname, port: addr.port }
        : { transport: "unix", path: (addr as Deno.UnixAddr).path }
    );
  }

  /** How many clients an export has, waiting ones included. */
  clients(name: string): number {
    return this.#shared.attachments.clients(name);
  }

  /**
   * Drops every client of an export: what they sent and was not begun is dropped, what was begun is
   * waited for. For demotion, cancelling a failover and closing a disk. Let the `ExportSource` deny
   * the export first, or the clients come back.
   */
  dropClients(name: string): Promise<void> {
    const { loop, attachments } = this.#shared;
    return runTask(loop, attachments.drop(name), "nbd/drop");
  }

  /**
   * Stops to listen, drops every client, and returns when nothing of theirs is in progress. Clients
   * that reconnect by themselves carry on with the next server.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // The runtime removes a Unix socket's file with its listener.
    for (const listener of this.#listeners) listener.close();
    await Promise.all(this.#accepting);
    const running = [...this.#connections];
    await Promise.all(running.map(([connection]) => connection.drop()));
    await Promise.all(running.map(([, ended]) => ended));
  }

  #accept(listener: Deno.UnixListener | Deno.TcpListener, writeThrough: boolean): void {
    this.#listeners.push(listener);
    this.#accepting.push(this.#acceptAll(listener, writeThrough));
  }

  async #acceptAll(
    listener: Deno.UnixListener | Deno.TcpListener,
    writeThrough: boolean,
  ): Promise<void> {
    for (;;) {
      let stream: Deno.UnixConn | Deno.TcpConn;
      try {
        stream = await listener.accept();
      } catch {
        if (this.#closed !== undefined) return;
        // Out of file descriptors, or the client was gone already: neither is a reason to stop.
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MILLISECONDS));
        continue;
      }
      if (this.#closed !== undefined || this.#connections.size >= this.#connectionsMax) {
        stream.close();
      } else this.#serve(stream, writeThrough);
    }
  }

  #serve(stream: Deno.UnixConn | Deno.TcpConn, writeThrough: boolean): void {
    if (stream.remoteAddr.transport === "tcp") {
      (stream as Deno.TcpConn).setNoDelay(true);
      (stream as Deno.TcpConn).setKeepAlive(true);
    }
    let open = true;
    const connection = new ClientConnection(
      this.#shared,
      {
        read: (bytes) => stream.read(bytes),
        write: (bytes) => stream.write(bytes),
        close() {
          if (open) stream.close();
          open = false;
        },
      },
      writeThrough,
    );
    const ended = connection.run().catch((error: unknown) => {
      if (isFailed(error)) return;
      this.#shared.loop.panic(error instanceof Error ? error : new Error(String(error)), "nbd");
    }).finally(() => this.#connections.delete(connection));
    this.#connections.set(connection, ended);
  }
}

/** How long to leave the listener alone after a failed accept. */
const ACCEPT_PAUSE_MILLISECONDS = 50;
