import { checkFile, checkReferences, type Problem } from "../../../../src/cli/config/validate.ts";
import type { FileConfig } from "../../../../src/cli/config/schema.ts";

/** A configuration of one file, or what is wrong with it. */
export function checkConfig(
  json: unknown,
):
  | { readonly config: FileConfig }
  | { readonly problems: readonly Pick<Problem, "path" | "message">[] } {
  const checked = checkFile(json);
  if ("problems" in checked) return checked;
  const problems = checkReferences(checked.config).map(({ path, message }) => ({ path, message }));
  return problems.length > 0 ? { problems } : checked;
}
