import { UsageError } from "../cluster/errors.js";
import type { Given } from "../config/settings.js";
import type { Stopping } from "../plan/draft.js";
import { parseCommand } from "../plan/dropped/retirement.js";

/** What is said for this run counts more than what the config file says for all. */
export function stoppingOf(given: Given): Stopping | null {
  const watchMs = given.duration("watch-return") ?? 120_000;
  if (watchMs < LEAST_WATCH_MS)
    throw new UsageError(
      "--watch-return: a supervisor waits some seconds before it starts a process again; give 10s or more.",
    );
  if (given.yes("unsupervised")) return { kind: "unsupervised", watchMs };
  const command = given.text("hooks.stopTablet");
  return command === undefined ? null : { kind: "command", template: parseCommand(command), watchMs };
}

const LEAST_WATCH_MS = 10_000;
