import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import type { EngineContext } from "../../../src/engine/context.ts";
import { projectMetadata } from "../../../src/engine/project/project-metadata.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import { faultBench, type FaultBench } from "./bench.ts";
import type { Sql } from "./migrations.ts";

/** A bench whose project has metadata, too. */
export interface MetadataFaultBench extends FaultBench {
  /** The part of an engine that reads the project's metadata. */
  readonly metadata: Pick<EngineContext, "projectMetadata">;
  /** The metadata before a run, and the project's. */
  readonly before: JsonMap;
  readonly wanted: JsonMap;
  /** Puts the server's metadata back to what it was before a run; resolves to its version. */
  resetMetadata(): Promise<number>;
  /** Replaces the server's metadata as the Console does. */
  write(document: JsonMap): Promise<void>;
  stored(): Promise<{ readonly version: number; readonly document: JsonMap }>;
  /** What is wrong with the metadata: it must be the project's, and consistent. */
  metadataProblems(): Promise<string[]>;
}

/** Starts a bench with these migrations; the project's metadata tracks `tables`. */
export async function metadataFaultBench(
  t: TestContext,
  sql: Sql,
  tables: readonly string[],
): Promise<MetadataFaultBench> {
  const bench = await faultBench(t, sql);
  const hasura = hasuraOverHttp({
    endpoint: bench.hasuraUrl,
    adminSecret: () => Promise.resolve("test-admin-secret"),
  });
  t.onTestFinished(() => {
    hasura.close();
    return Promise.resolve();
  });
  const { document: before } = await hasura.readMetadata();
  const wanted = tracking(before, tables);
  await writeFile(join(bench.root, "config.yaml"), "version: 3\nmetadata_file: metadata.json\n");
  await writeFile(join(bench.root, "metadata.json"), JSON.stringify(wanted));
  const write = async (document: JsonMap): Promise<void> => {
    const { resourceVersion } = await hasura.readMetadata();
    await hasura.replaceMetadata({ document, resourceVersion, allowInconsistent: true });
  };
  return {
    ...bench,
    ...{ before, wanted, write },
    metadata: {
      projectMetadata: async () =>
        (await projectMetadata({ root: bench.root, configVersion: 3 })).document,
    },
    resetMetadata: async () => {
      await write(before);
      return (await hasura.readMetadata()).resourceVersion;
    },
    stored: async () => {
      const { resourceVersion, document } = await hasura.readMetadata();
      return { version: resourceVersion, document };
    },
    metadataProblems: async () => {
      const { document, inconsistent } = await hasura.readMetadata();
      const differing = compareMetadata(document, wanted).map(
        ({ path, change }) => `${change}: ${path.map(({ name }) => name).join("/")}`,
      );
      return [...differing, ...inconsistent.map(({ name }) => `inconsistent: ${name}`)];
    },
  };
}

/** The document with these tables of its first source. */
export function tracking(document: JsonMap, tables: readonly string[]): JsonMap {
  const [source, ...others] = document["sources"] as JsonMap[];
  const tracked = tables.map((name) => ({ table: { schema: "public", name } }));
  return { ...document, sources: [{ ...source, tables: tracked }, ...others] };
}
