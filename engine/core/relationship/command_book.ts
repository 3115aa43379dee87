/**
 * The administrators' commands of all machines of one server, whatever the role of each: durable by name,
 * run through the hypervisor port.
 *
 * On disk a machine's commands are the record `commands/NAME/commands.json`, replaced whole
 * (`record.ts`); a crash leaves the old or the new one, or an empty folder, which says nothing. Beside it lies
 * `frozen`, empty, while its guest may be frozen: durable before the guest is frozen, removed after it was
 * thawed. A crash between leaves it, and whoever opens the book thaws that guest. One too many thaws harms
 * nobody; one too few leaves a guest that hangs.
 *
 * @module
 */
// Long because: what is set, what is durable of it and what runs are one promise to a guest.

import { type Failed, type Failure, isFailed, localFailure } from "../base/failure.ts";
import { isName } from "../base/name.ts";
import { SECOND } from "../base/units.ts";
import type { Folder } from "../ports/folder.ts";
import type {
  FreezeEnd,
  HypervisorCall,
  HypervisorVerb,
  MachinePower,
} from "../ports/hypervisor.ts";
import type { Ports } from "../ports/ports.ts";
import { Mutex } from "../runtime/lock.ts";
import { Scope } from "../runtime/scope.ts";
import { interrupted } from "../runtime/together.ts";
import type { Task } from "../runtime/task.ts";
import {
  changedCommands,
  COMMAND_LIMITS,
  type CommandLimits,
  commandsFromJson,
  type GuestCommands,
} from "./guest_commands.ts";
import { OwedStarts } from "./owed_starts.ts";
import { loadRecord, saveRecord } from "./record.ts";

/** Folder of the book, in the data folder. */
const FOLDER = "commands";
const RECORD = "commands.json";
const FROZEN = "frozen";
/** How long is waited before a thaw that failed is tried again, µs: at first, and at most. */
const THAW_AGAIN = SECOND;
const THAW_AGAIN_MAX = 10 * SECOND;

/** What a machine is brought up on, for its commands to start and stop. */
export interface Ground {
  /** The machine, if it has another name than its commands: a test. */
  readonly as?: string;
  /** Exports of its disks. */
  readonly disks: readonly string[];
  readonly point?: string;
  readonly test?: boolean;
}

interface Page {
  commands: GuestCommands;
  /** Why its record cannot be read. */
  trouble: Failure | undefined;
  /** Its guest may be frozen, as the mark says. */
  frozen: boolean;
  /** Why its guest could not be thawed; `undefined` once it was. */
  stuck: Failure | undefined;
  /** Somebody tries to thaw it again and again. */
  thawing: boolean;
  /** Its machine is here no more, and its guest could not be thawed yet: forgotten once it is. */
  leaving: boolean;
  /** Held by whoever freezes or thaws: a thaw of one freeze must not end another. */
  readonly freezing: Mutex;
}

/** All commands of one server. */
export class CommandBook {
  readonly #ports: Ports;
  readonly #limits: CommandLimits;
  readonly #pages = new Map<string, Page>();
  readonly #writing = new Mutex();
  /** Machines that are to be started by their command and do not run yet. */
  readonly owed: OwedStarts;
  /** Commands under way that a stop ends; a thaw is none of them. */
  readonly #scope: Scope;

  private constructor(ports: Ports, limits: CommandLimits, owed: OwedStarts) {
    this.#ports = ports;
    this.owed = owed;
    this.#limits = limits;
    this.#scope = new Scope(ports.loop, "commands");
  }

  /** Reads the book. A record that cannot be read is a trouble of its machine and of nobody else. */
  static *open(ports: Ports, limits: CommandLimits = COMMAND_LIMITS): Task<CommandBook> {
    const book = new CommandBook(ports, limits, yield* OwedStarts.open(ports));
    let folder: Folder;
    try {
      folder = yield* ports.data.folder(FOLDER);
    } catch (error) {
      if (isFailed(error, "not-found")) return book;
      throw error;
    }
    for (const name of yield* folder.list()) {
      if (isName(name)) book.#pages.set(name, yield* readPage(ports, folder, name));
    }
    return book;
  }

  /** What is set for a machine. */
  of(machine: string): GuestCommands {
    return this.#pages.get(machine)?.commands ?? {};
  }

  /** True when a machine's guest can be frozen and thawed. */
  canFreeze(machine: string): boolean {
    const { freeze, thaw } = this.of(machine);
    return freeze !== undefined && thaw !== undefined;
  }

  /** True while a machine's guest may be frozen: it was, and no thaw has succeeded since. */
  mayBeFrozen(machine: string): boolean {
    return this.#pages.get(machine)?.frozen ?? false;
  }

  /** What health must show of a machine's commands. */
  troubles(machine: string): readonly Failure[] {
    const page = this.#pages.get(machine);
    const own = [page?.trouble, page?.stuck, this.owed.failure(machine)];
    return own.filter((trouble) => trouble !== undefined);
  }

