import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint, textHint, type Hint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import type { RequiredExtension } from "./required.ts";
import { serversWith } from "./other-servers.ts";

/** Container images that include an extension, by its name. Others are built from `postgres`. */
const images: Readonly<Record<string, string>> = {
  postgis: "postgis/postgis:17-3.5",
  postgis_topology: "postgis/postgis:17-3.5",
  postgis_raster: "postgis/postgis:17-3.5",
  postgis_tiger_geocoder: "postgis/postgis:17-3.5",
  vector: "pgvector/pgvector:pg17",
  timescaledb: "timescale/timescaledb:latest-pg17",
};

/**
 * Throws `usage/extension-missing` if a migration installs an extension that the server does not have: every place, and what brings
 * it.
 */
export async function checkExtensions(
  required: readonly RequiredExtension[],
  available: ReadonlySet<string>,
  server: string,
): Promise<void> {
  const missing = required.filter(({ name }) => !available.has(name));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(({ name }) => name))];
  const places = missing.map(({ name, file, line }) => `${name} (${file}:${line})`);
  throw new Failure(
    "usage",
    "extension-missing",
    `${server} lacks ${names.length === 1 ? "an extension" : "extensions"} that the migrations install: ${shortenList(places, 8)}.`,
    { hints: [...(await otherServerHints(names)), ...containerHints(names)] },
  );
}

async function otherServerHints(names: readonly string[]): Promise<Hint[]> {
  const found = await serversWith(names);
  return found.slice(0, 2).map((bin) =>
    retryHint({
      with: ["--postgres-bin", bin],
      without: ["--postgres-bin", "--database-url"],
      reason: `this machine has a server with ${names.length === 1 ? "it" : "them"}`,
    }),
  );
}

/** Without a password, because it is reachable only from this machine and contains no data to keep. */
function containerHints(names: readonly string[]): Hint[] {
  const known = [...new Set(names.map((name) => images[name]))];
  const [image] = known;
  if (known.length > 1 || image === undefined)
    return [
      textHint(
        `Start a PostgreSQL server that has ${names.join(" and ")}, and pass its address with --database-url.`,
      ),
    ];
  return [
    commandHint(
      [
        ...(["docker", "run", "--rm", "--detach", "--name", "hasura-migrate-verify"] as const),
        ...["--publish", "127.0.0.1:54320:5432", "--env", "POSTGRES_HOST_AUTH_METHOD=trust", image],
      ],
      "start a server in a container",
    ),
    retryHint({
      with: ["--database-url", "postgres://postgres@127.0.0.1:54320/postgres", "--throwaway"],
      without: ["--postgres-bin", "--database-url"],
      reason: "then",
    }),
  ];
}
