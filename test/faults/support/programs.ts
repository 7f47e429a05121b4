import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cleanUp } from "../../support/clean-up.ts";

const here = dirname(fileURLToPath(import.meta.url));

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
  const directory = await mkdtemp(join(tmpdir(), "program-"));
  const outfile = join(directory, `${name}.mjs`);
  const require = "import{createRequire}from'module';const require=createRequire(import.meta.url);";
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: require },
    external: ["pg-native"],
  });
  const all = new Set<Running>();
  cleanUp(t, async () => {
    await Promise.all([...all].map((it) => it.kill()));
    await rm(directory, { recursive: true, force: true });
  });
  return (...args) => {
    const child = spawn(process.execPath, [outfile, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
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
