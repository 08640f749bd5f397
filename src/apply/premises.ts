import type { Premise, StreamSet } from "../plan/fields.js";
import type { Plan } from "../plan/plan.js";
import type { Step } from "../plan/steps/index.js";
import { writeSet } from "../plan/write-set.js";
import { type Refused, refused, type Silent, silent } from "./check.js";
import type { Ports } from "./ports.js";
import type { KeyRef } from "./records/topo-keys.js";
import { inIds } from "./streams/stream-state.js";
import { differsFrom, nameOf } from "./tablet/identity.js";
import { readdressed } from "./tablet/tablet-address.js";

type KeyPremise = Extract<Premise, { kind: "topo-key" }>;
type RowsPremise = Extract<Premise, { kind: "stream-rows" }>;

/**
 * Reads the topology keys again that the plan was decided on; null: all are at their revisions, but for those that the run has begun
 * to write itself.
 */
export async function movedKey(
  premises: readonly Premise[],
  own: OwnChanges,
  ports: Ports,
): Promise<Refused | Silent | null> {
  const keys = premises.filter(
    (premise): premise is KeyPremise => premise.kind === "topo-key" && !own.wroteKey(premise),
  );
  return worst(await Promise.all(keys.map((premise) => movedSince(premise, ports))));
}

/** The same for the ids of rows of `_vt.vreplication`, behind a proof of each tablet's identity. */
export async function movedRows(
  premises: readonly Premise[],
  own: OwnChanges,
  ports: Ports,
): Promise<Refused | Silent | null> {
  const rows = premises.filter(
    (premise): premise is RowsPremise => premise.kind === "stream-rows" && !own.changedStreams(premise),
  );
  return worst(await Promise.all(rows.map((premise) => otherRows(premise, ports))));
}

/** What is known to have moved says more than who was silent. */
const worst = (found: readonly (Refused | Silent | null)[]): Refused | Silent | null =>
  found.find((one) => one?.kind === "refused") ?? found.find((one) => one !== null) ?? null;

async function movedSince(premise: KeyPremise, ports: Ports): Promise<Refused | Silent | null> {
  const got = await ports.store(premise.server).get(premise.key);
  if (got.kind === "unanswered") return silent(premise.server, got);
  const now = got.value.entry?.modRevision ?? 0;
  if (now === premise.modRevision) return null;
  return refused(
    `${premise.key} ${premise.modRevision === 0 ? `did not exist and is at revision ${now}` : now === 0 ? `was at revision ${premise.modRevision} and is gone` : `was at revision ${premise.modRevision} and is at ${now}`}`,
  );
}

async function otherRows(premise: RowsPremise, ports: Ports): Promise<Refused | Silent | null> {
  const at = await readdressed(premise.tablet, ports);
  if (at.kind !== "known") return at;
  const tablet = at.value;
  const differs = await differsFrom(tablet, ports.reader);
  if (differs !== null) return differs;
  const rows = await ports.reader.rows(tablet.address, "streams");
  if (rows.kind === "unanswered") return silent(nameOf(tablet), rows);
  const ids = rows.value
    .filter((row) => row.workflow === premise.workflow && row.db_name === premise.dbName)
    .map((row) => Number(row.id))
    .toSorted((one, other) => one - other);
  if (ids.join() === premise.ids.toSorted((one, other) => one - other).join()) return null;
  return refused(
    `${premise.workflow} on ${nameOf(tablet)} had ${premise.ids.length === 0 ? "no stream" : inIds(premise.ids)} and has ${ids.length === 0 ? "none" : inIds(ids)}`,
  );
}

type Streams = Pick<StreamSet, "tablet" | "workflow">;

/** What a run has changed itself, and so must not take for somebody else's doing. */
export interface OwnChanges {
  wroteKey(at: KeyRef): boolean;
  /** Whether the run took streams of the workflow away there, or ended or elected the tablet that shows them. */
  changedStreams(of: Streams): boolean;
}

/** `begun`: steps with an intent in the journal. Each settles by its own check what it wrote; what later steps will write is a guard until then. */
export const ownChanges = (begun: readonly Step[], { cluster }: Pick<Plan, "cluster">): OwnChanges => {
  const writes = writeSet({ stages: [{ title: "", locks: [], steps: begun }], cluster });
  const keys = new Set([
    ...writes.flatMap((write) => (write.kind === "topo-key" ? [keyName(write)] : [])),
    // An ending vttablet writes its own Tablet record.
    ...begun.flatMap((step) => (step.kind === "tablet.stop" ? [keyName(step)] : [])),
  ]);
  const processes = new Set(writes.flatMap((write) => (write.kind === "process" ? [write.alias] : [])));
  return {
    wroteKey: (at) => keys.has(keyName(at)),
    changedStreams: ({ tablet, workflow }) =>
      processes.has(tablet.alias) ||
      begun.some(
        (step) =>
          (step.kind === "stream.delete" || step.kind === "row.clear" || step.kind === "ghost.stop") &&
          step.tablet.alias === tablet.alias &&
          step.workflow === workflow,
      ),
  };
};

const keyName = ({ server, key }: KeyRef): string => `${server} ${key}`;
