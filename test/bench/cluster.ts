import { BenchEtcd } from "./etcd.js";
import { BARE_LOOP, type NodeRan, runNode, TabletServer, VTDOCTOR } from "./processes.js";
import { percentile, putsDuring } from "./put-latency.js";
import { keyspacesOf, ROOT, type Shape, shardCount } from "./shape.js";
import { median, ratio, seconds } from "./text.js";
import { Vtctld } from "./vtctld.js";

export interface ClusterOptions {
  readonly tablets: number;
  /** Revisions that etcd keeps beside the records. */
  readonly history: number;
  readonly runs: number;
}

/** One scan after the other of a cluster that is served on loopback, each beside the same calls without vtdoctor and beside Vitess. */
export async function benchCluster(options: ClusterOptions, say: (text: string) => void): Promise<unknown> {
  const etcd = await BenchEtcd.start();
  const server = await TabletServer.start(options.tablets, etcd.address);
  try {
    return await measure(options, etcd, server, say);
  } finally {
    server.stop();
    await etcd.stop();
  }
}

async function measure(
  { tablets, history, runs }: ClusterOptions,
  etcd: BenchEtcd,
  server: TabletServer,
  say: (text: string) => void,
): Promise<unknown> {
  const { shape } = server;
  const records = await etcd.fill(shape);
  const filling = performance.now();
  await etcd.age(shape, history);
  say(
    `\n${shardCount(shape)} shards, ${tablets} tablets, ${records} records` +
      (history > 0 ? `, ${history} more revisions (made in ${seconds(performance.now() - filling)})` : ""),
  );
  const idle = await putsDuring(etcd.client, () => new Promise((resolve) => setTimeout(resolve, 5_000)));
  const vtctld = await Vtctld.start(etcd.address);
  if (vtctld === null) say("vtctld and vtctldclient are not installed: no comparison with Vitess");
  // The process that serves the tablets compiles what it runs often while it is asked first: nobody's time is to count that.
  await runNode(BARE_LOOP, [JSON.stringify(shape)]);
  const rounds: Round[] = [];
  try {
    for (let round = 1; round <= runs; round++) {
      const done = await oneRound(shape, etcd, server, vtctld);
      rounds.push(done);
      say(`round ${round}: ${describe(done)}`);
    }
  } finally {
    await vtctld?.stop();
  }
  return summary(rounds, idle.puts, say);
}

interface Look {
  readonly ms: number;
  readonly puts: readonly number[];
}

interface Round {
  readonly scan: Look & Pick<NodeRan, "peakMiB" | "cpuMs" | "code">;
  readonly bare: Look & Pick<NodeRan, "cpuMs">;
  readonly validate: Look | null;
  readonly workflows: Look | null;
  /** What Validate said where it failed. */
  readonly complaint: string | null;
  readonly tabletCalls: Readonly<Record<string, number>>;
  readonly etcdCalls: Readonly<Record<string, number>>;
}

async function oneRound(
  shape: Shape,
  etcd: BenchEtcd,
  server: TabletServer,
  vtctld: Vtctld | null,
): Promise<Round> {
  await server.calls();
  const before = await etcd.requests();
  const scan = await putsDuring(etcd.client, () =>
    runNode(VTDOCTOR, [
      "scan",
      "--topo-global-server-address",
      etcd.address,
      "--topo-global-root",
      ROOT,
      "--format",
      "json",
    ]),
  );
  const after = await etcd.requests();
  const tabletCalls = await server.calls();
  expectHealthy(scan.result, shape);
  const bare = await putsDuring(etcd.client, () => runNode(BARE_LOOP, [JSON.stringify(shape)]));
  if (bare.result.code !== 0) throw new Error(`the bare loop failed: ${bare.result.out}`);
  expectSame(tabletCalls, await server.calls());
  const validate =
    vtctld && (await putsDuring(etcd.client, () => vtctld.client("Validate", "--ping-tablets")));
  const workflows =
    vtctld &&
    (await putsDuring(etcd.client, async () => {
      const start = performance.now();
      for (const keyspace of keyspacesOf(shape)) {
        const { code, out } = await vtctld.client("GetWorkflows", keyspace);
        if (code !== 0) throw new Error(`GetWorkflows failed: ${out}`);
      }
      return { ms: performance.now() - start };
    }));
  await server.calls();
  // It gives up on shards of a large cluster ("partial result"): then its time says nothing.
  const complaint = validate === null || validate.result.code === 0 ? null : validate.result.out;
  const look = <T extends { readonly ms: number }>({
    result,
    puts,
  }: {
    result: T;
    puts: readonly number[];
  }) => ({
    ...result,
    puts,
  });
  return {
    scan: look(scan),
    bare: look(bare),
    validate: complaint === null ? validate && look(validate) : null,
    complaint,
    workflows: workflows && look(workflows),
    tabletCalls,
    etcdCalls: Object.fromEntries(
      [...after]
        .map(([method, count]) => [method, count - (before.get(method) ?? 0)] as const)
        .filter(([method, count]) => count > 0 && method !== "Put"),
    ),
  };
}

