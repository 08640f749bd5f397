import type { Snapshot } from "../../snapshot/snapshot.js";
import { dataRefusals, tableSets } from "./data.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";
import { unsupported } from "./supported.js";
import { surroundings } from "./surroundings.js";
import { switched } from "./switched.js";
import { wrongWay } from "./wrong-way.js";

/** What forbids a cancel, one kind of reason at a time: the later ones only say something where the earlier ones do not hold. */
export const whatForbids = (
  snapshot: Snapshot,
  subject: CancelSubject,
  keep: boolean,
): readonly Refusal[] => {
  const kinds = [
    () => unsupported(snapshot, subject),
    () => wrongWay(snapshot, subject),
    () => switched(snapshot, subject, { keep }),
    () => surroundings(snapshot, subject),
    () =>
      keep
        ? []
        : dataRefusals(snapshot, subject, tableSets(snapshot, [...subject.groups, ...subject.references])),
  ];
  for (const kind of kinds) {
    const refusals = kind();
    if (refusals.length > 0) return refusals;
  }
  return [];
};
