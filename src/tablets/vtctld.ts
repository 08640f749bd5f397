import { create } from "@bufbuild/protobuf";
import type { Alias } from "../cluster/alias.js";
import type { Clock } from "../cluster/clock.js";
import { mapOutcome, type Outcome } from "../cluster/outcome.js";
import { TabletAliasSchema } from "../proto/gen/topodata_pb.js";
import { Vtctld as VtctldService } from "../proto/gen/vtctlservice_pb.js";
import { TabletGrpc } from "./grpc.js";
import type { StaticAuth, TabletTls } from "./options.js";

/** What Vitess does right, Vitess does (docs/decisions.md#d21): the calls of vtctld that finish a repair. */
export interface Vtctld {
  /** As `--server` names it. */
  readonly address: string;
  /** PlannedReparentShard with that new primary; vtctld takes the shard's lock itself. */
  plannedReparent(keyspace: string, shard: string, primary: Alias): Promise<Outcome<null>>;
  close(): void;
}

export interface VtctldOptions {
  /** `host:port`. */
  readonly address: string;
  readonly tls: TabletTls | null;
  readonly staticAuth: StaticAuth | null;
}

/** vtctld waits for replicas for 30 s and for a lock for 45 s by default (v19 to v24). */
const TIMEOUT_MS = 120_000;

export function createVtctld({ address, tls, staticAuth }: VtctldOptions, clock: Clock): Vtctld {
  const options = {
    timeoutMs: TIMEOUT_MS,
    concurrency: 1,
    concurrencyPerHost: 1,
    tls,
    staticAuth,
    mysql: null,
  };
  const grpc = new TabletGrpc(options, clock);
  const colon = address.lastIndexOf(":");
  const at = {
    host: address.slice(0, colon),
    grpcPort: Number(address.slice(colon + 1)),
    httpPort: 0,
    mysqlHost: "",
    mysqlPort: 0,
  };
  const { method } = VtctldService;
  return {
    address,
    plannedReparent: async (keyspace, shard, primary) =>
      mapOutcome(
        await grpc.call(at, method.plannedReparentShard, {
          keyspace,
          shard,
          newPrimary: create(TabletAliasSchema, primary),
        }),
        () => null,
      ),
    close: () => grpc.close(),
  };
}
