import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyFolder, type Said } from "./harness.js";

const BIN = resolve("bin/vtdoctor.js");

/** Two orphan shards repaired, in real time: a running primary names itself within 30 s. */
const REPAIR_MS = 240_000;

describe("demo --serve, and the compiled program typed in another terminal", () => {
  const folder = emptyFolder();
  let server: ChildProcess;
  const invitation: string[] = [];
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    server = spawn(process.execPath, [BIN, "demo", "--serve"], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: server.stdout ?? process.stdin })) {
      invitation.push(line);
      if (line.startsWith("Ctrl-C")) break;
    }
    const [, name = "", value] = /export (\w+)=(.*)/.exec(invitation.join("\n")) ?? [];
    env = { PATH: process.env.PATH, XDG_STATE_HOME: emptyFolder(), [name]: value };
  });
  afterAll(() => server?.kill("SIGKILL"));

  const type = (line: string): Promise<Said> => program(line.split(" "), env, folder);
  const scan = async (more = ""): Promise<Scanned> => {
    const said = await type(`scan --format json${more}`);
    if (said.out === "") throw new Error(said.err);
    return { code: said.code, ...JSON.parse(said.out) };
  };
  const ids = (scanned: Scanned) => scanned.findings.map(({ id }) => id);

  it("scan finds what the cancel of Vitess 19 left, through etcd, gRPC and HTTP", async () => {
    const found = await scan();
    expect([found.code, found.coverage.unanswered]).toEqual([1, []]);
    expect(ids(found).sort()).toEqual([...ORPHANED, ...FOLLOWS].sort());
  });

  it("the MySQLs say the same", async () => {
    const found = await scan(" --mysql-user demo");
    expect([found.code, found.coverage.unanswered]).toEqual([1, []]);
    expect(ids(found).sort()).toEqual([...ORPHANED, ...FOLLOWS].sort());
  });

  it("every command that it offers is one", async () => {
    const offered = invitation.flatMap((line) => /^ {4}vtdoctor (.+?) +#/.exec(line)?.[1] ?? []);
    expect(offered.map((words) => words.split(" ")[0])).toEqual([
      ...["scan", "explain", "fix", "fix", "scan", "cancel", "query"],
    ]);
    const [, explain = "", dryRun = ""] = offered;
    const proof = await type(explain);
    expect([proof.code, proof.out]).toEqual([
      0,
      expect.stringContaining("zone1-0000000200 answers as PRIMARY"),
    ]);
    expect((await type(dryRun)).code).toBe(1);
  });

  it(
    "fix stops after a step when its ssh session ends; the command that it leaves repairs it, and a new scan is clean",
    async () => {
      const left = await program(["fix", ...ORPHANED, "--yes"], env, folder, (line, child) => {
        if (line.includes("stream.stop-zone1-0000000200")) child.kill("SIGHUP");
      });
      expect(left.code, left.err).toBe(5);
      expect(left.err).toContain("SIGHUP: stopping as soon as no step is half done");
      const [, resume = ""] = /\n {4}vtdoctor (resume \w+)\n$/.exec(left.err) ?? [];
      const fixed = await type(`${resume} --yes`);
      expect(fixed.code, fixed.err + fixed.out).toBe(0);
      const after = await scan(" --mysql-user demo");
      expect([after.code, after.coverage.unanswered]).toEqual([0, []]);
      expect(ids(after).filter((id) => [...ORPHANED, ...FOLLOWS].includes(id))).toEqual([]);
    },
    REPAIR_MS,
  );

  it(
    "cancel ends the healthy workflow and holds its tables",
    async () => {
      const cancelled = await type("cancel product.p2 --yes");
      expect(cancelled.code, cancelled.err + cancelled.out).toBe(0);
      expect(cancelled.out).toContain("vtdoctor_hold_");
      const streams = await program(["query", "SELECT * FROM stream", "--format", "json"], env, folder);
      expect([streams.code, JSON.parse(streams.out).rows]).toEqual([0, []]);
    },
    REPAIR_MS,
  );

  it("Ctrl-C ends it", async () => {
    const code = new Promise((done) => server.once("exit", done));
    server.kill("SIGINT");
    expect(await code).toBe(0);
    expect((await type("scan")).code).toBe(3);
  });

  it("says which port is taken, and what --port is for", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const refused = await program(["demo", "--serve", "--port", String(port)], env, folder);
    taken.close();
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringMatching(/^vtdoctor: --port: .*EADDRINUSE/),
    ]);
    const alone = await program(["demo", "--port", "15999"], env, folder);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("--serve")]);
  });
});

const ORPHANED: readonly string[] = [
  "shard-missing-live-tablets@customer/-80",
  "shard-missing-live-tablets@customer/80-",
];

const FOLLOWS: readonly string[] = [
  "stream-on-unlisted-tablet@customer/-80/c2",
  "stream-on-unlisted-tablet@customer/80-/c2",
  "tablet-record-missing-live-process@zone1-0000000200",
  "tablet-record-missing-live-process@zone1-0000000201",
  "tablet-record-missing-live-process@zone1-0000000300",
];

interface Scanned {
  readonly code: number;
  readonly coverage: { readonly unanswered: readonly object[] };
  readonly findings: readonly { readonly id: string }[];
}

const program = (
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  hearing: (line: string, child: ChildProcess) => void = () => {},
): Promise<Said> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [BIN, ...argv], { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    const said = { out: "", err: "" };
    child.stdout.on("data", (text) => {
      said.out += text;
    });
    child.stderr.on("data", (text) => {
      said.err += text;
      hearing(String(text), child);
    });
    child.on("close", (code) => done({ code: code ?? -1, ...said }));
  });
