import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  ledgerSettings,
  nativeOperations,
  openStore,
  storeKind,
} from "../../src/lambda/open-store.ts";
import { readSettings, type Settings } from "../../src/lambda/settings.ts";
import { Request } from "../../src/protocol/request.ts";
import { request } from "./support/request.ts";
import { catalogStore } from "../../src/engine/store/catalog/catalog-store.ts";

const settingsWith = (more: Partial<Settings>): Settings => ({
  ...readSettings({
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
  }),
  ...more,
});

describe("the kind of migration store", () => {
  test("is a ledger only with the native engine, and if it is on", () => {
    assert.equal(storeKind(settingsWith({})), "ledger");
    assert.equal(storeKind(settingsWith({ ledger: false })), "catalog");
    assert.equal(storeKind(settingsWith({ engine: "hasura-cli" })), "catalog");
  });

  test("decides which operations there are: only a ledger records runs", () => {
    const withLedger = nativeOperations(settingsWith({}));
    const without = nativeOperations(settingsWith({ ledger: false }));
    assert.deepEqual(
      withLedger.filter((name) => !without.includes(name)),
      ["cancel", "history"].filter((name) => withLedger.some((one) => one === name)),
    );
    assert(without.includes("apply") && without.includes("ping"));
  });

  const settings = settingsWith({ image: { commit: "4c6ea1a" } });
  const requestWith = (options: object) => Request.parse(request("apply", { options }));
  const contextWith = (more: Partial<Settings>, options: object = {}) =>
    ledgerSettings({ ...settings, ...more }, requestWith(options), "request-1");

  test("passes to a ledger who runs what, from which image", () => {
    const { runId, actor } = request("apply");
    assert.deepEqual(contextWith({}, { steps: 2 }).description, {
      run: runId,
      part: 1,
      operation: "apply",
      actor,
      requestId: "request-1",
      options: { steps: 2 },
      imageCommit: "4c6ea1a",
      source: { kind: "image" },
    });
  });

  test("passes to a ledger how long to wait for another run, and how long one counts as live", () => {
    assert.equal(contextWith({}).waitMs, 60_000);
    assert.equal(contextWith({}, { waitSeconds: 0 }).waitMs, 0);
    assert.equal(contextWith({}, { waitSeconds: 90 }).waitMs, 90_000);
    assert.equal(contextWith({}).liveMs, 30_000);
    assert.equal(contextWith({ environment: "*" }).liveMs, 3000);
  });

  test("passes to a ledger where the migrations come from", () => {
    assert.deepEqual(contextWith({}).description.source, { kind: "image" });
    const from = { directory: "shop/hasura", branch: "add-coupons" };
    assert.deepEqual(
      ledgerSettings(settings, requestWith({}), "request-1", from).description.source,
      { kind: "upload", ...from },
    );
  });

  for (const isSo of [true, false])
    test(`passes to a ledger that protection and keeping down files and metadata are ${isSo ? "on" : "off"}`, () => {
      const context = contextWith({ protected: isSo, keepDownSql: isSo, keepMetadata: isSo });
      assert.deepEqual(
        [context.protected, context.keepsDownSql, context.keepsMetadata],
        [isSo, isSo, isSo],
      );
    });

  test("without a ledger is the catalog store", () => {
    const redact = (text: string): string => text;
    const run = { requestId: "request-1", redact };
    assert.equal(openStore(settingsWith({ ledger: false }), run), catalogStore);
    assert.notEqual(openStore(settingsWith({}), run), catalogStore);
  });
});
