import type { LedgerMemory } from "../../../src/engine/store/ledger/ledger-memory.ts";
import { openLedger } from "../../../src/engine/store/ledger/open.ts";
import type { EngineContext } from "../../../src/engine/execute.ts";

/** A ledger store, as the function chooses them. */
export function withLedger(
  more: {
    protected?: boolean;
    waitMs?: number;
    liveMs?: number;
    requestId?: string;
    keepsDownSql?: boolean;
    keepsMetadata?: boolean;
    redact?: (text: string) => string;
    memory?: LedgerMemory;
  } = {},
): Pick<EngineContext, "openStore"> {
  return {
    openStore: (database, context) => {
      const { request } = context;
      const description = {
        run: request.runId,
        part: request.part ?? 1,
        operation: request.operation,
        actor: request.actor,
        requestId: more.requestId ?? "request-1",
        options: request.options,
      };
      return openLedger({
        ...context,
        database,
        description,
        protected: more.protected ?? false,
        waitMs: more.waitMs ?? 60_000,
        liveMs: more.liveMs ?? 30_000,
        ...(more.keepsDownSql !== undefined && { keepsDownSql: more.keepsDownSql }),
        ...(more.keepsMetadata !== undefined && { keepsMetadata: more.keepsMetadata }),
        ...(more.redact && { redact: more.redact }),
        ...(more.memory && { memory: more.memory }),
      });
    },
  };
}
