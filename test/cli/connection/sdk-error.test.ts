import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { classifyError } from "../../../src/cli/connection/aws/classify-error.ts";
import {
  credentialProblem,
  deniedAccess,
  errorCode,
  errorName,
  errorText,
  httpStatusOf,
  isCertificateError,
  isConnectError,
  presentSsoSettings,
  reasonOf,
  requestIdOf,
} from "../../../src/cli/connection/aws/sdk-error.ts";
import { awsError, systemError } from "./support/aws-errors.ts";

describe("an error of the SDK", () => {
  test("has its own fields, except those of a wrong type", () => {
    const full = awsError("Throttled", "slow down", { status: 429, requestId: "r", Reason: "why" });
    const read = (thrown: unknown) => [
      errorName(thrown),
      errorText(thrown),
      httpStatusOf(thrown),
      requestIdOf(thrown),
      reasonOf(thrown),
    ];
    assert.deepEqual(read(full), ["Throttled", "slow down", 429, "r", "why"]);
    const odd = {
      name: 1,
      message: 2,
      Reason: 3,
      $metadata: { httpStatusCode: "429", requestId: 4 },
    };
    assert.deepEqual(read(odd).slice(2), [undefined, undefined, undefined]);
    assert.equal(errorName(odd), "Error");
    for (const thrown of ["boom", undefined, null])
      assert.deepEqual(read(thrown), ["Error", String(thrown), undefined, undefined, undefined]);
  });

  test("has Node's code, also that of a cause, or of the first of several attempts", () => {
    const refused = systemError("ECONNREFUSED");
    assert.equal(errorCode(refused), "ECONNREFUSED");
    assert.equal(errorCode(new Error("x", { cause: refused })), "ECONNREFUSED");
    assert.equal(errorCode(new AggregateError([refused, systemError("EPROTO")])), "ECONNREFUSED");
    for (const none of [new Error("x"), new AggregateError([]), { code: 7 }, "boom"])
      assert.equal(errorCode(none), undefined);
  });
});

describe("an error of the network", () => {
  const certificates = [
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "CERT_UNTRUSTED",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_SIGNATURE_FAILURE",
    "CERT_REJECTED",
    "INVALID_CA",
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ];
  const certificateTexts = [
    "self-signed certificate in certificate chain",
    "self signed certificate",
    "unable to get local issuer certificate",
    "unable to verify the first certificate",
    "certificate has expired",
    "certificate is not yet valid",
    "Hostname/IP does not match certificate's altnames: x",
  ];
  const unconnected = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EADDRNOTAVAIL",
  ];
  const unconnectedTexts = [
    "Socket timed out: it did not establish a connection within 5000 ms",
    "connect ECONNREFUSED 127.0.0.1:1",
    "getaddrinfo ENOTFOUND x",
    "getaddrinfo EAI_AGAIN x",
    "connect EHOSTUNREACH x",
    "connect ENETUNREACH x",
  ];

  test("is one of a certificate, by its code or its text", () => {
    for (const code of certificates) assert.ok(isCertificateError(systemError(code, "x")), code);
    for (const text of certificateTexts) assert.ok(isCertificateError(new Error(text)), text);
    for (const code of unconnected) assert.equal(isCertificateError(systemError(code)), false);
    assert.equal(isCertificateError("boom"), false);
  });

  test("shows that no connection was made, by its code or its text", () => {
    for (const code of unconnected) assert.ok(isConnectError(systemError(code, "x")), code);
    for (const text of unconnectedTexts) assert.ok(isConnectError(new Error(text)), text);
    for (const open of [systemError("ECONNRESET", "hang up"), new Error("EPIPE"), "boom"])
      assert.equal(isConnectError(open), false);
  });
});

describe("the error of a credential provider", () => {
  const texts: [text: string, problem: ReturnType<typeof credentialProblem>][] = [
    ["Token is expired. To refresh this SSO session run aws sso login", "sso-login"],
    ["The SSO session associated with this profile has expired.", "sso-login"],
    ["UnauthorizedException: Session token not found or invalid", "sso-login"],
    ["ForbiddenException: No access", "sso-forbidden"],
    ["Profile lacks sso_region", "sso-session-missing"],
    ["no such file /home/ada/.aws/login/cache/x.json", "login"],
    ["Please run aws login", "login"],
    ["Detected a cycle attempting to resolve credentials", "role-cycle"],
    ["Profile x credential_process returned invalid JSON", "credential-process"],
    ["Command failed: false", "credential-process"],
    ["It says: Command failed", undefined],
    ["Could not resolve credentials using profile: [x]", "empty"],
    ["The security token included in the request is invalid.", undefined],
  ];
  for (const [text, problem] of texts)
    test(`${text}: ${problem ?? "nothing that is known"}`, () =>
      assert.equal(credentialProblem(new Error(text)), problem));

  test("lists the SSO settings that were found", () => {
    const text = (got: string) =>
      new Error(
        `Profile is configured with invalid SSO credentials. Required parameters "sso_account_id". Got ${got}\nReference: …`,
      );
    assert.deepEqual(presentSsoSettings(text("sso_region, sso_start_url")), [
      "sso_region",
      "sso_start_url",
    ]);
    assert.equal(presentSsoSettings(new Error("something else")), undefined);
  });

  test("names who was denied what, if it contains that", () => {
    const text =
      "User: arn:user is not authorized to perform: sts:AssumeRole on resource: arn:role because";
    assert.deepEqual(deniedAccess(new Error(text)), {
      user: "arn:user",
      action: "sts:AssumeRole",
      resource: "arn:role",
    });
    const nothing = { user: undefined, action: undefined, resource: undefined };
    assert.deepEqual(deniedAccess(new Error("no")), nothing);
  });
});

describe("whether an invocation is sent again", () => {
  const cases: [
    name: string,
    status: number | undefined,
    message: string,
    means: ReturnType<typeof classifyError>,
  ][] = [
    ["TooManyRequestsException", undefined, "", "throttled"],
    ["Anything", 429, "", "throttled"],
    ["ResourceNotReadyException", 502, "", "preparing"],
    ["ResourceConflictException", 409, "", "preparing"],
    ["CodeArtifactUserPendingException", 502, "", "preparing"],
    ["SnapStartNotReadyException", 502, "", "preparing"],
    ["ENINotReadyException", 502, "", "preparing"],
    ["EC2ThrottledException", 502, "", "preparing"],
    ["UnknownOperationException", 404, "", "no-streaming"],
    ["UnknownOperationException", undefined, "", "no-streaming"],
    ["UnsupportedOperationException", undefined, "", "no-streaming"],
    ["UnsupportedOperation", undefined, "", "no-streaming"],
    ["NotImplementedException", undefined, "", "no-streaming"],
    ["Anything", 501, "", "no-streaming"],
    ["Anything", 404, "", "no-streaming"],
    ["ResourceNotFoundException", 404, "", "final"],
    ["InvalidParameterValueException", 400, "Response streaming is not on", "no-streaming"],
    ["InvalidParameterValueException", 400, "The name is too long", "final"],
    ["Anything", 400, "Response streaming is not on", "final"],
    ["ServiceException", 500, "", "final"],
    ["SyntaxError", 503, "", "final"],
  ];
  for (const [name, status, message, means] of cases)
    test(`${name} with status ${status}${message === "" ? "" : `, "${message}"`}: ${means}`, () =>
      assert.equal(
        classifyError(awsError(name, message, status === undefined ? {} : { status })),
        means,
      ));
});
