import assert from "node:assert/strict";
import { test } from "vitest";
import { showPlan } from "../../../src/engine/operations/show-plan.ts";
import type { TableFacts } from "../../../src/engine/plan/assessment.ts";
import { engineOf } from "../support/engine.ts";
import { storeOf } from "../support/ready-steps.ts";
import { databaseOf, requestOf, sessionOf } from "../support/sessions.ts";

test("of a table of Citus, everything but its size is known", async () => {
  const row = ["0", "7", "8192", "t", "id int", null, null, "shop", "others"];
  const store = storeOf({ query: () => Promise.resolve({ columns: [], rows: [row] }) });
  const found: (ReadonlyMap<string, TableFacts> | undefined)[] = [];
  const engine = engineOf({
    assess: async (files, read) => {
      found.push(await read.tables(["visits"], new Set()));
      return files.map(() => ({ statements: [], isSensitive: false }));
    },
  });
  for (const kind of ["postgres", "citus"] as const) {
    const state = databaseOf({ files: ["1"], store });
    const database = { ...state, database: { ...state.database, kind } };
    await showPlan(requestOf("plan"), sessionOf(database), engine);
  }
  const known = { definition: 'CREATE TABLE "visits" (id int)', defaultPartition: "shop.others" };
  assert.deepEqual(found, [
    new Map([["visits", { ...known, rows: 7, bytes: 8192, isEmpty: true }]]),
    new Map([["visits", { ...known, isEmpty: false }]]),
  ]);
});
