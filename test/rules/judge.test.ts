import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/cluster/errors.js";
import { compareFindings } from "../../src/findings/finding.js";
import { loadRules, SHIPPED_RULES } from "../../src/rulefiles/load.js";
import { buildState, EMPTY_CLUSTER } from "../../src/rules/example-state.js";
import { type JudgeOptions, judge } from "../../src/rules/judge.js";
import type { Example, Queryable, Rule } from "../../src/rules/rule.js";
import { Snapshot } from "../../src/snapshot/snapshot.js";
import { factsOfRecording } from "../snapshot/facts-of-recording.js";
import { RULE, rulesOf } from "./rule-text.js";

const ONCE: JudgeOptions = { now: 0, earlier: null, suppressions: [] };
const TAKEN_AT = 1_795_521_600_000;

const state = (rows: NonNullable<Example["rows"]>, sql: readonly string[] = []): Queryable =>
  buildState({ name: "", rows, sql }, EMPTY_CLUSTER);

const X = {
  shard: [{ keyspace: "a", shard: "x", key: "/vitess/global/keyspaces/a/shards/x/Shard", revision: 7 }],
};
const takenAt = (ms: number) => ({ meta: [{ name: "taken_at_ms", value: String(ms) }] });
const rule = (from: string | RegExp = "", to = ""): readonly Rule[] => rulesOf(RULE.replace(from, () => to));
const only = (snapshot: Queryable, rules = rule(), options: Partial<JudgeOptions> = {}) => {
  const findings = judge(snapshot, rules, { ...ONCE, ...options });
  const [first] = findings;
  if (first === undefined || findings.length !== 1) throw new Error(`${findings.length} findings`);
  return first;
};

describe("how sure a verdict is", () => {
  it("is suspected when it was seen once", () => {
    expect(only(state(X))).toMatchObject({ id: "shard-named-x@a/x", state: "suspected" });
  });

  it("is confirmed by a fact that can not pass", () => {
    const durable = rule("impact: none", "durable: it is written at {revision}\nimpact: none");
    expect(only(state(X), durable)).toMatchObject({ state: "confirmed", because: "it is written at 7" });
  });

  it("is confirmed by an earlier look, if that was 30 s ago, which is then when it was first seen", () => {
    const earlier = (secondsAgo: number) => state({ ...X, ...takenAt(TAKEN_AT - secondsAgo * 1000) });
    expect(only(state(X), rule(), { earlier: earlier(29) }).state).toBe("suspected");
    expect(only(state(X), rule(), { earlier: earlier(30) })).toMatchObject({
      state: "confirmed",
      because: "seen twice, 30 s apart",
      firstSeen: TAKEN_AT - 30_000,
    });
  });

  it("is confirmed by the first of two settled observations, of which the snapshot keeps the findings", () => {
    const settled = (json: string, secondsAgo: number) =>
      state(X, [
        `INSERT INTO meta VALUES ('settled_ids_json', '${json}')`,
        `UPDATE meta SET value = ${TAKEN_AT - secondsAgo * 1000} WHERE name = 'first_seen_at_ms'`,
      ]);
    expect(only(settled('["shard-named-x@a/x"]', 30))).toMatchObject({
      state: "confirmed",
      because: "seen twice, 30 s apart",
      firstSeen: TAKEN_AT - 30_000,
    });
    expect(only(settled('["shard-named-x@a/x"]', 29)).state).toBe("suspected");
    expect(only(settled('["shard-named-x@b/x"]', 30)).state).toBe("suspected");
    for (const damaged of ["", "7", "null", '{"x":"y"}', "[7]"])
      expect(() => only(settled(damaged, 30))).toThrow(UsageError);
  });

  it("is confirmed only by looks so far apart as its rule asks for, or by a fact that can not pass", () => {
    const since = (secondsAgo: number) =>
      state(X, [
        `INSERT INTO meta VALUES ('settled_ids_json', '{"shard-named-x@a/x":${TAKEN_AT - secondsAgo * 1000}}')`,
      ]);
    const slow = rule("impact: none", "settle_s: 300\nimpact: none");
    expect(only(since(299), slow)).toMatchObject({
      state: "suspected",
      because:
        "seen twice, 5 min apart, and a moment of this kind may last 5 min: look so far apart with --settle 300s",
      firstSeen: TAKEN_AT - 299_000,
    });
    expect(only(since(300), slow).state).toBe("confirmed");
    const durable = rule("impact: none", "settle_s: 300\ndurable: it is written\nimpact: none");
    expect(only(since(31), durable).state).toBe("confirmed");
  });

  it("is not confirmed by an earlier look at something else", () => {
    const earlier = state({ shard: [{ keyspace: "b", shard: "x" }], ...takenAt(0) });
    expect(only(state(X), rule(), { earlier }).state).toBe("suspected");
  });

  it("is only suspected while a key that it rests on moved, however durable", () => {
    const durable = rule("impact: none", "durable: it is written\nimpact: none");
    const moved = (key: string) => ({
      meta: [{ name: "moved_keys_json", value: JSON.stringify([{ server: "etcd:2379", key }]) }],
    });
    expect(only(state({ ...X, ...moved(X.shard[0]?.key ?? "") }), durable).state).toBe("suspected");
    expect(only(state({ ...X, ...moved("/vitess/global/other") }), durable).state).toBe("confirmed");
  });

  it("is deferred by an operation on its keyspace, shard or workflow, and by no other", () => {
    const during = (operation: Record<string, string>) =>
      only(
        state({
          ...X,
          operation: [
            {
              lock_key: "/l",
              action: "SwitchWrites",
              host_name: "vtctld-1",
              since: 1795521590,
              until: 1,
              ...operation,
            },
          ],
        }),
      );
    expect(during({ keyspace: "a" })).toMatchObject({
      state: "deferred",
      because: "SwitchWrites of vtctld-1 is running since 2026-11-24T11:59:50Z (/l)",
    });
    expect(during({ keyspace: "a", shard: "x" }).state).toBe("deferred");
    expect(during({ keyspace: "a", workflow: "c2" }).state).toBe("deferred");
    expect(during({ keyspace: "b", other_keyspace: "a", workflow: "c2" }).state).toBe("deferred");
    expect(during({ keyspace: "b", other_keyspace: "c", workflow: "c2" }).state).toBe("suspected");
    expect(during({ keyspace: "a", shard: "y" }).state).toBe("suspected");
    expect(during({ keyspace: "b" }).state).toBe("suspected");
  });

  it("is unknown where a source that it needs was silent about the object", () => {
    const without = (silence: Record<string, string>) =>
      only(
        state({
          ...X,
          unanswered: [
            { subject: "s", reason: "timeout", message: "no answer", required: 1, ...silence },
          ] as never,
        }),
      );
    expect(without({ domain: "topology" })).toMatchObject({
      state: "unknown",
      because: "topology s did not answer: no answer",
    });
    expect(without({ domain: "topology", keyspace: "b" }).state).toBe("suspected");
    expect(without({ domain: "mysql" }).state).toBe("suspected");
  });

  it("is unknown where the rule says so of the object, even during an operation", () => {
    const unknown = rule("impact: none", "unknown: nobody can read it\nimpact: none");
    const operation = [{ lock_key: "/l", keyspace: "a" }];
    expect(only(state({ ...X, operation }), unknown)).toMatchObject({
      state: "unknown",
      because: "nobody can read it",
    });
  });
});

