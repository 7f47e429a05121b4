import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./part.ts";
import { bin, inTurns, onPath, root, type Command } from "./programs.ts";
import { newDatabase, served, type Served } from "./served.ts";
import { median, msText, times, type Line } from "./table.ts";

const rounds = 15;

type Samples = ReadonlyMap<string, readonly number[]>;

/** The start-up times of commands, compared with Node itself and the `aws` command. */
export async function startup({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const environment = await served(
    join(root, "migrations"),
    await newDatabase(serverUrl, "bench_startup"),
  );
  try {
    const node = (name: string, ...args: string[]): Command => ({
      name,
      file: process.execPath,
      args,
      cwd: scratch,
    });
    const commands = [
      node("node", "-e", "0"),
      ...[["--version"], ["--complete", "zsh", "status", ""], ["--help"]].map((args) =>
        node(args[0] ?? "", bin, ...args),
      ),
      node("status", bin, "status", "dev-1", "--endpoint-url", environment.lambdaUrl),
      ...awsInvoke(environment, scratch),
    ];
    const samples = await inTurns(commands, rounds);
    const of = (name: string): number => medianOf(samples, name);
    const toNode = beside(samples, "node");
    const aws = of("aws");
    return [
      { what: "node -e 0", figure: msText(of("node")), ratio: "1" },
      {
        what: "--version",
        ...toNode("--version"),
        budget: "≤ 1.2 × node",
      },
      {
        what: "completion, when Tab is pressed",
        ...toNode("--complete"),
        budget: "≤ 1.5 × node",
      },
      {
        what: "--help",
        ...toNode("--help"),
      },
      {
        what: "status, function warm",
        ...toNode("status"),
        budget: "≤ 2.5 × node",
      },
      Number.isNaN(aws)
        ? { what: "aws lambda invoke, same request", figure: "not measured: no aws on the PATH" }
        : {
            what: "aws lambda invoke, same request",
            figure: msText(aws),
            ratio: `status is ${times(of("status"), aws, "aws")}`,
            budget: "≤ 0.5 × aws",
          },
    ];
  } finally {
    await environment.stop();
  }
}

function awsInvoke({ lambdaUrl, accessKeyId }: Served, scratch: string): Command[] {
  const file = onPath("aws");
  if (file === undefined) return [];
  const payload = join(scratch, "status.json");
  const actor = { user: "bench", host: "bench" };
  const runId = "0199a7c0-0000-7000-8000-000000000000";
  writeFileSync(
    payload,
    JSON.stringify({
      contract: 1,
      runId,
      environment: "dev-1",
      actor,
      operation: "status",
      options: {},
    }),
  );
  const args = [
    "lambda",
    "invoke",
    "--function-name",
    "hasura-migrate-dev-1",
    "--endpoint-url",
    lambdaUrl,
    "--payload",
    `fileb://${payload}`,
  ];
  const env = { AWS_ACCESS_KEY_ID: accessKeyId };
  return [{ name: "aws", file, args: [...args, join(scratch, "answer.json")], env }];
}

function medianOf(samples: Samples, name: string): number {
  const values = samples.get(name);
  return values === undefined ? Number.NaN : median(values);
}

/** A command's median, and how many times that of another one it is. */
function beside(samples: Samples, other: string): (name: string) => Pick<Line, "figure" | "ratio"> {
  const of = (name: string): number => medianOf(samples, name);
  return (name) => ({ figure: msText(of(name)), ratio: times(of(name), of(other), other) });
}
