import { Failure } from "../../../protocol/failure.ts";
import type { CliContext } from "../../context.ts";
import { whyNobodyIsAsked } from "../../run/nobody-to-ask.ts";
import type { Identity } from "./choose-identity.ts";

/** Codes of a missing login, and the command that logs in. */
const logins: Readonly<Record<string, readonly string[]>> = {
  "sso-expired": ["sso", "login"],
  "login-missing": ["login"],
};

/** Runs an interactive prompt once no other prompt is open. */
export type InTurn = <T>(ask: () => Promise<T>) => Promise<T>;

/** The credentials. If the login has expired and there is an interactive terminal, offers to log in and tries once more. */
export async function withSsoLogin<T>(
  source: () => Promise<T>,
  identity: Identity,
  context: CliContext,
  inTurn?: InTurn,
): Promise<T> {
  try {
    return await source();
  } catch (thrown) {
    if (!(thrown instanceof Failure) || identity.kind !== "profile") throw thrown;
    const login = logins[thrown.code];
    if (login === undefined || whyNobodyIsAsked(context) !== undefined) throw thrown;
    const args = [...login, "--profile", identity.profile];
    const logIn = async (failure: Failure): Promise<T> => {
      const question = `${failure.message}\nRun aws ${args.join(" ")} now? [Y/n] `;
      const answer = await context.keyboard.ask(question);
      if (answer === undefined || !/^(y|yes)?$/i.test(answer.trim())) throw failure;
      if (!(await context.runProgram("aws", args))) throw failure;
      return source();
    };
    if (inTurn === undefined) return logIn(thrown);
    // Another profile of the same session may have logged in meanwhile.
    return inTurn(() => source().catch(() => logIn(thrown)));
  }
}
