/**
 * The disaster, step by step: protect, write, cycle, kill, fail over, compare.
 *
 * @module
 */

import { localFailure } from "../../core/base/failure.ts";
import type { Value, ValueObject } from "../command/command.ts";
import { formatSize } from "../command/quantity.ts";
import { fieldsOf, rowsOf, textOf } from "../command/value.ts";
import { compareDisk } from "./comparison.ts";
import { type DemoDisks, prepareDisks } from "./disks.ts";
import { checkFileSystem, uncheckedFileSystem } from "./file_system.ts";
import { Guest } from "./guest.ts";
import { type ServerPair, startPair } from "./pair.ts";
import type { Stage } from "./stage.ts";
import type { DemoFacts } from "./verdict.ts";

/** The machine's name. */
const VM = "demo";
/** Cycles before the disaster. */
const CYCLES = 4;
/** How long the guest writes between cycles and before the disaster, ms. */
const PAUSE = 700;
/** Seconds after which a slow host is spared further cycles. */
const CYCLES_UNTIL = 16;
/** How long initial replication may take before the demo gives up, ms. */
const FIRST_MAX = 600_000;

/** A cycle that was acknowledged. */
interface CycleNote {
  readonly point: string;
  /** Writes acknowledged before it was asked for: all of them must be in its point. */
  readonly least: number;
  /** Writes issued when it returned: none after them may be. */
  readonly most: number;
}

/** What everything after the preparation works with. */
interface Scene {
  readonly stage: Stage;
  readonly disks: DemoDisks;
  readonly pair: ServerPair;
  readonly guest: Guest;
}

/** Plays it and returns what was found. */
export async function playDisaster(stage: Stage, image: string | undefined): Promise<DemoFacts> {
  const disks = await prepareDisks(stage, image);
  const pair = await startPair(stage);
  stage.tell(
    `Started two servers: primary (process ${pair.primary.pid}), replica (process ` +
      `${pair.replica.pid}), mutual TLS between them`,
  );
  const scene = { stage, disks, pair, guest: await protect(stage, disks, pair) };
  await replicateFirst(scene);
  const cycles = await runCycles(scene);
  const status = fieldsOf(await pair.primary.call("replication status", { vm: VM }));
  await wait(PAUSE);
  const killedAt = await killPrimary(scene);
  const points = rowsOf(await pair.replica.call("points list", { vm: VM }));
  const failover = await startFailover(scene, undefined);
  const failoverSeconds = (performance.now() - killedAt) / 1000;
  stage.tell(
    `Failed over to the newest of ${points.length} recovery points, ` +
      `${failoverSeconds.toFixed(1)} s after the kill`,
  );
  const found = await compareAll(scene, failover, promisedBy(scene, cycles), true);
  const earlier = await goBack(scene, cycles);
  return {
    vm: VM,
    point: textOf(failover["point"]),
    points: points.length,
    cycles: cycles.length,
    bytesSent: Number(status["bytesSent"]),
    compressedRatio: status["compressedRatio"] as number | null,
    ...lossesOf(scene, found.writes, killedAt),
    promised: cycles.at(-1)?.least ?? 0,
    failoverSeconds: round(failoverSeconds),
    bytesCompared: found.bytes + earlier.bytes,
    differences: [...found.differences, ...earlier.differences],
    fileSystem: await inspect(scene),
  };
}

/** Adds the machine, lets its guest write from now on, and enables replication. */
async function protect(stage: Stage, disks: DemoDisks, pair: ServerPair): Promise<Guest> {
  const { primary, replica } = pair;
  const added = fieldsOf(await primary.call("vm add", { vm: VM, disks: disks.files }));
  const uri = textOf(rowsOf(added["disks"])[disks.written]?.["uri"]);
  const guest = await Guest.start(uri, disks.places);
  stage.atEnd(() => guest.stop());
  stage.tell("The guest writes to its disk over NBD and will not stop");
  // Only the demo itself asks for cycles, so that it knows what was written before each.
  const frequency = 3_600_000_000;
  await primary.call("replication enable", { vm: VM, to: replica.listen, frequency });
  return guest;
}

/** Initial replication, while the guest writes. */
async function replicateFirst({ stage, pair: { primary }, guest }: Scene): Promise<void> {
  const began = performance.now();
  await primary.call("replication start", { vm: VM });
  for (let told = began;;) {
    const status = fieldsOf(await primary.call("replication status", { vm: VM }));
    const { state, backlogBytes, bytesSent } = status;
    if (state === "Replicating") break;
    const now = performance.now();
    if (now - began > FIRST_MAX || (state !== "InitialReplicationInProgress")) {
      throw localFailure(
        "timed-out",
        `Initial replication ended in state ${textOf(state)}`,
        "Run it again with --keep DIR, and look at the logs of both servers there",
      );
    }
    if (now - told > 1000) {
      stage.tell(`  ${sizeOf(bytesSent)} sent, ${sizeOf(backlogBytes)} to go`);
      told = now;
    }
    await wait(25);
  }
  const status = fieldsOf(await primary.call("replication status", { vm: VM }));
  stage.tell(
    `Initial replication: ${sizeOf(status["bytesSent"])} sent as ` +
      `${sizeOf(status["wireBytes"])}, the guest had ${guest.record.acknowledged} writes ` +
      `acknowledged meanwhile`,
  );
}

