import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Clock } from "../../cluster/clock.js";
import type { Connection } from "../../config/settings.js";
import type { TabletReader } from "../../tablets/access.js";
import type { TabletOptions } from "../../tablets/options.js";
import { portReader } from "../../tablets/port-reader.js";
import { createTabletReader } from "../../tablets/reader.js";
import { spreadReader } from "../../tablets/spread.js";

/** Calls in flight to one host: many tablets share one in test clusters, and a production host must not feel a scan. */
const PER_HOST = 8;

export const tabletOptions = (connection: Connection): TabletOptions => ({
  timeoutMs: connection.timeoutMs,
  concurrency: connection.concurrency,
  concurrencyPerHost: PER_HOST,
  tls: connection.tabletTls,
  staticAuth: connection.staticAuth,
  mysql: connection.mysql && {
    user: connection.mysql.user,
    password: connection.mysql.password,
    ssl: connection.mysql.tls,
  },
});

/** Below this many tablets a thread costs more (its own copy of the libraries) than it saves. */
const MANY = 128;
const MOST_THREADS = 3;
const YOUNG_MIB = 24;

/** A fifth of what V8 inlines into one function: a scan is over before more of it pays off (V8 itself: 920). */
const INLINED_BYTES = 200;

/**
 * A tablet reader that uses more than one core where there are many tablets: calling them is most of a scan (docs/performance.md).
 * `expecting` tells it how many there are, the sooner the better, as a thread takes a while to start; together the threads make no more
 * calls at once than one reader would.
 */
export function threadedReader(
  options: TabletOptions,
  clock: Clock,
): { readonly reader: TabletReader; expecting(tablets: number): void } {
  const threads = Math.min(MOST_THREADS, availableParallelism() - 1);
  const share = { ...options, concurrency: Math.ceil(options.concurrency / (threads + 1)) };
  const { reader, spread } = spreadReader(
    () => createTabletReader(options, clock),
    Array.from({ length: threads }, () => () => inThread(share)),
  );
  const expecting = (tablets: number): void => {
    if (tablets >= MANY) {
      setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`);
      spread();
    }
  };
  return { reader, expecting };
}

function inThread(options: TabletOptions): TabletReader {
  const worker = new Worker(new URL("./tablet-thread.js", import.meta.url), {
    workerData: options,
    // Flags of this process, as --input-type or --inspect, are not for the thread.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  return portReader(worker, () => void worker.terminate());
}
