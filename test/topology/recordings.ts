import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TxnOp } from "../../src/topology/store.js";

const FOLDER = join(import.meta.dirname, "../../fixtures/recordings");

export const recordings = (): readonly string[] =>
  readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

export interface RecordedKey {
  readonly key: string;
  readonly value: Uint8Array;
}

export const recordedKeys = (recording: string): readonly RecordedKey[] =>
  read<{ kvs: { key: string; value_base64: string }[] }>(recording, "topology.json").kvs.map(
    ({ key, value_base64 }) => ({ key, value: new Uint8Array(Buffer.from(value_base64, "base64")) }),
  );

/** What every revision of the recording did, the first being 2: put into an empty etcd in order, revisions come out equal. */
export function recordedRevisions(recording: string): ReadonlyMap<number, readonly TxnOp[]> {
  const events = read<{ revision: number; type: "put" | "delete"; key: string; value_base64: string }[]>(
    recording,
    "history.json",
  );
  const revisions = new Map<number, TxnOp[]>();
  for (const { revision, type, key, value_base64 } of events) {
    const value = new Uint8Array(Buffer.from(value_base64, "base64"));
    const operation: TxnOp = type === "put" ? { kind: "put", key, value } : { kind: "delete", key };
    revisions.set(revision, [...(revisions.get(revision) ?? []), operation]);
  }
  return revisions;
}

const read = <T>(recording: string, file: string): T =>
  JSON.parse(readFileSync(join(FOLDER, recording, file), "utf8"));
