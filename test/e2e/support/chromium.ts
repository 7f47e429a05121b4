import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { TestContext } from "vitest";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** A browser that is installed on this machine; `CHROMIUM_BINARY` names one elsewhere. Undefined where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env["CHROMIUM_BINARY"];
  if (named !== undefined && named !== "") return named;
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((directory) => names.map((name) => join(directory, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

let browser: Promise<Browser> | undefined;

/** The one browser of a test file. Only this project's own pages are opened in it, so it needs no sandbox. */
export function launched(executablePath: string): Promise<Browser> {
  browser ??= chromium.launch({ executablePath, chromiumSandbox: false });
  return browser;
}

/** Closes the browser, if one was started. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** A page in the browser, and everything that it did beyond showing itself. */
export interface Watched {
  readonly page: Page;
  /** Messages of the console, errors and dialogs. */
  readonly complaints: string[];
  /** Addresses that were asked for, other than the file itself. */
  readonly requests: string[];
}

/** Opens a file in a window of its own, which is closed with the test. */
export async function opened(
  t: TestContext,
  file: string,
  options: NonNullable<Parameters<Browser["newContext"]>[0]> & { readonly from: string },
): Promise<Watched> {
  const { from, ...more } = options;
  const context = await (await launched(from)).newContext({ timezoneId: "UTC", ...more });
  t.onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(dialog.message());
    void dialog.dismiss();
  });
  const url = `file://${file}`;
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.goto(url);
  return { page, complaints, requests };
}
