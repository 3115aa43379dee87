/**
 * The lab's server as it listens: parts put together, a port of this machine, an orderly end.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { LAB_ADDRESS } from "./address.ts";
import { createLab } from "./app.ts";
import { Library } from "./library.ts";
import { PageFiles } from "./page_files.ts";
import { startDrillThread } from "./runs/drill_thread.ts";
import { RunQueue } from "./runs/run_queue.ts";
import { openDatabase } from "./storage/database.ts";
import { RunStore } from "./storage/run_store.ts";
import { SavedScenarios } from "./storage/saved_scenarios.ts";

/** ms for requests under way when the server ends. */
const GRACE = 2000;
const WAITING_MAX = 32;
const RUN_TIME_MAX = 600_000;

/** What is served, and where. */
export interface ServeOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** The folder of the built page. */
  readonly page: string;
  /** Where saved scenarios and runs are kept; undefined for memory alone. */
  readonly data: string | undefined;
  /** Told of errors that are bugs. */
  readonly bug: (error: unknown) => void;
}

/** A server that listens. */
export interface RunningLab {
  readonly url: string;
  /** Ends it: runs are stopped, requests under way get a moment, the database is closed. */
  stop(): Promise<void>;
}

/** Begins to listen; throws `Deno.errors.AddrInUse` for a port that is taken, and what `openDatabase` throws. */
export function serveLab(options: ServeOptions): RunningLab {
  const database = openDatabase(options.data);
  const where = options.data ?? "memory";
  const queue = new RunQueue(new RunStore(database, where), startDrillThread, {
    // One core is left to the browser that looks at it.
    atOnce: Math.max(1, Math.min(4, availableParallelism() - 1)),
    waiting: WAITING_MAX,
    time: RUN_TIME_MAX,
  });
  const app = createLab({
    page: new PageFiles(options.page),
    library: new Library(),
    saved: new SavedScenarios(database, where),
    queue,
    bug: options.bug,
  });
  const abort = new AbortController();
  try {
    const server = Deno.serve({
      hostname: LAB_ADDRESS,
      port: options.port,
      signal: abort.signal,
      onListen: () => {},
    }, app.fetch);
    return {
      url: `http://${LAB_ADDRESS}:${server.addr.port}`,
      stop: async () => {
        queue.close();
        const timer = setTimeout(() => abort.abort(), GRACE);
        await server.shutdown();
        clearTimeout(timer);
        database.close();
      },
    };
  } catch (error) {
    queue.close();
    database.close();
    throw error;
  }
}
