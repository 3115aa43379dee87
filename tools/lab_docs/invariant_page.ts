/**
 * docs/INVARIANTS.md, made of the table of invariants.
 *
 * @module
 */

import { INVARIANTS } from "../../engine/sim/invariants/table.ts";

/** What is judged over whole runs, by tests, and not in one. */
const OVER_RUNS: readonly {
  readonly id: string;
  readonly about: string;
  readonly where: string;
}[] = [
  {
    id: "I14",
    about:
      "A crash at any call to storage or network, and in the recovery from it, loses nothing that was promised",
    where: "`test/sweep`",
  },
  {
    id: "I50",
    about:
      "A run is a function of its scenario: the same one gives the same trace, also in another runtime",
    where: "`test/properties`, `test/web`",
  },
  {
    id: "I51",
    about: "Watching changes nothing: without judges, and with the trace kept, a run is the same",
    where: "`test/properties`",
  },
];

const INTRODUCTION = `# Invariants

What holds in every run of the simulated world, whatever goes wrong in it. Each is judged while the run goes, by code in
\`engine/sim/invariants\` that knows only what was observed and what the oracle says; the first one that does not hold ends the run. A scenario
may expect all of them, which is usual, or some by their ids (\`expect: [{invariants: [I1, I16]}]\`). docs/PROOF.md says how they are
looked for and how we know that they see anything.

This page is made of the table of invariants by \`tools/lab_docs\`, and a test finds it when it falls behind. Ids are never used again.
`;

/** The text of docs/INVARIANTS.md. */
export function invariantPage(): string {
  const judged = INVARIANTS.toSorted((one, other) => numberOf(one.id) - numberOf(other.id));
  const rows = judged.map(({ id, about }) => `| ${id} | ${about} |`);
  const over = OVER_RUNS.map(({ id, about, where }) => `| ${id} | ${about} | ${where} |`);
  return `${INTRODUCTION}
## Judged in every run

| id | what holds |
|---|---|
${rows.join("\n")}

## Judged over runs

| id | what holds | by |
|---|---|---|
${over.join("\n")}
`;
}

function numberOf(id: string): number {
  return Number(id.slice(1));
}
