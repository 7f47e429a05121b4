import { CliOption, type CliCommand } from "../options/command-line.ts";

/** Options that every command takes, before or after its name. */
export function globalOptions(): CliOption[] {
  return [
    new CliOption("--json", "print newline-delimited JSON on stdout"),
    new CliOption("-q, --quiet", "print results and failures only"),
    new CliOption("--no-color", "print without colours"),
    new CliOption("--profile <name>", "AWS profile").locates("aws").completedBy("profile"),
    new CliOption("--region <name>", "AWS region of the function")
      .locates("aws")
      .completedBy("region"),
    new CliOption("--function <name>", "name or ARN of the function").locates("aws"),
    new CliOption("--endpoint-url <url>", "address of the Lambda service").locates("aws"),
    new CliOption("--config <file>", "configuration file")
      .locates("everywhere")
      .completedBy("file"),
    new CliOption("--debug", "print stack traces"),
  ];
}

/** The values of an option that can be repeated. */
export const collect = (value: string, before: unknown): string[] => [
  ...(Array.isArray(before) ? before.map(String) : []),
  value,
];

/** Declares how several environments are named, and how they are run: in stages, and how many at once. */
export function addEnvironmentsOptions(command: CliCommand): CliCommand {
  return addNames(command)
    .addOption(
      new CliOption(
        "--then <environment...>",
        "start this stage only after all earlier ones have succeeded; can be repeated",
      )
        .argParser(collect)
        .completedBy("environment-or-group")
        .names(),
    )
    .addOption(concurrency())
    .addOption(
      new CliOption("--fail-fast", "start no further environments after a failure").names(),
    );
}

/** Declares how several environments are named, for a command that does the same with all, whatever it finds. */
export function addEnvironmentNames(command: CliCommand): CliCommand {
  return addNames(command).addOption(concurrency());
}

function addNames(command: CliCommand): CliCommand {
  return command
    .optionsGroup("Several environments:")
    .addOption(new CliOption("--all", "every configured environment").names())
    .addOption(
      new CliOption("--group <name>", "the environments of a group; can be repeated")
        .argParser(collect)
        .completedBy("group")
        .names(),
    );
}

function concurrency(): CliOption {
  return new CliOption(
    "--concurrency <count>",
    "how many environments to run at once (default: 4; 10 for commands that change nothing)",
  ).names();
}

/** Declares `--database`. */
export function addDatabaseOption(command: CliCommand, what = "only this database"): CliCommand {
  return command.addOption(new CliOption("--database <name>", what).locates("everywhere"));
}

/** Help texts for the options that limit a selection of migrations. Options without a text are not declared. */
interface Bounds {
  readonly to: string;
  readonly steps?: string;
  readonly only: string;
  readonly everything?: string;
}

/** Declares `--to`, `--steps`, `--only` and `--everything`, which exclude each other. */
export function addSelectionOptions(command: CliCommand, bounds: Bounds): CliCommand {
  const { to, steps, only, everything } = bounds;
  const options = [
    new CliOption("--to <version>", to).completedBy("version"),
    ...(steps === undefined ? [] : [new CliOption("--steps <count>", steps)]),
    new CliOption("--only <version>", only).completedBy("version"),
    ...(everything === undefined ? [] : [new CliOption("--everything", everything)]),
  ];
  return addExclusiveOptions(command, options);
}

/** Declares options that exclude each other. */
export function addExclusiveOptions(
  command: CliCommand,
  options: readonly CliOption[],
): CliCommand {
  for (const option of options) {
    const others = options.filter((other) => other !== option);
    command.addOption(option.conflicts(others.map((other) => other.attributeName())));
  }
  return command;
}

/** Declares `--yes`. */
export function addYesOption(command: CliCommand): CliCommand {
  return command.addOption(
    new CliOption(
      "-y, --yes [environment]",
      "skip confirmation (protected environments require --yes=NAME)",
    ).completedBy("typed-environment"),
  );
}

/** Declares `--wait` and `--no-wait`. */
export function addWaitOptions(command: CliCommand): CliCommand {
  return command
    .option(
      "--wait <duration>",
      "wait this long for another run: 30s, 10m (default: 60s in a terminal, otherwise 10m)",
    )
    .option("--no-wait", "exit with code 5 if another run is in progress");
}

