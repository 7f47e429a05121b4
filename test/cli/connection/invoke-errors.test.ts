import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Delivery } from "../../../src/cli/connection/aws/delivery.ts";
import {
  explainInvocation,
  type InvocationTarget,
} from "../../../src/cli/connection/aws/invoke-errors.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { awsError, systemError } from "./support/aws-errors.ts";

const target: InvocationTarget = {
  function: "migrate",
  region: "eu-west-1",
  url: "https://lambda.eu-west-1.amazonaws.com",
};
const asDev = { ...target, profile: "dev" };

interface Given {
  readonly target?: InvocationTarget;
  /** Whether bytes of the request may have left this machine. */
  readonly sent?: boolean;
}

async function explained(thrown: unknown, given: Given = {}): Promise<Failure> {
  const delivery = new Delivery();
  delivery.sent = given.sent ?? true;
  return explainInvocation(thrown, given.target ?? target, delivery, {});
}

describe("an invocation that AWS refuses", () => {
  const login = "aws sso login";
  const identity = "aws sts get-caller-identity";
  const time = "date -u";
  const named = 'Set its name with --function, or "function" in hasura-migrate.json.';
  const listed = "aws lambda list-functions --region eu-west-1";
  const arn = "arn:aws:lambda:eu-west-1:1:function:migrate";
  const denied = `User: arn:aws:iam::1:user/ada is not authorized to perform: lambda:InvokeFunction on resource: ${arn} because no policy allows it`;
  const permission = (resource: string) =>
    `Ask for the permission lambda:InvokeFunction on ${resource}, or choose another profile with --profile.`;
  const busy = "Try again in a minute. If it persists, check the function's reserved concurrency.";

  const refusals: [
    thrown: Error,
    target: InvocationTarget,
    code: string,
    message: string,
    hints: string[],
  ][] = [
    ...["AccessDeniedException", "AccessDenied"].flatMap((name): typeof refusals => [
      [
        awsError(name, denied),
        target,
        "access/access-denied",
        `arn:aws:iam::1:user/ada is not authorized to perform lambda:InvokeFunction on ${arn}.`,
        [permission(arn)],
      ],
      [
        awsError(name, "no"),
        target,
        "access/access-denied",
        "This identity is not authorized to perform lambda:InvokeFunction on migrate.",
        [permission("migrate")],
      ],
    ]),
    ...["ExpiredTokenException", "ExpiredToken"].flatMap((name): typeof refusals => [
      [
        awsError(name),
        target,
        "access/credentials-expired",
        "The AWS credentials have expired.",
        [login],
      ],
      [
        awsError(name),
        asDev,
        "access/credentials-expired",
        "The AWS credentials have expired.",
        [`${login} --profile dev`],
      ],
    ]),
    ...["UnrecognizedClientException", "InvalidClientTokenId"].flatMap((name): typeof refusals => [
      [
        awsError(name),
        target,
        "access/credentials-invalid",
        "AWS does not recognise this access key.",
        [identity],
      ],
      [
        awsError(name),
        asDev,
        "access/credentials-invalid",
        "AWS does not recognise this access key with profile dev.",
        [`${identity} --profile dev`],
      ],
      [
        awsError(name),
        { ...target, url: "http://127.0.0.1:1234" },
        "access/credentials-invalid",
        "The local service at 127.0.0.1:1234 does not accept this access key.",
        ["Set AWS_ACCESS_KEY_ID to the key that `hasura-migrate local --serve` printed."],
      ],
    ]),
    ...["InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"].flatMap(
      (name): typeof refusals => [
        [
          awsError(name, "Signature expired: it is late"),
          target,
          "access/signature",
          "AWS rejected the request's timestamp: this machine's clock is wrong.",
          [time],
        ],
        [
          awsError(name, "The signature does not match."),
          target,
          "access/signature",
          "AWS rejected the request's signature: the secret key is wrong.",
          [time],
        ],
      ],
    ),
    [
      awsError("TooManyRequestsException", "Rate exceeded", { status: 429, Reason: "Concurrency" }),
      target,
      "unreachable/throttled",
      "AWS throttled requests to migrate (Concurrency); nothing has run.",
      [busy],
    ],
    [
      awsError("TooManyRequestsException", "Rate exceeded", { status: 429 }),
      target,
      "unreachable/throttled",
      "AWS throttled requests to migrate (429); nothing has run.",
      [busy],
    ],
    [
      awsError("RequestTooLargeException"),
      target,
      "usage/request-too-large",
      "The request is larger than Lambda accepts (6 MB).",
      [],
    ],
    [
      awsError("ResourceNotFoundException"),
      target,
      "unreachable/function-not-found",
      "There is no function migrate in eu-west-1.",
      [listed, named],
    ],
    [
      awsError("ResourceNotFoundException"),
      { ...asDev, account: "111122223333" },
      "unreachable/function-not-found",
      "There is no function migrate in eu-west-1, account 111122223333 with profile dev.",
      [`${listed} --profile dev`, named],
    ],
    [
      awsError("ResourceNotFoundException"),
      { ...target, function: "migrate:live" },
      "unreachable/function-not-found",
      "There is no function migrate:live in eu-west-1.",
      [listed, named],
    ],
    ...["read", "apply", "admin"].map((alias): (typeof refusals)[number] => [
      awsError("ResourceNotFoundException"),
      { ...target, function: `migrate:${alias}` },
      "unreachable/function-not-found",
      `There is no function migrate:${alias} in eu-west-1.`,
      [
        listed,
        named,
        `Does the function have the alias ${alias}? The stack creates it only with RestrictByOperation=true, and "aliases" in hasura-migrate.json makes the CLI use it.`,
      ],
    ]),
  ];
  for (const [thrown, at, code, message, hints] of refusals)
    test(`${thrown.name} of ${at.function}${at.profile === undefined ? "" : " with a profile"}: ${thrown.message.slice(0, 30)}`, async () => {
      const failure = await explained(thrown, { target: at });
      assert.equal(`${failure.kind}/${failure.code}`, code);
      assert.equal(failure.message, message);
      assert.deepEqual(hintLines(failure.hints), hints);
      assert.equal(failure.cause, thrown);
    });
});

