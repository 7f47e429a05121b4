import type { Operation } from "../../../src/protocol/operations.ts";
import { contractVersion } from "../../../src/protocol/version.ts";

interface Given {
  readonly environment?: string;
  readonly options?: object;
}

/** A request as a client sends it, of the environment dev-3 unless said. */
export function request(operation: Operation, { environment = "dev-3", options = {} }: Given = {}) {
  return {
    contract: contractVersion,
    runId: "0199a7c0-0000-7000-8000-000000000001",
    environment,
    actor: { user: "ada", host: "laptop" },
    operation,
    options,
  };
}
