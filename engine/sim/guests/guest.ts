/**
 * A guest: writes, zeroes, reads and flushes through the exports of the server it runs on, and has the
 * oracle write down what it asked for and what it was told.
 *
 * Rule: it knows only what a real guest knows. When the server dies, its requests stay unanswered and
 * it asks for nothing again by itself; when its connection breaks, it sends them again on the next.
 *
 * @module
 */
// Long because: what a guest asks for, how it connects and what it is told is one account of one machine.

import { SECTOR_SIZE } from "../sectors.ts";
import { Line } from "../../core/runtime/line.ts";
import type { Task } from "../../core/runtime/task.ts";
import type { Attachments } from "../../core/server/attachments.ts";
import { exportName } from "../../core/server/exports.ts";
import type { Server } from "../../core/server/server.ts";
import type { Judgement, MachineHistory, Request } from "../oracle/history.ts";
import { WORDS } from "../oracle/stamp.ts";
import type { SimProcess } from "../process.ts";
import type { GuestAction } from "../scenario/scenario.ts";
import type { SimWorld } from "../world.ts";
import { GuestConnection } from "./connection.ts";
import { Flushed } from "./flushed.ts";
import { Change, Flush, Read } from "./requests.ts";

/** What became of a request of a guest. */
export interface Reply {
  readonly action: GuestAction["kind"];
  readonly vm: string;
  readonly disk: number;
  /** The first sector and the bytes that it was about; none for a flush. */
  readonly sector?: number;
  readonly bytes?: number;
  /** Whose server answered. */
  readonly host: string;
  /** Which of that host's processes. */
  readonly incarnation: number;
  /** How long it took, µs. */
  readonly took: number;
  /** Why it failed. */
  readonly failure: string | undefined;
  /** For reads: whether it showed what it must. */
  readonly judgement: Judgement | undefined;
}

/** An action about one disk. */
type Asked = GuestAction & { readonly disk: number };

/** Words of memory that stamps are made in, one after the other: memory of their own would cost more than they do. */
const ROOM = 16 * WORDS;

/** The server of this moment, as a guest sees it. */
export interface GuestHost {
  readonly server: Server;
  readonly process: SimProcess;
  readonly attachments: Attachments;
}

/** What a guest needs around it. */
export interface GuestGround {
  readonly world: SimWorld;
  /** A new instant of the oracle's order. */
  instant(): number;
  /** Takes what became of a request. */
  replied(reply: Reply): void;
  /** A guest has connected to its disks at a host, or to nothing any more. */
  runs?(guest: Guest, host: GuestHost | undefined): void;
}

/** A guest with its disks. */
export class Guest {
  readonly vm: string;
  readonly history: MachineHistory;
  /** Requests covered by an answered flush, for judging what survives a loss of power. */
  readonly flushed = new Flushed();
  readonly #ground: GuestGround;
  #host: GuestHost | undefined;
  #connections: (GuestConnection | undefined)[] = [];
  /** Every connection that its server knows, with the name of its export. */
  readonly #entered = new Map<GuestConnection, string>();
  /** Its file systems are at rest, and what it would have written waits. */
  #held: GuestAction[] | undefined;
  /** Unanswered requests that the connection of this moment carries. */
  #unanswered = new Line<Change>();
  /** Names of the exports of its disks, and of its tasks. */
  readonly #exports: readonly string[];
  readonly #task: string;
  /** See `ROOM`. Whoever writes from it may go on reading: no part of it is used twice. */
  #room = new Int32Array(0);
  #roomUsed = 0;

  constructor(ground: GuestGround, vm: string, history: MachineHistory) {
    this.#exports = history.sizes.map((_, disk) => exportName(vm, disk));
    this.#task = `guest/${vm}`;
    this.#ground = ground;
    this.vm = vm;
    this.history = history;
  }

  /** True while it is connected to all of its disks. */
  get attached(): boolean {
    return this.#host !== undefined && this.#connections.length === this.history.sizes.length &&
      this.#connections.every((connection) => connection !== undefined && !connection.stopped);
  }

