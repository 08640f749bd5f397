import type { VreplicationRow } from "../../snapshot/gen/tables.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Refusal } from "./refusal.js";
import type { CancelSubject } from "./subject.js";

const SUPPORTED = ["Reshard", "MoveTables", "Materialize"];
/** binlogdata.VReplicationWorkflowSubType. */
const PARTIAL = 1;

/** Kinds whose cancel would need steps that vtdoctor does not have: it says so instead of doing half of it. */
export const unsupported = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] => [
  ...subject.streams
    .filter((stream) => !SUPPORTED.includes(stream.kind))
    .map((stream) => ofKind(stream.kind)),
  ...subject.streams.filter((stream) => stream.sourceExternal !== "").map(() => ofKind("Migrate")),
  ...(new Set(subject.streams.map((stream) => `${stream.kind} from ${stream.sourceKeyspace}`)).size > 1
    ? [
        {
          fact: "its streams are not of one kind and one source keyspace",
          instead: "look at its rows in `_vt.vreplication`: two workflows may share the name",
        },
      ]
    : []),
  ...rowsOf(snapshot, subject).flatMap(({ workflow_sub_type, options }) => [
    ...(workflow_sub_type === PARTIAL ? [ofKind("a partial MoveTables")] : []),
    ...(tenantOf(options) === "" ? [] : [ofKind("a multi-tenant MoveTables")]),
  ]),
  ...unreadable(snapshot, subject),
];

const ofKind = (kind: string): Refusal => ({
  fact: `${kind} is not supported`,
  instead: "use `vtctldclient` (Workflow, OnlineDDL, LookupVindex or Migrate) for it",
});

const rowsOf = (snapshot: Snapshot, subject: CancelSubject): readonly VreplicationRow[] =>
  subject.streams.flatMap(({ address, id }) => snapshot.rows("vreplication", { address, id }).slice(0, 1));

const tenantOf = (options: string | null): string => {
  if (options === null || options === "") return "";
  const parsed: unknown = JSON.parse(options);
  const tenant =
    typeof parsed === "object" && parsed !== null && "tenant_id" in parsed ? parsed.tenant_id : "";
  return typeof tenant === "string" ? tenant : "";
};

const unreadable = (snapshot: Snapshot, subject: CancelSubject): readonly Refusal[] =>
  subject.targets
    .flatMap((side) => side.processes)
    .flatMap((process) =>
      snapshot
        .rows("unparsable_source", { address: process.address, workflow: subject.workflow })
        .map(({ id }) => ({
          fact: `the source of stream ${id} on ${process.alias} can not be read`,
          instead: "look at that row in `_vt.vreplication`: nothing may rest on it",
        })),
    );
