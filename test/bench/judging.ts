import { runNode } from "./processes.js";
import { median, seconds } from "./text.js";

/** Whole shards of three: one that lacks a tablet is a finding. */
const TABLETS = 100_002;

const FIGURES = ["snapshotMs", "judgeMs", "judgeCpuMs", "findings", "peakMiB"] as const;
type Figures = Readonly<Record<(typeof FIGURES)[number], number>>;

/** Deriving and judging a snapshot of so many tablets with two streams each, healthy and sick, each time in a process of its own. */
export async function benchJudging(runs: number, say: (text: string) => void): Promise<unknown> {
  const found: Record<string, Figures> = {};
  for (const health of ["healthy", "sick"]) {
    const of = await figuresOf(runs, health);
    found[health] = of;
    say(
      `\n${TABLETS} tablets, ${2 * TABLETS} streams, ${health}: snapshot ${seconds(of.snapshotMs)}, rules ${seconds(of.judgeMs)} (${seconds(of.judgeCpuMs)} of CPU), ${of.findings} findings, peak ${of.peakMiB.toFixed(0)} MiB`,
    );
  }
  return found;
}

async function figuresOf(runs: number, health: string): Promise<Figures> {
  const script = new URL("judge-large.js", import.meta.url).pathname;
  const rounds: Figures[] = [];
  for (let round = 0; round < runs; round++) {
    const { out, peakMiB, code } = await runNode(script, [String(TABLETS), health]);
    if (code !== 0) throw new Error(`judging failed: ${out.slice(0, 2000)}`);
    rounds.push({ ...JSON.parse(out), peakMiB });
  }
  const medians = FIGURES.map((figure) => [figure, median(rounds.map((each) => each[figure]))] as const);
  return Object.fromEntries(medians) as Figures;
}
