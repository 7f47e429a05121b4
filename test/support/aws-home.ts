import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { assumes, httpStandIn, type HttpCall } from "./aws-stand-in.ts";
import { runCli, type Ran } from "./cli-process.ts";
import { lambdaStandIn, streams, type Call, type StandIn } from "./lambda-stand-in.ts";
import { finished, started } from "./run-events.ts";
import { emptyDirectory } from "./test-context.ts";

export interface Setting {
  readonly awsConfig?: string;
  readonly credentials?: string;
  /** The project's hasura-migrate.json. */
  readonly config?: object;
  readonly env?: Record<string, string>;
  readonly argv?: readonly string[];
  readonly sts?: (call: HttpCall) => { status: number; body: string };
  readonly ssoCache?: { session: string; token: object };
  /** False when nothing may be asked of Lambda. */
  readonly invokes?: boolean;
}

/** The built CLI as a process with a home of its own: the SDK reads HOME and the environment by itself. */
export async function runAtHome(
  t: TestContext,
  setting: Setting,
): Promise<Ran & { lambda: StandIn; sts: HttpCall[]; metadata: HttpCall[] }> {
  const home = emptyDirectory(t);
  const cwd = emptyDirectory(t);
  mkdirSync(join(home, ".aws/sso/cache"), { recursive: true });
  if (setting.awsConfig !== undefined) writeFileSync(join(home, ".aws/config"), setting.awsConfig);
  if (setting.credentials !== undefined)
    writeFileSync(join(home, ".aws/credentials"), setting.credentials);
  if (setting.config)
    writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify(setting.config));
  if (setting.ssoCache) {
    const name = createHash("sha1").update(setting.ssoCache.session).digest("hex");
    writeFileSync(
      join(home, `.aws/sso/cache/${name}.json`),
      JSON.stringify(setting.ssoCache.token),
    );
  }
  const lambda = await lambdaStandIn(
    t,
    setting.invokes === false
      ? []
      : [
          streams([
            started("dev-3", { function: { name: "f", version: "1", package: "0.1.0" } }),
            finished(0),
          ]),
        ],
  );
  const sts = await httpStandIn(t, (call, response) => {
    const { status, body } = setting.sts?.(call) ?? {
      status: 200,
      body: assumes(new URLSearchParams(call.body).get("Action") ?? ""),
    };
    response.writeHead(status, { "content-type": "text/xml" }).end(body);
  });
  const metadata = await httpStandIn(t, (_, response) => response.writeHead(404).end());
  const env = {
    HOME: home,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
    ...setting.env,
  };
  const ran = await runCli(setting.argv ?? ["dev-3", "--region", "eu-west-1"], { env, cwd });
  return { ...ran, lambda, sts: sts.calls, metadata: metadata.calls };
}

/** Whose key signed a request, and for which region. */
export const signedBy = (call: Call | undefined): string | undefined =>
  /Credential=([^/]+)\/\d+\/([^/]+)/
    .exec(call?.headers.authorization ?? "")
    ?.slice(1)
    .join(" ");
