/**
 * The campaign: the drill with many seeds, and what comes of them.
 *
 * @module
 */

import type { CampaignSummary } from "../../lab/campaign/campaign.ts";
import { bytesText, countText, durationText, many } from "../../lab/report/words.ts";
import {
  over,
  running,
  source,
  startCampaign,
  startCampaignAgain,
  stopCampaign,
  summary,
  wanted,
} from "../state/campaign.ts";
import {
  changeText,
  ENGINE_HASH,
  problems,
  readNow,
  scenario,
  seed,
  text,
} from "../state/drill.ts";
import { view } from "../state/views.ts";
import { Histogram } from "./histogram.tsx";
import { SeedFields, seedsAsked, SeedsWrong } from "./seed_fields.tsx";

/** Plays one seed of the campaign on the stage: with the script that the campaign played. */
async function open(chosen: number): Promise<void> {
  const played = source.value;
  if (played === undefined) return;
  seed.value = chosen;
  view.value = "drill";
  await changeText(played.text);
}

/** The script has become another one since: whose results these are. */
function OtherScript() {
  const played = source.value;
  if (played === undefined || played.text === text.value) return null;
  const { title } = played.scenario;
  return (
    <p class="other-script" role="status">
      These results are of another script, “{title}”{title === scenario.value?.title &&
        " as it was before it was changed"}. A seed that is opened brings that script back; Undo
      leads to the one that is here now.
    </p>
  );
}

function Results({ of }: { readonly of: CampaignSummary }) {
  const done = over.value;
  const broken = done - of.seeds;
  const { worst } = of;
  return (
    <>
      <OtherScript />
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
          {many(broken, "seed")} could not be run to {broken === 1 ? "its" : "their"} end; of seed
          {" "}
          {of.broken[0]!.seed}: {of.broken[0]!.why}.{" "}
          <button type="button" onClick={startCampaignAgain}>Run the campaign again</button>
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
  const read = scenario.value;
  const asked = seedsAsked.value;
  const can = read !== undefined && problems.value.length === 0 && asked !== undefined;
  const start = async () => {
    // Somebody may have typed a moment ago.
    await readNow();
    const { value } = scenario;
    if (value === undefined || problems.value.length > 0 || asked === undefined) return;
    const played = { text: text.value, scenario: value };
    startCampaign(played, asked.first, asked.count, ENGINE_HASH);
  };
  return (
    <section class="campaign" aria-label="Campaign">
      <header class="campaign-head">
        <h2>{read?.title ?? "No scenario"}</h2>
        <SeedFields />
        {running.value
          ? <button type="button" onClick={stopCampaign}>Stop</button>
          : (
            <button type="button" class="primary" disabled={!can} onClick={() => void start()}>
              Start campaign
            </button>
          )}
      </header>
      <SeedsWrong />
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
