import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { running } from "../crash/scene.js";
import { operatorAt } from "./harness.js";
import { stories } from "./stories.js";

it.each(["resume", "undo"])("a run that was given up is told until %s has dealt with it", async (command) => {
  const cluster = running.build();
  const abort = new AbortController();
  const onNote = (note: string) => {
    if (/table\.hold/.test(note)) abort.abort();
  };
  const { folder, write } = operatorAt(cluster);
  const said = await write("cancel customer.c2 --yes", { signal: abort.signal, onNote });
  expect(said.code, said.err).toBe(5);
  const [run = ""] = readdirSync(join(folder, "runs"));
  const told = `warning confirmed run-half-done@${run}/customer`;
  expect(await stories(cluster)).toContain(told);
  const ended = await write(`${command} ${run} --yes`);
  expect(ended.code, ended.err + ended.out).toBe(0);
  expect((await stories(cluster)).filter((story) => story.includes("run-half-done"))).toEqual([]);
});
