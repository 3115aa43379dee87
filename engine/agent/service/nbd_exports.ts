/**
 * The engine's exports as the NBD server wants them, and its clients as the engine does.
 *
 * Rule: what the engine withdraws is denied before its clients are dropped, so none comes back (L6).
 *
 * @module
 */

import type { Exports, ExportUser } from "../../core/server/exports.ts";
import type { Task } from "../../core/runtime/task.ts";
import type { ExportEntry, ExportSource, OpenExport } from "../../host/nbd/export.ts";
import type { NbdServer } from "../../host/nbd/server.ts";
import { promiseTask } from "../../host/real_loop.ts";

/** What the NBD server serves. One client at a time: a new one supersedes the one before (N2). */
export function exportSource(exports: Exports): ExportSource {
  return {
    list(): ExportEntry[] {
      return exports.list().map((name) => ({ name, description: "" }));
    },
    open(name): OpenExport | undefined {
      const found = exports.get(name);
      if (found === undefined) return undefined;
      return { disk: found.disk, readOnly: false, size: found.disk.size };
    },
  };
}

/** The NBD server as whoever uses exports. */
export function exportUser(nbd: NbdServer): ExportUser {
  return {
    drop: (name): Task<void> => promiseTask(() => nbd.dropClients(name)),
    clients: (name) => nbd.clients(name),
  };
}