  /** What `set` would make of it; `bad-argument` for what cannot be. Changes nothing. */
  check(machine: string, changes: GuestCommands): GuestCommands {
    return changedCommands(this.of(machine), changes);
  }

  /** Changes commands of a machine, durably; an empty text takes one away. */
  set(machine: string, changes: GuestCommands): Task<void> {
    return this.#writing.during(this.#set(machine, changes));
  }

  *#set(machine: string, changes: GuestCommands): Task<void> {
    const commands = this.check(machine, changes);
    const folder = yield* this.#folder(machine);
    yield* saveRecord(this.#ports.codec.kernel, folder, RECORD, { ...commands });
    const page = this.#page(machine);
    page.commands = commands;
    page.trouble = undefined;
    page.leaving = false;
  }

  /**
   * The machine is on this server no more, in whatever role. A guest that cannot be thawed now would hang for good:
   * the command for that is kept, durably like the mark, until it can. Crash within: the next start forgets it.
   */
  *forget(machine: string): Task<void> {
    const page = this.#pages.get(machine);
    if (page === undefined) return;
    // Who thaws it writes that down: the guest's turn comes before the book's, as in a thaw.
    const forgetting = this.#forget(machine, page, page.commands);
    yield* page.freezing.during(this.#writing.during(forgetting));
  }

  *#forget(machine: string, page: Page, commands: GuestCommands): Task<void> {
    // Forgotten by somebody else, or set for a new machine of this name, while this waited for its turn.
    if (this.#pages.get(machine) !== page || page.commands !== commands) return;
    if (page.frozen && !(yield* this.#thawLast(machine))) {
      return yield* this.#leave(machine, page);
    }
    page.frozen = false;
    this.#pages.delete(machine);
    const book = yield* this.#ports.data.folder(FOLDER);
    yield* book.remove(machine);
    yield* book.flush();
  }

  /** Forgets machines that are not on this server: a crash came between their removal and this. */
  *keep(here: (machine: string) => boolean): Task<void> {
    for (const machine of [...this.#pages.keys()]) {
      if (!here(machine)) yield* this.forget(machine);
    }
  }

  /** Goes on thawing a guest whose machine is gone; a new machine of this name has that command alone. */
  *#leave(machine: string, page: Page): Task<void> {
    const { thaw } = page.commands;
    const commands = thaw === undefined ? {} : { thaw };
    const folder = yield* this.#folder(machine);
    yield* saveRecord(this.#ports.codec.kernel, folder, RECORD, commands);
    page.commands = commands;
    page.leaving = true;
    this.keepThawing(machine);
  }

  /** True when the guest is thawed, or nobody can any more. */
  *#thawLast(machine: string): Task<boolean> {
    if (this.of(machine).thaw === undefined) return true;
    try {
      yield* this.#ports.hypervisor.thaw(this.#call("thaw", machine));
      return true;
    } catch (error) {
      if (!isFailed(error) || (yield* interrupted())) throw error;
      this.#ports.observer.emit({ kind: "failure", machine, failure: mayHang(machine, error) });
      return false;
    }
  }

  #page(machine: string): Page {
    const page = this.#pages.get(machine) ?? newPage({}, undefined, false);
    this.#pages.set(machine, page);
    return page;
  }

  *#folder(machine: string): Task<Folder> {
    const { data } = this.#ports;
    const book = yield* data.folder(FOLDER, { create: true });
    const folder = yield* book.folder(machine, { create: true });
    yield* data.flush();
    yield* book.flush();
    return folder;
  }

  /** Says durably that the guest may be frozen from here on; nobody freezes one before. */
  markFrozen(machine: string): Task<void> {
    return this.#writing.during(this.#markFrozen(machine));
  }

