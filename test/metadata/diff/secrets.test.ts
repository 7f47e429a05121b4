import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { textWithoutSecrets, withoutCredentials } from "../../../src/metadata/diff/secrets.ts";

describe("credentials in a text", () => {
  const secret = "hunter2";
  for (const [text, shown] of [
    ["postgres://ada:hunter2@db/shop", "postgres://ada:***@db/shop"],
    [
      "cannot reach postgres://ada:hunter2/x@y@db/shop.",
      "cannot reach postgres://ada:***@db/shop.",
    ],
    ["https://hunter2@pay.example/x", "https://***@pay.example/x"],
    ["https://hunter2:x-oauth-basic@pay.example", "https://***@pay.example"],
    ["https://ada:hun/ter2@pay.example", "https://***@pay.example"],
    ["/charge?key=hunter2", "/charge?key=***"],
    ['{"Authorization":"Bearer hunter2"}', '{"Authorization":"***"}'],
    ["host=db password=hunter2 dbname=shop", "host=db password=*** dbname=shop"],
    ["host=db password='hunter2 \\' more' port=1", "host=db password=*** port=1"],
    ["Server=db;Uid=ada;Pwd={hunter2;x};Encrypt=yes", "Server=db;Uid=ada;Pwd=***;Encrypt=yes"],
    ["jdbc:snowflake://db?user=ada&password=hunter2", "jdbc:snowflake://db?user=***&password=***"],
    ["AccountKey=hunter2==;x", "AccountKey=***;x"],
    ['{"user":"ada","password":"hunter2"}', '{"user":"ada","password":"***"}'],
    ['"{\\"api_key\\":\\"hunter2\\"}"', '"{\\"api_key\\":\\"***\\"}"'],
    ["sslpassword = hunter2, access_token: none", "sslpassword = ***, access_token: none"],
  ] as const)
    test(`${text} is shown as ${shown}`, () => {
      assert.equal(withoutCredentials(text), shown);
      assert.ok(!shown.includes(secret));
    });

  for (const text of [
    'no such column "token" in table users',
    "{{PAY_URL}}/charge",
    "https://pay.example:8080/charge",
    "https://pay.example/ada@example",
    "https://{{PAY_USER}}@pay.example",
    "postgres://ada@db/shop",
    "token={{TOKEN}}",
    "the password is wrong",
  ])
    test(`${text} is shown as it is`, () => {
      assert.equal(withoutCredentials(text), text);
    });
});

describe("secrets in a value", () => {
  for (const key of [
    "token",
    "accessToken",
    "pwd",
    "password",
    "client_secret",
    "apiKey",
    "access-key",
    "authorization",
  ])
    test(`that of ${key} is masked`, () => {
      assert.equal(textWithoutSecrets({ [key]: "hunter2" }, []), `{"${key}":"***"}`);
    });

  for (const [template, shown] of [
    ["Bearer hunter2{{$x}}", "***{{$x}}"],
    ["Bearer {{$session_variables['x-token']}}", "Bearer {{$session_variables['x-token']}}"],
    ["{{$x}}-hunter2-{{$y}}", "{{$x}}***{{$y}}"],
    ["hunter2", "***"],
  ] as const)
    test(`of the template ${template}, ${shown} is shown in a header and a query parameter that a transformation adds`, () => {
      for (const key of ["add_headers", "query_params"]) {
        const path = ["definition", "request_transform", key];
        assert.equal(textWithoutSecrets({ key: template }, path), JSON.stringify({ key: shown }));
      }
    });

  test("query parameters as a text have their names and variables", () => {
    const path = ["definition", "request_transform", "query_params"];
    const text = "key=hunter2&id={{$body.id}}&page=hunter{{$n}}";
    assert.equal(textWithoutSecrets(text, path), "key=***&id={{$body.id}}&page=***{{$n}}");
  });

  test("names of columns and fields are none", () => {
    const text = '{"custom_column_names":{"token":"accessToken"}}';
    assert.equal(textWithoutSecrets({ custom_column_names: { token: "accessToken" } }, []), text);
  });

  test("the configuration of a data connector is masked but for what it connects to", () => {
    const value = { jdbc_url: "jdbc:x:hunter2", schema: "public", auth: { signature: "hunter2" } };
    assert.equal(
      textWithoutSecrets({ value }, ["configuration"]),
      '{"value":{"auth":{"signature":"***"},"jdbc_url":"***","schema":"public"}}',
    );
  });
});
