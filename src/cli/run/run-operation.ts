import { v7 } from "uuid";
import type { RunEvent } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { operations, type Operation, type OptionsOf } from "../../protocol/operations.ts";
import { changesSomething, Request } from "../../protocol/request.ts";
import { contractVersion } from "../../protocol/version.ts";
import { actorOf } from "./actor.ts";
import { missingInImage, type LocalMigrations } from "../project/image-drift.ts";
import { loadConfig } from "../config/load.ts";
import { functionReference } from "../config/function-reference.ts";
import { resolveTarget } from "../config/resolve-target.ts";
import type { Connection, Notice, ConnectionInfo } from "../connection/connection.ts";
import { startLocalTarget } from "../connection/local.ts";
import type { CommandResult } from "../command-result.ts";
import { selectEnvironment } from "../config/select-environment.ts";
import { followRun } from "./follow-run.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { githubSummary } from "../output/renderers/github-summary.ts";
import { image } from "../output/views/banner.ts";
import { rendererFor, type Renderer } from "../output/renderer.ts";
import { differs } from "../output/views/status.ts";
import { localMigrations } from "../project/find-project.ts";
import { confirm } from "./confirm.ts";
import { dataWithResolvedHints, withResolvedHints } from "../output/hints.ts";
import { commandNames } from "../options/command-line.ts";
import { checkTargetOptions } from "../options/target-options.ts";
import type { CommandContext } from "../context.ts";

/** One operation, as a command asks for it. */
export interface OperationSpec<O extends Operation = Operation> {
  readonly operation: O;
  readonly options: OptionsOf<O>;
  /** Asked with y/N before anything happens; `{env}` stands for the environment. */
  readonly question?: string;
  /** The question is not asked where the database is the embedded one. */
  readonly trustsEmbedded?: boolean;
  /** `status --check`: differences are an end of their own. */
  readonly checks?: boolean;
  /** `history --run`: show this one in full. */
  readonly run?: string | undefined;
  /** `local --reset`. */
  readonly reset?: boolean | undefined;
}

type Connect = (notice: Notice, fact: Notice) => Promise<Connection>;

/**
 * One operation on one environment, from the name to the exit: configuration, question, credentials, run, words.
 * Throws usage failures that are known before a way of showing was chosen; everything later is shown and returned.
 */
export async function runOperation<O extends Operation>(
  context: CommandContext,
  intent: TargetOptions,
  asked: OperationSpec<O>,
): Promise<CommandResult> {
  const changes = changesSomething(asked);
  const loaded = await loadConfig(context, intent.config);
  const environment = selectEnvironment(intent.environments, loaded, {
    operation: asked.operation,
    commandNames: commandNames(context.commandLine),
  });
  checkTargetOptions(environment, context.commandLine);
  const target =
    environment === "local"
      ? undefined
      : resolveTarget(environment, loaded, intent, asked.operation);
  const trusted =
    asked.trustsEmbedded === true && environment === "local" && intent.databaseUrl === undefined;
  const confirmedName = await confirm(context, {
    environment,
    protected: changes && (target?.protected ?? false),
    ...(asked.question !== undefined &&
      !trusted && { question: asked.question.replace("{env}", environment) }),
    yes: intent.yes,
    json: intent.json,
  });
  const connect: Connect = async (notice, fact) => {
    const aws = await import("../connection/aws/connect.ts");
    if (target) return aws.connect(target, context, notice);
    const local = await startLocalTarget(context, { ...intent, reset: asked.reset });
    if (local.server !== undefined) fact(local.server);
    return aws.connectTo(local, context, notice);
  };
  return new Session(context, intent, asked, environment).run(connect, confirmedName);
}

/** One run being watched: what was reached, what was said, how it ended. */
class Session {
  readonly #context: CommandContext;
  readonly #asked: OperationSpec;
  readonly #changes: boolean;
  readonly #environment: string;
  readonly #renderer: Renderer;
  readonly #summary: ReturnType<typeof githubSummary>;
  #reached: ConnectionInfo | undefined;
  #differs = false;
  #image = "";
  #compared: Promise<void> = Promise.resolve();
  #here: Promise<LocalMigrations | undefined> | undefined;
  #heard: () => void = () => undefined;

  constructor(
    context: CommandContext,
    intent: TargetOptions,
    asked: OperationSpec,
    environment: string,
  ) {
    this.#context = context;
    this.#asked = asked;
    this.#changes = changesSomething(asked);
    this.#environment = environment;
    const about = {
      environment,
      operation: asked.operation,
      run: asked.run,
      reached: () => this.#reached,
      quiet: intent.quiet ?? false,
      color: intent.color,
      debug: intent.debug ?? false,
    };
    this.#renderer = rendererFor(context, about, intent.json ?? false);
    this.#summary = githubSummary(context, environment, asked.operation);
  }

