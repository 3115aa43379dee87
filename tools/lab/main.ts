/**
 * `deno task lab`, which `npm start` is: the lab with the page that it serves.
 *
 * @module
 */

import { lab } from "../../lab/cli/lab.ts";
import { standardStreams } from "../../lab/cli/standard_streams.ts";
import { buildPage } from "../web/build.ts";
import { upToDatePage } from "./page_cache.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

Deno.exit(
  await lab(
    Deno.args,
    standardStreams,
    (say) => upToDatePage(ROOT, `${ROOT}/.cache/lab`, buildPage, say),
  ),
);
