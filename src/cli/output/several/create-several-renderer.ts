import type { CliContext } from "../../context.ts";
import { outputMode } from "../create-renderer.ts";
import { severalJson } from "./renderers/json.ts";
import { severalPlain } from "./renderers/plain.ts";
import type { SeveralOptions, SeveralRenderer } from "./several-renderer.ts";

/** Chooses the renderer, by the same rules as for one environment. */
export async function createSeveralRenderer(
  context: CliContext,
  options: SeveralOptions & { readonly json: boolean },
): Promise<SeveralRenderer> {
  switch (outputMode(context, options)) {
    case "json":
      return severalJson(context, options);
    case "plain":
      return severalPlain(context, options);
    case "live": {
      const { severalLive } = await import("./renderers/live.ts");
      return severalLive(context, options);
    }
  }
}
