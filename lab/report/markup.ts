/**
 * Markup in which every text is escaped unless it is markup already, so that nothing can be forgotten.
 *
 * @module
 */

import { escapeXml } from "./escape.ts";

/** Text that is markup. */
export class Markup {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** The markup of a template: its own text as it is, what is put into it escaped. */
  static of(texts: TemplateStringsArray, values: readonly Filling[]): Markup {
    const whole = texts.reduce((sum, text, index) => sum + rendered(values[index - 1]) + text);
    return new Markup(whole);
  }

  /** Text of this repository that is markup as it stands, and takes nothing from outside. */
  static own(text: string): Markup {
    return new Markup(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template takes: text and numbers, markup, lists of it, and nothing. */
export type Filling = string | number | Markup | readonly Filling[] | null | undefined | false;

function rendered(value: Filling): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Markup) return value.toString();
  if (typeof value === "string" || typeof value === "number") return escapeXml(String(value));
  return value.map(rendered).join("");
}

/** A template of HTML, SVG or XML. */
export function markup(texts: TemplateStringsArray, ...values: readonly Filling[]): Markup {
  return Markup.of(texts, values);
}
