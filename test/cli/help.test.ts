import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.js";
import { COMMANDS } from "../../src/cli/commands.js";
import { EXIT } from "../../src/cluster/errors.js";
import { vtdoctor } from "./harness.js";

const help = async (topic: string, columns = 80): Promise<string> => {
  const said = await vtdoctor(["help", ...topic.split(" ").filter((word) => word !== "")], { columns });
  expect([said.code, said.err]).toEqual([0, ""]);
  return said.out;
};

/** As a shell splits it. */
const words = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");

describe("help", () => {
  const topics = ["", "connection", "exit-codes", ...COMMANDS.map(({ name }) => name)];

  it.each([40, 60, 80, 100, 200])(
    "is no wider than a terminal of %i columns, but for what can not be broken",
    async (columns) => {
      for (const topic of topics) {
        for (const line of (await help(topic, columns)).split("\n")) {
          const unbreakable = /^ {2}(vtdoctor |\S+, --| {4}--)\S/.test(line) || /^\s*\S+$/.test(line);
          if (!unbreakable)
            expect(line.length, `${topic}: ${line}`).toBeLessThanOrEqual(Math.min(columns, 100));
        }
      }
    },
  );

  it.each(COMMANDS)(
    "of $name: usage, examples, its own flags, what is common, and where the connection is",
    async ({ name, usage, options, examples }) => {
      const text = await help(name);
      const [command = ""] = usage.split(" ");
      const inOrder = [
        `vtdoctor ${command}`,
        examples[0]?.[0] ?? "",
        "Options:",
        "What is looked at:",
        "Output:",
        "Connection (",
        "Exit codes:",
      ];
      const places = inOrder.map((part) => text.indexOf(part)).filter((at) => at >= 0);
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(examples.length).toBeGreaterThanOrEqual(2);
      expect(examples.length).toBeLessThanOrEqual(4);
      const connections = Object.entries(options).filter(([, { group }]) => group === "Connection");
      for (const [option, { group }] of Object.entries(options))
        expect(text.includes(`--${option} `) || text.includes(`--${option}\n`), option).toBe(
          group !== "Connection",
        );
      if (connections.length > 0)
        expect(text).toContain(`Connection (${connections.length} more): vtdoctor help connection`);
      const all = await help("connection");
      for (const [option] of connections) expect(all).toContain(`--${option} `);
    },
  );

  it("gives examples that are command lines", async () => {
    for (const [line] of COMMANDS.flatMap(({ examples }) => examples)) {
      const [program, ...argv] = words(line);
      const parsed = await parseArguments(argv, COMMANDS, {}, "0", 80);
      expect([program, parsed.kind], line).toEqual(["vtdoctor", "command"]);
    }
  });

  it("names every exit code", async () => {
    const named = [...(await help("exit-codes")).matchAll(/^ {2}(\d) {2}(\w+)/gm)].map(([, code, name]) => [
      name,
      Number(code),
    ]);
    expect(Object.fromEntries(named)).toEqual(EXIT);
  });

  it("is short where nothing is typed, which is no success", async () => {
    const bare = await vtdoctor([]);
    expect([bare.code, bare.out, bare.err]).toEqual([2, await help("", 120), ""]);
    expect(bare.out.split("\n").length).toBeLessThan(36);
    const json = await vtdoctor([], { env: { VTDOCTOR_FORMAT: "json" } });
    expect([json.code, JSON.parse(json.out).exit.name]).toEqual([2, "usage"]);
  });
});
