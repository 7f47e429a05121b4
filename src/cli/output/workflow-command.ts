import { escapeControls, escapeText } from "./terminal/escape-controls.ts";

/** A command to the runner of GitHub Actions: an annotation of the job. */
export interface WorkflowCommand {
  readonly name: "error" | "warning";
  readonly properties: Readonly<Record<string, string | number | undefined>>;
  readonly message: string;
}

/** The command as the runner reads it. No text in it can end the command or add a property. */
export function workflowCommandLine({ name, properties, message }: WorkflowCommand): string {
  const given = Object.entries(properties).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${property(String(value))}`],
  );
  const head = given.length === 0 ? name : `${name} ${given.join(",")}`;
  return `::${head}::${data(escapeText(message.replace(/\r\n?/g, "\n")))}`;
}

/** `%` first, because the other escapes contain one. */
function data(text: string): string {
  return withoutOldCommands(text)
    .replaceAll("%", "%25")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(escapeControls(text)).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** The runner skips whitespace before `::`; it may treat more characters as whitespace than JavaScript does. */
const command = /^((?:[^\S\n]|[\u0085\u180e\u200b-\u200d\u2060\ufeff])*):(?=:)/gm;

/** Text in which the GitHub Actions runner finds no command; what would have been one stays readable. */
export function breakWorkflowCommands(text: string): string {
  return withoutOldCommands(text.replace(command, "$1<U+003A>"));
}

/** The runner also recognises `##[command]` anywhere in a line. */
function withoutOldCommands(text: string): string {
  return text.replaceAll("##[", "#<U+0023>[");
}
