/**
 * The report of the run: the sentence first, then the page that it prints as, and the files in which it can be kept.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isStale, newestRun, play, problems } from "../state/drill.ts";
import { saveAs } from "../state/files.ts";
import { library } from "../state/library.ts";
import { tell } from "../state/notices.ts";
import type { Outcome } from "../state/run.ts";
import { linkOfRun } from "../state/sharing.ts";
import type { Download } from "./downloads.ts";

const VERDICTS = {
  "passed": "Passed",
  "passed-with-conditions": "Passed with conditions",
  "failed": "Failed",
} as const;

/** A report with everything that makes files of it. */
interface Prepared {
  readonly outcome: Outcome;
  readonly html: string;
  readonly downloads: readonly Download[];
  readonly save: (download: Download) => void;
}

/** The newest run's text, and what the command line plays it by: a name of the library, if it is one of that. */
function sourceOf(name: string): { readonly file: string | undefined; readonly text: string } {
  const text = newestRun.value?.source.text ?? "";
  const known = library.value.some((entry) => entry.name === name && entry.text === text);
  return { file: known ? name : undefined, text };
}

async function prepare(outcome: Outcome): Promise<Prepared> {
  const { DOWNLOADS, provenanceOf, reportHtml, withItsStory } = await import("./downloads.ts");
  const { recording } = outcome;
  const report = withItsStory(outcome.report, recording.scenario, library.value);
  const link = await linkOfRun();
  const source = sourceOf(report.name);
  const provenance = await provenanceOf(report, recording.scenario, source, link);
  return {
    outcome,
    html: reportHtml(report, provenance),
    downloads: DOWNLOADS,
    save: ({ end, type, make }) => {
      saveAs(`${report.name}-${report.seed}${end}`, type, make(report, provenance));
    },
  };
}

/** The report as its own document; as tall as it is, so that only the page scrolls. */
function Paper({ html, frame }: {
  readonly html: string;
  readonly frame: { current: HTMLIFrameElement | null };
}) {
  const fit = () => {
    const paper = frame.current;
    const height = paper?.contentDocument?.documentElement.scrollHeight ?? 0;
    if (paper !== null && height > 0) paper.style.height = `${height + 2}px`;
  };
  return (
    <iframe
      class="paper"
      title="Drill report"
      sandbox="allow-same-origin allow-modals"
      srcdoc={html}
      ref={frame}
      onLoad={fit}
    />
  );
}

/** What stands here before there is a report. */
function Waiting() {
  const newest = newestRun.value;
  const words = newest === undefined
    ? "Run a drill first: its report is here when it is over."
    : newest.failure.value !== ""
    ? "The run ended unexpectedly, so there is no report. Run it again on the Drill page."
    : newest.silent.value
    ? "Nothing comes from the run any more, so there is no report. Run it again on the Drill page."
    : `The report is made when the run is complete: ${
      Math.floor(Math.min(1, newest.known.value / newest.end) * 100)
    } %.`;
  return (
    <section class="report waiting" aria-label="Report">
      <p>{words}</p>
    </section>
  );
}

/** The script has become another one since: whose report this is. */
function OtherScript() {
  if (!isStale.value) return null;
  const hasMistakes = problems.value.length > 0;
  return (
    <p class="other-script" role="status">
      <span>
        This is the report of the run before: the script was changed since,{" "}
        {hasMistakes ? "has mistakes now, and was not run." : "and was not run yet."}
      </span>
      {!hasMistakes && <button type="button" onClick={() => void play()}>Run it</button>}
    </p>
  );
}

/** The view. */
export function ReportView() {
  const outcome = newestRun.value?.outcome.value;
  const prepared = useSignal<Prepared | undefined>(undefined);
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    if (outcome === undefined) return;
    prepare(outcome).then((made) => {
      if (made.outcome === newestRun.value?.outcome.value) prepared.value = made;
    }, () => {
      tell({
        about: "report",
        kind: "error",
        text: "The report could not be made: a part of this page could not be loaded.",
      });
    });
  }, [outcome]);
  if (outcome === undefined) return <Waiting />;
  const { report } = outcome;
  const ready = prepared.value?.outcome === outcome ? prepared.value : undefined;
  const print = () => frame.current?.contentWindow?.print();
  return (
    <section class="report" aria-label="Report">
      <OtherScript />
      <header class="report-head">
        <p class={`verdict ${report.verdict}`}>{VERDICTS[report.verdict]}</p>
        <p class="sentence">{report.sentence}</p>
        <div class="tools">
          <button type="button" class="primary" disabled={ready === undefined} onClick={print}>
            Print
          </button>
          {ready?.downloads.map((download) => (
            <button
              key={download.label}
              type="button"
              onClick={() => ready.save(download)}
            >
              {download.label}
            </button>
          ))}
        </div>
        <p class="quiet">
          Seed {report.seed}, trace{" "}
          <code data-trace={report.traceHash}>{report.traceHash}</code>, engine{" "}
          <code>{report.engineHash}</code>
        </p>
      </header>
      {ready !== undefined && <Paper html={ready.html} frame={frame} />}
    </section>
  );
}
