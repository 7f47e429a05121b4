import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { createServer as createTlsServer } from "node:https";
import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { startLambdaService } from "../../src/local/lambda-service/index.ts";
import { eventsOf, root, run, type Ran } from "../e2e/support/cli.ts";
import { project } from "../e2e/support/environment.ts";
import { authority, server as certified } from "../lambda/support/private-authority.ts";
import { startTestApi } from "../support/hasura-api.ts";
import { query } from "../support/postgres.ts";
import { dockerFile, filesIn, run as runProgram } from "./support/program.ts";

/** TLS in front of a server that speaks HTTP, as a load balancer does it. */
async function behindTls(t: TestContext, url: string): Promise<string> {
  const server = createTlsServer(
    { cert: certified.certificate, key: certified.key },
    (from, to) => {
      const onward = httpRequest(
        new URL(from.url ?? "/", url),
        { method: from.method, headers: from.headers },
        (answer) => {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
        },
      );
      onward.once("error", () => to.destroy());
      from.pipe(onward);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Applies one migration by the built function to a Hasura behind TLS of a private authority. */
async function applied(
  t: TestContext,
  env: Record<string, string>,
): Promise<Ran & { databaseUrl: string }> {
  const api = await startTestApi(t);
  const lambda = await startLambdaService({
    functionDirectory: join(root, "dist/function"),
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "dev-1",
      HASURA_MIGRATE_ENDPOINT: await behindTls(t, api.url),
      HASURA_MIGRATE_ADMIN_SECRET: api.adminSecret,
      HASURA_MIGRATE_DIRECTORY: await project(t, {
        "1700000000000_guarded": { up: "CREATE TABLE guarded (id int);" },
      }),
      ...env,
    },
  });
  t.onTestFinished(() => lambda.stop());
  const ran = await run(t, ["apply", "dev-1", "--json", "--endpoint-url", lambda.url]);
  return { ...ran, databaseUrl: api.databaseUrl };
}

describe("private authority", () => {
  test("without the authority's certificate: who signed it, its fingerprint, and what to do", async (t) => {
    const { databaseUrl, ...ran } = await applied(t, {});
    assert.equal(ran.code, 4, ran.stderr);
    const end = eventsOf(ran).at(-1);
    assert(end?.type === "run.failed");
    assert.equal(end.failure.code, "tls-unknown-authority");
    assert.match(
      end.failure.message,
      /signed by an unknown authority.*issued by "Example Private Authority, Example Corp"/,
    );
    assert(end.failure.message.includes(new X509Certificate(certified.certificate).fingerprint256));
    assert.match(JSON.stringify(end.failure.hints), /docker\/certificates\/ and rebuild the image/);
    assert.deepEqual(await query(databaseUrl, "SELECT to_regclass('guarded') AS it"), [
      { it: null },
    ]);
  });

  test("with it in NODE_EXTRA_CA_CERTS, as the image sets it, the migration is applied", async (t) => {
    const certificates = await filesIn(t, { "authority.pem": authority.certificate });
    const { databaseUrl, ...ran } = await applied(t, {
      NODE_EXTRA_CA_CERTS: join(certificates, "authority.pem"),
    });
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(await query(databaseUrl, "SELECT to_regclass('guarded')::text AS it"), [
      { it: "guarded" },
    ]);
  });

  const noOpenssl =
    spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";

  test("the certificate that makes it work passes the check of the build", async (t) => {
    if (noOpenssl !== false) t.skip(noOpenssl);

    const directory = await filesIn(t, { "authority.pem": authority.certificate });
    const { code, stdout } = await runProgram(dockerFile("check-certificates"), [directory]);
    assert.equal(code, 0);
    assert(stdout.includes(new X509Certificate(authority.certificate).fingerprint256));
  });
});
