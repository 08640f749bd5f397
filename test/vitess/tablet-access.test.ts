import { afterAll, describe } from "vitest";
import { systemClock } from "../../src/cli/clock.js";
import type { TabletAddress } from "../../src/tablets/access.js";
import { createTabletReader } from "../../src/tablets/reader.js";
import { createTabletWriter } from "../../src/tablets/writer.js";
import { tabletAccessContract } from "../contract/tablet-access.js";
import { Lab, labMissing, until } from "./lab/lab.js";
import { reshardCluster, running } from "./lab/reshard.js";

const TIMEOUT_MS = 3000;

const address = (uid: number): TabletAddress => ({
  host: "127.0.0.1",
  grpcPort: 16_000 + uid,
  httpPort: 15_000 + uid,
  mysqlHost: "127.0.0.1",
  mysqlPort: 27_000 + uid,
});

/** The real vttablets are the judge of the contract that the simulated ones pass too. */
describe.skipIf(labMissing() !== null)("the tablet contract", () => {
  let lab: Lab | null = null;
  afterAll(async () => lab?.down());

  for (const version of ["24", "19"] as const) {
    tabletAccessContract(`real vttablets, Vitess ${version}`, async () => {
      const up = await Lab.up({ version });
      lab = up;
      await reshardCluster(up);
      await running(up, [200, 300]);
      await up.sql(200, "grant references, trigger on *.* to vtdoctor@'%'");
      const options = {
        ...{ timeoutMs: TIMEOUT_MS, concurrency: 16, concurrencyPerHost: 16, tls: null, staticAuth: null },
        mysql: { user: "vtdoctor", password: "vtdoctor", ssl: null },
      };
      const reader = createTabletReader(options, systemClock);
      // A vttablet takes a moment from its start until it serves ("tabletserver uninitialized").
      await until("the replica to serve", 60_000, async () => {
        const health = await reader.identity(address(201));
        return health.kind === "answered" && health.value.serving;
      });
      return {
        reader,
        writer: createTabletWriter(options, systemClock),
        clock: systemClock,
        timeoutMs: TIMEOUT_MS,
        version,
        topoServer: up.server,
        topoRoot: up.root,
        primary: address(200),
        replica: address(201),
        nobody: address(999),
        useTable: async (at) => {
          const uid = at.grpcPort - 16_000;
          const using = up
            .sql(uid, "begin; select count(*) from vt_customer.customer; do sleep(300)")
            .catch(() => "");
          const asleep =
            "select id from information_schema.processlist where info like 'do sleep(300)%' and id <> connection_id()";
          await until("the user of the table", 20_000, async () => (await up.sql(uid, asleep)) !== "");
          return async () => {
            const sleeper = await up.sql(uid, asleep);
            if (sleeper !== "") await up.sql(uid, `kill ${sleeper}`);
            await using;
          };
        },
        hang: async (at) => up.signal(`vttablet-${at.grpcPort - 16_000}`, "SIGSTOP"),
        stop: () => up.down(),
      };
    });
  }
});
