import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type {
  DbaOptions,
  ExecResult,
  NonPrimaryType,
  TabletAddress,
  TabletWriter,
} from "../tablets/access.js";
import type { Effects } from "./effects.js";
import { type Directory, names, refused } from "./reader.js";
import { atLeast } from "./stream-row.js";
import type { SimTablet } from "./tablet.js";

export class SimWriter implements TabletWriter {
  constructor(
    private readonly directory: Directory,
    private readonly effects: Effects,
  ) {}

  vreplicationExec(at: TabletAddress, query: string): Promise<Outcome<ExecResult>> {
    return this.#call(at, "vreplicationExec", query, (tablet) => tablet.engine.exec(query));
  }

  deleteWorkflow(at: TabletAddress, workflow: string): Promise<Outcome<ExecResult>> {
    return this.#call(at, "deleteWorkflow", workflow, (tablet) => tablet.engine.deleteWorkflow(workflow));
  }

  executeAsDba(at: TabletAddress, statement: string, _options: DbaOptions): Promise<Outcome<ExecResult>> {
    return this.#call(at, "executeAsDba", statement, (tablet) => tablet.executeAsDba(statement));
  }

  refreshState(at: TabletAddress): Promise<Outcome<null>> {
    return this.#call(at, "refreshState", "", (tablet) => tablet.refreshState());
  }

  deleteVDiffs(at: TabletAddress, keyspace: string, workflow: string): Promise<Outcome<null>> {
    return this.#call(at, "deleteVDiffs", `${keyspace}.${workflow}`, (tablet) => {
      tablet.mysql.write(({ sidecar }) => {
        sidecar.vdiffs = sidecar.vdiffs.filter(
          (vdiff) => vdiff.keyspace !== keyspace || vdiff.workflow !== workflow,
        );
      });
      return answered(null);
    });
  }

  changeTags(at: TabletAddress): Promise<Outcome<null>> {
    return this.#call(at, "changeTags", "", (tablet) => {
      if (!atLeast(tablet.version, 21)) return unanswered("unsupported", "unknown method ChangeTags");
      tablet.publish();
      return answered(null);
    });
  }

  changeType(at: TabletAddress, type: NonPrimaryType): Promise<Outcome<null>> {
    return this.#call(at, "changeType", type, (tablet) => {
      tablet.changeType(TabletType[type]);
      return answered(null);
    });
  }

  close(): void {}

  async #call<T>(
    at: TabletAddress,
    call: string,
    detail: string,
    run: (tablet: SimTablet) => Outcome<T>,
  ): Promise<Outcome<T>> {
    const tablet = this.directory.byGrpc(at.host, at.grpcPort);
    const where = `${at.host}:${at.grpcPort}`;
    const fault = await this.directory.faults.ofTablet(names(tablet, where), "grpc");
    if (fault !== null) return fault;
    if (tablet === null) return refused(where);
    return this.effects.perform({ port: "tablet", at: tablet.name, call, detail }, () => run(tablet));
  }
}
