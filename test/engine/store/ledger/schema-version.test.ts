import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "vitest";
import { schemaVersion } from "../../../../src/engine/store/ledger/constants.ts";
import { installationSql } from "../../../../src/engine/store/ledger/sql/installation.ts";

/** The SQL without comments and white space, in which a change changes nothing. */
function essence(sql: string): string {
  return sql.replace(/^\s*--.*$/gm, "").replace(/\s+/g, " ");
}

test("the ledger's SQL is that of its version: a ledger is upgraded only where the version is higher", () => {
  const checksum = createHash("sha256").update(essence(installationSql)).digest("hex");
  assert.deepEqual(
    { schemaVersion, checksum },
    {
      schemaVersion: 5,
      checksum: "ebd1c7e0fc34ace2b0de6e856b6ba2a0a9eeed2c25cb23017ddc9088432fe241",
    },
    "src/engine/store/ledger/sql has changed: increment schemaVersion in constants.ts, add a test of the upgrade, and then correct both values here",
  );
});