/** Declares `--no-reload`. */
export function addReloadOption(command: CliCommand): CliCommand {
  return command.option("--no-reload", "do not reload Hasura's metadata afterwards");
}

/** Declares `--no-transaction`. */
export function addTransactionOption(command: CliCommand): CliCommand {
  return command.option("--no-transaction", "run every file outside a transaction");
}

/** Declares `--runner`. */
export function addRunnerOption(command: CliCommand): CliCommand {
  return command.addOption(
    new CliOption(
      "--runner <name>",
      "run migrations in the function (lambda), or in an ECS task without a time limit (ecs)",
    )
      .locates("aws")
      .completedBy(["lambda", "ecs"]),
  );
}

/**
 * Declares where migrations come from: `--from` and `--image`, and `--changed` for a command that runs them. Their names in the
 * operation's options: `changed`; the other two are options of the target.
 */
export function addSourceOptions(
  command: CliCommand,
  { runs }: { readonly runs: boolean },
): CliCommand {
  addExclusiveOptions(command, [
    new CliOption(
      "--from <directory>",
      "use the migrations in this directory instead of those in the image",
    )
      .locates("everywhere")
      .completedBy("directory"),
    new CliOption(
      "--image",
      "use the migrations in the image, regardless of the configuration",
    ).locates("everywhere"),
  ]);
  return runs
    ? command.option("--changed", "with --from: run files that differ from those in the image")
    : command;
}

/** Declares `--allow`. */
export function addAllowOption(command: CliCommand): CliCommand {
  return command.addOption(
    new CliOption(
      "--allow <rule>",
      "accept the risks that this lint rule reports; can be repeated",
    ).argParser(collect),
  );
}

/** The command that contains those about metadata. */
export function metadataGroup(program: CliCommand): CliCommand {
  return program.group("metadata", "compare, apply and export Hasura's metadata");
}

/** Declares where metadata comes from: `--from` and `--image`, options of the target. */
export function addMetadataSourceOptions(command: CliCommand): CliCommand {
  return addExclusiveOptions(command, [
    new CliOption(
      "--from <directory>",
      "use the metadata in this directory instead of that in the image",
    )
      .locates("everywhere")
      .completedBy("directory"),
    new CliOption(
      "--image",
      "use the metadata in the image, regardless of the configuration",
    ).locates("everywhere"),
  ]);
}

/** Declares where seeds come from: `--from` and `--image`, options of the target. */
export function addSeedSourceOptions(command: CliCommand): CliCommand {
  return addExclusiveOptions(command, [
    new CliOption(
      "--from <directory>",
      "use the seeds in this directory instead of those in the image",
    )
      .locates("everywhere")
      .completedBy("directory"),
    new CliOption("--image", "use the seeds in the image, regardless of the configuration").locates(
      "everywhere",
    ),
  ]);
}

/** Declares `--metadata` and `--no-metadata`. */
export function addDeployedMetadataOption(command: CliCommand): CliCommand {
  return command
    .option("--metadata", "also apply the project's metadata, regardless of the configuration")
    .option("--no-metadata", "only apply the migrations, regardless of the configuration");
}

/** Declares `--dry-run`. */
export function addDryRunOption(command: CliCommand): CliCommand {
  return command.option("--dry-run", "print the plan, change nothing");
}

/** Declares the options of the environment `local`, last because they are rarely needed. */
export function addLocalOptions(
  command: CliCommand,
  heading = "Options for the environment local:",
): CliCommand {
  return command
    .optionsGroup(heading)
    .addOption(
      new CliOption(
        "--database-url <url>",
        "use this database instead of the embedded one",
      ).locates("local"),
    )
    .addOption(
      new CliOption("--migrations <directory>", "Hasura project, or its migrations directory")
        .locates("local")
        .completedBy("directory"),
    )
    .addOption(
      new CliOption(
        "--superuser",
        "run migrations as a superuser, which can run programs on this machine",
      ).locates("local"),
    );
}

/** Declares where discovery looks. */
export function addRegionsOption(command: CliCommand): CliCommand {
  return command.addOption(
    new CliOption(
      "--regions <list>",
      "with --discover: look in these, separated by commas (default: those of the profiles and the configuration)",
    ).completedBy("region"),
  );
}
