import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestContext } from "vitest";
import { bundled } from "../../support/bundle.ts";

/** A program of this folder, bundled once so that each process starts quickly. */
export type Program = (...args: string[]) => Running;

export interface Running {
  readonly process: ChildProcess;
  /** Each line of its output, as it comes. */
  readonly lines: AsyncIterator<string>;
  readonly ended: Promise<void>;
  /** As the kernel, or a platform that is out of patience, ends it: it can do nothing about it. */
  kill(): Promise<void>;
}

/** Bundles a program of this folder; what is still running after the test is killed. */
export async function program(t: TestContext, name: string): Promise<Program> {
  const file = await bundled(new URL(`${name}.ts`, import.meta.url));
  const all = new Set<Running>();
  t.onTestFinished(async () => {
    await Promise.all([...all].map((it) => it.kill()));
  });
  return (...args) => {
    const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const kill = async (): Promise<void> => {
      child.kill("SIGKILL");
      await ended;
    };
    const running = {
      process: child,
      lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
      ended,
      kill,
    };
    all.add(running);
    void ended.then(() => all.delete(running));
    return running;
  };
}
