/**
 * BLAKE3 computations over bytes that arrive in pieces, more of them than the kernel has slots.
 *
 * Rule: a hasher that loses its slot to another keeps its state as plain bytes of its own and
 * puts them back when it is used again. So one that is dropped half way (E3) leaks nothing.
 *
 * @module
 */

import { DIGEST_SIZE, type Hasher } from "../engine/core/ports/codec.ts";
import type { KernelMemory } from "./memory.ts";

/** Calls `step` with consecutive pieces of `bytes`, each of at most `size` bytes. */
export function forEachPiece(
  bytes: Uint8Array,
  size: number,
  step: (piece: Uint8Array, at: number) => void,
): void {
  for (let at = 0; at < bytes.length; at += size) step(bytes.subarray(at, at + size), at);
}

/** The hashers of one kernel instance. */
export class HasherSlots {
  readonly #memory: KernelMemory;
  readonly #pieceSize: number;
  readonly #owners: (SlotHasher | undefined)[];
  #next = 0;

  constructor(memory: KernelMemory, pieceSize: number) {
    this.#memory = memory;
    this.#pieceSize = pieceSize;
    this.#owners = new Array(memory.exports.hasher_slots()).fill(undefined);
  }

  /** A hasher that has taken in nothing. */
  create(): Hasher {
    const slot = this.#next;
    this.#next = (slot + 1) % this.#owners.length;
    const hasher = new SlotHasher(this, slot);
    this.#take(hasher);
    this.#memory.exports.hasher_begin(slot);
    return hasher;
  }

  /** Takes `bytes` into `hasher`. */
  update(hasher: SlotHasher, bytes: Uint8Array): void {
    this.#resume(hasher);
    forEachPiece(bytes, this.#pieceSize, (piece) => {
      this.#memory.write(piece);
      this.#memory.exports.hasher_update(hasher.slot, piece.length);
    });
  }

  /** The digest of all that `hasher` took in. */
  digest(hasher: SlotHasher): Uint8Array {
    this.#resume(hasher);
    this.#memory.exports.hasher_digest(hasher.slot);
    return this.#memory.read(DIGEST_SIZE);
  }

  /** Forgets `hasher`. */
  free(hasher: SlotHasher): void {
    if (this.#owners[hasher.slot] === hasher) this.#owners[hasher.slot] = undefined;
  }

  /** Gives `hasher` its slot, whose owner's state is saved. */
  #take(hasher: SlotHasher): void {
    const owner = this.#owners[hasher.slot];
    if (owner !== undefined) {
      const at = this.#memory.exports.hasher_at(hasher.slot);
      const size = this.#memory.exports.hasher_size();
      owner.saved = this.#memory.view().slice(at, at + size);
    }
    this.#owners[hasher.slot] = hasher;
  }

  #resume(hasher: SlotHasher): void {
    if (this.#owners[hasher.slot] === hasher) return;
    const saved = hasher.saved;
    if (saved === undefined) throw new RangeError("a hasher was used after it was freed");
    this.#take(hasher);
    this.#memory.view().set(saved, this.#memory.exports.hasher_at(hasher.slot));
    hasher.saved = undefined;
  }
}

/** One computation: its slot, and its state while another has the slot. */
class SlotHasher implements Hasher {
  readonly slot: number;
  saved: Uint8Array | undefined;
  readonly #slots: HasherSlots;

  constructor(slots: HasherSlots, slot: number) {
    this.#slots = slots;
    this.slot = slot;
  }

  update(bytes: Uint8Array): void {
    this.#slots.update(this, bytes);
  }

  digest(): Uint8Array {
    return this.#slots.digest(this);
  }

  free(): void {
    this.saved = undefined;
    this.#slots.free(this);
  }
}
