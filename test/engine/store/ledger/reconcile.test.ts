import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  confirmingRollbacks,
  reconcile,
  type CatalogView,
  type LedgerView,
  type Running,
  type Reconciliation,
} from "../../../../src/engine/store/ledger/reconcile.ts";

/** `applied`, `gone`: version → the generation in which it was recorded, or went. */
interface Ledger {
  readonly generation?: number;
  readonly synced?: number;
  readonly server?: string;
  readonly applied?: Readonly<Record<string, number>>;
  readonly gone?: Readonly<Record<string, number>>;
  readonly running?: Running;
}

/** `versions`: version → dirty. */
interface Catalog {
  readonly server?: string;
  readonly generation?: number;
  readonly versions?: Readonly<Record<string, boolean>>;
}

const big = (numbers: Readonly<Record<string, number>> = {}): [string, bigint][] =>
  Object.entries(numbers).map(([v, n]) => [v, BigInt(n)]);

function ledgerOf({
  generation = 3,
  synced = generation,
  server = "a",
  applied,
  gone,
  running,
}: Ledger): LedgerView {
  return {
    generation: BigInt(generation),
    synced: BigInt(synced),
    serverId: server,
    applied: new Map(
      big(applied).map(([version, at]) => [
        version,
        { generation: at, checksum: `sum ${version}` },
      ]),
    ),
    gone: new Map(big(gone)),
    ...(running && { running }),
  };
}

function catalogOf({ server = "a", generation, versions = {} }: Catalog): CatalogView {
  return {
    serverId: server,
    versions: new Map(Object.entries(versions).map(([version, dirty]) => [version, { dirty }])),
    ...(generation !== undefined && { generation: BigInt(generation) }),
  };
}

/** A reconciliation as short text: `1=applied` for each record, then what is to be done. */
function textOf(result: Reconciliation): string {
  const { records, adopt, forget, catalogChanges, catalogLost, inDoubt } = result;
  return [
    [...records].map(([version, { state }]) => `${version}=${state}`).sort(),
    adopt.map((version) => `adopt ${version}`),
    forget.map((version) => `forget ${version}`),
    catalogChanges.map(({ version, to }) => `write ${version} ${to}`),
    catalogLost ? ["catalog lost"] : [],
    inDoubt.map((version) => `in doubt ${version}`),
  ]
    .flat()
    .join(", ");
}

const clean = { 1: false, 2: false, 3: false };
const three = { 1: 1, 2: 2, 3: 3 };
const running = (alive: boolean): Running => ({
  version: "4",
  name: "x",
  run: "r",
  pid: 7,
  outside: true,
  alive,
});

