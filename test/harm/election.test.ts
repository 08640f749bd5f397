import { expect, test } from "vitest";
import { operatorAt } from "../cli/harness.js";
import { moving } from "../crash/scene.js";

const SERVER = "etcd-global:2379";

/** A cancel during which the global etcd answers nobody, from the end of a step on. */
async function cancelled(step: string, silentMs: number) {
  const cluster = moving.build();
  let armed = true;
  const said = await operatorAt(cluster).write("cancel moved.c2 --yes", {
    onNote: (line) => {
      if (!armed || !line.includes(step)) return;
      armed = false;
      cluster.faults.serverDown(SERVER);
      cluster.clock.at(cluster.clock.now() + silentMs, () => cluster.faults.serverUp(SERVER));
    },
  });
  expect(armed).toBe(false);
  return said;
}

test.each(["stream.stop", "stream.verify-stopped", "table.hold", "record.write"])(
  "an etcd that elects a leader for 3 s, from %s on, stops no run",
  async (step) => {
    expect(await cancelled(step, 3_000)).toMatchObject({ code: 0 });
  },
);

test("one that is silent for longer stops it, to be resumed", async () => {
  const said = await cancelled("stream.verify-stopped", 20_000);
  expect([said.code, said.err]).toEqual([5, expect.stringContaining("did not answer")]);
});
