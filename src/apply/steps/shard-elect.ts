import { formatAlias, parseAlias } from "../../cluster/alias.js";
import type { StepOf } from "../../plan/steps/index.js";
import { decodeShard } from "../../topology/records.js";
import type { Site } from "../site.js";
import type { StepRunner } from "../step-runner.js";
import { type Check, done, doneAlready, type Effect, READY, refused, silent } from "../verdict.js";

type Elect = StepOf<"shard.elect">;

/** vtctld's own PlannedReparentShard (docs/decisions.md#d21). An election that VTOrc won meanwhile is as good. */
export const shardElect: StepRunner<"shard.elect"> = {
  image: null,
  check: judge,

  async run(step, site): Promise<Effect> {
    const { vtctld } = site.world;
    const alias = parseAlias(step.alias);
    if (vtctld === null || alias === null)
      return refused(`no vtctld is named to elect ${step.alias}: give --server, then resume`);
    const reply = await vtctld.plannedReparent(step.keyspace, step.shard, alias);
    if (reply.kind === "answered") return done(`${vtctld.address} elected ${step.alias}`);
    return reply.reason === "failed"
      ? refused(`${vtctld.address} did not elect ${step.alias}: ${reply.message}`)
      : silent(vtctld.address, reply);
  },

  verify: judge,
};

async function judge(step: Elect, { world }: Site): Promise<Check> {
  const got = await world.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const shard = got.value.entry === null ? null : decodeShard(got.value.entry.value);
  if (shard?.kind !== "answered") return refused(`${step.key} is gone or can not be read; scan again`);
  const { primaryAlias } = shard.value;
  return primaryAlias === undefined || primaryAlias.cell === ""
    ? READY
    : doneAlready(`${step.keyspace}/${step.shard} has ${formatAlias(primaryAlias)} as its primary`);
}
