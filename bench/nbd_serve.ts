/**
 * Serves a file over NBD until its standard input ends: the process under test of `nbd_bench.ts`.
 *
 *     deno run -A bench/nbd_serve.ts SOCKET FILE plain|disk|tracked|small
 *
 * `disk` is the real disk of the agent, `plain` the least that a disk can be. `tracked` is the disk
 * of a protected machine, just after a recovery point: no bit is set and no region is hot. `small` is
 * the same with an activity log of 64 regions, a quarter of those of a file of 1 GiB: the working set
 * does not fit.
 *
 * @module
 */

import {
  ACTIVITY_SLOTS,
  BLOCK_SIZE,
  COW_SIZE_DEFAULT,
  REGION_SIZE,
} from "../engine/core/base/limits.ts";
import type { MachineId, PointId } from "../engine/core/base/units.ts";
import type { Ports } from "../engine/core/ports/ports.ts";
import type { Task } from "../engine/core/runtime/task.ts";
import { cutDisks } from "../engine/core/tracking/cut.ts";
import { TrackedDisk } from "../engine/core/tracking/tracked_disk.ts";
import { realClock } from "../engine/host/clock.ts";
import { CodecPool } from "../engine/host/codec_pool.ts";
import { openDisk } from "../engine/host/disk.ts";
import { realEntropy } from "../engine/host/entropy.ts";
import { openFolder } from "../engine/host/folder.ts";
import type { ServedDisk } from "../engine/host/nbd/export.ts";
import { NbdServer } from "../engine/host/nbd/server.ts";
import { openGuestDisk } from "../engine/host/ports.ts";
import { realLoop, runTask } from "../engine/host/real_loop.ts";
import { loadKernel } from "../wasm/codec.ts";
import { FileDisk } from "./file_disk.ts";

/** Regions in the activity log of `small`. */
const SLOTS_SMALL = 64;

const [unix, file, mode] = Deno.args;
if (unix === undefined || file === undefined || mode === undefined) {
  console.error("Usage: nbd_serve.ts SOCKET FILE plain|disk|tracked|small");
  Deno.exit(2);
}

const loop = realLoop();

/** The file as a protected machine's disk whose first point is staged. */
function* track(path: string, slots: number): Task<TrackedDisk> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const guest = yield* openGuestDisk(folder, path);
  // Tracking needs no network and no hypervisor.
  const ports = {
    loop,
    clock: realClock,
    entropy: realEntropy,
    codec: new CodecPool(loadKernel(), { workers: 0 }),
    observer: { emit() {} },
  } as unknown as Ports;
  const machine = "00".repeat(16) as MachineId;
  yield* TrackedDisk.remove(guest);
  const disk = yield* TrackedDisk.create(ports, guest, {
    geometry: { blockSize: BLOCK_SIZE, regionSize: REGION_SIZE },
    slots,
    cowSizeMax: COW_SIZE_DEFAULT,
    marks: openFolder(folder),
    machine,
    disk: 0,
  });
  const point = "01".repeat(16) as PointId;
  yield* disk.issue(point);
  yield* cutDisks(realClock, [disk]);
  yield* disk.staged(point);
  return disk;
}

function open(path: string, kind: string): Promise<ServedDisk> | ServedDisk {
  if (kind === "plain") return new FileDisk(path);
  if (kind === "disk") return openDisk(path);
  return runTask(loop, track(path, kind === "small" ? SLOTS_SMALL : ACTIVITY_SLOTS), "track");
}

const disk = await open(file, mode);
const opened = { disk, size: disk.size, readOnly: false, multiConn: true };
const server = await NbdServer.listen({
  loop,
  exports: {
    list: () => [{ name: "VM/0", description: file }],
    open: (name) => name === "VM/0" ? opened : undefined,
  },
  unix,
});
console.log("ready");
for await (const _ of Deno.stdin.readable);
await server.close();
await runTask(loop, disk.close(), "close");
