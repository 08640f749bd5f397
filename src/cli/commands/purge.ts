import { planPurge } from "../../plan/purge.js";
import type { Run } from "../command.js";
import { followUp } from "../follow-up.js";

/** Drops for good what a run holds; asks for the keyspace's name. */
export const run: Run = (request) => followUp(request, planPurge);
