import { relative } from "node:path";
import type { Reporter, SerializedError, TestCase, TestModule, Vitest } from "vitest/node";

/**
 * What CI reads, after the default report: what tests counted (their annotations), the skipped tests with their reasons, the failed
 * ones with the first line of their error (a log that is cut at its front still names them), and as the last line `N passed, N failed, N skipped`. A file that could not be loaded, and an error outside of any test, count as failed.
 */
export class SummaryReporter implements Reporter {
  #root = process.cwd();

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()]);
    const of = (state: "passed" | "failed" | "skipped"): TestCase[] =>
      cases.filter((one) => one.result().state === state);
    const broken = modules.filter(
      (module) => module.state() === "failed" && ![...module.children.allTests("failed")].length,
    );
    const notes = cases.flatMap((one) =>
      one.annotations().map(({ message }) => `  ${this.#nameOf(one)}: ${message}\n`),
    );
    const skipped = of("skipped").map((one) => `  ${this.#nameOf(one)}: ${reasonOf(one)}\n`);
    const failed = [
      ...of("failed").map((one) => `  ${this.#nameOf(one)}: ${firstLine(one.result().errors)}\n`),
      ...broken.map((module) => `  ${this.#pathOf(module)}: ${firstLine(module.errors())}\n`),
      ...unhandled.map((error) => `  outside of any test: ${firstLine([error])}\n`),
    ];
    if (notes.length > 0) process.stdout.write(`Counted:\n${notes.join("")}\n`);
    if (skipped.length > 0) process.stdout.write(`Skipped:\n${skipped.join("")}\n`);
    if (failed.length > 0) process.stdout.write(`Failed:\n${failed.join("")}\n`);
    process.stdout.write(
      `${String(of("passed").length)} passed, ${String(failed.length)} failed, ${String(skipped.length)} skipped\n`,
    );
  }

  #nameOf(one: TestCase): string {
    return `${this.#pathOf(one.module)}: ${one.name}`;
  }

  #pathOf(module: TestModule): string {
    return relative(this.#root, module.moduleId).replaceAll("\\", "/");
  }
}

function firstLine(errors: readonly SerializedError[] | undefined): string {
  return errors?.[0]?.message.split("\n", 1)[0] ?? "no error given";
}

/** On one line: .ci/run reads lines. */
function reasonOf(one: TestCase): string {
  const result = one.result();
  const note = result.state === "skipped" ? result.note?.replace(/\s+/g, " ") : undefined;
  return note === undefined || note === "" ? "no reason given" : note;
}
