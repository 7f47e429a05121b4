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
      schemaVersion: 6,
      checksum: "a77bf1763ac3776b1f8b915cfbe40794b18d7f8d6d6111dae3bdd00fa6edb396",
    },
    "src/engine/store/ledger/sql has changed: increment schemaVersion in constants.ts, add a test of the upgrade, and then correct both values here",
  );
});
