import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { catalogVersionStore } from "../../../../src/engine/store/catalog/state-client.ts";
import type { StateChange } from "../../../../src/engine/store/catalog/version-store.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";

const document = (versions: readonly number[], generation?: number): object => ({
  migrations: { default: Object.fromEntries(versions.map((version) => [String(version), false])) },
  settings: {
    migration_mode: "true",
    ...(generation !== undefined && {
      hasura_migrate: JSON.stringify({ default: String(generation) }),
    }),
  },
  isStateCopyCompleted: true,
});
const version = (it: number, to: "applied" | "absent" = "applied"): StateChange => ({
  database: "default",
  version: String(it),
  to,
});
const generation = (it: number): StateChange => ({ database: "default", generation: String(it) });

/** A run that has read `read`, finds `there` when it writes, and wants `changes`: what stands there in the end. */
async function written(
  read: object,
  there: object,
  changes: readonly StateChange[],
): Promise<unknown> {
  const hasura = scriptedHasura({ cliState: read });
  const store = catalogVersionStore(hasura, {
    state: { id: "server", cliState: read },
    copy: { databases: ["default"], complete: true },
  });
  hasura.cliState = there;
  await store.write(changes);
  return hasura.cliState;
}

const table: [name: string, read: object, there: object, changes: StateChange[], end: object][] = [
  [
    "nobody else wrote",
    document([1], 1),
    document([1], 1),
    [version(2), generation(2)],
    document([1, 2], 2),
  ],
  [
    "another tool applied a version in between: it is kept, and the generation goes on",
    document([1], 1),
    document([1, 9], 1),
    [version(2), generation(2)],
    document([1, 2, 9], 2),
  ],
  [
    "another run knew more: a version that it rolled back does not come back",
    document([1, 2, 3], 3),
    document([1, 2, 3], 5),
    [version(4), generation(4)],
    document([1, 2, 3], 5),
  ],
  [
    "an older document was restored: our changes are added, the generation stays old",
    document([1, 2, 3], 5),
    document([1, 2, 3, 4], 4),
    [version(5), generation(6)],
    document([1, 2, 3, 4, 5], 4),
  ],
  [
    "the database is older than its catalog, and a person has decided: the generation is lowered",
    document([1, 2, 3], 9),
    document([1, 2, 3], 9),
    [version(3, "absent"), generation(4)],
    document([1, 2], 4),
  ],
  [
    "the document was emptied in between",
    document([1], 1),
    {},
    [version(2), generation(2)],
    document([2]),
  ],
];
describe("merge generations", () => {
  for (const [name, read, there, changes, end] of table) {
    test(`catalog state: ${name}`, async () =>
      assert.deepEqual(await written(read, there, changes), end));
  }
});
