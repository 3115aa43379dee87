/**
 * The conformance suites, run on the adapters of the real world.
 *
 * @module
 */

import * as fs from "node:fs";
import * as net from "node:net";
import { Log } from "../../engine/agent/service/log.ts";
import type { Disk } from "../../engine/core/ports/disk.ts";
import type { HypervisorVerb } from "../../engine/core/ports/hypervisor.ts";
import type { Task } from "../../engine/core/runtime/task.ts";
import { realClock } from "../../engine/host/clock.ts";
import { CodecPool } from "../../engine/host/codec_pool.ts";
import { realEntropy } from "../../engine/host/entropy.ts";
import { openFolder, openPlace } from "../../engine/host/folder.ts";
import { openDisk } from "../../engine/host/disk.ts";
import { CommandHypervisor } from "../../engine/host/hypervisor.ts";
import { realLoop, runTask } from "../../engine/host/real_loop.ts";
import { TlsNetwork } from "../../engine/host/tls_network.ts";
import { loadKernel } from "../../wasm/codec.ts";
import { credentials } from "../host/certificates.ts";
import { condition, linux, program, root, testWithNeeds, unmetReason } from "../needs.ts";
import { diskSuite } from "./disk_suite.ts";
import { folderSuite, placeSuite } from "./folder_suite.ts";
import { hypervisorSuite } from "./hypervisor_suite.ts";
import { networkSuite } from "./network_suite.ts";
import { clockSuite, codecSuite, entropySuite, observerSuite } from "./world_suite.ts";

/** A loop, the clock, and a temporary folder that goes when the stage ends. */
function stageOnDisk() {
  const loop = realLoop();
  const path = Deno.makeTempDirSync({ prefix: "warmsite-conformance-" });
  return {
    path,
    clock: realClock,
    folder: openFolder(path),
    run: <T>(task: Task<T>) => runTask(loop, task),
    end: () => Deno.removeSync(path, { recursive: true }),
  };
}

diskSuite("image file", () => {
  const stage = stageOnDisk();
  const file = `${stage.path}/disk.img`;
  return {
    ...stage,
    createDisk: (size: number) => opened(file, size),
    openDisk: () => opened(file),
  };
});

diskSuite("disk in a folder", () => {
  const stage = stageOnDisk();
  return {
    ...stage,
    createDisk: (size: number) => stage.folder.createDisk("0", size),
    openDisk: () => stage.folder.openDisk("0"),
  };
});

// deno-lint-ignore require-yield -- the adapter opens at once
function* opened(file: string, create?: number): Task<Disk> {
  return openDisk(file, create === undefined ? {} : { create });
}

const loopDevice = [
  linux,
  root,
  program("losetup", "mount"),
  condition("a free loop device", () => attach(Deno.execPath(), ["--read-only"], detach) === true),
];
if (unmetReason(loopDevice) !== undefined) {
  // Stands for the whole suite, and says why it is left out.
  testWithNeeds({ name: "Disk, block device", needs: loopDevice }, () => {});
} else {
  diskSuite("block device", () => {
    const stage = stageOnDisk();
    let device = "";
    const end = () => {
      if (device !== "") detach(device);
      stage.end();
    };
    function* createDisk(size: number): Task<Disk> {
      const file = `${stage.path}/behind.img`;
      fs.writeFileSync(file, "");
      fs.truncateSync(file, size);
      attach(file, [], (path) => device = path);
      return yield* opened(device);
    }
    return { ...stage, end, createDisk, openDisk: () => opened(device), fixed: true };
  });
}

function attach(file: string, options: string[], use: (device: string) => void): boolean {
  const command = new Deno.Command("losetup", { args: ["--find", "--show", ...options, file] });
  const { success, stdout } = command.outputSync();
  if (success) use(new TextDecoder().decode(stdout).trim());
  return success;
}

function detach(device: string): void {
  new Deno.Command("losetup", { args: ["--detach", device] }).outputSync();
}

folderSuite("real", stageOnDisk);
placeSuite("real", () => {
  const stage = stageOnDisk();
  return { ...stage, openPlace, place: stage.path };
});

/** The commands of an administrator whose machines are folders: what was done to one lies in it. */
hypervisorSuite("commands", () => {
  const stage = stageOnDisk();
  const folderOf = (machine: string) => {
    fs.mkdirSync(`${stage.path}/${machine}`, { recursive: true });
    return `${stage.path}/${machine}`;
  };
  const deeds: Readonly<Record<HypervisorVerb, string>> = {
    freeze: "touch frozen",
    thaw: "rm frozen || exit 3",
    start: `echo running > power; printf %s "$WARMSITE_URIS" > uris`,
    stop: "echo stopped > power",
    status: "if [ -e power ]; then cat power; fi",
  };
  return {
    ...stage,
    hypervisor: new CommandHypervisor((disk) => disk),
    command: (machine: string, verb: HypervisorVerb) =>
      `set -e; cd '${folderOf(machine)}'; test "$WARMSITE_VM" = '${machine}'; ` +
      `test "$WARMSITE_ACTION" = ${verb}; ` +
      `if [ -s ${verb}.fails ]; then cat ${verb}.fails >&2; exit 1; fi; ` +
      `if [ -e ${verb}.hangs ]; then sleep 60 | cat; fi; ${deeds[verb]}`,
    fail: (machine: string, verb: HypervisorVerb, reason: string) =>
      fs.writeFileSync(`${folderOf(machine)}/${verb}.fails`, reason),
    hang: (machine: string, verb: HypervisorVerb) =>
      fs.writeFileSync(`${folderOf(machine)}/${verb}.hangs`, ""),
    uris: (machine: string) =>
      fs.readFileSync(`${folderOf(machine)}/uris`, "utf8").split("\n").filter((uri) => uri !== ""),
  };
});

function smallPorts() {
  const loop = realLoop();
  const codec = new CodecPool(loadKernel());
  const lines: string[] = [];
  const observer = new Log("json", (line) => lines.push(line), true);
  return {
    seen: () => lines.filter((line) => JSON.parse(line).time !== undefined).length,
    clock: realClock,
    ports: { clock: realClock, entropy: realEntropy, codec, observer },
    run: <T>(task: Task<T>) => runTask(loop, task),
    end: () => codec.close(),
  };
}

clockSuite("real", smallPorts);
entropySuite("real", smallPorts);
codecSuite("real", smallPorts);
observerSuite("real", smallPorts);

networkSuite("TLS", async () => {
  const loop = realLoop();
  const [server, client] = [await side("beta"), await side("alpha")];
  return {
    server,
    client,
    address: "127.0.0.1:0",
    nobody: `127.0.0.1:${await freePort()}`,
    clock: realClock,
    both: <S, C>(left: Task<S>, right: Task<C>) =>
      Promise.all([runTask(loop, left, "server"), runTask(loop, right, "client")]),
    end: async () => {
      await runTask(loop, server.network.allClosed());
      await runTask(loop, client.network.allClosed());
    },
  };
});

async function side(name: string): Promise<{ network: TlsNetwork; name: string }> {
  const own = await credentials(name);
  return { network: new TlsNetwork({ credentials: () => own }), name };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