describe("what a rule says of a row", () => {
  it("takes of several texts the first whose columns are all there", () => {
    const either = (primary: string | null) =>
      only(
        state({ shard: [{ ...X.shard[0], primary_alias: primary }] }),
        rulesOf(
          RULE.replace("SELECT keyspace,", "SELECT primary_alias, keyspace,").replace(
            "impact: none",
            'durable: ["{primary_alias} leads it", "nobody leads {shard}"]\nimpact: none',
          ),
        ),
      ).because;
    expect(either("z-1")).toBe("z-1 leads it");
    expect(either(null)).toBe("nobody leads x");
  });

  it("takes each field from the first variant that matches and names it", () => {
    const graded = rule(
      "messages: []",
      `variants:
  - { when: { shard: y }, severity: info }
  - { when: { keyspace: a }, cause: of a }
  - { when: { shard: [x, z] }, severity: critical, cause: of x, doubt: who knows }
messages: []`,
    );
    expect(only(state(X), graded)).toMatchObject({
      severity: "critical",
      cause: "of a",
      impact: "none",
      state: "suspected",
      because: "who knows",
    });
  });

  it("has one fact per row of a query of its own, with the columns bound, whatever they hold", () => {
    const name = "it's {x} -- ?";
    const facts = rule(
      "  - fact: the record exists\n    source",
      '  - each: SELECT alias, type FROM tablet WHERE keyspace = {keyspace} AND shard = {shard} ORDER BY alias\n    fact: "{alias} of {keyspace} is {type}"\n    source',
    );
    const tablet = (alias: string, keyspace: string) => ({ alias, keyspace, shard: "x", type: "REPLICA" });
    const found = only(
      state({
        shard: [{ ...X.shard[0], keyspace: name }],
        tablet: [tablet("z-2", name), tablet("z-1", name), tablet("z-3", "b")],
      }),
      facts,
    );
    expect(found.evidence.map(({ fact }) => fact)).toEqual([
      `z-1 of ${name} is REPLICA`,
      `z-2 of ${name} is REPLICA`,
    ]);
  });

  it("leaves the repair to a person and to explain where it names none", () => {
    const bare = rule(/^repair: .*/m, "repair: { steps: [rename it] }");
    expect(only(state(X), bare).repair).toEqual({
      recipe: null,
      class: "manual",
      command: `vtdoctor explain shard-named-x@a/x --rules ${bare[0]?.folder}`,
      steps: ["rename it"],
    });
  });
});

