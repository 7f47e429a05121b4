import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bench } from "./part.ts";
import { bin, timed, type Command } from "./programs.ts";
import { newDatabase, served, type Served } from "./served.ts";
import type { Line } from "./table.ts";

const migrations = 10;

/**
 * The requests to Hasura of a deployment of ten migrations and the metadata of their tables, and of one with nothing to change. If
 * `HASURA_CLI_BINARY` names the official CLI, its `deploy` does the same on a server of its own; one that was built from its source also
 * needs its helper, which `HASURA_CLI_EXT` names.
 */
export async function deploy({ serverUrl, scratch }: Bench): Promise<Line[]> {
  const project = projectIn(join(scratch, "deploy"));
  const ours = await counted(await newDatabase(serverUrl, "bench_deploy"), project, (serving) => ({
    name: "apply --metadata",
    file: process.execPath,
    args: [bin, "apply", "dev-1", "--metadata", "--endpoint-url", serving.lambdaUrl],
  }));
  const binary = process.env["HASURA_CLI_BINARY"];
  const theirs =
    binary === undefined
      ? undefined
      : await counted(await newDatabase(serverUrl, "bench_deploy_official"), project, (serving) =>
          officialDeploy(binary, project, serving),
        );
  const line = (what: string, own: number, official: number | undefined): Line => ({
    what,
    figure: String(own),
    ...(official !== undefined && { ratio: `official deploy: ${String(official)}` }),
  });
  return [
    line(
      `requests to Hasura of a deployment of ${String(migrations)} migrations and their metadata`,
      ours.pending,
      theirs?.pending,
    ),
    line(
      "the same with nothing to change, also those at the same time",
      ours.nothing,
      theirs?.nothing,
    ),
  ];
}

/** The requests of a deployment with everything pending, and of the same again. */
async function counted(
  databaseUrl: string,
  project: string,
  commandFor: (serving: Served) => Command,
): Promise<{ readonly pending: number; readonly nothing: number }> {
  const serving = await served(join(project, "migrations"), databaseUrl, "--debug");
  try {
    const command = commandFor(serving);
    const requests = async (): Promise<number> => {
      const before = serving.requests();
      await timed(command);
      return serving.requests() - before;
    };
    return { pending: await requests(), nothing: await requests() };
  } finally {
    await serving.stop();
  }
}

function officialDeploy(binary: string, project: string, serving: Served): Command {
  const helper = process.env["HASURA_CLI_EXT"];
  return {
    name: "hasura deploy",
    file: binary,
    args: [
      ...["deploy", "--skip-update-check", "--project", project],
      ...["--endpoint", serving.hasuraUrl, "--admin-secret", serving.adminSecret],
      ...(helper === undefined ? [] : ["--cli-ext-path", helper]),
    ],
    env: { HOME: dirname(project) },
  };
}

/** Writes a project with a table for each migration, all of them tracked. */
function projectIn(root: string): string {
  const names = Array.from({ length: migrations }, (_, i) => `table_${String(i)}`);
  const tables = names.map((name) => `    - table: { schema: public, name: ${name} }\n`);
  const files = {
    "config.yaml": "version: 3\n",
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml": `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: HASURA_GRAPHQL_DATABASE_URL
  tables:
${tables.join("")}`,
    ...Object.fromEntries(
      names.flatMap((name, i) => {
        const migration = `migrations/default/17000000000${String(i).padStart(2, "0")}_${name}`;
        return [
          [`${migration}/up.sql`, `CREATE TABLE ${name} (id int PRIMARY KEY);\n`],
          [`${migration}/down.sql`, `DROP TABLE ${name};\n`],
        ];
      }),
    ),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
