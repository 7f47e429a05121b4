import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { nativeOperations, openStore, storeKind } from "../../src/lambda/open-store.ts";
import { readSettings, type Settings } from "../../src/lambda/settings.ts";
import { catalogStore } from "../../src/engine/store/catalog/catalog-store.ts";

const settingsWith = (more: Partial<Settings>): Settings => ({
  ...readSettings({
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
  }),
  ...more,
});

describe("the kind of migration store", () => {
  test("is a ledger only with the native engine, and where it is on", () => {
    assert.equal(storeKind(settingsWith({})), "ledger");
    assert.equal(storeKind(settingsWith({ ledger: false })), "catalog");
    assert.equal(storeKind(settingsWith({ engine: "hasura-cli" })), "catalog");
  });

  test("decides which operations there are: runs are known to a ledger alone", () => {
    const withLedger = nativeOperations(settingsWith({}));
    const without = nativeOperations(settingsWith({ ledger: false }));
    assert.deepEqual(
      withLedger.filter((name) => !without.includes(name)),
      ["cancel", "history"].filter((name) => withLedger.some((one) => one === name)),
    );
    assert(without.includes("apply") && without.includes("ping"));
  });

  test("without a ledger is the catalog store", () => {
    const redact = (text: string): string => text;
    assert.equal(openStore(settingsWith({ ledger: false }), "request-1", redact), catalogStore);
    assert.notEqual(openStore(settingsWith({}), "request-1", redact), catalogStore);
  });
});
