/*
 * Which lines of a job's log the runner of GitHub Actions takes for commands: `::name props::text` after blanks at the start of
 * a line, and `##[name props]text` anywhere in one, for the names it knows.
 */

const known = new Set(
  "add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher save-state set-env set-output stop-commands warning".split(
    " ",
  ),
);

export interface FoundCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

export function workflowCommandsIn(log: string): FoundCommand[] {
  return log.split(/\r\n|\r|\n/).flatMap((line) => currentSyntax(line) ?? oldSyntax(line) ?? []);
}

function currentSyntax(line: string): FoundCommand | undefined {
  const [, head, message = ""] = /^[\s\u0085]*::(.*?)::(.*)$/s.exec(line) ?? [];
  return head === undefined ? undefined : commandOf(head, ",", message, unescapeProperty);
}

function oldSyntax(line: string): FoundCommand | undefined {
  const [, head, message = ""] = /##\[(.*?)\](.*)$/s.exec(line) ?? [];
  return head === undefined ? undefined : commandOf(head, ";", message, unescapeProperty);
}

function commandOf(
  head: string,
  separator: string,
  message: string,
  unescape: (text: string) => string,
): FoundCommand | undefined {
  const at = head.indexOf(" ");
  const name = at < 0 ? head : head.slice(0, at);
  if (!known.has(name)) return undefined;
  const pairs = (at < 0 ? "" : head.slice(at + 1).trim()).split(separator).flatMap((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [] : [[pair.slice(0, equals).trim(), unescape(pair.slice(equals + 1))]];
  });
  return {
    name,
    properties: Object.fromEntries(pairs) as Record<string, string>,
    message: unescapeData(message),
  };
}

function unescapeData(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll("%3A", ":").replaceAll("%2C", ","));
}
