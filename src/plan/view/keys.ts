import type { Snapshot } from "../../snapshot/snapshot.js";
import type { Read } from "../refs.js";

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

export interface TopoRoot {
  readonly server: string;
  readonly root: string;
}

/** Where the records of keyspaces, shards and rules live. */
export const globalRoot = (snapshot: Snapshot): TopoRoot => {
  const [global] = snapshot.rows("topo_root", { name: "global" });
  if (global === undefined) throw new Error("a snapshot without a global root");
  return global;
};

/** The version of a key that a plan rests on; 0 where it must not exist. */
export const keyRead = (snapshot: Snapshot, server: string, key: string): Read => ({
  kind: "topo-key",
  server,
  key,
  modRevision: keyFact(snapshot, server, key)?.modRevision ?? 0,
});

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
