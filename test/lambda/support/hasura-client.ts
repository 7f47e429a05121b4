import assert from "node:assert/strict";
import type { TestContext } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import {
  hasuraOverHttp,
  type HasuraOverHttp,
  type HasuraOverHttpOptions,
} from "../../../src/lambda/hasura/hasura-http.ts";

export const sql = {
  kind: "postgres",
  sql: "select 1",
  source: "default",
  checkMetadataConsistency: false,
} as const;

/** A client whose connections end with the test. */
export function client(
  t: TestContext,
  endpoint: string,
  more: Partial<HasuraOverHttpOptions> = {},
): HasuraOverHttp {
  const hasura = hasuraOverHttp({ endpoint, adminSecret: async () => "the secret", ...more });
  t.onTestFinished(() => hasura.close());
  return hasura;
}

/** What a call throws; the test fails when it succeeds. */
export async function callError(call: Promise<unknown>): Promise<HasuraCallError> {
  const error = await call.then(
    () => assert.fail("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  assert(error instanceof HasuraCallError, String(error));
  return error;
}
