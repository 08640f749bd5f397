import { DoctorError, EXIT } from "../cluster/errors.js";

/** First Ctrl-C (or SIGTERM): the signal aborts; a look at the cluster ends, a running step is finished first. Second: stop now. */
export function interruptible(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  const stop = (name: string) => () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(`\n${name}: stopping as soon as no step is half done; once more to stop now.\n`);
    controller.abort();
  };
  process.on("SIGINT", stop("Ctrl-C"));
  process.on("SIGTERM", stop("SIGTERM"));
  return controller.signal;
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
