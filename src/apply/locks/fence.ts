import type { Compare } from "../../topology/store.js";
import { type Refused, refused, type Silent } from "../check.js";
import { sameServer } from "../records/topo-roots.js";
import { type HeldLock, lostWords } from "./held-lock.js";

/**
 * Until when a call has begun to do what it does, or never will: its connection is made within 5 s (`tablets/grpc.ts`), and MySQL lets a
 * DDL wait 10 s for its table (`mysql/ddl.ts`). What takes longer then takes it under a lease that is renewed meanwhile.
 */
const CALL_BEGINS_MS = 15_000;

const shortWords = (lock: HeldLock): string =>
  `the lock on ${lock.name} is proven ours for ${Math.floor(lock.leftMs() / 1000)} s more, and a call under it may take ${CALL_BEGINS_MS / 1000} s to begin: its etcd did not renew it in time`;

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
    return this.locks.find((lock) => lock.leftMs() === 0)?.name ?? null;
  }

  /**
   * Asks for every lock that `compares` can not cover; null: all are still ours, and proven for as long as the call that follows may take
   * to begin. `server` null: asks for all of them.
   */
  async broken(server: string | null): Promise<Refused | Silent | null> {
    for (const lock of this.locks) {
      if (lock.leftMs() === 0) return refused(lostWords(lock.name));
      if (server !== null && sameServer(lock.server, server)) continue;
      const proof = await lock.prove();
      if (proof !== null) return proof;
    }
    // In the same turn as the call: what was proven of the first one is as old as the proof of the last.
    const short = this.locks.find((lock) => lock.leftMs() < CALL_BEGINS_MS);
    return short === undefined ? null : { kind: "unanswered", reason: shortWords(short) };
  }
}
