import type { Terminal } from "./context.js";

/** The process's own streams: stdout carries the result and nothing else. */
export function processTerminal(streams: Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">): Terminal {
  const { stdin, stdout, stderr } = streams;
  let progressShown = false;
  const clear = () => {
    if (progressShown) stderr.write("\r\x1b[K");
    progressShown = false;
  };
  return {
    out: (text) => {
      clear();
      stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    note: (text) => {
      clear();
      stderr.write(`${text}\n`);
    },
    progress: (text) => {
      if (!stderr.isTTY) return;
      clear();
      stderr.write(text.slice(0, (stderr.columns ?? 80) - 1));
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
