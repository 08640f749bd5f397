import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { RefusedError } from "../../src/cluster/errors.js";
import { foreseenPlan } from "../../src/plan/assemble.js";
import { processAt, tabletRef } from "../../src/plan/facts/processes.js";
import type { World } from "../../src/plan/foresight/world.js";
import type { Plan } from "../../src/plan/plan.js";
import { effectOf, type Step } from "../../src/plan/steps/index.js";
import { Shard_TabletControlSchema } from "../../src/proto/gen/topodata_pb.js";
import { RoutingRulesSchema } from "../../src/proto/gen/vschema_pb.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { decodeShard, encodeShard } from "../../src/topology/records.js";
import { judgedAt } from "../crash/scene.js";
import { dead, streamRows, undenied, withoutKey } from "../plan/change.js";
import { cancelOf } from "../plan/planned.js";
import { recorded } from "../plan/recorded.js";

/** MoveTables m1 copies corder from customer (-80, 80-) to moved/0. */
const FACTS = recorded("healthy-movetables-created-v24");
const PLAN = cancelOf(FACTS, { keyspace: "moved", workflow: "m1" });
const G = "/vitess/global";

/** The words of a refusal, or what was foreseen, of a plan that somebody made of other steps. */
const played = (
  steps: readonly (object & { readonly kind: string })[],
  facts: Facts = FACTS,
): Plan | string => {
  const numbered = steps.map(
    (step, at) => ({ id: `0${at}-${step.kind}`, destroys: "nothing", ...step }) as Step,
  );
  const plan = { ...PLAN, stages: [{ title: "wrong", locks: [], steps: numbered }] };
  const snapshot = Snapshot.of(facts);
  try {
    return foreseenPlan(snapshot, plan, judgedAt(1_795_600_000_000));
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  } finally {
    snapshot.close();
  }
};

