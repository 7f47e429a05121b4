import { externalDataInterceptor } from "@smithy/core/config";

type Done = (error: unknown, output?: { readonly stdout: string; readonly stderr: string }) => void;

/**
 * Lets `run` run the credential_process of every profile, also of one that is another's source. The SDK would leave it
 * and its child processes running when nobody waits for it any more; this is the only place where `exec` can be replaced.
 */
export function runCredentialProcesses(run: (command: string) => Promise<string>): void {
  externalDataInterceptor.interceptToken("exec", (command: string, done: Done) => {
    run(command).then((stdout) => done(undefined, { stdout, stderr: "" }), done);
  });
}
