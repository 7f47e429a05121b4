import type { CommandSyntax, Completes, OptionSyntax, ProgramSyntax, WordKind } from "./syntax.ts";

/** A word that is offered, and what it is for. */
export interface Candidate {
  readonly word: string;
  readonly what?: string;
}

/** What can stand at the cursor. */
export interface RequestedWords {
  /** Words that are known without looking anything up. */
  readonly fixed: readonly Candidate[];
  readonly kinds: readonly Exclude<WordKind, "typed-environment">[];
  /** What of the typed word stays in front of each value: `--profile=`. */
  readonly prefix: string;
  /** What has been typed of the value itself. */
  readonly typed: string;
  /** Names that have been typed already, which are not offered again. */
  readonly without: ReadonlySet<string>;
  /** Values of options that say where to look: `--config`, `--migrations`. */
  readonly values: ReadonlyMap<string, string>;
}

/** The command line up to the cursor, word by word. A value with a reducer: each word leads from one state to the next. */
interface Line {
  readonly command: CommandSyntax | undefined;
  /** The words of a command that contains others: `metadata`. */
  readonly group: readonly string[];
  readonly operands: readonly string[];
  /** Long names of the options that were typed. */
  readonly options: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly pending: OptionSyntax | undefined;
  /** Set behind `--then`, where every word is an environment or a group until the next option. */
  readonly inStage: boolean;
  /** Set behind `--`, where no word is an option. */
  readonly onlyOperands: boolean;
}

const start: Line = {
  command: undefined,
  group: [],
  operands: [],
  options: [],
  values: new Map(),
  pending: undefined,
  inStage: false,
  onlyOperands: false,
};

/** What can stand in place of the last word; the others are what is typed before it, without the program's name. */
export function requestedWords(words: readonly string[], tree: ProgramSyntax): RequestedWords {
  const typed = words.at(-1) ?? "";
  const line = words.slice(0, -1).reduce((before, word) => next(before, word, tree), start);
  const nothing: RequestedWords = {
    fixed: [],
    kinds: [],
    prefix: "",
    typed,
    without: new Set(line.operands),
    values: line.values,
  };
  if (line.pending?.value !== undefined)
    return { ...nothing, ...offered(line.pending.value, line) };
  if (!line.onlyOperands && typed.startsWith("-"))
    return { ...nothing, ...optionWords(line, tree, typed) };
  if (line.inStage) return { ...nothing, kinds: ["environment-or-group"] };
  return { ...nothing, ...operandWords(line, tree, typed) };
}

function next(line: Line, word: string, tree: ProgramSyntax): Line {
  if (line.pending) return withValue({ ...line, pending: undefined }, line.pending, word);
  if (line.onlyOperands || !word.startsWith("-") || word === "-")
    return withOperand(line, word, tree);
  if (word === "--") return { ...line, onlyOperands: true, inStage: false };
  const [name, value] = split(word);
  const option = optionsOf(line, tree).find(({ names }) => names.includes(name));
  if (!option) return { ...line, inStage: false };
  const typed = { ...line, inStage: false, options: [...line.options, longOf(option)] };
  if (value !== undefined) return withValue(typed, option, value);
  const isPending = option.value !== undefined && option.valueIsOptional !== true;
  return isPending ? { ...typed, pending: option } : typed;
}

function withValue(line: Line, option: OptionSyntax, value: string): Line {
  const isStage = option.value === "environment-or-group";
  return {
    ...line,
    inStage: isStage,
    operands: isStage ? [...line.operands, value] : line.operands,
    values: new Map([...line.values, [longOf(option), value]]),
  };
}

function withOperand(line: Line, word: string, tree: ProgramSyntax): Line {
  const name = [...line.group, word].join(" ");
  const isFirst = line.command === undefined && line.operands.length === 0;
  const command = isFirst ? tree.commands.find((each) => each.name === name) : undefined;
  if (command) return { ...line, command };
  if (isFirst && tree.commands.some((each) => each.name.startsWith(`${name} `)))
    return { ...line, group: [...line.group, word] };
  return { ...line, operands: [...line.operands, word] };
}

