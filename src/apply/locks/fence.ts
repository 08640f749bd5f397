import type { Compare } from "../../topology/store.js";
import { type Refused, refused, type Silent } from "../check.js";
import { sameServer } from "../records/topo-roots.js";
import { type HeldLock, lostWords } from "./held-lock.js";

/**
 * The locks of a stage as a condition of every write (docs/decisions.md#d15). etcd's locks do not give mutual exclusion: a holder that was
 * stopped for longer than its lease still believes in it. So a write to the locks' own cluster carries "my lock keys still have my
 * create revision" in its transaction, and before a write elsewhere the leases are asked for.
 */
export class Fence {
  constructor(private readonly locks: readonly HeldLock[]) {}

  /** Compares to put into a transaction on `server`. */
  compares(server: string): readonly Compare[] {
    return this.locks
      .filter((lock) => sameServer(lock.server, server))
      .map((lock) => ({ key: lock.key, target: "create", equals: lock.createRevision }));
  }

  /** The name of a lock that is known to be lost, without asking anybody. */
  lostLock(): string | null {
    return this.locks.find((lock) => lock.lost())?.name ?? null;
  }

  /** Asks for every lock that `compares` can not cover; null: all are still ours. `server` null: asks for all of them. */
  async broken(server: string | null): Promise<Refused | Silent | null> {
    for (const lock of this.locks) {
      if (lock.lost()) return refused(lostWords(lock.name));
      if (server !== null && sameServer(lock.server, server)) continue;
      const proof = await lock.prove();
      if (proof !== null) return proof;
    }
    return null;
  }
}
