import { shells } from "../completion/shells.ts";
import type { CommandModule } from "./command.ts";

export const completion: CommandModule = {
  declare(program) {
    const command = program
      .command("completion")
      .summary("print the completion script for a shell")
      .description(
        "Print a script that completes commands, options, environments, groups, AWS profiles and versions when Tab is pressed. It reads only files on this machine.",
      )
      .example("completion bash", "load it in ~/.bashrc")
      .example("completion fish");
    const shell = command.createArgument("<shell>", "");
    // The schema rejects others with its own message.
    shell.argChoices = [...shells];
    command.addArgument(shell);
    return command;
  },
  operands: ([shell]) => ({ shell }),
  async run(context, raw) {
    const [{ CompletionOptions, parseOptions }, { completionScript }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../completion/scripts/index.ts"),
    ]);
    const { shell } = parseOptions(CompletionOptions, raw, context.commandLine);
    context.out.write(completionScript(shell));
    return "done";
  },
};
