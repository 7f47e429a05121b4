/** One instruction of a Dockerfile, such as `RUN` with everything that follows it. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** A build stage: its `FROM` and the instructions after it. */
export interface Stage {
  /** The name after `AS`; the last stage of docker/Dockerfile has none. */
  readonly name: string | undefined;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** A Dockerfile: the `ARG`s before the first `FROM`, and its stages in order. */
export interface Dockerfile {
  readonly globals: readonly Instruction[];
  readonly stages: readonly Stage[];
}

/** Reads a Dockerfile without here-documents and parser directives. */
export function parseDockerfile(text: string): Dockerfile {
  const globals: Instruction[] = [];
  const stages: { name: string | undefined; base: string; instructions: Instruction[] }[] = [];
  for (const line of text
    .replace(/^\s*#.*\n/gm, "")
    .replace(/\\\n/g, " ")
    .split("\n")) {
    const match = /^\s*([A-Za-z]+)\s+(.*\S)\s*$/.exec(line);
    if (match === null) continue;
    const instruction = { name: (match[1] ?? "").toUpperCase(), text: match[2] ?? "" };
    const from = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.text);
    if (instruction.name === "FROM")
      stages.push({ base: from?.[1] ?? "", name: from?.[2], instructions: [] });
    else (stages.at(-1)?.instructions ?? globals).push(instruction);
  }
  return { globals, stages };
}

/** The names that `ARG` and `ENV` instructions give a value to. */
export function declaredNames(instructions: readonly Instruction[]): string[] {
  return instructions.flatMap(({ name, text }) => {
    if (name === "ARG") return [/^\w+/.exec(text)?.[0] ?? ""];
    return name === "ENV" ? [...text.matchAll(/(\w+)=/g)].map(([, key = ""]) => key) : [];
  });
}
