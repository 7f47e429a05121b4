import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "vitest";
import type { VerifyEvent, VerifyProblem } from "../../../src/protocol/verification.ts";
import { verify, type VerifyOptions } from "../../../src/verify/index.ts";
import { freshDirectory, serverUrl } from "../../support/postgres.ts";

/** Files by their path; a directory of version and name stands for `migrations/default/`. */
export type Files = Readonly<Record<string, string>>;

/** `{ "1_a": [up, down] }` as files of a project with config version 3. */
export function migrations(
  list: Readonly<Record<string, readonly [up: string, down?: string]>>,
): Files {
  const files = Object.entries(list).flatMap(([name, [up, down]]): [string, string][] => [
    [`migrations/default/${name}/up.sql`, up],
    ...(down === undefined
      ? []
      : ([[`migrations/default/${name}/down.sql`, down]] satisfies [string, string][])),
  ]);
  return { "config.yaml": "version: 3\n", ...Object.fromEntries(files) };
}

export async function project(t: TestContext, files: Files): Promise<string> {
  const directory = await freshDirectory(t);
  await write(directory, files);
  return directory;
}

export async function write(directory: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

export async function remove(directory: string, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(join(directory, path), { recursive: true });
}

/** Everything that verifying a project reports. It uses the server that all tests share, unless the options say otherwise. */
export async function verified(
  directory: string,
  options: Partial<VerifyOptions> = { databaseUrl: serverUrl(), throwaway: false },
): Promise<VerifyEvent[]> {
  const events: VerifyEvent[] = [];
  await verify({
    directory,
    signal: new AbortController().signal,
    now: () => 0,
    ...options,
    emit: (event) => {
      events.push(event);
      options.emit?.(event);
    },
  });
  return events;
}

export const onSharedServer = (options: Partial<VerifyOptions> = {}): Partial<VerifyOptions> => ({
  databaseUrl: serverUrl(),
  ...options,
});

export function problemsOf(events: readonly VerifyEvent[]): VerifyProblem[] {
  return events.flatMap((event) => ("problems" in event ? event.problems : []));
}

/** State of each migration, by its version. */
export function statesOf(events: readonly VerifyEvent[]): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) =>
      event.type === "verify.migration" ? [[event.version, event.state]] : [],
    ),
  );
}

/** Code, file and differences of each problem, without words that may change. */
export function outline(events: readonly VerifyEvent[]): string[] {
  return problemsOf(events).map(({ code, file = "", differences = [], sql }) =>
    [
      code,
      file.replace("migrations/default/", "") +
        (sql?.place ? `:${sql.place.line}:${sql.place.column}` : ""),
      ...differences,
    ].join(" · "),
  );
}

export function git(directory: string, ...args: readonly string[]): string {
  const who = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
  return execFileSync("git", ["-C", directory, ...who, ...args], { encoding: "utf8" });
}

/** A repository with these files committed on its branch `main`. */
export async function repository(t: TestContext, files: Files): Promise<string> {
  const directory = await project(t, files);
  git(directory, "init", "--quiet", "--initial-branch=main");
  commit(directory, "first");
  return directory;
}

export function commit(directory: string, message: string): void {
  git(directory, "add", "--all");
  git(directory, "commit", "--quiet", "--message", message);
}
