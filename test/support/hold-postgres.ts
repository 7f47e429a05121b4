/** Holds an embedded server until SIGTERM, as a run in another terminal does. Prints its address. */
import { startPostgres } from "../../src/local/postgres/index.ts";

const directory = process.argv[2];
if (directory === undefined) throw new Error("usage: hold-postgres.ts DIRECTORY");
const server = await startPostgres({ directory });
const alive = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  clearInterval(alive);
  void server.stop();
});
process.stdout.write(`${server.url}\n`);
