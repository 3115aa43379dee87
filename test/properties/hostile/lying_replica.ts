/**
 * A replica that lies: it follows a primary's conversation well enough to get far into it, and says at
 * every turn what a replica must not say.
 *
 * It never names a point together with the digest that its delta has, so nothing it says is a sound
 * *staged*; everything else may be.
 *
 * @module
 */

import { isFailed } from "../../../engine/core/base/failure.ts";
import type { Connection } from "../../../engine/core/ports/network.ts";
import type { Ports } from "../../../engine/core/ports/ports.ts";
import type { Scope } from "../../../engine/core/runtime/scope.ts";
import type { Task } from "../../../engine/core/runtime/task.ts";
import { decodeCompare, encodeCompared } from "../../../engine/core/wire/compare.ts";
import { FrameDecoder } from "../../../engine/core/wire/frame.ts";
import { isMalformed } from "../../../engine/core/wire/malformed.ts";
import {
  type ControlMessage,
  decodeControl,
  type MessageOf,
} from "../../../engine/core/wire/message.ts";
import { Prng } from "../../../engine/sim/prng.ts";
import { loadKernel } from "../../../wasm/codec.ts";
import { DELTA_ID, POINT_ID, SAMPLES } from "../../unit/core/wire/samples.ts";
import { controlFrame, dataFrame, frameBytes } from "./conversation.ts";
import { hostileInput } from "./mutation.ts";

/** Codes with which a lying replica refuses: known ones, those of internal control, and none at all. */
export const CODES: readonly string[] = [
  "cancelled",
  "view-given-up",
  "gate-timeout",
  "hypervisor",
  "connection-refused",
  "connection-lost",
  "timed-out",
  "busy",
  "damaged",
  "protocol-violation",
  "no-space",
  "disk-failed",
  "split-brain",
  "not-the-base",
  "wrong-state",
  "nobody-knows",
  "constructor",
];

/** Incarnations of the primary to which a lying replica says that it is bound. */
const BOUND_MAX = 8;

/** What became of the conversations, by what the replica said last. */
export class LyingReplica {
  /** Conversations that ended. */
  conversations = 0;
  /** How often each turn was reached. */
  readonly reached = new Map<string, number>();
  /** Points that it may have been asked to seal: to say that it holds one is a lie that nobody can tell. */
  readonly sealed = new Set<string>();
  /** Decides everything. */
  readonly random: Prng;
  /**
   * True for one that says at times that it holds nothing. It would be seeded again: what it was really sent
   * then, and says that it holds, nobody can tell from the truth.
   */
  readonly losing: boolean;
  #bound = 0;

  constructor(seed: number, losing: boolean) {
    this.random = new Prng(seed);
    this.losing = losing;
  }

  /**
   * The incarnation to which it says that it is bound. It says so of few: of a replica that knows as many
   * as are remembered, the honest one behind it is one that knows an older primary.
   */
  bound(writer: MessageOf<"open-machine">["writer"]): MessageOf<"machine-opened">["writer"] {
    const newest = writer[0] ?? null;
    if (this.#bound < BOUND_MAX && this.random.flip()) {
      this.#bound++;
      return newest;
    }
    const other = this.random.pick([SAMPLES["machine-opened"].writer, writer[writer.length - 1]]);
    return other === newest ? null : other ?? null;
  }

  /** Counts a turn that was reached. */
  note(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1);
  }

  /** The main task of its process. */
  *serve(ports: Ports, scope: Scope, address: string): Task<void> {
    const listener = yield* ports.network.listen(address);
    for (;;) {
      const connection = yield* listener.accept();
      if (connection === undefined) return;
      scope.spawn("lie", this.#greet(connection, ports));
    }
  }

  *#greet(connection: Connection, ports: Ports): Task<void> {
    const conversation = new Conversation(this, connection);
    try {
      // Some conversations are over before they began, and none lasts.
      yield* conversation.run(ports);
    } catch (error) {
      if (!isFailed(error)) throw error;
    } finally {
      connection.close();
      this.conversations++;
    }
  }
}

class Conversation {
  readonly #random: Prng;
  readonly #connection: Connection;
  readonly #liar: LyingReplica;
  /** How likely a lie is at a turn, in millionths: some replicas get far before they begin. */
  readonly #rate: number;
  #cut: string = POINT_ID;
  #extents = 0;
  #over = false;

  constructor(liar: LyingReplica, connection: Connection) {
    this.#random = liar.random;
    this.#connection = connection;
    this.#liar = liar;
    this.#rate = liar.random.pick([20_000, 150_000, 500_000]);
  }

