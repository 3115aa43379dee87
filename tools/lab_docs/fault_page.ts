/**
 * docs/FAULTS.md, made of the registry of faults.
 *
 * @module
 */

import type { FaultDefinition, FaultParameter } from "../../engine/sim/faults/definition.ts";
import { FAULTS } from "../../engine/sim/faults/registry.ts";
import { quantityText } from "../../lab/scenario/quantities.ts";

const INTRODUCTION = `# Faults

Everything that can go wrong in a drill, in the words of its script (\`fault: link.loss\`). This page is made of the registry in
\`engine/sim/faults\` by \`tools/lab_docs\`, as are the schema of scenarios, the palette of the lab and the random drills of the tests; a
test finds it when it falls behind.

*On* says what a step may name: \`site\` the name of a site, \`link\` that of the link, \`machine\` that of a machine, \`disk\` a machine and one
of its disks, as \`erp/0\`. Where only one thing can be meant it need not be said. A fault that *lasts* does so \`for\` a time, or to the end of
the drill, when everything heals; what lasts no time happens at one moment. Times, sizes, rates and shares are written as everywhere
(docs/SCENARIOS.md); sizes and rates are those of the world that is meant, whatever the scale.

*Recoverable* says whether what was acknowledged and replicated stays recoverable under it. Where it may not, points that are damaged are
listed as such and never believed; under \`disk.phantom-write\`, \`disk.misdirected-write\`, \`disk.misdirected-read\` and \`disk.rot-silent\`
nobody can notice before a comparison, and judges that hold bytes against what guests wrote say nothing of the machines that were hit. *Real* says whether a real server can be made to suffer it from outside.
`;

const FAMILIES: Readonly<Record<string, string>> = {
  link: "The link",
  disk: "Storage",
  host: "Hosts",
  clock: "Clocks",
  site: "Sites",
  guest: "Guests",
  primary: "What a primary keeps",
  replica: "Replicas",
  certificate: "Certificates",
  authorization: "Authorization",
  peer: "Peers",
};

/** The text of docs/FAULTS.md. */
export function faultPage(): string {
  const all = [...FAULTS.values()];
  const familyOf = ({ id }: FaultDefinition) => id.slice(0, id.indexOf("."));
  const families = [...new Set(all.map(familyOf))];
  const sections = families.map((family) => {
    const title = FAMILIES[family];
    if (title === undefined) throw new Error(`The page has no title for the family "${family}"`);
    const faults = all.filter((fault) => familyOf(fault) === family);
    return `## ${title}\n\n${faults.map(section).join("\n")}`;
  });
  return `${INTRODUCTION}\n${index(all)}\n${sections.join("\n")}`;
}

function index(faults: readonly FaultDefinition[]): string {
  const rows = faults.map((fault) => {
    const { id, title, targets, lasting, recoverable, real } = fault;
    const cells = [
      `[\`${id}\`](#${id.replaceAll(".", "")})`,
      title,
      targets.join(", "),
      yes(lasting),
      yes(recoverable),
      yes(real),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `${faults.length} kinds:

| fault | | on | lasts | recoverable | real |
|---|---|---|---|---|---|
${rows.join("\n")}
`;
}

function yes(is: boolean): string {
  return is ? "yes" : "no";
}

function section({ id, about, modelled, notModelled, heals, parameters }: FaultDefinition): string {
  const table = parameters.length === 0 ? "" : `
| parameter | from, usually, to | |
|---|---|---|
${parameters.map(row).join("\n")}
`;
  return `### ${id}

${about}.

- Modelled: ${modelled}.
- Not modelled: ${notModelled}.
- How it ends: ${heals}.
${table}`;
}

function row(parameter: FaultParameter): string {
  const { name, about } = parameter;
  return `| \`${name}\` | ${boundsOf(parameter)} | ${about} |`;
}

function boundsOf(parameter: FaultParameter): string {
  if (parameter.kind === "word") {
    return parameter.words.map((word) => word === parameter.usual ? `**${word}**` : word).join(
      ", ",
    );
  }
  const { kind, min, usual, max } = parameter;
  const text = (value: number) => kind === "count" ? String(value) : quantityText(kind, value);
  return `${text(min)}, **${text(usual)}**, ${text(max)}`;
}
