import type { CommandResult } from "../command-result.ts";
import { loadConfig } from "../config/load.ts";
import type { CommandContext } from "../context.ts";
import type { EnvsOptions } from "../options/schemas.ts";
import { discoveredJsonLines, discoveredLines } from "../output/views/discovered.ts";
import { worstResult } from "../run/several/worst-result.ts";
import { discover } from "./discover.ts";
import { summarise, type Discovery } from "./environments.ts";

/**
 * `envs --discover`: functions with the tag in every profile and region. Resolves to the worst failure only where no place could
 * be searched: a profile of another company is no reason to fail.
 */
export async function listDiscovered(
  context: CommandContext,
  options: EnvsOptions,
): Promise<CommandResult> {
  const loaded = await loadConfig(context, options.config);
  const places = await discover(context, options, loaded);
  const discovery = summarise(places);
  const columns = context.out.isTTY ? context.out.columns : Infinity;
  const lines = options.json ? discoveredJsonLines(discovery) : discoveredLines(discovery, columns);
  for (const line of lines) context.out.write(`${line}\n`);
  return resultOf(discovery, places.length, context);
}

function resultOf(
  { failures }: Discovery,
  searched: number,
  { interrupts }: CommandContext,
): CommandResult {
  if (interrupts.first.aborted) return "interrupted";
  return failures.length < searched
    ? "done"
    : worstResult(failures.map(({ failure }) => failure.kind));
}