  *run(ports: Ports): Task<void> {
    yield* this.#say({ ...SAMPLES["hello"], server: "b" }, 0);
    const decoder = new FrameDecoder(loadKernel());
    while (!this.#over) {
      const bytes = yield* this.#connection.read();
      if (bytes === undefined) return;
      decoder.push(bytes);
      for (let next = decoder.next(); next.kind === "frame"; next = decoder.next()) {
        if (next.type === "extent") yield* this.#tookExtent(next.channel);
        else if (next.type === "compare") yield* this.#compare(next.channel, next.payload);
        else if (next.type === "control") {
          const message = decodeControl(next.payload);
          if (!isMalformed(message)) yield* this.#answer(next.channel, message);
        }
        if (this.#over) break;
      }
      if (this.#random.below(40) === 0) return;
    }
    // What was said last arrives, and is answered or not.
    yield* ports.clock.sleep(this.#random.below(20_000));
  }

  *#answer(channel: number, message: ControlMessage): Task<void> {
    this.#liar.note(message.type);
    const random = this.#random;
    switch (message.type) {
      case "ping":
        return yield* this.#say({ type: "pong", n: message.n }, 0);
      case "bye":
        this.#over = channel === 0;
        return;
      case "open-machine":
        return yield* this.#say(this.#opened(message), channel);
      case "delta-open": {
        this.#cut = message.cut;
        this.#extents = 0;
        if (random.below(4) === 0) yield* this.#progress(channel);
        // From here on the seal is under way, whether or not it is read.
        if (random.below(8) > 0) this.#liar.sealed.add(message.cut);
        else return yield* this.#refuse(channel);
        const delta = random.below(12) === 0 ? DELTA_ID : message.delta;
        const records = random.pick([0, 0, 0, 1, random.below(40), Number.MAX_SAFE_INTEGER]);
        return yield* this.#say({ type: "delta-ready", delta, records }, channel);
      }
      case "seed-begin":
        return yield* this.#say({ type: "seed-ready", seed: message.seed }, channel);
      case "delta-seal":
      case "seed-publish": {
        const { id, generation } = message.point;
        this.#liar.sealed.add(id);
        const digest = random.pick(["", "f".repeat(64)]);
        const point = random.flip() ? id : POINT_ID;
        // A seed has no digest: the truth would be no lie.
        if (message.type === "seed-publish") return yield* this.#refuse(channel);
        return yield* this.#say({ type: "staged", point, generation, digest }, channel);
      }
      default:
    }
  }

  #opened(message: MessageOf<"open-machine">): MessageOf<"machine-opened"> {
    const random = this.#random;
    const known = message.issued.filter((point) => !this.#liar.sealed.has(point));
    const issued = known.length === 0 ? POINT_ID : random.pick(known);
    const sample = SAMPLES["machine-opened"];
    const lost = this.#liar.losing ? null : message.base;
    const states = ["Replicating", "FailedOverWaitingCompletion", "FailedOver", "", "cancelled"];
    return {
      ...sample,
      generation: random.below(8) === 0 ? sample.generation : message.generation,
      ancestry: random.below(12) === 0 ? sample.ancestry : message.ancestry,
      newest: random.below(3) > 0 ? message.base : random.pick([lost, issued, POINT_ID]),
      seed: random.pick([null, null, sample.seed]),
      delta: random.flip() ? null : sample.delta,
      writer: random.below(6) > 0 ? null : this.#liar.bound(message.writer),
      refuses: random.below(6) > 0 ? undefined : sample.refuses,
      tail: random.below(6) > 0 ? null : random.pick([SAMPLES["machine-opened"].newest, null]),
      state: random.below(6) > 0 ? "Replicating" : random.pick(states),
    };
  }

  *#tookExtent(channel: number): Task<void> {
    this.#liar.note("extent");
    this.#extents++;
    if (this.#random.below(3) === 0) yield* this.#progress(channel);
  }

  *#progress(channel: number): Task<void> {
    const sound = this.#random.below(this.#extents + 1);
    const records = this.#random.pick([
      sound,
      sound,
      sound,
      this.#extents + 1,
      Number.MAX_SAFE_INTEGER,
    ]);
    yield* this.#say({ type: "progress", records }, channel);
  }

  *#compare(channel: number, payload: Uint8Array): Task<void> {
    const compare = decodeCompare(payload);
    if (isMalformed(compare)) return;
    this.#liar.note("compare");
    const { disk, unit, at, count } = compare;
    const differs = new Uint8Array(Math.ceil(count / 8)).fill(this.#random.flip() ? 0xff : 0);
    if (count % 8 !== 0) differs[differs.length - 1]! &= (1 << (count % 8)) - 1;
    const compared = encodeCompared({ disk, unit, at, count, differs });
    yield* this.#connection.write(frameBytes(dataFrame("compared", channel, compared)));
  }

  *#refuse(channel: number): Task<void> {
    const code = this.#random.pick(CODES);
    const refused = { ...SAMPLES["refused"], code } as ControlMessage;
    yield* this.#connection.write(frameBytes(controlFrame(channel, refused)));
    this.#over = this.#random.flip();
  }

  /** Says `message`, or a lie in its place, before it or after it. */
  *#say(message: ControlMessage, channel: number): Task<void> {
    const random = this.#random;
    if (random.chance(this.#rate)) {
      switch (random.below(6)) {
        case 0:
        case 1:
          if (channel > 0) return yield* this.#refuse(channel);
          break;
        case 2:
          if (channel > 0) {
            const point = random.flip() ? POINT_ID : this.#cut;
            const applied = { type: "applied", point } as ControlMessage;
            yield* this.#connection.write(frameBytes(controlFrame(channel, applied)));
          }
          break;
        case 3:
          this.#over = true;
          return;
        case 4:
          // It says nothing any more, and stays for a while.
          if (channel > 0 && random.below(8) === 0) return;
          break;
        default:
          for (const part of hostileInput(random, "replica", { whole: false }).parts) {
            yield* this.#connection.write(part);
          }
      }
    }
    yield* this.#connection.write(frameBytes(controlFrame(channel, message)));
  }
}
