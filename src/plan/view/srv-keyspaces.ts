import type { SrvKeyspace } from "../../proto/gen/topodata_pb.js";
import type { Snapshot } from "../../snapshot/snapshot.js";
import { srvKeyspaceKey } from "../../topology/paths.js";
import { decodeSrvKeyspace } from "../../topology/records.js";
import type { Read } from "../refs.js";
import { base64, keyFact, keyRead } from "./keys.js";
import { cells } from "./shard-records.js";

/** How one cell routes a keyspace. */
export interface CellGraph {
  readonly cell: string;
  /** 0: the cell did not answer, so that it has no record proves nothing. */
  readonly answered: number;
  readonly server: string;
  readonly key: string;
  /** 0: there is no record. */
  readonly modRevision: number;
  /** Base64; null: there is no record. */
  readonly bytes: string | null;
  /** `unreadable`: bytes that are no SrvKeyspace. */
  readonly record: SrvKeyspace | "absent" | "unreadable";
}

/** Of every cell, in the order of their names. */
export const cellGraphs = (snapshot: Snapshot, keyspace: string): readonly CellGraph[] =>
  cells(snapshot).map(({ cell, answered, server, root }) => {
    const key = srvKeyspaceKey(root, keyspace);
    const fact = keyFact(snapshot, server, key);
    const decoded = fact === null ? null : decodeSrvKeyspace(fact.value);
    return {
      cell,
      answered,
      server,
      key,
      modRevision: fact?.modRevision ?? 0,
      bytes: fact === null ? null : base64(fact.value),
      record: decoded === null ? "absent" : decoded.kind === "answered" ? decoded.value : "unreadable",
    };
  });

/** Where queries of a keyspace go, cell by cell; that a cell has no record is a fact too. */
export const servingReads = (snapshot: Snapshot, keyspace: string): readonly Read[] =>
  cells(snapshot).map(({ server, root }) => keyRead(snapshot, server, srvKeyspaceKey(root, keyspace)));
