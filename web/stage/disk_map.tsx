/**
 * A disk at one site as a map of its blocks.
 *
 * @module
 */

import { useEffect, useRef } from "preact/hooks";
import type { DiskFrame } from "../../lab/run/recording.ts";
import { theme } from "../state/theme.ts";
import { newestCycle, toneOf, TONES } from "./cycle_colours.ts";

const COLUMNS = 32;
/** Pixels of a cell, one of which is the gap to the next. */
const CELL = 9;

/** Colours of the maps, as the style sheet has them. */
interface Paint {
  readonly theme: string;
  readonly tones: readonly string[];
  readonly empty: string;
  readonly differs: string;
  readonly changed: string;
}

let mixed: Paint | undefined;

function paintOf(element: Element): Paint {
  if (mixed?.theme === theme.value) return mixed;
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  mixed = {
    theme: theme.value,
    tones: Array.from({ length: TONES }, (_, index) => colour(`--tone-${index}`)),
    empty: colour("--tone-none"),
    differs: colour("--differs"),
    changed: colour("--lagging"),
  };
  return mixed;
}

/** What is drawn of a disk. */
interface Drawn {
  readonly disk: DiskFrame;
  readonly side: 0 | 1;
  /** The machine is written here, so what was changed is shown here. */
  readonly isHome: boolean;
  /** The other site has a disk to compare with. */
  readonly compared: boolean;
}

function draw(canvas: HTMLCanvasElement, { disk, side, isHome, compared }: Drawn): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const paint = paintOf(canvas);
  const [mine, other] = side === 0 ? [disk.first, disk.second] : [disk.second, disk.first];
  const newest = newestCycle(disk.first, disk.second);
  const inner = CELL - 1;
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (let cell = 0; cell < mine.length; cell++) {
    const x = (cell % COLUMNS) * CELL;
    const y = Math.floor(cell / COLUMNS) * CELL;
    const tone = toneOf(mine[cell]!, newest);
    context.fillStyle = tone < 0 ? paint.empty : paint.tones[tone]!;
    context.fillRect(x, y, inner, inner);
    if (compared && mine[cell] !== other[cell]) {
      // A corner is cut off where the sites differ: seen without any colour.
      context.fillStyle = paint.differs;
      context.beginPath();
      context.moveTo(x + inner, y);
      context.lineTo(x + inner, y + 5);
      context.lineTo(x + inner - 5, y);
      context.fill();
    }
    const changed = isHome ? disk.changed[cell]! : 0;
    if (changed > 0) {
      const height = 1 + Math.round(changed / 255 * 3);
      context.fillStyle = paint.changed;
      context.fillRect(x, y + inner - height, inner, height);
    }
  }
}

/** Parts of a map where the sites differ. */
export function differingCells(disk: DiskFrame): number {
  return disk.first.reduce((sum, cycle, cell) => sum + (cycle === disk.second[cell] ? 0 : 1), 0);
}

/** The map of one disk at one site. */
export function DiskMap({ disk, side, isHome, compared, label, blank }: Drawn & {
  readonly label: string;
  /** The site is gone, and its disks with it. */
  readonly blank: boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shade = theme.value;
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, { disk, side, isHome, compared });
  }, [disk, side, isHome, compared, shade]);
  const rows = Math.ceil(disk.first.length / COLUMNS);
  return (
    <canvas
      ref={canvas}
      class={blank ? "disk-map gone" : "disk-map"}
      width={COLUMNS * CELL}
      height={rows * CELL}
      role="img"
      aria-label={label}
    />
  );
}
