import { describe, expect, test } from "vitest";
import { IncompleteError, RefusedError, UsageError } from "../../src/cluster/errors.js";
import type { Plan } from "../../src/plan/plan.js";
import { RECORDS } from "../../src/plan/records/record-registry.js";
import { describeStep } from "../../src/plan/steps/index.js";
import type { Facts } from "../../src/snapshot/facts.js";
import { addKey, addStream, addTable, dead, live, place, silentOn, streamRows, undenied } from "./change.js";
import { cancelOf, kinds } from "./planned.js";
import { recorded } from "./recorded.js";

const running = (): Facts => recorded("healthy-reshard-running-v24");
const moving = (): Facts => recorded("healthy-movetables-created-v24");
const MOVE = { keyspace: "moved", workflow: "m1" };

const words = (plan: () => Plan): string => {
  try {
    return JSON.stringify(plan());
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return error.message;
  }
};

const withoutStreamsOn = (facts: Facts, alias: string): Facts => {
  const on = ({ address }: { readonly address: string }) => address !== place(facts, alias);
  return {
    ...facts,
    vreplication: facts.vreplication.filter(on),
    engine_stream: facts.engine_stream.filter(on),
  };
};

describe("refused, and why (scene S4)", () => {
  const SRV = "/vitess/zone1/keyspaces/customer/SrvKeyspace, revision 62";
  const facts = running();

  test.each<[string, Facts, RegExp]>([
    [
      "reads are switched",
      recorded("healthy-reads-switched-v24"),
      new RegExp(
        `REPLICA queries of cell zone1 go to target customer/-80 \\(${SRV}\\).*Instead: route the reads back first`,
      ),
    ],
    [
      "writes are switched",
      recorded("healthy-after-switch-all-v24"),
      /target customer\/-80 serves writes \(\/vitess\/global\/keyspaces\/customer\/shards\/-80\/Shard, revision 68\)/,
    ],
    [
      "its rows are frozen",
      streamRows(facts, "c2", { state: "Stopped", message: "FROZEN" }),
      /stream 1 on zone1-0000000200 is FROZEN.*ended with complete/,
    ],
    [
      "its journal is there",
      recorded("interrupted-cutover-after-journal-v24"),
      /`_vt.resharding_journal` of zone1-0000000100 has its journal 8200191490597391617.*Instead: end the switch/,
    ],
    [
      "the source is disabled by a cutover that died",
      recorded("interrupted-cutover-before-journal-v24"),
      /PRIMARY queries of source customer\/0 are disabled in cell zone1/,
    ],
    [
      "its reverse stream runs",
      addStream(facts, "zone1-0000000100", {
        id: 9,
        workflow: "c2_reverse",
        source: 'keyspace:"customer" shard:"-80" filter:{rules:{match:"/.*"}}',
      }),
      /c2_reverse runs on zone1-0000000100/,
    ],
    ["a target primary is dead", dead(facts, "zone1-0000000300"), /customer\/80-/],
    [
      "a target replica is dead",
      dead(facts, "zone1-0000000201"),
      /tablet zone1-0000000201 of target customer\/-80 did not answer/,
    ],
    [
      "the source did not say its journals",
      silentOn(facts, "zone1-0000000100", "journals"),
      /no primary of source customer\/0 said whether it has a journal/,
    ],
    [
      "a target's MySQL is read-only",
      live(facts, "zone1-0000000300", { read_only: 1 }),
      /MySQL of the primary zone1-0000000300 of target customer\/80- is read-only/,
    ],
    [
      "an etcd did not answer",
      {
        ...facts,
        topo_server: facts.topo_server.map((row) => ({
          ...row,
          answered: 0,
          reason: "timeout",
          message: "deadline exceeded",
        })),
      },
      /did not answer/,
    ],
    [
      "an operation holds its keyspace",
      addKey(facts, "/vitess/global/keyspaces/customer/locks/77", lockBody("ApplySchemaKeyspace"), 99),
      /ApplySchemaKeyspace of vtctld-0 holds the lock \/vitess\/global\/keyspaces\/customer\/locks\/77/,
    ],
    [
      "its streams are a partial MoveTables",
      streamRows(facts, "c2", { workflow_type: 1, workflow_sub_type: 1 }),
      /a partial MoveTables is not supported/,
    ],
    [
      "its streams are a tenant's",
      streamRows(facts, "c2", { options: '{"tenant_id":"7"}' }),
      /a multi-tenant MoveTables is not supported/,
    ],
    [
      "its streams are an Online DDL",
      streamRows(facts, "c2", { workflow_type: 5 }),
      /OnlineDDL is not supported/,
    ],
    [
      "they come from a mounted cluster (Migrate)",
      streamRows(facts, "c2", { workflow_type: 3, source: 'external_cluster:"ext" keyspace:"k" shard:"0"' }),
      /Migrate is not supported/,
    ],
    [
      "they come from a MySQL of its own",
      streamRows(facts, "c2", {
        workflow_type: 1,
        source: 'external_mysql:"ext" filter:{rules:{match:"t"}}',
      }),
      /is not supported|which is outside of Vitess/,
    ],
    [
      "they fill a lookup vindex",
      streamRows(facts, "c2", { workflow_type: 2 }),
      /CreateLookupIndex is not supported/,
    ],
    [
      "they are of a kind of a later Vitess",
      streamRows(facts, "c2", { workflow_type: 9 }),
      /type 9 is not supported/,
    ],
    [
      "two workflows have the name",
      addStream(facts, "zone1-0000000300", { id: 2, workflow_type: 1 }),
      /its streams are not of one kind and one source keyspace/,
    ],
    [
      "a source can not be read",
      streamRows(facts, "c2", { source: "keyspace:{" }),
      /can not be read|UsageError/,
    ],
  ])("%s", (_, changed, reason) => {
    expect(words(() => cancelOf(changed))).toMatch(reason);
  });

  test.each([
    ["another workflow's", "/vitess/global/internal/named_locks/customer/other/locks/77"],
    ["a shard's that is not part of it", "/vitess/global/keyspaces/customer/shards/elsewhere/locks/77"],
    ["another keyspace's", "/vitess/global/keyspaces/other/locks/77"],
  ])("%s lock does not forbid", (_, key) => {
    expect(kinds(cancelOf(addKey(facts, key, lockBody("WorkflowSwitchTraffic"), 99)))).toContain(
      "stream.stop",
    );
  });

  test.each([
    ["its own", "/vitess/global/internal/named_locks/customer/c2/locks/77"],
    ["a target shard's", "/vitess/global/keyspaces/customer/shards/-80/locks/77"],
  ])("%s lock forbids", (_, key) => {
    expect(words(() => cancelOf(addKey(facts, key, lockBody("EmergencyReparentShard"), 99)))).toMatch(
      /EmergencyReparentShard of vtctld-0 holds the lock/,
    );
  });

  test("MoveTables whose reads are switched names the rule", () => {
    expect(words(() => cancelOf(recorded("healthy-movetables-switched-v24"), MOVE))).toMatch(
      /the rule .*corder leads to moved.corder .*\/RoutingRules, revision \d+/,
    );
  });

  test("an old journal of another id does not forbid", () => {
    const address = place(facts, "zone1-0000000100");
    const old = { address, id: "5", db_name: "vt_customer", val: "id:5 migration_type:SHARDS" };
    expect(kinds(cancelOf({ ...facts, resharding_journal: [old] }))).toContain("stream.delete");
  });

  test("a reverse row that an earlier ReverseTraffic froze does not forbid, and goes", () => {
    const frozen = {
      id: 9,
      workflow: "c2_reverse",
      state: "Stopped",
      message: "FROZEN",
      source: 'keyspace:"customer" shard:"-80" filter:{rules:{match:"/.*"}}',
    };
    const plan = cancelOf(addStream(facts, "zone1-0000000100", frozen));
    const deleted = plan.stages[0]?.steps.filter((step) => step.kind === "stream.delete");
    expect(deleted?.map((step) => `${step.workflow} ${step.tablet.alias}`)).toEqual([
      "c2_reverse zone1-0000000100",
      "c2 zone1-0000000200",
      "c2 zone1-0000000300",
    ]);
  });
});

