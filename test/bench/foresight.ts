import { runNode } from "./processes.js";
import { median, seconds } from "./text.js";

const TABLETS = 3_000;
const LOOKS = 100;

/** Playing a plan of 100 looks on a snapshot of 3,000 tablets, each time in a process of its own. */
export async function benchForesight(runs: number, say: (text: string) => void): Promise<unknown> {
  const script = new URL("foresee-large.js", import.meta.url).pathname;
  const rounds: number[] = [];
  for (let round = 0; round < runs; round++) {
    const { out, code } = await runNode(script, [String(TABLETS), String(LOOKS)]);
    if (code !== 0) throw new Error(`foreseeing failed: ${out.slice(0, 2000)}`);
    rounds.push((JSON.parse(out) as { cpuMs: number }).cpuMs);
  }
  const cpuMs = median(rounds);
  say(`\n${TABLETS} tablets, a plan played with ${LOOKS} looks: ${seconds(cpuMs)} of CPU`);
  return { cpuMs };
}
