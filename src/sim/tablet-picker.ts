import type { StreamSource } from "../cluster/stream-source.js";
import { type Tablet, TabletType } from "../proto/gen/topodata_pb.js";
import type { SidecarRow } from "../tablets/access.js";
import type { PickedSource } from "./controller.js";
import type { Random } from "./random.js";
import type { TabletProcess } from "./tablet-process.js";
import type { SimTopology } from "./topology.js";

/** The types whose query service is open. */
export const SERVING_TYPES = [TabletType.PRIMARY, TabletType.REPLICA, TabletType.RDONLY];

interface PickerWorld {
  readonly topology: SimTopology;
  readonly random: Random;
  /** The process that a Tablet record leads to. */
  tabletAt(record: Tablet): TabletProcess | null;
}

/**
 * A serving tablet of the stream's source that the topology knows (`discovery/tablet_picker.go`): of the first wanted type that has one
 * when `in_order:`, else any of the wanted types.
 */
export const pickSource = (
  world: PickerWorld,
  source: StreamSource,
  row: SidecarRow,
  prefer: string,
): PickedSource | null => {
  if (source.externalCluster !== "" || source.externalMysql !== "") return null;
  const { topology, random } = world;
  const serving = topology
    .replicas(source.keyspace, source.shard)
    .flatMap((alias): readonly TabletProcess[] => {
      const record = topology.tablet(alias).get();
      const tablet = record === null ? null : world.tabletAt(record);
      return tablet?.serving === true ? [tablet] : [];
    });
  const wanted = row.tablet_types ?? "";
  const groups = wantedTypes(wanted).map((type) => serving.filter((tablet) => tablet.type === type));
  const candidates = wanted.startsWith("in_order:")
    ? (groups.find((group) => group.length > 0) ?? [])
    : groups.flat();
  const picked =
    candidates.find(({ name }) => name === prefer) ??
    candidates[random.below(Math.max(1, candidates.length))];
  if (picked === undefined) return null;
  const { alias, mysql } = picked;
  return { alias, mysql, alive: () => picked.running && mysql.running };
};

/** `in_order:replica,primary`; empty is vttablet's default. */
const wantedTypes = (text: string): readonly TabletType[] =>
  (text === "" ? "replica,primary" : text)
    .replace(/^in_order:/, "")
    .split(",")
    .map((name) => SERVING_TYPES.find((type) => TabletType[type] === name.trim().toUpperCase()))
    .filter((type) => type !== undefined);
