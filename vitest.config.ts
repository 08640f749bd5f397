import { defineConfig } from "vitest/config";

/** `npm test` runs the fast project and, where the lab is installed, the real clusters of test/vitess one file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: ["test/vitess/**"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "vitess",
          include: ["test/vitess/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
