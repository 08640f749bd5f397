import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { KeyspaceSchema } from "../../src/proto/gen/vschema_pb.js";
import { rebuildSrvVSchema } from "../../src/sim/native/serving-graph.js";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";

const BARE = ["customer", "customer@rdonly", "customer@replica"];

/** The operator's VSchema lists the table in the sharded target, as MoveTables demands. */
function intoSharded(sourceLists: boolean) {
  const cluster = moving.build();
  const source = cluster.topology.vschema("customer").get();
  if (source === null) throw new Error("no VSchema");
  cluster.topology.vschema("moved").put({ ...source, sharded: true });
  if (!sourceLists) cluster.topology.vschema("customer").put(create(KeyspaceSchema));
  for (const _ of rebuildSrvVSchema(cluster, cluster.version));
  return cluster;
}

test.each([
  ["lists it too", true, ""],
  ["lists it too", true, " --keep-data"],
  ["lists nothing", false, ""],
  ["lists nothing", false, " --keep-data"],
])(
  "a table that the target's VSchema lists is still the source's by its bare name, where the source %s",
  async (...given) => {
    const [, sourceLists, flags] = given;
    const cluster = intoSharded(sourceLists);
    const { write } = operatorAt(cluster);
    const said = await write(`cancel moved.c2 --yes${flags}`);
    expect(said.code, said.err + said.out).toBe(0);
    const rules = cluster.topology.routingRules().get()?.rules ?? [];
    expect(rules.map(({ fromTable }) => fromTable).sort()).toEqual(BARE);
    expect(rules.flatMap(({ toTables }) => toTables)).toEqual(BARE.map(() => "customer.customer"));
    const words = said.err.replaceAll(/\s+/g, " ");
    expect(words).toMatch(
      /the VSchema of moved goes on to list customer, so the routing rules customer, .* stay/,
    );
    const copy = /moved\.customer led to customer until now, and leads to the kept copy then/;
    if (flags === "") expect(words).not.toMatch(copy);
    else expect(words).toMatch(copy);
  },
);

test("a table that no VSchema lists in the target keeps none of the rules", async () => {
  const cluster = moving.build();
  const said = await operatorAt(cluster).write("cancel moved.c2 --yes");
  expect(said.code, said.err + said.out).toBe(0);
  expect(cluster.topology.routingRules().get()?.rules ?? []).toEqual([]);
});
