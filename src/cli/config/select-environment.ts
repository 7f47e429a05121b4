import { Failure } from "../../protocol/failure.ts";
import type { LoadedConfig } from "./load.ts";
import { environmentNames, noneConfigured } from "./resolve-target.ts";
import { commandNames } from "../program.ts";
import { closestMatch } from "../options/did-you-mean.ts";

/** The one environment that was named. Throws usage failures that list what could have been. */
export function selectEnvironment(
  named: readonly string[],
  loaded: LoadedConfig,
  operation: string,
): string {
  const [first, ...others] = named;
  if (first === undefined) throw noneNamed(loaded, operation);
  const command = closestMatch(first, commandNames);
  if (others.length > 0 && command !== undefined && !environmentNames(loaded).includes(first)) {
    throw new Failure(
      "usage",
      "unknown-command",
      `There is no command "${first}". Did you mean "${command}"?`,
      {
        hints: [`hasura-migrate ${command} ${others.join(" ")}`],
      },
    );
  }
  if (others.length > 0) {
    throw new Failure(
      "usage",
      "one-at-a-time",
      `One environment at a time: ${named.join(", ")} are ${named.length}.`,
      {
        hints: [
          operation === "apply"
            ? `hasura-migrate ${first}`
            : `hasura-migrate ${operation} ${first}`,
        ],
      },
    );
  }
  return first;
}

function noneNamed(loaded: LoadedConfig, operation: string): Failure {
  const names = environmentNames(loaded);
  const known = names.length > 0 ? `Environments: ${names.join(", ")}` : noneConfigured;
  const command =
    operation === "apply"
      ? "hasura-migrate <environment>"
      : `hasura-migrate ${operation} <environment>`;
  // `hasura-migrate status`, where somebody called an environment "status".
  const ambiguous = names.includes(operation)
    ? [`To apply to the environment named ${operation}: hasura-migrate apply ${operation}`]
    : [];
  return new Failure("usage", "environment-missing", "No environment was named.", {
    hints: [...ambiguous, command, known],
  });
}
