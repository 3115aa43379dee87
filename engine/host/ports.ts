/**
 * All ports of one server in the real world.
 *
 * Rule: closing gives back what was opened here, and nothing else: disks and files are the
 * engine's.
 *
 * @module
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { type Failed, requestFailure } from "../core/base/failure.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { GuestDisk, LogPlace, Ports } from "../core/ports/ports.ts";
import type { Loop } from "../core/runtime/loop.ts";
import type { Task } from "../core/runtime/task.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { type BlockDevice, describeBlockDevice } from "./block_device.ts";
import { realClock } from "./clock.ts";
import { CodecPool } from "./codec_pool.ts";
import { openDisk } from "./disk.ts";
import { realEntropy } from "./entropy.ts";
import { openFolder, openPlace } from "./folder.ts";
import { CommandHypervisor, type UriOf } from "./hypervisor.ts";
import { osFailure } from "./os_failure.ts";
import { readCredentials } from "./pki.ts";
import { type Panic, realLoop } from "./real_loop.ts";
import { TlsNetwork } from "./tls_network.ts";

/** What a server's world is made of. */
export interface RealPortsOptions {
  /** The data folder; its `tls` folder holds key and certificates. */
  readonly dataDir: string;
  readonly observer: Observer;
  /** Told of a bug of ours; without it the process ends. Ignored when `loop` is given. */
  readonly panic?: Panic;
  /** A loop that there is already. */
  readonly loop?: Loop;
  /** Told of every peer that was refused, and why. */
  readonly onRejected?: (failure: Failed) => void;
  /** Where guests reach an export, for the administrator's commands; by its name alone unless given. */
  readonly uriOf?: UriOf;
  /** Threads of the codec; 2 unless stated. */
  readonly workers?: number;
}

/** The ports, and what only the real world has. */
export interface RealPorts extends Ports {
  readonly network: TlsNetwork;
  /** Starts the codec's threads before anybody needs them. */
  warm(): void;
  /** Ends the codec's threads. Nothing may be in progress. */
  close(): void;
}

/**
 * Opens the real world for one server. Fails when the data folder or its certificates are no good.
 */
export function realPorts(options: RealPortsOptions): RealPorts {
  const { dataDir, onRejected } = options;
  const data = openFolder(dataDir);
  const network = new TlsNetwork({
    credentials: () => readCredentials(data.path),
    ...(onRejected === undefined ? {} : { onRejected }),
  });
  const codec = new CodecPool(loadKernel(), { workers: options.workers ?? 2 });
  return {
    loop: options.loop ?? realLoop(options.panic),
    clock: realClock,
    entropy: realEntropy,
    codec,
    network,
    hypervisor: new CommandHypervisor(options.uriOf ?? ((disk) => disk)),
    observer: options.observer,
    data,
    openGuestDisk: (file) => openGuestDisk(data.path, file),
    logPlace: (file) => logPlace(data.path, file),
    openPlace,
    warm: () => codec.warm(),
    close: () => codec.close(),
  };
}

/**
 * Opens the guest's disk at `file`. The logs of an image lie beside it, also where it is named by a
 * link; those of a block device in `DATA/logs`, by its stable id.
 */
// deno-lint-ignore require-yield -- the kernel answers at once
export function* openGuestDisk(dataDir: string, file: string): Task<GuestDisk> {
  if (!path.isAbsolute(file)) {
    throw requestFailure(
      "bad-argument",
      `The path of a disk begins with "/", and this one does not: "${file}"`,
      "Give the whole path: a server has no folder of its own in which to look",
    );
  }
  const disk = openDisk(file);
  try {
    if (disk.device !== undefined) return { disk, ...deviceLogs(dataDir, disk.device) };
    const { folder, name } = disk.place();
    return { disk, logs: openFolder(folder), stem: name };
  } catch (error) {
    disk.abandon();
    throw error;
  }
}

/** The same place without the disk, which anybody may have open. */
// deno-lint-ignore require-yield -- the kernel answers at once
export function* logPlace(dataDir: string, file: string): Task<LogPlace> {
  try {
    const stat = fs.statSync(file, { bigint: true });
    if (stat.isBlockDevice()) return deviceLogs(dataDir, describeBlockDevice(file, stat.rdev));
    const real = fs.realpathSync(file);
    return { logs: openFolder(path.dirname(real)), stem: path.basename(real) };
  } catch (error) {
    throw osFailure(error, `find "${file}"`);
  }
}

function deviceLogs(dataDir: string, { id }: BlockDevice): LogPlace {
  return { logs: openFolder(`${dataDir}/logs`, { create: true }), stem: id };
}
