/**
 * The conformance suites, run on the simulated world.
 *
 * @module
 */

import { BERLIN, LORD_HOWE, NEW_YORK, UTC, type ZoneSpec } from "../../engine/sim/zone.ts";
import { SimWorld } from "../../engine/sim/world.ts";
import { SECOND } from "../../engine/core/base/units.ts";
import type { HypervisorVerb } from "../../engine/core/ports/hypervisor.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import type { SimHost } from "../../engine/sim/host.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { diskSuite } from "./disk_suite.ts";
import { folderSuite, placeSuite } from "./folder_suite.ts";
import { hypervisorSuite } from "./hypervisor_suite.ts";
import { networkSuite } from "./network_suite.ts";
import { clockSuite, codecSuite, entropySuite, observerSuite } from "./world_suite.ts";

function hostOf(seed: number, zone: ZoneSpec = UTC): SimHost {
  const host = new SimWorld({ seed, kernel: loadKernel() }).addHost("alpha", { zone });
  host.boot();
  return host;
}

function stageOf(host: SimHost) {
  const ports = host.ports;
  if (ports === undefined) throw new Error("The host runs no process");
  return {
    clock: ports.clock,
    ports,
    folder: ports.data,
    run: <T>(task: Task<T>) => host.run(task),
    end: () => host.kill(),
  };
}

for (const block of [false, true]) {
  diskSuite(block ? "simulated block device" : "simulated file", () => {
    const host = hostOf(1);
    const stage = stageOf(host);
    function* openDisk() {
      return (yield* stage.ports.openGuestDisk("d.img")).disk;
    }
    function* createDisk(size: number) {
      host.addDisk("d.img", { size, block });
      return yield* openDisk();
    }
    return { ...stage, createDisk, openDisk };
  });
}

diskSuite("simulated disk in a folder", () => {
  const stage = stageOf(hostOf(2));
  return {
    ...stage,
    createDisk: (size: number) => stage.folder.createDisk("0", size),
    openDisk: () => stage.folder.openDisk("0"),
  };
});

folderSuite("simulated", () => stageOf(hostOf(3)));
placeSuite("simulated", () => {
  const stage = stageOf(hostOf(10));
  return { ...stage, openPlace: stage.ports.openPlace, place: "/media/test" };
});
for (const [zone, spec] of Object.entries({ UTC, BERLIN, NEW_YORK, LORD_HOWE })) {
  clockSuite(`simulated, ${zone}`, () => stageOf(hostOf(4, spec)));
}
entropySuite("simulated", () => stageOf(hostOf(5)));
codecSuite("simulated", () => stageOf(hostOf(6)));
observerSuite("simulated", () => {
  const host = hostOf(7);
  const { world } = host;
  let sights = 0;
  world.onEngineEvent.push(() => sights++);
  return { ...stageOf(host), seen: () => sights };
});

hypervisorSuite("simulated", () => {
  const host = hostOf(9);
  const stage = stageOf(host);
  const script = host.hypervisor;
  return {
    ...stage,
    hypervisor: stage.ports.hypervisor,
    command: (name: string, verb: HypervisorVerb) => `${verb} ${name}`,
    fail: (name: string, verb: HypervisorVerb, reason: string) => {
      script.machine(name).fails[verb] = reason;
    },
    hang: (name: string, verb: HypervisorVerb) => {
      script.machine(name).times[verb] = 7200 * SECOND;
    },
    uris: (name: string) => script.machine(name).uris,
  };
});

networkSuite("simulated", () => {
  const world = new SimWorld({ seed: 8, kernel: loadKernel() });
  const server = world.addHost("beta");
  const client = world.addHost("alpha");
  server.boot();
  client.boot();
  const side = (host: SimHost) => ({ network: stageOf(host).ports.network, name: host.name });
  return {
    server: side(server),
    client: side(client),
    address: "beta:0",
    nobody: "beta:1",
    clock: stageOf(server).clock,
    both: <S, C>(left: Task<S>, right: Task<C>): readonly [S, C] => {
      const process = client.process;
      if (process === undefined) throw new Error("The client is dead");
      const run = process.loop.start("client", right);
      const first = server.run(left);
      world.runWhile(() => run.outcome === undefined);
      if (run.outcome === undefined) throw new Error("The client's task did not end");
      if (!run.outcome.ok) throw run.outcome.error;
      return [first, run.outcome.value];
    },
    end: () => {
      server.kill();
      client.kill();
    },
  };
});
