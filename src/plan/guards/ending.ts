import type { Stopping } from "../context.js";
import type { Guard } from "../draft.js";
import type { Process } from "../view/processes.js";
import { type ShardRef, shardName } from "../view/shards.js";

export const nobodySaidHow: Guard<ShardRef & { readonly stopping: Stopping | null }> = (_, shard) =>
  shard.stopping !== null
    ? []
    : [
        {
          reason: `nobody said how the vttablets of ${shardName(shard)} are ended: under a supervisor they would come back and bring the shard back`,
          instead:
            "name the command that stops one for good as hooks.stopTablet (config key or flag, like 'systemctl stop vttablet@{alias}'), or give --unsupervised where nothing starts them again",
        },
      ];

/** Only where the record of a process is known can it be said how the process ends. */
export const unknownRecords: Guard<{ readonly processes: readonly Process[] }> = (_, { processes }) =>
  processes
    .filter(({ record }) => record === "unknown")
    .map(({ alias }) => ({
      reason: `the cell of ${alias} did not answer, so nobody knows whether its record exists`,
      instead: "make the cell's topology server reachable, then plan again",
    }));
