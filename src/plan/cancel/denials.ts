import type { Snapshot } from "../../snapshot/snapshot.js";
import type { DraftStep } from "../steps/index.js";
import { tabletRef } from "../view/processes.js";
import { streamsAt } from "../view/streams.js";
import type { CancelSubject, Side } from "./subject.js";
import { matches, rulesOf, ruleTables } from "./tables.js";

/**
 * Takes the workflow's tables off the denied tables on both sides, also where the data is kept: Vitess leaves them denied on the target
 * then (docs/vitess.md#kept-denials), and nothing would ever lift them. A table that another workflow names stays as it is.
 */
export const denialSteps = (snapshot: Snapshot, subject: CancelSubject): readonly DraftStep[] => {
  const tables = ruleTables(snapshot, subject.groups);
  return [...subject.targets, ...subject.sources].flatMap((side) =>
    sideSteps(snapshot, subject, side, tables),
  );
};

const sideSteps = (
  snapshot: Snapshot,
  subject: CancelSubject,
  side: Side,
  tables: readonly string[],
): readonly DraftStep[] => {
  if (side.record === null) return [];
  const taken = namedByOthers(snapshot, subject, side, tables);
  const rows = snapshot.rows("denied_table", { keyspace: side.keyspace, shard: side.shard });
  const denied = [...new Set(rows.map(({ table_name }) => table_name))]
    .filter((name) => tables.includes(name) && !taken.has(name))
    .sort();
  if (denied.length === 0) return [];
  const { server, key, revision } = side.record;
  return [
    {
      kind: "denial.lift",
      keyspace: side.keyspace,
      shard: side.shard,
      server,
      key,
      tables: denied,
      modRevision: revision,
    },
    ...side.processes
      .filter((process) => process.record === "present")
      .map((process): DraftStep => ({ kind: "tablet.refresh", tablet: tabletRef(snapshot, process) })),
  ];
};

/** Tables that a stream of another workflow into or out of the shard names. */
const namedByOthers = (
  snapshot: Snapshot,
  subject: CancelSubject,
  side: Side,
  tables: readonly string[],
): ReadonlySet<string> => {
  const addresses = snapshot.all<{ address: string }>(
    `SELECT DISTINCT address FROM stream
     WHERE (keyspace = ? AND shard = ?) OR (source_external = '' AND source_keyspace = ? AND source_shard = ?)
     ORDER BY address`,
    side.keyspace,
    side.shard,
    side.keyspace,
    side.shard,
  );
  const own = (stream: { readonly keyspace: string; readonly workflow: string }): boolean =>
    (stream.keyspace === subject.keyspace && stream.workflow === subject.workflow) ||
    (stream.keyspace === subject.sourceKeyspace && stream.workflow === `${subject.workflow}_reverse`);
  const rules = addresses
    .flatMap(({ address }) => streamsAt(snapshot, address))
    .filter((stream) => !own(stream))
    .flatMap((stream) => rulesOf(snapshot, stream));
  return new Set(tables.filter((table) => rules.some((rule) => matches(rule, table))));
};
