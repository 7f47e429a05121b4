import { readFileSync } from "node:fs";
import * as z from "zod";

const path = new URL("../../fixtures/conformance/migrations.json", import.meta.url);

const Executed = z.object({
  database: z.string(),
  version: z.string(),
  direction: z.enum(["up", "down"]),
});
const flag = z.boolean().optional();
const text = z.string().optional();

export const ConformanceCase = z.object({
  name: z.string(),
  configVersion: z.number(),
  command: z.enum(["migrate apply", "migrate status", "migrate delete"]),
  options: z.strictObject({
    databaseName: text,
    allDatabases: flag,
    up: text,
    down: text,
    goto: text,
    version: text,
    type: text,
    skipExecution: flag,
    dryRun: flag,
    noTransaction: flag,
    perMigrationTransaction: flag,
    all: flag,
    server: flag,
    force: flag,
  }),
  databases: z.array(z.object({ name: z.string(), kind: z.string() })),
  files: z.record(z.string(), z.string()),
  serverState: z.unknown(),
  server: z
    .object({
      failSql: z
        .record(
          z.string(),
          z.object({
            error: z.string(),
            code: z.string(),
            path: z.string(),
            internal: z.object({ error: z.record(z.string(), z.unknown()) }),
          }),
        )
        .optional(),
      schemaMigrations: z.record(z.string(), z.boolean()).nullish(),
    })
    .optional(),
  expected: z.object({
    exitCode: z.number(),
    executed: z.array(Executed).optional(),
    executedBeforeError: z.array(Executed).optional(),
    marked: z.array(Executed).optional(),
    plan: z.array(z.tuple([z.string(), z.string()])).optional(),
    runSql: z.array(z.record(z.string(), z.unknown())).optional(),
    status: z
      .array(
        z.object({
          version: z.string(),
          name: z.string(),
          source: z.boolean(),
          database: z.boolean(),
        }),
      )
      .optional(),
    deletedVersions: z.array(z.string()).optional(),
    finalState: z.unknown(),
    finalTable: z.record(z.string(), z.boolean()).optional(),
  }),
});
export type ConformanceCase = z.infer<typeof ConformanceCase>;

/** Every case of test/fixtures/conformance/migrations.json; its fields are explained in the README beside it. */
export function conformanceCases(): ConformanceCase[] {
  return z.array(ConformanceCase).parse(JSON.parse(readFileSync(path, "utf8")));
}
