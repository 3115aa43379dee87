/**
 * Clicks and typing are one history.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { TextHistory } from "../../../web/state/text_history.ts";

Deno.test("typing without a pause is one version, a click another one", () => {
  const history = new TextHistory("");
  history.type("a", 0);
  history.type("ab", 500);
  history.type("abc", 5000);
  history.change("abc, clicked");
  history.type("abc, clicked, typed", 5100);
  const undone: string[] = [];
  while (history.canUndo) {
    history.undo();
    undone.push(history.text);
  }
  assert.deepEqual(undone, ["abc, clicked", "abc", "ab", ""]);
});

Deno.test("what was taken back is done again, until something else is done", () => {
  const history = new TextHistory("one");
  history.change("two");
  history.undo();
  assert.ok(history.canRedo);
  history.redo();
  assert.equal(history.text, "two");
  history.undo();
  history.type("three", 0);
  assert.ok(!history.canRedo);
  history.undo();
  assert.equal(history.text, "one");
});

Deno.test("the first text that is opened is the beginning: no undo empties the page", () => {
  const history = new TextHistory();
  assert.deepEqual([history.text, history.canUndo], ["", false]);
  history.change("opened");
  assert.ok(!history.canUndo);
  history.change("clicked");
  history.undo();
  assert.deepEqual([history.text, history.canUndo], ["opened", false]);
});

Deno.test("as many undos as changes lead back to the beginning", () => {
  fc.assert(fc.property(fc.array(fc.string(), { maxLength: 150 }), (texts) => {
    const history = new TextHistory("beginning");
    for (const text of texts) history.change(text);
    while (history.canUndo) history.undo();
    return history.text === "beginning";
  }));
});
