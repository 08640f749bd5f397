import { join } from "node:path";
import { expect, test } from "vitest";
import { reshardingLab } from "../../src/sim/lab.js";
import { interrupt, switchReads, switchWrites } from "../../src/sim/native.js";
import { loadRecording } from "../../src/sim/recording.js";
import { shapeOf } from "./shape.js";
const R = join(import.meta.dirname, "../../fixtures/recordings");
const c2 = { keyspace: "customer", workflow: "c2" } as const;
test("x", async () => {
  for (const name of ["interrupted-switch-preflight-v24", "interrupted-cutover-catchup-v24","interrupted-cutover-before-journal-v24","interrupted-cutover-after-journal-v24","interrupted-cutover-no-side-serving-v24","switched-stale-locks-v24"]) {
    const real = await shapeOf(loadRecording(join(R, name)));
    let best: [number, string, string] = [1e9, "", ""];
    for (let n = 0; n < 20; n++) {
      const c = reshardingLab({ version: "24.0.4", rows: 5 });
      c.run(switchReads(c, c2));
      const it = interrupt(switchWrites(c, c2), n);
      if (name.includes("catchup")) c.clock.advance(121_000); 
      let msg = "";
      try { expect(await shapeOf(c)).toEqual(real); console.log(name, "==", n, it.effects.at(-1)); msg = ""; } catch (e) { msg = String((e as any).diff ?? e); try { expect(await shapeOf(c)).toEqual(real) } catch (e2: any) { const { diff } = await import("@vitest/utils/diff"); msg = diff(e2.expected, e2.actual, { expand: false }) ?? ""; } }
      if (msg.length < best[0]) best = [msg.length, `${n} ${it.effects.at(-1)}`, msg];
    }
    console.log(name, best[1], "\n", best[2].slice(0, 3000));
  }
});
