import assert from "node:assert/strict";
import type { JsonMap } from "../../../../src/metadata/document/json.ts";
import type {
  MetadataFiles,
  MetadataLayout,
} from "../../../../src/metadata/project/metadata-files.ts";
import { readMetadata } from "../../../../src/metadata/project/read-metadata.ts";
import {
  exportProject,
  type ProjectExport,
} from "../../../../src/metadata/write/export-project.ts";

/** Texts of files by their path from the project's root. */
export type Texts = Readonly<Record<string, string>>;

export const v2: MetadataLayout = { configVersion: 2, directory: "metadata" };
export const v3: MetadataLayout = { configVersion: 3, directory: "metadata" };

export function inMemory(texts: Texts): MetadataFiles {
  return {
    read: async (path) => {
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
      return text === undefined ? undefined : Buffer.from(text);
    },
  };
}

/** The document of a project; the test fails if it cannot be read. */
export async function documentIn(texts: Texts, layout: MetadataLayout): Promise<JsonMap> {
  const read = await readMetadata(layout, inMemory(texts));
  assert.deepEqual(read?.problems.filter(({ severity }) => severity === "error") ?? [], []);
  return read?.document?.value ?? {};
}

/** A project's files after an export. */
export async function exported(
  texts: Texts,
  server: JsonMap,
  layout: MetadataLayout,
): Promise<ProjectExport & { readonly files: Texts }> {
  const result = await exportProject(layout, inMemory(texts), server);
  const files = new Map(Object.entries(texts));
  for (const { path, after } of result.changes)
    if (after === undefined) files.delete(path);
    else files.set(path, after);
  return { ...result, files: Object.fromEntries(files) };
}
