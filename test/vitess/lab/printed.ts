import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import type { Finding } from "../../../src/findings/finding.js";
import { RUN_BY } from "../../printed/claims.js";
import { filledIn, printedIn, shapeOf, unwrapped } from "../../printed/commands.js";
import type { Doctor } from "./doctor.js";
import { type Ran, ran, until } from "./lab.js";

/** What was printed and run here, as `where: shape`. */
const runHere = new Set<string>();
const textsRun = new Set<string>();

/** The last test of a file: each command that test/printed/claims.ts says this file runs was taken out of what was said, and run. */
export function ranAllOf(file: keyof typeof RUN_BY): void {
  it("what is printed: all of it that is claimed here was run", () => {
    expect(RUN_BY[file].filter((one) => !runHere.has(one))).toEqual([]);
  });
}

export interface Filling {
  /** Placeholder as it is printed (`<alias>`) -> value. */
  readonly values?: Readonly<Record<string, string>>;
  /** What a person adds, such as `--yes` where vtdoctor would ask, or the argument that a sentence leaves to him. */
  readonly more?: string;
  readonly code?: number;
}

/**
 * Takes the command that begins so out of what was really printed, fills what it left to the reader, and runs it in a shell, with the
 * programs of this lab: it has to succeed. `where`: the rule, or the source, that printed it.
 */
export async function runPrinted(
  doctor: Doctor,
  where: string,
  said: string | Ran,
  begins: string,
  { values = {}, more = "", code = 0 }: Filling = {},
): Promise<Ran> {
  const printed = printedIn(textSaid(said), begins);
  const filled = filledIn(printed.text, values);
  const done = await typed(doctor, `${filled} ${more}`);
  expect(done.code, `${filled} ${more}\n${done.stdout}${done.stderr}`).toBe(code);
  runHere.add(`${where}: ${shapeOf(printed.text)}`);
  for (const text of [printed.text, filled]) textsRun.add(text);
  return done;
}

const textSaid = (said: string | Ran): string =>
  typeof said === "string" ? said : unwrapped(`${said.stdout}\n${said.stderr}`);

/** A line in the shell of an operator of this lab. */
const typed = (doctor: Doctor, line: string): Promise<Ran> =>
  ran("bash", ["-c", line], 300_000, { PATH: programs(doctor) }, shell(doctor));

/** What is printed in another place too: the same, to the letter, was run. */
export function alsoPrinted(where: string, said: string | Ran, begins: string): void {
  const printed = printedIn(textSaid(said), begins);
  expect([...textsRun], `${where} prints a command that was not run`).toContain(printed.text);
  runHere.add(`${where}: ${shapeOf(printed.text)}`);
}

/** The command that a finding names as the next one. */
export const runNext = (doctor: Doctor, said: Finding | undefined, filling?: Filling): Promise<Ran> =>
  runAdvised(doctor, said, said?.repair.command ?? "", filling);

/** The same for what a finding says. */
export const runAdvised = (
  doctor: Doctor,
  said: Finding | undefined,
  begins: string,
  filling?: Filling,
): Promise<Ran> => {
  if (said === undefined) throw new Error(`no finding that advises '${begins}'`);
  return runPrinted(doctor, said.rule, textOf(said), begins, filling);
};

export const textOf = ({ repair }: Finding): string => [repair.command, ...repair.steps].join("\n");

/** The finding, or the first one of the rule, as soon as a scan has it, suspected or not. */
export async function finding(doctor: Doctor, id: string): Promise<Finding> {
  let found: Finding | undefined;
  let all: readonly string[] = [];
  await until(`a scan to find ${id}`, 60_000, async () => {
    const { findings } = await doctor.scan("--settle", "0");
    all = findings.map((one) => `${one.id} ${one.state}`);
    found = findings.find((one) => one.id === id || one.rule === id);
    return found !== undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; there is: ${all.join(", ")}`);
  });
  if (found === undefined) throw new Error(`${id} was not found`);
  return found;
}

export async function gone(doctor: Doctor, id: string): Promise<void> {
  await until(`${id} to be gone`, 60_000, async () =>
    (await doctor.scan("--settle", "0")).findings.every((one) => one.id !== id && one.rule !== id),
  );
}

/** Runs what a finding prints and waits until the finding is gone. */
export async function curedBy(
  doctor: Doctor,
  id: string,
  ...commands: readonly (readonly [begins: string, filling?: Filling])[]
): Promise<void> {
  const said = await finding(doctor, id);
  for (const [begins, filling] of commands) await runAdvised(doctor, said, begins, filling);
  await gone(doctor, id);
}

/** Where the printed commands run: `rules.json` and the like are written here. */
export function shell(doctor: Doctor): string {
  const dir = join(doctor.lab.dir, "shell");
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** PATH with vtctldclient, etcdctl and vtdoctor, which know this lab as an operator's shell knows the cluster. */
function programs(doctor: Doctor): string {
  const dir = join(doctor.lab.dir, "programs");
  mkdirSync(dir, { recursive: true });
  const node = `${process.execPath} ${resolve("bin/vtdoctor.js")}`;
  const scripts = {
    vtctldclient: `exec ${doctor.lab.vtctldclient.join(" ")} "$@"`,
    etcdctl: `ETCDCTL_API=3 exec /usr/bin/env -S PATH=${process.env.PATH} etcdctl --endpoints ${doctor.lab.server} "$@"`,
    vtdoctor: [
      `export XDG_STATE_HOME=${join(doctor.lab.dir, "state")}`,
      'case "$*" in',
      `rules*|"query --snapshot"*) exec ${node} "$@";;`,
      `runs*) exec ${node} "$@" --run-dir ${doctor.runDir};;`,
      `scan*|query*|explain*|*--run-dir*) exec ${node} "$@" ${doctor.connection.join(" ")};;`,
      `*) exec ${node} "$@" ${doctor.connection.join(" ")} --run-dir ${doctor.runDir};;`,
      "esac",
    ].join("\n"),
  };
  for (const [name, text] of Object.entries(scripts)) {
    const path = join(dir, name);
    writeFileSync(path, `#!/bin/bash\n${text}\n`);
    chmodSync(path, 0o755);
  }
  return `${dir}:${process.env.PATH}`;
}