  *#markFrozen(machine: string): Task<void> {
    if (this.mayBeFrozen(machine)) return;
    const folder = yield* this.#folder(machine);
    const file = yield* folder.open(FROZEN, { create: true });
    yield* file.close();
    yield* folder.flush();
    this.#page(machine).frozen = true;
  }

  *#unmarkFrozen(machine: string): Task<void> {
    const page = this.#pages.get(machine);
    if (page === undefined || !page.frozen) return;
    page.frozen = false;
    const book = yield* this.#ports.data.folder(FOLDER);
    const folder = yield* book.folder(machine);
    yield* folder.remove(FROZEN);
    yield* folder.flush();
  }

  /** Freezes the guest; `markFrozen` came before, and `thaw` comes after, whatever this throws. */
  freeze(machine: string): Task<void> {
    return this.#run((call) => this.#ports.hypervisor.freeze(call), "freeze", machine);
  }

  /**
   * Thaws the guest, and tells whether it was frozen until now. Only then the mark goes: a thaw that failed
   * may have left the guest frozen. A stop does not end it.
   */
  *thaw(machine: string): Task<FreezeEnd> {
    const call = this.#call("thaw", machine);
    const page = this.#page(machine);
    let end: FreezeEnd;
    try {
      end = yield* this.#ports.hypervisor.thaw(call);
    } catch (error) {
      if (isFailed(error) && error.code !== "cancelled") page.stuck = mayHang(machine, error);
      throw error;
    }
    page.stuck = undefined;
    try {
      yield* this.#writing.during(this.#unmarkFrozen(machine));
    } catch (error) {
      // A mark that stays costs one thaw too many, another time.
      if (!isFailed(error) || error.code === "cancelled") throw error;
    }
    return end;
  }

  /** Thaws every guest that may be frozen since before this process. */
  thawLeft(): void {
    for (const [machine, { frozen }] of this.#pages) if (frozen) this.keepThawing(machine);
  }

  /** Thaws a guest that may be frozen again and again, until that succeeds: no cycle need come for that. */
  keepThawing(machine: string): void {
    const page = this.#page(machine);
    if (page.thawing || this.#scope.closed) return;
    page.thawing = true;
    this.#scope.spawn(`thaw/${machine}`, this.#keepThawing(machine, page));
  }

  *#keepThawing(machine: string, page: Page): Task<void> {
    try {
      for (let wait = THAW_AGAIN; page.frozen; wait = Math.min(2 * wait, THAW_AGAIN_MAX)) {
        try {
          yield* page.freezing.during(this.#thawOwed(machine));
        } catch (error) {
          if (!isFailed(error) || (yield* interrupted())) throw error;
          yield* this.#ports.clock.sleep(wait);
        }
      }
    } finally {
      page.thawing = false;
    }
    if (page.leaving) yield* this.forget(machine);
  }

  *#thawOwed(machine: string): Task<void> {
    if (this.mayBeFrozen(machine)) yield* this.thaw(machine);
  }

  /** Held by whoever freezes or thaws a machine's guest. */
  freezing(machine: string): Mutex {
    return this.#page(machine).freezing;
  }

  /** Starts a machine on its disks; false when no command is set for that. */
  *start(machine: string, ground: Ground): Task<boolean> {
    if (this.of(machine).start === undefined) return false;
    yield* this.#run((call) => this.#ports.hypervisor.start(call), "start", machine, ground);
    return true;
  }

  /** Stops a machine; false when no command is set for that. */
  *stop(machine: string, ground: Ground): Task<boolean> {
    if (this.of(machine).stop === undefined) return false;
    yield* this.#run((call) => this.#ports.hypervisor.stop(call), "stop", machine, ground);
    return true;
  }

  /** Whether a machine runs; `undefined` when no command is set that could tell. */
  *status(machine: string, ground: Ground): Task<MachinePower | undefined> {
    if (this.of(machine).status === undefined) return undefined;
    return yield* this.#run(
      (call) => this.#ports.hypervisor.status(call),
      "status",
      machine,
      ground,
    );
  }

  #call(verb: HypervisorVerb, machine: string, ground: Ground = { disks: [] }): HypervisorCall {
    const command = this.of(machine)[verb];
    if (command === undefined) throw notSet(verb, machine);
    const { as = machine, ...rest } = ground;
    return { machine: as, command, limit: this.#limits[verb], ...rest };
  }

  /** Runs a command that ends when the server stops, or when nobody waits for it any more. */
  *#run<T>(
    run: (call: HypervisorCall) => Task<T>,
    verb: HypervisorVerb,
    machine: string,
    ground?: Ground,
  ): Task<T> {
    const call = this.#call(verb, machine, ground);
    const handle = this.#scope.start(`${verb}/${machine}`, run(call));
    try {
      return yield* handle.join();
    } finally {
      yield* handle.cancel();
    }
  }

  /** Ends the commands that are under way: the server stops. A thaw goes on to its end. */
  end(): Task<void> {
    return this.#scope.cancel();
  }
}

function newPage(commands: GuestCommands, trouble: Failure | undefined, frozen: boolean): Page {
  const none = { stuck: undefined, thawing: false, leaving: false };
  return { commands, trouble, frozen, ...none, freezing: new Mutex() };
}

function mayHang(machine: string, { failure }: Failed): Failure {
  return {
    ...failure,
    message: `The guest of "${machine}" may be frozen still: ${failure.message}`,
    action: `Thaw it by hand. ${failure.action}`,
  };
}

function notSet(verb: HypervisorVerb, machine: string): Failed {
  return localFailure(
    "hypervisor",
    `No command is set to ${verb} "${machine}"`,
    `Set one: warmsite replication set ${machine} --${verb} CMD`,
  );
}

function* readPage(ports: Ports, book: Folder, machine: string): Task<Page> {
  const folder = yield* book.folder(machine);
  const frozen = (yield* folder.list()).includes(FROZEN);
  try {
    const record = yield* loadRecord(ports.codec.kernel, folder, RECORD);
    const commands = record === undefined ? {} : commandsFromJson(record);
    if (commands !== undefined) return newPage(commands, undefined, frozen);
  } catch (error) {
    if (!isFailed(error, "damaged", "io-error")) throw error;
  }
  const trouble = localFailure(
    "damaged",
    `Cannot read the commands of "${machine}" in ${folder.path}`,
    `Set all of them again: warmsite replication set ${machine} --freeze CMD --thaw CMD …`,
  );
  return newPage({}, trouble.failure, frozen);
}
