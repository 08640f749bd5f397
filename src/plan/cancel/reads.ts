import type { Snapshot } from "../../snapshot/snapshot.js";
import { routingRulesKey } from "../../topology/paths.js";
import type { Read } from "../plan.js";
import { keyRead } from "../view/keys.js";
import { globalRoot } from "../view/roots.js";
import { servingReads } from "../view/serving.js";
import { streamRead } from "../view/streams.js";
import { absenceReads } from "./other-targets.js";
import type { CancelSubject } from "./subject.js";

/** What "not switched" was concluded from: serving flags and partitions for shards, rules in every copy for tables. */
export const cancelReads = (snapshot: Snapshot, subject: CancelSubject): readonly Read[] => [
  ...[...subject.targets, ...subject.sources].flatMap((side) =>
    side.record === null ? [] : [keyRead(snapshot, side.record.server, side.record.key)],
  ),
  ...(subject.kind === "Reshard" ? servingReads(snapshot, subject.keyspace) : ruleReads(snapshot)),
  ...[...subject.groups, ...subject.references, ...subject.reverse].map((group) =>
    streamRead(snapshot, group),
  ),
  ...absenceReads(snapshot, subject),
];

const ruleReads = (snapshot: Snapshot): readonly Read[] => {
  const { server, root } = globalRoot(snapshot);
  return [
    keyRead(snapshot, server, routingRulesKey(root)),
    ...snapshot.rows("srv_vschema").map((one) => keyRead(snapshot, one.server, one.key)),
  ];
};
