import type { Snapshot } from "../../snapshot/snapshot.js";
import { srvKeyspaceKey } from "../../topology/paths.js";
import type { Read } from "../plan.js";
import { keyRead } from "./keys.js";
import { cells } from "./shards.js";

/** Where queries of a keyspace go, cell by cell; that a cell has no record is a fact too. */
export const servingReads = (snapshot: Snapshot, keyspace: string): readonly Read[] =>
  cells(snapshot).map(({ server, root }) => keyRead(snapshot, server, srvKeyspaceKey(root, keyspace)));
