import type { StepOf } from "../../plan/steps/index.js";
import { imageOfKey } from "../record-edit.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { unchanged, writeFenced } from "../topo-write.js";
import { type Check, done, doneAlready, type Effect, READY, refused, silent } from "../verdict.js";

type Clear = StepOf<"lock.clear">;

/** etcd's "no lease": not written by Vitess, or restored from a backup without leases; it never ends by itself. */
const NO_LEASE = "0";

/** Ends an abandoned lock by revoking its lease, which removes the key in the same moment (docs/vitess.md#abandoned-locks). */
export const lockClear: StepRunner<"lock.clear"> = {
  image: imageOfKey,
  check: judge,

  async run(step, site): Promise<Effect> {
    const now = await judge(step, site);
    if (now.kind === "refused" || now.kind === "unanswered") return now;
    if (now.kind === "done-already") return done(now.said);
    if (step.lease === NO_LEASE) {
      const failed = await writeFenced(site, {
        server: step.server,
        compares: [unchanged(step.key, step.modRevision)],
        operations: [{ kind: "delete", key: step.key }],
        movedWords: `${step.key} was taken again`,
      });
      return failed ?? done(`deleted ${step.key}`);
    }
    const revoked = await site.world.store(step.server).revoke(step.lease);
    return revoked.kind === "unanswered"
      ? silent(step.server, revoked)
      : done(`revoked the lease of ${step.key}`);
  },

  verify: judge,
};

async function judge(step: Clear, site: Site): Promise<Check> {
  const got = await site.world.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const entry = got.value.entry;
  if (entry === null) return doneAlready(`${step.key} is gone`);
  return entry.modRevision === step.modRevision && entry.lease === step.lease
    ? READY
    : refused(`${step.key} is another lock than when the plan was made`);
}
