/**
 * A text with its earlier and later versions: what makes every click and every stretch of typing undoable.
 *
 * @module
 */

/** Versions that are kept. */
const VERSIONS = 200;
/** Typing that goes on without such a pause is one version, ms. */
const PAUSE = 1000;

/** A text that can be taken back. */
export class TextHistory {
  #versions: string[];
  #at = 0;
  #typedAt = -Infinity;

  /** Begins with a text; without one, with the first that comes: nothing leads back to before it. */
  constructor(text?: string) {
    this.#versions = text === undefined ? [] : [text];
  }

  /** The text as it is. */
  get text(): string {
    return this.#versions[this.#at] ?? "";
  }

  /** True when there is an earlier version. */
  get canUndo(): boolean {
    return this.#at > 0;
  }

  /** True when a version was taken back, and nothing else was done since. */
  get canRedo(): boolean {
    return this.#at < this.#versions.length - 1;
  }

  /** A new version, as a click makes it. */
  change(text: string): void {
    this.#typedAt = -Infinity;
    this.#add(text);
  }

  /** A new version, as typing at `now` makes it: part of the one before if there was no pause. */
  type(text: string, now: number): void {
    const goesOn = now - this.#typedAt < PAUSE && !this.canRedo && this.canUndo;
    this.#typedAt = now;
    if (goesOn) this.#versions[this.#at] = text;
    else this.#add(text);
  }

  /** Takes one version back. */
  undo(): void {
    this.#typedAt = -Infinity;
    if (this.canUndo) this.#at--;
  }

  /** Goes on to the version that was taken back. */
  redo(): void {
    this.#typedAt = -Infinity;
    if (this.canRedo) this.#at++;
  }

  #add(text: string): void {
    if (text === this.#versions[this.#at]) return;
    this.#versions = [...this.#versions.slice(0, this.#at + 1), text].slice(-VERSIONS);
    this.#at = this.#versions.length - 1;
  }
}
