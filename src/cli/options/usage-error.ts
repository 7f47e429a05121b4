import type { Command, CommanderError } from "commander";
import { Failure } from "../../protocol/failure.ts";
import { sameCommand } from "../output/hints.ts";

/** What commander refused, as a usage failure that leads to the help of the command, or to the command that takes such an option. */
export function usageFailure(
  error: CommanderError,
  program: Command,
  command: string | undefined,
  argv: readonly string[],
): Failure {
  const text = error.message.replace(/^error: /, "").replace(/\n/g, " ");
  const sentence = text.slice(0, 1).toUpperCase() + text.slice(1);
  const message = sentence.endsWith(".") || sentence.endsWith(")") ? sentence : `${sentence}.`;
  const hints = [
    ...(command === "local" ? appliedLocally(error, program, argv) : []),
    `hasura-migrate ${command === undefined ? "" : `${command} `}--help`,
  ];
  return new Failure("usage", "usage", message, { hints });
}

/** `local` is short for `apply local`, which takes more. */
function appliedLocally(
  { message }: CommanderError,
  program: Command,
  argv: readonly string[],
): string[] {
  const unknown = /unknown option '(--?[^'=]+)/.exec(message)?.[1];
  const apply = program.commands.find((it) => it.name() === "apply");
  const takesAll = !argv.some((word) => /^--(reset|serve)$/.test(word));
  if (
    unknown === undefined ||
    !takesAll ||
    !apply?.options.some((it) => it.long === unknown || it.short === unknown)
  )
    return [];
  return [
    `apply takes it: ${sameCommand(argv.flatMap((word) => (word === "local" ? ["apply", word] : [word])))}`,
  ];
}

/**
 * The one environment that refused words name, or undefined: told without commander, which may have stopped before it came to it.
 */
export function environmentIn(program: Command, argv: readonly string[]): string | undefined {
  const [first, ...others] = operandsIn(program, argv);
  const command = program.commands.find((it) => it.name() === first);
  if (first === "local") return "local";
  if (!command) return others.length === 0 ? first : undefined;
  return command.registeredArguments[0]?.name() === "environment" &&
    (first !== "apply" || others.length === 1)
    ? others[0]
    : undefined;
}

/** Words that are neither options nor their values; what follows an option that nobody knows may be its value. */
function operandsIn(program: Command, argv: readonly string[]): string[] {
  const options = [program, ...program.commands].flatMap((it) => it.options);
  const standsAlone = (word: string): boolean =>
    word.includes("=") ||
    options.some((it) => (it.long === word || it.short === word) && !it.required && !it.optional);
  return argv.filter((word, i) => {
    const before = argv[i - 1];
    return (
      !word.startsWith("-") &&
      (before === undefined || !before.startsWith("-") || standsAlone(before))
    );
  });
}
