/**
 * What the maps of disks and the strips of points mean, in a line below the stage.
 *
 * @module
 */

import { TONES } from "./cycle_colours.ts";

/** The key. */
export function MapKey() {
  return (
    <ul class="map-key" aria-label="Key of the disk maps">
      <li>
        <span class="swatches" aria-hidden="true">
          {Array.from(
            { length: TONES },
            (_, tone) => (
              <span key={tone} class="swatch" style={{ background: `var(--tone-${tone})` }} />
            ),
          )}
        </span>
        written in the newest cycle … long ago
      </li>
      <li>
        <span class="swatch" aria-hidden="true" />
        never written
      </li>
      <li>
        <span class="swatch differs" aria-hidden="true" />
        corner: differs from the other site
      </li>
      <li>
        <span class="swatch changed" aria-hidden="true" />
        bar: changed since the newest point
      </li>
      <li>
        <span class="point staged" aria-hidden="true" />
        point staged
      </li>
      <li>
        <span class="point applied" aria-hidden="true" />
        applied
      </li>
      <li>
        <span class="point applied in-use" aria-hidden="true" />
        failed over to
      </li>
    </ul>
  );
}
