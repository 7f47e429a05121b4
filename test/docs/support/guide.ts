import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { run, standIns, type Ran } from "../../docker/support/program.ts";
import { environmentOf, bin, root } from "../../e2e/support/cli.ts";
import { freshDirectory } from "../../support/postgres.ts";
import type { CodeBlock } from "./code-blocks.ts";

const standIn = join(root, "test/docker/support/stand-in-aws.mjs");

/** What the guide's commands find: a repository with a Hasura project, profiles, and programs in place of AWS and Docker. */
export interface Reader {
  /** Where the reader's commands run. */
  readonly directory: string;
  /** Writes a file of the guide, or runs a command of it. */
  follow(block: CodeBlock): Promise<Ran | undefined>;
}

export interface Circumstances {
  /** The Hasura project, which is copied. */
  readonly project: string;
  /** Starts the Lambda service that serves every function, with this project. Returns its address. */
  readonly serve: (project: string) => Promise<string>;
  /** Accounts by profile. */
  readonly profiles: Readonly<Record<string, string>>;
  /** What `aws` prints for commands that the stand-in does not know, by their first two words. */
  readonly answers: Readonly<Record<string, string>>;
  /** The folder of the repository where the reader is. Default: its root. */
  readonly folder?: string;
}

export async function readerOf(
  t: TestContext,
  { project, serve, profiles, answers, folder = "." }: Circumstances,
): Promise<Reader> {
  const home = await freshDirectory(t);
  const repository = join(home, "acme");
  const directory = join(repository, folder);
  const aws = join(home, "aws");
  for (const path of [repository, aws, join(home, ".aws")]) mkdirSync(path);
  cpSync(project, join(repository, "hasura"), { recursive: true });
  writeFileSync(join(aws, "profiles.json"), JSON.stringify(profiles));
  writeFileSync(join(aws, "answers.json"), JSON.stringify(answers));
  writeFileSync(
    join(home, ".aws/config"),
    Object.keys(profiles)
      .map((name) => `[profile ${name}]\naws_access_key_id = a\naws_secret_access_key = b\n`)
      .join("\n"),
  );
  const bins = await standIns(t, {
    aws: `exec '${process.execPath}' '${standIn}' '${aws}' aws "$@"`,
    docker: `exec '${process.execPath}' '${standIn}' '${aws}' docker "$@"`,
    "hasura-migrate": `exec '${process.execPath}' '${bin}' "$@"`,
    npx: 'while [ "$1" = -p ]; do shift 2; done\nexec "$@"',
    npm: '[ "$1" = install ]',
    // The clone of the release is this checkout.
    git: `[ "$1" = clone ] || exit 1\nfor last; do :; done\nln -s '${root}' "$last"`,
  });
  const { PATH = "", ...env } = await environmentOf(t, {
    HOME: home,
    AWS_ENDPOINT_URL_LAMBDA: await serve(join(repository, "hasura")),
  });
  return {
    directory,
    follow: async ({ language, label, text }) => {
      if (language !== "sh") {
        writeFileSync(join(directory, label), text);
        return undefined;
      }
      return run("env", ["-C", directory, "bash", "-euo", "pipefail", "-c", `(${text}) 2>&1`], {
        ...env,
        PATH: `${bins}:${PATH}`,
      });
    },
  };
}

/** What was printed, as the guide shows it: AWS instead of this machine. */
export function asInGuide(printed: string): string {
  return printed
    .replaceAll(/ · via 127\.0\.0\.1:\d+ \(from AWS_ENDPOINT_URL_LAMBDA\)/g, "")
    .replaceAll(/, 127\.0\.0\.1:\d+ \(from AWS_ENDPOINT_URL_LAMBDA\)/g, "")
    .replaceAll("0000…0000", "1111…3333");
}

/** The first line of the guide that was not printed, in this order; `…` stands for any text. Undefined if all were. */
export function missingLine(shown: string, printed: string): string | undefined {
  const lines = asInGuide(printed).split("\n");
  let at = 0;
  for (const line of shown.trimEnd().split("\n")) {
    const pattern = new RegExp(
      `^${line
        .split("…")
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}$`,
    );
    const found = lines.slice(at).findIndex((each) => pattern.test(each.trimEnd()));
    if (found === -1) return line;
    at += found + 1;
  }
  return undefined;
}

/** A page of docs/. */
export function pageOf(name: string): string {
  return readFileSync(join(root, "docs", name), "utf8");
}