  /** Requests not answered yet. */
  get pending(): number {
    return this.#unanswered.size;
  }

  /** Connects to a server that offers its disks; nothing happens when it offers none of them. */
  attach(host: GuestHost): void {
    this.#host = host;
    this.#connections = [];
    this.#entered.clear();
    this.#connect(host);
  }

  /** Looks again for its disks, where the server offered none of them when it was attached. */
  lookAgain(): void {
    const host = this.#host;
    const waits = host?.process.alive === true &&
      this.#connections.every((connection) => connection === undefined) &&
      host.server.exports.get(exportName(this.vm, 0)) !== undefined;
    if (host !== undefined && waits) this.#connect(host);
  }

  #connect(host: GuestHost): void {
    const earlier = this.#unanswered;
    this.#unanswered = new Line();
    const connections: (GuestConnection | undefined)[] = this.history.sizes.map(() => undefined);
    this.#connections = connections;
    const enter = function* (guest: Guest): Task<void> {
      for (const disk of connections.keys()) {
        const name = exportName(guest.vm, disk);
        const offered = host.server.exports.get(name);
        if (offered === undefined) return;
        const connection = new GuestConnection(offered.disk);
        for (const earlier of guest.#entered.keys()) {
          if (earlier.stopped) guest.#entered.delete(earlier);
        }
        guest.#entered.set(connection, name);
        yield* host.attachments.enter(name, connection);
        // It was shut down, or went elsewhere, while a host that stands still let it wait.
        if (guest.#host !== host || guest.#connections !== connections) {
          yield* connection.stop();
          host.attachments.leave(name, connection);
          return;
        }
        connections[disk] = connection;
      }
      guest.#ground.runs?.(guest, host);
      // What the connections before carried has ended, in whatever way: nobody was told.
      const unheard = earlier.all();
      guest.history.abandon(unheard.map(({ request }) => request), guest.#ground.instant());
      for (const { action } of unheard) guest.act(action);
    };
    host.process.scope.spawn(`guest/${this.vm}`, enter(this));
  }

