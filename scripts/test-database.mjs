import { join } from "node:path";
import { register } from "tsx/esm/api";

/**
 * The one PostgreSQL server of a whole test run: the one HASURA_TEST_DATABASE_URL names, else the embedded one.
 * @param {string} scratch a directory for its data
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function testDatabase(scratch) {
  const given = process.env["HASURA_TEST_DATABASE_URL"];
  if (given) return { url: given, stop: async () => {} };
  const unregister = register();
  const { startPostgres } = await import("../src/local/postgres/index.ts");
  const server = await startPostgres({ directory: join(scratch, "postgres") });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await unregister();
    },
  };
}
