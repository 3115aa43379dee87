/**
 * All ports of one simulated process.
 *
 * @module
 */

import { localFailure } from "../core/base/failure.ts";
import type { GuestDisk, Ports } from "../core/ports/ports.ts";
import type { Clock, Entropy } from "../core/ports/clock.ts";
import type { Observer } from "../core/ports/observer.ts";
import { simClock } from "./clock.ts";
import { simCodec } from "./codec.ts";
import { SimDisk } from "./disk.ts";
import { SimFolder } from "./folder.ts";
import { simHypervisor } from "./hypervisor.ts";
import { SimNetwork } from "./network_port.ts";
import { simObserver } from "./observer.ts";
import { hashText, type Prng } from "./prng.ts";
import type { SimProcess } from "./process.ts";
import type { Task } from "../core/runtime/task.ts";
import { EVENT } from "./trace.ts";

/** The ports of `process`; identities are drawn from `random`. */
export function simPorts(process: SimProcess, random: Prng): Ports {
  const { host } = process;
  const clock: Clock = simClock(process);
  const entropy: Entropy = { bytes: (length) => random.bytes(length) };
  const observer: Observer = simObserver(process);
  return {
    loop: process.loop,
    clock,
    entropy,
    codec: simCodec(host.world.kernel, host.world.codecCosts, (micros) => clock.sleep(micros)),
    network: new SimNetwork(process),
    hypervisor: simHypervisor(process, host.hypervisor),
    observer,
    data: new SimFolder(process, host.data),
    openGuestDisk: (path) => openGuestDisk(process, path),
  };
}

/** Opens the guest's disk called `path` on the process's host, under its exclusive lock. */
function openGuestDisk(process: SimProcess, path: string): Task<GuestDisk> {
  const { host } = process;
  return process.call<GuestDisk>({
    kind: EVENT.open,
    payload: hashText(path, 0),
    delay: 50,
    perform: () => {
      const device = host.disks.get(path);
      if (device === undefined) {
        throw localFailure("not-found", `Cannot open ${path}: no such disk`, "Check the path");
      }
      device.volume.check("open", path);
      const disk = new SimDisk(process, device.node, path, !device.block);
      const logs = new SimFolder(process, device.block ? host.data : host.logs);
      return { disk, logs, stem: path };
    },
    undo: ({ disk }) => (disk as SimDisk).abandon(),
  });
}
