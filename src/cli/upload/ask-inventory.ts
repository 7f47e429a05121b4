import { Failure } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { Actor } from "../../protocol/request.ts";
import type { Connection } from "../connection/connection.ts";
import type { CliContext } from "../context.ts";
import { newRequest } from "../run/new-request.ts";
import { queryFunction } from "../run/query.ts";
import { unlessAborted } from "../run/until-aborted.ts";
import {
  explainedInventoryFailure,
  functionInventory,
  type FunctionInventory,
} from "./function-inventory.ts";

/**
 * Asks a function for its inventory. Throws failures that the function reports, `usage/uploads-not-allowed`, `usage/function-too-old-for-uploads`
 * and, after Ctrl-C, `interrupted/interrupted`.
 */
export async function askInventory(
  connection: Connection,
  {
    environment,
    actor,
    operation,
    database,
    seeds,
  }: {
    readonly environment: string;
    readonly actor: Actor;
    /** The operation that the upload is for. */
    readonly operation: Operation;
    readonly database: string | undefined;
    /** Ask for the seeds that were run, too. */
    readonly seeds?: boolean;
  },
  { now, every, interrupts: { first: signal } }: Pick<CliContext, "now" | "every" | "interrupts">,
): Promise<FunctionInventory> {
  const request = newRequest(
    { environment, actor, operation: "inventory", options: { database, seeds } },
    now(),
  );
  try {
    const query = queryFunction(connection, request, { now, every, signal });
    const events = await unlessAborted(query, signal);
    if (events) return functionInventory(events, { environment, operation });
  } catch (thrown) {
    if (!signal.aborted) throw explainedInventoryFailure(thrown);
  }
  throw new Failure("interrupted", "interrupted", "Interrupted; nothing was run.");
}
