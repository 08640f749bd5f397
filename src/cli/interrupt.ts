import { EXIT } from "../cluster/errors.js";

/** First Ctrl-C (or SIGTERM): the signal aborts, and the running step is finished. Second: stop now. */
export function interruptible(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  const stop = (name: string) => () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(`\n${name}: finishing the step that runs; once more to stop now.\n`);
    controller.abort();
  };
  process.on("SIGINT", stop("Ctrl-C"));
  process.on("SIGTERM", stop("SIGTERM"));
  return controller.signal;
}
