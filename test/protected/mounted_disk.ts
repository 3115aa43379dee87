/**
 * A protected disk as a block device of this host, without a virtual machine: the export behind
 * QEMU's NBD driver, that behind nbdfuse, that behind a loop device, with an ext4 on it.
 *
 * nbdfuse gives a file whose every request fails once its server is gone; it never connects again.
 * QEMU's driver does: it holds requests back and sends them again to the next server. So qemu-nbd
 * stands between, with the `-blockdev` options that Warmsite prints for a virtual machine.
 *
 * @module
 */

import assert from "node:assert/strict";

import { condition, device, linux, type Need, program, root } from "../needs.ts";
import { Beside, mustRun, PATH, run } from "./foreign.ts";
import type { Site } from "./site.ts";

/** What loop devices need. */
export const loopNeeds: readonly Need[] = [
  linux,
  root,
  program("losetup", "mount"),
  program("mount", "mount"),
  condition("a loop device (losetup --find)", () => hasLoop()),
];

/** What a `MountedDisk` needs. */
export const mountNeeds: readonly Need[] = [
  ...loopNeeds,
  device("/dev/fuse"),
  program("fusermount3", "fuse3"),
  program("nbdfuse", "libnbd-bin"),
  program("qemu-nbd", "qemu-utils"),
  program("mkfs.ext4", "e2fsprogs"),
  program("e2fsck", "e2fsprogs"),
];

function hasLoop(): boolean {
  try {
    const { success } = new Deno.Command("losetup", { args: ["--find"], env: { PATH } })
      .outputSync();
    return success;
  } catch {
    return false;
  }
}

/** Attaches `file` to a loop device until the test ends; returns the device. */
export async function attachLoop(site: Site, file: string, ...more: string[]): Promise<string> {
  const loop = (await mustRun("losetup", "--find", "--show", ...more, file)).trim();
  site.atEnd(() => run("losetup", ["--detach", loop]));
  return loop;
}

/** Mounts `loop` at a folder of the test until it ends; returns the folder. */
export async function mount(site: Site, name: string, loop: string, options: string) {
  const folder = `${site.folder}/${name}`;
  Deno.mkdirSync(folder);
  await mustRun("mount", "-o", options, loop, folder);
  // Lazily as a last resort: a file system whose disk has gone cannot be unmounted otherwise.
  site.atEnd(async () => {
    if ((await run("umount", [folder])).code !== 0) await run("umount", ["--lazy", folder]);
  });
  return folder;
}

/** A block device that is an export. */
export interface AttachedExport {
  readonly loop: string;
  /** Lets the export go, when nothing is mounted any more. Idempotent; the test's end does it too. */
  detach(): Promise<void>;
}

/** Makes a block device of the export with QEMU's options `blockdev`. `name` is for its files. */
export async function attachExport(
  site: Site,
  blockdev: string,
  name = "export",
): Promise<AttachedExport> {
  const socket = `${site.folder}/${name}.sock`;
  // Half a minute is long for a restart, and short for a test that failed with no server left.
  const options = blockdev.replace(/node-name=[^,]*,/, "")
    .replace(/reconnect-delay=\d+/, "reconnect-delay=30");
  const qemu = Beside.start("qemu-nbd", [
    "--persistent",
    "--discard=unmap",
    `--socket=${socket}`,
    "--export-name=disk",
    "--image-opts",
    options,
  ]);
  site.atEnd(() => qemu.end("SIGKILL"));
  await qemu.until(() => exists(socket));
  const folder = `${site.folder}/${name}.fuse`;
  Deno.mkdirSync(folder);
  const fuse = Beside.start("nbdfuse", [`${folder}/nbd`, `nbd+unix:///disk?socket=${socket}`]);
  const endFuse = async () => {
    await run("fusermount3", ["-u", "-z", folder]);
    await fuse.end("SIGTERM");
  };
  site.atEnd(endFuse);
  await fuse.until(() => exists(`${folder}/nbd`));
  const loop = await attachLoop(site, `${folder}/nbd`);
  return {
    loop,
    async detach() {
      await run("losetup", ["--detach", loop]);
      await endFuse();
      await qemu.end("SIGTERM");
    },
  };
}

/** A copy of the failed-over disk at `uri` whose file system was checked as an administrator would. */
export async function checkedCopy(site: Site, uri: string, name: string): Promise<string> {
  const copy = `${site.folder}/${name}`;
  await mustRun("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy);
  const repaired = await run("e2fsck", ["-p", copy]);
  assert.ok(repaired.code <= 1, `e2fsck -p ended with ${repaired.code}: ${repaired.text}`);
  const checked = await run("e2fsck", ["-fn", copy]);
  assert.equal(checked.code, 0, checked.text);
  return copy;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
