import { planUndo } from "../../plan/undo.js";
import type { Run } from "../command.js";
import { followUp } from "../follow-up.js";

/** Takes a run back, as a plan: shown, confirmed, executed in a run of its own. */
export const run: Run = (request) => followUp(request, planUndo);