const keyRow = (key: string, facts: Facts = FACTS) => {
  const row = facts.topo_key.find((one) => one.key === key);
  if (row === undefined) throw new Error(`the recording has no ${key}`);
  return row;
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const written = (
  record: Extract<Step, { kind: "record.write" }>["record"],
  key: string,
  after: Uint8Array,
  facts: Facts = FACTS,
) => {
  const { server, mod_revision, value } = keyRow(key, facts);
  return {
    ...({ kind: "record.write", class: "confirm", record, server, key } as const),
    ...{ modRevision: mod_revision, before: base64(value), after: base64(after) },
  };
};

const denying = (keyspace: string, shard: string, table: string) => {
  const key = `${G}/keyspaces/${keyspace}/shards/${shard}/Shard`;
  const record = decodeShard(keyRow(key).value);
  if (record.kind === "unanswered") throw new Error(record.message);
  const value = {
    ...record.value,
    tabletControls: [create(Shard_TabletControlSchema, { tabletType: 1, deniedTables: [table] })],
  };
  return written({ kind: "shard", keyspace, shard }, key, encodeShard(value));
};

const REBUILD = { kind: "srvvschema.rebuild", class: "safe", cells: ["zone1"] } as const;

const routed = (...targets: readonly string[]) => routedIn(FACTS, ...targets);

const routedIn = (facts: Facts, ...targets: readonly string[]) => {
  const rules = ["corder", "customer.corder"].map((fromTable) => ({ fromTable, toTables: [...targets] }));
  return written(
    { kind: "routing-rules" },
    `${G}/RoutingRules`,
    toBinary(RoutingRulesSchema, create(RoutingRulesSchema, { rules })),
    facts,
  );
};

const primaryOf = (keyspace: string, shard: string, facts: Facts = FACTS) => {
  const snapshot = Snapshot.of(facts);
  const row = facts.live_tablet.find(
    (live) => live.keyspace === keyspace && live.shard === shard && live.type === "PRIMARY",
  );
  const process = processAt(snapshot, row?.address ?? "");
  if (process === null) throw new Error(`the recording has no primary of ${keyspace}/${shard}`);
  const ref = tabletRef(snapshot, process);
  snapshot.close();
  return ref;
};

const hold = (keyspace: string, shard: string, table: string, facts: Facts = FACTS) => ({
  ...({ kind: "table.hold", class: "confirm", tablet: primaryOf(keyspace, shard, facts) } as const),
  ...{ dbName: `vt_${keyspace}`, holdSchema: "vtdoctor_hold_r1", tables: [table], views: [] },
});

/** m1 is switched: writes of corder go to moved/0, and m1_reverse feeds them back. No shard denies it any more. */
const SWITCHED = undenied(recorded("healthy-movetables-switched-v24"));

/** A cluster on which somebody did that by hand. */
const seenAs = (facts: Facts, steps: readonly (object & { readonly kind: string })[]): Facts =>
  steps.reduce((world: World, step) => effectOf(step as Step, world), { facts, heeded: [] }).facts;

describe("a plan is refused, with the step and the path,", () => {
  test("where a served name is denied after one of its steps, though a later one lifts that", () => {
    const [shard] = FACTS.topo_key.filter(({ key }) => /keyspaces\/customer\/shards\/.*\/Shard$/.test(key));
    const name = shard?.key.split("/").at(-2) ?? "";
    const denied = denying("customer", name, "corder");
    const lifted = { ...denied, before: denied.after, after: denied.before };
    expect(played([denied, lifted])).toMatch(
      /after "puts `corder` on the denied tables of customer\/\S+" queries of corder, customer\.corder.* \(PRIMARY, zone1\), which customer\/.* would be not served \(denied, customer/,
    );
  });

  test("where writes are led to a copy that no switch has ended", () => {
    expect(played([routed("moved.corder"), REBUILD], undenied(FACTS))).toMatch(
      /after "builds SrvVSchema again in zone1 .*" queries of (customer\.)?corder \(PRIMARY, zone1\), which lead to customer\/.* now, would lead to moved\/0, which is not proven to have its rows: it is a copy that stream \d+ of m1 on \S+ makes/,
    );
  });

  test("where writes are led to a shard that nobody asked for its tables", () => {
    const facts = undenied(FACTS);
    const there = new Set(
      facts.live_tablet.filter(({ keyspace }) => keyspace === "moved").map(({ address }) => address),
    );
    const unread = {
      ...facts,
      live_table: facts.live_table.filter(({ address }) => !there.has(address)),
      probe: facts.probe.filter(({ address, channel }) => !there.has(address) || channel !== "schema"),
    };
    expect(played([routed("moved.corder"), REBUILD], unread)).toMatch(
      /which is not proven to have its rows: nobody has seen whether moved\/0 has corder/,
    );
  });

  test("where writes are led to a table that its tablets deny until they read their record again", () => {
    const denied = FACTS.topo_key.find(({ key }) => key === `${G}/keyspaces/moved/shards/0/Shard`);
    const record = decodeShard(denied?.value ?? new Uint8Array());
    if (record.kind === "unanswered") throw new Error(record.message);
    expect(record.value.tabletControls.flatMap(({ deniedTables }) => deniedTables)).toEqual(["corder"]);
    const value = encodeShard({ ...record.value, tabletControls: [] });
    const key = `${G}/keyspaces/moved/shards/0/Shard`;
    const lifted = written({ kind: "shard", keyspace: "moved", shard: "0" }, key, value);
    expect(played([lifted, routed("moved.corder"), REBUILD])).toMatch(/not served \(denied, moved\/0\)/);
  });

  test("where rules lead a served name nowhere", () => {
    expect(played([routed("moved.corder", "customer.corder"), REBUILD])).toMatch(
      /queries of corder, customer\.corder \(PRIMARY, zone1\), which .* serves, would be not served \(rule-targets/,
    );
  });

  test("where a table is taken away that is no copy", () => {
    const shards = FACTS.live_tablet.filter(
      ({ keyspace, type }) => keyspace === "customer" && type === "PRIMARY",
    );
    expect(played([hold("customer", shards[0]?.shard ?? "", "corder")])).toMatch(
      /after "moves `corder` from vt_customer .*" it takes corder of customer\/\S+ away, which is not proven a copy: no stream copies corder/,
    );
  });

  test("where a table is taken away that only gets back what is written elsewhere", () => {
    expect(played([hold("customer", "-80", "corder", SWITCHED)], SWITCHED)).toMatch(
      /customer\.m1_reverse only feeds it back: it is where the table came from/,
    );
  });

  test("where a table is taken away whose source no cell routes to", () => {
    const idle = withoutKey(FACTS, "/vitess/zone1/keyspaces/customer/SrvKeyspace");
    expect(played([hold("moved", "0", "corder")], idle)).toMatch(
      /which is not proven a copy: no query leads to customer\/\S+, from which moved\.m1 copies corder/,
    );
  });

  test("where a table is taken away that queries of another name are led to", () => {
    const led = seenAs(undenied(FACTS), [routedIn(FACTS, "moved.corder"), REBUILD]);
    expect(played([hold("moved", "0", "corder")], led)).toMatch(
      /which is not proven a copy: queries of (customer\.)?corder lead to it/,
    );
  });

  test("where a table is taken away whose workflow was switched", () => {
    const frozen = streamRows(FACTS, "m1", { state: "Stopped", message: "FROZEN" });
    expect(played([hold("moved", "0", "corder")], frozen)).toMatch(
      /moved\.m1, which copied it, was switched/,
    );
  });

  describe("where writes are led back to tables that a switch took them from", () => {
    const back = (facts: Facts) => played([routedIn(facts, "customer.corder"), REBUILD], facts);
    const unproven =
      /queries of (customer\.)?corder \(PRIMARY, zone1\), .* would lead to customer\/-80, customer\/80-, which is not proven to have its rows: /;

    test("and what is written since is still copied there", () => {
      const said = back(SWITCHED);
      expect(said).toMatch(unproven);
      expect(said).toMatch(/stream \d+ of m1_reverse on \S+ still writes into it/);
    });

    const stopped = streamRows(SWITCHED, "m1_reverse", { state: "Stopped" });

    test("and nobody copies there what is written since", () => {
      const said = back(stopped);
      expect(said).toMatch(unproven);
      expect(said).toMatch(
        /m1 on \S+, which copied from there, was switched: what is written since is in moved\/0/,
      );
    });

    test("though its queries lead nowhere now", () => {
      const astray = seenAs(stopped, [routedIn(stopped, "moved.corder", "customer.corder"), REBUILD]);
      expect(back(astray)).toMatch(
        /which lead to nowhere now, .* m1 on \S+, which copied from there, was switched/,
      );
    });

    test("and of which no stream is left", () => {
      const none = { ...SWITCHED, vreplication: [], engine_stream: [] };
      const said = back(none);
      expect(said).toMatch(unproven);
      expect(said).toMatch(/moved\/0 takes its writes, and what is written there until then is not in it/);
      const silent = dead(none, "zone1-0000000400");
      expect(back(silent)).toMatch(/moved\/0 takes its writes, and what is written there/);
    });
  });

  test("where the rules would find something at its end that they do not find now", () => {
    expect(() =>
      cancelOf(streamRows(FACTS, "m1", { workflow_type: 0 }), { keyspace: "moved", workflow: "m1" }),
    ).toThrow(/at its end vtdoctor would find keep-data-denial-residue@moved\/0 then/);
  });
});

test("what an operation takes away on purpose is told, and the rest stays", () => {
  expect(PLAN.foreseen).toMatchObject({
    elsewhere: [],
    taken: ["moved.corder (PRIMARY, zone1): name-unknown"],
  });
  expect(PLAN.foreseen?.looks).toBeGreaterThan(0);
});
