/**
 * What Linux knows about a block device: how large it is, and a name that outlives a reboot.
 *
 * @module
 */

import * as fs from "node:fs";
import { localFailure } from "../core/base/failure.ts";

/** Bytes of the unit in which sysfs tells the size of every device. */
const SYSFS_SECTOR = 512;

/** Links by which udev names devices, the most telling first; any other comes after these. */
const PREFERRED = ["wwn-", "nvme-eui.", "nvme-uuid.", "scsi-3", "dm-uuid-", "virtio-", "ata-"];

/** A block device. */
export interface BlockDevice {
  /** Bytes. */
  readonly size: number;
  /** Stays with the device or what is behind it; usable as a file name. */
  readonly id: string;
}

/** Describes the block device at `path`, whose number is `rdev`. */
export function describeBlockDevice(path: string, rdev: bigint): BlockDevice {
  const number = deviceNumber(rdev);
  const sectors = Number(readSys(`/sys/dev/block/${number}/size`) || NaN);
  if (!Number.isSafeInteger(sectors)) {
    throw localFailure(
      "io-error",
      `Cannot tell the size of "${path}": /sys/dev/block/${number}/size is not there`,
      "Mount sysfs at /sys, or use an image file",
    );
  }
  return { size: sectors * SYSFS_SECTOR, id: fileName(stableId(path, number)) };
}

/** `major:minor` out of a device number as stat gives it. */
export function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return `${major}:${BigInt.asUintN(32, minor)}`;
}

/**
 * udev's name, else a serial number from sysfs, else what is behind a loop device, else the number,
 * which may mean another device after a reboot: then the log says `wrong-disk` and nothing is lost.
 */
function stableId(path: string, number: string): string {
  const link = linkTo(fs.realpathSync(path));
  if (link !== undefined) return link;
  const sys = `/sys/dev/block/${number}`;
  for (const file of ["wwid", "serial", "device/wwid", "device/serial", "dm/uuid"]) {
    const text = readSys(`${sys}/${file}`);
    if (text !== "") return text;
  }
  const partition = readSys(`${sys}/partition`);
  if (partition !== "") {
    const whole = readSys(`${sys}/../dev`);
    if (whole !== "") return `${stableId(path, whole)}-part${partition}`;
  }
  const backing = readSys(`${sys}/loop/backing_file`);
  return backing === "" ? `dev-${number}` : `loop-${backing}`;
}

function linkTo(device: string): string | undefined {
  const folder = "/dev/disk/by-id";
  let names: string[];
  try {
    names = fs.readdirSync(folder).filter((name) => pointsTo(`${folder}/${name}`, device));
  } catch {
    return undefined;
  }
  const rank = (name: string) => {
    const place = PREFERRED.findIndex((prefix) => name.startsWith(prefix));
    return place < 0 ? PREFERRED.length : place;
  };
  return names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))[0];
}

function pointsTo(link: string, device: string): boolean {
  try {
    return fs.realpathSync(link) === device;
  } catch {
    return false;
  }
}

function readSys(path: string): string {
  try {
    return fs.readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

/** Characters that a file name may have, at most 120 of them. */
function fileName(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9._:-]+/g, "_").replace(/^\.+/, "").slice(-120);
}
