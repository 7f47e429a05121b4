import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Metadata, Source } from "../../../src/engine/hasura/client.ts";
import { resolveDatabases } from "../../../src/engine/plan/resolve-databases.ts";
import type { ConfigVersion } from "../../../src/engine/project/config.ts";
import type { Project } from "../../../src/engine/project/project.ts";
import type { Migration } from "../../../src/engine/project/scan.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";

const migration: Migration = { version: "1", name: "a" };

/** A project with one migration for each of these databases. */
const projectOf = (configVersion: ConfigVersion, ...databases: string[]): Project => ({
  root: "/project",
  configVersion,
  migrationsDirectory: "migrations",
  databases: new Map(databases.map((name) => [name, [migration]])),
  notices: [],
});

/** `a` is a PostgreSQL database, `a:mssql` one of another kind. */
const sourcesOf = (text: string): Source[] =>
  text.split(" ").flatMap((word) => {
    const [name = "", kind = "postgres"] = word.split(":");
    return name === "" ? [] : [{ name, kind }];
  });

const metadataOf = (sources: string, version = 3): Metadata => ({
  version,
  sources: sourcesOf(sources),
});

describe("the databases of a run", () => {
  const resolved: [
    what: string,
    project: Project,
    metadata: Metadata,
    requested: string | undefined,
    databases: string[],
  ][] = [
    [
      "are in the order of Hasura's metadata",
      projectOf(3, "a", "b"),
      metadataOf("b a:citus"),
      undefined,
      ["b postgres 1", "a citus 1"],
    ],
    [
      "include one without migrations",
      projectOf(3, "a"),
      metadataOf("a b"),
      undefined,
      ["a postgres 1", "b postgres 0"],
    ],
    [
      "leave out one that cannot be migrated, if there is nothing for it",
      projectOf(3, "a"),
      metadataOf("a b:snowflake"),
      undefined,
      ["a postgres 1"],
    ],
    [
      "are the requested one alone",
      projectOf(3, "a", "b"),
      metadataOf("a b"),
      "b",
      ["b postgres 1"],
    ],
    [
      "are the requested one, also where others are unknown or cannot be migrated",
      projectOf(3, "a", "b", "x"),
      metadataOf("a b:snowflake"),
      "a",
      ["a postgres 1"],
    ],
    [
      "are the requested one, also without migrations",
      projectOf(3, "a"),
      metadataOf("a b"),
      "b",
      ["b postgres 0"],
    ],
    [
      "are none, where Hasura has none and neither has the project",
      projectOf(3),
      metadataOf(""),
      undefined,
      [],
    ],
    [
      "of config version 2 are default, if Hasura has no other",
      projectOf(2, "default"),
      metadataOf("default:mssql"),
      undefined,
      ["default mssql 1"],
    ],
    [
      "of config version 2 are default in a Hasura 1",
      projectOf(2, "default"),
      metadataOf("", 2),
      undefined,
      ["default postgres 1"],
    ],
    [
      "of config version 1 are default in a Hasura 1",
      projectOf(1, "default"),
      metadataOf("", 2),
      undefined,
      ["default postgres 1"],
    ],
  ];
  for (const [what, project, metadata, requested, databases] of resolved) {
    test(what, () => {
      assert.deepEqual(
        resolveDatabases(project, metadata, requested).map(
          ({ database, migrations }) => `${database.name} ${database.kind} ${migrations.length}`,
        ),
        databases,
      );
    });
  }

  const refused: [
    what: string,
    project: Project,
    metadata: Metadata,
    requested: string | undefined,
    code: string,
    named: string,
  ][] = [
    [
      "migrations for a database that Hasura does not have",
      projectOf(3, "a", "x"),
      metadataOf("a"),
      undefined,
      "unknown-database",
      "x",
    ],
    [
      "a requested database that Hasura does not have",
      projectOf(3, "a"),
      metadataOf("a"),
      "x",
      "unknown-database",
      "x",
    ],
    [
      "migrations for a database that cannot be migrated",
      projectOf(3, "a", "b"),
      metadataOf("a b:snowflake"),
      undefined,
      "unsupported-kind",
      "snowflake",
    ],
    [
      "a requested database that cannot be migrated",
      projectOf(3, "a"),
      metadataOf("a b:snowflake"),
      "b",
      "unsupported-kind",
      "snowflake",
    ],
    [
      "a requested database that this environment leaves out",
      { ...projectOf(3, "a"), leftOut: new Map([["b", "mssql"]]) },
      metadataOf("a"),
      "b",
      "unsupported-kind",
      "mssql",
    ],
    [
      "a kind that every object has a property of",
      projectOf(3, "a"),
      metadataOf("a:toString"),
      undefined,
      "unsupported-kind",
      "toString",
    ],
    [
      "config version 3 with a Hasura 1",
      projectOf(3, "default"),
      metadataOf("default", 2),
      undefined,
      "config-too-new",
      "3",
    ],
    [
      "config version 1 with a Hasura 2",
      projectOf(1, "default"),
      metadataOf("default"),
      undefined,
      "config-too-old",
      "1",
    ],
    [
      "config version 2 with several databases",
      projectOf(2, "default"),
      metadataOf("default b"),
      undefined,
      "config-too-old",
      "2",
    ],
    [
      "config version 2 with a database of another name",
      projectOf(2, "default"),
      metadataOf("a"),
      undefined,
      "config-too-old",
      "default",
    ],
    [
      "config version 2 with a Hasura without databases",
      projectOf(2, "default"),
      metadataOf(""),
      undefined,
      "no-source",
      "Hasura",
    ],
  ];
  for (const [what, project, metadata, requested, code, named] of refused) {
    test(`are refused: ${what}`, () => {
      assert.throws(
        () => resolveDatabases(project, metadata, requested),
        (thrown) => {
          assert(thrown instanceof Failure);
          assert.deepEqual([thrown.kind, thrown.code], ["usage", code]);
          assert(thrown.message.includes(named), thrown.message);
          return true;
        },
      );
    });
  }

  const upgrade = ["hasura scripts update-project-v3"];
  const connected = (names: string) => `Databases in Hasura: ${names}.`;
  const suggested: [
    what: string,
    project: Project,
    metadata: Metadata,
    requested: string | undefined,
    hints: string[],
  ][] = [
    [
      "the databases that there are, where another was requested",
      projectOf(3, "a"),
      metadataOf("a b"),
      "x",
      [connected("a, b")],
    ],
    [
      "connecting one that has migrations, or choosing another",
      projectOf(3, "x"),
      metadataOf("a b"),
      undefined,
      [
        connected("a, b"),
        "Connect it in Hasura's metadata first.",
        "retry --database a",
        "retry --database b",
      ],
    ],
    [
      "connecting one to a Hasura that has none",
      projectOf(3, "x"),
      metadataOf(""),
      undefined,
      [connected("none"), "Connect it in Hasura's metadata first."],
    ],
    [
      "the kinds that can be migrated",
      projectOf(3, "a"),
      metadataOf("a:snowflake"),
      undefined,
      ["Supported kinds: postgres, citus, cockroach, mssql, bigquery."],
    ],
    [
      "another environment for one that this environment leaves out",
      { ...projectOf(3, "a"), leftOut: new Map([["b", "mssql"]]) },
      metadataOf("a"),
      "b",
      ["Migrate it in an environment where Hasura is connected to it."],
    ],
    [
      "a newer Hasura for config version 3",
      projectOf(3, "default"),
      metadataOf("default", 2),
      undefined,
      ["Upgrade Hasura, or keep config version 2."],
    ],
    [
      "an upgrade of config version 1",
      projectOf(1, "default"),
      metadataOf("default"),
      undefined,
      upgrade,
    ],
    [
      "an upgrade of config version 2 with several databases",
      projectOf(2, "default"),
      metadataOf("default b"),
      undefined,
      upgrade,
    ],
  ];
  for (const [what, project, metadata, requested, hints] of suggested) {
    test(`are refused with a suggestion: ${what}`, () => {
      assert.throws(
        () => resolveDatabases(project, metadata, requested),
        (thrown) => {
          assert(thrown instanceof Failure);
          assert.deepEqual(hintLines(thrown.hints), hints);
          return true;
        },
      );
    });
  }
});
