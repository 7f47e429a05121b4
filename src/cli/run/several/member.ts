import { Failure } from "../../../protocol/failure.ts";
import type { Actor } from "../../../protocol/request.ts";
import type { SharedCredentials } from "../../connection/aws/shared-credentials.ts";
import type { Connection } from "../../connection/connection.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { bug } from "../../output/report-error.ts";
import type { SeveralRenderer } from "../../output/several/several-renderer.ts";
import type { Consent } from "../confirm.ts";
import { connectRun, type OperationSpec, type PreparedRun } from "../environment-run.ts";
import { performRun, type ReadyRun } from "../perform-run.ts";
import type { RunPresenter } from "../run-presenter.ts";

/** What all environments of one command have in common. */
export interface SharedParts {
  readonly now: () => number;
  readonly options: TargetOptions;
  readonly spec: OperationSpec;
  readonly actor: Promise<Actor>;
  readonly credentials: SharedCredentials;
  readonly renderer: SeveralRenderer;
}

/** Does some work for each member, a bounded number at once. */
export type ForEachMember = (
  members: readonly Member[],
  work: (member: Member) => Promise<void>,
) => Promise<void>;

/** One of several environments, from its connection to its result. */
export class Member {
  readonly prepared: PreparedRun;
  readonly #context: CommandContext;
  readonly #shared: SharedParts;
  readonly presenter: RunPresenter;
  #consent: Consent;
  #connection: Promise<Connection> | undefined;
  #result: CommandResult | undefined;

  constructor(
    context: CommandContext,
    shared: SharedParts,
    of: { prepared: PreparedRun; presenter: RunPresenter; consent: Consent },
  ) {
    this.prepared = of.prepared;
    this.#context = context;
    this.#shared = shared;
    this.presenter = of.presenter;
    this.#consent = of.consent;
  }

  get environment(): string {
    return this.prepared.environment;
  }

  /** How the command ends for it; undefined until it has ended. */
  get result(): CommandResult | undefined {
    return this.#result;
  }

  get isToBeAsked(): boolean {
    return this.#consent.kind === "to-be-asked";
  }

  /** It needs no confirmation unless its plan loses data, which a person can be asked about. */
  get asksAboutLoss(): boolean {
    return this.#consent.kind === "given" && this.#consent.asksAboutLoss === true;
  }

  /** Confirms its plan. */
  confirm(consent: Extract<Consent, { kind: "given" }>): void {
    this.#consent = consent;
  }

  /** Runs the operation. Whatever fails is shown, and becomes its result. */
  async run(): Promise<void> {
    const { renderer, spec, now } = this.#shared;
    renderer.views.change(this.environment, { type: "started", at: now() });
    await this.attempt(async (ready) => performRun(this.#context, spec, ready, this.#consent));
  }

  /** Does something with its connection; what that resolves to, or fails with, is its result. Undefined: it has not ended. */
  async attempt(work: (ready: ReadyRun) => Promise<CommandResult | undefined>): Promise<void> {
    try {
      const result = await work(await this.#ready());
      if (result !== undefined) await this.end(result);
    } catch (thrown) {
      // One environment that fails, even by a bug, must not end the others.
      const failure = thrown instanceof Failure ? thrown : bug(thrown);
      await this.presenter.failed(failure);
      await this.end(failure.kind);
    }
  }

  /** Does something with its connection that does not become its result; undefined if that fails. */
  async consider<T>(work: (ready: ReadyRun) => Promise<T>): Promise<T | undefined> {
    try {
      return await work(await this.#ready());
    } catch (thrown) {
      if (thrown instanceof Failure) return undefined;
      throw thrown;
    }
  }

  /** Ends it without running it. */
  async end(result: CommandResult): Promise<void> {
    this.#result = result;
    const { renderer, now } = this.#shared;
    renderer.views.change(this.environment, { type: "ended", result, at: now() });
    await this.close();
  }

  /** Closes its connection and its output; can be called again. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.presenter.close();
    await connection?.then((opened) => opened.close()).catch(() => undefined);
  }

  async #ready(): Promise<ReadyRun> {
    const { options, spec, actor, credentials } = this.#shared;
    const { prepared, presenter } = this;
    this.#connection ??= connectRun(this.#context, options, spec, {
      ...{ prepared, presenter, credentials },
    });
    const connection = await this.#connection;
    return { prepared, presenter, connection, actor: await actor };
  }
}
