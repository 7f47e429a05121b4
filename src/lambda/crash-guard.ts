export interface CrashGuardOptions {
  /** Ends the process. */
  readonly exit: () => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * After an error that nothing caught, the state of the process is unknown. It finishes the invocation in progress, because a
 * migration must not be interrupted, then ends, and serves no other invocation.
 */
export interface CrashGuard {
  /** To be called for every uncaught exception and unhandled rejection. */
  crashed(): void;
  /**
   * Serves an invocation that writes and ends its own response. After a crash it never resolves, so that the runtime cannot ask for
   * the next invocation.
   */
  stream(serve: () => Promise<void>): Promise<void>;
  /** Serves an invocation whose response is what `serve` returns. After a crash the process ends shortly after that. */
  respond<T>(serve: () => Promise<T>): Promise<T>;
}

/** The runtime does not report when a response is delivered; that takes milliseconds after its end. */
const deliveryMs = 500;

export function crashGuard({ exit, sleep }: CrashGuardOptions): CrashGuard {
  const state = { crashed: false, inProgress: 0 };
  const exitAfterCrash = (): void => {
    if (state.crashed && state.inProgress === 0) exit();
  };
  const begin = (): void => {
    exitAfterCrash();
    state.inProgress += 1;
  };
  const end = async (): Promise<void> => {
    if (state.crashed) await sleep(deliveryMs);
    state.inProgress -= 1;
    exitAfterCrash();
  };
  return {
    crashed() {
      state.crashed = true;
      exitAfterCrash();
    },
    async stream(serve) {
      begin();
      try {
        await serve();
      } finally {
        await end();
      }
      if (state.crashed) await new Promise(() => undefined);
    },
    async respond(serve) {
      begin();
      try {
        return await serve();
      } finally {
        if (state.crashed) void end();
        else await end();
      }
    },
  };
}
