import { parentPort, workerData } from "node:worker_threads";
import type { TabletOptions } from "../../tablets/options.js";
import { serveReader } from "../../tablets/port-reader.js";
import { createTabletReader } from "../../tablets/reader.js";
import { systemClock } from "../clock.js";

/** The thread that `tablet-threads.ts` starts: a reader like the main thread's, asked by messages. */
if (parentPort === null) throw new Error("tablet-thread runs as a worker thread only");
// A Buffer arrives as a plain Uint8Array, which Node's TLS takes as well.
const options: TabletOptions = workerData;
serveReader(parentPort, createTabletReader(options, systemClock));
