import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, test, type TestContext } from "vitest";
import { HasuraCallError } from "../../src/engine/hasura/client.ts";
import type { Request } from "../../src/protocol/request.ts";
import { differences, type Field } from "./differences.ts";
import { conformanceCases, type ConformanceCase } from "./support/conformance-case.ts";
import { requestOf } from "./support/official-flags.ts";
import { projectOnDisk, run, type Ran } from "./support/run.ts";
import { scriptedHasura, type ScriptedHasura } from "./support/scripted-hasura.ts";

type Result = Readonly<Record<Field, unknown>>;

const cases = conformanceCases();
const listed = new Map(differences.map((it) => [it.case, it]));

describe("conformance", () => {
  for (const one of cases) {
    const expected = listed.get(one.name);
    test(`${one.name}: ${expected ? `differs in ${expected.fields.join(", ")}` : "as the official CLI"}`, async (t) => {
      const hasura = serverOf(one);
      const ran = await runCase(t, one, hasura);
      const [theirs, ours] = [theirResult(one), ourResult(one, ran, hasura)];
      const fields = (Object.keys(theirs) as Field[]).filter(
        (field) => theirs[field] !== undefined,
      );
      const differing = fields.filter((field) => !isDeepStrictEqual(ours[field], theirs[field]));
      if (!isDeepStrictEqual(new Set(differing), new Set(expected?.fields ?? []))) {
        assert.deepEqual(
          pick(ours, fields),
          pick(theirs, fields),
          `differs in: ${differing.join(", ") || "nothing"}; ${ran?.failure?.message ?? ""}`,
        );
        assert.fail("a listed difference is none any more");
      }
    });
  }

  test("there are 101 conformance cases", () => {
    assert.equal(cases.length, 101);
  });

  test("every listed difference is a case, and is in docs/compatibility.md", () => {
    const doc = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
    for (const { case: name } of differences) {
      assert.ok(
        cases.some((it) => it.name === name),
        `${name} is not a conformance case`,
      );
      assert.ok(doc.includes(`\`${name}\``), `docs/compatibility.md does not list ${name}`);
    }
    const inDoc = [...doc.matchAll(/`([a-z0-9]+(?:-[a-z0-9]+){2,})`/g)]
      .map((match) => match[1] ?? "")
      .filter((name) => cases.some((it) => it.name === name));
    assert.deepEqual(new Set(inDoc), new Set(listed.keys()));
  });
});

async function runCase(
  t: TestContext,
  one: ConformanceCase,
  hasura: ScriptedHasura,
): Promise<Ran | undefined> {
  const root = await projectOnDisk(t, {
    "config.yaml": `version: ${String(one.configVersion)}\n`,
    ...one.files,
  });
  const ask = (request: Request): Promise<Ran> => run(hasura, root, request);
  const request = await requestOf(one, ask).catch(() => undefined);
  return request && ask(request);
}

function serverOf(one: ConformanceCase): ScriptedHasura {
  const failing = Object.entries(one.server?.failSql ?? {}).map(
    ([sql, { error, code, path, internal }]): [string, HasuraCallError] => [
      sql,
      new HasuraCallError("rejected", error, {
        status: 400,
        code,
        path,
        database: {
          message: String(internal.error["message"]),
          sqlstate: String(internal.error["status_code"]),
        },
      }),
    ],
  );
  return scriptedHasura({
    sources: one.databases,
    cliState: one.serverState,
    table: one.server?.schemaMigrations ?? undefined,
    failSql: Object.fromEntries(failing),
  });
}

function theirResult({ expected }: ConformanceCase): Result {
  const {
    exitCode,
    executed,
    executedBeforeError,
    marked,
    plan,
    runSql,
    status,
    deletedVersions,
    finalState,
    finalTable,
  } = expected;
  return {
    failed: exitCode !== 0,
    executed: executed ?? executedBeforeError,
    marked,
    plan,
    runSql,
    status,
    deletedVersions,
    finalState,
    finalTable,
  };
}

function ourResult(one: ConformanceCase, ran: Ran | undefined, hasura: ScriptedHasura): Result {
  const database = (name: string): string => (one.configVersion < 3 ? "" : name);
  return {
    failed: !ran || ran.failure !== undefined,
    executed: (ran?.of("migration.applied") ?? []).map((it) => ({
      database: database(it.database),
      version: it.version,
      direction: it.direction,
    })),
    marked: (ran?.of("migration.marked") ?? []).map((it) => ({
      database: it.database,
      version: it.version,
      direction: it.as === "applied" ? "up" : "down",
    })),
    plan: (ran?.of("plan") ?? []).flatMap((it) =>
      it.databases.flatMap((each) => each.items.map((item) => [item.version, item.direction])),
    ),
    runSql: hasura.sent.map(({ type, args }) => ({ type, ...args })),
    status: (ran?.of("status") ?? [])
      .flatMap((it) => it.databases.flatMap((each) => each.migrations))
      .map((row) => ({
        version: row.version,
        name: row.name || "-",
        source: row.hasDown !== undefined,
        database: row.state !== "pending",
      })),
    deletedVersions: [],
    finalState: hasura.cliState,
    finalTable: hasura.table && Object.fromEntries(hasura.table),
  };
}

function pick(result: Result, fields: readonly Field[]): Partial<Result> {
  return Object.fromEntries(fields.map((field) => [field, result[field]]));
}
