/**
 * At the start of a primary: the replicas are asked whether the machines run over there, before guests are
 * served here (L6).
 *
 * @module
 */

import { isFailed } from "../../base/failure.ts";
import type { Replicator } from "../../primary/replicator.ts";
import type { Standing } from "../../primary/standing.ts";
import type { Task } from "../../runtime/task.ts";
import { all, attempt, interrupted } from "../../runtime/together.ts";
import { runsThere, unanswered } from "./held.ts";
import type { Entry, PrimaryMachines } from "./machines.ts";
import { goOn } from "./split_brain.ts";

/**
 * Asks the replicas of the machines that were opened whether their guests run over there, all at once and for
 * a bounded time, and serves those that do not (L6).
 */
export function* askPeers(machines: PrimaryMachines): Task<void> {
  const asked = [...machines.entries.values()].filter(({ asking }) => asking === true);
  yield* all("ask-peers", asked.map((entry) => askPeer(machines, entry)));
}

function* askPeer(machines: PrimaryMachines, entry: Entry): Task<void> {
  const { machine, replicator } = entry;
  const standing = yield* standingOf(replicator);
  const serve = standing.kind === "here" ||
    (standing.kind === "unknown" && machine.settings?.onUnknown !== "hold");
  // It may have been removed, or given up to its new primary, while it was asked for; or its relationship ended.
  if (machines.entries.get(machine.name) !== entry || entry.scope === undefined) return;
  if (entry.held === undefined) return;
  entry.asking = false;
  entry.held = standing.kind === "there"
    ? runsThere(machine, standing.failure)
    : unanswered(machine);
  if (serve) machines.serve(entry);
  machines.run(entry);
  if (standing.kind === "here") yield* goOnWhereDecided(machines, entry);
}

/**
 * A split brain ends at the other side as well: it is our replica by now, so it has given way to us, as was decided
 * there, and what stopped here goes on. Crash before: it is asked again at the next start.
 */
function* goOnWhereDecided(machines: PrimaryMachines, entry: Entry): Task<void> {
  const { machine } = entry;
  if (machine.state !== "Error" || machine.because?.code !== "split-brain") return;
  // What cannot be saved is this machine's trouble alone, and its state says so.
  const failure = yield* attempt(goOn(entry));
  const { observer } = machines.context.ports;
  if (failure !== undefined) observer.emit({ kind: "failure", machine: machine.name, failure });
}

function* standingOf(replicator: Replicator | undefined): Task<Standing> {
  if (replicator === undefined) return { kind: "here" };
  try {
    return yield* replicator.standing();
  } catch (error) {
    // Its new primary came first, and has it now: there is nothing to be served, and no server to stop.
    if (!isFailed(error) || (yield* interrupted())) throw error;
    return { kind: "unknown" };
  }
}
