import { distinct } from "../../cluster/distinct.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { type Draft, type DraftStep, worthRunning } from "../draft.js";
import { deleteSteps, goneSteps, keyNotes, keySteps, stopSteps, vdiffSteps } from "../end-streams.js";
import { tabletRef } from "../facts/processes.js";
import { streamPremises } from "../facts/stream-facts.js";
import { keyPremise } from "../facts/topology.js";
import type { LockScope, Premise } from "../fields.js";
import { absencePremises } from "./environment.js";
import { type TableSet, tableSets } from "./table-sets.js";
import type { Cancellable } from "./types/cancel-type.js";

export interface CancelOptions {
  readonly keep: boolean;
  readonly purge: boolean;
  readonly keepRoutingRules: boolean;
  readonly restoreSecondaryKeys: boolean;
  readonly holdSchema: HoldSchema;
}

/** `database`: its place, from 0, among those that the tables are in. */
export type HoldSchema = (database: number) => string;

/**
 * The order of a cancel (docs/decisions.md#d16); the rows go last, because they alone say which tables, shards and sources the workflow
 * had.
 */
export const cancelDraft = (snapshot: Snapshot, subject: Cancellable, options: CancelOptions): Draft => {
  const forward = [...subject.groups, ...subject.references];
  const sets = options.keep ? [] : tableSets(snapshot, forward);
  const databases = distinct(sets.map(({ group }) => group.dbName));
  const workflows = forward.map((group) => group.workflow);
  const records = subject.type.records(snapshot, subject, options);
  const vdiffs = [...subject.targets, ...subject.sources]
    .flatMap((side) => side.primaries)
    .flatMap((primary) => vdiffSteps(snapshot, primary, [...workflows, `${subject.workflow}_reverse`]));
  const steps: readonly DraftStep[] = [
    ...stopSteps(snapshot, [...forward, ...subject.reverse], () => false, vdiffs),
    ...keySteps(snapshot, forward, { apply: options.keep && options.restoreSecondaryKeys }),
    ...sets.flatMap((set) => tableSteps(snapshot, set, databases.indexOf(set.group.dbName), options)),
    ...records.denials,
    ...deleteSteps(snapshot, subject.reverse),
    ...records.routing,
    ...deleteSteps(snapshot, forward),
    ...goneSteps(snapshot, [...forward, ...subject.reverse]),
    ...records.last,
  ];
  return {
    repairs: [],
    stages: worthRunning([
      {
        title: `Cancel ${subject.kind} ${subject.keyspace}.${subject.workflow}`,
        locks: locks(subject),
        steps,
      },
    ]),
    premises: cancelPremises(snapshot, subject),
    blocked: [],
    notes: [...notes(snapshot, subject, sets, options), ...records.notes],
  };
};

const tableSteps = (
  snapshot: Snapshot,
  { group, tables, views }: TableSet,
  database: number,
  options: CancelOptions,
): readonly DraftStep[] => {
  if (tables.length === 0) return [];
  const at = { tablet: tabletRef(snapshot, group.process), dbName: group.dbName, tables };
  return options.purge
    ? [{ kind: "table.drop", ...at }]
    : [{ kind: "table.hold", ...at, holdSchema: options.holdSchema(database), views }];
};

/** Vitess's order (docs/vitess.md#lock-order). */
const locks = (subject: Cancellable): readonly LockScope[] => [
  ...[...new Set([...subject.groups, ...subject.references].map((group) => group.workflow))]
    .sort()
    .map((workflow): LockScope => ({ kind: "workflow", keyspace: subject.keyspace, workflow })),
  ...[...new Set([subject.sourceKeyspace, subject.keyspace])].map(
    (keyspace): LockScope => ({ kind: "keyspace", keyspace }),
  ),
];

const notes = (
  snapshot: Snapshot,
  subject: Cancellable,
  sets: readonly TableSet[],
  options: CancelOptions,
): readonly string[] => [
  ...subject.references.map(
    (group) =>
      `the streams of ${group.workflow} on ${group.process.alias} are Reshard's copies of a reference table's and go too; on the sources they stay`,
  ),
  ...sets.flatMap(({ group, views }) =>
    views.map(
      (view) =>
        `the view ${view} on ${group.process.alias} reads from tables that go: it stays, broken, and Vitess can not read the schema there (a new workflow fails) until somebody drops it or the tables are back`,
    ),
  ),
  ...(options.keep
    ? subject.groups
        .filter((group) => group.streams.some((stream) => stream.copying === 1))
        .map((group) => `the copy to ${group.process.alias} has not ended: the kept tables are partial`)
    : []),
  ...(options.keep && !options.restoreSecondaryKeys
    ? keyNotes(
        snapshot,
        [...subject.groups, ...subject.references],
        ", and run with --restore-secondary-keys",
      )
    : []),
];

/** What "not switched" was concluded from. */
const cancelPremises = (snapshot: Snapshot, subject: Cancellable): readonly Premise[] => [
  ...[...subject.targets, ...subject.sources].flatMap((side) =>
    side.record === null ? [] : [keyPremise(snapshot, side.record.server, side.record.key)],
  ),
  ...subject.type.restsOn(snapshot, subject),
  ...streamPremises(snapshot, [...subject.groups, ...subject.references, ...subject.reverse]),
  ...absencePremises(snapshot, subject),
];