describe("an invocation after which nothing has run", () => {
  const responses: [name: string, status: number | undefined, isCertain: boolean][] = [
    ["ENILimitReachedException", 502, true],
    ["EC2AccessDeniedException", 502, true],
    ["SubnetIPAddressLimitReachedException", 502, true],
    ["KMSDisabledException", 502, true],
    ["EFSIOException", 410, true],
    ["InvalidSubnetIDException", 502, true],
    ["InvalidSecurityGroupIDException", 502, true],
    ["InvalidRuntimeException", 502, true],
    ["InvalidZipFileException", 502, true],
    ["CodeArtifactUserFailedException", 502, true],
    ["SnapStartException", 502, true],
    ["ResourceConflictException", undefined, true],
    ["ResourceNotReadyException", 502, true],
    ["UnsupportedMediaTypeException", 415, true],
    ["Anything", 400, true],
    ["Anything", 499, true],
    ["Anything", 500, false],
    ["Anything", 399, false],
    ["Anything", undefined, false],
    ["NotAnENIException", 502, false],
    ["InvalidRequestContentException", 502, false],
    ["SyntaxError", 403, false],
  ];
  for (const [name, status, isCertain] of responses)
    test(`${name} with status ${status}: ${isCertain ? "is certain" : "is not certain"}`, async () => {
      const failure = await explained(
        awsError(name, "why", status === undefined ? {} : { status }),
      );
      const code = isCertain ? "function-unavailable" : "outcome-unknown";
      assert.deepEqual([failure.kind, failure.code], ["unreachable", code]);
      if (!isCertain) return;
      assert.equal(failure.message, `Lambda cannot run migrate (${name}); nothing has run.`);
      assert(failure.cause instanceof Error && failure.cause.message === "why");
    });

  test("is one that was not sent, whatever went wrong", async () => {
    const failure = await explained(awsError("TypeError"), { sent: false });
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "lambda-unreachable"]);
    assert.equal(failure.message, "The request could not be made (TypeError); nothing was sent.");
    assert.deepEqual(hintLines(failure.hints), [
      "Check the credentials, the region and the address.",
    ]);
    const { message, cause } = await explained(systemError("ERR_INVALID_CHAR"), { sent: false });
    assert.equal(message, "The request could not be made (ERR_INVALID_CHAR); nothing was sent.");
    assert(cause instanceof Error);
  });

  test("is one whose connection was refused, with the address of the service", async () => {
    const failure = await explained(systemError("ECONNREFUSED"));
    assert.equal(failure.code, "lambda-unreachable");
    assert.equal(
      failure.message,
      "Could not reach the Lambda service at lambda.eu-west-1.amazonaws.com: it refuses connections; nothing was sent.",
    );
  });
});

describe("an invocation whose outcome is unknown", () => {
  const cases: [what: string, thrown: unknown, message: string, hints: string[]][] = [
    [
      "after a response that is not from AWS",
      awsError("SyntaxError", "Unexpected token <", { status: 502 }),
      "The response did not come from AWS (HTTP 502, not JSON); it may be from a proxy. The function may be running.",
      ["Check HTTPS_PROXY and --endpoint-url."],
    ],
    [
      "after an error of Lambda, with its request",
      awsError("ServiceException", "internal", { status: 500, requestId: "r-1" }),
      "Lambda responded with HTTP 500 (ServiceException, request r-1); the function may be running.",
      [],
    ],
    [
      "after an error of Lambda without a request",
      awsError("ServiceException", "internal", { status: 300 }),
      "Lambda responded with HTTP 300 (ServiceException); the function may be running.",
      [],
    ],
    [
      "after a response that broke off",
      awsError("Error", "aborted", { status: 200 }),
      "The connection broke; the function may be running.",
      [],
    ],
    [
      "after a text that is no JSON and has no status",
      awsError("SyntaxError", "Unexpected end"),
      "The connection broke; the function may be running.",
      [],
    ],
    [
      "after a lost connection",
      systemError("ECONNRESET", "socket hang up"),
      "The connection broke; the function may be running.",
      [],
    ],
    [
      "after something that is no error",
      "boom",
      "The connection broke; the function may be running.",
      [],
    ],
  ];
  for (const [what, thrown, message, hints] of cases)
    test(`${what} is never called a failure to send`, async () => {
      const failure = await explained(thrown);
      assert.deepEqual([failure.kind, failure.code], ["unreachable", "outcome-unknown"]);
      assert.equal(failure.message, message);
      assert.deepEqual(hintLines(failure.hints), hints);
      assert.equal(failure.cause, thrown);
    });

  test("keeps a failure that is already explained", async () => {
    const failure = new Failure("access", "credentials", "It is explained.");
    assert.equal(await explained(failure), failure);
  });
});
