import { run, VTDOCTOR } from "./processes.js";
import { median, ratio } from "./text.js";

/** `vtdoctor --help` beside `node -e 0`, in turn. */
export async function benchStart(runs: number, say: (text: string) => void): Promise<unknown> {
  const pairs: { readonly help: number; readonly nothing: number }[] = [];
  for (let pair = 0; pair <= runs * 5; pair++) {
    const help = await run(process.execPath, [VTDOCTOR, "--help"]);
    const nothing = await run(process.execPath, ["-e", "0"]);
    if (pair > 0) pairs.push({ help: help.ms, nothing: nothing.ms });
  }
  const found = {
    helpMs: median(pairs.map(({ help }) => help)),
    nodeMs: median(pairs.map(({ nothing }) => nothing)),
    helpToNode: median(pairs.map(({ help, nothing }) => help / nothing)),
  };
  say(
    `\n--help ${found.helpMs.toFixed(0)} ms, node -e 0 ${found.nodeMs.toFixed(0)} ms, ratio ${ratio(found.helpToNode)}`,
  );
  return found;
}
