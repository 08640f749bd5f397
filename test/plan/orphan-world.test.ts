import { describe, expect, test } from "vitest";
import { touchedTablets, writeSet } from "../../src/plan/write-set.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { decodeTablet, encodeTablet } from "../../src/topology/records.js";
import { live, place } from "./change.js";
import { fixOf } from "./planned.js";
import { recorded } from "./recorded.js";

const REPLICA = "zone1-0000000201";
const PRIMARY = "zone1-0000000200";
const NEW = "10.0.0.9:17201";
const WORDS = [
  "vttablet",
  "--port",
  "15999",
  "--grpc_port",
  "17201",
  "--tablet_hostname",
  "10.0.0.9",
  "--db_port",
  "3399",
];

const cancelled = (): Facts => recorded("v19-cancelled");

const restored = (facts: Facts, orphans: "restore" | "retire" | null = null) => {
  const plan = fixOf(facts, { orphans });
  return {
    plan,
    shards: plan.stages
      .flatMap((stage) => stage.steps)
      .flatMap((step) => (step.kind === "shard.restore" ? [step.shard] : [])),
    reasons: plan.blocked.map(({ reason, instead }) => `${reason}; ${instead}`).join("\n"),
  };
};

/** The process answers elsewhere, as an inventory says; at the old address `reason`. */
function moved(facts: Facts, reason = "unreachable", words: readonly string[] = WORDS): Facts {
  const old = place(facts, REPLICA);
  const there = <T extends { readonly address: string }>(rows: readonly T[]): readonly T[] =>
    rows.map((row) => (row.address === old ? { ...row, address: NEW } : row));
  const [pattern] = facts.witness;
  if (pattern === undefined) throw new Error("the recording has no witness");
  return {
    ...facts,
    live_tablet: there(facts.live_tablet).map((row) =>
      row.address === NEW ? { ...row, command_line_json: JSON.stringify(words) } : row,
    ),
    vreplication: there(facts.vreplication),
    engine_stream: there(facts.engine_stream),
    live_table: there(facts.live_table),
    witness: [
      ...facts.witness,
      {
        ...pattern,
        source: "inventory",
        address: NEW,
        alias: REPLICA,
        host: "10.0.0.9",
        grpc_port: 17201,
        http_port: 0,
        mysql_port: 0,
      },
    ],
    probe: [
      ...there(facts.probe),
      {
        address: old,
        channel: "health",
        answered: 0,
        reason,
        message: reason,
        required: 0,
        observed_at_ms: 1,
      },
    ],
  };
}

describe("a tablet that moved to another host since", () => {
  test("gets a record for the process that lives, and the plan says so", () => {
    const { plan, shards } = restored(moved(cancelled()));
    expect(shards).toEqual(["-80", "80-"]);
    const step = plan.stages
      .flatMap((stage) => stage.steps)
      .find((one) => one.kind === "tablet.restore" && one.tablet.alias === REPLICA);
    if (step?.kind !== "tablet.restore") throw new Error("201 does not come back");
    const record = decodeTablet(Buffer.from(step.value, "base64"));
    expect(record).toMatchObject({
      value: {
        hostname: "10.0.0.9",
        portMap: { grpc: 17201, vt: 15999 },
        mysqlHostname: "10.0.0.9",
        mysqlPort: 3399,
        keyspace: "customer",
        shard: "-80",
      },
    });
    expect(step.origin).toMatch(
      /with the address, type and term that the process has now: it was at 127.0.0.1:16201/,
    );
  });

  test.each([
    [
      "may still be at its old address",
      moved(cancelled(), "timeout"),
      /not proven that nobody is left at 127.0.0.1:16201 \(timeout\)/,
    ],
    [
      "does not say where it listens",
      moved(cancelled(), "unreachable", ["vttablet", "--tablet_hostname", "10.0.0.9"]),
      /does not say on which gRPC port it listens/,
    ],
    [
      "listens elsewhere than it answers",
      moved(
        cancelled(),
        "unreachable",
        WORDS.map((word) => (word === "17201" ? "17202" : word)),
      ),
      /was started with gRPC port 17202/,
    ],
  ] as const)("is not restored where it %s", (_, facts, reason) => {
    const { shards, reasons } = restored(facts);
    expect(shards).not.toContain("-80");
    expect(reasons).toMatch(reason);
  });
});

describe("two processes that claim one alias", () => {
  const cloned = (): Facts => {
    const facts = cancelled();
    const copy = facts.live_tablet.find((row) => row.alias === PRIMARY);
    const streams = facts.vreplication.filter((row) => row.address === copy?.address);
    const [witness] = facts.witness;
    if (copy === undefined || witness === undefined) throw new Error("the recording has no 200");
    return {
      ...facts,
      live_tablet: [
        ...facts.live_tablet,
        { ...copy, address: NEW, server_uuid: "another", command_line_json: JSON.stringify(WORDS) },
      ],
      vreplication: [...facts.vreplication, ...streams.map((row) => ({ ...row, address: NEW }))],
      witness: [...facts.witness, { ...witness, source: "inventory", address: NEW, alias: PRIMARY }],
      probe: [
        ...facts.probe,
        ...facts.probe.filter((row) => row.address === copy.address).map((row) => ({ ...row, address: NEW })),
      ],
    };
  };

  test.each([null, "restore", "retire"] as const)(
    "are named, and neither is touched (--orphans %s)",
    (orphans) => {
      const { plan, reasons } = restored(cloned(), orphans);
      expect(reasons).toMatch(
        /2 processes say that they are zone1-0000000200 \(.*10.0.0.9:17201.*\).*neither is touched; stop the one that is a copy/,
      );
      expect(touchedTablets(plan)).not.toContain(PRIMARY);
      expect(JSON.stringify(writeSet(plan))).not.toContain(PRIMARY);
    },
  );
});

describe("tablets of vitess-operator", () => {
  const tagged = (): Facts => {
    const facts = cancelled();
    return {
      ...facts,
      topo_history: facts.topo_history.map((row) => {
        const record = row.key.endsWith(`${PRIMARY}/Tablet`) ? decodeTablet(row.value) : null;
        return record?.kind === "answered"
          ? {
              ...row,
              value: encodeTablet({ ...record.value, tags: { "planetscale.com/cluster": "example" } }),
            }
          : row;
      }),
    };
  };
  const inPod = live(cancelled(), PRIMARY, {
    command_line_json: JSON.stringify([
      ...["/vt/bin/vttablet", "--mysqlctl_socket=/vt/socket/mysqlctl.sock"],
      ...["--port=15200", "--grpc_port=16200", "--tablet_hostname=127.0.0.1"],
    ]),
  });

  test.each([
    ["by a tag", tagged(), /zone1-0000000200 has the tag planetscale.com\/cluster=example/],
    ["by its command line", inPod, /was started with --mysqlctl_socket=\/vt\/socket\/mysqlctl.sock/],
  ] as const)(
    "are known %s, and neither restored nor retired: the custom resource comes first",
    (_, facts, sign) => {
      for (const orphans of ["restore", "retire"] as const) {
        const { plan, shards, reasons } = restored(facts, orphans);
        expect(shards).not.toContain("-80");
        expect(reasons).toMatch(sign);
        expect(reasons).toMatch(/change the custom resource first/);
        expect(
          plan.stages
            .flatMap((stage) => stage.steps)
            .some((step) => step.kind === "tablet.stop" && step.tablet.shard === "-80"),
        ).toBe(false);
      }
    },
  );

  test("are not those that only have tags of their own", () => {
    const facts = cancelled();
    expect(restored(facts, "restore").reasons).not.toMatch(/operator/);
  });
});
