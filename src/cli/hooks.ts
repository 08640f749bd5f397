import { execFile } from "node:child_process";
import type { Hooks } from "../apply/ports.js";
import { answered, type Outcome, unanswered } from "../cluster/outcome.js";

/** Long enough for a graceful end of a process on another host. */
const TIMEOUT_MS = 120_000;

/** The operator's own programs, on this machine. */
export const hooks: Hooks = {
  run: ([program = "", ...words]) =>
    new Promise<Outcome<null>>((resolve) => {
      execFile(program, words, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        if (error === null) return resolve(answered(null));
        const said = (stderr || stdout || error.message).trim();
        const how = error.killed ? `no end within ${TIMEOUT_MS / 1000} s` : `exit ${error.code ?? "unknown"}`;
        resolve(unanswered("failed", `${how}: ${said}`));
      });
    }),
};
