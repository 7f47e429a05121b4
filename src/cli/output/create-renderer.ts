import type { CliContext } from "../context.ts";
import type { Renderer, RenderOptions } from "./renderer.ts";
import { jsonRenderer } from "./renderers/json.ts";
import { plainRenderer } from "./renderers/plain.ts";

/** Chooses the renderer, once per run. */
export async function createRenderer(
  context: CliContext,
  options: RenderOptions & { readonly json: boolean },
): Promise<Renderer> {
  switch (outputMode(context, options)) {
    case "json":
      return jsonRenderer(context, options);
    case "plain":
      return plainRenderer(context, options);
    case "live": {
      // Only a terminal needs the spinner, which takes a while to load.
      const { liveRenderer } = await import("./renderers/live.ts");
      return liveRenderer(context, options);
    }
  }
}

/** How output is shown: CI gets plain lines even with a terminal, and so does a pipe behind a terminal. */
export function outputMode(
  context: CliContext,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
): "json" | "plain" | "live" {
  if (json) return "json";
  const { CI, TERM } = context.env;
  const isCi = CI !== undefined && CI !== "" && CI !== "false";
  const isTerminal = context.out.isTTY && context.err.isTTY && !isCi && TERM !== "dumb";
  return isTerminal && !quiet ? "live" : "plain";
}
