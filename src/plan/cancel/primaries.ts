import type { Snapshot } from "../../snapshot/snapshot.js";
import { probed } from "../view/processes.js";
import { shardName } from "../view/shards.js";
import { MAKE_IT_ANSWER, type Refusal } from "./refusal.js";
import type { Side } from "./subject.js";

/** A target has exactly one primary that answers, is recorded, and takes writes. */
export const writablePrimary = (snapshot: Snapshot, side: Side): readonly Refusal[] => {
  const name = shardName(side);
  const [primary, second] = side.primaries;
  if (primary === undefined)
    return [
      {
        fact: `target ${name} has no primary that answers`,
        instead: "give the shard a primary (PlannedReparentShard, or VTOrc), then cancel",
      },
    ];
  if (second !== undefined)
    return [
      {
        fact: `${primary.alias} and ${second.alias} both say that they are PRIMARY of target ${name}`,
        instead: "end the older primary's term first",
      },
    ];
  const recorded = side.record?.primaryAlias ?? "nobody";
  return [
    ...(primary.record === "present"
      ? []
      : [
          {
            fact: `the primary ${primary.alias} of target ${name} has no Tablet record of its own`,
            instead: "repair that with vtdoctor fix first",
          },
        ]),
    ...(recorded === primary.alias
      ? []
      : [
          {
            fact: `the Shard record of target ${name} names ${recorded} as its primary, but ${primary.alias} is`,
            instead: "wait until the shard record follows (30 s), or repair it with vtdoctor fix",
          },
        ]),
    ...(primary.readOnly === 0
      ? []
      : [
          {
            fact:
              primary.readOnly === null
                ? `the primary ${primary.alias} of target ${name} did not say whether its MySQL takes writes`
                : `the MySQL of the primary ${primary.alias} of target ${name} is read-only`,
            instead: "make its MySQL writable (see why it is not), then cancel",
          },
        ]),
    ...(probed(snapshot, primary.address, "streams")
      ? []
      : [
          {
            fact: `the primary ${primary.alias} of target ${name} did not say which streams it has`,
            instead: MAKE_IT_ANSWER,
          },
        ]),
  ];
};

/** Only a source's primary knows whether a journal was written. */
export const sourcePrimary = (snapshot: Snapshot, side: Side): readonly Refusal[] => {
  const known = side.primaries.filter(
    (primary) =>
      probed(snapshot, primary.address, "journals") && probed(snapshot, primary.address, "streams"),
  );
  return known.length === 1
    ? []
    : [
        {
          fact: `${known.length === 0 ? "no primary" : "more than one primary"} of source ${shardName(side)} said whether it has a journal and reverse streams`,
          instead: MAKE_IT_ANSWER,
        },
      ];
};
