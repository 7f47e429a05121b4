import type { EventOf } from "../../../protocol/events.ts";
import type { CommandResult } from "../../command-result.ts";
import type { Matrix } from "../matrix/matrix.ts";
import type { Renderer, RenderOptions } from "../renderer.ts";
import type { EnvironmentViews } from "./environment-view.ts";

/** What a renderer of several environments needs to know from the start. */
export interface SeveralOptions extends Omit<RenderOptions, "environment"> {
  readonly environments: readonly string[];
  /** How to show a matrix. */
  readonly matrix: { readonly full: boolean; readonly markdown: boolean };
}

/** One way to show a command on several environments. */
export interface SeveralRenderer {
  /** Shows one of them while its run goes on. */
  member(environment: string): Renderer;
  /** Shows what is being waited for before anything runs. */
  waiting(text: string): void;
  /** Shows on stderr what a question is about. */
  preview(environment: string, event: EventOf<"plan"> | EventOf<"status">): void;
  /** The question was answered: from now on, the environments run. */
  begin(): void;
  /** Shows how all of them ended, and how the command ends; of `status` the matrix, too. */
  finish(result: CommandResult, matrix?: Matrix): void;
  /** The state of each environment; changes to it are shown. */
  readonly views: EnvironmentViews;
  /** Restores the terminal; nothing is shown afterwards. */
  close(): void;
}
