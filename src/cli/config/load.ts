import { Failure } from "../../protocol/failure.ts";
import { plural } from "../output/format.ts";
import type { CliContext } from "../context.ts";
import { findConfig } from "./find.ts";
import { checkConfig } from "./validate.ts";
import type { FileConfig } from "./schema.ts";

/** A valid configuration and the file it came from; `file` is absent where there is none and the convention applies. */
export interface LoadedConfig {
  readonly file?: string;
  readonly config: FileConfig;
}

/** Finds, reads and checks the configuration. Throws one usage failure with every problem in it. */
export async function loadConfig(
  context: CliContext,
  flag: string | undefined,
): Promise<LoadedConfig> {
  const found = await findConfig(context, flag);
  if (!found) return { config: {} };
  const checked = checkConfig(found.json);
  if ("config" in checked) return { file: found.file, config: checked.config };
  const lines = checked.problems.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`,
  );
  const [only, ...others] = lines;
  const text =
    only !== undefined && others.length === 0
      ? `: ${only}`
      : ` (${plural(lines.length, "problem")}):\n${lines.join("\n")}`;
  throw new Failure("usage", "config-invalid", `Invalid configuration ${found.file}${text}`);
}
