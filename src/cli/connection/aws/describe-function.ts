import type { Environment } from "../../context.ts";
import type { FunctionFacts } from "../connection.ts";
import { Delivery } from "./delivery.ts";
import { explainInvocation, type InvocationTarget } from "./invoke-errors.ts";
import type { LambdaService } from "./invoke.ts";

/** The function's configuration in AWS. Throws a `Failure`. */
export async function describe(
  service: Pick<LambdaService, "state">,
  target: InvocationTarget,
  signal: AbortSignal,
  env: Environment,
): Promise<FunctionFacts> {
  const delivery = new Delivery();
  try {
    return await delivery.observe(() => service.state(signal));
  } catch (thrown) {
    throw await explainInvocation(thrown, target, delivery, env);
  }
}
