/**
 * What a guest asks its disks for: writes and zeroings, reads, flushes.
 *
 * @module
 */

import type { Disk } from "../../core/ports/disk.ts";
import type { Member } from "../../core/runtime/line.ts";
import type { Task } from "../../core/runtime/task.ts";
import type { Request } from "../oracle/history.ts";
import type { GuestAction } from "../scenario/scenario.ts";
import { SECTOR_SIZE } from "../sectors.ts";
import { Asking } from "./asking.ts";
import type { GuestConnection } from "./connection.ts";
import type { Guest, GuestHost } from "./guest.ts";

/** Who hears of them. */
type Hears = Pick<Guest, "changed" | "judged" | "reply" | "flushed">;

/** A write or a zeroing on its way, from when it was issued until its guest is told. */
export class Change extends Asking<void> implements Member {
  /** See `Member`: its place among those that the connection carries. */
  place = -1;
  readonly host: GuestHost;
  readonly action: GuestAction & { readonly kind: "write" | "zero" };
  readonly request: Request;
  /** World time, µs. */
  readonly began: number;
  readonly #guest: Hears;
  readonly #bytes: Uint8Array | undefined;

  constructor(
    guest: Hears,
    host: GuestHost,
    connection: GuestConnection,
    action: Change["action"],
    request: Request,
    bytes: Uint8Array | undefined,
    began: number,
  ) {
    super(connection);
    this.#guest = guest;
    this.host = host;
    this.action = action;
    this.request = request;
    this.#bytes = bytes;
    this.began = began;
  }

  protected override ask(disk: Disk): Task<void> {
    const at = this.action.sector * SECTOR_SIZE;
    const bytes = this.#bytes;
    return bytes === undefined
      ? disk.zero(at, this.action.count * SECTOR_SIZE)
      : disk.write(at, bytes);
  }

  protected override done(): void {
    this.#guest.changed(this, true);
  }

  protected override failed(why: string): void {
    this.#guest.changed(this, false, why);
  }
}

/** A read on its way. */
export class Read extends Asking<Uint8Array> {
  readonly #guest: Hears;
  readonly #host: GuestHost;
  readonly #action: GuestAction & { readonly kind: "read" };
  /** In the oracle's order. */
  readonly #from: number;
  /** World time, µs. */
  readonly #began: number;

  constructor(
    guest: Hears,
    host: GuestHost,
    connection: GuestConnection,
    action: GuestAction & { readonly kind: "read" },
    from: number,
    began: number,
  ) {
    super(connection);
    this.#guest = guest;
    this.#host = host;
    this.#action = action;
    this.#from = from;
    this.#began = began;
  }

  protected override ask(disk: Disk): Task<Uint8Array> {
    const { sector, count } = this.#action;
    return disk.read(sector * SECTOR_SIZE, count * SECTOR_SIZE);
  }

  protected override done(bytes: Uint8Array): void {
    const judgement = this.#guest.judged(this.#action, bytes, this.#from);
    this.#guest.reply(this.#host, this.#action, this.#began, judgement, undefined);
  }

  protected override failed(why: string): void {
    this.#guest.reply(this.#host, this.#action, this.#began, undefined, why);
  }
}

/** A flush on its way. */
export class Flush extends Asking<void> {
  readonly #guest: Hears;
  readonly #host: GuestHost;
  readonly #action: GuestAction & { readonly kind: "flush" };
  /** In the oracle's order. */
  readonly #asked: number;
  /** World time, µs. */
  readonly #began: number;

  constructor(
    guest: Hears,
    host: GuestHost,
    connection: GuestConnection,
    action: GuestAction & { readonly kind: "flush" },
    asked: number,
    began: number,
  ) {
    super(connection);
    this.#guest = guest;
    this.#host = host;
    this.#action = action;
    this.#asked = asked;
    this.#began = began;
  }

  protected override ask(disk: Disk): Task<void> {
    return disk.flush();
  }

  protected override done(): void {
    this.#guest.flushed.add(this.#action.disk, this.#asked);
    this.#guest.reply(this.#host, this.#action, this.#began, undefined, undefined);
  }

  protected override failed(why: string): void {
    this.#guest.reply(this.#host, this.#action, this.#began, undefined, why);
  }
}
