import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { benchCluster } from "./cluster.js";
import { benchForesight } from "./foresight.js";
import { benchJudging } from "./judging.js";
import { benchStart } from "./start.js";

const { values } = parseArgs({
  options: {
    tablets: { type: "string", default: "3000" },
    history: { type: "string", default: "0" },
    runs: { type: "string", default: "3" },
    only: { type: "string", multiple: true, default: ["start", "judging", "foresight", "cluster"] },
    json: { type: "string" },
  },
});

const say = (text: string): void => console.log(text);
const runs = Number(values.runs);
const load = (): string =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(" ");
say(
  `${new Date().toISOString()}, Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model}, load ${load()}`,
);
const results: Record<string, unknown> = { loadBefore: load() };
if (values.only.includes("start")) results.start = await benchStart(runs, say);
if (values.only.includes("judging")) results.judging = await benchJudging(runs, say);
if (values.only.includes("foresight")) results.foresight = await benchForesight(runs, say);
if (values.only.includes("cluster"))
  results.cluster = await benchCluster(
    { tablets: Number(values.tablets), history: Number(values.history), runs },
    say,
  );
results.loadAfter = load();
say(`load ${load()}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit(0);
