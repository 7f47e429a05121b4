import type { CliContext } from "../context.ts";
import type { Renderer, RenderOptions } from "./renderer.ts";
import { jsonRenderer } from "./renderers/json.ts";
import { plainRenderer } from "./renderers/plain.ts";

/** Chooses the renderer, once per run. CI gets plain lines even with a terminal, and so does a pipe behind a terminal. */
export async function createRenderer(
  context: CliContext,
  options: RenderOptions & { readonly json: boolean },
): Promise<Renderer> {
  if (options.json) return jsonRenderer(context, options);
  const { CI, TERM } = context.env;
  const isCi = CI !== undefined && CI !== "" && CI !== "false";
  const isTerminal = context.out.isTTY && context.err.isTTY && !isCi && TERM !== "dumb";
  if (!isTerminal || options.quiet) return plainRenderer(context, options);
  // Only a terminal needs the spinner, which takes a while to load.
  const { liveRenderer } = await import("./renderers/live.ts");
  return liveRenderer(context, options);
}
