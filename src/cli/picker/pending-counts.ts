import pLimit from "p-limit";
import { v7 } from "uuid";
import { Failure } from "../../protocol/failure.ts";
import { Request } from "../../protocol/request.ts";
import { contractVersion } from "../../protocol/version.ts";
import type { LoadedConfig } from "../config/load.ts";
import { environmentNames, resolveTarget, type TargetFlags } from "../config/resolve-target.ts";
import { SharedCredentials } from "../connection/aws/shared-credentials.ts";
import type { CommandContext } from "../context.ts";
import { actorOf } from "../run/actor.ts";
import { queryFunction } from "../run/query.ts";
import type { Count } from "./picker-state.ts";

/** Environments that are asked at once. */
const atOnce = 8;

/**
 * Asks every environment for its status, and reports each answer as it comes, until the signal is aborted. Nobody is asked for a
 * login: what needs one is not known.
 */
export async function pendingCounts(
  context: CommandContext,
  of: { readonly loaded: LoadedConfig; readonly flags: TargetFlags },
  report: (environment: string, count: Count) => void,
  signal: AbortSignal,
): Promise<void> {
  const alone: CommandContext = {
    ...context,
    keyboard: { ...context.keyboard, isTTY: false },
  };
  const shared = new SharedCredentials();
  // Also ends a credential process that nobody waits for any more.
  signal.addEventListener("abort", () => shared.close(), { once: true });
  const limit = pLimit(atOnce);
  const isOver = (): boolean => signal.aborted;
  await Promise.all(
    environmentNames(of.loaded).map((environment) =>
      limit(async () => {
        if (isOver()) return;
        const count = await pendingOf(alone, { ...of, environment, shared }, signal);
        if (!isOver()) report(environment, count);
      }),
    ),
  );
  shared.close();
}

async function pendingOf(
  context: CommandContext,
  of: {
    readonly environment: string;
    readonly loaded: LoadedConfig;
    readonly flags: TargetFlags;
    readonly shared: SharedCredentials;
  },
  signal: AbortSignal,
): Promise<Count> {
  const { environment, loaded, flags, shared } = of;
  try {
    const { connect } = await import("../connection/aws/connect.ts");
    const target = resolveTarget(environment, loaded, flags, "status");
    const connection = await connect(target, context, { notice: () => undefined, shared });
    try {
      const request = Request.parse({
        contract: contractVersion,
        runId: v7({ msecs: context.now() }),
        ...{ environment, operation: "status", options: {} },
        actor: await actorOf(context, false),
      });
      const { now, every } = context;
      const events = await queryFunction(connection, request, { now, every, signal });
      return events
        .flatMap((event) => (event.type === "status" ? event.databases : []))
        .flatMap(({ migrations }) => migrations)
        .filter(({ state }) => state === "pending").length;
    } finally {
      await connection.close();
    }
  } catch (thrown) {
    if (thrown instanceof Failure) return "unknown";
    throw thrown;
  }
}
