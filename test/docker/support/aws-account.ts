import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "vitest";
import * as z from "zod";
import { dockerFile, filesIn, run, standIns, type Ran } from "./program.ts";

export const repository = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/hasura-migrate";
const standIn = new URL("stand-in-aws.mjs", import.meta.url).pathname;

/** A function as the stand-in of AWS has it. */
export interface StandInFunction {
  readonly account?: string;
  readonly region?: string;
  /** Digest of its image, in hexadecimal. */
  readonly digest?: string;
  /** Updates that are refused because another one is in progress. */
  readonly busy?: number;
  /** Why an update is refused. */
  readonly refused?: string;
  /** Why an update fails after it was accepted. */
  readonly reason?: string;
  readonly type?: "Zip";
}

export interface Account {
  readonly directory: string;
  /** Adds or replaces a file of the directory; an object is written as JSON. */
  write(path: string, content: string | object): void;
  read(path: string): unknown;
  remove(path: string): void;
  /** Runs docker/deploy in the directory. */
  deploy(argv: readonly string[], env?: Record<string, string>): Promise<Ran>;
  /** The calls of `aws` and `docker` so far. */
  calls(): string[];
}

/** What `hasura-migrate` does, as shell scripts. */
export interface StandInCli {
  readonly doctor?: string;
  readonly status?: string;
}

const checkLine = (line: object): string => `echo '${JSON.stringify(line)}'`;

/** `doctor --json` with checks of these states. */
export function doctorLines(states: Readonly<Record<string, "ok" | "warning">>): string {
  const checks = Object.entries(states).map(([name, state]) => ({ type: "check", name, state }));
  return checks.map(checkLine).join("\n");
}

/** `status --json` with migrations in these states. */
export function statusLines(states: readonly string[]): string {
  const migrations = states.map((state) => ({ state }));
  return [
    { type: "status", databases: [{ migrations }] },
    { type: "run.finished", exit: 0 },
  ]
    .map(checkLine)
    .join("\n");
}

/**
 * An AWS account of its own for one test, a Hasura project in `hasura/`, and environments `dev-1` … as named in
 * hasura-migrate.json, each with its function. `hasura-migrate envs` is what the real program prints for that file.
 */
export async function accountWith(
  t: TestContext,
  functions: Readonly<Record<string, StandInFunction>>,
  {
    doctor = doctorLines({ hasura: "ok" }),
    status = statusLines(["applied", "applied", "pending"]),
  }: StandInCli = {},
): Promise<Account> {
  const names = Object.keys(functions);
  const environments = Object.fromEntries(names.map((name) => [name, { profile: "acme" }]));
  const directory = await filesIn(t, {
    "hasura/config.yaml": "version: 3\n",
    "hasura-migrate.json": JSON.stringify({ defaults: { region: "eu-west-1" }, environments }),
    "profiles.json": JSON.stringify({ acme: "111122223333" }),
    "repositories/eu-west-1/hasura-migrate.json": '{"tags":{}}',
    calls: "",
  });
  const bin = await standIns(t, {
    aws: `exec '${process.execPath}' '${standIn}' '${directory}' aws "$@"`,
    docker: `exec '${process.execPath}' '${standIn}' '${directory}' docker "$@"`,
    "hasura-migrate": `case "$1" in
      envs) exec '${process.execPath}' '${dockerFile("../dist/bin.js")}' "$@" ;;
      doctor) ${doctor} ;;
      status) ${status} ;;
    esac`,
  });
  const account: Account = {
    directory,
    write: (path, content) => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(
        join(directory, path),
        typeof content === "string" ? content : JSON.stringify(content),
      );
    },
    read: (path) => JSON.parse(readFileSync(join(directory, path), "utf8")) as unknown,
    remove: (path) => rmSync(join(directory, path)),
    deploy: (argv, env = {}) =>
      run("env", ["-C", directory, dockerFile("deploy"), ...argv], {
        HOME: directory,
        PATH: `${bin}:${process.env["PATH"] ?? ""}`,
        ...env,
      }),
    calls: () => readFileSync(join(directory, "calls"), "utf8").trimEnd().split("\n"),
  };
  for (const [name, one] of Object.entries(functions))
    account.write(`functions/hasura-migrate-${name}.json`, {
      account: "111122223333",
      region: "eu-west-1",
      digest: "00".repeat(32),
      ...one,
    });
  return account;
}

const Digest = z.object({ digest: z.string() });

/** The digest of the image that a function has. */
export function digestOf(account: Account, environment: string): string {
  const { digest } = Digest.parse(account.read(`functions/hasura-migrate-${environment}.json`));
  return `sha256:${digest}`;
}
