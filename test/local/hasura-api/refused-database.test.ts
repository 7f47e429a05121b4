import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { prepareCatalog } from "../../../src/local/hasura-api/catalog-schema.ts";
import { existingDatabases } from "../../../src/local/environment/databases.ts";
import { freshDatabase, query } from "../../support/postgres.ts";

const everything = { metadata: true, source: true };

/** The same database for a user without rights. */
async function asStranger(url: string): Promise<string> {
  const name = `stranger_${new URL(url).pathname.slice(-12)}`;
  await query(url, `CREATE ROLE ${name} LOGIN PASSWORD 'p'`);
  const address = new URL(url);
  address.username = name;
  address.password = "p";
  return address.href;
}

describe("a database that does not allow the set-up", () => {
  test("a user that may not create schemas", async (t) => {
    const url = await asStranger(await freshDatabase(t));
    await assert.rejects(prepareCatalog(url, everything), {
      kind: "usage",
      code: "database-refused",
      message: /does not let this user set up the environment\.$/,
    });
  });

  test("a read-only database", async (t) => {
    const url = await freshDatabase(t);
    const name = new URL(url).pathname.slice(1);
    await query(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await assert.rejects(prepareCatalog(url, everything), {
      code: "database-refused",
      message: /is read-only\.$/,
    });
  });

  test("a user that may not create the databases of further sources", async (t) => {
    const own = await freshDatabase(t);
    const url = await asStranger(own);
    const role = new URL(url).username;
    await query(own, `GRANT CREATE ON DATABASE ${new URL(own).pathname.slice(1)} TO ${role}`);
    await assert.rejects(existingDatabases(url, ["default", "second"]), {
      code: "database-refused",
      message: /does not let this user create databases, and the project has several\.$/,
    });
  });

  test("a certificate file that is missing", async (t) => {
    const url = `${await freshDatabase(t)}?sslmode=verify-full&sslrootcert=/nonexistent/ca.pem`;
    await assert.rejects(prepareCatalog(url, everything), {
      code: "database-unreachable",
      message: /^A certificate file of --database-url cannot be read \(ENOENT\)\.$/,
    });
  });
});

describe("a new database", () => {
  const installed =
    "SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pgcrypto'";

  test("has pgcrypto in its schema public, as with a real server, even for a user who is not a superuser", async (t) => {
    const own = await freshDatabase(t);
    const url = await asStranger(own);
    const name = new URL(own).pathname.slice(1);
    await query(own, `ALTER DATABASE ${name} OWNER TO ${new URL(url).username}`);
    await prepareCatalog(url, everything);
    assert.deepEqual(await query(url, installed), [{ schema: "public" }]);
    await query(own, "DROP EXTENSION pgcrypto");
    await prepareCatalog(url, everything);
    assert.deepEqual(await query(url, installed), [], "only a new database");
  });

  test("keeps a pgcrypto that is in another schema", async (t) => {
    const url = await freshDatabase(t);
    await query(url, "CREATE SCHEMA extensions");
    await query(url, "CREATE EXTENSION pgcrypto SCHEMA extensions");
    await prepareCatalog(url, everything);
    assert.deepEqual(await query(url, installed), [{ schema: "extensions" }]);
  });

  test("without a schema public is prepared without pgcrypto", async (t) => {
    const own = await freshDatabase(t);
    await query(own, "DROP SCHEMA public");
    await prepareCatalog(own, everything);
    assert.deepEqual(await query(own, installed), []);
  });
});
