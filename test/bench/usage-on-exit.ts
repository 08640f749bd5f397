import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Loaded before a measured program (`node --import`): tells at its end what it cost. */
const path = process.env.VTDOCTOR_BENCH_USAGE;
process.once("exit", () => {
  if (path === undefined || !isMainThread) return;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  writeFileSync(path, JSON.stringify({ peakKiB: maxRSS, cpuMs: (userCPUTime + systemCPUTime) / 1000 }));
});