function optionWords(line: Line, tree: ProgramSyntax, typed: string): Partial<RequestedWords> {
  const [name, value] = split(typed);
  if (value !== undefined) {
    const option = optionsOf(line, tree).find(({ names }) => names.includes(name));
    return option?.value === undefined
      ? {}
      : { ...offered(option.value, line), prefix: `${name}=`, typed: value };
  }
  const known = optionsOf(line, tree);
  const excluded = known.filter((option) => line.options.includes(longOf(option)));
  const left = known.filter(
    (option) =>
      !excluded.some(({ excludes }) => excludes?.includes(longOf(option))) &&
      (option.repeats === true || !excluded.includes(option)),
  );
  // Short options are not suggested: people who type them know them.
  return { fixed: left.map((option) => ({ word: longOf(option), what: option.what })) };
}

function operandWords(line: Line, tree: ProgramSyntax, typed: string): Partial<RequestedWords> {
  const command = commandOf(line, tree);
  const isFirst = line.command === undefined && line.operands.length === 0;
  const fixed = isFirst && !line.onlyOperands ? commandWords(line.group, tree) : [];
  if (line.group.length > 0 && line.command === undefined) return { fixed };
  if (command?.operand === undefined) return { fixed };
  if (command.variadic !== true && line.operands.length > 0) return {};
  if (command.operand !== "environment") return offered(command.operand, line);
  return { fixed, kinds: environmentOperand(line, command, typed) };
}

/** The next word of every command that begins with these words, each once. */
function commandWords(group: readonly string[], { commands, groups }: ProgramSyntax): Candidate[] {
  const depth = group.length;
  const words = new Map<string, string>();
  for (const { name, what } of commands) {
    const parts = name.split(" ");
    const word = parts[depth];
    if (word === undefined || group.some((each, i) => parts[i] !== each)) continue;
    if (!words.has(word)) words.set(word, parts.length === depth + 1 ? what : (groups[word] ?? ""));
  }
  return [...words].map(([word, what]) => ({ word, what }));
}

/** Commands whose operands can also be versions; those come after the first environment. */
const takeVersions = new Set(["redo", "mark"]);

function environmentOperand(
  line: Line,
  command: CommandSyntax,
  typed: string,
): RequestedWords["kinds"] {
  const environments = line.options.includes("--all") ? [] : (["environment"] as const);
  const isNamed =
    line.operands.length > 0 || line.options.some((name) => name === "--all" || name === "--group");
  const versions =
    takeVersions.has(command.name) && (isNamed || /^\d/.test(typed)) ? (["version"] as const) : [];
  return [...environments, ...versions];
}

function offered(value: Completes, line: Line): Partial<RequestedWords> {
  if (value === "typed-environment") return typedEnvironments(line);
  return typeof value === "string"
    ? { fixed: [], kinds: [value] }
    : { fixed: value.map((word) => ({ word })), kinds: [] };
}

/** Every environment where options name others than the operands. */
function typedEnvironments({ operands, options }: Line): Partial<RequestedWords> {
  const typed = operands.filter((word) => !/^\d/.test(word));
  const areAll = !options.some((name) => ["--all", "--group", "--then"].includes(name));
  return typed.length > 0 && areAll
    ? { fixed: typed.map((word) => ({ word })), without: new Set() }
    : { kinds: ["environment"], without: new Set() };
}

function commandOf(
  { command }: Line,
  { commands, defaultCommand }: ProgramSyntax,
): CommandSyntax | undefined {
  return command ?? commands.find(({ name }) => name === defaultCommand);
}

function optionsOf(line: Line, tree: ProgramSyntax): readonly OptionSyntax[] {
  const alone = line.command === undefined ? tree.alone : [];
  return [...(commandOf(line, tree)?.options ?? []), ...tree.options, ...alone];
}

function longOf({ names: [long = ""] }: OptionSyntax): string {
  return long;
}

/** `--name=value` in its parts; of any other word the second is undefined. */
function split(word: string): [string, string?] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
