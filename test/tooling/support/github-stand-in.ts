import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

/** A comment, as far as GitHub's API is imitated. */
export interface StoredComment {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string; readonly type: "Bot" | "User" };
  readonly author_association: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly json: unknown;
}

export interface GithubStandIn {
  readonly url: string;
  readonly comments: StoredComment[];
  /** Requests as `METHOD path`, in order. */
  readonly requests: string[];
  /** Answers that come before everything else; `undefined` handles the request and cuts its answer off. */
  readonly refusals: (Answer | undefined)[];
}

export const token = "ghs_0123456789";

/** What GitHub answers for comments of issues: with pages, limits, permissions and errors as they are documented. */
export async function githubStandIn(): Promise<GithubStandIn> {
  const comments: StoredComment[] = [];
  const requests: string[] = [];
  const refusals: (Answer | undefined)[] = [];
  const server = createServer((request, response) => {
    void respond(request, response, { comments, requests, refusals });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${String(port)}`, comments, requests, refusals };
}

type State = Omit<GithubStandIn, "url">;

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  state.requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
  const isRefused = state.refusals.length > 0;
  const refusal = state.refusals.shift();
  const answer =
    refusal ??
    (request.headers.authorization === `Bearer ${token}`
      ? answerTo(request, Buffer.concat(chunks).toString(), state)
      : { status: 401, json: { message: "Bad credentials", status: "401" } });
  if (isRefused && refusal === undefined) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
  response.end(JSON.stringify(answer.json));
}

const notFound: Answer = { status: 404, json: { message: "Not Found", status: "404" } };

function answerTo({ method, url = "" }: IncomingMessage, text: string, state: State): Answer {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const { comments } = state;
  if (pathname === "/repos/acme/shop/issues/12/comments") {
    if (method === "POST") return created(bodyIn(text), comments);
    const perPage = Math.min(100, Number(searchParams.get("per_page") ?? 30));
    const from = (Number(searchParams.get("page") ?? 1) - 1) * perPage;
    return { status: 200, json: comments.slice(from, from + perPage) };
  }
  const id = /^\/repos\/acme\/shop\/issues\/comments\/(\d+)$/.exec(pathname)?.[1];
  const found = comments.find((comment) => comment.id === Number(id));
  if (method !== "PATCH" || !found) return notFound;
  const body = bodyIn(text);
  if (!isValid(body)) return invalid;
  found.body = body;
  return { status: 200, json: found };
}

function created(body: string | undefined, comments: StoredComment[]): Answer {
  if (!isValid(body)) return invalid;
  const comment = commentOf(1000 + comments.length, body);
  comments.push(comment);
  return { status: 201, json: comment };
}

/** A comment of the token of a job. */
export function commentOf(id: number, body: string): StoredComment {
  const user = { login: "github-actions[bot]", type: "Bot" } as const;
  return { id, body, user, author_association: "NONE" };
}

function bodyIn(text: string): string | undefined {
  const { body } = JSON.parse(text) as { body?: string };
  return body;
}

const isValid = (body: string | undefined): body is string =>
  body !== undefined && body !== "" && body.length <= 65_536;

const invalid: Answer = {
  status: 422,
  json: {
    message: "Validation Failed",
    errors: [{ resource: "IssueComment", code: "unprocessable", field: "data" }],
    status: "422",
  },
};
