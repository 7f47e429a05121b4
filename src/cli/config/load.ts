import { Failure } from "../../protocol/failure.ts";
import { commandHint, textHint, type Hint } from "../../protocol/hint.ts";
import { plural } from "../output/format.ts";
import type { CliContext } from "../context.ts";
import { extendedFile } from "./extended-file.ts";
import { findConfig, readExtended, type FoundConfig } from "./find.ts";
import { mergeLayers, type Layer, type OriginOf } from "./layers.ts";
import { checkFile, checkReferences, type Problem } from "./validate.ts";
import type { FileConfig } from "./schema.ts";

/** A valid configuration and the file it came from; `file` is absent where there is none and the convention applies. */
export interface LoadedConfig {
  readonly file?: string;
  readonly config: FileConfig;
  /** Which file each value comes from; absent where there is no file. */
  readonly originOf?: OriginOf;
}

/**
 * Finds, reads and checks the configuration, with the files that it extends. Throws one usage failure with every problem of a
 * file in it.
 */
export async function loadConfig(
  context: CliContext,
  flag: string | undefined,
): Promise<LoadedConfig> {
  const found = await findConfig(context, flag);
  if (!found) return { config: {} };
  const { config, originOf } = mergeLayers(await layersOf(found));
  const problems = checkReferences(config);
  const fileOf = ({ keys = [] }: Problem): string => originOf(...keys) ?? found.file;
  const [first] = problems;
  // All problems of one file: each message names the file it is in.
  if (first)
    throw invalid(
      fileOf(first),
      problems.filter((problem) => fileOf(problem) === fileOf(first)),
    );
  return { file: found.file, config, originOf };
}

/** The file, then the one that it extends, and so on. */
async function layersOf(found: FoundConfig): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (let next: FoundConfig | undefined = found; next !== undefined;) {
    const { file } = next;
    const files = layers.map((layer) => layer.file);
    if (files.includes(file)) throw circle([...files.slice(files.indexOf(file)), file]);
    const checked = checkFile(next.json);
    if ("problems" in checked) throw invalid(file, checked.problems);
    layers.push({ file, config: checked.config });
    next = await extendedBy(next, checked.config.extends);
  }
  return layers;
}

async function extendedBy(
  from: FoundConfig,
  reference: string | undefined,
): Promise<FoundConfig | undefined> {
  if (reference === undefined) return undefined;
  const extended = extendedFile(from.file, reference);
  const found = extended.kind === "file" ? await readExtended(extended.path, from) : undefined;
  if (found) return found;
  const says = `The configuration ${from.file} extends "${reference}"`;
  switch (extended.kind) {
    case "file":
      throw missing(`${says}, but ${extended.path} does not exist.`);
    case "not-in-package":
      throw missing(
        `${says}, but the package ${extended.package} does not provide ${extended.wanted}.`,
        [
          textHint(
            'A package is its main file if that is JSON, else its hasura-migrate.json; "exports" in its package.json must allow it.',
          ),
        ],
      );
    case "not-installed":
      throw missing(`${says}, but the package ${extended.package} is not installed.`, [
        commandHint(["npm", "install", "--save-dev", extended.package]),
        textHint('A path begins with "./" or "../".'),
      ]);
  }
}

function missing(message: string, hints: readonly Hint[] = []): Failure {
  return new Failure("usage", "config-extends-missing", message, { hints });
}

function circle(files: readonly string[]): Failure {
  const [first = ""] = files;
  return new Failure(
    "usage",
    "config-extends-circle",
    `The configuration ${first} extends itself: ${files.join(" extends ")}.`,
  );
}

function invalid(file: string, problems: readonly Problem[]): Failure {
  const lines = problems.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`,
  );
  const [only, ...others] = lines;
  const text =
    only !== undefined && others.length === 0
      ? `: ${only}`
      : ` (${plural(lines.length, "problem")}):\n${lines.join("\n")}`;
  return new Failure("usage", "config-invalid", `Invalid configuration ${file}${text}`);
}
