import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./part.ts";
import { bin, inTurns, onPath, root, type Command } from "./programs.ts";
import { newDatabase, served } from "./served.ts";
import { msText, times, type Line } from "./table.ts";

const rounds = 15;

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
      node("--version", bin, "--version"),
      node("--help", bin, "--help"),
      node("status", bin, "status", "dev-1", "--endpoint-url", environment.lambdaUrl),
      ...awsInvoke(environment.lambdaUrl, scratch),
    ];
    const medians = await inTurns(commands, rounds);
    const of = (name: string): number => medians.get(name) ?? Number.NaN;
    const aws = of("aws");
    return [
      { what: "node -e 0", figure: msText(of("node")), ratio: "1" },
      {
        what: "--version",
        figure: msText(of("--version")),
        ratio: times(of("--version"), of("node"), "node"),
        budget: "≤ 1.3 × node",
      },
      {
        what: "--help",
        figure: msText(of("--help")),
        ratio: times(of("--help"), of("node"), "node"),
      },
      {
        what: "status, function warm",
        figure: msText(of("status")),
        ratio: times(of("status"), of("node"), "node"),
        budget: "≤ 3 × node",
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

function awsInvoke(lambdaUrl: string, scratch: string): Command[] {
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
  return [{ name: "aws", file, args: [...args, join(scratch, "answer.json")] }];
}
