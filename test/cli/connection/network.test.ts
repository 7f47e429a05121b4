import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { keys } from "../../support/aws-keys.ts";
import { runAtHome, type Setting } from "../../support/aws-home.ts";
import { runCli } from "../../support/cli-process.ts";
import { emptyDirectory } from "../../support/test-context.ts";
import { authority, server as tls } from "../../lambda/support/private-authority.ts";

async function listening(
  t: TestContext,
  server: Pick<Server, "listen" | "address" | "close" | "once">,
): Promise<number> {
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  t.onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A proxy that answers CONNECT with a status; 200 connects, to `target` whatever was asked for. */
async function proxy(t: TestContext, status: number, target?: number) {
  const asked: string[] = [];
  const server = createServer((_, response) => response.writeHead(500).end());
  server.on("connect", (request, socket: Socket) => {
    asked.push(request.url ?? "");
    if (status !== 200 || target === undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Type: text/html\r\n\r\n<html>no</html>`);
      return;
    }
    const upstream = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    for (const each of [socket, upstream]) each.on("error", () => undefined);
  });
  return { url: `http://127.0.0.1:${await listening(t, server)}`, asked };
}

/** A service behind TLS whose authority nobody trusts. */
async function tlsService(t: TestContext) {
  let requests = 0;
  const server = createTlsServer({ key: tls.key, cert: tls.certificate }, (_, response) => {
    requests += 1;
    response.writeHead(500).end();
  });
  return { port: await listening(t, server), requests: () => requests };
}

const home = (t: TestContext): { HOME: string } => ({ HOME: emptyDirectory(t) });
const neverSent = /function may (still )?be running|Looking up/;

describe("before anything was sent", () => {
  for (const operation of [[], ["status"]]) {
    for (const [status, says] of [
      [
        407,
        /The proxy 127\.0\.0\.1:\d+ responded with 407 .*: it requires a login; nothing was sent\./,
      ],
      [
        403,
        /The proxy 127\.0\.0\.1:\d+ responded with 403 to a connection to lambda\.eu-west-1\.amazonaws\.com.*nothing was sent\./,
      ],
      [502, /responded with 502/],
    ] as const)
      test(`${operation[0] ?? "apply"}: a proxy that answers ${status} is named`, async (t) => {
        const { url, asked } = await proxy(t, status);
        const { code, stderr } = await runCli([...operation, "dev-3"], {
          env: { ...home(t), ...keys, HTTPS_PROXY: url },
          cwd: emptyDirectory(t),
        });
        assert.match(stderr, says);
        assert.doesNotMatch(stderr, neverSent);
        assert.equal(code, 4);
        assert.deepEqual(asked, ["lambda.eu-west-1.amazonaws.com:443"]);
      });
  }

  const wrong: readonly {
    name: string;
    env: Record<string, string>;
    argv?: string[];
    says: RegExp;
  }[] = [
    {
      name: "a key with a line end",
      env: { AWS_ACCESS_KEY_ID: "AKIA\n" },
      says: /The access key id of this environment \(AWS_ACCESS_KEY_ID\) contains a line break\./,
    },
    {
      name: "a secret key with a carriage return",
      env: { AWS_SECRET_ACCESS_KEY: "secret\r" },
      says: /The secret access key of .* contains a line break\./,
    },
    {
      name: "a session token with a blank",
      env: { AWS_SESSION_TOKEN: "to ken" },
      says: /The session token of .* contains a space\./,
    },
    {
      name: "a region in quotes",
      env: { AWS_REGION: '"eu-west-1"' },
      says: /is not an AWS region \(AWS_REGION\)\.[\s\S]*without quotes or spaces: eu-west-1/,
    },
    {
      name: "an address without a scheme",
      env: { AWS_ENDPOINT_URL_LAMBDA: "localhost:9001" },
      says: /AWS_ENDPOINT_URL_LAMBDA: must be a URL such as/,
    },
    {
      name: "an address with a login, which is not repeated",
      env: { AWS_ENDPOINT_URL: "https://user:hidden@example.com" },
      says: /^✗ AWS_ENDPOINT_URL: must not contain a user name or password\.$/m,
    },
    {
      name: "an address of STS that is none",
      env: { AWS_ENDPOINT_URL_STS: "sts" },
      says: /AWS_ENDPOINT_URL_STS: must be a URL/,
    },
    {
      name: "an --endpoint-url of another kind",
      env: {},
      argv: ["dev-3", "--endpoint-url", "ftp://127.0.0.1"],
      says: /--endpoint-url: must be a URL such as/,
    },
    {
      name: "a SOCKS proxy",
      env: { HTTPS_PROXY: "socks5://127.0.0.1:1" },
      says: /HTTPS_PROXY cannot be used: a socks5 proxy is not supported/,
    },
    {
      name: "a proxy that is no address, without its login",
      env: { HTTPS_PROXY: "http://user:hid%den@" },
      says: /HTTPS_PROXY cannot be used: it is not a proxy address/,
    },
  ];
  for (const { name, env, argv = ["dev-3"], says } of wrong)
    test(`${name}: exit 2`, async (t) => {
      const { code, stderr } = await runCli(argv, {
        env: { ...home(t), ...keys, ...env },
        cwd: emptyDirectory(t),
      });
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, neverSent);
      assert.doesNotMatch(stderr, /hidden|hid%den/);
      assert.equal(code, 2, stderr);
    });

  test("a proxy without a scheme is an HTTP proxy", async (t) => {
    const { url, asked } = await proxy(t, 403);
    const { stderr } = await runCli(["dev-3"], {
      env: { ...home(t), ...keys, HTTPS_PROXY: url.replace("http://", "") },
      cwd: emptyDirectory(t),
    });
    assert.match(stderr, /responded with 403/);
    assert.equal(asked.length, 1);
  });

  test("a proxy whose name does not resolve is what is named", async (t) => {
    const { code, stderr } = await runCli(["dev-3"], {
      env: { ...home(t), ...keys, HTTPS_PROXY: "http://proxy.invalid:3128" },
      cwd: emptyDirectory(t),
    });
    assert.match(
      stderr,
      /The proxy proxy\.invalid:3128 cannot be used: its name cannot be resolved \(\w+\); nothing was sent\./,
    );
    assert.equal(code, 4);
  });

  test("the host of a different partition is used by its own name", async (t) => {
    const { url, asked } = await proxy(t, 403);
    await runCli(["dev-3", "--region", "cn-north-1"], {
      env: { ...home(t), ...keys, HTTPS_PROXY: url },
      cwd: emptyDirectory(t),
    });
    assert.deepEqual(asked, ["lambda.cn-north-1.amazonaws.com.cn:443"]);
  });

  test("NO_PROXY applies to the requested host", async (t) => {
    const { url, asked } = await proxy(t, 403);
    const service = await tlsService(t);
    const { stderr } = await runCli(["dev-3"], {
      env: {
        ...home(t),
        ...keys,
        HTTPS_PROXY: url,
        NO_PROXY: "localhost",
        AWS_ENDPOINT_URL_LAMBDA: `https://localhost:${service.port}`,
      },
      cwd: emptyDirectory(t),
    });
    assert.match(stderr, /The certificate of localhost:\d+ is not trusted/);
    assert.deepEqual(asked, []);
  });

  test("a connection that breaks in the handshake has sent nothing", async (t) => {
    const port = await listening(
      t,
      createTcpServer((socket) => socket.once("data", () => socket.destroy())) as unknown as Server,
    );
    const { code, stderr } = await runCli(["dev-3"], {
      env: { ...home(t), ...keys, AWS_ENDPOINT_URL_LAMBDA: `https://localhost:${port}` },
      cwd: emptyDirectory(t),
    });
    assert.match(
      stderr,
      /Could not reach the Lambda service at localhost:\d+: .*nothing was sent\./,
    );
    assert.doesNotMatch(stderr, neverSent);
    assert.equal(code, 4);
  });

  test("a connection that breaks once the request was sent leaves its outcome open", async (t) => {
    const service = createTlsServer({ key: tls.key, cert: tls.certificate }, (request) =>
      request.socket.destroy(),
    );
    const port = await listening(t, service);
    const trusted = join(emptyDirectory(t), "authority.pem");
    writeFileSync(trusted, authority.certificate);
    const { code, stderr } = await runCli(["status", "dev-3"], {
      env: {
        ...home(t),
        ...keys,
        NODE_EXTRA_CA_CERTS: trusted,
        AWS_ENDPOINT_URL_LAMBDA: `https://localhost:${port}`,
      },
      cwd: emptyDirectory(t),
    });
    assert.match(stderr, /the function may be running/);
    assert.equal(code, 4);
  });
});

const role =
  "[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/migrate\nsource_profile = base\nregion = eu-west-1\n[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n";
const sso =
  "[profile dev-3]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = dev\nregion = eu-west-1\n[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n";
const loggedIn = {
  session: "acme",
  token: {
    accessToken: "x",
    expiresAt: "2099-01-01T00:00:00Z",
    startUrl: "https://acme.awsapps.com/start",
    region: "eu-west-1",
  },
};

const keysOnly =
  "[profile dev-3]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\nregion = eu-west-1\n";

/** A function in another region than its profile's. */
const elsewhere = ["dev-3", "--region", "eu-north-1"];

async function webIdentity(t: TestContext): Promise<Record<string, string>> {
  const token = join(emptyDirectory(t), "token");
  writeFileSync(token, "jwt");
  return { AWS_WEB_IDENTITY_TOKEN_FILE: token, AWS_ROLE_ARN: "arn:aws:iam::444455556666:role/ci" };
}

describe("on the way to credentials", () => {
  const ways: readonly {
    name: string;
    host: RegExp;
    setting: (t: TestContext) => Promise<Setting>;
  }[] = [
    {
      name: "SSO",
      host: /portal\.sso\.eu-west-1\.amazonaws\.com/,
      setting: async () => ({ awsConfig: sso, ssoCache: loggedIn }),
    },
    {
      name: "a role",
      host: /sts\.eu-west-1\.amazonaws\.com/,
      setting: async () => ({ awsConfig: role, argv: elsewhere }),
    },
    {
      name: "a web identity",
      host: /sts\.eu-west-1\.amazonaws\.com/,
      setting: async (t) => ({ env: await webIdentity(t) }),
    },
    {
      name: "a web identity of a profile",
      host: /sts\.eu-west-1\.amazonaws\.com/,
      setting: async (t) => {
        const { AWS_WEB_IDENTITY_TOKEN_FILE: file } = await webIdentity(t);
        return {
          argv: elsewhere,
          awsConfig: `[profile dev-3]\nrole_arn = arn:aws:iam::444455556666:role/ci\nweb_identity_token_file = ${file}\nregion = eu-west-1\n`,
        };
      },
    },
  ];
  for (const { name, host, setting } of ways) {
    test(`${name} behind TLS interception: the certificate, and NODE_EXTRA_CA_CERTS`, async (t) => {
      const service = await tlsService(t);
      const { url } = await proxy(t, 200, service.port);
      const own = await setting(t);
      const { code, stderr } = await runAtHome(t, {
        ...own,
        invokes: false,
        env: { ...own.env, AWS_ENDPOINT_URL_STS: "", HTTPS_PROXY: url },
      });
      assert.match(stderr, /The certificate of \S+ is not trusted \(\w+\)/);
      assert.match(stderr, host);
      assert.match(stderr, /NODE_EXTRA_CA_CERTS/);
      assert.doesNotMatch(stderr, /us-east-1|WARN/);
      assert.equal(code, 4, stderr);
      assert.equal(service.requests(), 0);
    });

    test(`${name} through a proxy that refuses: the proxy and its status`, async (t) => {
      const { url, asked } = await proxy(t, 407);
      const own = await setting(t);
      const { code, stderr } = await runAtHome(t, {
        ...own,
        invokes: false,
        env: { ...own.env, AWS_ENDPOINT_URL_STS: "", HTTPS_PROXY: url },
      });
      assert.match(stderr, /The proxy 127\.0\.0\.1:\d+ responded with 407 to a connection to /);
      assert.equal(code, 4, stderr);
      assert.match(asked[0] ?? "", host);
    });

    test(`${name} without a network: the host that cannot be resolved`, async (t) => {
      const own = await setting(t);
      const { code, stderr } = await runAtHome(t, {
        ...own,
        invokes: false,
        env: { ...own.env, AWS_ENDPOINT_URL_STS: "", HTTPS_PROXY: "http://proxy.invalid:1" },
      });
      assert.match(stderr, /cannot be resolved \(\w+\); nothing was sent\./);
      assert.equal(code, 4, stderr);
    });
  }

  test("SSO is asked in the region of its session, whatever region the function is in", async (t) => {
    const { url, asked } = await proxy(t, 403);
    await runAtHome(t, {
      invokes: false,
      awsConfig: sso.replace("sso_region = eu-west-1", "sso_region = us-east-2"),
      ssoCache: loggedIn,
      env: { HTTPS_PROXY: url },
    });
    assert.match(asked[0] ?? "", /^portal\.sso\.us-east-2\.amazonaws\.com:443$/);
  });

  test("the endpoint_url of another profile applies neither to Lambda nor to credential services", async (t) => {
    const elsewhere = "[default]\nendpoint_url = http://127.0.0.1:1\n";
    for (const [awsConfig, host] of [
      [sso, "portal.sso.eu-west-1.amazonaws.com:443"],
      [role, "sts.eu-west-1.amazonaws.com:443"],
      [keysOnly, "lambda.eu-west-1.amazonaws.com:443"],
    ] as const) {
      const { url, asked } = await proxy(t, 403);
      const { stderr } = await runAtHome(t, {
        invokes: false,
        awsConfig: `${awsConfig}${elsewhere}`,
        ssoCache: loggedIn,
        env: { AWS_ENDPOINT_URL_STS: "", AWS_ENDPOINT_URL_LAMBDA: "", HTTPS_PROXY: url },
      });
      assert.equal(asked[0], host, stderr);
    }
  });

  test("use_fips_endpoint is that of the chosen profile", async (t) => {
    const { url, asked } = await proxy(t, 403);
    await runAtHome(t, {
      invokes: false,
      awsConfig: `${keysOnly}use_fips_endpoint = true\n`,
      env: { AWS_ENDPOINT_URL_LAMBDA: "", HTTPS_PROXY: url },
    });
    assert.deepEqual(asked, ["lambda-fips.eu-west-1.amazonaws.com:443"]);
  });

  test("a container's credential service that refuses connections is named", async (t) => {
    const server = createServer();
    const port = await listening(t, server);
    await new Promise((resolve) => server.close(resolve));
    const { code, stderr } = await runAtHome(t, {
      invokes: false,
      env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/x` },
    });
    assert.match(
      stderr,
      /Could not reach the container's credential service: it refuses connections/,
    );
    assert.equal(code, 4, stderr);
  });

  test("a token file that is missing is named, and nothing is sent", async (t) => {
    const { code, stderr, sts } = await runAtHome(t, {
      invokes: false,
      env: {
        AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent/token",
        AWS_ROLE_ARN: "arn:aws:iam::444455556666:role/ci",
      },
    });
    assert.match(stderr, /AWS_WEB_IDENTITY_TOKEN_FILE cannot be read \(ENOENT\); nothing was sent/);
    assert.equal(code, 2, stderr);
    assert.deepEqual(sts, []);
  });

  for (const [name, section] of [
    ["endpoint_url", (url: string) => `endpoint_url = ${url}\n`],
    [
      "services",
      (url: string) => `services = here\n[services here]\nsts =\n  endpoint_url = ${url}\n`,
    ],
  ] as const)
    test(`the profile's ${name} counts for STS too`, async (t) => {
      let requests = 0;
      const server = createServer((_, response) => {
        requests += 1;
        response.writeHead(403).end();
      });
      const port = await listening(t, server);
      await runAtHome(t, {
        invokes: false,
        awsConfig: role.replace(
          "region = eu-west-1\n",
          `region = eu-west-1\n${section(`http://127.0.0.1:${port}`)}`,
        ),
        env: { AWS_ENDPOINT_URL_STS: "" },
      });
      assert.equal(requests, 1);
    });
});
