import type { Finding } from "../../findings/finding.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { FixRequest } from "../context.js";
import type { Draft } from "../draft.js";

/** From the confirmed findings that name it to what is done about them. Pure; a recipe that can not act says why (`blocked`). */
export type Recipe = (snapshot: Snapshot, findings: readonly Finding[], request: FixRequest) => Draft;
