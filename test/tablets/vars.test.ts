import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TabletVars } from "../../src/tablets/access.js";
import { parseVars } from "../../src/tablets/vars.js";

const RECORDINGS = new URL("../../fixtures/recordings/", import.meta.url);

interface Recorded {
  readonly debug_vars: Readonly<Record<string, unknown>> | null;
  readonly _vt: { readonly vreplication?: readonly { id: number; workflow: string }[] };
}

/** Every tablet of every recorded cluster that answered. */
const recorded = readdirSync(RECORDINGS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(new URL(`${name}/tablets/`, RECORDINGS)).map((file) => {
      const tablet = JSON.parse(
        readFileSync(new URL(`${name}/tablets/${file}`, RECORDINGS), "utf8"),
      ) as Recorded;
      return { title: `${name}/${file}`, tablet };
    }),
  )
  .filter(({ tablet }) => tablet.debug_vars?.TabletAlias !== undefined);

const parse = (body: string): TabletVars => {
  const outcome = parseVars(body);
  if (outcome.kind === "unanswered") throw new Error(outcome.message);
  return outcome.value;
};

const of = (vars: Readonly<Record<string, unknown>>): TabletVars =>
  parse(JSON.stringify({ TabletAlias: "zone1-0000000200", ...vars }));

const workflowOf = (key: string, config: Readonly<Record<string, string>> = {}): string | undefined =>
  of({ VReplicationStreamState: { [key]: "Running" }, VReplicationConfig: config }).streams[0]?.workflow;

