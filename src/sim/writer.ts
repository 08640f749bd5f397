import { answered, type Outcome, unanswered } from "../cluster/outcome.js";
import { TabletType } from "../proto/gen/topodata_pb.js";
import type {
  DbaOptions,
  ExecResult,
  NonPrimaryType,
  TabletAddress,
  TabletWriter,
} from "../tablets/access.js";
import type { SimClock } from "./clock.js";
import { exclusiveTables } from "./dba.js";
import type { Effects } from "./effects.js";
import { type Directory, names, refused } from "./reader.js";
import { atLeast } from "./stream-row.js";
import type { SimTablet } from "./tablet.js";

interface Ddl {
  readonly at: TabletAddress;
  readonly call: "executeAsDba" | "executeMultiAsDba";
  readonly statement: string;
  readonly lockWaitMs: number;
}

const LOCK_WAIT_EXCEEDED =
  "Lock wait timeout exceeded; try restarting transaction (errno 1205) (sqlstate HY000)";

/** How long a caller waits for a write; as `--write-timeout` does where nothing is given. */
const WRITE_TIMEOUT_MS = 300_000;

export class SimWriter implements TabletWriter {
  constructor(
    private readonly directory: Directory,
    private readonly effects: Effects,
    private readonly clock: SimClock,
  ) {}

  vreplicationExec(at: TabletAddress, query: string): Promise<Outcome<ExecResult>> {
    return this.#call(at, "vreplicationExec", query, (tablet) => tablet.engine.exec(query));
  }

  deleteWorkflow(at: TabletAddress, workflow: string): Promise<Outcome<ExecResult>> {
    return this.#call(at, "deleteWorkflow", workflow, (tablet) => tablet.engine.deleteWorkflow(workflow));
  }

  executeAsDba(at: TabletAddress, statement: string, _options: DbaOptions): Promise<Outcome<ExecResult>> {
    return this.#ddl({ at, call: "executeAsDba", statement, lockWaitMs: Number.POSITIVE_INFINITY });
  }

  async executeMultiAsDba(
    at: TabletAddress,
    statements: readonly string[],
    _options: DbaOptions,
  ): Promise<Outcome<ExecResult>> {
    const [setting = "", statement, ...more] = statements;
    const seconds = /^set session lock_wait_timeout=(\d+)$/.exec(setting)?.[1];
    if (seconds === undefined || statement === undefined || more.length > 0)
      return unanswered("failed", `unsupported construct: ${statements.join("; ")}`);
    const tablet = this.directory.byGrpc(at.host, at.grpcPort);
    if (tablet !== null && !atLeast(tablet.version, 20))
      return unanswered(
        "unsupported",
        "unknown method ExecuteMultiFetchAsDba for service tabletmanagerservice.TabletManager",
      );
    return this.#ddl({ at, call: "executeMultiAsDba", statement, lockWaitMs: Number(seconds) * 1000 });
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

  async #ddl(ddl: Ddl): Promise<Outcome<ExecResult>> {
    const { at, call, statement } = ddl;
    const run = (): Promise<Outcome<ExecResult>> =>
      this.#call(at, call, statement, (tablet) => tablet.executeAsDba(statement));
    const tablet = this.directory.byGrpc(at.host, at.grpcPort);
    const tables = tablet === null ? [] : exclusiveTables(statement, tablet.dbName);
    if (!tablet?.mysql.locks.isBlocked(tables)) return run();
    const waited = await this.#wait(tablet, tables, ddl, () => void run());
    return waited ?? run();
  }

  /** Null: it has its tables. Whose caller went away first gets them all the same, and is run then. */
  #wait(
    tablet: SimTablet,
    tables: readonly string[],
    ddl: Ddl,
    later: () => void,
  ): Promise<Outcome<never> | null> {
    const { statement, lockWaitMs } = ddl;
    return new Promise((resolve) => {
      let granted = (): void => {
        cancel();
        resolve(null);
      };
      const waiting = tablet.mysql.locks.wait(tables, statement, () => granted());
      const cancel = this.clock.after(Math.min(lockWaitMs, WRITE_TIMEOUT_MS), () => {
        if (lockWaitMs <= WRITE_TIMEOUT_MS) {
          waiting.leave();
          return resolve(unanswered("timeout", LOCK_WAIT_EXCEEDED));
        }
        granted = later;
        resolve(unanswered("timeout", `no answer within ${WRITE_TIMEOUT_MS} ms`));
      });
    });
  }

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
