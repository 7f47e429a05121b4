/** Words that other tools have for our commands. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  apply: ["up", "migrate", "deploy", "push", "run", "update", "upgrade", "latest", "sync"],
  down: ["rollback", "undo", "revert", "downgrade"],
  redo: ["reapply"],
  status: ["info", "ls", "list", "diff", "check", "pending", "validate"],
  mark: ["repair", "resolve", "fake", "skip"],
  new: ["create", "add", "generate", "make", "gen"],
  envs: ["environments"],
  history: ["log", "logs", "runs"],
  seed: ["seeds", "plant"],
  sql: ["query", "select", "psql", "execute"],
  locks: ["blocked", "blocking", "activity"],
  cancel: ["stop", "abort", "kill"],
  plan: ["preview", "show", "dry-run"],
  local: ["serve", "start", "console"],
  doctor: ["diagnose", "debug", "health", "ping"],
  init: ["setup", "configure"],
  completion: ["completions", "autocomplete"],
};

/** The command that this word of another tool stands for. */
export function commandFor(word: string): string | undefined {
  return Object.entries(synonyms).find(([, words]) => words.includes(word.toLowerCase()))?.[0];
}

/** Words of other tools, of which this one has nothing. */
export const foreignWords: ReadonlySet<string> = new Set([
  "login",
  "logout",
  "reset",
  "export",
  "import",
]);

/** The word of `help WORD` that is no command, of this or of other tools. */
export function unknownTopic(
  [first, topic]: readonly string[],
  commands: readonly string[],
): string | undefined {
  if (first !== "help" || topic === undefined || topic.startsWith("-")) return undefined;
  const isKnown = topic === "help" || commands.includes(topic) || commandFor(topic) !== undefined;
  return isKnown ? undefined : topic;
}

/** `help`, `help COMMAND`, `version` and `-v` as the options that mean the same; any other command line as it is. */
export function withoutHelpWord(
  argv: readonly string[],
  commands: readonly string[],
): readonly string[] {
  const [first, topic] = argv;
  if ((first === "version" || first === "-v") && argv.length === 1) return ["--version"];
  if (first !== "help") return argv;
  const command = topic === undefined || commands.includes(topic) ? topic : commandFor(topic);
  return command === undefined ? ["--help"] : [command, "--help"];
}
