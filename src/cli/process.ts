import { DoctorError, EXIT } from "../cluster/errors.js";
import type { Terminal } from "./command.js";

/**
 * The process's own streams: stdout carries the result and nothing else. Who reads may leave (`| head`, a lost terminal): nothing is
 * written there any more, and the work goes on, which must not end between two steps for want of a reader.
 */
export function processTerminal(streams: Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">): Terminal {
  const { stdin, stdout, stderr } = streams;
  const [print, say] = [writerTo(stdout), writerTo(stderr)];
  let progressShown = false;
  const clear = () => {
    if (progressShown) say("\r\x1b[K");
    progressShown = false;
  };
  return {
    out: (text) => {
      clear();
      print(text.endsWith("\n") ? text : `${text}\n`);
    },
    note: (text) => {
      clear();
      say(`${text}\n`);
    },
    progress: (text) => {
      if (!stderr.isTTY) return;
      clear();
      say(text.slice(0, (stderr.columns ?? 80) - 1));
      progressShown = true;
    },
    columns: stdout.columns ?? 120,
    outIsTerminal: stdout.isTTY === true,
    ask: async (question) => {
      if (!stdin.isTTY || !stderr.isTTY) return null;
      clear();
      const { createInterface } = await import("node:readline/promises");
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return await new Promise<string>((resolve) => {
          // Ctrl-C and Ctrl-D are answers too, and none that agrees.
          lines.once("SIGINT", () => resolve("")).once("close", () => resolve(""));
          lines.question(question).then(resolve, () => resolve(""));
        });
      } finally {
        lines.close();
      }
    },
  };
}

function writerTo(stream: NodeJS.WriteStream): (text: string) => void {
  let isRead = true;
  stream.on("error", () => {
    isRead = false;
  });
  return (text) => {
    if (isRead) stream.write(text);
  };
}

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
