import type { Terminal } from "./context.js";

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
