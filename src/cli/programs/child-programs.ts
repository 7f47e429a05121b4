import { exec, execFile, spawn, type ChildProcess } from "node:child_process";
import type { CliContext } from "../context.ts";
import { killTree } from "./process-tree.ts";

type Host = Pick<NodeJS.Process, "kill" | "stderr">;

/** How this process starts other programs. */
export function childPrograms(
  host: Host,
  interrupted: AbortSignal,
): Pick<CliContext, "capture" | "runProgram" | "runShell"> {
  return {
    capture: (command, args) =>
      new Promise((resolve) => {
        execFile(command, [...args], { timeout: 3000 }, (error, stdout) =>
          resolve(error ? undefined : stdout.trim()),
        );
      }),
    runProgram: (command, args) =>
      new Promise((resolve) => {
        const stdio = ["inherit", host.stderr, "inherit"] as const;
        const program = spawn(command, [...args], { stdio: [...stdio] });
        program.once("error", () => resolve(false)).once("close", (code) => resolve(code === 0));
        endedBy(interrupted, program, "SIGTERM", host);
      }),
    runShell: (command, signal) =>
      new Promise((resolve, reject) => {
        const shell = exec(command, (error, stdout) => {
          if (error) reject(error);
          else resolve(stdout);
        });
        endedBy(signal, shell, "SIGKILL", host);
      }),
  };
}

/** Ends a program, and what it has started, when the signal is aborted. */
function endedBy(
  signal: AbortSignal,
  program: ChildProcess,
  how: NodeJS.Signals,
  host: Host,
): void {
  const end = (): void => {
    if (program.pid !== undefined) killTree(program.pid, how, host);
  };
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  program.once("exit", () => signal.removeEventListener("abort", end));
}
