import { describe, expect, it } from "vitest";
import { brokenLab } from "../../src/sim/lab.js";
import { operatorAt, seed, vtdoctor } from "./harness.js";

/** Of examples/common/env.sh in Vitess 19. */
const TOPOLOGY_FLAGS = (server: string) =>
  `--topo_implementation etcd2 --topo_global_server_address ${server} --topo_global_root /vitess/global`;

const found = (out: string): readonly string[] =>
  JSON.parse(out).findings.map(({ id }: { id: string }) => id);

describe("what an operator of Vitess types", () => {
  it("its own TOPOLOGY_FLAGS, in both spellings", async () => {
    const cluster = seed();
    const flags = TOPOLOGY_FLAGS(cluster.topology.global.etcd.server);
    for (const spelled of [flags, flags.replaceAll("_", "-")]) {
      const said = await vtdoctor(`scan ${spelled} --format json`.split(" "), { cluster });
      expect([said.code, found(said.out).length]).toEqual([1, 7]);
    }
  });

  it("a topology that is no etcd is one sentence", async () => {
    for (const kind of ["consul", "zk2"]) {
      const said = await operatorAt(seed()).type(`scan --topo_implementation ${kind}`);
      expect([said.code, said.out, said.err]).toEqual([
        2,
        "",
        `vtdoctor: --topo-implementation: vtdoctor reads etcd only (etcd2), not ${kind}.\n`,
      ]);
    }
  });

  it("lists with commas", async () => {
    const { type } = operatorAt(brokenLab());
    const ids = async (flags: string) => found((await type(`scan ${flags} --format json`)).out);
    const all = await ids("--timeout 5s");
    expect(await ids("--keyspace product")).toEqual([]);
    expect(await ids("--keyspace product,customer")).toEqual(all);
    expect(await ids("--keyspace product --keyspace customer")).toEqual(all);
    expect(await ids("--cell zone1,zone1")).toEqual(all);
    const empty = await type("scan --cell zone1,");
    expect([empty.code, empty.err]).toEqual([2, expect.stringContaining("--cell: has an empty name")]);
    const planned = await type("fix --keyspace product,customer --dry-run");
    expect([planned.code, planned.out]).toEqual([1, expect.stringContaining("13 steps")]);
    const unknown = await type("scan --keyspace customer,custmer");
    expect([unknown.code, unknown.err]).toEqual([
      2,
      expect.stringMatching(/--keyspace custmer: .*Did you mean "customer"/),
    ]);
  });
});
