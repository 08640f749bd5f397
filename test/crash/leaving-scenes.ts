import { TabletType } from "../../src/proto/gen/topodata_pb.js";
import { plannedReparent } from "../../src/sim/native/reparent.js";
import { migrateServedType, setControls } from "../sim/native/serving-switch.js";
import { switchReads } from "../sim/native/switch-traffic.js";
import { orphaned, running, type Scene } from "./scene.js";

/** The seed's orphans leave for good: v19 ends them by ChangeType. */
export const retired: Scene = {
  ...orphaned,
  name: "orphans that leave by themselves",
  fixes: ["shard-missing-live-tablets"],
  fixing: { orphans: "retire", stopping: { kind: "unsupervised", watchMs: 120_000 } },
};

/** One orphan was restarted after the cancel: its shard is back, without a primary. */
export const returned: Scene = {
  name: "a shard that came back without a primary",
  build() {
    const cluster = orphaned.build();
    const tablet = cluster.tablet("zone1-0000000200");
    tablet.stop();
    cluster.restart(tablet);
    cluster.clock.advance(60_000);
    return cluster;
  },
  request: {},
  fixes: ["shard-never-had-primary", "shard-missing-live-tablets"],
};

/** The same, and vtctld elects who was primary. */
export const returnedElected: Scene = {
  ...returned,
  name: "a shard that came back and gets a primary",
  fixing: { vtctld: "vtctld:15999" },
  // The term of the new primary.
  timed: /\/shards\/-80\/Shard$|\/zone1-0000000200\/Tablet$/,
};

/** The same, and nobody wants it back: its vttablets end by the operator's command, then its records go. */
export const returnedRetired: Scene = {
  ...returned,
  name: "a shard that came back and leaves for good",
  fixing: {
    orphans: "retire",
    stopping: { kind: "command", template: ["stop", "{alias}"], watchMs: 120_000 },
  },
};

/** VTOrc elected it before anybody looked, so its stream runs again; nobody wants it. */
export const resumedRetired: Scene = {
  ...returnedRetired,
  name: "a shard whose stream was resumed and that leaves for good",
  build() {
    const cluster = returned.build();
    cluster.run(plannedReparent(cluster, cluster.tablet("zone1-0000000200")));
    cluster.clock.advance(60_000);
    return cluster;
  },
  fixes: ["cancelled-stream-resumed", "shard-missing-live-tablets"],
};

/** Its target shards are not wanted either: their vttablets end by the operator's command. */
export const targetsRetired: Scene = {
  ...running,
  name: "a running Reshard, whose target shards leave",
  request: {
    retire: { kind: "command", template: ["stop", "{alias}"], watchMs: 120_000 },
  },
};

/** The same where nobody supervises them: a read switch that was taken back has left controls in SrvKeyspace. */
export const targetsRetiredAlone: Scene = {
  name: "a running Reshard, whose target shards leave by themselves",
  build() {
    const cluster = running.build();
    cluster.run(switchReads(cluster, { keyspace: "customer", workflow: "c2" }));
    const targets = ["-80", "80-"];
    for (const type of [TabletType.REPLICA, TabletType.RDONLY]) {
      drain(setControls(cluster, "customer", type, targets, true));
      drain(setControls(cluster, "customer", type, ["0"], false));
      drain(migrateServedType(cluster, "customer", type, targets, ["0"]));
    }
    return cluster;
  },
  request: { retire: { kind: "unsupervised", watchMs: 120_000 } },
};

const drain = (effects: Generator<string, void>): void => {
  while (!effects.next().done);
};
