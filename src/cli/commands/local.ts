import type { Command } from "commander";
import { Failure } from "../../protocol/failure.ts";
import type { Connection, Notice } from "../connection.ts";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";

export function declareLocal(_program: Command, _run: Run): void {
  // Declared with the embedded environment.
}

export function runLocal(_world: World, _given: Given): Promise<Ended> {
  return Promise.reject(notYet());
}

/** The embedded environment as a connection, for the environment's name `local` in any command. */
export function connectLocal(_world: World, _notice: Notice): Promise<Connection> {
  return Promise.reject(notYet());
}

function notYet(): Failure {
  return new Failure("usage", "local-missing", "The embedded environment is not part of this build.");
}
