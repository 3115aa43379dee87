/**
 * A distribution as bars.
 *
 * @module
 */

import type { DistributionSummary } from "../../lab/campaign/distribution.ts";

/** A histogram with its percentiles. */
export function Histogram({ title, of, show }: {
  readonly title: string;
  readonly of: DistributionSummary;
  readonly show: (value: number) => string;
}) {
  const { histogram, count, least, p50, p90, most } = of;
  const highest = Math.max(1, ...histogram.map((bar) => bar.count));
  const said = (value: number | null) => value === null ? "none" : show(value);
  const label = `${title} of ${count} runs: median ${said(p50)}, 9 in 10 at most ${
    said(p90)
  }, worst ${said(most)}`;
  return (
    <figure class="histogram">
      <figcaption>{title}</figcaption>
      <div class="bars" role="img" aria-label={label}>
        {histogram.map(({ from, to, count }) => (
          <div
            key={from}
            class="bar"
            style={{ height: `${count / highest * 100}%` }}
            title={`${show(from)} to ${show(to)}: ${count}`}
          />
        ))}
        {histogram.length === 0 && <p class="quiet">Nothing measured yet</p>}
      </div>
      <p class="bar-ends quiet" aria-hidden="true">
        <span>{said(histogram[0]?.from ?? least)}</span>
        <span>{said(histogram.at(-1)?.to ?? most)}</span>
      </p>
      <dl>
        <div>
          <dt>median</dt>
          <dd>{said(p50)}</dd>
        </div>
        <div>
          <dt>90 %</dt>
          <dd>{said(p90)}</dd>
        </div>
        <div>
          <dt>worst</dt>
          <dd>{said(most)}</dd>
        </div>
      </dl>
    </figure>
  );
}
