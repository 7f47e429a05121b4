import { Failure } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { NamedEnvironments } from "../config/select-environments.ts";
import type { CommandContext, Key } from "../context.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { colorsFor } from "../output/terminal/colors.ts";
import { liveRegion } from "../output/terminal/live-region.ts";
import { pickerLines } from "../output/views/picker.ts";
import { choicesFor, type Choice } from "./choices.ts";
import { pendingCounts } from "./pending-counts.ts";
import { afterKey, openedWith, withCount, type PickerState } from "./picker-state.ts";
import { recentEnvironments, rememberEnvironments } from "./recent.ts";

/** What the list is for. */
const questions: Readonly<Record<Operation, string>> = {
  apply: "Apply to",
  status: "Status of",
  plan: "Plan for",
  rehearse: "Rehearse in",
  down: "Roll back",
  redo: "Redo in",
  "reset-to": "Reset",
  inventory: "Compare with",
  mark: "Mark in",
  seed: "Run seeds in",
  cancel: "Cancel in",
  history: "History of",
  locks: "Locks in",
  "metadata-diff": "Compare the metadata of",
  "metadata-export": "Export the metadata of",
  "metadata-apply": "Apply metadata to",
  "metadata-restore": "Restore metadata in",
  "metadata-reload": "Reload metadata in",
  "metadata-status": "Metadata status of",
  sql: "Query",
  doctor: "Check",
  ping: "Reach",
};

/**
 * Lets a person choose from a list, in which the number of pending migrations is filled in as environments answer. Throws
 * `usage/declined` when the list is left, and `interrupted` after Ctrl-C; the terminal is then as it was.
 */
export async function pickEnvironments(
  context: CommandContext,
  options: TargetOptions,
  loaded: LoadedConfig,
  operation: Operation,
): Promise<NamedEnvironments> {
  const choices = choicesFor(loaded, await recentEnvironments(loaded, context));
  const choice = await chosenFrom(choices, context, {
    ...{ options, loaded },
    question: questions[operation],
  });
  if (choice.kind === "environment") await rememberEnvironments([choice.name], loaded, context);
  return namedBy(choice);
}

function namedBy({ kind, name }: Choice): NamedEnvironments {
  return {
    environments: kind === "environment" ? [name] : [],
    all: kind === "all",
    group: kind === "group" ? [name] : [],
    then: [],
  };
}

interface Asked {
  readonly options: TargetOptions;
  readonly loaded: LoadedConfig;
  readonly question: string;
}

async function chosenFrom(
  choices: readonly Choice[],
  context: CommandContext,
  { options, loaded, question }: Asked,
): Promise<Choice> {
  const { err, keyboard, interrupts } = context;
  const style = colorsFor(err, context.env, options.color);
  const region = liveRegion(err);
  let state = openedWith(choices);
  const show = (next: PickerState): void => {
    state = next;
    region.draw(pickerLines(state, { style, question, columns: err.columns, rows: err.rows }));
  };
  const closed = new AbortController();
  const counts = pendingCounts(
    context,
    { loaded, flags: options },
    (environment, count) => show(withCount(state, environment, count)),
    AbortSignal.any([closed.signal, interrupts.first]),
  );
  const left = new Promise<Choice>((resolve, reject) => {
    const end = keyboard.keys((key: Key) => {
      const step = afterKey(state, key);
      if (step.kind === "open") {
        show(step.state);
        return;
      }
      if (step.kind === "chosen") resolve(step.choice);
      else reject(new Failure("usage", "declined", "No environment was chosen; nothing was done."));
    });
    closed.signal.addEventListener("abort", end, { once: true });
    interrupts.first.addEventListener(
      "abort",
      () => reject(new Failure("interrupted", "interrupted", "Interrupted; nothing was done.")),
      { once: true, signal: closed.signal },
    );
  });
  try {
    // Only now: what is typed as soon as the list is seen must find the terminal in raw mode.
    show(state);
    return await Promise.race([left, counts.then(() => left)]);
  } finally {
    closed.abort();
    region.clear();
  }
}
