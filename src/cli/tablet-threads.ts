import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Clock } from "../cluster/clock.js";
import type { TabletReader } from "../tablets/access.js";
import type { TabletOptions } from "../tablets/options.js";
import { portReader } from "../tablets/port-reader.js";
import { createTabletReader } from "../tablets/reader.js";
import { spreadReader } from "../tablets/spread.js";

/** Below this many hosts a thread costs more (its own copy of the libraries, about 0.1 s) than it saves. */
const ALONE = 128;
const MOST = 4;

/** A tablet reader that uses more than one core where there are many tablets: calling them is most of a scan (docs/performance.md). */
export function threadedReader(options: TabletOptions, clock: Clock): TabletReader {
  const lanes = Math.min(MOST, availableParallelism());
  const share = { ...options, concurrency: Math.ceil(options.concurrency / lanes) };
  return spreadReader(
    () => createTabletReader(share, clock),
    Array.from({ length: lanes - 1 }, () => () => inThread(share)),
    ALONE,
    (hosts) => {
      if (hosts === CROWD) setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
    },
  );
}

/**
 * From so many hosts on the heap may grow by half only before garbage is collected: V8 alone lets it grow fourfold, which a large scan's
 * memory must not, and a smaller one would only take longer.
 */
const CROWD = 4_000;
const HEAP_GROWING_PERCENT = 50;
const YOUNG_MIB = 24;

function inThread(options: TabletOptions): TabletReader {
  const worker = new Worker(new URL("./tablet-thread.js", import.meta.url), {
    workerData: options,
    // Flags of this process, as --input-type or --inspect, are not for the thread.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  return portReader(worker, () => void worker.terminate());
}