describe("/debug/vars of recorded clusters", () => {
  it("has recordings of both versions", () => {
    expect(new Set(recorded.map(({ tablet }) => tablet.debug_vars?.BuildVersion))).toEqual(
      new Set(["24.0.4", "19.0.10"]),
    );
  });

  it.each(recorded)("$title: engine and rows name the same streams", ({ tablet }) => {
    const vars = parse(JSON.stringify(tablet.debug_vars));
    const names = new Map((tablet._vt.vreplication ?? []).map((row) => [row.id, row.workflow]));
    for (const stream of vars.streams) {
      expect(names.get(stream.id) ?? stream.workflow).toBe(stream.workflow);
      expect(stream.source).toMatch(/^[a-z]+\/\S+$/);
    }
    expect(vars.alias).toMatch(/^zone1-\d{10}$/);
    expect(vars.topoServer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(vars.topoRoot).toBe("/vitess/global");
    if (vars.type !== "PRIMARY") expect(vars.streams).toEqual([]);
  });

  it.each(recorded)("$title: reads the same where Go writes one variable a line", ({ tablet }) => {
    const others = { Other: { "a\nb": '\n"TabletAlias": 1' }, memstats: { Alloc: 1 } };
    const all = Object.entries({ ...others, ...tablet.debug_vars });
    const lines = all.map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
    const broken = [...lines, '"Odd": [1,', "2]"];
    for (const body of [lines, broken])
      expect(parse(`{\n${body.join(",\n")}\n}\n`.replace("[1,,", "[1,"))).toEqual(
        parse(JSON.stringify(tablet.debug_vars)),
      );
  });

  it("reads one stream in full", () => {
    const tablet = recorded.find(({ title }) => title === "healthy-reshard-running-v24/200.json")?.tablet;
    expect(parse(JSON.stringify(tablet?.debug_vars))).toMatchObject({
      alias: "zone1-0000000200",
      keyspace: "customer",
      shard: "-80",
      type: "PRIMARY",
      stateName: "SERVING",
      buildVersion: "24.0.4",
      keyRangeStart: "",
      keyRangeEnd: "80",
      topoServer: "127.0.0.1:22379",
      streams: [
        {
          id: 1,
          workflow: "c2",
          state: "Running",
          source: "customer/0",
          sourceTablet: "zone1-0000000100",
          lastMessage: 'Picked source tablet: cell:"zone1" uid:100',
          heartbeat: 1795559312,
        },
      ],
    });
  });
});

describe("names of streams", () => {
  it.each([
    ["c2.1", "c2"],
    ["c2.Reshard.1", "c2"],
    ["a.b.c.MoveTables.12", "a.b.c"],
    ["a.b.c.12", "a.b.c"],
    ["week.1.2", "week.1"],
    ["x.reshard.3", "x.reshard"],
  ])("%s is of workflow %s", (key, workflow) => expect(workflowOf(key)).toBe(workflow));

  it("are taken from the engine's configuration where it has one: it never carries the type", () => {
    expect(workflowOf("x.Reshard.Reshard.1", { "x.Reshard.1": "{}" })).toBe("x.Reshard");
    expect(workflowOf("x.Reshard.1", { "x.Reshard.1": "{}" })).toBe("x.Reshard");
  });

  it("keep the streams of one workflow apart, in the order of their ids", () => {
    const { streams } = of({
      VReplicationStreamState: { "m.10": "Stopped", "m.9": "Running" },
      VReplicationSource: { 10: "b/-80", 9: "a/0" },
      VReplicationHeartbeat: { "b.-80.m.10": 5, "a.0.m.9": 7 },
      VReplicationMessages: { 9: "2026-11-24T22:28:06.7Z:new; with a part; 2026-11-24T22:00:00Z:old" },
    });
    expect(streams.map(({ id, state, source, heartbeat }) => [id, state, source, heartbeat])).toEqual([
      [9, "Running", "a/0", 7],
      [10, "Stopped", "b/-80", 5],
    ]);
    expect(streams[0]?.lastMessage).toBe("new; with a part");
  });
});

describe("the command line", () => {
  const topo = (...cmdline: readonly string[]) => {
    const { topoServer, topoRoot } = of({ cmdline: ["vttablet", ...cmdline] });
    return [topoServer, topoRoot];
  };

  it.each([
    ["v24", ["--topo-global-server-address", "e:2379", "--topo-global-root", "/r"]],
    ["v19", ["--topo_global_server_address", "e:2379", "--topo_global_root", "/r"]],
    ["with an equals sign", ["--topo_global_server_address=e:2379", "-topo-global-root=/r"]],
    ["with one dash", ["-topo_global_server_address", "e:2379", "-topo_global_root", "/r"]],
  ])("names the topology, %s", (_, cmdline) => expect(topo(...cmdline)).toEqual(["e:2379", "/r"]));

  it("may not name it", () => expect(topo("--config-file", "x.yaml")).toEqual(["", ""]));

  it("loses its secrets and nothing else", () => {
    const { commandLineJson } = of({
      cmdline: [
        "vttablet",
        "--db_dba_password",
        "p1",
        "--db-app-password=p2",
        "--db-credentials-file",
        "f",
        "--port",
        "1",
      ],
    });
    expect(JSON.parse(commandLineJson)).toEqual([
      "vttablet",
      "--db_dba_password",
      "***",
      "--db-app-password=***",
      "--db-credentials-file",
      "f",
      "--port",
      "1",
    ]);
  });
});

describe("strings as Go writes them", () => {
  it.each([
    [String.raw`"a\x00\x7f\a\vb"`, "a\u0000\u007f\u0007\u000bb"],
    [String.raw`"\xff\u00e9\U0001f600"`, "\ufffdé😀"],
    [String.raw`"\\x41 \"q\" \n"`, '\\x41 "q" \n'],
  ])("%s", (literal, expected) =>
    expect(parse(`{"TabletAlias": ${literal}, "Rate": +Inf, "Other": NaN}`).alias).toBe(expected),
  );

  it("come back as they were", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (text, asciiOnly) => {
        expect(parse(`{"x": "\\x00", "TabletAlias": ${goQuote(text, asciiOnly)}}`).alias).toBe(text);
      }),
    );
  });
});

/** strconv.Quote, or QuoteToASCII, for text that is valid UTF-8. */
const goQuote = (text: string, asciiOnly: boolean): string =>
  `"${[...text].map((character) => goEscape(character, asciiOnly)).join("")}"`;

function goEscape(character: string, asciiOnly: boolean): string {
  const short = {
    "\u0007": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
  }[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x7f || !asciiOnly) return character;
  return code < 0x10000
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}
