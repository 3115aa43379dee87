/**
 * Who writes a generation: the incarnations of one primary, each of which knows the ones before it (L1).
 *
 * Every time a primary opens the conversation with its replica it is a new incarnation: it draws a random
 * id, makes it durable beside the earlier ones, and presents them all. The replica is bound to the newest
 * one that it has answered, and admits whoever knows that one: a primary that was restarted does. A copy of
 * the primary (a cloned server, a data folder put back from a backup) knows the incarnations up to the copy
 * and its own, but not those that the other has drawn since, so of two copies the second is told so.
 *
 * @module
 */

import type { Json } from "../base/json.ts";
import { WRITERS_MAX } from "../base/limits.ts";
import { type Incarnation, isIdentity } from "../base/units.ts";

/** Incarnations of one primary, newest first. */
export type Writer = readonly Incarnation[];

/**
 * `known` with a fresh incarnation in front. `answered` says that the replica is bound to the newest of
 * `known`, so that older ones may be forgotten; where there is no room otherwise, the newest stays it. One is
 * never forgotten: `proved`, under which the replica last staged a point. Answers may be lies; a replica that
 * is the one it was is bound to that one or to a later one.
 */
export function nextIncarnation(
  known: Writer,
  fresh: Incarnation,
  answered: boolean,
  proved?: Incarnation,
): Writer {
  if (known.length < WRITERS_MAX) return [fresh, ...known];
  if (!answered) return known;
  const newer = known.slice(0, WRITERS_MAX / 2);
  return [fresh, ...newer, ...(proved === undefined || newer.includes(proved) ? [] : [proved])];
}

/** True when a replica that is bound to `bound` admits who presents `writer`. */
export function mayWrite(bound: Incarnation | undefined, writer: Writer): boolean {
  return bound === undefined || writer.includes(bound);
}

/** An incarnation as people are told of it. */
export function shortIncarnation(incarnation: Incarnation): string {
  return incarnation.slice(0, 8);
}

/** The incarnations in a record; none where it has none; `undefined` when they make no sense. */
export function writerFromJson(json: Json | undefined): Writer | undefined {
  if (json === undefined) return [];
  if (!Array.isArray(json) || json.length > WRITERS_MAX || !json.every(isIdentity)) {
    return undefined;
  }
  return json as readonly Json[] as Writer;
}
