/**
 * The one queue of everything that will happen: ordered by time, then by a tie-break drawn from the
 * seed, so that equal times come in shuffled but repeatable order.
 *
 * @module
 */

import type { EventKind } from "./trace.ts";

/** Something that will happen. Owned by the queue until it has happened or was cancelled. */
export interface SimEvent {
  /** When, µs of world time. */
  readonly time: number;
  /** Decides between equal times. */
  readonly tie: number;
  /** Decides between equal ties: the order of scheduling. */
  readonly order: number;
  /** For the trace. */
  readonly kind: EventKind;
  /** Who it happens to, for the trace. */
  readonly actor: number;
  /** What it carries, for the trace. */
  readonly payload: number;
  /** What happens; `undefined` once it happened or was cancelled. */
  run: (() => void) | undefined;
}

/** Below this many, cancelled events just wait for their time. */
const SWEEP_MIN = 64;

/** A binary heap of events. Cancelling is O(1): the event stays, empty, until its turn. */
export class EventQueue {
  #heap: SimEvent[] = [];
  #cancelled = 0;

  /** Events that will happen. */
  get length(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Adds an event. */
  push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as SimEvent;
      if (!before(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  /** Takes an event back; one that happened or was taken back already is left alone. */
  cancel(event: SimEvent): void {
    if (event.run === undefined) return;
    event.run = undefined;
    this.#cancelled++;
    if (this.#cancelled > SWEEP_MIN && 2 * this.#cancelled > this.#heap.length) this.#sweep();
  }

  /** When the next event happens; `undefined` when there is none. */
  nextTime(): number | undefined {
    this.#skip();
    return this.#heap[0]?.time;
  }

  /** Takes the next event out. */
  pop(): SimEvent | undefined {
    this.#skip();
    return this.#take();
  }

  #skip(): void {
    while (this.#heap.length > 0 && (this.#heap[0] as SimEvent).run === undefined) {
      this.#take();
      this.#cancelled--;
    }
  }

  #take(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    sink(heap, 0, last);
    return first;
  }

  /** Drops every cancelled event and builds the heap again. */
  #sweep(): void {
    const heap = this.#heap.filter((event) => event.run !== undefined);
    for (let at = (heap.length >> 1) - 1; at >= 0; at--) sink(heap, at, heap[at] as SimEvent);
    this.#heap = heap;
    this.#cancelled = 0;
  }
}

function before(left: SimEvent, right: SimEvent): boolean {
  if (left.time !== right.time) return left.time < right.time;
  if (left.tie !== right.tie) return left.tie < right.tie;
  return left.order < right.order;
}

function sink(heap: SimEvent[], place: number, event: SimEvent): void {
  const length = heap.length;
  let at = place;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && before(heap[child + 1] as SimEvent, heap[child] as SimEvent)) child++;
    const below = heap[child] as SimEvent;
    if (!before(below, event)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = event;
}
