import { exitCodeOf, type CommandResult } from "../../command-result.ts";
import type { CliContext } from "../../context.ts";
import { jsonLine } from "../json-line.ts";
import { resultOf, type VerifyOutput } from "./verify-output.ts";

/** One JSON object per line on stdout: the events, with the exit code on the last one. */
export function verifyJson(context: Pick<CliContext, "out">, strict: boolean): VerifyOutput {
  let result: CommandResult = "done";
  return {
    event: (event) => {
      if (event.type === "verify.progress") return;
      if (event.type !== "verify.finished") {
        context.out.write(`${jsonLine(event)}\n`);
        return;
      }
      result = resultOf(event, strict);
      context.out.write(`${jsonLine({ ...event, exit: exitCodeOf(result) })}\n`);
    },
    close: async () => undefined,
    result: () => result,
  };
}
