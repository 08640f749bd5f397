import type { Snapshot } from "../../snapshot/snapshot.js";
import { atWork } from "./at-work.js";
import { silentTargets } from "./other-targets.js";
import { sourcePrimary, writablePrimary } from "./primaries.js";
import type { Refusal } from "./refusal.js";
import { tabletsSilent, topologySilent } from "./silence.js";
import type { CancelSubject } from "./subject.js";

/** What must be seen, and who must not be at work, before anything is stopped (docs/vitess.md#cancel-guards). */
export const surroundings = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => [
  ...topologySilent(snapshot),
  ...tabletsSilent(snapshot, subject),
  ...silentTargets(snapshot, subject),
  ...atWork(snapshot, subject),
  ...subject.targets.flatMap((side) => writablePrimary(snapshot, side)),
  ...subject.sources.flatMap((side) => sourcePrimary(snapshot, side)),
];
