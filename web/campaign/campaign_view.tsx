/**
 * The campaign: the drill with many seeds, and what comes of them.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import type { CampaignSummary } from "../../lab/campaign/campaign.ts";
import { bytesText, countText, durationText } from "../../lab/report/words.ts";
import { running, startCampaign, stopCampaign, summary, wanted } from "../state/campaign.ts";
import { ENGINE_HASH, play, problems, scenario, seed } from "../state/drill.ts";
import { view } from "../state/views.ts";
import { Histogram } from "./histogram.tsx";

/** Seeds of one campaign, at most. */
const SEEDS_MAX = 10_000;

/** Plays one seed on the stage. */
async function open(chosen: number): Promise<void> {
  seed.value = chosen;
  view.value = "drill";
  await play();
}

function Results({ of }: { readonly of: CampaignSummary }) {
  const done = of.seeds + of.broken.length;
  const { worst } = of;
  return (
    <>
      <p class="campaign-state">
        <progress max={Math.max(1, wanted.value)} value={done} aria-label="Campaign" />
        {countText(done)} of {countText(wanted.value)} seeds
      </p>
      <p class="sentence">{of.sentence}</p>
      <dl class="counts">
        <div class="healthy">
          <dt>passed</dt>
          <dd>{countText(of.passed)}</dd>
        </div>
        <div class="lagging">
          <dt>with conditions</dt>
          <dd>{countText(of.withConditions)}</dd>
        </div>
        <div class="lost">
          <dt>failed</dt>
          <dd>{countText(of.failed)}</dd>
        </div>
        <div>
          <dt>lost writes</dt>
          <dd>{countText(of.lossy)}</dd>
        </div>
        <div>
          <dt>never back</dt>
          <dd>{countText(of.neverBack)}</dd>
        </div>
      </dl>
      {worst !== undefined && (
        <p class="worst">
          <button type="button" onClick={() => void open(worst.seed)}>
            Open the worst: seed {worst.seed}
          </button>
          <span>{worst.sentence}</span>
        </p>
      )}
      <div class="histograms">
        <Histogram title="RPO: work lost" of={of.rpo} show={durationText} />
        <Histogram title="RTO: time to recover" of={of.rto} show={durationText} />
        <Histogram title="Writes lost" of={of.lostWrites} show={countText} />
        <Histogram title="Bytes lost" of={of.lostBytes} show={bytesText} />
      </div>
      {of.broken.length > 0 && (
        <p class="problems" role="alert">
          {of.broken.length} seeds could not be run to their end; of seed {of.broken[0]!.seed}:{" "}
          {of.broken[0]!.why}
        </p>
      )}
      {of.unmet.length > 0 && (
        <table class="unmet">
          <caption>Expectations that did not hold</caption>
          <tbody>
            {of.unmet.map(([name, seeds]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{countText(seeds)} seeds</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** The view. */
export function CampaignView() {
  const count = useSignal(100);
  const first = useSignal(1);
  const read = scenario.value;
  const can = read !== undefined && problems.value.length === 0;
  const start = () => {
    if (read !== undefined) startCampaign(read, first.value, count.value, ENGINE_HASH);
  };
  return (
    <section class="campaign" aria-label="Campaign">
      <header class="campaign-head">
        <h2>{read?.title ?? "No scenario"}</h2>
        <label>
          Seeds
          <input
            type="number"
            min={1}
            max={SEEDS_MAX}
            value={count.value}
            onInput={(event) => {
              const asked = Math.round(Number(event.currentTarget.value));
              if (asked >= 1) count.value = Math.min(SEEDS_MAX, asked);
            }}
          />
        </label>
        <label>
          from seed
          <input
            type="number"
            min={0}
            value={first.value}
            onInput={(event) => {
              const asked = Math.round(Number(event.currentTarget.value));
              if (asked >= 0 && Number.isSafeInteger(asked)) first.value = asked;
            }}
          />
        </label>
        {running.value
          ? <button type="button" onClick={stopCampaign}>Stop</button>
          : (
            <button type="button" class="primary" disabled={!can} onClick={start}>
              Start campaign
            </button>
          )}
      </header>
      {summary.value === undefined
        ? (
          <p class="quiet">
            The same script with many seeds, on all cores of this computer: other delays, other work
            of the guests, the same disaster.
          </p>
        )
        : <Results of={summary.value} />}
    </section>
  );
}
