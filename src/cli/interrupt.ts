import { DoctorError, EXIT } from "../cluster/errors.js";

export interface Interruptions {
  /** Aborted by the first of them: finish the step, journal it, stop. */
  readonly signal: AbortSignal;
  /** Aborted by the second: whoever listens says what it leaves behind, and then the process ends. */
  readonly killed: AbortSignal;
}

/**
 * First Ctrl-C, SIGTERM or SIGHUP (the end of an ssh session): a look at the cluster ends, a running step is finished first. Second:
 * stop now.
 */
export function interruptible(process: NodeJS.Process): Interruptions {
  const [first, second] = [new AbortController(), new AbortController()];
  const stop = (name: string) => () => {
    if (first.signal.aborted) {
      second.abort();
      process.exit(EXIT.interrupted);
    }
    process.stderr.write(`\n${name}: stopping as soon as no step is half done; once more to stop now.\n`);
    first.abort();
  };
  process.on("SIGINT", stop("Ctrl-C"));
  process.on("SIGTERM", stop("SIGTERM"));
  process.on("SIGHUP", stop("SIGHUP"));
  return { signal: first.signal, killed: second.signal };
}

/** For work that changes nothing and may be left where it is. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () =>
      reject(new DoctorError("interrupted", "stopped by the operator while looking at the cluster."));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
