/** Hasura's API in a process of its own: `one-api.ts DATABASE_URL PORT`. Prints its address. */
import { startHasuraApi } from "../../../src/local/hasura-api/index.ts";

const [url, port] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: one-api.ts DATABASE_URL PORT");
const sources = [{ name: "default", kind: "postgres", url }] as const;
const api = await startHasuraApi({
  metadataUrl: url,
  sources,
  adminSecret: "test-admin-secret",
  port: Number(port ?? 0),
});
process.stdout.write(`${api.url}\n`);