describe("a workflow that is not whole", () => {
  test("with a stream on one of its two targets: that one is cancelled, the other is proven to have none", () => {
    const facts = running();
    const other = "zone1-0000000300";
    const plan = cancelOf(withoutStreamsOn(facts, other));
    const touched = plan.stages
      .flatMap((stage) => stage.steps)
      .flatMap((step) => ("tablet" in step ? [step.tablet.alias] : []));
    expect([...new Set(touched)]).toEqual(["zone1-0000000200"]);
    expect(plan.premises).toContainEqual(
      expect.objectContaining({
        kind: "stream-rows",
        workflow: "c2",
        ids: [],
        tablet: expect.objectContaining({ alias: other }),
      }),
    );
  });

  test("whose source has lost the table: what may be the only copy stays where it is", () => {
    const facts = moving();
    for (const sources of [["zone1-0000000200"], ["zone1-0000000200", "zone1-0000000300"]]) {
      const at = sources.map((alias) => place(facts, alias));
      const gone = {
        ...facts,
        live_table: facts.live_table.filter(
          (row) => !at.includes(row.address) || row.table_name !== "corder",
        ),
      };
      expect(words(() => cancelOf(gone, MOVE))).toMatch(/is refused, .*table-not-on-its-shards@customer/);
    }
  });

  test("an atomic copy is a MoveTables like another", () => {
    const atomic = streamRows(moving(), MOVE.workflow, { workflow_sub_type: 2 });
    expect(kinds(cancelOf(atomic, MOVE))).toEqual(kinds(cancelOf(moving(), MOVE)));
  });
});

