import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../cluster/errors.js";
import { planFix } from "../../plan/fix.js";
import { reshardingLab } from "../../sim/lab.js";
import { reshardCancel } from "../../sim/native.js";
import { carryOut } from "../carry-out.js";
import type { Request, Run } from "../command.js";
import { judged } from "../observe.js";
import { ruleSet } from "../rule-set.js";
import { simulatedSite } from "../simulated-site.js";
import { report } from "./scan.js";

/** The whole story on a simulated cluster in this process: no server, no root, no network. */
export const run: Run = (request) => play(request, { orderBug: true });

/** With `orderBug: false` the simulated cancel works as upstream mended it, and there is nothing to find. */
export async function play(request: Request, { orderBug }: { readonly orderBug: boolean }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "vtdoctor-demo-"));
  try {
    return await story(request, orderBug, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function story(request: Request, orderBug: boolean, folder: string): Promise<number> {
  const { terminal } = request.context;
  const say = (text: string) => terminal.out(`\n${text}\n`);
  say(
    "A simulated Vitess cluster: keyspace customer, Reshard workflow c2 copies shard 0 (tablet 100) to -80 (200, 201) and 80- (300).",
  );
  const cluster = reshardingLab({ version: "19.0.10" });
  const site = simulatedSite(cluster, request, folder);

  say("$ vtdoctor scan                                     # before: healthy");
  const healthy = await site.observe();
  report(site.request, healthy, ruleSet(request.given));

  say("$ vtctldclient Reshard --workflow c2 --target-keyspace customer cancel      # as Vitess 19 does it");
  cluster.run(reshardCancel(cluster, { keyspace: "customer", workflow: "c2", version: 19, orderBug }));
  terminal.out("Successfully cancelled the c2 workflow in the customer keyspace");
  cluster.clock.advance(60_000);

  say("$ vtdoctor scan                                     # a minute later");
  const broken = await site.observe();
  const found = report(site.request, broken, ruleSet(request.given));
  if (found === EXIT.ok) return EXIT.ok;

  say("$ vtdoctor fix --all --dry-run --out plan.json; vtdoctor fix --plan plan.json --yes");
  const findings = judged(broken, ruleSet(request.given), site.request);
  const wanted = {
    command: "vtdoctor demo",
    findings: null,
    keyspaces: null,
    orphans: null,
    maxTablets: 10,
    maxKeys: 50,
  };
  const plan = planFix(
    broken.snapshot,
    findings,
    { ...wanted, restoredTopologyConfirmed: false },
    { now: cluster.clock.now(), ids: site.request.context.ids },
  );
  const code = await carryOut(
    plan,
    findings.map(({ id }) => id),
    "reviewed",
    site,
    site.request,
  );

  say("$ vtdoctor scan                                     # after");
  report(site.request, await site.observe(), ruleSet(request.given));
  say(
    `Against your own cluster, read-only:\n\n    vtdoctor scan --topo-global-server-address HOST:2379 --topo-global-root /vitess/global`,
  );
  return code;
}
