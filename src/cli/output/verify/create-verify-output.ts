import type { CliContext } from "../../context.ts";
import type { VerifyOptions } from "../../options/schemas.ts";
import { withAnnotations } from "./verify-github.ts";
import { verifyJson } from "./verify-json.ts";
import type { VerifyOutput } from "./verify-output.ts";
import { verifyText } from "./verify-text.ts";

/** The output that the command line asks for. */
export function createVerifyOutput(
  context: CliContext,
  options: VerifyOptions & { readonly directory: string },
): VerifyOutput {
  const { json = false, quiet = false, strict = false, color, directory } = options;
  const output = json ? verifyJson(context, strict) : verifyText(context, { quiet, color, strict });
  return withAnnotations(output, context, directory);
}
