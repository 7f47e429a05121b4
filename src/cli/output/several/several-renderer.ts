import type { CommandResult } from "../../command-result.ts";
import type { PreviewEvent } from "../preview-event.ts";
import type { Renderer, RenderOptions } from "../renderer.ts";
import type { EnvironmentViews } from "./environment-view.ts";
import type { Report } from "./report.ts";

/** What a renderer of several environments needs to know from the start. */
export interface SeveralOptions extends Omit<RenderOptions, "environment"> {
  readonly environments: readonly string[];
  /** Include the rows of a matrix that are the same everywhere. */
  readonly full: boolean;
  /** Print the report as Markdown, and nothing else on stdout. */
  readonly markdown: boolean;
}

/** One way to show a command on several environments. */
export interface SeveralRenderer {
  /** Shows one of them while its run goes on. */
  member(environment: string): Renderer;
  /** Shows what is being waited for before anything runs. */
  waiting(text: string): void;
  /** Shows what is left of that, where a line can be replaced. */
  stillWaiting(text: string): void;
  /** Shows on stderr what a question is about. */
  preview(environment: string, event: PreviewEvent): void;
  /** The question was answered: from now on, the environments run. */
  begin(): void;
  /**
   * Shows how all of them ended, how the command ends, and the report on all answers; or, with `page`, only that page on stdout.
   */
  finish(result: CommandResult, report?: Report, page?: string): void;
  /** The state of each environment; changes to it are shown. */
  readonly views: EnvironmentViews;
  /** Restores the terminal; nothing is shown afterwards. */
  close(): void;
}
