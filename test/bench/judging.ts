import { runNode } from "./processes.js";
import { median, seconds } from "./text.js";

const TABLETS = 100_000;

/** Deriving and judging a snapshot of 100,000 tablets and 200,000 streams, each time in a process of its own. */
export async function benchJudging(runs: number, say: (text: string) => void): Promise<unknown> {
  const script = new URL("judge-large.js", import.meta.url).pathname;
  const rounds: { readonly snapshotMs: number; readonly judgeMs: number; readonly peakMiB: number }[] = [];
  for (let round = 0; round < runs; round++) {
    const { out, peakMiB, code } = await runNode(script, [String(TABLETS)]);
    if (code !== 0) throw new Error(`judging failed: ${out.slice(0, 2000)}`);
    rounds.push({ ...JSON.parse(out), peakMiB });
  }
  const found = {
    snapshotMs: median(rounds.map(({ snapshotMs }) => snapshotMs)),
    judgeMs: median(rounds.map(({ judgeMs }) => judgeMs)),
    peakMiB: median(rounds.map(({ peakMiB }) => peakMiB)),
  };
  say(
    `\n${TABLETS} tablets, ${2 * TABLETS} streams: snapshot ${seconds(found.snapshotMs)}, rules ${seconds(found.judgeMs)}, peak ${found.peakMiB.toFixed(0)} MiB`,
  );
  return found;
}
