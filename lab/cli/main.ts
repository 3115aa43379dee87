/**
 * The entry of `deno task drill`.
 *
 * @module
 */

import { drill } from "./drill.ts";
import { standardStreams } from "./standard_streams.ts";

Deno.exit(await drill(Deno.args, standardStreams));