const table: [name: string, ledger: Ledger, catalog: Catalog, result: string][] = [
  [
    "both agree",
    { applied: three },
    { generation: 3, versions: clean },
    "1=applied, 2=applied, 3=applied",
  ],
  ["both are empty", { generation: 0 }, {}, ""],
  [
    "the run died before the catalog was written",
    { applied: three, synced: 2 },
    { generation: 2, versions: { 1: false, 2: false } },
    "1=applied, 2=applied, 3=applied, write 3 applied",
  ],
  [
    "the run died before anything was written to the catalog",
    { generation: 1, synced: 0, applied: { 1: 1 } },
    {},
    "1=applied, write 1 applied",
  ],
  [
    "the highest was rolled back elsewhere",
    { applied: three },
    { generation: 3, versions: { 1: false, 2: false } },
    "1=applied, 2=applied, forget 3",
  ],
  [
    "the two highest were rolled back elsewhere",
    { applied: three },
    { generation: 3, versions: { 1: false } },
    "1=applied, forget 2, forget 3",
  ],
  [
    "the catalog is empty, its generation too",
    { applied: three },
    {},
    "1=applied, 2=applied, 3=applied, write 1 applied, write 2 applied, write 3 applied, catalog lost",
  ],
  [
    "the catalog is empty beside our generation: versions are never forgotten all at once",
    { applied: three },
    { generation: 3 },
    "1=applied, 2=applied, 3=applied, write 1 applied, write 2 applied, write 3 applied, catalog lost",
  ],
  [
    "another server, with some of the versions",
    { applied: three },
    { server: "b", generation: 3, versions: { 1: false, 2: false } },
    "1=applied, 2=applied, 3=applied, write 3 applied, catalog lost",
  ],
  [
    "one is missing that is not the highest",
    { applied: three },
    { generation: 3, versions: { 1: false, 3: false } },
    "1=applied, 2=applied, 3=applied, write 2 applied, catalog lost",
  ],
  [
    "the highest is missing from an older copy of the document",
    { applied: three },
    { generation: 2, versions: { 1: false, 2: false } },
    "1=applied, 2=applied, 3=applied, write 3 applied, catalog lost",
  ],
  [
    "the highest known one is missing and a newer one was not written yet",
    { generation: 4, synced: 3, applied: { ...three, 4: 4 } },
    { generation: 3, versions: { 1: false, 2: false } },
    "1=applied, 2=applied, 4=applied, forget 3, write 4 applied",
  ],
  [
    "applied by another tool",
    { applied: three },
    { generation: 3, versions: { ...clean, 4: false } },
    "1=applied, 2=applied, 3=applied, 4=applied, adopt 4",
  ],
  [
    "another server, with a version that the ledger lacks: a database copied here with its ledger",
    { generation: 50, applied: three },
    { server: "b", generation: 40, versions: { ...clean, 4: false } },
    "1=applied, 2=applied, 3=applied, 4=dirty, in doubt 4",
  ],
  [
    "another server whose catalog has no generation, with a version that the ledger lacks",
    { applied: three },
    { server: "b", versions: { ...clean, 4: false } },
    "1=applied, 2=applied, 3=applied, 4=dirty, in doubt 4",
  ],
  [
    "another server, with a version that was rolled back here",
    { generation: 50, applied: { 1: 1 }, gone: { 2: 50 } },
    { server: "b", generation: 40, versions: { 1: false, 2: false } },
    "1=applied, 2=dirty, in doubt 2",
  ],
  [
    "a server that had no id when it was written",
    { server: "", applied: three },
    { server: "b", generation: 3, versions: { ...clean, 4: false } },
    "1=applied, 2=applied, 3=applied, 4=applied, adopt 4",
  ],
  [
    "first contact",
    { generation: 0 },
    { versions: { 10: false, 9: false } },
    "10=applied, 9=applied, adopt 9, adopt 10",
  ],
  [
    "the database is older than its catalog",
    { generation: 2, applied: { 1: 1, 2: 2 } },
    { generation: 3, versions: clean },
    "1=applied, 2=applied, 3=dirty, in doubt 3",
  ],
  [
    "the database is empty and its catalog is not",
    { generation: 0 },
    { generation: 3, versions: clean },
    "1=dirty, 2=dirty, 3=dirty, in doubt 1, in doubt 2, in doubt 3",
  ],
  [
    "the database is older, and no version depends on it",
    { generation: 2, applied: { 1: 1, 2: 2 } },
    { generation: 3, versions: { 1: false, 2: false } },
    "1=applied, 2=applied",
  ],
  [
    "the ledger holds it and its flag is dirty",
    { applied: { 1: 1 } },
    { generation: 3, versions: { 1: true } },
    "1=applied, write 1 applied",
  ],
  [
    "dirty, and not ours",
    { applied: { 1: 1 } },
    { generation: 3, versions: { 1: false, 2: true } },
    "1=applied, 2=dirty",
  ],
  [
    "dirty, and removed from the ledger",
    { gone: { 2: 3 } },
    { generation: 3, versions: { 2: true } },
    "2=dirty",
  ],
  [
    "rolled back here, and the catalog was not written",
    { generation: 4, synced: 3, applied: { 1: 1, 2: 2 }, gone: { 3: 4 } },
    { generation: 3, versions: clean },
    "1=applied, 2=applied, write 3 absent",
  ],
  [
    "rolled back here, and applied again elsewhere since",
    { generation: 4, applied: { 1: 1, 2: 2 }, gone: { 3: 4 } },
    { generation: 4, versions: clean },
    "1=applied, 2=applied, 3=applied, adopt 3",
  ],
  [
    "rolled back here, and a document without a generation",
    { generation: 4, applied: { 1: 1, 2: 2 }, gone: { 3: 4 } },
    { versions: clean },
    "1=applied, 2=applied, write 3 absent",
  ],
  ["in flight", { running: running(true) }, { generation: 3 }, "4=running"],
  [
    "in flight, and in the catalog already",
    { running: running(true) },
    { generation: 3, versions: { 4: false } },
    "4=running",
  ],
  ["interrupted", { running: running(false) }, { generation: 3 }, "4=interrupted"],
  [
    "broken off, and dirty",
    { running: running(false) },
    { generation: 3, versions: { 4: true } },
    "4=interrupted",
  ],
  [
    "rolled back and applied elsewhere at once",
    { applied: three },
    { generation: 3, versions: { 1: false, 2: false, 4: false } },
    "1=applied, 2=applied, 4=applied, adopt 4, forget 3",
  ],
  [
    "an older one applied elsewhere, and one not written yet",
    { generation: 3, synced: 2, applied: { 1: 1, 3: 2, 4: 3 } },
    { generation: 2, versions: { 1: false, 2: false, 3: false } },
    "1=applied, 2=applied, 3=applied, 4=applied, adopt 2, write 4 applied",
  ],
];
describe("reconcile", () => {
  for (const [name, ledger, catalog, result] of table) {
    test(`ledger and catalog: ${name}`, () =>
      assert.equal(textOf(reconcile(ledgerOf(ledger), catalogOf(catalog))), result));
  }

  /** Every ledger and catalog of two versions, in every constellation of generations. */
  function* allConstellations(): Generator<[Ledger, Catalog]> {
    const ledgers: Ledger[] = [1, 2].flatMap((first) =>
      [undefined, "applied", "gone"].map((second) => ({
        generation: 2,
        applied: { 1: first, ...(second === "applied" && { 2: 3 - first }) },
        ...(second === "gone" && { gone: { 2: 3 - first } }),
      })),
    );
    const flags = [undefined, false, true];
    for (const ledger of ledgers)
      for (const synced of [0, 1, 2])
        for (const generation of [undefined, 0, 1, 2, 3])
          for (const server of ["a", "b"])
            for (const one of flags)
              for (const two of flags) {
                const versions = {
                  ...(one !== undefined && { 1: one }),
                  ...(two !== undefined && { 2: two }),
                };
                yield [
                  { ...ledger, synced },
                  { server, versions, ...(generation !== undefined && { generation }) },
                ];
              }
  }

  test("whatever the catalog holds, a version in the ledger is run again only if it was demonstrably rolled back", () => {
    let cases = 0;
    for (const [ledger, catalog] of allConstellations()) {
      const result = reconcile(ledgerOf(ledger), catalogOf(catalog));
      const context = JSON.stringify([ledger, catalog, textOf(result)]);
      for (const version of Object.keys(ledger.applied ?? {})) {
        if (result.forget.includes(version)) {
          assert.ok(
            catalog.server === "a" && (catalog.generation ?? -1) >= (ledger.synced ?? 0),
            context,
          );
          assert.ok(
            Object.keys(catalog.versions ?? {}).length > 0 &&
              !(version in (catalog.versions ?? {})),
            context,
          );
        } else assert.equal(result.records.get(version)?.state, "applied", context);
      }
      cases += 1;
    }
    assert.equal(cases, 2 * 3 * 3 * 5 * 2 * 9);
  });

  test("if a rollback has to be confirmed, its versions are in doubt and not forgotten", () => {
    const found = reconcile(
      ledgerOf({ applied: three }),
      catalogOf({ generation: 3, versions: { 1: false } }),
    );
    assert.equal(textOf(found), "1=applied, forget 2, forget 3");
    const asked = confirmingRollbacks(found);
    assert.equal(textOf(asked), "1=applied, 2=dirty, 3=dirty");
    assert.deepEqual([found.rolledBack, asked.rolledBack], [[], ["2", "3"]]);
    const agreed = reconcile(
      ledgerOf({ applied: three }),
      catalogOf({ generation: 3, versions: clean }),
    );
    assert.deepEqual(confirmingRollbacks(agreed), agreed);
  });

  test("a second reconciliation finds nothing more to do", () => {
    for (const [ledger, catalog] of allConstellations()) {
      const first = reconcile(ledgerOf(ledger), catalogOf(catalog));
      if (
        first.inDoubt.length > 0 ||
        [...first.records.values()].some(({ state }) => state === "dirty")
      )
        continue;
      const generation = (ledger.generation ?? 0) + first.adopt.length + first.forget.length;
      const applied = Object.fromEntries([...first.records.keys()].map((version) => [version, 1]));
      const gone = Object.fromEntries(
        Object.entries(ledger.gone ?? {}).filter(([version]) => !(version in applied)),
      );
      const after = {
        generation,
        applied,
        gone: {
          ...gone,
          ...Object.fromEntries(first.forget.map((version) => [version, generation])),
        },
      };
      const versions = Object.fromEntries(Object.keys(applied).map((version) => [version, false]));
      const again = reconcile(ledgerOf(after), catalogOf({ generation, versions }));
      assert.deepEqual(
        [again.adopt, again.forget, again.catalogChanges, again.catalogLost],
        [[], [], [], false],
        JSON.stringify([ledger, catalog]),
      );
    }
  });
});
