import type { EngineContext } from "../engine/context.ts";
import type { Request } from "../protocol/request.ts";
import type { HasuraOverHttp } from "./hasura/hasura-http.ts";

/** Hasura's version for `run.started`; of a client's question before its run nothing is shown. */
export async function shownVersion(
  { operation }: Request,
  read: () => Promise<string | undefined>,
): Promise<string | undefined> {
  return operation === "inventory" ? undefined : read();
}

/** How long `run.started` may wait for Hasura's version. */
const versionWithinMs = 1000;

/** Hasura's version if it responds soon. A problem with Hasura is reported by what needs it later. */
export async function quickVersion(
  hasura: HasuraOverHttp,
  sleep: EngineContext["sleep"],
  over: AbortSignal,
): Promise<string | undefined> {
  const version = hasura.version().catch(() => undefined);
  return Promise.race([
    version,
    sleep(versionWithinMs, over).then(
      () => undefined,
      () => undefined,
    ),
  ]);
}
