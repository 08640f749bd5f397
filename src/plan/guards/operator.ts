import type { Snapshot } from "../../snapshot/snapshot.js";
import { flagValue } from "../../tablets/command-line.js";
import { decodeTablet } from "../../topology/records.js";
import type { Guard } from "../draft.js";
import type { OrphanShard } from "../view/dropped-shard.js";
import { shardName } from "../view/shards.js";

/** Every label of vitess-operator begins so (pkg/apis/planetscale/v2/labels.go); whoever copies them to tablets does it with --init-tags. */
const LABEL_PREFIX = "planetscale.com/";

/** Where its pods have the socket of mysqlctld (pkg/operator/vttablet/constants.go), which it passes to every vttablet. */
const POD_SOCKET = "/vt/socket/mysqlctl.sock";

/**
 * Tablets of vitess-operator: it prunes the records of what its custom resource does not have, starts again what it has, and would undo
 * either repair.
 */
export const ownedByOperator: Guard<OrphanShard> = (snapshot, orphan) => {
  const signs = [...tagged(snapshot, orphan), ...inPods(snapshot, orphan)];
  const [sign] = signs;
  return sign === undefined
    ? []
    : [
        {
          reason: `the tablets of ${shardName(orphan)} belong to vitess-operator (${sign}), which would undo what is done here`,
          instead: `change the custom resource first: the VitessCluster whose keyspace ${orphan.keyspace} has, or is to lose, the shard ${orphan.shard}; the operator then starts or ends the tablets itself`,
        },
      ];
};

const tagged = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] => {
  const { keyspace, shard } = orphan;
  const recorded = snapshot.rows("tablet", { keyspace, shard });
  const deleted = orphan.tablets.flatMap(({ alias, value }) => {
    const record = decodeTablet(value);
    return record.kind === "answered" ? [{ alias, tags_json: JSON.stringify(record.value.tags) }] : [];
  });
  return [...recorded, ...deleted].flatMap(({ alias, tags_json }) =>
    Object.entries(JSON.parse(tags_json) as Readonly<Record<string, string>>)
      .filter(([name]) => name.startsWith(LABEL_PREFIX))
      .map(([name, value]) => `${alias} has the tag ${name}=${value}`),
  );
};

const inPods = (snapshot: Snapshot, orphan: OrphanShard): readonly string[] =>
  orphan.processes.flatMap(({ alias, address }) => {
    const [live] = snapshot.rows("live_tablet", { address });
    const words = JSON.parse(live?.command_line_json ?? "[]") as readonly string[];
    return flagValue(words, "mysqlctl-socket") === POD_SOCKET
      ? [`${alias} was started with --mysqlctl_socket=${POD_SOCKET}, as its pods are`]
      : [];
  });
