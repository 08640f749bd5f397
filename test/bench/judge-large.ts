import { largeFacts, sickFacts } from "./large-facts.js";

/** Prints what one snapshot of so many tablets takes the compiled program, in milliseconds by the clock and of CPU. */
const compiled = (module: string) => import(new URL(`../../../dist/${module}`, import.meta.url).href);
const { Snapshot }: typeof import("../../src/snapshot/snapshot.js") = await compiled("snapshot/snapshot.js");
const { judge }: typeof import("../../src/rules/judge.js") = await compiled("rules/judge.js");
const { loadRules, SHIPPED_RULES }: typeof import("../../src/rulefiles/load.js") =
  await compiled("rulefiles/load.js");

const tablets = Number(process.argv[2]);
const sick = process.argv[3] === "sick";
const facts = sick ? sickFacts(tablets) : largeFacts(tablets);
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const start = performance.now();
const snapshot = Snapshot.of(facts);
const derived = performance.now();
const rules = loadRules([SHIPPED_RULES]);
const loaded = performance.now();
const cpuBefore = cpuMs();
const findings = judge(snapshot, rules, { now: 0, earlier: null, suppressions: [] });
const judged = performance.now();
const judgeCpuMs = cpuMs() - cpuBefore;
if (!sick && findings.length > 0)
  throw new Error(`a healthy cluster, but: ${JSON.stringify(findings[0]).slice(0, 1000)}`);
console.log(
  JSON.stringify({
    snapshotMs: derived - start,
    judgeMs: judged - loaded,
    judgeCpuMs,
    findings: findings.length,
  }),
);
