import { createServer } from "node:http";
import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/cli/clock.js";
import { type EtcdServer, freePort, describeWithEtcd as onEtcd, startEtcd } from "../topology/etcd-server.js";
import { vtdoctor } from "./harness.js";

/** One sentence on stderr with all of `parts`, and the same one in the JSON document. */
async function refused(server: string, code: number, parts: readonly string[], more: readonly string[] = []) {
  const argv = ["scan", "--topo-global-server-address", server, "--timeout", "2s", ...more];
  const said = await vtdoctor(argv, { clock: systemClock });
  expect([said.code, said.out]).toEqual([code, ""]);
  expect(said.err).toMatch(/^vtdoctor: .*\n$/);
  for (const part of parts) expect(said.err).toContain(part);
  const json = await vtdoctor([...argv, "--format", "json"], { clock: systemClock });
  expect(JSON.parse(json.out).exit.code).toBe(code);
}

describe("a topology that can not be read", () => {
  it("nothing listens there", async () => {
    const server = `127.0.0.1:${await freePort()}`;
    await refused(server, 3, [server, "no answer from the global etcd", "Check the address"]);
  });

  it("something else listens there", async () => {
    const web = createServer((_, reply) => reply.end("hello"));
    const port = await freePort();
    await new Promise<void>((done) => web.listen(port, "127.0.0.1", done));
    await refused(`127.0.0.1:${port}`, 3, ["is not an etcd server", "2379"]);
    web.close();
  });
});

onEtcd("an etcd", () => {
  let etcd: EtcdServer;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  it("without a topology, then with one under another root", async () => {
    await refused(etcd.address, 2, [
      "--topo-global-root /vitess/global",
      "no Vitess topology on that server",
    ]);
    const client = new Etcd3({ hosts: etcd.address });
    await client.put("/vt/main/keyspaces/customer/Keyspace").value(Buffer.of()).exec();
    client.close();
    await refused(etcd.address, 2, [
      "--topo-global-root /vitess/global",
      "Roots that exist there: /vt/main.",
    ]);
    const root = ["--topo-global-root", "/vt/main"];
    await refused(
      etcd.address,
      2,
      ["--keyspace custmer", 'Did you mean "customer"'],
      [...root, "--keyspace", "custmer"],
    );
  });
});
