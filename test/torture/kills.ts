/**
 * Killing a server inside a phase, with evidence. A kill counts for a phase only if what the dead server
 * had said, what lies on its disk, or what it had open proves that it died in there.
 *
 * @module
 */

import type { AgentProcess, LogLine } from "./agent_process.ts";
import { pause, type Role, type Theatre } from "./theatre.ts";

/** What was going on when a server was killed. */
export type Phase =
  | "initial replication, primary"
  | "initial replication, replica"
  | "cycle, primary"
  | "apply before its mark, replica"
  | "apply after its mark, replica"
  | "recovery, primary"
  | "recovery, replica"
  | "elsewhere";

/** Counts kills by phase. */
export class KillCount {
  readonly #counts = new Map<Phase, number>();

  /** Adds one. */
  add(phase: Phase): void {
    this.#counts.set(phase, (this.#counts.get(phase) ?? 0) + 1);
  }

  /** All of them. */
  get total(): number {
    return this.of(() => true);
  }

  /** How many fit. */
  of(fits: (phase: Phase) => boolean): number {
    return this.rows().filter(([phase]) => fits(phase)).reduce((sum, [, count]) => sum + count, 0);
  }

  /** By phase. */
  rows(): (readonly [Phase, number])[] {
    return [...this.#counts].sort(([left], [right]) => left < right ? -1 : 1);
  }
}

/** Whether a line is of that event. */
export function is(event: string): (line: LogLine) => boolean {
  return (line) => line.event === event;
}

/**
 * Kills the primary some time after it has begun to send. Evidence: it said that it sent something for
 * the seed, and no point was staged.
 */
export async function killPrimaryInSeed(theatre: Theatre, sent: number): Promise<Phase> {
  const primary = theatre.server("primary");
  await sentRecords(primary, 0, sent);
  await theatre.kill("primary");
  const seeding = primary.said(0, is("sent")) && !primary.said(0, is("staged"));
  return seeding ? "initial replication, primary" : "elsewhere";
}

/** The same of the replica: the primary had begun to send and the replica staged nothing. */
export async function killReplicaInSeed(theatre: Theatre, sent: number): Promise<Phase> {
  const [primary, replica] = [theatre.server("primary"), theatre.server("replica")];
  if (!primary.said(0, is("staged"))) await sentRecords(primary, primary.lines.length, sent);
  await theatre.kill("replica");
  const seeding = primary.said(0, is("sent")) && !replica.said(0, is("staged"));
  return seeding ? "initial replication, replica" : "elsewhere";
}

/**
 * Asks for a cycle and kills the primary after `sent` records of it. Evidence: it said that it had made
 * a cut and never that the point was staged.
 */
export async function killInCycle(theatre: Theatre, sent: number, delay: number): Promise<Phase> {
  const primary = theatre.server("primary");
  const from = primary.lines.length;
  const cycle = theatre.cycle();
  const cut = await primary.line(from, is("cut"));
  if (cut !== undefined && sent > 0) {
    await sentRecords(primary, primary.lines.indexOf(cut), sent);
  }
  if (delay > 0) await pause(delay);
  await theatre.kill("primary");
  await cycle;
  const cuts = primary.lines.findLastIndex(is("cut"));
  const inside = cuts >= from && !primary.said(cuts, is("staged"));
  return inside ? "cycle, primary" : "elsewhere";
}

/**
 * Asks for a cycle and kills the replica `delay` ms after it has staged the point, or, with `marked`, as
 * soon as the mark of the apply is there. Evidence: it never
 * said that the point was applied, and the sealed delta still lies there. Whether the mark was set is
 * seen by the undo file's final name.
 */
export async function killInApply(
  theatre: Theatre,
  delay: number,
  marked: boolean,
): Promise<Phase> {
  const replica = theatre.server("replica");
  const from = replica.lines.length;
  const cycle = theatre.cycle();
  const staged = await replica.line(from, is("staged"));
  const point = String(staged?.fields["point"]);
  if (marked) await markOf(theatre, replica, from, point);
  else if (delay > 0) await pause(delay);
  await theatre.kill("replica");
  await cycle;
  const applied = replica.said(
    from,
    (line) => is("applied")(line) && line.fields["point"] === point,
  );
  const folder = `${theatre.data("replica")}/replicas`;
  const files = filesBelow(folder);
  if (staged === undefined || applied || !files.some((file) => file.endsWith(`/${point}.delta`))) {
    return "elsewhere";
  }
  return files.some((file) => file.endsWith(`/undo/${point}.undo`))
    ? "apply after its mark, replica"
    : "apply before its mark, replica";
}

/** Waits for the undo file of `point` to have its name, or for the apply to be over. */
async function markOf(
  theatre: Theatre,
  replica: AgentProcess,
  from: number,
  point: string,
): Promise<void> {
  const name = `/undo/${point}.undo`;
  while (!replica.isGone && !replica.said(from, is("applied"))) {
    if (filesBelow(`${theatre.data("replica")}/replicas`).some((file) => file.endsWith(name))) {
      return;
    }
    await pause(0);
  }
}

/**
 * Starts a server and kills it while it opens what a kill had left. Evidence: it had a file of the
 * machine open, and had not said that it is ready.
 */
export async function killInRecovery(
  theatre: Theatre,
  role: Role,
  delay: number,
): Promise<Phase> {
  const server = theatre.spawn(role);
  const wanted = role === "primary" ? `${theatre.image}.hrl` : `${theatre.data(role)}/replicas/`;
  let seen = false;
  while (!server.isReady && !server.isGone && !seen) {
    seen = openFiles(server.pid).some((file) => file.startsWith(wanted));
    if (!seen) await pause(0);
  }
  if (seen && delay > 0) await pause(delay);
  const early = seen && !server.isReady;
  await theatre.kill(role);
  return early && !server.isReady ? `recovery, ${role}` : "elsewhere";
}

/** Waits until `count` records were sent, a point was staged, or the process has ended. */
async function sentRecords(server: AgentProcess, from: number, count: number): Promise<void> {
  for (let next = from, left = count; left > 0; left--) {
    const line = await server.line(next, ({ event }) => event === "sent" || event === "staged");
    if (line === undefined || line.event === "staged") return;
    next = server.lines.indexOf(line, next) + 1;
  }
}

function openFiles(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
      try {
        return [Deno.readLinkSync(`${folder}/${name}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const todo = [folder];
  for (let each = todo.pop(); each !== undefined; each = todo.pop()) {
    for (const { name, isDirectory } of namesIn(each)) {
      (isDirectory ? todo : files).push(`${each}/${name}`);
    }
  }
  return files;
}

/** A folder may go while it is looked at: the server lives. */
function namesIn(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch {
    return [];
  }
}
