import type { Clock } from "../cluster/clock.js";
import { IncompleteError, RefusedError } from "../cluster/errors.js";
import type { Unanswered } from "../cluster/outcome.js";
import { markOf, otherCluster } from "../plan/facts/cluster.js";
import type { ClusterMark, Plan } from "../plan/plan.js";
import type { Refused, Silent } from "./check.js";
import type { Ports } from "./ports.js";
import { movedKey, movedRows, ownChanges } from "./premises.js";

const NOTHING = "nothing was changed";

export function refuseExpired(plan: Plan, clock: Clock): void {
  if (clock.now() > plan.expiresAt) {
    throw new RefusedError(
      `plan ${plan.id} expired at ${new Date(plan.expiresAt).toISOString()}; ${anew(plan)}; ${NOTHING}`,
    );
  }
}

/** A begun run that goes on days later would do what was decided on another day's cluster; only what needs no consent may still be done. */
export function refuseExpiredResume(plan: Plan, done: { has(step: string): boolean }, clock: Clock): void {
  if (clock.now() <= plan.expiresAt) return;
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const open = steps.filter((step) => step.class === "confirm" && !done.has(step.id));
  if (open.length === 0) return;
  const anew = plan.run === undefined ? plan.command : `vtdoctor ${plan.operation} ${plan.run}`;
  const back = plan.run === undefined ? `take back what it did with \`vtdoctor undo ${plan.id}\`, or ` : "";
  throw new RefusedError(
    `run ${plan.id} is too old to go on: its plan expired at ${new Date(plan.expiresAt).toISOString()}, and ${open.map(({ id }) => id).join(", ")} would still change something; ${back}plan anew with \`${anew}\`; ${NOTHING}`,
  );
}

/** A plan is bound to the etcd clusters that it was made on: an address may lead to another one, which may share the cluster id. */
export async function proveCluster(plan: Plan, ports: Ports): Promise<void> {
  for (const [server, expected] of Object.entries(plan.cluster.clusterIds)) {
    const status = await ports.store(server).status();
    if (status.kind === "unanswered") throw unproven(server, status);
    if (status.value.clusterId !== expected) {
      throw new RefusedError(
        `${server} is etcd cluster ${status.value.clusterId}, and plan ${plan.id} was made for ${expected}; ${NOTHING}`,
      );
    }
    const other = otherCluster(plan, server, await marksOn(server, plan, ports));
    if (other !== null) throw new RefusedError(`${other}; ${NOTHING}`);
  }
}

/** The keys of the plan's marks of a server, as they are now. */
async function marksOn(server: string, plan: Plan, ports: Ports): Promise<readonly ClusterMark[]> {
  const found: ClusterMark[] = [];
  for (const { key } of plan.cluster.marks.filter((mark) => mark.server === server)) {
    const got = await ports.store(server).get(key);
    if (got.kind === "unanswered") throw unproven(server, got);
    if (got.value.entry !== null) found.push(markOf(server, got.value.entry));
  }
  return found;
}

const unproven = (server: string, { reason, message }: Unanswered): IncompleteError =>
  new IncompleteError(`${server} did not answer (${reason}): ${message}; ${NOTHING}`);

const anew = ({ command }: Plan): string => `make a new one with \`${command}\``;

/** All that can refuse a plan before its first lock: it is too old, another cluster's, or stale. */
export async function proveStart(plan: Plan, ports: Ports): Promise<void> {
  refuseExpired(plan, ports.clock);
  await proveCluster(plan, ports);
  await provePremises(plan, ports);
}

/** A stale plan never runs (docs/decisions.md#p8). `begun`: ids of the steps that its run has begun. */
export async function provePremises(
  plan: Plan,
  ports: Ports,
  begun: ReadonlySet<string> = new Set(),
): Promise<void> {
  const steps = plan.stages.flatMap((stage) => stage.steps);
  const own = ownChanges(
    steps.filter(({ id }) => begun.has(id)),
    plan,
  );
  const moved = (await movedKey(plan.premises, own, ports)) ?? (await movedRows(plan.premises, own, ports));
  if (moved !== null) throw stale(plan, moved);
}

const stale = (plan: Plan, moved: Refused | Silent): RefusedError | IncompleteError =>
  moved.kind === "refused"
    ? new RefusedError(`plan ${plan.id} is stale: ${moved.reason}; ${anew(plan)}; ${NOTHING}`)
    : new IncompleteError(`plan ${plan.id} can not be proven: ${moved.reason}; ${NOTHING}`);
