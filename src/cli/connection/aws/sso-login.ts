import { Failure } from "../../../protocol/failure.ts";
import type { CliContext } from "../../context.ts";
import type { Identity } from "./choose-identity.ts";

/** Codes of a missing login, and the command that logs in. */
const logins: Readonly<Record<string, readonly string[]>> = {
  "sso-expired": ["sso", "login"],
  "login-missing": ["login"],
};

/** The credentials; where their login has expired and a person sits at a terminal, it offers to log in and tries once more. */
export async function withSsoLogin<T>(
  source: () => Promise<T>,
  identity: Identity,
  context: CliContext,
): Promise<T> {
  try {
    return await source();
  } catch (thrown) {
    if (!(thrown instanceof Failure) || identity.kind !== "profile") throw thrown;
    const login = logins[thrown.code];
    if (login === undefined || !(context.keyboard.isTTY && context.err.isTTY)) throw thrown;
    const args = [...login, "--profile", identity.profile];
    const question = `${thrown.message}\nRun aws ${args.join(" ")} now? [Y/n] `;
    const answer = await context.keyboard.ask(question);
    if (answer === undefined || !/^(y|yes)?$/i.test(answer.trim())) throw thrown;
    if (!(await context.runProgram("aws", args))) throw thrown;
    return await source();
  }
}
