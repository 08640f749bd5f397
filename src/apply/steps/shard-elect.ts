import { formatAlias, parseAlias } from "../../cluster/alias.js";
import type { StepOf } from "../../plan/steps/index.js";
import type { Shard } from "../../proto/gen/topodata_pb.js";
import { decodeShard } from "../../topology/records.js";
import { done, type Effect, type Known, known, refused, silent } from "../check.js";
import type { RunContext } from "../run-context.js";
import { stepRunner } from "../step-runner.js";

type Elect = StepOf<"shard.elect">;

/** vtctld's own PlannedReparentShard (docs/decisions.md#d21). An election that VTOrc won meanwhile is as good. */
export const shardElect = stepRunner<"shard.elect", Shard | null>({
  image: null,
  look,
  ended: (step, shard) => {
    const primary = primaryOf(shard);
    return primary === null ? null : `${step.keyspace}/${step.shard} has ${primary} as its primary`;
  },
  guards: {
    readable: (step, shard) =>
      shard === null ? refused(`${step.key} is gone or can not be read; scan again`) : null,
  },

  async run(step, context): Promise<Effect> {
    const { vtctld } = context.ports;
    const alias = parseAlias(step.alias);
    if (vtctld === null || alias === null)
      return refused(`no vtctld is named to elect ${step.alias}: give --server, then resume`);
    const reply = await vtctld.plannedReparent(step.keyspace, step.shard, alias);
    if (reply.kind === "answered") return done(`${vtctld.address} elected ${step.alias}`);
    return reply.reason === "failed"
      ? refused(`${vtctld.address} did not elect ${step.alias}: ${reply.message}`)
      : silent(vtctld.address, reply);
  },
});

async function look(step: Elect, { ports }: RunContext): Promise<Known<Shard | null>> {
  const got = await ports.store(step.server).get(step.key);
  if (got.kind === "unanswered") return silent(step.server, got);
  const shard = got.value.entry === null ? null : decodeShard(got.value.entry.value);
  return known(shard?.kind === "answered" ? shard.value : null);
}

const primaryOf = (shard: Shard | null): string | null => {
  const alias = shard?.primaryAlias;
  return alias === undefined || alias.cell === "" ? null : formatAlias(alias);
};
