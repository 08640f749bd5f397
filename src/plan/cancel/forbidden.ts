import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Obstacle } from "../draft.js";
import { otherKinds } from "../facts/stream-facts.js";
import { shardName } from "../facts/topology.js";
import { environment } from "./environment.js";
import { switched } from "./switched.js";
import { dataRefusals, isPattern, rulesOf, tableSets } from "./table-sets.js";
import { cancelType } from "./types/cancel-registry.js";
import type { Cancellable, CancelSubject } from "./types/cancel-type.js";

/** Whether a workflow may be cancelled: only one that may can be planned. */
export type Verdict =
  | { readonly kind: "free"; readonly subject: Cancellable }
  | { readonly kind: "forbidden"; readonly refusals: readonly Obstacle[] };

/** What forbids a cancel, one kind of reason at a time: the later ones only say something where the earlier ones do not hold. */
export const judgeCancel = (snapshot: Snapshot, given: CancelSubject, keep: boolean): Verdict => {
  const type = cancelType(given.kind);
  const foreign = unsupported(snapshot, given);
  if (type === null || foreign.length > 0)
    return { kind: "forbidden", refusals: foreign.length > 0 ? foreign : [ofKind(given.kind)] };
  const subject = { ...given, type };
  const kinds = [
    () => wrongWay(snapshot, subject),
    () => switched(snapshot, subject, keep),
    () => environment(snapshot, subject),
    () =>
      keep
        ? []
        : dataRefusals(snapshot, subject, tableSets(snapshot, [...subject.groups, ...subject.references])),
  ];
  for (const kind of kinds) {
    const refusals = kind();
    if (refusals.length > 0) return { kind: "forbidden", refusals };
  }
  return { kind: "free", subject };
};

/** Its cancel would need steps that vtdoctor does not have: it says so instead of doing half of it. */
const unsupported = (snapshot: Snapshot, subject: CancelSubject): readonly Obstacle[] => [
  ...otherKinds(snapshot, subject.streams, (kind) => cancelType(kind) !== null).map(ofKind),
  ...(new Set(subject.streams.map((stream) => `${stream.kind} from ${stream.sourceKeyspace}`)).size > 1
    ? [
        {
          reason: "its streams are not of one kind and one source keyspace",
          instead: "look at its rows in `_vt.vreplication`: two workflows may share the name",
        },
      ]
    : []),
  ...unreadable(snapshot, subject),
  ...patterns(snapshot, subject),
];

/** Which tables such a rule names, denials, routing rules and the VSchema do not say. */
const patterns = (snapshot: Snapshot, { kind, streams }: CancelSubject): readonly Obstacle[] => {
  if (cancelType(kind)?.namesTables !== true) return [];
  const [pattern] = streams.flatMap((stream) => rulesOf(snapshot, stream)).filter(isPattern);
  return pattern === undefined
    ? []
    : [
        {
          reason: `its streams name tables by the pattern ${pattern.match}, and what else belongs to it is known by their names`,
          instead: "use `vtctldclient` (MoveTables cancel, or Workflow delete) for it",
        },
      ];
};

const ofKind = (kind: string): Obstacle => ({
  reason: `${kind} is not supported`,
  instead: "use `vtctldclient` (Workflow, OnlineDDL, LookupVindex or Migrate) for it",
});

const unreadable = (snapshot: Snapshot, subject: CancelSubject): readonly Obstacle[] =>
  subject.targets
    .flatMap((side) => side.processes)
    .flatMap((process) =>
      snapshot
        .rows("unparsable_source", { address: process.address, workflow: subject.workflow })
        .map(({ id }) => ({
          reason: `the source of stream ${id} on ${process.alias} can not be read`,
          instead: "look at that row in `_vt.vreplication`: nothing may rest on it",
        })),
    );

const REVERSE = "_reverse";

/**
 * Workflows whose target is not a copy that a cancel may take away: the reverse workflow of a switch, whose target is where the tables
 * came from, and one that reads from where it writes to, whose target may hold the only copy.
 */
const wrongWay = (snapshot: Snapshot, subject: Cancellable): readonly Obstacle[] => [
  ...reverse(snapshot, subject),
  ...ontoItself(snapshot, subject),
];

/**
 * Only its rows: tables, denials and routing rules are those of production, or of the way back to it. `Workflow delete` reads the records of
 * the sources first and fails where one is gone (docs/vitess.md#cancel-prologue); a target's engine needs none.
 */
const deleteRows = (snapshot: Snapshot, subject: CancelSubject): string => {
  const { keyspace, workflow, streams } = subject;
  const lost = streams.some(
    ({ sourceKeyspace, sourceShard, sourceExternal }) =>
      sourceExternal === "" &&
      snapshot.all(
        "SELECT 1 FROM missing_key WHERE kind = 'shard' AND keyspace = ? AND shard = ?",
        sourceKeyspace,
        sourceShard,
      ).length > 0,
  );
  return lost
    ? byTablets(subject, "needs the record of its source, which is gone")
    : `delete its streams alone: vtctldclient Workflow --keyspace ${keyspace} delete --workflow ${workflow} --keep-data --keep-routing-rules`;
};

const byTablets = ({ workflow, targets }: CancelSubject, why: string): string => {
  const sql = `"delete from _vt.vreplication where workflow='${workflow}'"`;
  const each = targets
    .flatMap(({ primaries }) => primaries)
    .map(({ alias }) => `\`vtctldclient LegacyVtctlCommand -- VReplicationExec ${alias} ${sql}\``);
  return `delete its streams alone, on each primary, as Workflow delete ${why} (vtctld needs grpc-vtctl in its --service-map): ${each.join(", ")}`;
};

const reverse = (snapshot: Snapshot, subject: CancelSubject): readonly Obstacle[] => {
  const { workflow, sourceKeyspace } = subject;
  if (!workflow.endsWith(REVERSE)) return [];
  const forward = workflow.slice(0, -REVERSE.length);
  const name = `${sourceKeyspace}.${forward}`;
  return [
    snapshot.rows("workflow", { keyspace: sourceKeyspace, workflow: forward }).length > 0
      ? {
          reason: `${workflow} is the way back of ${name}, and its targets are where the tables came from`,
          instead: `complete, take back (reversetraffic) or cancel ${name}, and it goes along`,
        }
      : {
          reason: `${workflow} is a reverse workflow whose forward workflow ${name} is gone, and its targets, where the tables came from, may be what is in production`,
          instead: byTablets(subject, "is refused while the writes are switched"),
        },
  ];
};

const ontoItself = (snapshot: Snapshot, subject: Cancellable): readonly Obstacle[] => {
  const own = subject.streams.filter(
    (stream) =>
      stream.sourceExternal === "" &&
      stream.sourceKeyspace === stream.keyspace &&
      stream.sourceShard === stream.shard &&
      rulesOf(snapshot, stream).some(subject.type.readsItsTable),
  );
  return [...new Set(own.map(shardName))].map((shard) => ({
    reason: `it copies ${shard} onto itself, so its target is its source, and may hold the only copy`,
    instead: deleteRows(snapshot, subject),
  }));
};