describe("data", () => {
  const facts = running();
  const tables = (plan: Plan): readonly string[] =>
    plan.stages
      .flatMap((stage) => stage.steps)
      .flatMap((step) => (step.kind === "table.hold" || step.kind === "table.drop" ? step.tables : []));

  test("--keep-data moves nothing", () => {
    expect(kinds(cancelOf(facts, { keepData: true }))).not.toContain("table.hold");
  });

  test("--purge drops, and the step says that it destroys data", () => {
    const plan = cancelOf(facts, { purge: true });
    const drops = plan.stages.flatMap((stage) => stage.steps).filter((step) => step.kind === "table.drop");
    expect(drops.map((step) => step.destroys)).toEqual(["data", "data"]);
  });

  test("tables that the source does not have, and Vitess's own, stay", () => {
    const own = [
      "only_here",
      "_vt_hld_6ace8bcef73211ea87e9f875a4d24e90_20200915120410_",
      "_vt_HOLD_6ace8bcef73211ea87e9f875a4d24e90_20200915120410",
      "_4e5dcf80_354b_11eb_82cd_f875a4d24e90_20201203114014_gho",
    ];
    const both = own
      .slice(1)
      .reduce((seen, name) => addTable(seen, "zone1-0000000100", { table_name: name }), facts);
    const changed = own.reduce(
      (seen, name) => addTable(seen, "zone1-0000000200", { table_name: name }),
      both,
    );
    expect(tables(cancelOf(changed))).toEqual(["corder", "customer", "corder", "customer"]);
  });

  test("a view is named and stays", () => {
    const plan = cancelOf(
      addTable(facts, "zone1-0000000200", {
        table_name: "v",
        table_type: "VIEW",
        definition: "CREATE VIEW `v` AS select `customer`.`id` from `customer`",
      }),
    );
    expect(plan.notes.join()).toMatch(/the view v on zone1-0000000200/);
    expect(plan.stages[0]?.steps.flatMap((step) => (step.kind === "table.hold" ? step.views : []))).toEqual([
      "v",
    ]);
  });

  test.each<[string, Facts, RegExp]>([
    [
      "a trigger",
      {
        ...facts,
        live_trigger: [
          {
            address: place(facts, "zone1-0000000300"),
            db_name: "vt_customer",
            trigger_name: "tr",
            table_name: "customer",
          },
        ],
      },
      /vt_customer.customer on zone1-0000000300 has the trigger tr/,
    ],
    [
      "a foreign key from outside",
      addTable(facts, "zone1-0000000200", {
        table_name: "only_here",
        definition: "CREATE TABLE `only_here` (CONSTRAINT f FOREIGN KEY (c) REFERENCES `customer` (`id`))",
      }),
      /only_here on zone1-0000000200 is not part of the workflow and has a foreign key to customer/,
    ],
    [
      "another workflow's stream into the same table",
      addStream(facts, "zone1-0000000200", { id: 5, workflow: "other", workflow_type: 0 }),
      /stream 5 of other on zone1-0000000200 writes into corder, customer too/,
    ],
    [
      "unseen tables",
      silentOn(facts, "zone1-0000000200", "schema"),
      /zone1-0000000200 did not say which tables it has/,
    ],
  ])("%s forbids to move, not to keep", (_, changed, reason) => {
    expect(words(() => cancelOf(changed))).toMatch(reason);
    expect(kinds(cancelOf(changed, { keepData: true }))).toContain("stream.delete");
  });

  test("Materialize keeps its data unless told otherwise", () => {
    const materialized = streamRows(undenied(moving()), "m1", { workflow_type: 0 });
    expect(kinds(cancelOf(materialized, MOVE))).not.toContain("table.hold");
    expect(kinds(cancelOf(materialized, { ...MOVE, keepData: false }))).toContain("table.hold");
  });

  test("options that contradict each other", () => {
    expect(() => cancelOf(facts, { purge: true, keepData: true })).toThrow(UsageError);
    expect(() => cancelOf(facts, { restoreSecondaryKeys: true })).toThrow(/--keep-data/);
  });
});