/** A scan that saw less would be a fast one. */
function expectHealthy({ code, out }: NodeRan, { tablets }: Shape): void {
  if (code !== 0 && code !== 1) throw new Error(`the scan ended with ${code}: ${out.slice(0, 4000)}`);
  const document = JSON.parse(out.slice(out.indexOf("{")));
  const { findings, coverage } = document;
  if (findings.length > 0)
    throw new Error(`a healthy cluster, but: ${JSON.stringify(findings[0]).slice(0, 2000)}`);
  const seen = coverage.seen.tablets;
  if (seen !== tablets) throw new Error(`${seen} of ${tablets} tablets answered`);
}

function expectSame(scan: Readonly<Record<string, number>>, bare: Readonly<Record<string, number>>): void {
  const text = (calls: Readonly<Record<string, number>>) => JSON.stringify(Object.entries(calls).sort());
  if (text(scan) !== text(bare))
    throw new Error(`the bare loop makes other calls: ${text(bare)}; the scan made ${text(scan)}`);
}

const describe = ({ scan, bare, validate, workflows, complaint }: Round): string =>
  [
    `scan ${seconds(scan.ms)} (${seconds(scan.cpuMs)} CPU, ${scan.peakMiB.toFixed(0)} MiB)`,
    `bare loop ${seconds(bare.ms)} (${seconds(bare.cpuMs)} CPU)`,
    validate && `Validate ${seconds(validate.ms)}`,
    complaint && `Validate failed (${complaint.slice(0, 200).replaceAll("\n", " ")})`,
    workflows && `GetWorkflows ${seconds(workflows.ms)}`,
  ]
    .filter((part) => part !== null)
    .join(", ");

function summary(rounds: readonly Round[], idle: readonly number[], say: (text: string) => void): unknown {
  const vitess = rounds.map(
    ({ validate, workflows }) => (validate?.ms ?? Number.NaN) + (workflows?.ms ?? Number.NaN),
  );
  const puts = (of: (round: Round) => Look | null): number =>
    percentile(
      rounds.flatMap((round) => of(round)?.puts ?? []),
      0.99,
    );
  const found = {
    scanMs: median(rounds.map(({ scan }) => scan.ms)),
    scanCpuMs: median(rounds.map(({ scan }) => scan.cpuMs)),
    peakMiB: median(rounds.map(({ scan }) => scan.peakMiB)),
    bareMs: median(rounds.map(({ bare }) => bare.ms)),
    vitessMs: median(vitess),
    scanToBare: median(rounds.map(({ scan, bare }) => scan.ms / bare.ms)),
    scanToVitess: median(rounds.map(({ scan }, index) => scan.ms / (vitess[index] ?? Number.NaN))),
    putP99Ms: {
      idle: percentile(idle, 0.99),
      scan: puts(({ scan }) => scan),
      bareLoop: puts(({ bare }) => bare),
      validate: puts(({ validate }) => validate),
    },
    tabletCalls: rounds.at(-1)?.tabletCalls,
    etcdCalls: rounds.at(-1)?.etcdCalls,
  };
  const { idle: idleMs, scan, bareLoop, validate } = found.putP99Ms;
  const millis = (value: number): string => `${value.toFixed(1)} ms`;
  const vitessRows = Number.isNaN(found.vitessMs)
    ? []
    : [
        ["Validate + GetWorkflows", seconds(found.vitessMs)],
        ["scan / Vitess", ratio(found.scanToVitess)],
        ["etcd put p99, Validate", millis(validate)],
      ];
  const rows = [
    ["scan", `${seconds(found.scanMs)} (CPU ${seconds(found.scanCpuMs)})`],
    ["peak memory", `${found.peakMiB.toFixed(0)} MiB`],
    ["bare grpc-js loop, same calls", seconds(found.bareMs)],
    ["scan / bare loop", ratio(found.scanToBare)],
    ["etcd put p99", `idle ${millis(idleMs)}, scan ${millis(scan)}, bare loop ${millis(bareLoop)}`],
    ...vitessRows,
    ["calls to etcd", JSON.stringify(found.etcdCalls)],
    ["calls to tablets", JSON.stringify(found.tabletCalls)],
  ];
  say(`\n${rows.map(([name = "", value]) => `${name.padEnd(32)}${value}`).join("\n")}`);
  return { ...found, rounds: rounds.map(({ scan, bare }) => ({ scanMs: scan.ms, bareMs: bare.ms })) };
}
