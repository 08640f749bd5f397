import { defineConfig } from "vitest/config";

const results = process.env.VTDOCTOR_TEST_RESULTS;

/** `npm test` runs the fast project and, where the lab is installed, the real clusters of test/vitess one file at a time. */
export default defineConfig({
  test: {
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["test/vitess/**"],
          testTimeout: 240_000,
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
