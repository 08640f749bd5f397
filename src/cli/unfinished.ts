import { resolve } from "node:path";
import { intentsIn, isFinished, resultsIn } from "../apply/runs/journal.js";
import { recordsOf } from "../apply/runs/run-list.js";
import { LIMITS } from "../config/options.js";
import type { Plan } from "../plan/plan.js";
import type { Request } from "./command.js";
import { runsDirOf } from "./run-dir.js";
import { shellWord } from "./shell-word.js";

/** A run that this process leaves before its end, or before the look that verifies it. */
export interface Unfinished {
  /** Absolute: the next command may be typed elsewhere. */
  readonly folder: string;
  /** The command that goes on with it. */
  readonly resume: string;
  /** The same for a person; the command is a line of its own. */
  readonly words: string;
}

export function unfinished({ id, stages }: Plan, request: Request): Unfinished {
  const records = recordsOf(runsDirOf(request), id);
  const done = resultsIn(records).size;
  const [begun] = [...intentsIn(records)].filter((step) => !resultsIn(records).has(step));
  const all = stages.flatMap(({ steps }) => steps).length;
  const runsDir = runsDirOf(request);
  const elsewhere = runsDir === LIMITS["run-dir"].default ? "" : ` --run-dir ${shellWord(resolve(runsDir))}`;
  const [folder, resume] = [resolve(runsDir, id), `vtdoctor resume ${id}${elsewhere}`];
  const how = isFinished(records)
    ? `run ${id} did all of its ${all} steps, and nothing has verified them yet. To look again`
    : `run ${id} stopped after ${done} of ${all} steps${begun === undefined ? "" : `, in the middle of ${begun}`}. To go on with it`;
  return {
    folder,
    resume,
    words: `${how} (folder ${folder}), with the same connection:\n    ${resume}`,
  };
}
