import { type Clock, stopwatch } from "../../cluster/clock.js";
import type { Outcome, Unanswered } from "../../cluster/outcome.js";
import type { TopologyStore } from "../../topology/store.js";

/** An etcd elects a new leader in 1 to 3 s; a lock's lease of 30 s outlives this, and whether it did is asked before the next call. */
const PATIENCE_MS = 8_000;
const AGAIN_MS = 500;

/**
 * The store of a run that holds locks: what only reads is asked again for a while where nobody answers, so that an election in etcd
 * does not stop the run between two steps. Writes are never sent twice.
 */
export const patientStore = (store: TopologyStore, clock: Clock): TopologyStore => {
  const patiently = async <T>(ask: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    const waited = stopwatch(clock);
    let outcome = await ask();
    while (outcome.kind === "unanswered" && mayPass(outcome) && waited() + AGAIN_MS < PATIENCE_MS) {
      await clock.sleep(AGAIN_MS);
      outcome = await ask();
    }
    return outcome;
  };
  return {
    server: store.server,
    status: () => patiently(() => store.status()),
    range: (request) => patiently(() => store.range(request)),
    get: (key, revision) => patiently(() => store.get(key, revision)),
    lease: (id) => patiently(() => store.lease(id)),
    txn: (request) => store.txn(request),
    grant: (ttlSeconds) => store.grant(ttlSeconds),
    revoke: (id) => store.revoke(id),
    close: () => store.close(),
  };
};

/** `failed`: etcd's own errors, of which "leader changed" and "no leader" pass. */
const mayPass = ({ reason, message }: Unanswered): boolean =>
  reason === "unreachable" || reason === "timeout" || (reason === "failed" && /leader/.test(message));
