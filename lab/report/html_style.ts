/**
 * How a report looks, on a screen by day and by night and on paper.
 *
 * Colours mean something, tell each other apart for the colour-blind, and never stand alone: healthy, lagging, lost, frozen,
 * burning.
 *
 * @module
 */

const LIGHT = `
  --ground: #ffffff; --sheet: #f5f6f7; --ink: #1b1f24; --quiet: #5b6570; --rule: #d5dae0;
  --healthy: #006b50; --lagging: #7d5100; --lost: #9c3408; --frozen: #0a63a8; --burning: #a3195b;
  --healthy-fill: #cdeee2; --lagging-fill: #f6dfa8; --lost-fill: #f9d6c1; --frozen-fill: #c5dff4; --burning-fill: #efcadb;`;

const DARK = `
  --ground: #14171a; --sheet: #1c2024; --ink: #e6e9ec; --quiet: #9aa5b1; --rule: #343b43;
  --healthy: #4cc9a0; --lagging: #e8b04a; --lost: #f28a55; --frozen: #6db3ec; --burning: #e684b1;
  --healthy-fill: #124a3a; --lagging-fill: #53400f; --lost-fill: #5c2d14; --frozen-fill: #143d5e; --burning-fill: #4d1f36;`;

/** The style sheet. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 944px; margin: 0 auto; padding: 28px 32px 48px; }
h1 { font-size: 14px; font-weight: 600; margin: 0; }
h2 { font-size: 14px; font-weight: 600; margin: 32px 0 8px; padding-top: 8px; border-top: 1px solid var(--rule); }
h3 { font-size: 14px; font-weight: 600; margin: 16px 0 4px; }
p { margin: 4px 0 8px; max-width: 76ch; }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 16px; }
.sentence { font-size: 22px; line-height: 1.3; font-weight: 600; margin: 16px 0 12px; max-width: 44ch; text-wrap: pretty; }
.quiet, caption { color: var(--quiet); }
.small { font-size: 12px; }
.note { border-left: 3px solid var(--lagging); padding: 2px 0 2px 12px; }
.verdict { font-weight: 600; padding: 2px 10px; border-radius: 3px; white-space: nowrap; }
.good { color: var(--healthy); } .verdict.good { background: var(--healthy-fill); }
.fair { color: var(--lagging); } .verdict.fair { background: var(--lagging-fill); }
.bad { color: var(--lost); } .verdict.bad { background: var(--lost-fill); }
.worst { color: var(--burning); }
.good, .fair, .bad, .worst { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content minmax(0, 1fr); gap: 2px 16px; margin: 8px 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 4px 0 12px; }
th { text-align: left; font-weight: 400; color: var(--quiet); font-size: 12px; vertical-align: bottom; }
th, td { padding: 3px 14px 3px 0; border-bottom: 1px solid var(--rule); }
td { vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.short { white-space: nowrap; }
code { font: 12px/1.45 ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
pre { margin: 4px 0; white-space: pre-wrap; }
figure { margin: 8px 0 12px; }
figcaption { color: var(--quiet); font-size: 12px; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--quiet); }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg .below .line { stroke: var(--frozen); } svg .below .area { fill: var(--frozen-fill); opacity: .55; }
svg .above .line { stroke: var(--lost); } svg .above .area { fill: var(--lost-fill); opacity: .75; }
svg line.objective { stroke: var(--ink); stroke-dasharray: 5 4; } svg text.objective { fill: var(--ink); }
svg .window rect { fill: var(--burning-fill); opacity: .6; } svg .window text { fill: var(--burning); }
svg .mark line { stroke: var(--burning); stroke-width: 1.4; stroke-dasharray: 2 2; }
svg .detection rect { fill: var(--lagging-fill); } svg .decision rect { fill: var(--frozen-fill); } svg .recovery rect { fill: var(--healthy-fill); }
.part { margin-right: 16px; white-space: nowrap; }
.swatch { display: inline-block; width: 10px; height: 10px; margin-right: 5px; border: 1px solid var(--quiet); }
.swatch.detection { background: var(--lagging-fill); } .swatch.decision { background: var(--frozen-fill); } .swatch.recovery { background: var(--healthy-fill); }
svg.bar g text { fill: var(--ink); } svg .target line { stroke: var(--ink); stroke-dasharray: 5 4; }
.sign td { height: 40px; } .sign td + td { border-left: 1px solid var(--rule); padding-left: 14px; }
.sign th + th { padding-left: 14px; }
@media (max-width: 640px) { main { padding: 16px; } dl { grid-template-columns: max-content minmax(0, 1fr); } .wide { overflow-x: auto; } .wide table { min-width: 660px; } header { flex-wrap: wrap; } .sentence { font-size: 18px; } }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  :root { color-scheme: light; ${LIGHT} }
  body { font-size: 11px; } h1, h2, h3 { font-size: 12px; } .sentence { font-size: 18px; }
  .small, th, figcaption, code { font-size: 10px; }
  main { max-width: none; padding: 0; } h2 { margin-top: 18px; } th, td { padding: 2px 10px 2px 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3 { break-after: avoid; } tr, figure, .keep { break-inside: avoid; } thead { display: table-header-group; }
}`;
