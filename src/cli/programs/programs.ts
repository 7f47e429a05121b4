import type { CliContext } from "../context.ts";

type Programs = Pick<CliContext, "capture" | "runProgram" | "runShell">;

/** How this process runs other programs. What starts them is loaded when one is needed. */
export function programsOf(
  host: Pick<NodeJS.Process, "kill" | "stderr">,
  interrupted: AbortSignal,
): Programs {
  const programs = async (): Promise<Programs> =>
    (await import("./child-programs.ts")).childPrograms(host, interrupted);
  return {
    capture: async (command, args) => (await programs()).capture(command, args),
    runProgram: async (command, args) => (await programs()).runProgram(command, args),
    runShell: async (command, signal) => (await programs()).runShell(command, signal),
  };
}
