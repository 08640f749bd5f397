import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Read } from "../plan.js";

export interface KeyFact {
  readonly server: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
  readonly createRevision: number;
}

export const keyFact = (snapshot: Snapshot, server: string, key: string): KeyFact | null => {
  const [row] = snapshot.rows("topo_key", { server, key });
  return row === undefined
    ? null
    : { server, key, value: row.value, modRevision: row.mod_revision, createRevision: row.create_revision };
};

/** The version of a key that a plan rests on; 0 where it must not exist. */
export const keyRead = (snapshot: Snapshot, server: string, key: string): Read => ({
  kind: "topo-key",
  server,
  key,
  modRevision: keyFact(snapshot, server, key)?.modRevision ?? 0,
});

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
