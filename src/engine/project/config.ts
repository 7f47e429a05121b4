import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { decodeText } from "../../decode-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { NotAFile, type Entry, type FileSystem } from "./file-system.ts";

/**
 * Layouts of a Hasura project (docs/internals/hasura-protocol.md, "Directories and config
 * versions").
 */
export type ConfigVersion = 1 | 2 | 3;

export interface ProjectConfig {
  readonly version: ConfigVersion;
  /** Relative to the project's root. */
  readonly migrationsDirectory: string;
  /** Relative to the project's root. */
  readonly metadataDirectory: string;
  /** The only file of the metadata, instead of a directory. Relative to the project's root. */
  readonly metadataFile?: string;
  /** Relative to the project's root. */
  readonly seedsDirectory: string;
}

// Other keys (endpoint, secrets, actions …) are for the official CLI, and ignored.
const ConfigFile = z.object(
  {
    // The official CLI reads `version: "3"` as well.
    version: z
      .preprocess(
        (version) =>
          typeof version === "string" && /^\d$/.test(version) ? Number(version) : version,
        z.literal([1, 2, 3], "must be 1, 2 or 3"),
      )
      .default(1),
    migrations_directory: z
      .string("must be a path")
      .min(1, "must not be empty")
      .default("migrations"),
    // Not checked: migrations do not need it.
    metadata_directory: z.string().min(1).catch("metadata"),
    metadata_file: z.string().min(1).optional().catch(undefined),
    seeds_directory: z.string().min(1).catch("seeds"),
  },
  "must be a mapping, such as version: 3",
);

/**
 * Reads `config.yaml` of a project; undefined if there is none.
 * Throws `usage/bad-project-config` for another spelling of the name, invalid YAML, a version other than 1 to 3, or a key of the
 * wrong type.
 */
export async function readProjectConfig(
  root: string,
  fs: FileSystem,
): Promise<ProjectConfig | undefined> {
  const path = join(root, "config.yaml");
  const text = await readTextFile(path, fs);
  if (text !== undefined) return configOf(text, path);
  refuseOtherName(root, fs);
  return undefined;
}

/** Hasura's tools read config.yaml alone. A project must not be half recognised by another spelling. */
function refuseOtherName(root: string, fs: FileSystem): void {
  const other = entriesOf(root, fs).find(({ name }) => /^config\.ya?ml$/i.test(name));
  if (!other) return;
  throw new Failure(
    "usage",
    "bad-project-config",
    `${join(root, other.name)} is ignored: the configuration of a Hasura project must be named config.yaml.`,
    { hints: [textHint("Rename it to config.yaml.")] },
  );
}

function entriesOf(directory: string, fs: FileSystem): readonly Entry[] {
  try {
    return fs.list(directory);
  } catch {
    return []; // reported when the migrations are read
  }
}

/** The text of a project's YAML file, in UTF-8 or UTF-16; undefined if there is none. Throws `usage/bad-project-config`. */
export async function readTextFile(path: string, fs: FileSystem): Promise<string | undefined> {
  const bytes = await fs.read(path).catch((cause: unknown) => {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(cause) ?? "")) return undefined;
    const why = cause instanceof NotAFile ? ": it is a pipe or a device" : "";
    throw new Failure("usage", "bad-project-config", `${path} cannot be read${why}.`, { cause });
  });
  if (bytes === undefined) return undefined;
  const { encoding, text } = decodeText(bytes);
  if (text !== undefined) return text;
  const is = encoding === "unknown" ? "not valid UTF-8" : encoding;
  throw new Failure("usage", "bad-project-config", `${path} cannot be read: it is ${is}.`, {
    hints: [textHint("Save the file as UTF-8.")],
  });
}

function configOf(text: string, path: string): ProjectConfig {
  const config = ConfigFile.safeParse(yaml(text, path) ?? {});
  if (!config.success) {
    const problems = config.error.issues
      .map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`)
      .join("; ");
    throw new Failure(
      "usage",
      "bad-project-config",
      `${path} is not a valid Hasura project configuration: ${problems}.`,
      { hints: [textHint('A Hasura project has "version: 3", older ones "version: 2".')] },
    );
  }
  return {
    version: config.data.version,
    migrationsDirectory: config.data.migrations_directory,
    metadataDirectory: config.data.metadata_directory,
    seedsDirectory: config.data.seeds_directory,
    ...(config.data.metadata_file !== undefined && { metadataFile: config.data.metadata_file }),
  };
}

function yaml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new Failure("usage", "bad-project-config", `${path} is not valid YAML.`, { cause });
  }
}