  /** Leaves its disks: the machine is shut down. */
  *detach(): Task<void> {
    const host = this.#host;
    this.#leave();
    if (host === undefined) return;
    this.#connections = [];
    // Those as well that it had broken, and whose successors have not been let in yet.
    const entered = [...this.#entered];
    this.#entered.clear();
    for (const [connection, name] of entered) {
      yield* connection.stop();
      host.attachments.leave(name, connection);
    }
  }

  #leave(): void {
    if (this.#host === undefined) return;
    this.#host = undefined;
    this.#ground.runs?.(this, undefined);
  }

  /** Freezes it: nothing new is written until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** It starts anew, wherever it was frozen before: what waited there is gone. */
  begin(): void {
    this.#held = undefined;
  }

  /** It goes on with what waited. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const action of held) this.act(action);
  }

  /** The server under it died. */
  lost(): void {
    if (this.#held !== undefined) this.#held = [];
    this.#leave();
    this.#connections = [];
    this.#entered.clear();
    this.#unanswered.clear();
  }

  /** Does what the scenario says, if it is connected. */
  act(action: GuestAction): void {
    const host = this.#host;
    if (
      host === undefined || !host.process.alive ||
      host.server.exports.get(this.#exports[0] as string) === undefined
    ) return;
    if (action.kind === "reconnect") {
      if (this.attached) this.#connect(host);
      return;
    }
    if (this.#held !== undefined && action.kind !== "read") {
      this.#held.push(action);
      return;
    }
    const connection = this.#connections[action.disk];
    if (connection === undefined || connection.stopped) return;
    // What its disk does not have yet it does not ask for.
    const end = "sector" in action ? (action.sector + action.count) * SECTOR_SIZE : 0;
    if (end > connection.disk.size) return;
    if (action.kind === "write" || action.kind === "zero") this.#change(host, connection, action);
    else if (action.kind === "read") this.#read(host, connection, action);
    else this.#flush(host, connection, action);
  }

  #change(
    host: GuestHost,
    connection: GuestConnection,
    action: GuestAction & { readonly kind: "write" | "zero" },
  ): void {
    const { disk, sector, count } = action;
    const content = action.kind === "zero" ? "zeros" : action.rough ? "rough" : "plain";
    const request = this.history.issue(disk, sector, count, content, this.#ground.instant());
    const bytes = this.#bytesOf(request);
    const change = new Change(
      this,
      host,
      connection,
      action,
      request,
      bytes,
      this.#ground.world.now,
    );
    this.#unanswered.add(change);
    host.process.scope.spawn(this.#task, change.task);
  }

  /** For `Change` alone: it was answered. */
  changed(change: Change, ok: boolean, failure?: string): void {
    // An answer on a connection that the guest has left reaches nobody.
    if (!this.#unanswered.delete(change)) return;
    const { world } = this.#ground;
    this.history.end(change.request, this.#ground.instant(), ok ? world.now : undefined);
    this.reply(change.host, change.action, change.began, undefined, failure);
  }

  /** What a request writes; `undefined` for zeros. */
  #bytesOf(request: Request): Uint8Array | undefined {
    if (request.content === "zeros") return undefined;
    const words = request.count * WORDS;
    if (this.#roomUsed + words > this.#room.length) {
      this.#room = new Int32Array(Math.max(ROOM, words));
      this.#roomUsed = 0;
    }
    const from = this.#roomUsed;
    this.#roomUsed += words;
    this.history.wordsOf(request, this.#room, from);
    return new Uint8Array(this.#room.buffer, 4 * from, 4 * words);
  }

  #read(
    host: GuestHost,
    connection: GuestConnection,
    action: GuestAction & { readonly kind: "read" },
  ): void {
    const from = this.#ground.instant();
    const read = new Read(this, host, connection, action, from, this.#ground.world.now);
    host.process.scope.spawn(this.#task, read.task);
  }

  /** For `Read` alone: what it showed. */
  judged(
    { disk, sector }: { readonly disk: number; readonly sector: number },
    bytes: Uint8Array,
    from: number,
  ): Judgement {
    return this.history.judgeRead(disk, sector, bytes, from, this.#ground.instant());
  }

  #flush(
    host: GuestHost,
    connection: GuestConnection,
    action: GuestAction & { readonly kind: "flush" },
  ): void {
    const asked = this.#ground.instant();
    const flush = new Flush(this, host, connection, action, asked, this.#ground.world.now);
    host.process.scope.spawn(this.#task, flush.task);
  }

  /** For requests alone: one that began at `began` has its answer. */
  reply(
    { process }: GuestHost,
    action: Asked,
    began: number,
    judgement: Judgement | undefined,
    failure: string | undefined,
  ): void {
    const { kind, disk } = action;
    const { vm } = this;
    const [host, incarnation] = [process.host.name, process.incarnation];
    const took = this.#ground.world.now - began;
    if (!("count" in action)) {
      const reply = { action: kind, vm, disk, host, incarnation, took, failure, judgement };
      return this.#ground.replied(reply);
    }
    const { sector } = action;
    const bytes = action.count * SECTOR_SIZE;
    this.#ground.replied({
      action: kind,
      vm,
      disk,
      sector,
      bytes,
      host,
      incarnation,
      took,
      failure,
      judgement,
    });
  }

  /** Reads every disk whole; `undefined` when one cannot be read. */
  *image(host: GuestHost): Task<Uint8Array[] | undefined> {
    const image: Uint8Array[] = [];
    for (const disk of this.history.sizes.keys()) {
      const offered = host.server.exports.get(exportName(this.vm, disk));
      if (offered === undefined) return undefined;
      image.push(yield* offered.disk.read(0, offered.disk.size));
    }
    return image;
  }
}
