import { formatAlias } from "../../../cluster/alias.js";
import { decodeShard } from "../../../topology/records.js";
import type { Process } from "../../view/processes.js";
import { shardName } from "../../view/shards.js";
import type { OrphanShard } from "../orphan/inspect.js";

/** Who should be primary: who was when the shard was dropped, else who takes writes; its MySQL has every transaction of the shard. */
export const candidate = (shard: OrphanShard): Process | null => {
  const dropped = shard.deletion === null ? null : decodeShard(shard.deletion.value);
  const alias = dropped?.kind === "answered" ? dropped.value.primaryAlias : undefined;
  const before = alias === undefined ? null : formatAlias(alias);
  const fit = shard.processes.filter(({ type }) => type === "REPLICA" || type === "PRIMARY");
  return (
    fit.find((process) => process.alias === before) ??
    fit.find((process) => process.readOnly === 0) ??
    fit[0] ??
    null
  );
};

export const electCommand = (shard: OrphanShard): string =>
  `vtctldclient PlannedReparentShard ${shardName(shard)} --new-primary ${candidate(shard)?.alias ?? "ALIAS"}`;
