import {
  HasuraCallError,
  type Hasura,
  type InconsistentObject,
  type MetadataReplacement,
} from "../../engine/hasura/client.ts";
import type { CliOutcome } from "./classify-output.ts";
import { notWithHasuraCli } from "./not-with-hasura-cli.ts";
import type { HasuraCli } from "./hasura-cli.ts";

/** The same Hasura, whose metadata is replaced and reloaded by the official CLI. Reading stays with our own client. */
export function metadataWithCli(hasura: Hasura, cli: HasuraCli): Hasura {
  return {
    ...hasura,
    // It depends on what has been read of the server.
    get runSqls() {
      return hasura.runSqls;
    },
    replaceMetadata: (replacement) => replaceMetadata(replacement, hasura, cli),
    reloadAll: (options) => reloadAll(options, hasura, cli),
  };
}

/** The CLI sends no version, so the version is compared just before; a change made in between is overwritten. */
async function replaceMetadata(
  { document, resourceVersion, allowInconsistent }: MetadataReplacement,
  hasura: Hasura,
  cli: HasuraCli,
): Promise<readonly string[]> {
  const now = await hasura.readMetadata();
  if (now.resourceVersion !== resourceVersion)
    throw new HasuraCallError("rejected", "the metadata's version has changed", {
      ...{ status: 409, code: "conflict" },
    });
  throwUnlessDone(await cli.applyMetadata(document, { allowInconsistent }));
  return [];
}

async function reloadAll(
  { recreateEventTriggers }: { readonly recreateEventTriggers: boolean },
  hasura: Hasura,
  cli: HasuraCli,
): Promise<InconsistentObject[]> {
  if (recreateEventTriggers) throw notWithHasuraCli("recreating event triggers");
  throwUnlessDone(await cli.reloadMetadata());
  return hasura.inconsistentObjects();
}

/** Throws as our own client does: what a process that crashed or was killed has done is unknown. */
function throwUnlessDone(outcome: CliOutcome): void {
  if (!("error" in outcome)) return;
  const { error } = outcome;
  if (outcome.outcome === "failed" || error instanceof HasuraCallError) throw error;
  throw new HasuraCallError("unknown", error instanceof Error ? error.message : String(error));
}
