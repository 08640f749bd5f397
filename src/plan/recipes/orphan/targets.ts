import type { Finding } from "../../../findings/finding.js";
import type { Snapshot } from "../../../snapshot/snapshot.js";
import { type Process, processAt, processesOfAlias } from "../../view/processes.js";
import type { ShardRef } from "../../view/shards.js";

export interface OrphanTarget extends ShardRef {
  readonly finding: string | null;
}

/** The shards that findings are about; a finding of a tablet or a stream leads to the shard that its process says it is of. */
export const orphanTargets = (snapshot: Snapshot, findings: readonly Finding[]): readonly OrphanTarget[] => {
  const ofShards = findings.filter((finding) => !("alias" in finding.object || "address" in finding.object));
  const others = findings.filter((finding) => !ofShards.includes(finding));
  // Later ones win where two name one shard, so that the plan speaks of the shard's own finding.
  return [...others, ...ofShards].flatMap((finding) => targetOf(snapshot, finding));
};

const targetOf = (snapshot: Snapshot, finding: Finding): readonly OrphanTarget[] => {
  const { keyspace, shard, alias, address } = finding.object;
  if (keyspace !== undefined && shard !== undefined) return [{ keyspace, shard, finding: finding.id }];
  return processesNamed(snapshot, alias, address).map((process) => ({
    keyspace: process.keyspace,
    shard: process.shard,
    finding: finding.id,
  }));
};

const processesNamed = (
  snapshot: Snapshot,
  alias: string | undefined,
  address: string | undefined,
): readonly Process[] => {
  if (alias !== undefined) return processesOfAlias(snapshot, alias);
  const process = address === undefined ? null : processAt(snapshot, address);
  return process === null ? [] : [process];
};
