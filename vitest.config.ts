import { defineConfig } from "vitest/config";
import { ShardsByTime } from "./test/vitess/lab/shards.js";

const results = process.env.VTDOCTOR_TEST_RESULTS;

/**
 * A worker keeps its modules from file to file: half of the time went by loading and compiling them anew. A test file must not change what
 * others see: no mocks of modules, and whatever it sets in the process it puts back.
 */
const simulated = {
  isolate: false,
  maxWorkers: "100%",
  globalSetup: ["test/scratch.ts"],
  testTimeout: 240_000,
  hookTimeout: 120_000,
};

/** What runs when: CONTRIBUTING.md. */
export default defineConfig({
  test: {
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
    sequence: { sequencer: ShardsByTime },
    projects: [
      {
        test: {
          ...simulated,
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["test/crash/**", "test/vitess/**"],
        },
      },
      {
        test: {
          ...simulated,
          // Every instant of every repair: the exhaustive enumerations, half a minute each on a quiet machine, many times that beside the labs.
          name: "crash",
          testTimeout: 900_000,
          include: ["test/crash/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "vitess",
          include: ["test/vitess/**/*.test.ts"],
          globalSetup: ["test/vitess/lab/announce.ts"],
          testTimeout: 600_000,
          // In CI a real cluster on a busy machine gets a second try; healthy.test.ts, which counts false alarms, does not.
          retry: process.env.CI === undefined ? 0 : 1,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