describe("what goes with it", () => {
  test("Reshard's copies of a reference stream go from the targets and stay on the source", () => {
    const reference = {
      id: 8,
      workflow: "ref",
      workflow_type: 0,
      source: 'keyspace:"other" shard:"0" filter:{rules:{match:"country" filter:"select * from country"}}',
    };
    const copied = ["zone1-0000000100", "zone1-0000000200", "zone1-0000000300"].reduce(
      (seen, alias) => addTable(addStream(seen, alias, reference), alias, { table_name: "country" }),
      running(),
    );
    const plan = cancelOf(copied);
    const deleted = plan.stages[0]?.steps.filter((step) => step.kind === "stream.delete");
    expect(deleted?.map((step) => `${step.workflow} ${step.tablet.alias}`)).toEqual([
      "c2 zone1-0000000200",
      "c2 zone1-0000000300",
      "ref zone1-0000000200",
      "ref zone1-0000000300",
    ]);
    const held = plan.stages[0]?.steps.filter((step) => step.kind === "table.hold");
    expect(held?.map((step) => step.tables)).toEqual([
      ["corder", "country", "customer"],
      ["corder", "country", "customer"],
    ]);
  });

  test("tables that are named by a pattern are left alone: denials and rules would stay behind", () => {
    const source =
      'keyspace:"customer" shard:"0" filter:{rules:{match:"/c.*" filter:"select * from customer"}}';
    const odd = streamRows(moving(), MOVE.workflow, { source });
    for (const keepData of [true, false])
      expect(words(() => cancelOf(odd, { ...MOVE, keepData }))).toMatch(/by the pattern \/c\.\*/);
  });

  test("--keep-data lifts the denials all the same, --keep-routing-rules keeps the rules", () => {
    const plan = cancelOf(moving(), { ...MOVE, keepData: true, keepRoutingRules: true });
    expect(kinds(plan)).toEqual([
      "stream.stop",
      "stream.verify-stopped",
      "record.write shard",
      "tablet.refresh",
      "stream.delete",
      "stream.verify-gone",
      "srvvschema.rebuild",
    ]);
  });

  test("--keep-data takes empty VSchema entries away, so that no query without a keyspace becomes ambiguous", () => {
    const removed = cancelOf(moving(), { ...MOVE, keepData: true })
      .stages.flatMap((stage) => stage.steps)
      .filter((step) => step.kind === "record.write" && step.record.kind === "vschema");
    expect(removed.map((step) => describeStep(step).does)).toEqual([
      "removes `corder` from the VSchema of moved",
    ]);
  });

  test("a table that another workflow names stays denied", () => {
    const other = {
      id: 9,
      workflow: "m2",
      workflow_type: 1,
      db_name: "vt_moved",
      source: 'keyspace:"customer" shard:"-80" filter:{rules:{match:"corder" filter:"select * from corder"}}',
    };
    const plan = cancelOf(addStream(moving(), "zone1-0000000400", other), { ...MOVE, keepData: true });
    expect(kinds(plan)).not.toContain("record.write shard");
  });

  test("a Reshard touches no record of the topology", () => {
    const records = [
      ...Object.keys(RECORDS).map((kind) => `record.write ${kind}`),
      "srvvschema.rebuild",
      "shard.restore",
      "tablet.restore",
    ];
    expect(kinds(cancelOf(running())).filter((kind) => records.includes(kind))).toEqual([]);
  });

  test("targets that a native cancel dropped are handed to the orphans' recipe", () => {
    expect(kinds(cancelOf(recorded("v19-cancelled")))).toContain("shard.restore");
  });
});

