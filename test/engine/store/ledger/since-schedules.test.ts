import assert from "node:assert/strict";
import { test } from "vitest";
import { compare, connected, installed, wholeOf } from "../../support/ledger-since.ts";
import { ledgerSession, randomFrom } from "../../support/ledger-sessions.ts";

test("thousands of changes by several sessions, some not committed, rolled back, made by hand or outside a transaction: always what a whole answer says", async (t) => {
  const url = await installed(t);
  const random = randomFrom(1);
  const sessions = await Promise.all(
    Array.from({ length: 4 }, () => ledgerSession(t, url, random)),
  );
  const ask = await connected(t, url);
  await ask("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  const kept = [await wholeOf(ask)];
  const seen = { changes: 0, continued: 0, whole: 0 };
  while (seen.changes < 2000) {
    const session = sessions[Math.floor(random() * sessions.length)];
    if (await session?.next()) seen.changes += 1;
    const place = Math.floor(random() * kept.length);
    const before = kept[place];
    if (before === undefined || random() < 0.4) continue;
    const { snapshot, isContinued } = await compare(ask, before);
    seen[isContinued ? "continued" : "whole"] += 1;
    // Old and new ones are gone on from.
    kept[kept.length < 8 ? kept.length : place] = snapshot;
  }
  assert.ok(seen.continued > 500 && seen.whole > 20, JSON.stringify(seen));
});