async function runCycles({ stage, pair: { primary }, guest }: Scene): Promise<CycleNote[]> {
  const notes: CycleNote[] = [];
  const { record } = guest;
  const before = record.acknowledged;
  for (let number = 1; number <= CYCLES; number++) {
    if (number > 2 && stage.seconds > CYCLES_UNTIL) break;
    await wait(PAUSE);
    const began = performance.now();
    const least = record.acknowledged;
    const { point } = fieldsOf(await primary.call("replication cycle", { vm: VM }));
    notes.push({ point: textOf(point), least, most: record.issued });
    const took = ((performance.now() - began) / 1000).toFixed(2);
    stage.tell(
      `Cycle ${number}: ${least - (notes.at(-2)?.least ?? before)} more writes; recovery ` +
        `point ${textOf(point).slice(0, 8)} is staged at the replica after ${took} s`,
    );
  }
  return notes;
}

/** SIGKILL, at whatever the primary does; returns when. */
async function killPrimary({ stage, pair, guest }: Scene): Promise<number> {
  const { record } = guest;
  await guest.inMidWrite();
  const killedAt = performance.now();
  await pair.primary.kill();
  await guest.ended;
  stage.tell(
    `Killed the primary (SIGKILL) under load: ${record.acknowledged} writes acknowledged, ` +
      `${record.issued - record.acknowledged} under way`,
  );
  return killedAt;
}

async function startFailover(
  { pair }: Scene,
  point: string | undefined,
): Promise<ValueObject> {
  return fieldsOf(await pair.replica.call("failover start", { vm: VM, point }));
}

/** Writes that must and may be in the newest point: a cycle may have been under way at the kill. */
function promisedBy({ guest: { record } }: Scene, cycles: readonly CycleNote[]): CycleNote {
  const last = cycles.at(-1);
  return { point: last?.point ?? "", least: last?.least ?? 0, most: record.issued };
}

interface Found {
  /** The written disk holds writes 1 to this one. */
  readonly writes: number;
  readonly bytes: number;
  readonly differences: readonly string[];
}

/** Compares every disk of a failover with the record; `keep` leaves a copy of the first one. */
async function compareAll(
  { stage, disks, guest }: Scene,
  failover: ValueObject,
  { least, most }: CycleNote,
  keep: boolean,
): Promise<Found> {
  let [writes, bytes] = [0, 0];
  const differences: string[] = [];
  for (const [index, disk] of rowsOf(failover["disks"]).entries()) {
    const isWritten = index === disks.written;
    const result = await compareDisk({
      uri: textOf(disk["uri"]),
      pristine: disks.pristine[index] ?? "",
      least: isWritten ? least : 0,
      most: isWritten ? most : 0,
      ...(isWritten ? { record: guest.record } : {}),
      ...(keep && index === 0 ? { copy: failedOverFile(stage) } : {}),
    });
    if (isWritten) writes = result.writes;
    bytes += result.bytes;
    differences.push(...result.differences.map((text) => `${textOf(disk["name"])}: ${text}`));
  }
  stage.tell(
    `Read ${formatSize(bytes)} of recovery point ${
      textOf(failover["point"]).slice(0, 8)
    } over NBD: ` +
      (differences.length === 0 ? `exactly writes 1 to ${writes}` : "it DIFFERS"),
  );
  return { writes, bytes, differences };
}

/** The same with an earlier point: nothing is ever rolled back, so it costs the same. */
async function goBack(scene: Scene, cycles: readonly CycleNote[]): Promise<Found> {
  const { stage, pair } = scene;
  const note = cycles[1];
  if (note === undefined) return { writes: 0, bytes: 0, differences: [] };
  await pair.replica.call("failover cancel", { vm: VM });
  stage.tell("Cancelled, and failed over to an earlier recovery point");
  const failover = await startFailover(scene, note.point);
  return await compareAll(scene, failover, note, false);
}

function lossesOf(
  { guest: { record } }: Scene,
  inPoint: number,
  killedAt: number,
): Pick<DemoFacts, "issued" | "acknowledged" | "inPoint" | "lostSeconds"> {
  const first = record.at(inPoint + 1)?.acknowledgedAt;
  const lostSeconds = first === undefined ? 0 : Math.max(0, (killedAt - first) / 1000);
  const { issued, acknowledged } = record;
  return { issued, acknowledged, inPoint, lostSeconds: round(lostSeconds) };
}

async function inspect({ stage, disks }: Scene) {
  if (disks.unchecked !== undefined) return uncheckedFileSystem(disks.unchecked);
  const check = await checkFileSystem(failedOverFile(stage), `${stage.folder}/checked.raw`);
  if (!check.ok) {
    const before = await checkFileSystem(disks.pristine[0] ?? "", `${stage.folder}/before.raw`);
    if (!before.ok) return uncheckedFileSystem("it was damaged before the demo began");
  }
  stage.tell(`Checked the failed-over file system: ${check.ok ? "whole" : "DAMAGED"}`);
  return check;
}

function failedOverFile(stage: Stage): string {
  return `${stage.folder}/failed-over.raw`;
}

function sizeOf(bytes: Value | undefined): string {
  return typeof bytes === "number" ? formatSize(bytes) : "-";
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function wait(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
