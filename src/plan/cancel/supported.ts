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
  ...rowsOf(snapshot, subject).flatMap(({ subType, options }) => [
    ...(subType === PARTIAL ? [ofKind("a partial MoveTables")] : []),
    ...(tenantOf(options) === "" ? [] : [ofKind("a multi-tenant MoveTables")]),
  ]),
  ...unreadable(snapshot, subject),
];

const ofKind = (kind: string): Refusal => ({
  fact: `${kind} is not supported`,
  instead: "use `vtctldclient` (Workflow, OnlineDDL, LookupVindex or Migrate) for it",
});

const rowsOf = (
  snapshot: Snapshot,
  subject: CancelSubject,
): readonly { readonly subType: number | null; readonly options: string | null }[] =>
  subject.streams.flatMap((stream) =>
    snapshot.all<{ subType: number | null; options: string | null }>(
      `SELECT workflow_sub_type AS subType, options FROM vreplication
       WHERE address = ? AND id = ? ORDER BY channel LIMIT 1`,
      stream.address,
      stream.id,
    ),
  );

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
        .all<{ id: number }>(
          "SELECT id FROM unparsable_source WHERE address = ? AND workflow = ? ORDER BY id",
          process.address,
          subject.workflow,
        )
        .map(({ id }) => ({
          fact: `the source of stream ${id} on ${process.alias} can not be read`,
          instead: "look at that row in `_vt.vreplication`: nothing may rest on it",
        })),
    );
