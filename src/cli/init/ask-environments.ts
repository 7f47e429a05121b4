import { Failure } from "../../protocol/failure.ts";
import { readSharedConfig } from "../connection/aws/shared-config.ts";
import type { CliContext } from "../context.ts";
import { looksLikeProduction, type NewEnvironment } from "./new-config.ts";

/** What a person decides in a terminal. Throws `interrupted` after Ctrl-C. */
export interface Answers {
  /** Resolves to what was typed, or to `otherwise` for an empty line. */
  text(question: string, otherwise?: string): Promise<string>;
  /** An empty line is a yes. */
  yes(question: string): Promise<boolean>;
}

/** Asks on the keyboard. */
export function answersOf({ keyboard, interrupts }: CliContext): Answers {
  const text: Answers["text"] = async (question, otherwise = "") => {
    const shown = otherwise === "" ? "" : ` [${otherwise}]`;
    const typed = await keyboard.ask(`${question}${shown}: `);
    // The end of the input is no answer either.
    if (typed === undefined || interrupts.first.aborted)
      throw new Failure("interrupted", "interrupted", "Interrupted; nothing was written.");
    return typed.trim() || otherwise;
  };
  return { text, yes: async (question) => /^y(es)?$/i.test(await text(`${question} (y/n)`, "y")) };
}

/** Shows which AWS profiles there are, and resolves to their names. */
export async function showProfiles(context: CliContext): Promise<readonly string[]> {
  const { profiles, profile } = await readSharedConfig(context);
  context.err.write(
    profiles.length === 0 ? "No AWS profiles on this machine.\n" : "AWS profiles:\n",
  );
  for (const name of profiles)
    context.err.write(`  ${[name, profile(name)?.["region"] ?? ""].join("  ").trimEnd()}\n`);
  return profiles;
}

/** Asks for names, and what is needed to reach them. */
export async function askEnvironments(
  answers: Answers,
  known: Pick<NewEnvironment, "profile" | "region" | "endpointUrl" | "function">,
): Promise<NewEnvironment[]> {
  const names = words(await answers.text("Environments, separated by spaces", "dev staging prod"));
  const profile =
    known.profile ?? (await answers.text("AWS profile; {env} stands for the name", "{env}"));
  const region = known.region ?? (await answers.text("AWS region", "eu-west-1"));
  const { endpointUrl, function: called } = known;
  return names.map((name) => ({
    ...{ name, region, endpointUrl, function: called },
    ...(profile !== "{env}" && { profile }),
  }));
}

/** Asks which of them are protected. */
export async function askProtected(
  answers: Answers,
  environments: readonly NewEnvironment[],
): Promise<readonly string[]> {
  const likely = environments.map(({ name }) => name).filter(looksLikeProduction);
  return words(
    await answers.text('Protected environments ("none" for none)', likely.join(" ") || "none"),
  ).filter((name) => name !== "none");
}

function words(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((word) => word !== ""))];
}
