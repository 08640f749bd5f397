import { rmSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UsageError } from "../../cluster/errors.js";
import type { SimCluster } from "../../sim/cluster.js";
import { reshardingLab } from "../../sim/lab.js";
import { reshardCancel } from "../../sim/native/reshard-cancel.js";
import { scratchFolder } from "../../snapshot/scratch.js";
import type { Backend, Context, Request, Run } from "../command.js";

const WORKFLOW = { keyspace: "customer", workflow: "c2" };

/** The whole story on a simulated cluster in this process: no server, no root, no network. */
export const run: Run = async (request) => {
  if (request.given.yes("serve")) return (await import("../demo-serve.js")).serve(request);
  if (request.given.text("port") !== undefined)
    throw new UsageError("--port: is where the cluster of --serve listens; give both.");
  return play(request, { orderBug: true });
};

/** With `orderBug: false` the simulated cancel works as upstream mended it, and there is nothing to find. */
export async function play(request: Request, { orderBug }: { readonly orderBug: boolean }): Promise<number> {
  const folder = scratchFolder();
  try {
    return await story(request, orderBug, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function story(request: Request, orderBug: boolean, folder: string): Promise<number> {
  const { out } = request.context.terminal;
  const cluster = reshardingLab({ version: "19.0.10" });
  const type = operator(cluster, request, folder);
  out(
    "A simulated Vitess 19 in this process: keyspace customer, where Reshard workflow c2 copies shard 0 (tablet 100) to -80 (200, 201) and 80- (300).",
  );

  await type("scan", "all is well");

  prompt(out, "vtctldclient Reshard --workflow c2 --target-keyspace customer cancel", "as Vitess 19 does it");
  cluster.run(reshardCancel(cluster, { ...WORKFLOW, version: 19, orderBug }));
  out("Successfully cancelled the c2 workflow in the customer keyspace");
  cluster.clock.advance(60_000);

  if ((await type("scan", "a minute later")) === EXIT.ok) return EXIT.ok;
  await type("fix --all --dry-run --out plan.json", "the plan, and nothing else yet");
  const repaired = await type("fix --plan plan.json --yes", "exactly that plan");
  const after = await type("scan", "repaired; only the copied tables are left");
  out(
    [
      "\nThat was the program itself; only the cluster was simulated. On a cluster of yours, scan changes nothing:",
      "    vtdoctor scan --topo-global-server-address HOST:2379 --topo-global-root /vitess/global",
      "",
    ].join("\n"),
  );
  return repaired === EXIT.ok ? after : repaired;
}

/** Types commands at the simulated cluster, in a folder and an environment where no file or variable of the real operator is seen. */
function operator(cluster: SimCluster, { context, given, vtdoctor }: Request, folder: string) {
  const { terminal } = context;
  const color = given.choice("color");
  const unseen = [
    ...["--topo-global-server-address", cluster.topology.global.etcd.server],
    ...["--topo-global-root", cluster.topology.global.root],
    ...["verbose", "quiet"].filter((name) => given.yes(name)).map((name) => `--${name}`),
    ...(color === undefined ? [] : [color ? "--color" : "--no-color"]),
  ];
  const { NO_COLOR, FORCE_COLOR } = context.env;
  const there: Context = {
    ...context,
    clock: cluster.clock,
    cwd: folder,
    env: { NO_COLOR, FORCE_COLOR, XDG_STATE_HOME: join(folder, "state") },
    backend: simulatedBackend(cluster),
    // One stream, so that the story keeps its order where the two go to different places.
    terminal: { ...terminal, note: terminal.out, progress: () => {} },
  };
  return (typed: string, comment: string): Promise<number> => {
    prompt(terminal.out, `vtdoctor ${typed}`, comment);
    const words = typed.split(" ").map((word) => (word === "plan.json" ? join(folder, word) : word));
    return vtdoctor([...words, ...unseen], there);
  };
}

const prompt = (out: (text: string) => void, command: string, comment: string): void =>
  out(`\n$ ${command.padEnd(70)} # ${comment}\n`);

/** A simulated cluster behind the same ports as a real one. */
export function simulatedBackend(cluster: SimCluster): Backend {
  const { reader, writer, clock } = cluster;
  const close = () => {};
  return {
    sources: async () => ({ connect: (server) => cluster.connect(server), tablets: reader, clock, close }),
    ports: async (_, { ids, hostName, userName }, log) => ({
      store: (server) => cluster.connect(server),
      ...{
        reader,
        writer,
        hooks: cluster.hooks,
        vtctld: cluster.vtctld,
        clock,
        ids,
        hostName,
        userName,
        log,
        close,
      },
    }),
  };
}
