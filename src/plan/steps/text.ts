import type { StreamSet, TabletRef } from "../fields.js";

export const tabletName = (tablet: TabletRef): string =>
  `${tablet.alias} (${tablet.keyspace}/${tablet.shard} ${tablet.type})`;

/** Null where nobody is to be asked. */
export const hasNoStream = ({ idle }: { readonly idle?: TabletRef }): string | null =>
  idle === undefined ? null : `${idle.alias} has no stream of any workflow`;

export const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

interface Rows {
  readonly workflow: string;
  readonly rows: readonly { readonly id: number }[];
}

/** `streams 1, 2 of c2` */
export const streamNames = (workflow: string, ids: readonly number[]): string =>
  `stream${ids.length === 1 ? "" : "s"} ${ids.join(", ")} of ${workflow}`;

export const streamsOf = ({ workflow, rows }: Rows): string =>
  streamNames(
    workflow,
    rows.map(({ id }) => id),
  );

export const streamSetNames = (sets: readonly StreamSet[]): string =>
  sets.map((set) => `${streamNames(set.workflow, set.ids)} on ${set.tablet.alias}`).join("; ");

export const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

/** `KEY is still at revision 7`; 0: the key must not exist. */
export const keyAsRead = (step: { readonly key: string; readonly modRevision: number }): string =>
  step.modRevision === 0
    ? `${step.key} does not exist`
    : `${step.key} is still at revision ${step.modRevision}`;

/** The last part of a key, or the parent's where it is a record's name: what a step id names. */
export const endOfKey = ({ key }: { readonly key: string }): string => key.slice(key.lastIndexOf("/") + 1);
