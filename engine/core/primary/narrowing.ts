/**
 * Narrowing: from a run of suspected blocks to those that differ, by questions of the digest tree to the
 * replica (T1, L2, L3).
 *
 * Equal units are released from the view; what differs is confirmed, and the view hands it out to be sent like
 * everything else that is changed. Questions of one level travel together, so that a slow link costs a few
 * round trips a run and not one a question.
 *
 * Rule: whatever of the run was neither released nor confirmed waits again when this ends, whatever happens. A
 * unit that is asked about holds suspected blocks alone: a replica that lies can hide nothing but what it could
 * have lied about when it was asked for each block.
 *
 * @module
 */

import { internalFailure } from "../base/failure.ts";
import { unitDigests } from "../history/unit_digests.ts";
import type { DigestTree, Question, Range, Step } from "../lineage/digest_tree.ts";
import { type Codec, DIGEST_SIZE } from "../ports/codec.ts";
import type { Task } from "../runtime/task.ts";
import { all } from "../runtime/together.ts";
import type { DeltaView } from "../tracking/delta_view.ts";
import { COMPARE_DIGEST_SIZE, type Compared, comparedRuns } from "../wire/compare.ts";
import type { ReplicaPeer } from "./replica_peer.ts";

/** Questions about one run that travel together. */
const QUESTIONS_AT_ONCE = 16;

/** What narrowing one disk works with. */
export interface Narrowing {
  readonly codec: Codec;
  readonly peer: Pick<ReplicaPeer, "compare">;
  readonly tree: DigestTree;
  /** Index of the disk in its machine. */
  readonly disk: number;
  /** The disk as it was when the view was made, which it may have outgrown since. */
  readonly view: DeltaView;
  /** Told of bytes that were found equal, and of bytes that are to be sent. */
  readonly onCompared: (equal: number, differing: number) => void;
}

/** Compares `run`, which `nextSuspected` handed out. */
export function* narrow(narrowing: Narrowing, run: Range): Task<void> {
  const { tree, view } = narrowing;
  try {
    let questions = settle(narrowing, tree.begin(run));
    while (questions.length > 0) {
      const next: Question[] = [];
      for (let from = 0; from < questions.length; from += QUESTIONS_AT_ONCE) {
        const group = questions.slice(from, from + QUESTIONS_AT_ONCE);
        const answers = yield* all("compare", group.map((each) => ask(narrowing, each)));
        for (const compared of answers) next.push(...judge(narrowing, compared));
      }
      questions = next;
    }
  } finally {
    view.putBackSuspected(run.at, run.length);
  }
}

/** Confirms what a step says is to be sent; returns what it says is to be asked. */
function settle({ view, onCompared }: Narrowing, { ask, send }: Step): Question[] {
  for (const { at, length } of send) {
    view.confirm(at, length);
    onCompared(0, length);
  }
  return [...ask];
}

function judge(narrowing: Narrowing, compared: Compared): Question[] {
  const { view, tree, onCompared } = narrowing;
  const next: Question[] = [];
  for (const { from, to, differs } of comparedRuns(compared)) {
    const at = compared.at + from;
    const length = Math.min(compared.at + to, view.size) - at;
    if (differs) next.push(...settle(narrowing, tree.descend(compared.unit, { at, length })));
    else {
      view.releaseEqual(at, length);
      onCompared(length, 0);
    }
  }
  return next;
}

function* ask(narrowing: Narrowing, { unit, at, count }: Question): Task<Compared> {
  const { codec, peer, disk, view } = narrowing;
  if (!view.alive) throw internalFailure("view-given-up", "The view ended");
  const length = Math.min(unit * count, view.size - at);
  const full = yield* unitDigests(codec, view, at, length, unit);
  return yield* peer.compare({ disk, unit, at, count, digests: firstHalves(full, count) });
}

/** What travels of `count` digests. */
export function firstHalves(digests: Uint8Array, count: number): Uint8Array {
  const halves = new Uint8Array(count * COMPARE_DIGEST_SIZE);
  for (let index = 0; index < count; index++) {
    const from = index * DIGEST_SIZE;
    halves.set(digests.subarray(from, from + COMPARE_DIGEST_SIZE), index * COMPARE_DIGEST_SIZE);
  }
  return halves;
}
