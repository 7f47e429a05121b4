import type { Reporter, TestModule, Vitest } from "vitest/node";

/**
 * For Stryker, which looks at tests alone: a file that cannot be loaded has none, so a mutant that breaks the loading of a module
 * would survive. As an error of the run it counts as a runtime error, and not in the score.
 */
export class LoadErrors implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestModuleEnd(module: TestModule): void {
    for (const { message } of module.errors())
      this.#vitest?.state.catchError(new Error(message), "Load Error");
  }
}
