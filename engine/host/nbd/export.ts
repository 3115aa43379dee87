/**
 * What an NBD server serves, as it sees it.
 *
 * @module
 */

import type { Disk } from "../../core/ports/disk.ts";
import type { Task } from "../../core/runtime/task.ts";
import { EXPORT_FLAG } from "./protocol.ts";

/** What a client is shown of an export before it opens it. */
export interface ExportEntry {
  /** `VM/0` for a machine's first disk. */
  readonly name: string;
  /** For people. */
  readonly description: string;
}

/**
 * A disk that may do more than the port asks for. Each is used when it is there, and only saves
 * work: without `readInto` a read costs an allocation and a copy, without `zeroKeepingSpace` a
 * WRITE_ZEROES with NO_HOLE writes zeros.
 */
export interface ServedDisk extends Disk {
  /** Fills `into` with the bytes at `at`; `into` is the disk's until it returns. */
  readInto?(at: number, into: Uint8Array): Task<void>;
  /** Makes a range read as zeros without giving its space back. */
  zeroKeepingSpace?(at: number, length: number): Task<void>;
}

/** An export that was opened for one connection. */
export interface OpenExport {
  /** Where requests go. Closed by whoever owns it, after `NbdServer.dropClients`. */
  readonly disk: ServedDisk;
  /** Writes are refused with EPERM. */
  readonly readOnly: boolean;
  /** Bytes; at most `disk.size`. */
  readonly size: number;
  /**
   * Whether several clients may be connected at once. True promises that a flush on one connection
   * covers what was written on all, which holds where they share one `Disk`. Absent or false: a
   * connection supersedes the one before it (N2).
   */
  readonly multiConn?: boolean;
  /** Whether `disk.zero` is much faster than writing; absent means yes. */
  readonly fastZero?: boolean;
}

/** Where the server finds exports. Asked at every handshake, so that what it says may change. */
export interface ExportSource {
  /** All exports, for `NBD_OPT_LIST`. */
  list(): readonly ExportEntry[];
  /** The export of that name as it is now; `undefined` when there is none to be served. */
  open(name: string): OpenExport | undefined;
}

/** The transmission flags that say what `opened` can do. */
export function exportFlags(opened: OpenExport): number {
  const common = EXPORT_FLAG.HAS_FLAGS | EXPORT_FLAG.SEND_FLUSH | EXPORT_FLAG.SEND_FUA |
    EXPORT_FLAG.SEND_DF | EXPORT_FLAG.SEND_CACHE |
    (opened.multiConn === true ? EXPORT_FLAG.CAN_MULTI_CONN : 0);
  if (opened.readOnly) return common | EXPORT_FLAG.READ_ONLY;
  return common | EXPORT_FLAG.SEND_TRIM | EXPORT_FLAG.SEND_WRITE_ZEROES |
    EXPORT_FLAG.SEND_FAST_ZERO;
}