describe("a rule that fails", () => {
  const failing = rule("SELECT keyspace,", "SELECT json_extract('{', '$') AS broken, keyspace,");

  it("is a finding about vtdoctor, and the others are judged", () => {
    const healthy = RULE.replaceAll("shard-named-x", "shard-named-z");
    const findings = judge(state(X), [...failing, ...rulesOf(healthy)], ONCE);
    expect(findings.map(({ id, state }) => [id, state])).toEqual([
      ["rule-failed@shard-named-x", "unknown"],
      ["shard-named-z@a/x", "suspected"],
    ]);
  });

  it("fails when it gives one object twice", () => {
    const twice = rule(/ORDER BY keyspace/, "UNION ALL SELECT keyspace, shard, revision, key FROM shard");
    expect(only(state(X), twice)).toMatchObject({
      rule: "rule-failed",
      because: "its query gives shard-named-x@a/x twice",
    });
  });
});

describe("one cause is one story", () => {
  const recorded = (name: string) => {
    const snapshot = Snapshot.of(factsOfRecording(name));
    try {
      return judge(snapshot, loadRules([SHIPPED_RULES]), ONCE);
    } finally {
      snapshot.close();
    }
  };

  it("of the v19 cancel: two shards, their tablets and streams, one repair each", () => {
    const findings = recorded("v19-cancelled");
    expect(findings.filter(({ causedBy }) => causedBy === null).map(({ id }) => id)).toEqual([
      "shard-missing-live-tablets@customer/-80",
      "shard-missing-live-tablets@customer/80-",
    ]);
    const followers = findings.filter(({ causedBy }) => causedBy !== null);
    expect(followers).toHaveLength(5);
    for (const { causedBy, repair } of followers) expect(repair.command).toBe(`vtdoctor fix ${causedBy}`);
    expect(new Set(findings.map(({ state }) => state))).toEqual(new Set(["confirmed"]));
  });

  it("is confirmed as a whole by what proves its root, but not what moved or waits", () => {
    const rows = {
      process: [200, 201].map((uid) => ({
        ...{
          address: `h:${uid}`,
          alias: `zone1-0000000${uid}`,
          cell: "zone1",
          keyspace: "customer",
          shard: "-80",
        },
        ...{
          type: uid === 200 ? "PRIMARY" : "REPLICA",
          same_cluster: 1,
          record: "absent",
          shard_record: "absent",
        },
        observed_at: 1795521600,
      })),
      live_tablet: [{ address: "h:200", term_start: 1795500000, observed_at_ms: TAKEN_AT }],
    };
    const judged = (more: Example["rows"] = {}) =>
      Object.fromEntries(
        judge(state({ ...rows, ...more }), loadRules([SHIPPED_RULES]), ONCE).map(({ id, state }) => [
          id,
          state,
        ]),
      );
    const replica = "tablet-record-missing-live-process@zone1-0000000201";
    expect(judged()).toMatchObject({
      "shard-missing-live-tablets@customer/-80": "confirmed",
      [replica]: "confirmed",
    });
    const silence = [
      { domain: "cell", subject: "zone1", cell: "zone1", reason: "timeout", message: "m", required: 1 },
    ];
    expect(judged({ unanswered: silence })[replica]).toBe("unknown");
  });

  it("ends where rules follow each other in a ring", () => {
    const ring = (own: string, other: string) =>
      RULE.replaceAll("shard-named-x", own).replace(
        "messages: []",
        `messages: []\nfollows: [{ rule: ${other}, on: { keyspace: keyspace } }]`,
      );
    const findings = judge(state(X), rulesOf(ring("ring-a", "ring-b"), ring("ring-b", "ring-a")), ONCE);
    expect(findings.map(({ causedBy }) => causedBy)).toEqual(["ring-b@a/x", "ring-a@a/x"]);
  });

  it("is suppressed with its root, until the day", () => {
    const snapshot = Snapshot.of(factsOfRecording("v19-cancelled"));
    const until = Date.UTC(2026, 11, 1);
    const suppressions = [{ finding: "shard-missing-*@customer/-80", reason: "drill", until }];
    const states = (now: number) =>
      judge(snapshot, loadRules([SHIPPED_RULES]), { ...ONCE, now, suppressions })
        .filter(({ object }) => object.shard === "-80")
        .map(({ state }) => state);
    expect(new Set(states(until - 1))).toEqual(new Set(["suppressed"]));
    expect(new Set(states(until))).toEqual(new Set(["confirmed"]));
    snapshot.close();
  });
});

describe("the same snapshot", () => {
  it("gives the same findings in any order of its rows", () => {
    const shards = ["a", "b", "c", "d"].map((keyspace) => ({ keyspace, shard: "x" }));
    const expected = judge(state({ shard: shards }), rule(), ONCE);
    fc.assert(
      fc.property(fc.shuffledSubarray(shards, { minLength: shards.length }), (shard) => {
        expect(judge(state({ shard }), rule(), ONCE)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
    expect(expected.toSorted(compareFindings)).toEqual(expected);
  });
});
