import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { readProjectConfig, readTextFile } from "./config.ts";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import type { Project } from "./project.ts";

/** Other keys, and entries that are not sources, are for Hasura. */
const SourceEntry = z.object({ name: z.string(), kind: z.string() });
/** A list of sources, or the whole metadata, which contains one. */
const SourceEntries = z
  .array(z.unknown())
  .or(z.object({ sources: z.array(z.unknown()) }).transform(({ sources }) => sources))
  .catch([]);

/**
 * The project without the databases that its metadata declares to be of a kind other than PostgreSQL, which a local environment
 * does not have. Each that has migrations is named in a notice.
 * Throws `usage/unsupported-kind` if no other database has migrations, and `usage/bad-project-config`.
 */
export async function postgresOnly(
  project: Project,
  fs: FileSystem = realFileSystem,
): Promise<Project> {
  if (project.configVersion < 3) return project;
  const leftOut = await otherKinds(project.home ?? project.root, fs);
  const without = [...project.databases.keys()].filter((name) => leftOut.has(name));
  const [first] = without;
  if (first !== undefined && without.length === project.databases.size)
    throw notInLocal(first, leftOut.get(first) ?? "");
  return {
    ...project,
    leftOut,
    databases: new Map([...project.databases].filter(([name]) => !leftOut.has(name))),
    notices: [
      ...project.notices,
      ...without.map((name) => ({
        code: "database-left-out",
        message: leftOutMessage(name, leftOut.get(name) ?? ""),
      })),
    ],
  };
}

/** For a request that concerns a database that was left out. */
export function notInLocal(name: string, kind: string): Failure {
  return new Failure(
    "usage",
    "unsupported-kind",
    `The database ${name} cannot be used in a local environment: its kind is ${kind}, and only PostgreSQL is supported.`,
    { hints: [textHint("Migrate it in an environment where Hasura is connected to it.")] },
  );
}

function leftOutMessage(name: string, kind: string): string {
  return `The database ${name} is skipped: its kind is ${kind}, and a local environment supports only PostgreSQL.`;
}

/** The declared sources of other kinds, from the metadata's only file, or `databases/databases.yaml` in its directory. */
async function otherKinds(root: string, fs: FileSystem): Promise<Map<string, string>> {
  const { metadataFile, metadataDirectory = "metadata" } =
    (await readProjectConfig(root, fs)) ?? {};
  const inDirectory = join(metadataDirectory, "databases", "databases.yaml");
  const path = join(root, metadataFile ?? inDirectory);
  const text = await readTextFile(path, fs);
  if (text === undefined) return new Map();
  return new Map(
    entriesIn(text, path).flatMap((entry) => {
      const source = SourceEntry.safeParse(entry);
      if (!source.success || ["postgres", "pg"].includes(source.data.kind)) return [];
      return [[source.data.name, source.data.kind] as const];
    }),
  );
}

function entriesIn(text: string, path: string): readonly unknown[] {
  const isJson = path.endsWith(".json");
  try {
    // "!include" is a tag of Hasura's; without this level each would be a warning of the process.
    const parsed: unknown = isJson ? JSON.parse(text) : parse(text, { logLevel: "error" });
    return SourceEntries.parse(parsed);
  } catch (cause) {
    const form = isJson ? "JSON" : "YAML";
    throw new Failure("usage", "bad-project-config", `${path} is not valid ${form}.`, { cause });
  }
}
