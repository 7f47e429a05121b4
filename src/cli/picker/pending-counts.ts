import pLimit from "p-limit";
import { Failure } from "../../protocol/failure.ts";
import type { LoadedConfig } from "../config/load.ts";
import { environmentNames, resolveTarget, type TargetFlags } from "../config/resolve-target.ts";
import { SharedCredentials } from "../connection/aws/shared-credentials.ts";
import type { CommandContext } from "../context.ts";
import { actorOf } from "../run/actor.ts";
import { newRequest } from "../run/new-request.ts";
import { withoutPrompts } from "../run/nobody-to-ask.ts";
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
  const alone = withoutPrompts(context);
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
      const actor = await actorOf(context, false);
      const request = newRequest({ environment, actor, operation: "status" }, context.now());
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
