/** What ends a command. */
const separators = new Set(["|", "||", "&&", ";", "&", "(", ")", "\n"]);

/**
 * The commands of a shell script as words, without quotes, comments, redirections and assignments, and without `npx` and its options.
 * Also finds those in `$(…)`. Variables stay as they are.
 */
export function commandsIn(script: string): string[][] {
  const commands: string[][] = [[]];
  for (const token of tokensOf(script.replaceAll("\\\n", " "))) {
    if (separators.has(token)) commands.push([]);
    else commands.at(-1)?.push(token);
  }
  return commands.map(withoutPrefix).filter((words) => words.length > 0);
}

function tokensOf(script: string): string[] {
  const pattern =
    /#[^\n]*|\|\||&&|[|;&()\n]|\d?>>?&?\s*\S+|(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'|;&()#>]|(?<=\S)#)+/g;
  return [...script.matchAll(pattern)]
    .map(([token]) => token)
    .filter((token) => !/^#|^\d?>/.test(token))
    .map((token) => (separators.has(token) ? token : token.replaceAll(/["']/g, "")));
}

/** Without assignments, keywords of the shell, and `npx` with its options. */
function withoutPrefix(words: readonly string[]): string[] {
  const rest = [...words];
  while (/^(\w+=.*|\$|do|then|if|while|!|npx|--yes|-p|env)$/.test(rest[0] ?? "")) {
    // The option -p of npx names a package.
    if (rest.shift() === "-p") rest.shift();
  }
  return rest;
}