const vdiffOn = (facts: Facts, alias: string, workflow: string) => ({
  address: place(facts, alias),
  id: 1,
  vdiff_uuid: "u",
  workflow,
  keyspace: "customer",
  shard: "-80",
  db_name: "vt_customer",
  state: "started",
  created_at: null,
  started_at: null,
  updated_at: null,
  completed_at: null,
  last_error: null,
  observed_at: null,
});

test("a VDiff ends before the streams are proven stopped, which it would restart, and before tables move", () => {
  const facts = running();
  const vdiff = [vdiffOn(facts, "zone1-0000000200", "c2")];
  expect(kinds(cancelOf({ ...facts, vdiff })).slice(0, 6)).toEqual([
    "stream.stop",
    "stream.stop",
    "vdiff.delete",
    "stream.verify-stopped",
    "table.hold",
    "table.hold",
  ]);
});

describe("nothing there", () => {
  test("an unknown keyspace names the nearest", () => {
    expect(() => cancelOf(running(), { keyspace: "custmer" })).toThrow(
      /no keyspace custmer. Did you mean "customer"/,
    );
  });

  test("an unknown workflow is a mistake that says what there is, unless it may be missing", () => {
    expect(() => cancelOf(running(), { workflow: "c3" })).toThrow(
      /no workflow c3, .*; it has c2\. Did you mean "c2"\? With --missing-ok/,
    );
    expect(() => cancelOf(running(), { workflow: "elsewhere" })).toThrow(/it has c2\. With --missing-ok/);
    const plan = cancelOf(running(), { workflow: "elsewhere", missingOk: true });
    expect([plan.stages, plan.notes.join()]).toEqual([[], expect.stringMatching(/nothing to do/)]);
  });

  test("a silent tablet could have it", () => {
    const silent = dead(running(), "zone1-0000000300");
    for (const missingOk of [false, true])
      expect(() => cancelOf(silent, { workflow: "elsewhere", missingOk })).toThrow(IncompleteError);
  });

  test("VDiff reports without streams are residue", () => {
    const facts = running();
    const vdiff = [vdiffOn(facts, "zone1-0000000200", "gone-for-good")];
    expect(kinds(cancelOf({ ...facts, vdiff }, { workflow: "gone-for-good" }))).toEqual(["vdiff.delete"]);
  });

  test("a legacy cancel that named no workflow is mentioned", () => {
    const facts = recorded("legacy-cancelled-with-history-v24");
    const fix = /vtdoctor fix shard-missing-live-tablets@customer\/-80/;
    expect(() => cancelOf(facts)).toThrow(fix);
    expect(cancelOf(facts, { missingOk: true }).notes.join()).toMatch(fix);
  });
});

function lockBody(action: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      Action: action,
      HostName: "vtctld-0",
      UserName: "vitess",
      Time: "2026-11-24T23:00:00Z",
      Status: "Running",
    }),
  );
}