  async run(connect: Connect, confirm: string | undefined): Promise<CommandResult> {
    try {
      return await this.#watch(connect, confirm);
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      await this.#compared;
      const failure = withResolvedHints(thrown, this.#context.commandLine, this.#context.env);
      this.#summary.failed(failure);
      this.#renderer.failed(failure);
      return failure.kind;
    } finally {
      this.#heard();
      this.#renderer.close();
      await this.#summary.write();
    }
  }

  async #watch(connect: Connect, confirm: string | undefined): Promise<CommandResult> {
    const connecting = connect(
      (line) => this.#renderer.notice(line),
      (line) => this.#renderer.fact(line),
    );
    const [actor, connection] = await Promise.all([
      actorOf(this.#context, this.#changes),
      this.#connected(connecting),
    ]);
    this.#reached = connection.reached;
    this.#sayWhenSilent(connection.reached);
    const request = Request.parse({
      contract: contractVersion,
      runId: v7({ msecs: this.#context.now() }),
      environment: this.#environment,
      actor,
      operation: this.#asked.operation,
      options: {
        ...this.#asked.options,
        ...(confirm !== undefined && this.#changes && { confirm }),
      },
    });
    try {
      const { now, sleep, interrupts } = this.#context;
      const closing = await followRun({
        ...{ connection, request, interrupts, now, sleep, changes: this.#changes },
        on: (event) => this.#on(this.#withResolvedHints(event)),
        notice: (line) => this.#renderer.notice(line),
        waiting: (text) => this.#renderer.waiting(text),
      });
      await this.#compared;
      this.#show(this.#withResolvedHints(closing));
      if (closing.type === "run.failed") return closing.failure.kind;
      if (closing.cancelled) return "interrupted";
      return this.#asked.checks && this.#differs ? "differs" : "done";
    } finally {
      await connection.close();
    }
  }

  /** Stops waiting when a person does. What was started on this machine has to be ended first, or it would be left behind. */
  async #connected(connecting: Promise<Connection>): Promise<Connection> {
    const { first } = this.#context.interrupts;
    const connection =
      this.#environment === "local" ? await connecting : await unlessAborted(connecting, first);
    if (!first.aborted) return connection;
    await connection.close();
    throw nothingSent();
  }

  #on(event: RunEvent | UnknownEvent): void {
    this.#heard();
    if (event.type === "status" && differs(event)) this.#differs = true;
    if (event.type === "run.started") {
      this.#nameAccount(event.function.arn);
      this.#image = image(event, this.#context.now());
      if (this.#environment !== "local" && operations[this.#asked.operation].listsMigrations)
        void this.#readHere();
    }
    // How it ended is the last word: it waits for what is still being found out.
    if (event.type !== "run.finished" && event.type !== "run.failed") this.#show(event);
    this.#compare(event);
  }

  #show(event: RunEvent | UnknownEvent): void {
    this.#summary.event(event);
    this.#renderer.event(event);
  }

  #withResolvedHints(event: RunEvent | UnknownEvent): RunEvent | UnknownEvent {
    if (event.type !== "migration.failed" && event.type !== "run.failed") return event;
    const { commandLine, env } = this.#context;
    return { ...event, failure: dataWithResolvedHints(event.failure, commandLine, env) };
  }

  #nameAccount(arn: string | undefined): void {
    const account = arn === undefined ? undefined : functionReference(arn).account;
    if (this.#reached && account !== undefined && this.#environment !== "local")
      this.#reached = { ...this.#reached, account };
  }

  /** Begun while the function looks into its own files: there is nothing else to do in that time. */
  #readHere(): Promise<LocalMigrations | undefined> {
    const here = (this.#here ??= localMigrations(this.#context.cwd));
    here.catch(() => undefined); // thrown where it is awaited, if at all
    return here;
  }

  #compare(event: RunEvent | UnknownEvent): void {
    if (this.#environment === "local" || (event.type !== "status" && event.type !== "plan")) return;
    const from = this.#image;
    this.#compared = this.#readHere().then((here) => {
      const missing = here && missingInImage(here, event, from);
      if (missing !== undefined) this.#renderer.notice(missing);
    });
  }

  /** After a second of silence a person wants to know what is waited for. */
  #sayWhenSilent(reached: ConnectionInfo): void {
    const stop = this.#context.every(1000, () => {
      stop();
      this.#renderer.waiting(`starting the function ${reached.function} …`);
    });
    this.#heard = stop;
  }
}

function unlessAborted(connecting: Promise<Connection>, signal: AbortSignal): Promise<Connection> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(nothingSent()), { once: true });
  });
  return signal.aborted ? connecting : Promise.race([connecting, aborted]);
}

function nothingSent(): Failure {
  return new Failure("interrupted", "interrupted", "Interrupted; nothing was sent.");
}
